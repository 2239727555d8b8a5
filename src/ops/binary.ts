// Elementwise functions of two tensors, as a table: a WGSL expression, a reference and gradients to a row.

import { ShapeError } from '../core/errors.ts';
import { applyOne, constantTensor, type Tensor } from '../graph/tensor.ts';
import { binaryOp, type ElementwiseOp, exact, internal, near, ulp } from './binary_row.ts';

export type { ElementwiseAttrs, ElementwiseOp } from './binary_row.ts';
export { broadcastTo, sumTo } from './reduce.ts';

/** A number stands for a constant tensor of shape []. */
export type Operand = Tensor | number;

function comparison(name: string, sign: string, holds: (a: number, b: number) => boolean): ElementwiseOp {
  return binaryOp({
    name,
    wgsl: `select(0.0, 1.0, a ${sign} b)`,
    reference: (a, b) => Number(holds(a, b)),
    grad: 'zero',
    accuracy: exact,
    fills: ['distinct', 'normal'],
    kinks: ['ties', 'ties'],
  });
}

export const addOp = binaryOp({
  name: 'add',
  wgsl: 'a + b',
  reference: (a, b) => a + b,
  grad: [({ dy }) => dy, ({ dy }) => dy],
  accuracy: ulp(1),
});
export const subOp = binaryOp({
  name: 'sub',
  wgsl: 'a - b',
  reference: (a, b) => a - b,
  grad: [({ dy }) => dy, ({ dy }) => mul(dy, -1)],
  accuracy: ulp(1),
});
export const mulOp = binaryOp({
  name: 'mul',
  wgsl: 'a * b',
  reference: (a, b) => a * b,
  grad: [({ dy, b }) => mul(dy, b), ({ dy, a }) => mul(dy, a)],
  accuracy: ulp(1),
});
export const divOp = binaryOp({
  name: 'div',
  wgsl: 'a / b',
  reference: (a, b) => a / b,
  grad: [({ dy, b }) => div(dy, b), ({ dy, b, y }) => negativeProduct(div(dy, b), y)],
  accuracy: ulp(3),
  fills: ['normal', 'positive'],
});
export const maximumOp = binaryOp({
  name: 'maximum',
  wgsl: 'max(a, b)',
  reference: (a, b) => Math.max(a, b),
  grad: [({ dy, a, b }) => mul(dy, greaterEqual(a, b)), ({ dy, a, b }) => mul(dy, less(a, b))],
  accuracy: exact,
});
export const minimumOp = binaryOp({
  name: 'minimum',
  wgsl: 'min(a, b)',
  reference: (a, b) => Math.min(a, b),
  grad: [({ dy, a, b }) => mul(dy, lessEqual(a, b)), ({ dy, a, b }) => mul(dy, greater(a, b))],
  accuracy: exact,
});
export const powOp = binaryOp({
  name: 'pow',
  wgsl: 'power(a, b)',
  reference: (a, b) => a ** b,
  grad: [({ dy, a, b }) => mul(dy, powSlope(a, b)), ({ dy, a, y }) => mul(dy, productWithLog(y, a))],
  accuracy: near(1e-7, 1e-5),
  fills: ['positive', { values: [2, -1, 0.5, 3, 0, 1.25] }],
  flops: 10,
  exponentials: 2,
});
export const equalOp = comparison('equal', '==', (a, b) => a === b);
export const notEqualOp = comparison('not_equal', '!=', (a, b) => a !== b);
export const lessOp = comparison('less', '<', (a, b) => a < b);
export const lessEqualOp = comparison('less_equal', '<=', (a, b) => a <= b);
export const greaterOp = comparison('greater', '>', (a, b) => a > b);
export const greaterEqualOp = comparison('greater_equal', '>=', (a, b) => a >= b);

/** Binary cross-entropy of logits a against targets b, without overflow. */
export const sigmoidCrossEntropyOp = binaryOp({
  name: 'sigmoid_cross_entropy',
  wgsl: 'max(a, 0.0) - a * b + log1p(exponential(-abs(a)))',
  reference: (a, b) => Math.max(a, 0) - a * b + Math.log1p(Math.exp(-Math.abs(a))),
  grad: [({ dy, a, b }) => mul(dy, sigmoidMinus(a, b)), ({ dy, a }) => negativeProduct(dy, a)],
  accuracy: near(2e-6, 1e-6),
  flops: 20,
  exponentials: 2,
});

