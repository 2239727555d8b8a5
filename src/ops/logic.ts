// Truth values: f32, where 0 is false and all else true; results are 0 or 1, with gradient 0, as those of comparisons.

import { checkOptions } from '../core/errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { type Operand, pair } from './binary.ts';
import { binaryOp, type ElementwiseOp, exact } from './binary_row.ts';
import { call, unaryOp } from './unary_row.ts';

const connective = (name: string, wgsl: string, holds: (a: boolean, b: boolean) => boolean): ElementwiseOp =>
  binaryOp({
    name,
    wgsl: `select(0.0, 1.0, ${wgsl})`,
    reference: (a, b) => Number(holds(a !== 0, b !== 0)),
    grad: 'zero',
    accuracy: exact,
    kinks: ['ties', { values: [0, 1, -0, -2, 0.5] }],
  });

const andOp = connective('logical_and', 'a != 0.0 && b != 0.0', (a, b) => a && b);
const orOp = connective('logical_or', 'a != 0.0 || b != 0.0', (a, b) => a || b);
const xorOp = connective('logical_xor', '(a != 0.0) != (b != 0.0)', (a, b) => a !== b);
const notOp = unaryOp({
  name: 'logical_not',
  wgsl: 'select(0.0, 1.0, x == 0.0)',
  reference: (x) => Number(x === 0),
  grad: () => null,
  accuracy: exact,
  kinks: [0, 1, -1, -0, 0.5, 1e30],
});
// WGSL may assume that there are no such numbers, so their bits are looked at.
const isNaNOp = unaryOp({
  name: 'is_nan',
  wgsl: 'select(0.0, 1.0, is_nan(x))',
  reference: (x) => Number(Number.isNaN(x)),
  grad: () => null,
  accuracy: exact,
  kinks: [NaN, 0, Infinity, -Infinity, -NaN, 3.4028234663852886e38, 1, NaN],
});
const isInfOp = unaryOp({
  name: 'is_inf',
  wgsl: 'select(0.0, 1.0, (bitcast<u32>(x) == 0x7f800000u && p != 0.0) || (bitcast<u32>(x) == 0xff800000u && q != 0.0))',
  reference: (x, positive, negative) =>
    Number((x === Infinity && positive !== 0) || (x === -Infinity && negative !== 0)),
  grad: () => null,
  accuracy: exact,
  parameters: ['positive', 'negative'],
  sampled: [
    [1, 1],
    [1, 0],
    [0, 1],
    [0, 0],
  ],
  kinks: [NaN, 0, Infinity, -Infinity, 3.4028234663852886e38, 1, -1],
});

export const logicOps: readonly ElementwiseOp[] = [andOp, orOp, xorOp, notOp, isNaNOp, isInfOp];

/** 1 where both are other than 0, else 0; operands broadcast. */
export const logicalAnd = (a: Operand, b: Operand): Tensor => pair(andOp, a, b);
/** 1 where one or both are other than 0, else 0. */
export const logicalOr = (a: Operand, b: Operand): Tensor => pair(orOp, a, b);
/** 1 where exactly one is other than 0, else 0. */
export const logicalXor = (a: Operand, b: Operand): Tensor => pair(xorOp, a, b);
/** 1 where x is 0, else 0. */
export const logicalNot = (x: Tensor): Tensor => call(notOp, x);
/** 1 where x is not a number, else 0. */
export const isNaN = (x: Tensor): Tensor => call(isNaNOp, x);

/** 1 where x is infinite, else 0; `positive: false` or `negative: false` leaves out those of one sign. */
export function isInf(x: Tensor, options: { positive?: boolean; negative?: boolean } = {}): Tensor {
  checkOptions('isInf', options, ['positive', 'negative']);
  const { positive = true, negative = true } = options;
  return call(isInfOp, x, { positive: Number(positive), negative: Number(negative) });
}
