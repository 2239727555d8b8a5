import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import type { DType, TypedArray, Values } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { add, mul, sum } from '../../src/ops/functions.ts';
import { concat, split } from '../../src/ops/concat.ts';
import { flip, slice, type SliceOptions } from '../../src/ops/slice.ts';
import { stack, unstack } from '../../src/ops/stack.ts';
import { expandDims, repeat, squeeze, tile } from '../../src/ops/tile.ts';
import { transpose } from '../../src/ops/transpose.ts';

const counted = (shape: readonly number[], dtype: DType = 'f32'): Values => {
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => i);
  return dtype === 'f32'
    ? Float64Array.from(values)
    : dtype === 'i32'
      ? Int32Array.from(values)
      : Uint32Array.from(values);
};

/** What f makes of 0, 1, 2, … in `shape`. */
function run(f: (x: Tensor) => Tensor, shape: readonly number[], dtype: DType = 'f32') {
  const x = inputTensor('x', shape, dtype);
  const y = f(x);
  return { shape: y.shape, dtype: y.dtype, values: [...evaluate([y], new Map([[x, counted(shape, dtype)]]))[0]!] };
}

describe('slice', () => {
  const row = (options: SliceOptions) => run((x) => slice(x, options), [10]).values;

  test('starts, sizes, ends and steps as in NumPy', () => {
    expect(row({ starts: [2], sizes: [3] })).toEqual([2, 3, 4]);
    expect(row({ starts: [-3] })).toEqual([7, 8, 9]);
    expect(row({ starts: [2], ends: [-5] })).toEqual([2, 3, 4]);
    expect(row({ starts: [1], ends: [9], steps: [3] })).toEqual([1, 4, 7]);
    expect(row({ starts: [1], ends: [100], steps: [4] })).toEqual([1, 5, 9]);
    expect(row({ starts: [-100], ends: [2] })).toEqual([0, 1]);
    expect(row({ starts: [7], ends: [2], steps: [-2] })).toEqual([7, 5, 3]);
    expect(row({ starts: [100], steps: [-4] })).toEqual([9, 5, 1]);
    expect(row({ starts: [-1], ends: [-Infinity], steps: [-5] })).toEqual([9, 4]);
    expect(row({ starts: [3], ends: [-100], steps: [-1] })).toEqual([3, 2, 1, 0]);
    expect(row({ starts: [8], sizes: [-1], steps: [-3] })).toEqual([8, 5, 2]);
    expect(row({ starts: [0], sizes: [2], steps: [5] })).toEqual([0, 5]);
  });

  test('several axes, and only those named', () => {
    expect(run((x) => slice(x, { starts: [1], ends: [2] }), [3, 2])).toMatchObject({ shape: [1, 2], values: [2, 3] });
    expect(run((x) => slice(x, { axes: [-1], starts: [1] }), [2, 3])).toMatchObject({
      shape: [2, 2],
      values: [1, 2, 4, 5],
    });
    expect(run((x) => slice(x, { axes: [2, 0], starts: [0, 1], steps: [2, -1] }), [2, 1, 3], 'i32')).toEqual({
      shape: [2, 1, 2],
      dtype: 'i32',
      values: [3, 5, 0, 2],
    });
    const x = inputTensor('x', [2, 3]);
    expect(slice(x, { starts: [0, -3], ends: [2, 3] })).toBe(x);
  });

  test('messages', () => {
    const x = inputTensor('x', [4, 3]);
    expect(() => slice(x, { starts: [2], ends: [2] })).toThrow(
      'slice: axis 0 of [4,3] has 0 elements from 2 in steps of 1 to 2, expected at least 1',
    );
    expect(() => slice(x, { starts: [2], sizes: [3] })).toThrow('has 2 elements from 2 in steps of 1, expected 3');
    expect(() => slice(x, { starts: [0], steps: [0] })).toThrow('expected integers and a step other than 0');
    expect(() => slice(x, { starts: [0.5] })).toThrow('expected integers');
    expect(() => slice(x, { starts: [0], sizes: [1], ends: [1] })).toThrow('sizes and ends were both given');
    expect(() => slice(x, { starts: [0, 1], sizes: [1] })).toThrow('slice: sizes has 1 numbers, expected 2');
    expect(() => slice(x, { axes: [1, -1], starts: [0, 1] })).toThrow('slice: axes [1,1] name one axis twice');
    expect(() => slice(x, { axes: [2], starts: [0] })).toThrow('axis 2 is outside a tensor of rank 2');
    expect(() => slice(inputTensor('x', [4], 'u8'), { starts: [1] })).toThrow('x is u8, expected f32 or i32 or u32');
  });

  test('flip', () => {
    expect(run((x) => flip(x), [2, 3]).values).toEqual([5, 4, 3, 2, 1, 0]);
    expect(run((x) => flip(x, -1), [2, 3], 'u32')).toEqual({ shape: [2, 3], dtype: 'u32', values: [2, 1, 0, 5, 4, 3] });
    expect(run((x) => flip(x, [0]), [2, 3]).values).toEqual([3, 4, 5, 0, 1, 2]);
  });
});

