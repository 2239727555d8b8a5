// Elementwise functions of one tensor, as a table: a WGSL expression, a reference and a gradient to a row.

import { checkOptions, OptionError } from '../core/errors.ts';
import { applyOne, type Tensor } from '../graph/tensor.ts';
import { div, errorFunction, gradientRows, mul, seluAlpha, seluScale } from './binary.ts';
import { type ElementwiseAttrs, type ElementwiseOp, exact, near, ulp } from './binary_row.ts';
import { call, number, unaryOp } from './unary_row.ts';

/** dy and x or y through one of the rows that exist for gradients. */
const through = (row: keyof typeof gradientRows, dy: Tensor, other: Tensor, attrs: ElementwiseAttrs = {}): Tensor =>
  applyOne(gradientRows[row], [dy, other], attrs);

// Far out and near 0, but no kink, so that gradients can be checked at them too.
const ends = [-120, -89, -88, -20, -9, -1e-3, 1e-3, 9, 20, 88, 89, 120];
const turns = [-100, -4.5, -3, 0, 1e-6, 0.7853, 0.7855, 1.5708, 3.1416, 6.2832, 1000.25];
// Too far out for finite differences; two of them nearer to a multiple of π/2 than nearly every other f32.
const farTurns = [21999384576, 7.729178919452902e28, -3e38, 12345.678, -1e5, 252.89820861816406, 4.71238899230957];
const small = [-1e-3, -1e-4, -0.26, -0.24, 1e-4, 0.01, 0.2499, 0.2501, 0.4999, 0.5001, -0.4999, -0.5001, 0.04];

