// The average- and sum-pooling layers.

import * as ops from '../../ops/pool.ts';
import type { Layer } from '../layer.ts';
import { poolLayer, type PoolLayerOptions1d, type PoolLayerOptions2d, type PoolLayerOptions3d } from './pool.ts';

/**
 * The mean of each window: [N,L,C] -> [N,OL,C]. `poolSize` 2 unless given (Keras); `strides` as `poolSize`; `padding`
 * 'valid'; `dilationRate` 1; `ceilMode` false. Padding counts as zeros with `countIncludePad`, which is false unless
 * given (Keras).
 */
export function averagePool1d(options: PoolLayerOptions1d & ops.CountOption = {}): Layer {
  return poolLayer('averagePool', 1, options, ops.averagePool1d, { countIncludePad: options.countIncludePad });
}

/** As `averagePool1d`: [N,H,W,C] -> [N,OH,OW,C]. */
export function averagePool2d(options: PoolLayerOptions2d & ops.CountOption = {}): Layer {
  return poolLayer('averagePool', 2, options, ops.averagePool2d, { countIncludePad: options.countIncludePad });
}

/** As `averagePool1d`: [N,D,H,W,C] -> [N,OD,OH,OW,C]. */
export function averagePool3d(options: PoolLayerOptions3d & ops.CountOption = {}): Layer {
  return poolLayer('averagePool', 3, options, ops.averagePool3d, { countIncludePad: options.countIncludePad });
}

/** The sum of each window: [N,L,C] -> [N,OL,C]. Defaults as `averagePool1d`. */
export function sumPool1d(options: PoolLayerOptions1d = {}): Layer {
  return poolLayer('sumPool', 1, options, ops.sumPool1d);
}

/** As `sumPool1d`: [N,H,W,C] -> [N,OH,OW,C]. */
export function sumPool2d(options: PoolLayerOptions2d = {}): Layer {
  return poolLayer('sumPool', 2, options, ops.sumPool2d);
}

/** As `sumPool1d`: [N,D,H,W,C] -> [N,OD,OH,OW,C]. */
export function sumPool3d(options: PoolLayerOptions3d = {}): Layer {
  return poolLayer('sumPool', 3, options, ops.sumPool3d);
}
