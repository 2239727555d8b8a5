// Statistics and norms over axes, composed of sums and extremes.

import { checkOptions, OptionError } from '../core/errors.ts';
import { resolveAxis } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, div, greater, mul, notEqual, sub } from './binary.ts';
import { stopGradient } from './cast.ts';
import { max, mean, min, type ReduceOptions, sum } from './reduce.ts';
import { reshape } from './reshape.ts';
import { abs, clip, exp, log, sqrt, square } from './unary.ts';
import { where } from './where.ts';

const largest = 3.4028234663852886e38; // of f32

/** Axes as non-negative numbers, all where none were given; and the shapes with and without them. */
function axesOf(where: string, x: Tensor, { axes, keepDims = false }: ReduceOptions) {
  const given = axes === undefined ? x.shape.map((_, i) => i) : typeof axes === 'number' ? [axes] : axes;
  const resolved = given.map((axis) => resolveAxis(where, axis, x.shape.length));
  const shape = x.shape.flatMap((length, i) => (resolved.includes(i) ? (keepDims ? [1] : []) : [length]));
  const count = resolved.reduce((product, axis) => product * x.shape[axis]!, 1);
  return { axes: resolved, shape, count };
}

export interface VarianceOptions extends ReduceOptions {
  /** What is taken from the number of elements before dividing: 0 (biased) unless given; 1 for Bessel's correction. */
  readonly ddof?: number;
}

/**
 * Σ (x − mean)² / (n − ddof) over `axes`, in two passes, so that no digits cancel. f32; options as for sums. OptionError:
 * ddof is negative or not below n.
 */
export function variance(x: Tensor, options: VarianceOptions = {}): Tensor {
  checkOptions('variance', options, ['axes', 'keepDims', 'ddof']);
  const { ddof = 0 } = options;
  const { axes, shape, count } = axesOf('variance', x, options);
  if (!(ddof >= 0 && ddof < count)) {
    throw new OptionError(`variance: ddof is ${ddof}, expected at least 0 and below the ${count} elements of each`);
  }
  const squares = square(sub(x, mean(x, { axes, keepDims: true })));
  const result = ddof === 0 ? mean(squares, { axes }) : div(sum(squares, { axes }), count - ddof);
  return reshape(result, shape);
}

/** The square root of `variance`. Where all elements are equal the gradient is 0 (PyTorch). */
export function std(x: Tensor, options: VarianceOptions = {}): Tensor {
  checkOptions('std', options, ['axes', 'keepDims', 'ddof']);
  return rootWithout0(variance(x, options));
}

/** √x with gradient 0 at 0, where the root has no finite slope. */
function rootWithout0(x: Tensor): Tensor {
  const positive = greater(x, 0);
  return mul(sqrt(where(positive, x, 1)), positive);
}

/**
 * log Σ eˣ over `axes`, finite for every finite x; -Infinity where every x is, Infinity where one is. f32; options as for sums.
 * The gradient is softmax, and NaN where every x is -Infinity (PyTorch).
 */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkOptions('logSumExp', options, ['axes', 'keepDims']);
  const { axes, shape } = axesOf('logSumExp', x, options);
  // The result does not depend on what is taken out and put back, so neither does the gradient.
  // Kept finite, since nothing can be taken out of -Infinity.
  const highest = stopGradient(clip(max(x, { axes, keepDims: true }), { min: -largest, max: largest }));
  const rest = log(sum(exp(sub(x, highest)), { axes, keepDims: true }));
  return reshape(add(highest, rest), shape);
}

export interface NormOptions extends ReduceOptions {
  /** 1: Σ|x|; 2: √Σx², unless given; Infinity: the largest |x|. */
  readonly order?: number;
}

/**
 * The norm of x over `axes`. f32; options as for sums. Where x is 0, the gradient is 0 (PyTorch). OptionError: another
 * order than 1, 2 and Infinity.
 */
export function norm(x: Tensor, options: NormOptions = {}): Tensor {
  checkOptions('norm', options, ['axes', 'keepDims', 'order']);
  const { order = 2, axes, keepDims } = options;
  const over: ReduceOptions = { ...(axes === undefined ? {} : { axes }), ...(keepDims ? { keepDims } : {}) };
  if (order === 1) return sum(abs(x), over);
  if (order === Infinity) return max(abs(x), over);
  if (order !== 2) throw new OptionError(`norm: order is ${String(order)}, expected 1, 2 or Infinity`);
  return rootWithout0(sum(square(x), over));
}

/** 1 where some element over `axes` is not 0, else 0; f32, without a gradient. */
export const any = (x: Tensor, options: ReduceOptions = {}): Tensor => stopGradient(max(notEqual(x, 0), options));
/** 1 where every element over `axes` is not 0, else 0; f32, without a gradient. */
export const all = (x: Tensor, options: ReduceOptions = {}): Tensor => stopGradient(min(notEqual(x, 0), options));
