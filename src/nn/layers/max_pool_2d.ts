// The max-pooling layer.

import { maxPool2d as pool } from '../../ops/max_pool_2d.ts';
import type { Layer } from '../layer.ts';
import { poolLayer, type PoolLayerOptions } from './pool.ts';

/**
 * The largest value of each window: [N,H,W,C] -> [N,OH,OW,C]. `poolSize` 2 unless given (Keras); `strides` as
 * `poolSize`; `padding` 'valid'. Of equal values the first gets the gradient (PyTorch).
 */
export function maxPool2d(options: PoolLayerOptions = {}): Layer {
  return poolLayer('maxPool2d', 'MaxPool2d', options, pool);
}
