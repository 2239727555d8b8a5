// The one place for window geometry: where the windows of a convolution, a pooling or an im2col lie on a padded image.
//
// Images have one, two or three spatial axes: [N,L,C], [N,H,W,C], [N,D,H,W,C]. A window has one number for each of them in
// the same order. Loops and kernels that are written once for all ranks see every image as a volume [N,D,H,W,C]: `volumeOf`
// and `windowVolume` put axes of length 1 in front, on which the window is one element with stride 1, dilation 1 and no
// padding. So rank 1 is [N,1,1,L,C] and its L is W; rank 2 is [N,1,H,W,C]. Neither moves any data.

import { OptionError, ShapeError } from '../core/errors.ts';
import { format, type Shape } from '../core/shape.ts';
import { expectDType, type TensorType } from '../graph/tensor.ts';
import { windowSteps, windowText } from './size_steps.ts';
import {
  checkMirrors,
  explicitPaddings,
  paddings,
  perAxis,
  resolvePaddingMode,
  type NumberOrPair,
  type Padding,
  type Padding2d,
  type PaddingMode,
  type Pair,
  type Triple,
} from './window_padding.ts';

export * from './window_padding.ts';

export interface WindowNdOptions {
  /** Lengths of the window; pooling calls it `poolSize`. One of the two is required. */
  readonly kernelSize?: number | readonly number[];
  readonly poolSize?: number | readonly number[];
  /** Pixels between windows; 1 unless given. */
  readonly strides?: number | readonly number[];
  /** `'valid'` unless given; explicit padding is [before, after] for each axis. */
  readonly padding?: Padding;
  /** Pixels between neighbouring elements of a window; 1 unless given. */
  readonly dilationRate?: number | readonly number[];
  /** Counts a last window that hangs over the padded edge, if it begins before it (PyTorch's rule); false unless given. */
  readonly ceilMode?: boolean;
  /** `'zeros'` unless given; with `ceilMode` nothing else. */
  readonly paddingMode?: PaddingMode;
}

export interface WindowOptions extends WindowNdOptions {
  readonly kernelSize?: NumberOrPair;
  readonly poolSize?: NumberOrPair;
  readonly strides?: NumberOrPair;
  readonly padding?: Padding2d;
  readonly dilationRate?: NumberOrPair;
}

/** [N, H, W, C]. */
export type ImageShape = readonly [number, number, number, number];
/** [N, D, H, W, C]. */
export type VolumeShape = readonly [number, number, number, number, number];

/** Window o covers, along each axis, the positions o·stride − padBefore + k·dilation for k = 0 … kernel − 1. */
export interface WindowNd<T extends readonly number[] = readonly number[]> {
  readonly kernel: T;
  readonly strides: T;
  readonly dilation: T;
  /** Left; top, left; or front, top, left. */
  readonly padBefore: T;
  /** Right; bottom, right; or back, bottom, right. */
  readonly padAfter: T;
  readonly paddingMode: PaddingMode;
  /** How many windows there are along each axis: [OL], [OH, OW] or [OD, OH, OW]. */
  readonly output: T;
  readonly ceilMode?: boolean;
}
export type Window2d = WindowNd<Pair>;

/** `windowNd` for images of two spatial axes [H, W]. */
export function window2d(where: string, inputSize: Pair, options: WindowOptions): Window2d {
  return windowNd(where, inputSize, options) as Window2d;
}

/**
 * The windows of `options` on an image of `inputSize`, one to three spatial lengths; along each axis
 * output = floor((input + padding − (kernel − 1)·dilation − 1) / stride) + 1.
 * `where` opens every message. OptionError: a value out of range; ShapeError: a window larger than the padded image, or
 * padding that reflects or wraps more than the image has.
 */
export function windowNd(where: string, inputSize: readonly number[], options: WindowNdOptions): WindowNd {
  const rank = inputSize.length;
  const size = options.kernelSize ?? options.poolSize;
  const sizeName = options.kernelSize === undefined ? 'poolSize' : 'kernelSize';
  if (size === undefined) throw new OptionError(`${where}: kernelSize or poolSize is missing`);
  if (options.kernelSize !== undefined && options.poolSize !== undefined) {
    throw new OptionError(`${where}: kernelSize and poolSize are one thing, give only one of them`);
  }
  const kernel = perAxis(where, sizeName, size, rank, 1);
  const strides = perAxis(where, 'strides', options.strides ?? 1, rank, 1);
  const dilation = perAxis(where, 'dilationRate', options.dilationRate ?? 1, rank, 1);
  const sides = paddings(where, options.padding ?? 'valid', inputSize, { kernel, strides, dilation });
  const geometry = {
    kernel,
    strides,
    dilation,
    padBefore: sides.map(([before]) => before),
    padAfter: sides.map(([, after]) => after),
    paddingMode: resolvePaddingMode(where, options.paddingMode),
    ...(options.ceilMode ? { ceilMode: true } : {}),
  };
  if (geometry.ceilMode && geometry.paddingMode !== 'zeros') {
    throw new OptionError(
      `${where}: ceilMode is true with paddingMode '${geometry.paddingMode}', expected 'zeros': a window that hangs over the padding has no other rule`,
    );
  }
  checkMirrors(where, inputSize, geometry);
  return { ...geometry, output: outputSize(where, inputSize, geometry) };
}

