// Normalization of each channel by its neighbours, as AlexNet has it.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { format, sizeOf } from '../core/shape.ts';
import { expectDType, type Tensor } from '../graph/tensor.ts';
import { add, div, mul, pow } from './binary.ts';
import { sumPool1d } from './pool.ts';
import { reshape } from './reshape.ts';
import { square } from './unary.ts';

export interface LocalResponseOptions {
  /** How many neighbouring channels, itself included; an even number has one more before it (PyTorch). */
  readonly size: number;
  /** 1e-4 unless given (Krizhevsky et al. 2012, PyTorch, ONNX). */
  readonly alpha?: number;
  /** 0.75 unless given. */
  readonly beta?: number;
  /** 1 unless given (PyTorch, ONNX; k in the paper, where it is 2). */
  readonly bias?: number;
}

/**
 * x / (bias + alpha/size · Σ x² of the `size` channels around each)^beta (Krizhevsky et al. 2012): f32 [N, …, C] as it is.
 * ShapeError: a rank below 2 or another dtype. OptionError: numbers out of range: a size below 1, alpha below 0, a bias
 * not above 0, or one that is not finite.
 */
export function localResponseNormalization(x: Tensor, options: LocalResponseOptions): Tensor {
  const where = 'localResponseNormalization';
  checkOptions(where, options, ['size', 'alpha', 'beta', 'bias']);
  const { size, alpha = 1e-4, beta = 0.75, bias = 1 } = options;
  if (!Number.isInteger(size) || size < 1) {
    throw new OptionError(`${where}: size is ${size}, expected a positive integer`);
  }
  const least = { alpha: 0, beta: -Infinity, bias: Number.MIN_VALUE };
  for (const [name, value] of Object.entries({ alpha, beta, bias })) {
    if (value >= least[name as keyof typeof least] && Number.isFinite(value)) continue;
    const range = name === 'alpha' ? ' of at least 0' : name === 'bias' ? ' above 0' : '';
    throw new OptionError(`${where}: ${name} is ${value}, expected a finite number${range}`);
  }
  expectDType(where, 'x', x, 'f32');
  if (x.shape.length < 2) throw new ShapeError(`${where}: x is ${format(x.shape)}, expected [N, ..., C]`);
  const channels = x.shape.at(-1)!;
  const line = reshape(square(x), [sizeOf(x.shape) / channels, channels, 1]);
  const padding = [Math.floor(size / 2), Math.floor((size - 1) / 2)] as const;
  const sums = reshape(sumPool1d(line, { poolSize: size, strides: 1, padding }), x.shape);
  return div(x, pow(add(mul(sums, alpha / size), bias), beta));
}
