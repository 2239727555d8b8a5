// Rounding and remainders.

import type { Tensor } from '../graph/tensor.ts';
import { mul, type Operand, pair } from './binary.ts';
import { binaryOp, type ElementwiseOp, exact, internal } from './binary_row.ts';
import { call, unaryOp } from './unary_row.ts';

const halves = [-3.5, -2.5, -1.5, -0.5, -0.25, 0, 0.25, 0.5, 1.5, 2.5, 3, -4, 8388607.5, -8388608, 1e10, 4.4999995];

/** The nearest integer, the even one of two. */
function nearestEven(x: number): number {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

const step = (name: string, reference: (x: number) => number): ElementwiseOp =>
  unaryOp({ name, wgsl: `${name}(x)`, reference, grad: () => null, accuracy: exact, kinks: halves });

const ceilOp = step('ceil', Math.ceil);
const floorOp = step('floor', Math.floor);
const truncOp = step('trunc', Math.trunc);
const roundOp = step('round', nearestEven);

const truncatedQuotientOp = internal({
  name: 'truncated_quotient',
  wgsl: 'trunc(a / b)',
  reference: (a, b) => Math.trunc(a / b),
  fills: ['normal', { values: [0.75, -1.5, 3, -0.625] }],
  accuracy: exact,
});
const flooredQuotientOp = internal({
  name: 'floored_quotient',
  wgsl: 'floor(a / b)',
  reference: (a, b) => Math.floor(a / b),
  fills: ['normal', { values: [0.75, -1.5, 3, -0.625] }],
  accuracy: exact,
});

const remainders = {
  fills: ['normal', { values: [0.75, -1.5, 3, -0.625] }],
  kinks: [{ values: [6, -6, 5, -5, 1e30, 0.5, -0.5, 3.4e38, 0, 7.5] }, { values: [3, -3, 2.5, 0.1, -7] }],
  flops: 30,
} as const;

const fmodOp = binaryOp({
  name: 'fmod',
  wgsl: 'truncated_remainder(a, b)',
  reference: (a, b) => a % b,
  grad: [({ dy }) => dy, ({ dy, a, b }) => mul(dy, mul(pair(truncatedQuotientOp, a, b), -1))],
  accuracy: exact,
  ...remainders,
});
const modOp = binaryOp({
  name: 'mod',
  wgsl: 'floored_remainder(a, b)',
  reference: (a, b) => (a % b !== 0 && a % b < 0 !== b < 0 ? (a % b) + b : a % b),
  grad: [({ dy }) => dy, ({ dy, a, b }) => mul(dy, mul(pair(flooredQuotientOp, a, b), -1))],
  accuracy: { kind: 'ulp', ulp: 1 },
  ...remainders,
});

export const roundingOps: readonly ElementwiseOp[] = [
  ceilOp,
  floorOp,
  truncOp,
  roundOp,
  truncatedQuotientOp,
  flooredQuotientOp,
  fmodOp,
  modOp,
];

// These take f32; their gradient is 0.

/** The least integer not below x. */
export const ceil = (x: Tensor): Tensor => call(ceilOp, x);
/** The greatest integer not above x. */
export const floor = (x: Tensor): Tensor => call(floorOp, x);
/** x without its fraction: towards 0. */
export const trunc = (x: Tensor): Tensor => call(truncOp, x);
/** The nearest integer; halfway between two, the even one. */
export const round = (x: Tensor): Tensor => call(roundOp, x);

// Remainders are exact. Operands broadcast as those of `add`; where b is 0 the result is NaN. The gradient to a is 1, to
// b minus the whole quotient.

/** a − b·trunc(a / b), with the sign of a: C's fmod, and `%` in JavaScript. */
export const fmod = (a: Operand, b: Operand): Tensor => pair(fmodOp, a, b);
/** a − b·floor(a / b), with the sign of b: `%` in Python, PyTorch's remainder. */
export const mod = (a: Operand, b: Operand): Tensor => pair(modOp, a, b);
