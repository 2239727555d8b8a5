import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { resize, type ResizeOptions, upSampling1d, upSampling2d, upSampling3d } from '../../src/ops/resize.ts';
import { sampleValues } from './table.ts';

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
/** Weights are kept as f32, so results are right to about this much of themselves. */
const precision = 3e-7;
/** The largest difference, relative to numbers above one. */
function difference(actual: readonly number[] | undefined, expected: readonly number[]): number {
  if (actual?.length !== expected.length) return Infinity;
  return Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value) / Math.max(1, Math.abs(value))));
}

describe('nearest upsampling repeats, and adds the copies up on the way back', () => {
  test('1-D, 2-D and 3-D', () => {
    expect(line([1, 2], (x) => upSampling1d(x, { size: 3 }))).toEqual([
      [1, 1, 1, 2, 2, 2],
      [111, 111000],
    ]);
    const [y, dx] = run([1, 2, 2, 1], [1, 2, 3, 4], (x) => upSampling2d(x, { size: [2, 1] }));
    expect(y).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
    expect(dx).toEqual([101, 1010, 1010000, 10100000]);
    const cube = run([1, 1, 1, 2, 2], [1, 2, 3, 4], (x) => upSampling3d(x, { size: [2, 1, 2] }))[0];
    expect(cube).toEqual([1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4]);
    expect(upSampling2d(inputTensor('x', [2, 3, 4, 5])).shape).toEqual([2, 6, 8, 5]);
  });
  test('as its definition, for sizes, batches and channels that differ', () => {
    const shape = [2, 3, 2, 4, 3];
    const size = [2, 3, 1];
    const x = inputTensor('x', shape);
    const y = upSampling3d(x, { size: [2, 3, 1] });
    const values = sampleValues({ shape }, 3) as Float64Array;
    const at = (v: ArrayLike<number>, s: readonly number[], ...i: number[]) =>
      v[i.reduce((place, index, axis) => place * s[axis]! + index, 0)]!;
    const [computed] = evaluate([y], new Map([[x, values]]));
    for (let d = 0; d < 6; d++) {
      for (let h = 0; h < 6; h++) {
        for (let w = 0; w < 4; w++) {
          const own = [Math.floor(d / size[0]!), Math.floor(h / size[1]!), w];
          expect(at(computed!, y.shape, 1, d, h, w, 2)).toBe(at(values, shape, 1, ...own, 2));
        }
      }
    }
  });
});

describe("bilinear upsampling, with PyTorch's published numbers for 1 2 / 3 4", () => {
  const square = (options: object) =>
    run([1, 2, 2, 1], [1, 2, 3, 4], (x) => upSampling2d(x, { interpolation: 'bilinear', ...options }));
  test('half-pixel centres', () => {
    expect(
      difference(square({})[0], [1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4]),
    ).toBeLessThan(precision);
  });
  test('corners aligned', () => {
    const third = [1, 4 / 3, 5 / 3, 2];
    expect(
      difference(
        square({ alignCorners: true })[0],
        [0, 2 / 3, 4 / 3, 2].flatMap((row) => third.map((value) => value + row)),
      ),
    ).toBeLessThan(precision);
  });
  test('along one axis only', () => {
    expect(difference(square({ size: [1, 2] })[0], [1, 1.25, 1.75, 2, 3, 3.25, 3.75, 4])).toBeLessThan(precision);
  });
  test('the gradient gives each element its weights', () => {
    // Rows of S for 2 -> 4: [1 0] [¾ ¼] [¼ ¾] [0 1]
    expect(
      difference(line([1, 2], (x) => upSampling1d(x, { interpolation: 'linear' }))[1], [1 + 7.5 + 25, 2.5 + 75 + 1000]),
    ).toBeLessThan(precision);
  });
  test('trilinear keeps a plane in space', () => {
    const shape = [1, 2, 3, 2, 1];
    const values = Array.from(
      { length: 12 },
      (_, i) => 100 * Math.floor(i / 6) + 10 * (Math.floor(i / 2) % 3) + (i % 2),
    );
    const [y] = run(shape, values, (x) => upSampling3d(x, { interpolation: 'trilinear', alignCorners: true }));
    const expected = Array.from({ length: 4 * 6 * 4 }, (_, i) => {
      const [d, h, w] = [Math.floor(i / 24), Math.floor(i / 4) % 6, i % 4];
      return (100 * d) / 3 + (10 * 2 * h) / 5 + w / 3;
    });
    expect(difference(y, expected)).toBeLessThan(precision);
  });
});

test('one element is repeated whatever the interpolation', () => {
  expect(line([5], (x) => upSampling1d(x, { size: 3, interpolation: 'linear' }))[0]).toEqual([5, 5, 5]);
  expect(line([5], (x) => upSampling1d(x, { size: 3, interpolation: 'linear', alignCorners: true }))[0]).toEqual([
    5, 5, 5,
  ]);
});

