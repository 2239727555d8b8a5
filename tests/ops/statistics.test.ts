import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { cumulativeProd } from '../../src/ops/cumulative_prod.ts';
import { cumulativeSum } from '../../src/ops/cumulative_sum.ts';
import { sum } from '../../src/ops/functions.ts';
import { prod } from '../../src/ops/prod.ts';
import { all, any, logSumExp, norm, std, variance } from '../../src/ops/statistics.ts';
import { sort, topK } from '../../src/ops/top_k.ts';

function run(f: (x: Tensor) => Tensor, shape: number[], at: readonly number[]) {
  const x = inputTensor('x', shape);
  const y = f(x);
  return { shape: y.shape, values: [...evaluate([y], new Map([[x, Float64Array.from(at)]]))[0]!] };
}

function slope(f: (x: Tensor) => Tensor, shape: number[], at: readonly number[]) {
  const x = inputTensor('x', shape);
  return [...evaluate(gradients(sum(f(x)), [x]), new Map([[x, Float64Array.from(at)]]))[0]!];
}

const smooth = { shape: [2, 3, 4], values: Array.from({ length: 24 }, (_, i) => Math.sin(3 * i + 1) + 0.02 * i) };
const expectGradient = (f: (x: Tensor) => Tensor) =>
  expect(gradcheck(({ x }) => f(x!), { x: smooth })).toMatchObject({ passed: true });

test('cumulativeSum in all four ways (ONNX CumSum)', () => {
  const row = (options: Parameters<typeof cumulativeSum>[1]) =>
    run((x) => cumulativeSum(x, options), [4], [1, 2, 3, 4]).values;
  expect(row({})).toEqual([1, 3, 6, 10]);
  expect(row({ exclusive: true })).toEqual([0, 1, 3, 6]);
  expect(row({ reverse: true })).toEqual([10, 9, 7, 4]);
  expect(row({ exclusive: true, reverse: true })).toEqual([9, 7, 4, 0]);
  expect(run((x) => cumulativeSum(x, { axis: 0 }), [2, 2], [1, 2, 3, 4]).values).toEqual([1, 2, 4, 6]);
  // @ts-expect-error an unknown option
  expect(() => cumulativeSum(inputTensor('x', [2]), { axes: 0 })).toThrow(
    "unknown option 'axes', did you mean 'axis'?",
  );
});

describe('cumulativeProd', () => {
  test('in all four ways (ONNX CumProd)', () => {
    const row = (options: Parameters<typeof cumulativeProd>[1]) =>
      run((x) => cumulativeProd(x, options), [4], [1, 2, 3, 4]).values;
    expect(row({})).toEqual([1, 2, 6, 24]);
    expect(row({ exclusive: true })).toEqual([1, 1, 2, 6]);
    expect(row({ reverse: true })).toEqual([24, 24, 12, 4]);
    expect(row({ exclusive: true, reverse: true })).toEqual([24, 12, 4, 1]);
    expect(run((x) => cumulativeProd(x, { axis: 0 }), [2, 2], [1, 2, 3, 4]).values).toEqual([1, 2, 3, 8]);
  });

  test('the gradient is right with one zero and with two', () => {
    // y = a, ab, abc.
    expect(slope((x) => cumulativeProd(x), [3], [2, 3, 4])).toEqual([1 + 3 + 12, 2 + 8, 6]);
    expect(slope((x) => cumulativeProd(x), [3], [2, 0, 4])).toEqual([1, 2 + 8, 0]);
    expect(slope((x) => cumulativeProd(x), [3], [0, 3, 0])).toEqual([1 + 3, 0, 0]);
    expect(slope((x) => cumulativeProd(x, { exclusive: true }), [3], [2, 0, 4])).toEqual([1, 2, 0]);
    expectGradient((x) => cumulativeProd(x, { axis: 1, reverse: true }));
  });
});

