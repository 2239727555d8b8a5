// The one place for window geometry: where the windows of a convolution, a pooling or an im2col lie on a padded image.

import { OptionError, ShapeError } from '../core/errors.ts';
import { format, type Shape } from '../core/shape.ts';
import { expectDType, type TensorType } from '../graph/tensor.ts';

export type Pair = readonly [number, number];
export type NumberOrPair = number | Pair;

/** `'valid'` pads nothing; `'same'` gives ceil(input / stride) windows, an odd pixel of padding at the bottom or right. */
export type Padding2d = 'valid' | 'same' | number | readonly [top_bottom: Pair, left_right: Pair];

export interface WindowOptions {
  /** Height and width of the window; pooling calls it `poolSize`. One of the two is required. */
  readonly kernelSize?: NumberOrPair;
  readonly poolSize?: NumberOrPair;
  /** Pixels between windows; 1 unless given. */
  readonly strides?: NumberOrPair;
  /** `'valid'` unless given. */
  readonly padding?: Padding2d;
  /** Pixels between neighbouring elements of a window; 1 unless given. */
  readonly dilationRate?: NumberOrPair;
  /** Counts a last window that hangs over the padded edge, if it begins before it (PyTorch's rule); false unless given. */
  readonly ceilMode?: boolean;
}

/** [N, H, W, C]. */
export type ImageShape = readonly [number, number, number, number];

/** Window oh, ow covers rows oh·strides[0] − padTop + kh·dilation[0] and columns ow·strides[1] − padLeft + kw·dilation[1]. */
export interface Window2d {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilation: Pair;
  readonly padTop: number;
  readonly padLeft: number;
  readonly padBottom: number;
  readonly padRight: number;
  /** [OH, OW]. */
  readonly output: Pair;
  readonly ceilMode?: boolean;
}

/**
 * The windows of `options` on an image of `inputSize` [H, W]; along each axis
 * output = floor((input + padding − (kernel − 1)·dilation − 1) / stride) + 1.
 * `where` opens every message. OptionError: a value out of range; ShapeError: a window larger than the padded image.
 */
export function window2d(where: string, inputSize: Pair, options: WindowOptions): Window2d {
  const size = options.kernelSize ?? options.poolSize;
  const sizeName = options.kernelSize === undefined ? 'poolSize' : 'kernelSize';
  if (size === undefined) throw new OptionError(`${where}: kernelSize or poolSize is missing`);
  if (options.kernelSize !== undefined && options.poolSize !== undefined) {
    throw new OptionError(`${where}: kernelSize and poolSize are one thing, give only one of them`);
  }
  const kernel = pair(where, sizeName, size, 1);
  const strides = pair(where, 'strides', options.strides ?? 1, 1);
  const dilation = pair(where, 'dilationRate', options.dilationRate ?? 1, 1);
  const [vertical, horizontal] = paddings(where, options.padding ?? 'valid', inputSize, kernel, strides, dilation);
  const geometry = {
    kernel,
    strides,
    dilation,
    padTop: vertical[0],
    padLeft: horizontal[0],
    padBottom: vertical[1],
    padRight: horizontal[1],
    ...(options.ceilMode ? { ceilMode: true } : {}),
  };
  return { ...geometry, output: outputSize(where, inputSize, geometry) };
}

