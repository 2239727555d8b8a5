// Pooling for users: maxima, means, sums and p-norms of windows, of parts, and of whole images, of one to three axes.

import { checkOptions, OptionError } from '../core/errors.ts';
import { applyOne, type Tensor } from '../graph/tensor.ts';
import { averagePool2dOp } from './average_pool_2d.ts';
import { lpPool3dOp } from './lp_pool_3d.ts';
import { maxPool2dOp } from './max_pool_2d.ts';
import { averagePool3dOp, maxPool3dOp } from './pool_3d.ts';
import type { PoolCount } from './pool_3d_kernels.ts';
import type { Regions } from './pool_regions.ts';
import { type AnyPoolOptions, poolOptionNames, type PoolOptions, poolWindow } from './pool_window.ts';
import { max, mean, sum } from './reduce.ts';
import { reshape } from './reshape.ts';
import {
  checkImageRank,
  perAxis,
  volumeOf,
  type NumberOrPair,
  type NumberOrTriple,
  type Padding1d,
  type Padding2d,
  type Padding3d,
  type Triple,
  type Window2d,
  type WindowNd,
  windowVolume,
} from './window.ts';

export type PoolOptions1d = PoolOptions<number | readonly [number], Padding1d>;
export type PoolOptions2d = PoolOptions<NumberOrPair, Padding2d>;
export type PoolOptions3d = PoolOptions<NumberOrTriple, Padding3d>;

export interface CountOption {
  /** Whether zeros of the padding count as elements of a mean; false unless given (Keras; PyTorch's default is true). */
  readonly countIncludePad?: boolean;
}
export interface ExponentOption {
  /** The norm's exponent, at least 1. */
  readonly p: number;
}

/** How a kind of pooling is done on an image by a plain window, and on a volume by any regions. */
interface Ways {
  readonly planar: ((x: Tensor, window: Window2d) => Tensor) | null;
  readonly volume: (x: Tensor, regions: Regions) => Tensor;
}

const maximum: Ways = {
  planar: (x, window) => applyOne(maxPool2dOp, [x], window),
  volume: (x, regions) => applyOne(maxPool3dOp, [x], { regions }),
};
const average = (count: PoolCount): Ways => ({
  planar: (x, window) => applyOne(averagePool2dOp, [x], { window, count }),
  volume: (x, regions) => applyOne(averagePool3dOp, [x], { regions, count }),
});
const norm = (p: number): Ways => ({
  planar: null,
  volume: (x, regions) => applyOne(lpPool3dOp, [x], { regions, p }),
});

const meanOfInside = /* @__PURE__ */ average('inside');

/** [N, …, C] pooled by `window`, by the 2-D kernels where they can. */
function byWindow(x: Tensor, window: WindowNd, ways: Ways): Tensor {
  const shape = [x.shape[0]!, ...window.output, x.shape.at(-1)!];
  const volume = windowVolume(window);
  const planes = window.kernel.length < 3 && window.dilation.every((step) => step === 1);
  if (!planes || ways.planar === null) {
    return reshape(ways.volume(reshape(x, volumeOf(x.shape)), { window: volume }), shape);
  }
  const last = ([, h, w]: Triple) => [h, w] as const;
  const plane: Window2d = {
    ...window,
    kernel: last(volume.kernel),
    strides: last(volume.strides),
    dilation: last(volume.dilation),
    padBefore: last(volume.padBefore),
    padAfter: last(volume.padAfter),
    output: last(volume.output),
  };
  const [N, , H, W, C] = volumeOf(x.shape);
  return reshape(ways.planar(reshape(x, [N, H, W, C]), plane), shape);
}

function pool(where: string, rank: number, x: Tensor, options: AnyPoolOptions, ways: Ways, own: string[] = []): Tensor {
  checkOptions(where, options, [...poolOptionNames, ...own]);
  checkImageRank(where, 'x', x.shape, rank);
  return byWindow(x, poolWindow(where, x.shape.slice(1, -1), options), ways);
}

function averagePool(where: string, rank: number, x: Tensor, options: AnyPoolOptions & CountOption): Tensor {
  const count = options.countIncludePad === true ? 'padded' : 'inside';
  return pool(where, rank, x, options, average(count), ['countIncludePad']);
}

