// The layers that pool an image of any size into one of a given size.

import * as ops from '../../ops/pool.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { type NumberOrPair, type NumberOrTriple, perAxis } from '../../ops/window.ts';
import type { Layer, LayerOptions } from '../layer.ts';
import { plainPoolLayer } from './pool.ts';

export type AdaptivePoolLayerOptions<Size> = LayerOptions & ops.AdaptivePoolOptions<Size>;

function adaptiveLayer<Size extends number | readonly number[]>(
  name: string,
  rank: number,
  pool: (x: Tensor, options: ops.AdaptivePoolOptions<number[]>) => Tensor,
) {
  const where = `${name}${rank}d`;
  return (options: AdaptivePoolLayerOptions<Size>): Layer => {
    const outputSize = perAxis(where, 'outputSize', options.outputSize, rank, 1);
    return plainPoolLayer(where, rank, options, { outputSize }, (shape) => [...outputSize, shape.at(-1)!], pool);
  };
}

// [N, …, C] -> [N, …outputSize, C]; `outputSize` is required. Output o of an axis covers the positions from
// ⌊o·length/output⌋ up to ⌈(o + 1)·length/output⌉ (PyTorch).

/** The mean of each part of [N,L,C]. */
export const adaptiveAveragePool1d = /* @__PURE__ */ adaptiveLayer<number | readonly [number]>(
  'adaptiveAveragePool',
  1,
  ops.adaptiveAveragePool1d,
);
/** The mean of each part of [N,H,W,C]. */
export const adaptiveAveragePool2d = /* @__PURE__ */ adaptiveLayer<NumberOrPair>(
  'adaptiveAveragePool',
  2,
  ops.adaptiveAveragePool2d,
);
/** The mean of each part of [N,D,H,W,C]. */
export const adaptiveAveragePool3d = /* @__PURE__ */ adaptiveLayer<NumberOrTriple>(
  'adaptiveAveragePool',
  3,
  ops.adaptiveAveragePool3d,
);
/** The largest number of each part of [N,L,C]; of equal ones the first gets the gradient. */
export const adaptiveMaxPool1d = /* @__PURE__ */ adaptiveLayer<number | readonly [number]>(
  'adaptiveMaxPool',
  1,
  ops.adaptiveMaxPool1d,
);
/** As `adaptiveMaxPool1d` for [N,H,W,C]. */
export const adaptiveMaxPool2d = /* @__PURE__ */ adaptiveLayer<NumberOrPair>(
  'adaptiveMaxPool',
  2,
  ops.adaptiveMaxPool2d,
);
/** As `adaptiveMaxPool1d` for [N,D,H,W,C]. */
export const adaptiveMaxPool3d = /* @__PURE__ */ adaptiveLayer<NumberOrTriple>(
  'adaptiveMaxPool',
  3,
  ops.adaptiveMaxPool3d,
);