describe('prod', () => {
  test('over axes', () => {
    expect(run((x) => prod(x), [2, 3], [1, 2, 3, 4, 5, 6])).toEqual({ shape: [], values: [720] });
    expect(run((x) => prod(x, { axes: 0, keepDims: true }), [2, 2], [1, 2, 3, 4])).toEqual({
      shape: [1, 2],
      values: [3, 8],
    });
  });

  test('the gradient is right with one zero and with two', () => {
    expect(slope((x) => prod(x), [3], [2, 3, 4])).toEqual([12, 8, 6]);
    expect(slope((x) => prod(x), [3], [2, 0, 4])).toEqual([0, 8, 0]);
    expect(slope((x) => prod(x), [3], [0, 3, 0])).toEqual([0, 0, 0]);
    expectGradient((x) => prod(x, { axes: [0, 2] }));
  });
});

test('variance and std, biased and not', () => {
  const x = [2, 4, 4, 4, 5, 5, 7, 9]; // mean 5, squares 32
  expect(run((t) => variance(t), [8], x).values).toEqual([4]);
  expect(run((t) => std(t), [8], x).values).toEqual([2]);
  expect(run((t) => variance(t, { ddof: 1 }), [8], x).values[0]).toBeCloseTo(32 / 7, 12);
  expect(run((t) => variance(t, { axes: 1, keepDims: true }), [2, 2], [1, 3, 5, 5])).toEqual({
    shape: [2, 1],
    values: [1, 0],
  });
  expect(run((t) => variance(t, { axes: [0, -1] }), [2, 1, 2], [1, 3, 5, 7])).toEqual({ shape: [1], values: [5] });
  expectGradient((t) => variance(t, { axes: 1, ddof: 1 }));
  expectGradient((t) => std(t, { axes: [0, 2] }));
  // Where all are equal neither has a slope that is not a number.
  expect(slope((t) => std(t, { axes: 1 }), [2, 3], [5, 5, 5, 1, 2, 3])).toEqual(
    [0, 0, 0, -1, 0, 1].map((side) => expect.closeTo(side / Math.sqrt(6), 12) as number),
  );
  expect(slope((t) => variance(t), [3], [5, 5, 5])).toEqual([0, 0, 0]);
  expect(run((t) => std(t), [3], [5, 5, 5]).values).toEqual([0]);
  expect(() => variance(inputTensor('x', [3]), { ddof: 3 })).toThrow(
    'variance: ddof is 3, expected at least 0 and below the 3',
  );
});

test('logSumExp is finite where e^x is not, and its gradient is softmax', () => {
  expect(run((x) => logSumExp(x), [2], [1000, 1000]).values[0]).toBeCloseTo(1000 + Math.log(2), 10);
  expect(run((x) => logSumExp(x, { axes: 1, keepDims: true }), [2, 2], [0, 0, -1e4, -1e4 + 1])).toMatchObject({
    shape: [2, 1],
    values: [Math.log(2), expect.closeTo(-1e4 + Math.log(1 + Math.E), 9)],
  });
  const [first, second] = slope((x) => logSumExp(x), [2], [1, 3]);
  expect(first).toBeCloseTo(1 / (1 + Math.exp(2)), 12);
  expect(first! + second!).toBeCloseTo(1, 12);
  expectGradient((x) => logSumExp(x, { axes: [0, 2] }));
});

test('logSumExp of what is infinite', () => {
  const masked = [-Infinity, -Infinity, -Infinity, 2, Infinity, -Infinity, Infinity, 3];
  expect(run((x) => logSumExp(x, { axes: 1 }), [4, 2], masked).values).toEqual([-Infinity, 2, Infinity, Infinity]);
  expect(slope((x) => logSumExp(x, { axes: 1 }), [4, 2], masked)).toEqual([NaN, NaN, 0, 1, NaN, 0, NaN, 0]);
});

