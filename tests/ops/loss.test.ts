import { describe, expect, test } from 'vitest';

import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { applyOne, constantTensor, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import { logSoftmaxOp, softmaxOp } from '../../src/ops/softmax.ts';
import { describeSample, sampleValues } from './table.ts';

const f32 = (shape: number[], values: number[]) => constantTensor(Float32Array.from(values), shape, 'f32');
const i32 = (...values: number[]) => constantTensor(Int32Array.from(values), [values.length], 'i32');
const valuesOf = (x: Tensor) => [...evaluate([x])[0]!];

test('softmax', () => {
  const x = f32([1, 4], [-1, 0, 3, 5]);
  expect(valuesOf(ops.softmax(x)).map((value) => Math.round(value * 1000) / 1000)).toEqual([
    0.002, 0.006, 0.118, 0.874,
  ]);
  expect(valuesOf(ops.softmax(f32([3], [1e4, 1e4, -1e4])))).toEqual([
    expect.closeTo(0.5, 12),
    expect.closeTo(0.5, 12),
    0,
  ]);
  expect(valuesOf(ops.logSoftmax(f32([2], [0, 1000])))).toEqual([-1000, 0]);
  expect(() => ops.softmax(inputTensor('x', []))).toThrow('softmax: x is a scalar, expected at least one axis');
});

test('scores of -Infinity', () => {
  const low = -Infinity;
  const x = f32([3, 3], [low, 0, 0, 1, low, low, low, low, low]);
  expect(valuesOf(ops.softmax(x))).toEqual([0, 0.5, 0.5, 1, 0, 0, NaN, NaN, NaN]);
  expect(valuesOf(ops.logSoftmax(x))).toEqual([low, -Math.LN2, -Math.LN2, 0, low, low, NaN, NaN, NaN]);
  const scores = inputTensor('x', [2, 3]);
  const loss = ops.sparseSoftmaxCrossEntropy(scores, i32(1, 0));
  const found = evaluate(
    [loss, gradients(loss, [scores], ops.full([2], 1))[0]!],
    new Map([[scores, Float64Array.of(low, 0, 0, 1, low, low)]]),
  );
  expect(found.map((values) => [...values])).toEqual([
    [Math.LN2, 0],
    [0, -0.5, 0.5, 0, 0, 0],
  ]);
});

test('losses of labels', () => {
  const logits = f32([2, 3], [1, 2, 3, 1, 1, 1]);
  const labels = i32(2, 0);
  const expected = [Math.log(1 + Math.exp(-1) + Math.exp(-2)), Math.log(3)].map((value) => expect.closeTo(value, 12));
  expect(valuesOf(ops.sparseSoftmaxCrossEntropy(logits, labels))).toEqual(expected);
  expect(valuesOf(ops.nll(ops.logSoftmax(logits), labels))).toEqual(expected);
  expect(valuesOf(ops.correctPredictions(logits, labels))).toEqual([1, 1]);
  expect(valuesOf(ops.correctPredictions(logits, i32(1, 2)))).toEqual([0, 0]);
});

test('a label out of range counts as the last class', () => {
  expect(valuesOf(ops.nll(f32([3, 2], [1, 2, 3, 4, 5, 6]), i32(-1, 2, 0)))).toEqual([-2, -4, -5]);
});

test('composed losses', () => {
  const [a, b] = [f32([2, 2], [1, 2, 3, 4]), f32([2, 2], [1, 1, 1, 0])];
  expect(valuesOf(ops.meanSquaredError(a, b))).toEqual([(0 + 1 + 4 + 16) / 4]);
  expect(valuesOf(ops.meanAbsoluteError(a, b))).toEqual([7 / 4]);
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const terms = [-Math.log(sigmoid(1)), -Math.log(sigmoid(2)), -Math.log(sigmoid(3)), -Math.log(1 - sigmoid(4))];
  expect(valuesOf(ops.binaryCrossEntropy(a, b))[0]).toBeCloseTo(terms.reduce((x, y) => x + y) / 4, 12);
  const dense = ops.categoricalCrossEntropy(f32([2, 3], [1, 2, 3, 1, 1, 1]), f32([2, 3], [0, 0, 1, 1, 0, 0]));
  expect(dense.shape).toEqual([]);
  expect(valuesOf(dense)[0]).toBeCloseTo((Math.log(1 + Math.exp(-1) + Math.exp(-2)) + Math.log(3)) / 2, 12);
});

test('messages', () => {
  const x = inputTensor('x', [4, 3]);
  expect(() => ops.nll(x, inputTensor('l', [3], 'i32'))).toThrow('nll: labels are [3], expected [4] for scores [4,3]');
  expect(() => ops.sparseSoftmaxCrossEntropy(x, inputTensor('l', [4]))).toThrow(
    'sparse_softmax_cross_entropy: labels is f32, expected i32 or u32',
  );
  expect(() => ops.correctPredictions(inputTensor('x', [4]), inputTensor('l', [4], 'i32'))).toThrow(
    'correct_predictions: scores are [4], expected [N,C]',
  );
  expect(() => ops.meanSquaredError(inputTensor('p', [4, 1]), inputTensor('t', [4]))).toThrow(
    'meanSquaredError: the prediction is [4,1] and the target [4], expected one shape',
  );
});

describe('gradients', () => {
  const check = (f: (inputs: Record<string, Tensor>) => Tensor, shapes: Record<string, number[]>) => {
    const at = Object.entries(shapes).map(
      ([name, shape], i) => [name, { shape, values: sampleValues({ shape }, i + 1) }] as const,
    );
    return gradcheck(f, Object.fromEntries(at));
  };

  for (const op of [softmaxOp, logSoftmaxOp]) {
    // Wider rows along random directions only, with the rest of the registry: a difference for each element drowns in rounding.
    for (const sample of op.samples.filter(({ inputs, kink }) => !kink && inputs[0]!.shape.at(-1)! < 1000)) {
      test(`${op.name} ${describeSample(sample)}`, () => {
        expect(check(({ x }) => applyOne(op, [x!], {}), { x: [...sample.inputs[0]!.shape] })).toMatchObject({
          passed: true,
        });
      });
    }
  }
  test('losses of labels', () => {
    const labels = i32(2, 0, 5, -1, 4);
    expect(check(({ x }) => ops.nll(x!, labels), { x: [5, 6] })).toMatchObject({ passed: true });
    expect(check(({ x }) => ops.sparseSoftmaxCrossEntropy(x!, labels), { x: [5, 6] })).toMatchObject({ passed: true });
  });
  test('composed losses', () => {
    const shapes = { p: [3, 4], t: [3, 4] };
    expect(check(({ p, t }) => ops.meanSquaredError(p!, t!), shapes)).toMatchObject({ passed: true });
    expect(check(({ p, t }) => ops.meanAbsoluteError(p!, t!), shapes)).toMatchObject({ passed: true });
    expect(check(({ p, t }) => ops.binaryCrossEntropy(p!, t!), shapes)).toMatchObject({ passed: true });
    expect(check(({ p, t }) => ops.categoricalCrossEntropy(p!, t!), shapes)).toMatchObject({ passed: true });
  });
  test('a loss in the thousands', () => {
    const x = inputTensor('x', [1, 3]);
    const [dx] = evaluate(
      gradients(ops.sparseSoftmaxCrossEntropy(x, i32(0)), [x], ops.full([1], 1)),
      new Map([[x, Float64Array.of(-5e3, 5e3, 0)]]),
    );
    expect([...dx!]).toEqual([-1, 1, 0]);
  });
});
