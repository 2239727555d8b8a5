import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { apply, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { averagePool2dGradOp, averagePool2dOp } from '../../src/ops/average_pool_2d.ts';
import { averagePool2d, type CountOption, maxPool2d, type PoolOptions2d } from '../../src/ops/pool.ts';
import { sampleValues } from './table.ts';

/** y of one image [1, H, W, 1], and its gradient for dy = 1, 10, 100, … */
function pool(rows: number[][], f: (x: Tensor) => Tensor) {
  const x = inputTensor('x', [1, rows.length, rows[0]!.length, 1]);
  const y = f(x);
  const dy = inputTensor('dy', y.shape);
  const [dx] = gradients(y, [x], dy);
  const feeds = new Map([
    [x, Float64Array.from(rows.flat())],
    [dy, Float64Array.from({ length: y.shape[1]! * y.shape[2]! }, (_, i) => 10 ** i)],
  ]);
  return evaluate([y, dx!], feeds).map((values) => [...values]);
}

const image = [
  [1, 5, 2, 0],
  [3, 4, 2, 7],
  [9, 9, -1, -2],
  [9, 8, -2, -1],
];

test('max pool takes the largest of each window and its gradient goes there', () => {
  const [y, dx] = pool(image, (x) => maxPool2d(x, { poolSize: 2 }));
  expect(y).toEqual([5, 7, 9, -1]);
  expect(dx).toEqual([0, 1, 0, 0, 0, 0, 0, 10, 100, 0, 1000, 0, 0, 0, 0, 0]);
});

test('of equal elements the first gets the gradient, in every window that holds it', () => {
  const flat = [
    [2, 2, 2],
    [2, 2, 2],
  ];
  expect(pool(flat, (x) => maxPool2d(x, { poolSize: 2, strides: 1 }))[1]).toEqual([1, 10, 0, 0, 0, 0]);
  const peak = [
    [0, 1, 0],
    [0, 1, 0],
  ];
  expect(pool(peak, (x) => maxPool2d(x, { poolSize: 2, strides: 1 }))[1]).toEqual([0, 11, 0, 0, 0, 0]);
});

test('padding never wins, and rows after the last window get no gradient', () => {
  const negative = [
    [-5, -4, -3],
    [-2, -6, -7],
    [-8, -9, -1],
  ];
  const [y, dx] = pool(negative, (x) => maxPool2d(x, { poolSize: 2, padding: 'same' }));
  expect(y).toEqual([-2, -3, -8, -1]);
  expect(dx).toEqual([0, 0, 10, 1, 0, 0, 100, 0, 1000]);
  expect(pool(negative, (x) => maxPool2d(x, { poolSize: 2 }))[1]).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0]);
});

test("average pool with 'same' leaves the odd pixel at the bottom right out of the mean", () => {
  const rows = [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ];
  const [y, dx] = pool(rows, (x) => averagePool2d(x, { poolSize: 2, padding: 'same' }));
  expect(y).toEqual([3, 4.5, 7.5, 9]);
  expect(dx).toEqual([0.25, 0.25, 5, 0.25, 0.25, 5, 50, 50, 1000]);
  expect(pool(rows, (x) => averagePool2d(x, { poolSize: 2, padding: 'same', countIncludePad: true }))[0]).toEqual([
    3, 2.25, 3.75, 2.25,
  ]);
});

test('with ceilMode the mean counts padding but not what lies beyond it', () => {
  const rows = Array.from({ length: 4 }, () => [12, 12, 12, 12]);
  const options = { poolSize: 3, strides: 2, padding: 1, ceilMode: true };
  // windows begin at -1, 1 and 3; the padded image ends at 5
  expect(pool(rows, (x) => averagePool2d(x, { ...options, countIncludePad: true }))[0]).toEqual(
    [8, 12, 6, 12, 18, 9, 6, 9, 4.5].map((v) => (v * 2) / 3),
  );
  expect(new Set(pool(rows, (x) => averagePool2d(x, options))[0])).toEqual(new Set([12]));
});

describe('gradients agree with finite differences', () => {
  const shape = [2, 5, 6, 2];
  const at = { x: { shape, values: sampleValues({ shape, fill: 'distinct' }, 8) } };
  const max: PoolOptions2d[] = [
    { poolSize: 2 },
    { poolSize: 3, strides: 1 },
    { poolSize: 3, strides: 2, padding: 'same' },
    { poolSize: [1, 2], strides: [3, 1] },
    { poolSize: 2, ceilMode: true },
  ];
  test.each(max)('max pool %j', (options) => {
    const result = gradcheck(({ x }) => maxPool2d(x!, options), at);
    expect(result.worst, JSON.stringify(result)).toBeLessThanOrEqual(1);
  });
  const average: (PoolOptions2d & CountOption)[] = [
    ...max,
    { poolSize: 3, strides: 2, padding: 1, countIncludePad: true },
    { poolSize: 3, strides: 2, padding: 1, ceilMode: true, countIncludePad: true },
  ];
  test.each(average)('average pool %j', (options) => {
    const result = gradcheck(({ x }) => averagePool2d(x!, options), at);
    expect(result.worst, JSON.stringify(result)).toBeLessThanOrEqual(1);
  });
  test('average pool, second order', () => {
    const attrs = averagePool2dOp.samples[3]!.attrs;
    const inputShape = averagePool2dGradOp.samples[3]!.attrs.inputShape;
    const dyShape = averagePool2dGradOp.samples[3]!.inputs[0]!.shape;
    const result = gradcheck(({ dy }) => apply(averagePool2dGradOp, [dy!], { ...attrs, inputShape })[0]!, {
      dy: { shape: dyShape, values: sampleValues({ shape: dyShape }, 9) },
    });
    expect(result.worst, JSON.stringify(result)).toBeLessThanOrEqual(1);
  });
});

test('messages', () => {
  const x = inputTensor('x', [1, 4, 4, 1]);
  expect(() => maxPool2d(inputTensor('x', [4, 4]), { poolSize: 2 })).toThrow(
    new ShapeError('maxPool2d: x is [4,4], expected [N,H,W,C]'),
  );
  expect(() => maxPool2d(x, { poolSize: 5 })).toThrow(
    'maxPool2d: effective kernel d(k-1)+1 = 5 exceeds padded input 4 in dimension 1',
  );
  expect(() => averagePool2d(x, { poolSize: 2, padding: 2 })).toThrow(
    new ShapeError('averagePool2d: padding 2 in dimension 1 leaves a window empty, expected less than poolSize 2'),
  );
  expect(() => maxPool2d(x, { poolSize: 2, stride: 2 } as PoolOptions2d)).toThrow(
    new OptionError(
      `maxPool2d: unknown option 'stride', did you mean 'strides'?; known: poolSize, strides, padding, dilationRate, ceilMode`,
    ),
  );
  expect(() => maxPool2d(inputTensor('x', [1, 4, 4, 1], 'i32'), { poolSize: 2 })).toThrow(
    'maxPool2d: x is i32, expected f32',
  );
});