test('norms', () => {
  const x = [3, -4, 0, 0];
  expect(run((t) => norm(t, { axes: 1 }), [2, 2], x).values).toEqual([5, 0]);
  expect(run((t) => norm(t, { order: 1 }), [4], x).values).toEqual([7]);
  expect(run((t) => norm(t, { order: Infinity, keepDims: true }), [4], x)).toEqual({ shape: [1], values: [4] });
  expect(slope((t) => norm(t, { axes: 1 }), [2, 2], x)).toEqual([expect.closeTo(0.6, 12), -0.8, 0, 0]);
  expectGradient((t) => norm(t, { axes: [1] }));
  expect(() => norm(inputTensor('x', [2]), { order: 3 })).toThrow('norm: order is 3, expected 1, 2 or Infinity');
});

test('any and all', () => {
  const x = [0, -2, 0, 0, 1, NaN];
  expect(run((t) => any(t, { axes: 1 }), [3, 2], x.slice(0, 4).concat([1, 1])).values).toEqual([1, 0, 1]);
  expect(run((t) => all(t, { axes: 1 }), [3, 2], x.slice(0, 4).concat([1, 1])).values).toEqual([0, 0, 1]);
  expect(slope((t) => any(t), [2], [1, 2])).toEqual([0, 0]);
});

describe('topK and sort', () => {
  const pair = (f: (x: Tensor) => { values: Tensor; indices: Tensor }, shape: number[], at: readonly number[]) => [
    run((x) => f(x).values, shape, at).values,
    run((x) => f(x).indices, shape, at).values,
  ];

  test('the first of equals comes first, and comes at all', () => {
    const x = [3, 1, 3, 2, 3];
    expect(pair((t) => topK(t, 2), [5], x)).toEqual([
      [3, 3],
      [0, 2],
    ]);
    expect(pair((t) => topK(t, 4), [5], x)).toEqual([
      [3, 3, 3, 2],
      [0, 2, 4, 3],
    ]);
    expect(pair((t) => topK(t, 3, { smallest: true }), [5], x)).toEqual([
      [1, 2, 3],
      [1, 3, 0],
    ]);
    expect(pair((t) => topK(t, 2), [3], [0, -0, 0])[1]).toEqual([0, 1]);
    expect(pair((t) => topK(t, 1, { axis: 0 }), [2, 2], [1, 5, 4, 2])).toEqual([
      [4, 5],
      [1, 0],
    ]);
  });

  test('NaN counts as the largest', () => {
    expect(pair((t) => topK(t, 3), [4], [1, NaN, Infinity, -Infinity])).toEqual([
      [NaN, Infinity, 1],
      [1, 2, 0],
    ]);
    expect(pair((t) => sort(t), [4], [1, NaN, Infinity, -Infinity])[1]).toEqual([3, 0, 2, 1]);
  });

  test('sorting is stable in both directions', () => {
    const x = [2, 1, 2, 1];
    expect(pair((t) => sort(t), [4], x)).toEqual([
      [1, 1, 2, 2],
      [1, 3, 0, 2],
    ]);
    expect(pair((t) => sort(t, { descending: true }), [4], x)).toEqual([
      [2, 2, 1, 1],
      [0, 2, 1, 3],
    ]);
  });

  test('the gradient goes where the values came from', () => {
    expect(slope((t) => topK(t, 2).values, [2, 3], [1, 3, 2, 5, 5, 5])).toEqual([0, 1, 1, 1, 1, 0]);
    expectGradient((t) => topK(t, 2, { axis: 1, smallest: true }).values);
  });

  test('messages', () => {
    const x = inputTensor('x', [2, 3]);
    expect(() => topK(x, 4)).toThrow(
      'topK: k is 4, expected an integer from 1 to the 3 elements along axis 1 of [2,3]',
    );
    expect(() => topK(x, 1, { axis: 2 })).toThrow('axis 2 is outside');
    expect(() => sort(inputTensor('i', [2], 'i32'))).toThrow('topK: x is i32, expected f32');
  });
});