/** Options as layers keep them: one number for each axis, or an OptionError on the caller's line. */
export function resolveWindow(
  where: string,
  rank: 1 | 2 | 3,
  options: Omit<WindowNdOptions, 'poolSize' | 'ceilMode'> & { kernelSize: number | readonly number[] },
) {
  const { padding = 'valid' } = options;
  const known = rank === 1 ? ['valid', 'same', 'causal'] : ['valid', 'same'];
  if (typeof padding !== 'string' || !known.includes(padding)) explicitPaddings(where, padding, rank);
  return {
    kernelSize: perAxis(where, 'kernelSize', options.kernelSize, rank, 1),
    strides: perAxis(where, 'strides', options.strides ?? 1, rank, 1),
    padding,
    paddingMode: resolvePaddingMode(where, options.paddingMode),
    dilationRate: perAxis(where, 'dilationRate', options.dilationRate ?? 1, rank, 1),
  };
}

/** The lengths along each axis, or a ShapeError with the derivation's numbers. */
export function outputSize(
  where: string,
  inputSize: readonly number[],
  window: Omit<WindowNd, 'output' | 'paddingMode'>,
): number[] {
  return inputSize.map((input, axis) => {
    const steps = windowSteps(input, window, axis);
    if (steps.output === 0) {
      const { dimension, effectiveKernel: value, paddedInput: most } = steps;
      throw new ShapeError(`${where}: ${windowText(steps)}`, {
        misfit: { rule: 'window', dimension, value, most },
      });
    }
    return steps.output;
  });
}

/**
 * Throws a ShapeError unless `x` is f32, has the window's rank and `window.output` follows from its spatial lengths.
 * Returns its shape.
 */
export function checkImageNd(where: string, x: TensorType, window: WindowNd): Shape {
  expectDType(where, 'x', x, 'f32');
  checkImageRank(where, 'x', x.shape, window.kernel.length);
  const found = outputSize(where, x.shape.slice(1, -1), window);
  if (found.some((length, axis) => length !== window.output[axis])) {
    throw new ShapeError(
      `${where}: the window's output is ${format(window.output)}, expected ${format(found)} for x ${format(x.shape)}`,
    );
  }
  return x.shape;
}

/** `checkImageNd` for [N, H, W, C]. */
export function checkImage(where: string, x: TensorType, window: Window2d): ImageShape {
  return checkImageNd(where, x, window) as ImageShape;
}

const imageLetters = ['[N,C]', '[N,L,C]', '[N,H,W,C]', '[N,D,H,W,C]'];

/** Throws a ShapeError unless `shape` has `rank` spatial axes. */
export function checkImageRank(where: string, name: string, shape: Shape, rank: number): void {
  if (shape.length !== rank + 2) {
    throw new ShapeError(`${where}: ${name} is ${format(shape)}, expected ${imageLetters[rank]}`);
  }
}

/** [N, H, W, C], or a ShapeError. */
export function imageShape(where: string, name: string, shape: Shape): ImageShape {
  checkImageRank(where, name, shape, 2);
  return shape as ImageShape;
}

/** Throws a ShapeError if a pooling window could lie wholly in the padding, or is dilated. */
export function checkPool(where: string, window: WindowNd): void {
  const { kernel, dilation, padBefore, padAfter } = window;
  if (dilation.some((step) => step !== 1)) {
    throw new ShapeError(`${where}: dilation is ${format(dilation)}, expected ${format(dilation.map(() => 1))}`);
  }
  kernel.forEach((length, axis) => {
    const widest = Math.max(padBefore[axis]!, padAfter[axis]!);
    if (widest >= length) {
      throw new ShapeError(
        `${where}: padding ${widest} in dimension ${axis + 1} leaves a window empty, expected less than poolSize ${length}`,
        { misfit: { rule: 'empty window', dimension: axis + 1, value: widest, most: length - 1 } },
      );
    }
  });
}

/** An image of any rank as a volume [N, D, H, W, C]; see the head of this file. */
export function volumeOf(shape: Shape): VolumeShape {
  return [shape[0]!, ...triple(shape.slice(1, -1)), shape.at(-1)!];
}

/** A window of any rank on `volumeOf` its image. */
export function windowVolume(window: WindowNd): WindowNd<Triple> {
  return {
    ...window,
    kernel: triple(window.kernel),
    strides: triple(window.strides),
    dilation: triple(window.dilation),
    padBefore: triple(window.padBefore, 0),
    padAfter: triple(window.padAfter, 0),
    output: triple(window.output),
  };
}

function triple(values: readonly number[], missing = 1): Triple {
  const [d, h, w] = [...Array.from({ length: 3 - values.length }, () => missing), ...values];
  return [d!, h!, w!];
}

/**
 * The uniform members that every 2-D window shader shares. `lanes` is 4 where a shader reads channels as vec4, whose C
 * then counts vec4s.
 */
export function windowParams(image: ImageShape, window: Window2d, lanes: 1 | 4 = 1) {
  return {
    H: image[1],
    W: image[2],
    C: image[3] / lanes,
    OH: window.output[0],
    OW: window.output[1],
    KH: window.kernel[0],
    KW: window.kernel[1],
    stride_h: window.strides[0],
    stride_w: window.strides[1],
    pad_top: window.padBefore[0],
    pad_left: window.padBefore[1],
  };
}

/** The uniform members of shaders/lib/pooling.wgsl, but for `size`. */
export function poolParams(image: ImageShape, window: Window2d, lanes: 1 | 4) {
  return { ...windowParams(image, window, lanes), pad_bottom: window.padAfter[0], pad_right: window.padAfter[1] };
}