/** Rows or columns from the first to the last element of a window. */
export function effectiveKernel(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

/** [OH, OW], or a ShapeError with the derivation's numbers. */
function outputSize(where: string, inputSize: Pair, window: Omit<Window2d, 'output'>): Pair {
  const along = (axis: 0 | 1, before: number, after: number) => {
    const input = inputSize[axis];
    const kernel = window.kernel[axis];
    const dilation = window.dilation[axis];
    const stride = window.strides[axis];
    const effective = effectiveKernel(kernel, dilation);
    const padded = input + before + after;
    if (effective > padded) {
      throw new ShapeError(
        `${where}: effective kernel ${effective} exceeds padded input ${padded} in dimension ${axis + 1} ` +
          `(${effective} = (${kernel} - 1) * ${dilation} + 1, ${padded} = ${before} + ${input} + ${after})`,
      );
    }
    if (!window.ceilMode) return Math.floor((padded - effective) / stride) + 1;
    const rounded = Math.ceil((padded - effective) / stride) + 1;
    return (rounded - 1) * stride >= input + before ? rounded - 1 : rounded;
  };
  return [along(0, window.padTop, window.padBottom), along(1, window.padLeft, window.padRight)];
}

function paddings(
  where: string,
  padding: Padding2d,
  inputSize: Pair,
  kernel: Pair,
  strides: Pair,
  dilation: Pair,
): readonly [Pair, Pair] {
  if (padding === 'valid') {
    return [
      [0, 0],
      [0, 0],
    ];
  }
  if (padding === 'same') {
    const along = (axis: 0 | 1): Pair => {
      const input = inputSize[axis];
      const stride = strides[axis];
      const covered = (Math.ceil(input / stride) - 1) * stride + effectiveKernel(kernel[axis], dilation[axis]);
      const total = Math.max(covered - input, 0);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    };
    return [along(0), along(1)];
  }
  if (typeof padding === 'number') {
    const both = pair(where, 'padding', padding, 0);
    return [both, both];
  }
  if (
    !Array.isArray(padding) ||
    padding.length !== 2 ||
    !padding.every((side) => Array.isArray(side) && side.length === 2)
  ) {
    throw new OptionError(
      `${where}: padding is ${JSON.stringify(padding)}, expected 'valid', 'same', a number or [[top, bottom], [left, right]]`,
    );
  }
  return [pair(where, 'padding', padding[0], 0), pair(where, 'padding', padding[1], 0)];
}

/** A number for both axes, or one for each; integers from `least` up. */
function pair(where: string, name: string, value: NumberOrPair, least: number): Pair {
  const both = typeof value === 'number' ? [value, value] : value;
  const valid = Array.isArray(both) && both.length === 2;
  if (!valid || !both.every((number) => Number.isInteger(number) && number >= least && number < 2 ** 31)) {
    throw new OptionError(
      `${where}: ${name} is ${JSON.stringify(value)}, expected an integer of at least ${least} or two of them`,
    );
  }
  return [both[0]!, both[1]!];
}

/** Throws a ShapeError unless `x` is f32 [N, H, W, C] and the output of `window` follows from its H and W. */
export function checkImage(where: string, x: TensorType, window: Window2d): ImageShape {
  expectDType(where, 'x', x, 'f32');
  const image = imageShape(where, 'x', x.shape);
  const [height, width] = outputSize(where, [image[1], image[2]], window);
  if (height !== window.output[0] || width !== window.output[1]) {
    throw new ShapeError(
      `${where}: the window's output is ${format(window.output)}, expected ${format([height, width])} for x ${format(x.shape)}`,
    );
  }
  return image;
}

/** [N, H, W, C], or a ShapeError. */
export function imageShape(where: string, name: string, shape: Shape): ImageShape {
  const [N, H, W, C] = shape;
  if (shape.length !== 4 || N === undefined || H === undefined || W === undefined || C === undefined) {
    throw new ShapeError(`${where}: ${name} is ${format(shape)}, expected [N,H,W,C]`);
  }
  return [N, H, W, C];
}

/** Throws a ShapeError if a pooling window could lie wholly in the padding, or is dilated. */
export function checkPool(where: string, window: Window2d): void {
  const { kernel, dilation, padTop, padLeft, padBottom, padRight } = window;
  if (dilation[0] !== 1 || dilation[1] !== 1) {
    throw new ShapeError(`${where}: dilation is ${format(dilation)}, expected [1,1]`);
  }
  const sides = [Math.max(padTop, padBottom), Math.max(padLeft, padRight)] as const;
  for (const axis of [0, 1] as const) {
    if (sides[axis] >= kernel[axis]) {
      throw new ShapeError(
        `${where}: padding ${sides[axis]} in dimension ${axis + 1} leaves a window empty, expected less than poolSize ${kernel[axis]}`,
      );
    }
  }
}

/**
 * The uniform members that every window shader shares. `lanes` is 4 where a shader reads channels as vec4, whose C then
 * counts vec4s.
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
    pad_top: window.padTop,
    pad_left: window.padLeft,
  };
}