/** y[coordinates] for every coordinate of `shape`, in order. */
function table(shape: readonly number[], at: (c: number[]) => number): number[] {
  const values: number[] = [];
  const visit = (c: number[]) => {
    if (c.length === shape.length) values.push(at(c));
    else for (let i = 0; i < shape[c.length]!; i++) visit([...c, i]);
  };
  visit([]);
  return values;
}

describe('transpose', () => {
  test('moves every coordinate', () => {
    const shape = [2, 3, 4, 5];
    const index = ([a, b, c, d]: number[]) => ((a! * 3 + b!) * 4 + c!) * 5 + d!;
    for (const p of [
      [0, 2, 1, 3],
      [3, 2, 1, 0],
      [1, 0, 3, 2],
      [2, 3, 0, 1],
      [0, 3, 1, 2],
      [-1, -4, 1, 2],
    ]) {
      const to = p.map((axis) => shape.at(axis)!);
      const source = (c: number[]) => shape.map((_, axis) => c[p.findIndex((k) => (k + 4) % 4 === axis)]!);
      const y = run((x) => transpose(x, p), shape);
      expect(y.shape).toEqual(to);
      expect(y.values).toEqual(table(to, (c) => index(source(c))));
    }
    expect(run((x) => transpose(x), [2, 3])).toMatchObject({ shape: [3, 2], values: [0, 3, 1, 4, 2, 5] });
  });

  test('axes of length 1 cost nothing, and no change nothing at all', () => {
    const x = inputTensor('x', [2, 1, 3]);
    const moved = transpose(x, [1, 0, 2]);
    expect(moved.source.kind === 'call' && moved.source.call.op.name).toBe('reshape');
    expect(transpose(x, [0, 1, 2])).toBe(x);
    expect(run((t) => transpose(t, [0, 2, 1]), [2, 1, 3]).values).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('messages', () => {
    const x = inputTensor('x', [2, 3]);
    expect(() => transpose(x, [0])).toThrow('transpose: [0] is no permutation of the 2 axes of [2,3]');
    expect(() => transpose(x, [0, 0])).toThrow('is no permutation');
    expect(() => transpose(x, [0, 2])).toThrow('axis 2 is outside a tensor of rank 2');
  });
});

test('concat and split', () => {
  const [a, b] = [inputTensor('a', [2, 1, 2]), inputTensor('b', [2, 2, 2])];
  const feeds = new Map([
    [a, Float64Array.of(1, 2, 3, 4)],
    [b, Float64Array.of(5, 6, 7, 8, 9, 10, 11, 12)],
  ]);
  const y = concat([a, b, a], -2);
  expect([y.shape, [...evaluate([y], feeds)[0]!]]).toEqual([
    [2, 4, 2],
    [1, 2, 5, 6, 7, 8, 1, 2, 3, 4, 9, 10, 11, 12, 3, 4],
  ]);
  const parts = split(y, [1, 2, 1], 1);
  expect(parts.map(({ shape }) => shape)).toEqual([
    [2, 1, 2],
    [2, 2, 2],
    [2, 1, 2],
  ]);
  expect(evaluate(parts, feeds).map((values) => [...values])).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7, 8, 9, 10, 11, 12],
    [1, 2, 3, 4],
  ]);
  expect(split(y, 2, 1).map(({ shape }) => shape)).toEqual([
    [2, 2, 2],
    [2, 2, 2],
  ]);
  expect(() => split(y, 3, 1)).toThrow('split: axis 1 of [2,4,2] does not divide into 3 equal parts');
  expect(() => split(y, [1, 2], 1)).toThrow('split: parts of 1 + 2 = 3 do not make axis 1 of [2,4,2]');
  expect(() => concat([])).toThrow('concat: expected at least one tensor');
  expect(() => concat([a, b])).toThrow('concat: tensor 1 is f32 [2,2,2], expected f32 [2,1,2] except along axis 0');
  expect(() => concat([a, inputTensor('i', [2, 1, 2], 'i32')])).toThrow(
    'concat: tensor 1 is i32 [2,1,2], expected f32',
  );
});

