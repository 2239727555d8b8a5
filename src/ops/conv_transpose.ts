// Transposed convolution: the gradient of a convolution's input, used forward. No kernel of its own.

import { checkOptions, ShapeError } from '../core/errors.ts';
import { format, sizeOf } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { checkGroups, resolveGroups } from './conv_groups.ts';
import { convNdGradInput } from './conv_nd.ts';
import { checkRanks, planar } from './convolution.ts';
import { col2im } from './im2col.ts';
import { matmul } from './matmul.ts';
import { pad } from './pad.ts';
import { reshape } from './reshape.ts';
import { transposedWindow, type AnyTransposeOptions, type ConvTransposeOptions } from './transposed_window.ts';
import {
  type NumberOrPair,
  type NumberOrTriple,
  type Padding1d,
  type Padding2d,
  type Padding3d,
  type Pair,
  type WindowNd,
} from './window.ts';

export type Conv1dTransposeOptions = ConvTransposeOptions<number, Exclude<Padding1d, 'causal'>>;
export type Conv2dTransposeOptions = ConvTransposeOptions<NumberOrPair, Padding2d>;
export type Conv3dTransposeOptions = ConvTransposeOptions<NumberOrTriple, Padding3d>;

/** Transposed `conv1d`: x [N,L,C] with filters w [K,OC/groups,C] gives [N,OL,OC]. The rest as `conv2dTranspose`. */
export function conv1dTranspose(x: Tensor, w: Tensor, options: Conv1dTransposeOptions = {}): Tensor {
  return transposed('conv1dTranspose', 1, x, w, options);
}

/**
 * The transpose of `conv2d` as a matrix: x [N,H,W,C] with filters w [KH,KW,OC/groups,C] (Keras's layout) gives
 * [N,OH,OW,OC], each input pixel adding its filters to the window it stands for. Along each axis
 * output = (input − 1)·stride − padding + dilation·(kernel − 1) + outputPadding + 1 (PyTorch), and with 'same'
 * input·stride (Keras). Defaults: strides 1, padding 'valid', outputPadding 0, dilationRate 1, groups 1. ShapeError where
 * channels differ or nothing would be left; OptionError: a value out of range or an unknown option.
 */
export function conv2dTranspose(x: Tensor, w: Tensor, options: Conv2dTransposeOptions = {}): Tensor {
  return transposed('conv2dTranspose', 2, x, w, options);
}

/** Transposed `conv3d`: x [N,D,H,W,C] with filters w [KD,KH,KW,OC/groups,C] gives [N,OD,OH,OW,OC]. */
export function conv3dTranspose(x: Tensor, w: Tensor, options: Conv3dTransposeOptions = {}): Tensor {
  return transposed('conv3dTranspose', 3, x, w, options);
}

const filterLetters = ['', '[K,OC,C]', '[KH,KW,OC,C]', '[KD,KH,KW,OC,C]'];

function transposed(where: string, rank: 1 | 2 | 3, x: Tensor, w: Tensor, options: AnyTransposeOptions): Tensor {
  checkOptions(where, options, ['strides', 'padding', 'outputPadding', 'dilationRate', 'groups']);
  checkRanks(where, rank, x, w, filterLetters[rank]!);
  const groups = resolveGroups(where, options.groups);
  const [groupFilters, channels] = w.shape.slice(rank) as [number, number];
  if (x.shape.at(-1) !== channels) {
    throw new ShapeError(
      `${where}: the input ${format(x.shape)} has ${x.shape.at(-1)} channels, the filters ${format(w.shape)} expect ${channels}`,
    );
  }
  const filters = groupFilters * groups;
  checkGroups(where, channels, filters, groups);
  const kernelSize = w.shape.slice(0, rank);
  const { size, window, beyond } = transposedWindow(where, x.shape.slice(1, -1), { ...options, kernelSize });
  const reached = size.map((length, axis) => length - beyond[axis]!);
  const y = spread(rank, x, w, window, groups, [x.shape[0]!, ...reached, filters]);
  return beyond.every((pixels) => pixels === 0) ? y : pad(y, [[0, 0], ...beyond.map((n): Pair => [0, n]), [0, 0]]);
}

/** Each pixel of x added to its window of `result`, times its filters. */
function spread(rank: number, x: Tensor, w: Tensor, window: WindowNd, groups: number, result: number[]): Tensor {
  if (groups > 1 || rank === 3) return convNdGradInput(x, w, { window, groups, inputShape: result });
  // matmul, then col2im: the planner makes it one dispatch, and autodiff gives the gradients.
  const channels = x.shape.at(-1)!;
  const columns = sizeOf(w.shape) / channels;
  const rows = matmul(reshape(x, [sizeOf(x.shape) / channels, channels]), reshape(w, [columns, channels]), {
    transposeB: true,
  });
  const image = rank === 1 ? [result[0]!, 1, ...result.slice(1)] : result;
  return reshape(col2im(rows, planar(window), image), result);
}
