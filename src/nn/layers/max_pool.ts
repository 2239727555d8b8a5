// The max-pooling layers.

import * as ops from '../../ops/pool.ts';
import type { Layer } from '../layer.ts';
import { poolLayer, type PoolLayerOptions1d, type PoolLayerOptions2d, type PoolLayerOptions3d } from './pool.ts';

/**
 * The largest value of each window: [N,L,C] -> [N,OL,C]. `poolSize` 2 unless given (Keras); `strides` as `poolSize`;
 * `padding` 'valid'; `dilationRate` 1; `ceilMode` false. Of equal values the first gets the gradient (PyTorch).
 */
export function maxPool1d(options: PoolLayerOptions1d = {}): Layer {
  return poolLayer('maxPool', 1, options, ops.maxPool1d);
}

/** As `maxPool1d`: [N,H,W,C] -> [N,OH,OW,C]. */
export function maxPool2d(options: PoolLayerOptions2d = {}): Layer {
  return poolLayer('maxPool', 2, options, ops.maxPool2d);
}

/** As `maxPool1d`: [N,D,H,W,C] -> [N,OD,OH,OW,C]. */
export function maxPool3d(options: PoolLayerOptions3d = {}): Layer {
  return poolLayer('maxPool', 3, options, ops.maxPool3d);
}
