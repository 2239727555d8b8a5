// ONNX's reductions, products and normalized exponentials.

import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import type { Adapter, Given } from './case.ts';

type Options = { axes: number[]; keepDims: boolean };

const reduction =
  (f: (x: Tensor, options: Options) => Tensor): Adapter =>
  (given) => {
    const x = given.x(0);
    const axes = given.has(1) ? given.numbers(1) : [];
    const keepDims = given.number('keepdims', 1) === 1;
    if (axes.length === 0 && given.number('noop_with_empty_axes', 0) === 1) return [ops.copy(x)];
    return [f(x, { axes: axes.length > 0 ? axes : x.shape.map((_, i) => i), keepDims })];
  };

/** f over the last axis, as over `axis`. */
const along = (f: (x: Tensor) => Tensor, axisUnlessGiven: number): Adapter => {
  return (given: Given) => {
    const x = given.x(0);
    const axis = given.number('axis', axisUnlessGiven);
    const order = x.shape.map((_, i) => i);
    const last = order.splice(axis, 1)[0]!;
    const permutation = [...order, last];
    const back = x.shape.map((_, i) => permutation.indexOf(i));
    return [ops.transpose(f(ops.transpose(x, permutation)), back)];
  };
};

export const reductions: Readonly<Record<string, Adapter>> = {
  Gemm(given) {
    const product = ops.matmul(given.x(0), given.x(1), {
      transposeA: given.number('transA', 0) === 1,
      transposeB: given.number('transB', 0) === 1,
    });
    const scaled = ops.mul(product, given.number('alpha', 1));
    return [given.has(2) ? ops.add(scaled, ops.mul(given.x(2), given.number('beta', 1))) : scaled];
  },
  LogSoftmax: along(ops.logSoftmax, -1),
  MatMul(given) {
    const [a, b] = [given.x(0), given.x(1)];
    const matrixA = a.shape.length === 1 ? ops.expandDims(a, 0) : a;
    const matrixB = b.shape.length === 1 ? ops.expandDims(b, 1) : b;
    let y = ops.matmul(matrixA, matrixB);
    if (a.shape.length === 1) y = ops.squeeze(y, -2);
    if (b.shape.length === 1) y = ops.squeeze(y, -1);
    return [y];
  },
  ReduceL1: reduction((x, options) => ops.sum(ops.abs(x), options)),
  ReduceL2: reduction((x, options) => ops.sqrt(ops.sum(ops.square(x), options))),
  ReduceLogSum: reduction((x, options) => ops.log(ops.sum(x, options))),
  ReduceLogSumExp: reduction(ops.logSumExp),
  ReduceMax: reduction(ops.max),
  ReduceMean: reduction(ops.mean),
  ReduceMin: reduction(ops.min),
  ReduceProd: reduction(ops.prod),
  ReduceSum: reduction(ops.sum),
  ReduceSumSquare: reduction((x, options) => ops.sum(ops.square(x), options)),
  Softmax: along(ops.softmax, -1),
};
