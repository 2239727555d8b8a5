import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import type { TypedArray, Values } from '../../src/core/dtype.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { cast, stopGradient } from '../../src/ops/cast.ts';
import { gather, gatherNd, takeAlongAxis } from '../../src/ops/gather.ts';
import { mul, sum } from '../../src/ops/functions.ts';
import { oneHot } from '../../src/ops/one_hot.ts';
import { scatterElements, scatterNd, type ScatterReduction } from '../../src/ops/scatter.ts';
import { scatterAdd } from '../../src/ops/scatter_add.ts';
import { where } from '../../src/ops/where.ts';

const f32 = (values: readonly number[], shape: readonly number[]) =>
  constantTensor(Float32Array.from(values), shape, 'f32');
const i32 = (values: readonly number[], shape: readonly number[] = [values.length]) =>
  constantTensor(Int32Array.from(values), shape, 'i32');
const values = (tensor: Tensor, feeds?: Map<Tensor, Values>) => [...evaluate([tensor], feeds)[0]!];
/** 0, 1, 2, … */
const counted = (shape: readonly number[]) => f32([...new Array(shape.reduce((a, b) => a * b, 1)).keys()], shape);
/** ∂(Σ weights·y)/∂x for y = f(x). */
function slope(f: (x: Tensor) => Tensor, at: readonly number[], shape: readonly number[], weights: readonly number[]) {
  const x = inputTensor('x', shape);
  const y = f(x);
  return values(gradients(sum(mul(y, f32(weights, y.shape))), [x])[0]!, new Map([[x, Float64Array.from(at)]]));
}

describe('gather', () => {
  test('rows, with repeats, from the end, and beyond it', () => {
    const y = gather(counted([3, 2]), i32([2, 0, -1, 7, -9]));
    expect(y.shape).toEqual([5, 2]);
    expect(values(y)).toEqual([4, 5, 0, 1, 4, 5, 4, 5, 0, 1]);
  });

  test('the shape of the indices takes the axis’s place', () => {
    const y = gather(counted([2, 3, 2]), i32([1, 1, 0, 2], [2, 2]), 1);
    expect(y.shape).toEqual([2, 2, 2, 2]);
    expect(values(y)).toEqual([2, 3, 2, 3, 0, 1, 4, 5, 8, 9, 8, 9, 6, 7, 10, 11]);
    expect(gather(counted([4]), i32([3], []), -1).shape).toEqual([]);
    expect(values(gather(i32([-2147483648, 2147483647]), i32([1, 0])))).toEqual([2147483647, -2147483648]);
  });

  test('its gradient adds where an element was picked several times', () => {
    const f = (x: Tensor) => gather(x, i32([1, 1, -2, 0]));
    expect(slope(f, [0, 0, 0], [3], [1, 10, 100, 1000])).toEqual([1000, 111, 0]);
    const at = { x: { shape: [2, 3, 2], values: Array.from({ length: 12 }, (_, i) => Math.sin(i)) } };
    expect(gradcheck(({ x }) => gather(mul(x!, x!), i32([2, 0, 2, 1, -1], [5]), 1), at)).toMatchObject({
      passed: true,
    });
    const twice = ({ x }: Record<string, Tensor>) =>
      gradients(sum(gather(mul(mul(x!, x!), x!), i32([0, 0, 1]))), [x!])[0]!;
    expect(gradcheck(twice, at)).toMatchObject({ passed: true });
  });

  test('messages', () => {
    const x = inputTensor('x', [4, 3]);
    expect(() => gather(x, inputTensor('i', [2]))).toThrow(new ShapeError('gather: indices is f32, expected i32'));
    expect(() => gather(x, i32([0]), 2)).toThrow('gather: axis 2 is outside a tensor of rank 2');
    expect(() => takeAlongAxis(x, i32([0, 0, 0, 0], [2, 2]))).toThrow(
      'takeAlongAxis: indices are [2,2], expected [4,3] except along axis 1',
    );
    expect(() => gatherNd(x, i32([0, 0, 0], [1, 3]))).toThrow(
      'gatherNd: indices are [1,3], expected [..., d] with d at most',
    );
  });
});

test('takeAlongAxis picks within each line (ONNX GatherElements, examples of its documentation)', () => {
  expect(values(takeAlongAxis(f32([1, 2, 3, 4], [2, 2]), i32([0, 0, 1, 0], [2, 2]), 1))).toEqual([1, 1, 4, 3]);
  const x = f32([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3]);
  expect(values(takeAlongAxis(x, i32([1, 2, 0, 2, 0, 0], [2, 3]), 0))).toEqual([4, 8, 3, 7, 2, 3]);
  expect(values(takeAlongAxis(x, i32([-1, -2, 0, -2, 0, 0], [2, 3]), 0))).toEqual([7, 5, 3, 4, 2, 3]);
  const f = (t: Tensor) => takeAlongAxis(t, i32([1, 1, 0, -1], [2, 2]), 1);
  expect(slope(f, [0, 0, 0, 0], [2, 2], [1, 10, 100, 1000])).toEqual([0, 11, 100, 1000]);
});

