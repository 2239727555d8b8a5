// Convolutions as users call them: which graph each of them becomes.

import { checkOptions, ShapeError } from '../core/errors.ts';
import { format, sizeOf, type Shape } from '../core/shape.ts';
import { expectDType, type Tensor } from '../graph/tensor.ts';
import { checkGroups, resolveGroups } from './conv_groups.ts';
import { convNd } from './conv_nd.ts';
import { im2col } from './im2col.ts';
import { matmul } from './matmul.ts';
import { reshape } from './reshape.ts';
import {
  windowNd,
  windowVolume,
  type NumberOrPair,
  type NumberOrTriple,
  type Padding,
  type Padding1d,
  type Padding2d,
  type Padding3d,
  type PaddingMode,
  type Window2d,
  type WindowNd,
} from './window.ts';

export interface ConvOptions<N, P> {
  /** Pixels between windows; 1 unless given. */
  readonly strides?: N;
  /** `'valid'` unless given. */
  readonly padding?: P;
  /** What stands in the padding; `'zeros'` unless given. */
  readonly paddingMode?: PaddingMode;
  /** Pixels between neighbouring elements of a window; 1 unless given. */
  readonly dilationRate?: N;
}
interface Groups {
  /** Input channels and filters are dealt to so many groups in order, and each sees only its own; 1 unless given. */
  readonly groups?: number;
}
export type Conv1dOptions = ConvOptions<number, Padding1d> & Groups;
export type Conv2dOptions = ConvOptions<NumberOrPair, Padding2d> & Groups;
export type Conv3dOptions = ConvOptions<NumberOrTriple, Padding3d> & Groups;
export type DepthwiseConv1dOptions = ConvOptions<number, Padding1d>;
export type DepthwiseConv2dOptions = ConvOptions<NumberOrPair, Padding2d>;

type AnyOptions = ConvOptions<number | readonly number[], Padding>;

/**
 * 1-D convolution: x [N,L,C] with filters w [K,C/groups,OC] gives [N,OL,OC],
 * y[n,i,o] = Σ x[n, i·s + k·d − p, c]·w[k,c,o]. Padding may also be 'causal': no output sees what comes after it.
 * Defaults, errors and gradients are those of `conv2d`.
 */
export function conv1d(x: Tensor, w: Tensor, options: Conv1dOptions = {}): Tensor {
  return convolve('conv1d', 1, x, w, options);
}

/**
 * 2-D convolution (cross-correlation, as in every deep-learning library): x [N,H,W,C] with filters w [KH,KW,C/groups,OC]
 * gives [N,OH,OW,OC], y[n,i,j,o] = Σ x[n, i·s + kh·d − p, j·s + kw·d − p, c]·w[kh,kw,c,o] over the channels c of o's group.
 * Defaults: strides 1, padding 'valid', dilationRate 1, groups 1 (Keras), paddingMode 'zeros' (PyTorch). ShapeError where
 * channels differ, do not divide into the groups, or the window does not fit; OptionError: a value out of range or an
 * unknown option.
 */
export function conv2d(x: Tensor, w: Tensor, options: Conv2dOptions = {}): Tensor {
  return convolve('conv2d', 2, x, w, options);
}

/** 3-D convolution: x [N,D,H,W,C] with filters w [KD,KH,KW,C/groups,OC] gives [N,OD,OH,OW,OC]. The rest as `conv2d`. */
export function conv3d(x: Tensor, w: Tensor, options: Conv3dOptions = {}): Tensor {
  return convolve('conv3d', 3, x, w, options);
}

/** `depthwiseConv2d` of sequences: x [N,L,C] with filters w [K,C,M] gives [N,OL,C·M]. */
export function depthwiseConv1d(x: Tensor, w: Tensor, options: DepthwiseConv1dOptions = {}): Tensor {
  return depthwise('depthwiseConv1d', 1, x, w, options);
}

/**
 * Each channel under M filters of its own: x [N,H,W,C] with filters w [KH,KW,C,M] gives [N,OH,OW,C·M],
 * y[n,i,j,c·M+m] = Σ x[n, i·s + kh·d − p, j·s + kw·d − p, c]·w[kh,kw,c,m]. The rest as `conv2d`.
 */
export function depthwiseConv2d(x: Tensor, w: Tensor, options: DepthwiseConv2dOptions = {}): Tensor {
  return depthwise('depthwiseConv2d', 2, x, w, options);
}

/** `separableConv2d` of sequences: filters [K,C,M] and [1,C·M,OC]. */
export function separableConv1d(
  x: Tensor,
  depthwiseFilters: Tensor,
  pointwiseFilters: Tensor,
  options: DepthwiseConv1dOptions = {},
): Tensor {
  const y = depthwise('separableConv1d', 1, x, depthwiseFilters, options);
  return pointwise('separableConv1d', 1, y, pointwiseFilters);
}

/**
 * A depthwise convolution with filters [KH,KW,C,M], then a 1×1 convolution with filters [1,1,C·M,OC] that mixes the
 * channels: x [N,H,W,C] gives [N,OH,OW,OC]. Options are the depthwise part's.
 */
export function separableConv2d(
  x: Tensor,
  depthwiseFilters: Tensor,
  pointwiseFilters: Tensor,
  options: DepthwiseConv2dOptions = {},
): Tensor {
  const y = depthwise('separableConv2d', 2, x, depthwiseFilters, options);
  return pointwise('separableConv2d', 2, y, pointwiseFilters);
}