function lpPool(where: string, rank: number, x: Tensor, options: AnyPoolOptions & ExponentOption): Tensor {
  checkExponent(where, options.p);
  return pool(where, rank, x, options, norm(options.p), ['p']);
}

export function checkExponent(where: string, p: number): void {
  if (!(p >= 1) || !Number.isFinite(p)) throw new OptionError(`${where}: p is ${p}, expected a number of at least 1`);
}

// All of these take x f32 [N,L,C], [N,H,W,C] or [N,D,H,W,C] and keep N and C. ShapeError: x is of another rank or dtype,
// the window exceeds the padded image, or padding is so wide that a window would be empty. OptionError: a value out of
// range or an unknown option.

/** The largest of each window. Of equal elements the first, in row-major order, gets the gradient (PyTorch). */
export const maxPool1d = (x: Tensor, options: PoolOptions1d) => pool('maxPool1d', 1, x, options, maximum);
/** `maxPool1d` for images. */
export const maxPool2d = (x: Tensor, options: PoolOptions2d) => pool('maxPool2d', 2, x, options, maximum);
/** `maxPool1d` for volumes. */
export const maxPool3d = (x: Tensor, options: PoolOptions3d) => pool('maxPool3d', 3, x, options, maximum);

/**
 * The mean of each window, over its elements on the image, or with `countIncludePad` over those on the padded image,
 * whose padding is zeros; what `ceilMode` lets hang over the padded edge never counts.
 */
export const averagePool1d = (x: Tensor, options: PoolOptions1d & CountOption) =>
  averagePool('averagePool1d', 1, x, options);
/** `averagePool1d` for images. */
export const averagePool2d = (x: Tensor, options: PoolOptions2d & CountOption) =>
  averagePool('averagePool2d', 2, x, options);
/** `averagePool1d` for volumes. */
export const averagePool3d = (x: Tensor, options: PoolOptions3d & CountOption) =>
  averagePool('averagePool3d', 3, x, options);

/** The sum of each window. */
export const sumPool1d = (x: Tensor, options: PoolOptions1d) => pool('sumPool1d', 1, x, options, average('one'));
/** `sumPool1d` for images. */
export const sumPool2d = (x: Tensor, options: PoolOptions2d) => pool('sumPool2d', 2, x, options, average('one'));
/** `sumPool1d` for volumes. */
export const sumPool3d = (x: Tensor, options: PoolOptions3d) => pool('sumPool3d', 3, x, options, average('one'));

/** (Σ |x|ᵖ)^(1/p) of each window. Where a window is all zeros its gradient is zero (PyTorch). */
export const lpPool1d = (x: Tensor, options: PoolOptions1d & ExponentOption) => lpPool('lpPool1d', 1, x, options);
/** `lpPool1d` for images. */
export const lpPool2d = (x: Tensor, options: PoolOptions2d & ExponentOption) => lpPool('lpPool2d', 2, x, options);
/** `lpPool1d` for volumes. */
export const lpPool3d = (x: Tensor, options: PoolOptions3d & ExponentOption) => lpPool('lpPool3d', 3, x, options);
/** √Σ x² of each window: `lpPool1d` with p = 2. */
export const l2Pool1d = (x: Tensor, options: PoolOptions1d) => pool('l2Pool1d', 1, x, options, norm(2));
/** `l2Pool1d` for images. */
export const l2Pool2d = (x: Tensor, options: PoolOptions2d) => pool('l2Pool2d', 2, x, options, norm(2));
/** `l2Pool1d` for volumes. */
export const l2Pool3d = (x: Tensor, options: PoolOptions3d) => pool('l2Pool3d', 3, x, options, norm(2));

export interface GlobalPoolOptions {
  /** Keep the pooled axes with length 1; false unless given (Keras). */
  readonly keepDims?: boolean;
}

type Reduce = (x: Tensor, options: { axes: number[]; keepDims: boolean }) => Tensor;

function globalPool(name: string, rank: number, reduce: Reduce) {
  const where = `${name}${rank}d`;
  return (x: Tensor, options: GlobalPoolOptions = {}): Tensor => {
    checkOptions(where, options, ['keepDims']);
    checkImageRank(where, 'x', x.shape, rank);
    const axes = Array.from({ length: rank }, (_, i) => i + 1);
    return reduce(x, { axes, keepDims: options.keepDims ?? false });
  };
}

