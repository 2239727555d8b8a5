// Pooling in one to three dimensions against an independent definition, and against numbers worked by hand.

import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/pool.ts';
import { generator, sampleValues } from './table.ts';

/** y of x, and its gradient for dy = 1, 10, 100, … */
function run(shape: readonly number[], values: readonly number[], f: (x: Tensor) => Tensor) {
  const x = inputTensor('x', shape);
  const y = f(x);
  const dy = inputTensor('dy', y.shape);
  const feeds = new Map([
    [x, Float64Array.from(values)],
    [dy, Float64Array.from({ length: sizeOf(y.shape) }, (_, i) => 10 ** i)],
  ]);
  return evaluate([y, gradients(y, [x], dy)[0]!], feeds).map((result) => [...result]);
}
const line = (values: readonly number[], f: (x: Tensor) => Tensor) => run([1, values.length, 1], values, f);

describe("the last window of ceilMode, by PyTorch's rule", () => {
  // Floor: ⌊(6 − 3) / 2⌋ + 1 = 2 windows, at 0 and 2; ceil: ⌈3 / 2⌉ + 1 = 3, the third at 4 on the elements 4 and 5.
  test('hangs over the edge', () => {
    const x = [1, 2, 3, 4, 5, 6];
    expect(line(x, (t) => ops.maxPool1d(t, { poolSize: 3, strides: 2 }))[0]).toEqual([3, 5]);
    const [y, dx] = line(x, (t) => ops.maxPool1d(t, { poolSize: 3, strides: 2, ceilMode: true }));
    expect(y).toEqual([3, 5, 6]);
    expect(dx).toEqual([0, 0, 1, 0, 10, 100]);
    expect(line(x, (t) => ops.sumPool1d(t, { poolSize: 3, strides: 2, ceilMode: true }))[0]).toEqual([6, 12, 11]);
    expect(line(x, (t) => ops.averagePool1d(t, { poolSize: 3, strides: 2, ceilMode: true }))[0]).toEqual([2, 4, 5.5]);
  });
  // Length 4, padding 1, kernel 2, stride 3: ⌈(6 − 2) / 3⌉ + 1 = 3 windows, at −1, 2 and 5 − but 5 is beyond the last
  // element and the padding before, so it does not count.
  test('does not begin in the padding behind the last element', () => {
    const options = { poolSize: 2, strides: 3, padding: 1, ceilMode: true };
    expect(line([1, 2, 3, 4], (t) => ops.sumPool1d(t, options))[0]).toEqual([1, 7]);
  });
  // Length 5, padding 1, kernel 3, stride 2: windows at −1, 1, 3: ⌈(7 − 3) / 2⌉ + 1 = 3, as with floor.
  test('is that of floor where the stride fits', () => {
    const options = { poolSize: 3, strides: 2, padding: 1 };
    for (const ceilMode of [false, true]) {
      expect(line([1, 2, 3, 4, 5], (t) => ops.sumPool1d(t, { ...options, ceilMode }))[0]).toEqual([3, 9, 9]);
    }
  });
});

test('the divisor of a mean at the borders, in both modes', () => {
  const options = { poolSize: 3, strides: 1, padding: 1 };
  const [inside, dInside] = line([6, 12, 18], (t) => ops.averagePool1d(t, options));
  expect(inside).toEqual([9, 12, 15]);
  [0.5 + 10 / 3, 0.5 + 10 / 3 + 50, 10 / 3 + 50].forEach((v, i) => expect(dInside![i]).toBeCloseTo(v, 12));
  const [padded, dPadded] = line([6, 12, 18], (t) => ops.averagePool1d(t, { ...options, countIncludePad: true }));
  expect(padded).toEqual([6, 12, 10]);
  [11 / 3, 111 / 3, 110 / 3].forEach((v, i) => expect(dPadded![i]).toBeCloseTo(v, 12));
  // 'same' with an even window: the odd pixel is at the end.
  expect(line([6, 12, 18], (t) => ops.averagePool1d(t, { poolSize: 2, strides: 1, padding: 'same' }))[0]).toEqual([
    9, 15, 18,
  ]);
  // Padding beyond the padded edge, which only ceilMode reaches, counts in neither mode: [18, 0 | –].
  expect(
    line([6, 12, 18], (t) =>
      ops.averagePool1d(t, { poolSize: 3, strides: 2, padding: [0, 1], ceilMode: true, countIncludePad: true }),
    )[0],
  ).toEqual([12, 9]);
  // With dilation 2 the window at −1 covers −1, 1, 3: two elements of three.
  const dilated = { poolSize: 3, strides: 2, padding: 1, dilationRate: 2 };
  expect(line([1, 2, 3, 4, 5], (t) => ops.averagePool1d(t, dilated))[0]).toEqual([3, 3]);
  expect(line([1, 2, 3, 4, 5], (t) => ops.averagePool1d(t, { ...dilated, countIncludePad: true }))[0]).toEqual([2, 2]);
});