// Rows that exist as parts of gradients, one dispatch each; they have no gradient of their own.

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

const negativeProductOp = internal({
  name: 'negative_product',
  wgsl: '-(a * b)',
  reference: (a, b) => -a * b,
  accuracy: ulp(1),
});
const powSlopeOp = internal({
  name: 'pow_slope',
  wgsl: 'select(b * power(a, b - 1.0), 0.0, b == 0.0)',
  reference: (a, b) => (b === 0 ? 0 : b * a ** (b - 1)),
  accuracy: near(1e-6, 2e-5),
  fills: ['positive', { values: [2, -1, 0.5, 3, 0, 1.25] }],
  flops: 12,
  exponentials: 2,
});
const productWithLogOp = internal({
  name: 'product_with_log',
  wgsl: 'select(0.0, a * log(select(1.0, b, b > 0.0)), b > 0.0)',
  reference: (a, b) => (b > 0 ? a * Math.log(b) : 0),
  accuracy: near(3e-6, 2e-6),
  fills: ['normal', 'positive'],
  flops: 4,
  exponentials: 1,
});
const sigmoidMinusOp = internal({
  name: 'sigmoid_minus',
  wgsl: 'sigmoid(a) - b',
  reference: (a, b) => logistic(a) - b,
  flops: 8,
  exponentials: 1,
});

const reluGradOp = internal({
  name: 'relu_grad',
  wgsl: 'select(0.0, a, b > 0.0)',
  reference: (dy, y) => (y > 0 ? dy : 0),
  accuracy: exact,
});
const leakyReluGradOp = internal({
  name: 'leaky_relu_grad',
  wgsl: 'select(p * a, a, b > 0.0)',
  reference: (dy, y, negativeSlope) => (y > 0 ? dy : dy * negativeSlope),
  parameters: ['negativeSlope'],
  sampled: [[0.25], [0]],
  accuracy: ulp(1),
});
const eluGradOp = internal({
  name: 'elu_grad',
  wgsl: 'select(a * (b + p), a, b > 0.0)',
  reference: (dy, y, alpha) => (y > 0 ? dy : dy * (y + alpha)),
  parameters: ['alpha'],
  sampled: [[0.7], [0]],
});
const seluGradOp = internal({
  name: 'selu_grad',
  wgsl: 'select(a * (b + 1.7580993), 1.050701 * a, b > 0.0)',
  reference: (dy, y) => dy * (y > 0 ? seluScale : y + seluScale * seluAlpha),
});
const sigmoidGradOp = internal({
  name: 'sigmoid_grad',
  wgsl: 'a * (b * (1.0 - b))',
  reference: (dy, y) => dy * y * (1 - y),
  fills: ['normal', 'positive'],
});
const tanhGradOp = internal({
  name: 'tanh_grad',
  wgsl: 'a * ((1.0 - b) * (1.0 + b))',
  reference: (dy, y) => dy * (1 - y * y),
  fills: ['normal', 'positive'],
});
const softplusGradOp = internal({
  name: 'softplus_grad',
  wgsl: 'a * sigmoid(b)',
  reference: (dy, x) => dy * logistic(x),
  flops: 8,
  exponentials: 1,
});
const siluGradOp = internal({
  name: 'silu_grad',
  wgsl: 'a * silu_slope(b)',
  reference: (dy, x) => dy * logistic(x) * (1 + x * (1 - logistic(x))),
  accuracy: near(5e-6, 2e-6),
  flops: 12,
  exponentials: 1,
});
const geluGradOp = internal({
  name: 'gelu_grad',
  wgsl: 'a * gelu_slope(b)',
  reference: (dy, x) => dy * (0.5 * (1 + errorFunction(x / Math.SQRT2)) + x * normalDensity(x)),
  accuracy: near(5e-6, 2e-6),
  flops: 40,
  exponentials: 1,
});
const geluTanhGradOp = internal({
  name: 'gelu_tanh_grad',
  wgsl: 'a * gelu_tanh_slope(b)',
  reference: (dy, x) => {
    const t = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x));
  },
  accuracy: near(5e-6, 2e-6),
  flops: 20,
  exponentials: 1,
});
const erfGradOp = internal({
  name: 'erf_grad',
  wgsl: 'a * (1.1283792 * exp(-min(b * b, 100.0)))',
  reference: (dy, x) => dy * (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x),
  flops: 6,
  exponentials: 1,
});
const clipGradOp = internal({
  name: 'clip_grad',
  wgsl: 'select(0.0, a, b >= p && b <= q)',
  reference: (dy, x, min, max) => (x >= min && x <= max ? dy : 0),
  parameters: ['min', 'max'],
  sampled: [
    [-0.5, 0.75],
    [-3.4028234663852886e38, 3.4028234663852886e38],
    [-3.4028234663852886e38, 0.5],
    [0, 3.4028234663852886e38],
  ],
  accuracy: exact,
});
const absGradOp = internal({
  name: 'abs_grad',
  wgsl: 'a * sign(b)',
  reference: (dy, x) => dy * Math.sign(x),
  accuracy: exact,
  fills: ['normal', 'ties'],
});
const squareGradOp = internal({
  name: 'square_grad',
  wgsl: '2.0 * a * b',
  reference: (dy, x) => 2 * dy * x,
  accuracy: ulp(2),
});
const sqrtGradOp = internal({
  name: 'sqrt_grad',
  wgsl: '0.5 * a / b',
  reference: (dy, y) => (0.5 * dy) / y,
  accuracy: ulp(4),
  fills: ['normal', 'positive'],
});
const rsqrtGradOp = internal({
  name: 'rsqrt_grad',
  wgsl: '-0.5 * a * b * b * b',
  reference: (dy, y) => -0.5 * dy * y ** 3,
  accuracy: ulp(5),
  fills: ['normal', 'positive'],
});
const reciprocalGradOp = internal({
  name: 'reciprocal_grad',
  wgsl: '-a * b * b',
  reference: (dy, y) => -dy * y * y,
  accuracy: ulp(3),
});
const log1pGradOp = internal({
  name: 'log1p_grad',
  wgsl: 'a / (1.0 + b)',
  reference: (dy, x) => dy / (1 + x),
  accuracy: ulp(5),
  fills: ['normal', 'positive'],
});
const expm1GradOp = internal({
  name: 'expm1_grad',
  wgsl: 'a * (b + 1.0)',
  reference: (dy, y) => dy * (y + 1),
});
const sinGradOp = internal({
  name: 'sin_grad',
  wgsl: 'a * sine_shifted(b, 1u)',
  reference: (dy, x) => dy * Math.cos(x),
  flops: 20,
});
const cosGradOp = internal({
  name: 'cos_grad',
  wgsl: '-a * sine_shifted(b, 0u)',
  reference: (dy, x) => -dy * Math.sin(x),
  flops: 20,
});