describe('resize', () => {
  test('nearest, by rounding and coordinates', () => {
    const nearest = (options: ResizeOptions) =>
      line([0, 1, 2, 3], (x) => resize(x, { interpolation: 'nearest', ...options }))[0];
    // (t + ½)·4/6 − ½ = −1/6, ½, 7/6, 11/6, 5/2, 19/6
    expect(nearest({ size: [6] })).toEqual([0, 1, 1, 2, 3, 3]);
    expect(nearest({ size: [6], rounding: 'roundPreferFloor' })).toEqual([0, 0, 1, 2, 2, 3]);
    expect(nearest({ size: [6], rounding: 'floor' })).toEqual([0, 0, 1, 1, 2, 3]);
    expect(nearest({ size: [6], rounding: 'ceil' })).toEqual([0, 1, 2, 2, 3, 3]);
    expect(nearest({ size: [3], coordinates: 'asymmetric', rounding: 'floor' })).toEqual([0, 1, 2]);
    expect(nearest({ scale: 0.5 })).toEqual([1, 3]);
  });
  test('linear downsampling skips elements, and with antialias does not', () => {
    expect(difference(line([0, 0, 9, 0, 0, 0], (x) => resize(x, { size: [2] }))[0], [0, 0])).toBeLessThan(precision);
    // Tents of reach 3 around 1 and 4: weights 1 2 3 2 1 (0) / 9, the first one's −1 being the edge's
    expect(
      difference(line([0, 0, 9, 0, 0, 0], (x) => resize(x, { size: [2], antialias: true }))[0], [2, 1]),
    ).toBeLessThan(precision);
    expect(
      difference(line([9, 0, 0, 0, 0, 0], (x) => resize(x, { size: [2], antialias: true }))[0], [3, 0]),
    ).toBeLessThan(precision);
    expect(
      difference(line([9, 0, 0, 0, 0, 0], (x) => resize(x, { size: [2], antialias: true, excludeOutside: true }))[0], [
        9 / 4,
        0,
      ]),
    ).toBeLessThan(precision);
  });
  test("cubic at the middle of 0 0 1 1 with PyTorch's and TensorFlow's coefficient", () => {
    // Weights at ½: (a·⅛ …) = a/8 outside and ½ − a/8 inside, whose sum over the right half is ½ for every a.
    const middle = (a: number, values: number[]) =>
      line(values, (x) =>
        resize(x, { size: [1], interpolation: 'cubic', ...(a === -0.75 ? {} : { cubicCoefficient: a }) }),
      )[0];
    expect(difference(middle(-0.75, [0, 1, 1, 0]), [2 * (0.5 + 0.75 / 8)])).toBeLessThan(precision);
    expect(difference(middle(-0.5, [0, 1, 1, 0]), [2 * (0.5 + 0.5 / 8)])).toBeLessThan(precision);
  });
  test('to its own size is x itself', () => {
    const x = inputTensor('x', [1, 4, 3, 2]);
    expect(resize(x, { size: [4, 3] })).toBe(x);
  });
  test.each<[string, ResizeOptions]>([
    ['bilinear', { size: [7, 3] }],
    ['corners', { size: [3, 9], coordinates: 'alignCorners' }],
    ['bicubic', { size: [6, 7], interpolation: 'cubic' }],
    ['antialias', { size: [2, 3], interpolation: 'cubic', antialias: true }],
    ['nearest', { size: [3, 11], interpolation: 'nearest' }],
  ])('gradient of %s', (_, options) => {
    const shape = [2, 4, 5, 2];
    const result = gradcheck(({ x }) => resize(x!, options), { x: { shape, values: sampleValues({ shape }, 8) } });
    expect(result.worst, JSON.stringify(result)).toBeLessThanOrEqual(1);
  });
  test('rows of weights sum to one: a constant stays one', () => {
    for (const interpolation of ['nearest', 'linear', 'cubic'] as const) {
      for (const size of [1, 2, 3, 5, 8, 13]) {
        for (const coordinates of ['halfPixel', 'alignCorners', 'asymmetric', 'pytorchHalfPixel'] as const) {
          const y = line([2, 2, 2, 2, 2], (x) => resize(x, { size: [size], interpolation, coordinates }))[0];
          expect(difference(y, new Array<number>(size).fill(2))).toBeLessThan(precision);
        }
      }
    }
  });
});

test('messages', () => {
  const x = inputTensor('x', [1, 4, 4, 2]);
  expect(() => upSampling2d(x, { interpolation: 'linear' as 'bilinear' })).toThrow(
    new OptionError("upSampling2d: interpolation is 'linear', did you mean 'bilinear'?; known: nearest, bilinear"),
  );
  expect(() => upSampling2d(x, { alignCorners: true })).toThrow(
    new OptionError("upSampling2d: alignCorners goes with interpolation 'bilinear', got 'nearest'"),
  );
  expect(() => upSampling2d(x, { size: 1.5 })).toThrow('upSampling2d: size is 1.5, expected an integer of at least 1');
  expect(() => upSampling1d(x)).toThrow(new ShapeError('upSampling1d: x is [1,4,4,2], expected [N,L,C]'));
  expect(() => resize(x, {})).toThrow(new OptionError('resize: expected either size or scale'));
  expect(() => resize(x, { size: [2, 2], rounding: 'floor' })).toThrow(
    new OptionError("resize: rounding has no meaning with interpolation 'linear'"),
  );
  expect(() => resize(x, { size: [2, 2], interpolation: 'nearest', antialias: true })).toThrow(
    'antialias has no meaning',
  );
  expect(() => resize(x, { scale: [2] })).toThrow('scale is [2], expected a positive number or 2 of them');
  expect(() => resize(x, { scale: 0.1 })).toThrow('resize: size is [0,0]');
  expect(() => resize(inputTensor('x', [4, 2]), { size: [2] })).toThrow(ShapeError);
});