describe('of equal elements the first one wins, forward and in the gradient', () => {
  test('in one to three dimensions, with overlapping windows', () => {
    const options = { poolSize: 2, strides: 1 };
    expect(line([3, 3, 3, 1], (t) => ops.maxPool1d(t, options))).toEqual([
      [3, 3, 3],
      [1, 10, 100, 0],
    ]);
    expect(line([1, 3, 3, 1], (t) => ops.maxPool1d(t, options))[1]).toEqual([0, 11, 100, 0]);
    const cube = run([1, 2, 2, 2, 1], [0, 4, 4, 4, 4, 4, 4, 4], (t) => ops.maxPool3d(t, { poolSize: 2 }));
    expect(cube).toEqual([[4], [0, 1, 0, 0, 0, 0, 0, 0]]);
  });
  test('with dilation, in adaptive and in global pooling', () => {
    expect(line([5, 5, 5, 5], (t) => ops.maxPool1d(t, { poolSize: 2, strides: 1, dilationRate: 2 }))[1]).toEqual([
      1, 10, 0, 0,
    ]);
    expect(line([7, 7, 7, 7, 7], (t) => ops.adaptiveMaxPool1d(t, { outputSize: 3 }))[1]).toEqual([1, 10, 0, 100, 0]);
    expect(line([2, 7, 7], (t) => ops.globalMaxPool1d(t))).toEqual([[7], [0, 1, 0]]);
  });
  test('of padding never, though all else is below zero', () => {
    expect(line([-3, -2], (t) => ops.maxPool1d(t, { poolSize: 2, strides: 1, padding: 1 }))[0]).toEqual([-3, -2, -2]);
  });
});

test('adaptive parts begin at ⌊o·L/O⌋ and end at ⌈(o + 1)·L/O⌉', () => {
  // 5 into 3: [0, 2), [1, 4), [3, 5); 2 into 3: [0, 1), [0, 2), [1, 2)
  expect(line([1, 2, 3, 4, 5], (t) => ops.adaptiveAveragePool1d(t, { outputSize: 3 }))[0]).toEqual([1.5, 3, 4.5]);
  expect(line([1, 5], (t) => ops.adaptiveAveragePool1d(t, { outputSize: 3 }))).toEqual([
    [1, 3, 5],
    [6, 105],
  ]);
  expect(line([1, 9, 3, 4, 5], (t) => ops.adaptiveMaxPool1d(t, { outputSize: 3 }))).toEqual([
    [9, 9, 5],
    [0, 11, 0, 0, 100],
  ]);
  // Where the length divides, it is plain pooling.
  expect(line([1, 3, 5, 7], (t) => ops.adaptiveAveragePool1d(t, { outputSize: 2 }))[0]).toEqual([2, 6]);
});

test('norms: 3-4-5, and no gradient from a window of zeros', () => {
  expect(line([3, -4, 0, 0], (t) => ops.l2Pool1d(t, { poolSize: 2 }))).toEqual([
    [5, 0],
    [0.6, -0.8, 0, 0],
  ]);
  expect(line([3, -4, 0, 0], (t) => ops.lpPool1d(t, { poolSize: 2, p: 1 }))).toEqual([
    [7, 0],
    [1, -1, 0, 0],
  ]);
  const [y, dx] = line([1, -2], (t) => ops.lpPool1d(t, { poolSize: 2, p: 3 }));
  expect(y![0]).toBeCloseTo(9 ** (1 / 3), 12);
  expect(dx![1]).toBeCloseTo(-4 / 9 ** (2 / 3), 12);
});

test('global pooling keeps the axes where it is asked to', () => {
  const x = inputTensor('x', [2, 3, 4, 5]);
  expect(ops.globalAveragePool2d(x).shape).toEqual([2, 5]);
  expect(ops.globalAveragePool2d(x, { keepDims: true }).shape).toEqual([2, 1, 1, 5]);
  expect(run([1, 2, 2, 1, 2], [1, 10, 2, 20, 3, 30, 6, 60], (t) => ops.globalAveragePool3d(t))).toEqual([
    [3, 30],
    [0.25, 2.5, 0.25, 2.5, 0.25, 2.5, 0.25, 2.5],
  ]);
  expect(line([1, 2, 4], (t) => ops.globalSumPool1d(t))).toEqual([[7], [1, 1, 1]]);
});