/** SELU's constants (Klambauer et al. 2017, arXiv:1706.02515, equation 14). */
export const seluAlpha = 1.6732632423543772;
export const seluScale = 1.0507009873554805;

/** erf in double precision: the series of positive terms 2/√π·e^(−x²)·Σ 2ⁿx^(2n+1)/(2n+1)!!, and ±1 from 6 on. */
export function errorFunction(x: number): number {
  if (Math.abs(x) >= 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

export const gradientRows = {
  relu: reluGradOp,
  leakyRelu: leakyReluGradOp,
  elu: eluGradOp,
  selu: seluGradOp,
  sigmoid: sigmoidGradOp,
  tanh: tanhGradOp,
  softplus: softplusGradOp,
  silu: siluGradOp,
  gelu: geluGradOp,
  geluTanh: geluTanhGradOp,
  erf: erfGradOp,
  clip: clipGradOp,
  abs: absGradOp,
  square: squareGradOp,
  sqrt: sqrtGradOp,
  rsqrt: rsqrtGradOp,
  reciprocal: reciprocalGradOp,
  log1p: log1pGradOp,
  expm1: expm1GradOp,
  sin: sinGradOp,
  cos: cosGradOp,
} satisfies Record<string, ElementwiseOp>;

export const binaryOps: readonly ElementwiseOp[] = [
  addOp,
  subOp,
  mulOp,
  divOp,
  maximumOp,
  minimumOp,
  powOp,
  equalOp,
  notEqualOp,
  lessOp,
  lessEqualOp,
  greaterOp,
  greaterEqualOp,
  sigmoidCrossEntropyOp,
  negativeProductOp,
  powSlopeOp,
  productWithLogOp,
  sigmoidMinusOp,
  ...Object.values(gradientRows),
];

function operand(where: string, value: Operand): Tensor {
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(Math.fround(value)))
    throw new ShapeError(`${where}: a number must be finite in f32, got ${value}`);
  return constantTensor(Float32Array.of(value), [], 'f32');
}

/** Adds an elementwise op of two operands to the graph. */
export function pair(op: ElementwiseOp, a: Operand, b: Operand): Tensor {
  return applyOne(op, [operand(op.name, a), operand(op.name, b)], {});
}

// Each of these takes f32 tensors whose shapes broadcast by NumPy's rule (or numbers) and gives the broadcast shape;
// a ShapeError says where they do not, or where a dtype is not f32. A broadcast operand's gradient is summed.

/** a + b */
export const add = (a: Operand, b: Operand): Tensor => pair(addOp, a, b);
/** a − b */
export const sub = (a: Operand, b: Operand): Tensor => pair(subOp, a, b);
/** a·b */
export const mul = (a: Operand, b: Operand): Tensor => pair(mulOp, a, b);
/** a / b. Where b is 0 the result is not defined. */
export const div = (a: Operand, b: Operand): Tensor => pair(divOp, a, b);
/** The larger of a and b; where they are equal the gradient goes to a (NumPy and PyTorch differ: PyTorch halves it). */
export const maximum = (a: Operand, b: Operand): Tensor => pair(maximumOp, a, b);
/** The smaller of a and b; where they are equal the gradient goes to a. */
export const minimum = (a: Operand, b: Operand): Tensor => pair(minimumOp, a, b);
/** aᵇ, with 0⁰ = 1: infinite where a = 0 and b < 0, NaN where a < 0 and b is no integer. */
export const pow = (a: Operand, b: Operand): Tensor => pair(powOp, a, b);
/** 1 where a = b, else 0. Comparisons give f32; their gradient is 0, so they serve as masks. */
export const equal = (a: Operand, b: Operand): Tensor => pair(equalOp, a, b);
/** 1 where a ≠ b, else 0. */
export const notEqual = (a: Operand, b: Operand): Tensor => pair(notEqualOp, a, b);
/** 1 where a < b, else 0. */
export const less = (a: Operand, b: Operand): Tensor => pair(lessOp, a, b);
/** 1 where a ≤ b, else 0. */
export const lessEqual = (a: Operand, b: Operand): Tensor => pair(lessEqualOp, a, b);
/** 1 where a > b, else 0. */
export const greater = (a: Operand, b: Operand): Tensor => pair(greaterOp, a, b);
/** 1 where a ≥ b, else 0. */
export const greaterEqual = (a: Operand, b: Operand): Tensor => pair(greaterEqualOp, a, b);
/** max(a, 0) − a·b + log(1 + e^(−|a|)): the cross-entropy of targets b in [0, 1] against sigmoid(a). */
export const sigmoidCrossEntropy = (a: Operand, b: Operand): Tensor => pair(sigmoidCrossEntropyOp, a, b);

/** a + b + … of at least one tensor; shapes broadcast. */
export const addN = (tensors: readonly Tensor[]): Tensor => folded('addN', add, tensors);
/** (a + b + …) / n */
export const meanN = (tensors: readonly Tensor[]): Tensor => mul(folded('meanN', add, tensors), 1 / tensors.length);
/** The largest of a, b, …, element by element; among equals the gradient goes to the first. */
export const maximumN = (tensors: readonly Tensor[]): Tensor => folded('maximumN', maximum, tensors);
/** The smallest of a, b, …; among equals the gradient goes to the first. */
export const minimumN = (tensors: readonly Tensor[]): Tensor => folded('minimumN', minimum, tensors);

function folded(where: string, f: (a: Tensor, b: Tensor) => Tensor, tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 0) throw new ShapeError(`${where}: no tensors given, expected at least one`);
  return tensors.reduce((a, b) => f(a, b));
}

const negativeProduct = (a: Tensor, b: Tensor): Tensor => pair(negativeProductOp, a, b);
const powSlope = (a: Tensor, b: Tensor): Tensor => pair(powSlopeOp, a, b);
const productWithLog = (a: Tensor, b: Tensor): Tensor => pair(productWithLogOp, a, b);
const sigmoidMinus = (a: Tensor, b: Tensor): Tensor => pair(sigmoidMinusOp, a, b);
