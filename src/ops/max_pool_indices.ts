// The largest value of each window and where it stands, and the way back: values put where indices say.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { equal, format } from '../core/shape.ts';
import type { Fill, Op, Sample } from '../graph/op.ts';
import { apply, applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { full } from './full.ts';
import { type AdaptivePoolOptions, type PoolOptions1d, type PoolOptions2d, type PoolOptions3d } from './pool.ts';
import { maxPool3dGradOp, type Pool3dAttrs, pool3dCases, pool3dCost } from './pool_3d.ts';
import { maxIndicesPlan } from './pool_3d_kernels.ts';
import { checkRegions, eachRegionElement, pooledVolume, type Regions } from './pool_regions.ts';
import { poolOptionNames, poolWindow } from './pool_window.ts';
import { reshape } from './reshape.ts';
import { scatterElements } from './scatter.ts';
import {
  checkImageRank,
  explicitPaddings,
  type NumberOrPair,
  type NumberOrTriple,
  type Padding,
  type Padding1d,
  type Padding2d,
  type Padding3d,
  perAxis,
  type Triple,
  volumeOf,
  type VolumeShape,
  windowVolume,
} from './window.ts';

/** x [N,D,H,W,C] -> y as of `max_pool_3d`, and i32 of its shape: (d·H + h)·W + w of the element that y is. */
export const maxPool3dIndicesOp: Op<Pool3dAttrs> = {
  name: 'max_pool_3d_indices',
  infer([x], { regions }) {
    const shape = pooledVolume(checkRegions('maxPoolWithIndices', x!, regions), regions);
    return [
      { shape, dtype: 'f32' },
      { shape, dtype: 'i32' },
    ];
  },
  cpu([x], [y, places], { inputs, attrs }) {
    const volume = inputs[0]!.shape as VolumeShape;
    const [, D, H, W, C] = volume;
    const winner = new Int32Array(y!.length).fill(-1);
    eachRegionElement(volume, attrs.regions, (to, at) => {
      if (winner[to]! < 0 || x![at]! > x![winner[to]!]! || Number.isNaN(x![at]!)) winner[to] = at;
    });
    winner.forEach((at, o) => {
      y![o] = x![at]!;
      places![o] = Math.floor(at / C) % (D * H * W);
    });
  },
  kernels: {
    naive: { plan: ({ inputs, attrs }) => maxIndicesPlan(inputs[0]!.shape as VolumeShape, attrs.regions) },
  },
  grad: ({ dy, x, attrs }) => [dy[0] ? applyOne(maxPool3dGradOp, [dy[0], x[0]!], attrs) : null],
  cost: (call) => pool3dCost(call.inputs[0]!.shape as VolumeShape, call),
  accuracy: { kind: 'exact' },
  samples: pool3dCases.flatMap(([shape, regions]) =>
    (['distinct', 'ties'] as const).map((fill: Fill): Sample<Pool3dAttrs> => {
      const sample = { inputs: [{ shape, fill }], attrs: { regions } };
      return fill === 'ties' ? { ...sample, kink: true } : sample;
    }),
  ),
};

export interface WithIndices {
  /** The largest of each window. */
  readonly values: Tensor;
  /** Where each stands: i32 of values' shape. */
  readonly indices: Tensor;
}

function indexed(x: Tensor, regions: Regions, output: readonly number[]): WithIndices {
  const shape = [x.shape[0]!, ...output, x.shape.at(-1)!];
  const [values, indices] = apply(maxPool3dIndicesOp, [reshape(x, volumeOf(x.shape))], { regions });
  return { values: reshape(values!, shape), indices: reshape(indices!, shape) };
}

function byWindows(rank: number, x: Tensor, options: PoolOptions1d | PoolOptions2d | PoolOptions3d): WithIndices {
  const where = `maxPool${rank}dWithIndices`;
  checkOptions(where, options, poolOptionNames);
  checkImageRank(where, 'x', x.shape, rank);
  const window = poolWindow(where, x.shape.slice(1, -1), options);
  return indexed(x, { window: windowVolume(window) }, window.output);
}

function byParts(rank: number, x: Tensor, options: AdaptivePoolOptions<number | readonly number[]>): WithIndices {
  const where = `adaptiveMaxPool${rank}dWithIndices`;
  checkOptions(where, options, ['outputSize']);
  checkImageRank(where, 'x', x.shape, rank);
  const output = perAxis(where, 'outputSize', options.outputSize, rank, 1);
  const [, ...parts] = volumeOf([1, ...output, 1]);
  return indexed(x, { adaptive: true, output: parts.slice(0, 3) as unknown as Triple }, output);
}

// These take what `maxPool1d` to `maxPool3d` and `adaptiveMaxPool1d` to `adaptiveMaxPool3d` take and throw what they throw.
// `values` is what those give, gradient and ties included. An index is the element's place in its own image and channel,
// counted row by row over the image without its padding: l of [L], h·W + w of [H,W], (d·H + h)·W + w of [D,H,W], whatever
// N and C (PyTorch's `return_indices`).

/** `maxPool1d`, and where each maximum stands. */
export const maxPool1dWithIndices = (x: Tensor, options: PoolOptions1d) => byWindows(1, x, options);
/** `maxPool1dWithIndices` for images. */
export const maxPool2dWithIndices = (x: Tensor, options: PoolOptions2d) => byWindows(2, x, options);
/** `maxPool1dWithIndices` for volumes. */
export const maxPool3dWithIndices = (x: Tensor, options: PoolOptions3d) => byWindows(3, x, options);
/** `adaptiveMaxPool1d`, and where each maximum stands. */
export const adaptiveMaxPool1dWithIndices = (x: Tensor, options: AdaptivePoolOptions<number | readonly [number]>) =>
  byParts(1, x, options);
/** `adaptiveMaxPool1dWithIndices` for images. */
export const adaptiveMaxPool2dWithIndices = (x: Tensor, options: AdaptivePoolOptions<NumberOrPair>) =>
  byParts(2, x, options);
/** `adaptiveMaxPool1dWithIndices` for volumes. */
export const adaptiveMaxPool3dWithIndices = (x: Tensor, options: AdaptivePoolOptions<NumberOrTriple>) =>
  byParts(3, x, options);

/** Either `outputSize`, or the pooling that is undone. */
export interface MaxUnpoolOptions<Size, Padding> {
  /** The spatial lengths of the result. */
  readonly outputSize?: Size;
  /** Of the pooling: the result is then (length − 1)·stride − padding + poolSize long, the least that it may have had. */
  readonly poolSize?: Size;
  /** With `poolSize`, which they are unless given. */
  readonly strides?: Size;
  /** With `poolSize`: a number or pairs, 0 unless given. */
  readonly padding?: Padding;
}

function unpool(
  rank: number,
  x: Tensor,
  indices: Tensor,
  options: MaxUnpoolOptions<number | readonly number[], Padding>,
): Tensor {
  const where = `maxUnpool${rank}d`;
  checkOptions(where, options, ['outputSize', 'poolSize', 'strides', 'padding']);
  checkImageRank(where, 'x', x.shape, rank);
  expectDType(where, 'x', x, 'f32');
  expectDType(where, 'indices', indices, 'i32');
  if (!equal(x.shape, indices.shape)) {
    throw new ShapeError(`${where}: x is ${format(x.shape)}, indices ${format(indices.shape)}, expected one shape`);
  }
  const [n, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const lengths = x.shape.slice(1, -1);
  const size = unpooledSize(where, lengths, options);
  const flat = (lengths_: readonly number[]) => [n, lengths_.reduce((a, b) => a * b), channels];
  const zeros = full(flat(size), 0);
  const y = scatterElements(zeros, reshape(indices, flat(lengths)), reshape(x, flat(lengths)), { axis: 1 });
  return reshape(y, [n, ...size, channels]);
}

function unpooledSize(
  where: string,
  lengths: readonly number[],
  { outputSize, poolSize, strides, padding }: MaxUnpoolOptions<number | readonly number[], Padding>,
): number[] {
  const rank = lengths.length;
  if ((outputSize === undefined) === (poolSize === undefined)) {
    throw new OptionError(`${where}: expected either outputSize or poolSize`);
  }
  if (outputSize !== undefined) {
    if (strides === undefined && padding === undefined) return perAxis(where, 'outputSize', outputSize, rank, 1);
    throw new OptionError(`${where}: strides and padding go with poolSize, got outputSize`);
  }
  const kernel = perAxis(where, 'poolSize', poolSize!, rank, 1);
  const steps = perAxis(where, 'strides', strides ?? poolSize!, rank, 1);
  const sides = explicitPaddings(where, padding ?? 0, rank);
  return lengths.map((length, i) => {
    const size = (length - 1) * steps[i]! - sides[i]![0] - sides[i]![1] + kernel[i]!;
    if (size >= 1) return size;
    throw new ShapeError(
      `${where}: dimension ${i + 1} would be ${size} long, expected at least 1 of (${length} - 1) * ${steps[i]} - ${sides[i]![0]} - ${sides[i]![1]} + ${kernel[i]}`,
    );
  });
}

// x f32 [N, …, C] and indices i32 of its shape, as `maxPool1dWithIndices` gives them -> f32 [N, …outputSize, C]. Several
// values for one place, which overlapping windows give: the last in row-major order (all are equal after a pooling).
// Indices outside as in `gather`. ShapeError: shapes and dtypes, or a result without elements. OptionError: neither or
// both of `outputSize` and `poolSize`, numbers out of range, unknown options.

/** Zeros, and x[n, o, c] where indices[n, o, c] says: the partial inverse of max pooling. */
export const maxUnpool1d = (
  x: Tensor,
  indices: Tensor,
  options: MaxUnpoolOptions<number | readonly [number], Exclude<Padding1d, string>>,
) => unpool(1, x, indices, options);
/** `maxUnpool1d` for images. */
export const maxUnpool2d = (
  x: Tensor,
  indices: Tensor,
  options: MaxUnpoolOptions<NumberOrPair, Exclude<Padding2d, string>>,
) => unpool(2, x, indices, options);
/** `maxUnpool1d` for volumes. */
export const maxUnpool3d = (
  x: Tensor,
  indices: Tensor,
  options: MaxUnpoolOptions<NumberOrTriple, Exclude<Padding3d, string>>,
) => unpool(3, x, indices, options);
