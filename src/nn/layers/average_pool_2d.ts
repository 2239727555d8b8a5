// The average-pooling layer.

import { averagePool2d as pool } from '../../ops/average_pool_2d.ts';
import type { Layer } from '../layer.ts';
import { poolLayer, type PoolLayerOptions } from './pool.ts';

/**
 * The mean of each window: [N,H,W,C] -> [N,OH,OW,C]. `poolSize` 2 unless given (Keras); `strides` as `poolSize`;
 * `padding` 'valid'. Padding is not counted in the mean (Keras).
 */
export function averagePool2d(options: PoolLayerOptions = {}): Layer {
  return poolLayer('averagePool2d', 'AveragePool2d', options, pool);
}