test('gatherNd (ONNX GatherND, examples of its documentation)', () => {
  const square = f32([0, 1, 2, 3], [2, 2]);
  expect(values(gatherNd(square, i32([0, 0, 1, 1], [2, 2])))).toEqual([0, 3]);
  expect(values(gatherNd(square, i32([1, 0], [2, 1])))).toEqual([2, 3, 0, 1]);
  const cube = counted([2, 2, 2]);
  expect(values(gatherNd(cube, i32([0, 1, 1, 0], [2, 2])))).toEqual([2, 3, 4, 5]);
  const nested = gatherNd(cube, i32([0, 1, 1, 0], [2, 1, 2]));
  expect([nested.shape, values(nested)]).toEqual([
    [2, 1, 2],
    [2, 3, 4, 5],
  ]);
  expect(values(gatherNd(cube, i32([-1, -1, -1, 5, 0, -5], [2, 3])))).toEqual([7, 4]);
  expect(slope((x) => gatherNd(x, i32([1, 0, 1, 0, 0, 1], [3, 2])), [0, 0, 0, 0], [2, 2], [1, 10, 100])).toEqual([
    0, 100, 11, 0,
  ]);
});

describe('scatter', () => {
  test('elements (ONNX ScatterElements, examples of its documentation)', () => {
    const zero = f32(new Array(9).fill(0), [3, 3]);
    const indices = i32([1, 0, 2, 0, 2, 1], [2, 3]);
    const updates = f32([1, 1.1, 1.2, 2, 2.1, 2.2], [2, 3]);
    const y = values(scatterElements(zero, indices, updates));
    [2, 1.1, 0, 1, 0, 2.2, 0, 2.1, 1.2].forEach((value, i) => expect(y[i]).toBeCloseTo(value, 6));
    const row = values(
      scatterElements(f32([1, 2, 3, 4, 5], [1, 5]), i32([1, 3], [1, 2]), f32([1.5, 2.5], [1, 2]), { axis: 1 }),
    );
    expect(row).toEqual([1, 1.5, 3, 2.5, 5]);
  });

  test.each<[ScatterReduction, number[]]>([
    ['none', [1, 7, 3, 9]],
    ['add', [1, 2 + 5 + 7, 3, 13]],
    ['mul', [1, 70, 3, 36]],
    ['max', [1, 7, 3, 9]],
    ['min', [1, 2, 3, 4]],
  ])('%s of several on one place, in their order', (reduction, expected) => {
    const data = f32([1, 2, 3, 4], [4]);
    expect(values(scatterElements(data, i32([1, -1, 1]), f32([5, 9, 7], [3]), { reduction }))).toEqual(expected);
    expect(values(scatterNd(data, i32([1, -1, 1], [3, 1]), f32([5, 9, 7], [3]), { reduction }))).toEqual(expected);
  });

  test('rows (ONNX ScatterND)', () => {
    const y = scatterNd(counted([3, 2]), i32([2, 0], [2, 1]), f32([-1, -2, -3, -4], [2, 2]));
    expect(values(y)).toEqual([-3, -4, 2, 3, -1, -2]);
    const one = scatterNd(counted([2, 2, 2]), i32([1, 0, 1], [1, 3]), f32([9], [1]));
    expect(values(one)).toEqual([0, 1, 2, 3, 4, 9, 6, 7]);
  });

  test('gradients go to what is left: the data, or the last update', () => {
    const indices = i32([1, 3, 1]);
    const replace = (x: Tensor) => scatterElements(x, indices, f32([5, 9, 7], [3]));
    expect(slope(replace, [1, 2, 3, 4], [4], [1, 10, 100, 1000])).toEqual([1, 0, 100, 0]);
    const insert = (u: Tensor) => scatterElements(f32([1, 2, 3, 4], [4]), indices, u);
    expect(slope(insert, [5, 9, 7], [3], [1, 10, 100, 1000])).toEqual([0, 1000, 10]);
    const rows = (u: Tensor) => scatterNd(counted([3, 2]), i32([1, 1], [2, 1]), u);
    expect(slope(rows, [5, 9, 7, 8], [2, 2], [1, 2, 3, 4, 5, 6])).toEqual([0, 0, 3, 4]);
    const added = (u: Tensor) => scatterElements(f32([1, 2, 3, 4], [4]), indices, u, { reduction: 'add' });
    expect(slope(added, [5, 9, 7], [3], [1, 10, 100, 1000])).toEqual([10, 1000, 10]);
  });

  test('gradients of products go past zeros, those of maxima to all that are largest in equal shares', () => {
    const indices = i32([1, 3, 1, 0, 2, 2]);
    const times = (data: readonly number[]) => (u: Tensor) =>
      scatterElements(f32(data, [4]), indices, u, { reduction: 'mul' });
    const dy = [1, 10, 100, 1000];
    // Products: 2·8, 3·5·7, 4·0·6, 0·9.
    expect(slope(times([2, 3, 4, 0]), [5, 9, 7, 8, 0, 6], [6], dy)).toEqual([210, 0, 150, 2, 2400, 0]);
    const factor = (x: Tensor) => scatterElements(x, indices, f32([5, 9, 7, 8, 0, 6], [6]), { reduction: 'mul' });
    expect(slope(factor, [2, 3, 4, 0], [4], dy)).toEqual([8, 350, 0, 9000]);
    // Two zeros in one product: nothing moves it.
    expect(slope(times([2, 3, 0, 0]), [5, 9, 7, 8, 0, 0], [6], dy)).toEqual([210, 0, 150, 2, 0, 0]);
    const largest = (u: Tensor) => scatterElements(f32([8, 3, 9, 1], [4]), indices, u, { reduction: 'max' });
    expect(slope(largest, [7, 2, 7, 8, 4, 5], [6], dy)).toEqual([5, 1000, 5, 0.5, 0, 0]);
    const least = (x: Tensor) => scatterNd(x, i32([0, 0], [2, 1]), f32([4, 4], [2]), { reduction: 'min' });
    expect(slope(least, [4, 1], [2], [6, 10])).toEqual([2, 10]);
    const rows = ({ x, u }: Record<string, Tensor>) => scatterNd(x!, i32([1, 1, 2], [3, 1]), u!, { reduction: 'mul' });
    const at = {
      x: { shape: [3, 2], values: [2, 0, -1, 3, 0, 0] },
      u: { shape: [3, 2], values: [0, 2, 5, -3, 0, 7] },
    };
    expect(gradcheck(rows, at)).toMatchObject({ passed: true });
  });

  test('messages', () => {
    const data = inputTensor('data', [4]);
    // @ts-expect-error an unknown reduction
    expect(() => scatterElements(data, i32([0]), f32([1], [1]), { reduction: 'sum' })).toThrow(OptionError);
    expect(() => scatterElements(data, i32([0]), f32([1, 2], [2]))).toThrow(
      'indices are [1], updates [2], expected one shape',
    );
    expect(() => scatterNd(data, i32([0], [1, 1]), f32([1, 2], [2]))).toThrow(
      'scatterNd: updates are [2], expected [1]',
    );
    expect(() => scatterAdd(inputTensor('x', [4, 2]), i32([0, 1]), 0, 3)).toThrow(
      'scatterAdd: indices are [2], expected [4] or [4,2]',
    );
  });
});