export const negOp = unaryOp({
  name: 'neg',
  wgsl: '-x',
  reference: (x) => -x,
  grad: ({ dy }) => neg(dy),
  accuracy: exact,
});
export const absOp = unaryOp({
  name: 'abs',
  wgsl: 'abs(x)',
  reference: Math.abs,
  grad: ({ dy, x }) => through('abs', dy, x),
  accuracy: exact,
});
export const signOp = unaryOp({
  name: 'sign',
  wgsl: 'sign(x)',
  reference: Math.sign,
  grad: () => null,
  accuracy: exact,
  values: [-2, 3, 0.5, -0.25],
});
export const squareOp = unaryOp({
  name: 'square',
  wgsl: 'x * x',
  reference: (x) => x * x,
  grad: ({ dy, x }) => through('square', dy, x),
  accuracy: ulp(1),
});
export const sqrtOp = unaryOp({
  name: 'sqrt',
  wgsl: 'sqrt(x)',
  reference: Math.sqrt,
  grad: ({ dy, y }) => through('sqrt', dy, y),
  accuracy: ulp(5),
  fill: 'positive',
  values: [0.01, 1, 4, 1000],
});
export const rsqrtOp = unaryOp({
  name: 'rsqrt',
  wgsl: 'inverseSqrt(x)',
  reference: (x) => 1 / Math.sqrt(x),
  grad: ({ dy, y }) => through('rsqrt', dy, y),
  accuracy: ulp(3),
  fill: 'positive',
  flops: 2,
});
export const reciprocalOp = unaryOp({
  name: 'reciprocal',
  wgsl: '1.0 / x',
  reference: (x) => 1 / x,
  grad: ({ dy, y }) => through('reciprocal', dy, y),
  accuracy: ulp(3),
  fill: 'positive',
});
export const expOp = unaryOp({
  name: 'exp',
  wgsl: 'exponential(x)',
  reference: Math.exp,
  grad: ({ dy, y }) => mul(dy, y),
  accuracy: ulp(2),
  values: [-20, -10, -1e-3, 0, 1e-3, 9],
  flops: 4,
  exponentials: 1,
});
export const logOp = unaryOp({
  name: 'log',
  wgsl: 'logarithm(x)',
  reference: Math.log,
  grad: ({ dy, x }) => div(dy, x),
  accuracy: ulp(2),
  fill: 'positive',
  values: [0.01, 1, 10, 1000],
  flops: 4,
  exponentials: 1,
});
export const log1pOp = unaryOp({
  name: 'log1p',
  wgsl: 'log1p_of(x)',
  reference: Math.log1p,
  grad: ({ dy, x }) => through('log1p', dy, x),
  accuracy: near(1e-30, 3e-6),
  fill: 'positive',
  values: [...small, 0, 1e-20, 100, -0.9],
  flops: 12,
  exponentials: 1,
});
export const expm1Op = unaryOp({
  name: 'expm1',
  wgsl: 'expm1(x)',
  reference: Math.expm1,
  grad: ({ dy, y }) => through('expm1', dy, y),
  accuracy: near(1e-30, 43 * 2 ** -23),
  values: [...small, 0, 1e-20, 5, -20],
  flops: 12,
  exponentials: 1,
});
export const sinOp = unaryOp({
  name: 'sin',
  wgsl: 'sine_shifted(x, 0u)',
  reference: Math.sin,
  grad: ({ dy, x }) => through('sin', dy, x),
  accuracy: ulp(3),
  values: turns,
  kinks: farTurns,
  flops: 20,
});
export const cosOp = unaryOp({
  name: 'cos',
  wgsl: 'sine_shifted(x, 1u)',
  reference: Math.cos,
  grad: ({ dy, x }) => through('cos', dy, x),
  accuracy: ulp(3),
  values: turns,
  kinks: farTurns,
  flops: 20,
});
export const tanhOp = unaryOp({
  name: 'tanh',
  wgsl: 'stable_tanh(x)',
  reference: Math.tanh,
  grad: ({ dy, y }) => through('tanh', dy, y),
  accuracy: near(1e-30, 3e-6),
  values: [...ends, ...small],
  flops: 10,
  exponentials: 1,
});
export const sigmoidOp = unaryOp({
  name: 'sigmoid',
  wgsl: 'sigmoid(x)',
  reference: (x) => 1 / (1 + Math.exp(-x)),
  grad: ({ dy, y }) => through('sigmoid', dy, y),
  accuracy: near(2 ** -126, 46 * 2 ** -23),
  values: [...small, -20, 20, 88, 120, -120],
  flops: 8,
  exponentials: 1,
});
export const reluOp = unaryOp({
  name: 'relu',
  wgsl: 'max(x, 0.0)',
  reference: (x) => Math.max(x, 0),
  grad: ({ dy, y }) => through('relu', dy, y),
  accuracy: exact,
  values: ends,
});
export const leakyReluOp = unaryOp({
  name: 'leaky_relu',
  wgsl: 'select(p * x, x, x > 0.0)',
  reference: (x, negativeSlope) => (x > 0 ? x : negativeSlope * x),
  grad: ({ dy, y, attrs }) => through('leakyRelu', dy, y, attrs),
  accuracy: ulp(1),
  parameters: ['negativeSlope'],
  sampled: [[Math.fround(0.01)], [0.25], [0]],
});
export const eluOp = unaryOp({
  name: 'elu',
  wgsl: 'select(p * expm1(x), x, x > 0.0)',
  reference: (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)),
  grad: ({ dy, y, attrs }) => through('elu', dy, y, attrs),
  accuracy: near(1e-30, 3e-6),
  parameters: ['alpha'],
  sampled: [[1], [0.5], [0]],
  values: [...ends, ...small],
  flops: 12,
  exponentials: 1,
});
export const seluOp = unaryOp({
  name: 'selu',
  wgsl: 'select(1.7580993 * expm1(x), 1.050701 * x, x > 0.0)',
  reference: (x) => seluScale * (x > 0 ? x : seluAlpha * Math.expm1(x)),
  grad: ({ dy, y }) => through('selu', dy, y),
  accuracy: near(1e-30, 3e-6),
  values: [...ends, ...small],
  flops: 12,
  exponentials: 1,
});
export const softplusOp = unaryOp({
  name: 'softplus',
  wgsl: 'softplus(x)',
  reference: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  grad: ({ dy, x }) => through('softplus', dy, x),
  accuracy: near(1.5e-6, 5e-7),
  values: ends,
  flops: 20,
  exponentials: 2,
});
export const siluOp = unaryOp({
  name: 'silu',
  wgsl: 'x * sigmoid(x)',
  reference: (x) => x / (1 + Math.exp(-x)),
  grad: ({ dy, x }) => through('silu', dy, x),
  accuracy: near(2e-6, 2e-6),
  values: ends,
  flops: 9,
  exponentials: 1,
});
export const geluOp = unaryOp({
  name: 'gelu',
  wgsl: 'gelu(x)',
  reference: (x) => 0.5 * x * (1 + errorFunction(x / Math.SQRT2)),
  grad: ({ dy, x }) => through('gelu', dy, x),
  accuracy: near(2e-6, 2e-6),
  values: [...ends, ...small, -6, -3, 1.4142, 1.4143],
  flops: 27,
  exponentials: 1,
});
export const geluTanhOp = unaryOp({
  name: 'gelu_tanh',
  wgsl: 'gelu_tanh(x)',
  reference: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  grad: ({ dy, x }) => through('geluTanh', dy, x),
  accuracy: near(2e-6, 2e-6),
  values: [...ends, ...small, -6, -3],
  flops: 14,
  exponentials: 1,
});
export const erfOp = unaryOp({
  name: 'erf',
  wgsl: 'erf(x)',
  reference: errorFunction,
  grad: ({ dy, x }) => through('erf', dy, x),
  accuracy: near(1e-30, 2e-6),
  values: [...ends, ...small, 0.999, 1.001, -3, 5],
  flops: 30,
  exponentials: 1,
});
export const clipOp = unaryOp({
  name: 'clip',
  wgsl: 'clamp(x, p, q)',
  reference: (x, min, max) => Math.min(Math.max(x, min), max),
  grad: ({ dy, x, attrs }) => through('clip', dy, x, attrs),
  accuracy: exact,
  parameters: ['min', 'max'],
  sampled: [
    [-0.5, 0.75],
    [0, 3.4028234663852886e38],
    [-3.4028234663852886e38, 0.5],
    [-3.4028234663852886e38, 3.4028234663852886e38],
  ],
});