const known = ['strides', 'padding', 'paddingMode', 'dilationRate'];
export const imageLetters = ['', '[N,L,C]', '[N,H,W,C]', '[N,D,H,W,C]'];
const filterLetters = ['', '[K,C,OC]', '[KH,KW,C,OC]', '[KD,KH,KW,C,OC]'];
const depthwiseLetters = ['', '[K,C,M]', '[KH,KW,C,M]'];

/** Throws unless x and w have the ranks of an image and its filters. */
export function checkRanks(where: string, rank: number, x: Tensor, w: Tensor, letters: string): void {
  expectDType(where, 'x', x, 'f32');
  expectDType(where, 'w', w, 'f32');
  if (x.shape.length !== rank + 2) {
    throw new ShapeError(`${where}: expected an input ${imageLetters[rank]}, got ${format(x.shape)}`);
  }
  if (w.shape.length !== rank + 2) {
    throw new ShapeError(`${where}: expected filters ${letters}, got ${format(w.shape)}`);
  }
}

function convolve(where: string, rank: 1 | 2 | 3, x: Tensor, w: Tensor, options: AnyOptions & Groups): Tensor {
  checkOptions(where, options, [...known, 'groups']);
  checkRanks(where, rank, x, w, filterLetters[rank]!);
  const groups = resolveGroups(where, options.groups);
  const channels = x.shape.at(-1)!;
  const filters = w.shape.at(-1)!;
  checkGroups(where, channels, filters, groups);
  const expected = w.shape.at(-2)! * groups;
  if (channels !== expected) {
    const ofGroups = groups === 1 ? '' : ` in ${groups} groups`;
    throw new ShapeError(
      `${where}: the input ${format(x.shape)} has ${channels} channels, the filters ${format(w.shape)} expect ${expected}${ofGroups}`,
    );
  }
  const { groups: _, ...rest } = options;
  const window = windowNd(where, x.shape.slice(1, -1), { ...rest, kernelSize: w.shape.slice(0, rank) });
  if (groups === 1 && isPointwise(window)) return product(x, w, x.shape.slice(0, -1), x);
  if (groups > 1 || rank === 3) return convNd(x, w, { window, groups });
  const flat = planar(window);
  return product(x, w, [x.shape[0]!, ...window.output], im2col(planarImage(x), flat));
}

/** rows · w as matrices, under the shape of the positions that the rows stand for. */
function product(x: Tensor, w: Tensor, positions: Shape, rows: Tensor): Tensor {
  const filters = w.shape.at(-1)!;
  const columns = sizeOf(w.shape) / filters;
  const y = matmul(reshape(rows, [sizeOf(positions), columns]), reshape(w, [columns, filters]));
  return reshape(y, [...positions, filters]);
}

/** Whether every window is the one pixel at its own place, so that the image itself is the im2col matrix. */
function isPointwise({ kernel, strides, padBefore, padAfter }: WindowNd): boolean {
  return (
    kernel.every((length) => length === 1) &&
    strides.every((stride) => stride === 1) &&
    [...padBefore, ...padAfter].every((pixels) => pixels === 0)
  );
}

/** A window of one or two axes as one of two: a sequence is an image of one row. */
export function planar(window: WindowNd): Window2d {
  const last = ([, h, w]: readonly [number, number, number]) => [h, w] as const;
  const { kernel, strides, dilation, padBefore, padAfter, output, ...rest } = windowVolume(window);
  return {
    ...rest,
    kernel: last(kernel),
    strides: last(strides),
    dilation: last(dilation),
    padBefore: last(padBefore),
    padAfter: last(padAfter),
    output: last(output),
  };
}

function planarImage(x: Tensor): Tensor {
  const [N, L, C] = x.shape as [number, number, number];
  return x.shape.length === 3 ? reshape(x, [N, 1, L, C]) : x;
}

function depthwise(where: string, rank: 1 | 2, x: Tensor, w: Tensor, options: AnyOptions): Tensor {
  checkOptions(where, options, known);
  checkRanks(where, rank, x, w, depthwiseLetters[rank]!);
  const [channels, multiplier] = w.shape.slice(rank) as [number, number];
  if (x.shape.at(-1) !== channels) {
    throw new ShapeError(
      `${where}: the input ${format(x.shape)} has ${x.shape.at(-1)} channels, the filters ${format(w.shape)} expect ${channels}`,
    );
  }
  // HWIM in memory is HWIO of one channel per group: output c·M + m is filter m of channel c.
  const kernel = w.shape.slice(0, rank);
  const grouped = reshape(w, [...kernel, 1, channels * multiplier]);
  return convolve(where, rank, x, grouped, { ...options, groups: channels });
}

function pointwise(where: string, rank: 1 | 2, x: Tensor, w: Tensor): Tensor {
  if (w.shape.length !== rank + 2 || w.shape.slice(0, rank).some((length) => length !== 1)) {
    const letters = ['', '[1,C·M,OC]', '[1,1,C·M,OC]'][rank];
    throw new ShapeError(`${where}: expected pointwise filters ${letters}, got ${format(w.shape)}`);
  }
  return convolve(where, rank, x, w, {});
}
