// The layers that pool by a p-norm.

import * as ops from '../../ops/pool.ts';
import type { Layer } from '../layer.ts';
import { poolLayer, type PoolLayerOptions1d, type PoolLayerOptions2d, type PoolLayerOptions3d } from './pool.ts';

type Checked = PoolLayerOptions1d | PoolLayerOptions2d | PoolLayerOptions3d;

function exponent(where: string, options: Checked & ops.ExponentOption): { p: number } {
  ops.checkExponent(where, options.p);
  return { p: options.p };
}

/**
 * (Σ |x|ᵖ)^(1/p) of each window: [N,L,C] -> [N,OL,C]. `p` is required, at least 1; the other defaults are those of
 * `maxPool1d`. Where a window is all zeros its gradient is zero (PyTorch).
 */
export function lpPool1d(options: PoolLayerOptions1d & ops.ExponentOption): Layer {
  return poolLayer('lpPool', 1, options, ops.lpPool1d, exponent('lpPool1d', options));
}

/** As `lpPool1d`: [N,H,W,C] -> [N,OH,OW,C]. */
export function lpPool2d(options: PoolLayerOptions2d & ops.ExponentOption): Layer {
  return poolLayer('lpPool', 2, options, ops.lpPool2d, exponent('lpPool2d', options));
}

/** As `lpPool1d`: [N,D,H,W,C] -> [N,OD,OH,OW,C]. */
export function lpPool3d(options: PoolLayerOptions3d & ops.ExponentOption): Layer {
  return poolLayer('lpPool', 3, options, ops.lpPool3d, exponent('lpPool3d', options));
}

/** √Σ x² of each window: `lpPool1d` with p = 2. */
export function l2Pool1d(options: PoolLayerOptions1d = {}): Layer {
  return poolLayer('l2Pool', 1, options, ops.l2Pool1d);
}

/** As `l2Pool1d`: [N,H,W,C] -> [N,OH,OW,C]. */
export function l2Pool2d(options: PoolLayerOptions2d = {}): Layer {
  return poolLayer('l2Pool', 2, options, ops.l2Pool2d);
}

/** As `l2Pool1d`: [N,D,H,W,C] -> [N,OD,OH,OW,C]. */
export function l2Pool3d(options: PoolLayerOptions3d = {}): Layer {
  return poolLayer('l2Pool', 3, options, ops.l2Pool3d);
}