// [N, …, C] -> [N, C], or [N, 1 …, C] with `keepDims`.

/** The largest element of each channel; of equal ones the first gets the gradient. */
export const globalMaxPool1d = /* @__PURE__ */ globalPool('globalMaxPool', 1, max);
/** `globalMaxPool1d` for images. */
export const globalMaxPool2d = /* @__PURE__ */ globalPool('globalMaxPool', 2, max);
/** `globalMaxPool1d` for volumes. */
export const globalMaxPool3d = /* @__PURE__ */ globalPool('globalMaxPool', 3, max);
/** The mean of each channel. */
export const globalAveragePool1d = /* @__PURE__ */ globalPool('globalAveragePool', 1, mean);
/** `globalAveragePool1d` for images. */
export const globalAveragePool2d = /* @__PURE__ */ globalPool('globalAveragePool', 2, mean);
/** `globalAveragePool1d` for volumes. */
export const globalAveragePool3d = /* @__PURE__ */ globalPool('globalAveragePool', 3, mean);
/** The sum of each channel. */
export const globalSumPool1d = /* @__PURE__ */ globalPool('globalSumPool', 1, sum);
/** `globalSumPool1d` for images. */
export const globalSumPool2d = /* @__PURE__ */ globalPool('globalSumPool', 2, sum);
/** `globalSumPool1d` for volumes. */
export const globalSumPool3d = /* @__PURE__ */ globalPool('globalSumPool', 3, sum);

export interface AdaptivePoolOptions<Size> {
  /** How many parts each axis is pooled into. */
  readonly outputSize: Size;
}

function adaptivePool(name: string, rank: number, ways: Ways) {
  const where = `${name}${rank}d`;
  return (x: Tensor, options: AdaptivePoolOptions<number | readonly number[]>): Tensor => {
    checkOptions(where, options, ['outputSize']);
    checkImageRank(where, 'x', x.shape, rank);
    const output = perAxis(where, 'outputSize', options.outputSize, rank, 1);
    const lengths = x.shape.slice(1, -1);
    if (lengths.every((length, axis) => length % output[axis]! === 0)) {
      const poolSize = lengths.map((length, axis) => length / output[axis]!);
      return byWindow(x, poolWindow(where, lengths, { poolSize }), ways);
    }
    const [, ...parts] = volumeOf([1, ...output, 1]);
    const regions: Regions = { adaptive: true, output: parts.slice(0, 3) as unknown as Triple };
    return reshape(ways.volume(reshape(x, volumeOf(x.shape)), regions), [x.shape[0]!, ...output, x.shape.at(-1)!]);
  };
}

// [N, …, C] -> [N, …outputSize, C]. Output o of an axis covers the positions from ⌊o·length/output⌋ up to
// ⌈(o + 1)·length/output⌉ (PyTorch): equal windows where the length divides, else windows that may overlap.

/** The mean of each part. */
export const adaptiveAveragePool1d = /* @__PURE__ */ adaptivePool('adaptiveAveragePool', 1, meanOfInside);
/** `adaptiveAveragePool1d` for images. */
export const adaptiveAveragePool2d = /* @__PURE__ */ adaptivePool('adaptiveAveragePool', 2, meanOfInside);
/** `adaptiveAveragePool1d` for volumes. */
export const adaptiveAveragePool3d = /* @__PURE__ */ adaptivePool('adaptiveAveragePool', 3, meanOfInside);
/** The largest element of each part; of equal ones the first gets the gradient. */
export const adaptiveMaxPool1d = /* @__PURE__ */ adaptivePool('adaptiveMaxPool', 1, maximum);
/** `adaptiveMaxPool1d` for images. */
export const adaptiveMaxPool2d = /* @__PURE__ */ adaptivePool('adaptiveMaxPool', 2, maximum);
/** `adaptiveMaxPool1d` for volumes. */
export const adaptiveMaxPool3d = /* @__PURE__ */ adaptivePool('adaptiveMaxPool', 3, maximum);