type Kind = 'max' | 'average' | 'padded' | 'sum' | 'l2' | 'l1';

/** Pooling straight from its words, over explicit lists of positions; no code shared with the engine. */
function define(kind: Kind, values: Float64Array, shape: readonly number[], axes: AxisOptions[], dy?: Float64Array) {
  const spatial = shape.slice(1, -1);
  const [N, C] = [shape[0]!, shape.at(-1)!];
  const starts = spatial.map((length, a) => {
    const { kernel, stride, dilation, before, after, ceil } = axes[a]!;
    const list: number[] = [];
    for (let s = -before; ; s += stride) {
      const last = s + (kernel - 1) * dilation;
      const fits = last < length + after;
      // The hanging window: the one before it did not reach the end, and it begins on the image or before it.
      const hangs = ceil && s < length && last - stride < length + after - 1;
      if (!fits && !hangs) break;
      list.push(s);
    }
    return list;
  });
  let indices: number[][] = [[]];
  for (const list of starts) indices = indices.flatMap((index) => list.map((s) => [...index, s]));
  const y: number[] = [];
  const dx = new Float64Array(values.length);
  for (let n = 0; n < N; n++) {
    for (const index of indices) {
      for (let c = 0; c < C; c++) {
        let inside: number[] = [];
        let counted = 1;
        index.forEach((s, a) => {
          const { kernel, dilation, after } = axes[a]!;
          const positions = Array.from({ length: kernel }, (_, k) => s + k * dilation);
          counted *= positions.filter((t) => t < spatial[a]! + after).length;
          const own = positions.filter((t) => t >= 0 && t < spatial[a]!);
          inside = a === 0 ? own : inside.flatMap((p) => own.map((t) => p * spatial[a]! + t));
        });
        const places = inside.map((p) => (n * spatial.reduce((q, v) => q * v, 1) + p) * C + c);
        const window = places.map((p) => values[p]!);
        const total = window.reduce((sum, v) => sum + v, 0);
        const norm = Math.sqrt(window.reduce((sum, v) => sum + v * v, 0));
        const g = dy?.[y.length] ?? 0;
        const best = Math.max(...window);
        const made = {
          max: [best, (v: number, i: number) => (i === window.indexOf(best) ? 1 : 0)],
          average: [total / window.length, () => 1 / window.length],
          padded: [total / counted, () => 1 / counted],
          sum: [total, () => 1],
          l2: [norm, (v: number) => v / norm],
          l1: [window.reduce((sum, v) => sum + Math.abs(v), 0), (v: number) => Math.sign(v)],
        } satisfies Record<Kind, [number, (v: number, i: number) => number]>;
        y.push(made[kind][0]);
        places.forEach((p, i) => (dx[p]! += g * made[kind][1](values[p]!, i)));
      }
    }
  }
  return { shape: [N, ...starts.map((list) => list.length), C], y, dx };
}

interface AxisOptions {
  kernel: number;
  stride: number;
  dilation: number;
  before: number;
  after: number;
  ceil: boolean;
}

