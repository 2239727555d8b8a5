// ONNX's elementwise operators.

import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import type { Adapter, Given } from './case.ts';

const one =
  (f: (x: Tensor, given: Given) => Tensor): Adapter =>
  (given) => [f(given.x(0), given)];
const two =
  (f: (a: Tensor, b: Tensor, given: Given) => Tensor): Adapter =>
  (given) => [f(given.x(0), given.x(1), given)];
const several =
  (f: (tensors: readonly Tensor[]) => Tensor): Adapter =>
  (given) => [f(given.inputs.map((_, i) => given.x(i)))];
const whole = ({ inputs }: Given): boolean => inputs[0]?.dtype === 'int32';

export const elementwise: Readonly<Record<string, Adapter>> = {
  Abs: one(ops.abs),
  Acos: one(ops.acos),
  Acosh: one(ops.acosh),
  Add: two(ops.add),
  And: two(ops.logicalAnd),
  Asin: one(ops.asin),
  Asinh: one(ops.asinh),
  Atan: one(ops.atan),
  Atanh: one(ops.atanh),
  // Conversions round: f32 is what everything is kept in, so each case shows that a number survives it.
  Cast: one(ops.copy),
  Ceil: one(ops.ceil),
  Celu: one((x, { number }) => ops.celu(x, { alpha: number('alpha', 1) })),
  Clip(given) {
    const min = given.has(1) ? given.numbers(1)[0] : undefined;
    const max = given.has(2) ? given.numbers(2)[0] : undefined;
    // ONNX: min(max(x, min), max), so that max wins where min is above it.
    const swapped = min !== undefined && max !== undefined && min > max;
    return [
      ops.clip(given.x(0), {
        ...(min !== undefined && { min: swapped ? max! : min }),
        ...(max !== undefined && { max }),
      }),
    ];
  },
  Cos: one(ops.cos),
  Cosh: one(ops.cosh),
  // Whole numbers are divided towards 0.
  Div: two((a, b, given) => (whole(given) ? ops.trunc(ops.div(a, b)) : ops.div(a, b))),
  Elu: one((x, { number }) => ops.elu(x, { alpha: number('alpha', 1) })),
  Equal: two(ops.equal),
  Erf: one(ops.erf),
  Exp: one(ops.exp),
  Floor: one(ops.floor),
  Gelu: one((x, { text }) => ops.gelu(x, { approximate: text('approximate', 'none') === 'tanh' })),
  Greater: two(ops.greater),
  GreaterOrEqual: two(ops.greaterEqual),
  HardSigmoid: one((x, { number }) => ops.hardSigmoid(x, { alpha: number('alpha', 0.2), beta: number('beta', 0.5) })),
  HardSwish: one(ops.hardSwish),
  IsInf: one((x, { number }) =>
    ops.isInf(x, { positive: number('detect_positive', 1) === 1, negative: number('detect_negative', 1) === 1 }),
  ),
  IsNaN: one(ops.isNaN),
  LeakyRelu: one((x, { number }) => ops.leakyRelu(x, { negativeSlope: number('alpha', 0.01) })),
  Less: two(ops.less),
  LessOrEqual: two(ops.lessEqual),
  Log: one(ops.log),
  Max: several(ops.maximumN),
  Mean: several(ops.meanN),
  Min: several(ops.minimumN),
  Mish: one(ops.mish),
  Mod: two((a, b, { number }) => (number('fmod', 0) === 1 ? ops.fmod(a, b) : ops.mod(a, b))),
  Mul: two(ops.mul),
  Neg: one(ops.neg),
  Not: one(ops.logicalNot),
  Or: two(ops.logicalOr),
  // A slope for each channel broadcasts from the left there as here.
  PRelu: two(ops.prelu),
  Pow: two((a, b, given) => (whole(given) ? ops.trunc(ops.pow(a, b)) : ops.pow(a, b))),
  Reciprocal: one(ops.reciprocal),
  Relu: one(ops.relu),
  Round: one(ops.round),
  // alpha and gamma are free in ONNX: gamma·elu(x, alpha).
  Selu: one((x, { number, attribute }) =>
    attribute('alpha') === undefined && attribute('gamma') === undefined
      ? ops.selu(x)
      : ops.mul(ops.elu(x, { alpha: number('alpha', 1.67326) }), number('gamma', 1.0507)),
  ),
  Shrink: one((x, { number }) => ops.shrink(x, { lambda: number('lambd', 0.5), bias: number('bias', 0) })),
  Sigmoid: one(ops.sigmoid),
  Sign: one(ops.sign),
  Sin: one(ops.sin),
  Sinh: one(ops.sinh),
  Softplus: one(ops.softplus),
  Softsign: one(ops.softsign),
  Sqrt: one(ops.sqrt),
  Sub: two(ops.sub),
  Sum: several(ops.addN),
  // x·sigmoid(alpha·x)
  Swish: one((x, { number }) => ops.div(ops.silu(ops.mul(x, number('alpha', 1))), number('alpha', 1))),
  Tan: one(ops.tan),
  Tanh: one(ops.tanh),
  ThresholdedRelu: one((x, { number }) => ops.thresholdedRelu(x, { theta: number('alpha', 1) })),
  Xor: two(ops.logicalXor),
};
