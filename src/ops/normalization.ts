// The normalizations by name: each says which of x's elements share a mean and a variance.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { format, resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import { constantTensor, type Tensor } from '../graph/tensor.ts';
import { normalizeCall, type Normalized } from './normalize.ts';
import { reshape } from './reshape.ts';

/** gamma and beta; ones and zeros where null. */
export interface Affine {
  readonly gamma?: Tensor | null;
  readonly beta?: Tensor | null;
}

export interface NormalizationOptions extends Affine {
  /** Added to the variance; 1e-5 unless given (PyTorch), for `rmsNormalization` 1e-6 (Keras). */
  readonly epsilon?: number;
}

const common = ['gamma', 'beta', 'epsilon'];

function vector(given: Tensor | null | undefined, size: number, value: 0 | 1): Tensor {
  return given ? reshape(given, [size]) : constantTensor(new Float32Array(size).fill(value), [size], 'f32');
}

function normalized(
  x: Tensor,
  { gamma, beta, epsilon = 1e-5 }: NormalizationOptions,
  sizes: { outer: number; rows: number; groups: number; depth: number },
  centered = true,
): Normalized {
  const channels = sizes.groups * sizes.depth;
  const attrs = { ...sizes, epsilon, centered };
  return normalizeCall(x, vector(gamma, channels, 1), vector(beta, channels, 0), attrs);
}

function channelsOf(where: string, { shape }: Tensor, least: number, what: string): number {
  if (shape.length < least) throw new ShapeError(`${where}: x is ${format(shape)}, expected ${what}`);
  return shape.at(-1)!;
}

/**
 * y = (x − mean)·gamma / √(variance + epsilon) + beta, the mean and the biased variance of each channel (the last axis)
 * over all other axes: [N, …, C] (Ioffe and Szegedy 2015). Gives y, mean [C] and variance [C]; no gradient flows through
 * the latter two. ShapeError: x has fewer than two axes, or gamma or beta not C elements.
 */
export function batchNormalization(x: Tensor, options: NormalizationOptions = {}): Normalized {
  checkOptions('batchNormalization', options, common);
  const channels = channelsOf('batchNormalization', x, 2, '[N,…,C]');
  return normalized(x, options, { outer: 1, rows: sizeOf(x.shape) / channels, groups: channels, depth: 1 });
}

export interface AxesOption {
  /** The last axis or several of the last; -1 unless given (Keras). */
  readonly axes?: number | readonly number[];
}

/** The number of elements in `axes`, which must be the last ones. */
export function lastAxes(where: string, shape: Shape, axes: number | readonly number[]): Shape {
  const given = typeof axes === 'number' ? [axes] : axes;
  const found = new Set(given.map((axis) => resolveAxis(where, axis, shape.length)));
  const last = shape.slice(shape.length - given.length);
  const fits = found.size === given.length && last.every((_, i) => found.has(shape.length - 1 - i));
  if (!fits || given.length === 0) {
    throw new ShapeError(`${where}: axes ${format(given)} are not the last ones of ${format(shape)}`);
  }
  return last;
}

function overLastAxes(where: string, x: Tensor, options: NormalizationOptions & AxesOption, centered: boolean): Tensor {
  const depth = sizeOf(lastAxes(where, x.shape, options.axes ?? -1));
  return normalized(x, options, { outer: sizeOf(x.shape) / depth, rows: 1, groups: 1, depth }, centered).y;
}

/**
 * y = (x − mean)·gamma / √(variance + epsilon) + beta with a mean and a variance for each place outside `axes` (Ba et
 * al. 2016); gamma and beta have the lengths of `axes`. ShapeError: axes that are not the last ones, or other sizes.
 */
export function layerNormalization(x: Tensor, options: NormalizationOptions & AxesOption = {}): Tensor {
  checkOptions('layerNormalization', options, [...common, 'axes']);
  return overLastAxes('layerNormalization', x, options, true);
}

/** y = x·gamma / √(the mean of x² + epsilon) over `axes` (Zhang and Sennrich 2019). Errors as `layerNormalization`. */
export function rmsNormalization(x: Tensor, options: Omit<NormalizationOptions, 'beta'> & AxesOption = {}): Tensor {
  checkOptions('rmsNormalization', options, ['gamma', 'epsilon', 'axes']);
  return overLastAxes('rmsNormalization', x, { epsilon: 1e-6, ...options }, false);
}

/**
 * Each example's channels in `groups` of C / groups neighbours, every group with a mean and a variance over its channels
 * and all places: [N, …, C] (Wu and He 2018); gamma and beta [C]. OptionError: groups does not divide C.
 */
export function groupNormalization(x: Tensor, options: NormalizationOptions & { readonly groups: number }): Tensor {
  checkOptions('groupNormalization', options, [...common, 'groups']);
  const { groups } = options;
  const channels = channelsOf('groupNormalization', x, 2, '[N,…,C]');
  checkGroups('groupNormalization', groups, channels);
  const outer = x.shape[0]!;
  const depth = channels / groups;
  return normalized(x, options, { outer, rows: sizeOf(x.shape) / outer / channels, groups, depth }).y;
}

export function checkGroups(where: string, groups: number, channels: number): void {
  if (Number.isInteger(groups) && groups >= 1 && channels % groups === 0) return;
  throw new OptionError(`${where}: groups is ${groups}, expected a divisor of the ${channels} channels`);
}

/**
 * A mean and a variance for each channel of each example, over its places: [N, …, C] with at least one axis between
 * (Ulyanov et al. 2016); gamma and beta [C].
 */
export function instanceNormalization(x: Tensor, options: NormalizationOptions = {}): Tensor {
  checkOptions('instanceNormalization', options, common);
  const channels = channelsOf('instanceNormalization', x, 3, '[N,…,C] with at least one axis between');
  const outer = x.shape[0]!;
  return normalized(x, options, { outer, rows: sizeOf(x.shape) / outer / channels, groups: channels, depth: 1 }).y;
}