describe('an independent definition, over a generated grid of options', () => {
  const random = generator(77);
  const below = (n: number) => Math.floor(random() * n);
  const cases: [string, Kind, number[], AxisOptions[], boolean][] = [];
  for (const rank of [1, 2, 3]) {
    for (const kind of ['max', 'average', 'padded', 'sum', 'l2', 'l1'] as const) {
      for (let i = 0; i < 14; i++) {
        const ceil = below(3) === 0;
        const dilated = below(2) === 0;
        const axes = Array.from({ length: rank }, (): AxisOptions & { length: number } => {
          const kernel = 1 + below(3);
          const dilation = dilated ? 1 + below(3) : 1;
          const effective = (kernel - 1) * dilation + 1;
          const [before, after] = [below(effective), below(effective)];
          const length = Math.max(1, effective - before - after) + below(4);
          return { kernel, dilation, stride: 1 + below(3), before, after, ceil, length };
        });
        const shape = [1 + below(2), ...axes.map(({ length }) => length), 1 + below(3)];
        const ties = kind === 'max' && below(2) === 0;
        cases.push([`${rank}-D ${kind} ${JSON.stringify(shape)} ${JSON.stringify(axes)}`, kind, shape, axes, ties]);
      }
    }
  }
  const functions = {
    max: [ops.maxPool1d, ops.maxPool2d, ops.maxPool3d],
    average: [ops.averagePool1d, ops.averagePool2d, ops.averagePool3d],
    padded: [ops.averagePool1d, ops.averagePool2d, ops.averagePool3d],
    sum: [ops.sumPool1d, ops.sumPool2d, ops.sumPool3d],
    l2: [ops.l2Pool1d, ops.l2Pool2d, ops.l2Pool3d],
    l1: [ops.lpPool1d, ops.lpPool2d, ops.lpPool3d],
  } as const;

  const poolOf = (kind: Kind, shape: readonly number[], axes: readonly AxisOptions[]) => {
    const pool = functions[kind][axes.length - 1] as (x: Tensor, options: unknown) => Tensor;
    const x = inputTensor('x', shape);
    const y = () =>
      pool(x, {
        poolSize: axes.map(({ kernel }) => kernel),
        strides: axes.map(({ stride }) => stride),
        dilationRate: axes.map(({ dilation }) => dilation),
        padding: axes.map(({ before, after }) => [before, after]),
        ceilMode: axes[0]!.ceil,
        ...(kind === 'padded' ? { countIncludePad: true } : {}),
        ...(kind === 'l1' ? { p: 1 } : {}),
      });
    return { x, y };
  };
  // With dilation a window may step over a small image, and then there is nothing to pool.
  const isEmpty = ([, , shape, axes]: (typeof cases)[number]) =>
    define('max', new Float64Array(sizeOf(shape)), shape, axes).y.includes(-Infinity);
  const empty = cases.filter(isEmpty);
  const whole = cases.filter((one) => !isEmpty(one));

  test('has windows that are empty, but not many', () => {
    expect(empty.length).toBeGreaterThan(0);
    expect(whole.length).toBeGreaterThan(220);
  });

  test.each(empty)('%s is refused', (_, kind, shape, axes) => {
    expect(poolOf(kind, shape, axes).y).toThrow(/holds nothing of the image's/);
  });

  test.each(whole)('%s', (_, kind, shape, axes, ties) => {
    const pooled = poolOf(kind, shape, axes);
    const x = pooled.x;
    const y = pooled.y();
    const values = sampleValues({ shape, fill: ties ? 'ties' : 'distinct' }, 4) as Float64Array;
    const dy = inputTensor('dy', y.shape);
    const cotangent = sampleValues({ shape: y.shape }, 6) as Float64Array;
    const expected = define(kind, values, shape, axes, cotangent);
    expect(y.shape).toEqual(expected.shape);
    const feeds = new Map([
      [x, values],
      [dy, cotangent],
    ]);
    const [computed, dx] = evaluate([y, gradients(y, [x], dy)[0]!], feeds);
    computed!.forEach((value, i) => expect(value).toBeCloseTo(expected.y[i]!, 10));
    dx!.forEach((value, i) => expect(value).toBeCloseTo(expected.dx[i]!, 10));
  });
});

test('messages', () => {
  const x = inputTensor('x', [1, 5, 2]);
  expect(() => ops.maxPool1d(inputTensor('x', [1, 5, 5, 2]), { poolSize: 2 })).toThrow(
    new ShapeError('maxPool1d: x is [1,5,5,2], expected [N,L,C]'),
  );
  expect(() => ops.maxPool1d(x, { poolSize: 2, padding: 2 })).toThrow(
    new ShapeError('maxPool1d: padding 2 in dimension 1 leaves a window empty, expected less than poolSize 2'),
  );
  expect(() => ops.maxPool1d(inputTensor('x', [1, 1, 2]), { poolSize: 2, padding: 1, dilationRate: 2 })).toThrow(
    new ShapeError("maxPool1d: window 0 in dimension 1 holds nothing of the image's 1, expected less padding"),
  );
  expect(() => ops.maxPool1d(x, { poolSize: 2, paddingMode: 'reflect' } as ops.PoolOptions1d)).toThrow(
    /^maxPool1d: unknown option 'paddingMode'/,
  );
  expect(() => ops.maxPool1d(x, { poolSize: 2, countIncludePad: true } as ops.PoolOptions1d)).toThrow(OptionError);
  expect(() => ops.lpPool1d(x, { poolSize: 2, p: 0.5 })).toThrow(
    new OptionError('lpPool1d: p is 0.5, expected a number of at least 1'),
  );
  expect(() => ops.adaptiveAveragePool1d(x, { outputSize: 0 })).toThrow(OptionError);
  expect(() => ops.adaptiveAveragePool2d(x, { outputSize: 2 })).toThrow('expected [N,H,W,C]');
  expect(() => ops.globalMaxPool3d(x)).toThrow('globalMaxPool3d: x is [1,5,2], expected [N,D,H,W,C]');
  expect(() => ops.globalMaxPool1d(x, { keepdims: true } as ops.GlobalPoolOptions)).toThrow("did you mean 'keepDims'");
});