test('stack and unstack', () => {
  const x = inputTensor('x', [2, 3]);
  const feeds = new Map([[x, counted([2, 3])]]);
  const columns = unstack(x, 1);
  expect(columns.map(({ shape }) => shape)).toEqual([[2], [2], [2]]);
  expect(evaluate(columns, feeds).map((values) => [...values])).toEqual([
    [0, 3],
    [1, 4],
    [2, 5],
  ]);
  const y = stack([...columns].reverse(), -1);
  expect([y.shape, [...evaluate([y], feeds)[0]!]]).toEqual([
    [2, 3],
    [2, 1, 0, 5, 4, 3],
  ]);
  expect(stack([x, x]).shape).toEqual([2, 2, 3]);
  expect(() => stack([x, columns[0]!])).toThrow('stack: tensor 1 is [2], expected [2,3]');
});

test('every part of a split takes its own gradient, and a part unused takes none', () => {
  const x = inputTensor('x', [2, 5]);
  const [first, second] = split(x, [1, 2, 2], 1);
  const [dx] = gradients(add(sum(mul(first!, 3)), sum(mul(second!, 5))), [x]);
  expect([...evaluate([dx!], new Map([[x, counted([2, 5])]]))[0]!]).toEqual([3, 5, 5, 0, 0, 3, 5, 5, 0, 0]);
});

test('a gradient through many parts is two calls, not one for each', () => {
  const x = inputTensor('x', [50, 4]);
  const y = stack(unstack(x).map((row, i) => mul(row, i)));
  const [dx] = gradients(y, [x], inputTensor('dy', [50, 4]));
  expect(dx!.source.kind === 'call' && dx!.source.call.op.name).toBe('concat');
});

test('tile and repeat', () => {
  expect(run((x) => tile(x, [2, 2]), [2, 2])).toMatchObject({
    shape: [4, 4],
    values: [0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3],
  });
  expect(run((x) => repeat(x, 2, 1), [2, 2], 'i32')).toEqual({
    shape: [2, 4],
    dtype: 'i32',
    values: [0, 0, 1, 1, 2, 2, 3, 3],
  });
  expect(run((x) => repeat(x, 3, -2), [2, 2])).toMatchObject({
    shape: [6, 2],
    values: [0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3],
  });
  const x = inputTensor('x', [2, 2]);
  expect(tile(x, [1, 1])).toBe(x);
  expect(() => tile(x, [2])).toThrow('tile: repeats are [2], expected a positive integer for each axis of [2,2]');
  expect(() => repeat(x, 0, 0)).toThrow('tile: repeats');
});

test('expandDims and squeeze', () => {
  const x = inputTensor('x', [2, 1, 3, 1]);
  expect(expandDims(x, 0).shape).toEqual([1, 2, 1, 3, 1]);
  expect(expandDims(x, -1).shape).toEqual([2, 1, 3, 1, 1]);
  expect(expandDims(x, 2).shape).toEqual([2, 1, 1, 3, 1]);
  expect(squeeze(x).shape).toEqual([2, 3]);
  expect(squeeze(x, -1).shape).toEqual([2, 1, 3]);
  expect(squeeze(x, [1]).shape).toEqual([2, 3, 1]);
  expect(squeeze(inputTensor('one', [1, 1])).shape).toEqual([]);
  expect(() => squeeze(x, 0)).toThrow('squeeze: axis 0 of [2,1,3,1] has length 2, expected 1');
});

test('second derivatives pass through', () => {
  const at = { x: { shape: [3, 4], values: [0.5, -1, 2, 0.3, 1.5, -0.2, 0.7, 0.9, -1.1, 0.4, 0.8, -0.6] } };
  const f = ({ x }: Record<string, Tensor>) => {
    const picked = slice(flip(transpose(x!)), { starts: [0, 1], steps: [2, 1] });
    const y = concat([
      picked,
      slice(x!, { starts: [1, 1], ends: [3, 3] }),
      tile(slice(x!, { starts: [0, 3] }), [1, 2]),
    ]);
    return gradients(sum(mul(y, mul(y, y))), [x!])[0]!;
  };
  expect(gradcheck(f, at, { relativeTolerance: 1e-4 })).toMatchObject({ passed: true });
});

test('values of every dtype come through as they are', () => {
  const values: TypedArray = Int32Array.of(-2147483648, 2147483647, -1, 0);
  const x = inputTensor('x', [4], 'i32');
  const [y] = evaluate([flip(concat([x, x]))], new Map([[x, values]]));
  expect(y).toEqual(Int32Array.of(0, -1, 2147483647, -2147483648, 0, -1, 2147483647, -2147483648));
});
