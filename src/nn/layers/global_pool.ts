// The layers that pool whole images.

import type { Tensor } from '../../graph/tensor.ts';
import { div, maximum, mul } from '../../ops/binary.ts';
import * as ops from '../../ops/pool.ts';
import { sum } from '../../ops/reduce.ts';
import { reshape } from '../../ops/reshape.ts';
import type { Layer, LayerOptions } from '../layer.ts';
import { plainPoolLayer } from './pool.ts';

export type GlobalPoolLayerOptions = LayerOptions & ops.GlobalPoolOptions;

function globalLayer(
  name: string,
  rank: number,
  pool: (x: Tensor, options: ops.GlobalPoolOptions) => Tensor,
  masked?: (x: Tensor, mask: Tensor, keepDims: boolean) => Tensor,
) {
  return (options: GlobalPoolLayerOptions = {}): Layer => {
    const { keepDims = false } = options;
    return plainPoolLayer(
      `${name}${rank}d`,
      rank,
      options,
      { keepDims },
      (shape) => [...(keepDims ? shape.slice(0, -1).map(() => 1) : []), shape.at(-1)!],
      pool,
      masked && ((x, mask) => masked(x, mask, keepDims)),
    );
  };
}

// [N, …, C] -> [N, C], or [N, 1 …, C] with `keepDims`, which is false unless given (Keras).

/** The largest number of each channel: [N,L,C] -> [N,C]. Of equal ones the first gets the gradient. */
export const globalMaxPool1d = /* @__PURE__ */ globalLayer('globalMaxPool', 1, ops.globalMaxPool1d);
/** As `globalMaxPool1d` for [N,H,W,C]. */
export const globalMaxPool2d = /* @__PURE__ */ globalLayer('globalMaxPool', 2, ops.globalMaxPool2d);
/** As `globalMaxPool1d` for [N,D,H,W,C]. */
export const globalMaxPool3d = /* @__PURE__ */ globalLayer('globalMaxPool', 3, ops.globalMaxPool3d);
/** The mean of the steps that are there. */
function meanOfSteps(x: Tensor, mask: Tensor, keepDims: boolean): Tensor {
  const [n, length] = mask.shape as [number, number];
  const total = sum(mul(x, reshape(mask, [n, length, 1])), { axes: 1, keepDims: true });
  const mean = div(total, maximum(sum(reshape(mask, [n, length, 1]), { axes: 1, keepDims: true }), 1));
  return keepDims ? mean : reshape(mean, [n, x.shape[2]!]);
}

/**
 * The mean of each channel: [N,L,C] -> [N,C]. Where an embedding's `maskZero` says that steps are padding, the mean of the
 * others (Keras); zeros for an example that is all padding.
 */
export const globalAveragePool1d = /* @__PURE__ */ globalLayer(
  'globalAveragePool',
  1,
  ops.globalAveragePool1d,
  meanOfSteps,
);
/** As `globalAveragePool1d` for [N,H,W,C]. */
export const globalAveragePool2d = /* @__PURE__ */ globalLayer('globalAveragePool', 2, ops.globalAveragePool2d);
/** As `globalAveragePool1d` for [N,D,H,W,C]. */
export const globalAveragePool3d = /* @__PURE__ */ globalLayer('globalAveragePool', 3, ops.globalAveragePool3d);
/** The sum of each channel: [N,L,C] -> [N,C]. */
export const globalSumPool1d = /* @__PURE__ */ globalLayer('globalSumPool', 1, ops.globalSumPool1d);
/** As `globalSumPool1d` for [N,H,W,C]. */
export const globalSumPool2d = /* @__PURE__ */ globalLayer('globalSumPool', 2, ops.globalSumPool2d);
/** As `globalSumPool1d` for [N,D,H,W,C]. */
export const globalSumPool3d = /* @__PURE__ */ globalLayer('globalSumPool', 3, ops.globalSumPool3d);