export const unaryOps: readonly ElementwiseOp[] = [
  negOp,
  absOp,
  signOp,
  squareOp,
  sqrtOp,
  rsqrtOp,
  reciprocalOp,
  expOp,
  logOp,
  log1pOp,
  expm1Op,
  sinOp,
  cosOp,
  tanhOp,
  sigmoidOp,
  reluOp,
  leakyReluOp,
  eluOp,
  seluOp,
  softplusOp,
  siluOp,
  geluOp,
  geluTanhOp,
  erfOp,
  clipOp,
];

// Each of these takes an f32 tensor of any shape and gives the same shape; another dtype is a ShapeError.

/** −x */
export const neg = (x: Tensor): Tensor => call(negOp, x);
/** |x|, with gradient 0 at 0. */
export const abs = (x: Tensor): Tensor => call(absOp, x);
/** −1, 0 or 1; its gradient is 0. */
export const sign = (x: Tensor): Tensor => call(signOp, x);
/** x² */
export const square = (x: Tensor): Tensor => call(squareOp, x);
/** √x for x ≥ 0; the gradient at 0 is not defined. */
export const sqrt = (x: Tensor): Tensor => call(sqrtOp, x);
/** 1 / √x for x > 0. */
export const rsqrt = (x: Tensor): Tensor => call(rsqrtOp, x);
/** 1 / x for x ≠ 0. */
export const reciprocal = (x: Tensor): Tensor => call(reciprocalOp, x);
/** eˣ; f32 overflows from 88.7 on. */
export const exp = (x: Tensor): Tensor => call(expOp, x);
/** The natural logarithm, for x > 0. */
export const log = (x: Tensor): Tensor => call(logOp, x);
/** log(1 + x) for x ≥ −1, accurate near 0; of −1 it is −∞. */
export const log1p = (x: Tensor): Tensor => call(log1pOp, x);
/** eˣ − 1, accurate near 0. */
export const expm1 = (x: Tensor): Tensor => call(expm1Op, x);
/** sin x, of every finite x to a few units in the last place. */
export const sin = (x: Tensor): Tensor => call(sinOp, x);
/** cos x, of every finite x to a few units in the last place. */
export const cos = (x: Tensor): Tensor => call(cosOp, x);
/** tanh x */
export const tanh = (x: Tensor): Tensor => call(tanhOp, x);
/** 1 / (1 + e⁻ˣ) */
export const sigmoid = (x: Tensor): Tensor => call(sigmoidOp, x);
/** max(x, 0), with gradient 0 at 0. */
export const relu = (x: Tensor): Tensor => call(reluOp, x);
/** log(1 + eˣ) */
export const softplus = (x: Tensor): Tensor => call(softplusOp, x);
/** x·sigmoid(x), also called swish. */
export const silu = (x: Tensor): Tensor => call(siluOp, x);
/** 1.0507·(x where x > 0, else 1.6733·(eˣ − 1)) (Klambauer et al. 2017). */
export const selu = (x: Tensor): Tensor => call(seluOp, x);
/** 2/√π·∫₀ˣ e^(−t²) dt */
export const erf = (x: Tensor): Tensor => call(erfOp, x);

/** x where x > 0, else negativeSlope·x. Default 0.01 (PyTorch); an OptionError where it is below 0. */
export function leakyRelu(x: Tensor, options: { negativeSlope?: number } = {}): Tensor {
  checkOptions('leakyRelu', options, ['negativeSlope']);
  return call(leakyReluOp, x, {
    negativeSlope: number('leakyRelu', 'negativeSlope', options.negativeSlope ?? 0.01, 0),
  });
}

/** x where x > 0, else alpha·(eˣ − 1). Default 1 (Clevert et al. 2015, Keras, PyTorch); an OptionError where it is below 0. */
export function elu(x: Tensor, options: { alpha?: number } = {}): Tensor {
  checkOptions('elu', options, ['alpha']);
  return call(eluOp, x, { alpha: number('elu', 'alpha', options.alpha ?? 1, 0) });
}

/** x·Φ(x), Φ the normal distribution function; with `approximate`, x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))). */
export function gelu(x: Tensor, options: { approximate?: boolean } = {}): Tensor {
  checkOptions('gelu', options, ['approximate']);
  return call(options.approximate ? geluTanhOp : geluOp, x);
}

/** x held between min and max; where it is held the gradient is 0. Either may be left out; an OptionError where min > max. */
export function clip(x: Tensor, options: { min?: number; max?: number }): Tensor {
  checkOptions('clip', options, ['min', 'max']);
  const min = number('clip', 'min', options.min ?? -3.4028234663852886e38);
  const max = number('clip', 'max', options.max ?? 3.4028234663852886e38);
  if (min > max)
    throw new OptionError(`clip: min is ${options.min} and max ${options.max}, expected min to be at most max`);
  return call(clipOp, x, { min, max });
}
