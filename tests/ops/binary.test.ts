import { describe, expect, test } from 'vitest';

import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { binaryOps, type ElementwiseOp } from '../../src/ops/binary.ts';
import * as ops from '../../src/ops/functions.ts';
import { applyOne } from '../../src/graph/tensor.ts';
import { describeSample, sampleValues } from './table.ts';

const run = (f: (a: Tensor, b: Tensor) => Tensor, a: [number[], number[]], b: [number[], number[]]) => {
  const x = inputTensor('a', a[0]);
  const y = inputTensor('b', b[0]);
  const result = f(x, y);
  const [values] = evaluate(
    [result],
    new Map([
      [x, Float64Array.from(a[1])],
      [y, Float64Array.from(b[1])],
    ]),
  );
  return { shape: result.shape, values: [...values!] };
};

describe('broadcasting', () => {
  test('a row, a column and a scalar', () => {
    const matrix: [number[], number[]] = [
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ];
    expect(run(ops.add, matrix, [[3], [10, 20, 30]]).values).toEqual([11, 22, 33, 14, 25, 36]);
    expect(
      run(
        ops.sub,
        [
          [2, 1],
          [10, 20],
        ],
        matrix,
      ).values,
    ).toEqual([9, 8, 7, 16, 15, 14]);
    expect(run(ops.mul, matrix, [[], [2]]).values).toEqual([2, 4, 6, 8, 10, 12]);
  });

  test('both operands at once', () => {
    const { shape, values } = run(
      ops.mul,
      [
        [2, 1, 2],
        [1, 2, 3, 4],
      ],
      [
        [3, 1],
        [1, 10, 100],
      ],
    );
    expect(shape).toEqual([2, 3, 2]);
    expect(values).toEqual([1, 2, 10, 20, 100, 200, 3, 4, 30, 40, 300, 400]);
  });

  test('numbers stand for scalars', () => {
    expect(run((a) => ops.div(1, ops.add(a, 1)), [[2], [1, 3]], [[], [0]]).values).toEqual([0.5, 0.25]);
  });

  test('messages', () => {
    const [a, b] = [inputTensor('a', [2, 3]), inputTensor('b', [2])];
    expect(() => ops.add(a, b)).toThrow('add: shapes [2,3] and [2] do not broadcast: 3 against 2');
    expect(() => ops.mul(a, inputTensor('c', [3], 'i32'))).toThrow('mul: b is i32, expected f32');
    expect(() => ops.mul(a, NaN)).toThrow('mul: a number must be finite in f32, got NaN');
    const wide = inputTensor('wide', [2, 1, 2, 1, 2, 1, 2]);
    const tall = inputTensor('tall', [1, 2, 1, 2, 1, 2, 1]);
    expect(() => ops.add(wide, tall)).toThrow('takes 7 axes, expected 6 at most');
    expect(() => ops.sumTo(a, [2])).toThrow('do not broadcast');
    expect(() => ops.broadcastTo(a, [3])).toThrow('broadcast_to: [2,3] does not broadcast to [3] but to [2,3]');
  });

  test('sumTo sums what broadcasting repeats', () => {
    const matrix: [number[], number[]] = [
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ];
    expect(run((x) => ops.sumTo(x, [3]), matrix, [[], [0]]).values).toEqual([5, 7, 9]);
    expect(run((x) => ops.sumTo(x, [2, 1]), matrix, [[], [0]])).toEqual({ shape: [2, 1], values: [6, 15] });
    expect(run((x) => ops.sumTo(x, []), matrix, [[], [0]])).toEqual({ shape: [], values: [21] });
    expect(
      run(
        (x) => ops.broadcastTo(x, [2, 2]),
        [
          [2, 1],
          [1, 2],
        ],
        [[], [0]],
      ).values,
    ).toEqual([1, 1, 2, 2]);
  });
});

test('values', () => {
  const pair = (f: typeof ops.add, a: number, b: number) => run(f, [[], [a]], [[], [b]]).values[0];
  expect(pair(ops.maximum, 2, 3)).toBe(3);
  expect(pair(ops.minimum, 2, 3)).toBe(2);
  expect(pair(ops.pow, 2, -2)).toBe(0.25);
  expect(pair(ops.pow, -2, 3)).toBe(-8);
  expect(
    [ops.equal, ops.notEqual, ops.less, ops.lessEqual, ops.greater, ops.greaterEqual].map((f) => pair(f, 2, 2)),
  ).toEqual([1, 0, 0, 1, 0, 1]);
  expect(pair(ops.sigmoidCrossEntropy, 1000, 1)).toBe(0);
  expect(pair(ops.sigmoidCrossEntropy, -1000, 1)).toBe(1000);
});

describe('gradients', () => {
  for (const op of binaryOps.filter(({ grad }) => grad !== null)) {
    for (const sample of op.samples.filter(({ kink }) => !kink)) check(op, sample);
  }

  function check(op: ElementwiseOp, sample: ElementwiseOp['samples'][number]) {
    test(`${op.name} ${describeSample(sample)}`, () => {
      const at = Object.fromEntries(
        sample.inputs.map((input, i) => [`x${i}`, { shape: input.shape, values: sampleValues(input, i + 1) }]),
      );
      const result = gradcheck((x) => applyOne(op, Object.values(x), sample.attrs), at);
      expect(result).toMatchObject({ passed: true });
    });
  }
});

test('comparisons are masks: their gradient is 0, so what they are multiplied by has one', () => {
  const x = { shape: [4], values: [-2, -0.5, 0.5, 3] };
  expect(gradcheck(({ x: value }) => ops.mul(value!, ops.greater(value!, 0)), { x })).toMatchObject({ passed: true });
  expect(gradcheck(({ x: value }) => ops.logicalAnd(value!, ops.less(value!, 1)), { x })).toMatchObject({
    passed: true,
    analytic: 0,
  });
});

test('several tensors', () => {
  const tensors = (f: (all: readonly Tensor[]) => Tensor) =>
    run((a, b) => f([a, b, a]), [[2], [1, -4]], [[2], [3, 8]]).values;
  expect(tensors(ops.addN)).toEqual([5, 0]);
  expect(tensors(ops.meanN)).toEqual([expect.closeTo(5 / 3, 6), 0]);
  expect(tensors(ops.maximumN)).toEqual([3, 8]);
  expect(tensors(ops.minimumN)).toEqual([1, -4]);
  expect(() => ops.addN([])).toThrow('addN: no tensors given, expected at least one');
});