test('oneHot', () => {
  const y = oneHot(i32([1, -1, 3, 0]), 3);
  expect([y.shape, values(y)]).toEqual([
    [4, 3],
    [0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0],
  ]);
  const first = oneHot(i32([1, 0]), 2, { axis: 0, onValue: 5, offValue: -1 });
  expect([first.shape, values(first)]).toEqual([
    [2, 2],
    [-1, 5, 5, -1],
  ]);
  expect(values(oneHot(i32([-4, -3]), 3))).toEqual([0, 0, 0, 1, 0, 0]);
  expect(() => oneHot(i32([0]), 0)).toThrow('oneHot: depth is 0, expected a positive integer');
  expect(() => oneHot(inputTensor('x', [1]), 2)).toThrow('oneHot: indices is f32, expected i32');
});

test('where', () => {
  const y = where(f32([0, -0, 1, -2], [2, 2]), f32([1, 2], [2]), f32([10, 20], [2, 1]));
  expect(values(y)).toEqual([10, 10, 1, 2]);
  expect(values(where(i32([0, 2]), 3, f32([NaN, NaN], [2])))).toEqual([NaN, 3]);
  expect(where(i32([1]), i32([4]), 7).dtype).toBe('i32');
  const a = inputTensor('a', [2]);
  const feeds = new Map<Tensor, TypedArray | Float64Array>([[a, Float64Array.of(4, NaN)]]);
  const chosen = where(i32([1, 0]), mul(a, a), 5);
  expect(values(gradients(sum(chosen), [a])[0]!, feeds)[0]).toBe(8);
  expect(() => where(i32([1]), i32([4]), 0.5)).toThrow('where: 0.5 is no i32');
  expect(() => where(i32([1]), i32([4]), f32([1], [1]))).toThrow('where: a is i32 and b f32, expected one type');
});

test('cast', () => {
  expect(values(cast(f32([1.9, -1.9, 3e9, -3e9, -0.5], [5]), 'i32'))).toEqual([1, -1, 2147483647, -2147483648, 0]);
  expect(values(cast(f32([-3, 5e9], [2]), 'u32'))).toEqual([0, 4294967295]);
  expect(values(cast(i32([-7, 7]), 'f32'))).toEqual([-7, 7]);
  expect(values(cast(i32([-1]), 'u32'))).toEqual([4294967295]);
  const x = inputTensor('x', [1]);
  expect(cast(x, 'f32')).toBe(x);
});

test('stopGradient is the value itself, and a constant to gradients', () => {
  expect(slope((x) => mul(x, stopGradient(x)), [3], [1], [1])).toEqual([3]);
  expect(slope(stopGradient, [3], [1], [1])).toEqual([0]);
});
