// Where maxima stand, and values put back there, against numbers worked by hand and an independent definition.

import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import { sampleValues } from './table.ts';

const f32 = (values: ArrayLike<number>, shape: readonly number[]) =>
  constantTensor(Float32Array.from(values), shape, 'f32');
const i32 = (values: readonly number[], shape: readonly number[]) =>
  constantTensor(Int32Array.from(values), shape, 'i32');
const both = ({ values, indices }: ops.WithIndices) => evaluate([values, indices]).map((result) => [...result]);

describe('indices count the places of one image and channel', () => {
  test('in a row, whatever the batch and the channel', () => {
    // Two examples of two channels: [1, 5, 2, 4], [9, 0, 3, 8]; [7, 6, 5, 9], [1, 1, 1, 2].
    const x = f32([1, 9, 5, 0, 2, 3, 4, 8, 7, 1, 6, 1, 5, 1, 9, 2], [2, 4, 2]);
    const [values, indices] = both(ops.maxPool1dWithIndices(x, { poolSize: 2 }));
    expect(values).toEqual([5, 9, 4, 8, 7, 1, 9, 2]);
    expect(indices).toEqual([1, 0, 3, 3, 0, 0, 3, 3]);
  });

  test('row by row of an image, and slice by slice of a volume', () => {
    const image = f32([1, 2, 3, 4, 9, 5, 8, 7, 6, 0, 0, 1], [1, 3, 4, 1]);
    expect(both(ops.maxPool2dWithIndices(image, { poolSize: 2, strides: 1 }))).toEqual([
      [9, 8, 8, 9, 8, 8],
      [4, 6, 6, 4, 6, 6],
    ]);
    const volume = f32([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 9, 0], [1, 3, 2, 2, 1]);
    expect(both(ops.maxPool3dWithIndices(volume, { poolSize: [2, 1, 2], strides: 1 }))).toEqual([
      [6, 8, 6, 9],
      [5, 7, 5, 10],
    ]);
  });

  test('and never the padding; the first of equals', () => {
    const x = f32([-3, -3, -5], [1, 3, 1]);
    expect(both(ops.maxPool1dWithIndices(x, { poolSize: 2, strides: 1, padding: 1 }))).toEqual([
      [-3, -3, -3, -5],
      [0, 0, 1, 2],
    ]);
    expect(both(ops.adaptiveMaxPool1dWithIndices(f32([7, 7, 7, 7, 7], [1, 5, 1]), { outputSize: 3 }))[1]).toEqual([
      0, 1, 3,
    ]);
  });
});

describe('values and gradients are those of max pooling', () => {
  const shape = [2, 5, 6, 3];
  const values = sampleValues({ shape, fill: 'ties' }, 3) as Float64Array;
  test.each<[string, (x: Tensor) => Tensor, (x: Tensor) => ops.WithIndices]>([
    [
      'overlapping',
      (x) => ops.maxPool2d(x, { poolSize: 3, strides: 2, padding: 'same' }),
      (x) => ops.maxPool2dWithIndices(x, { poolSize: 3, strides: 2, padding: 'same' }),
    ],
    [
      'dilated',
      (x) => ops.maxPool2d(x, { poolSize: 2, strides: 1, dilationRate: [2, 3], ceilMode: true }),
      (x) => ops.maxPool2dWithIndices(x, { poolSize: 2, strides: 1, dilationRate: [2, 3], ceilMode: true }),
    ],
    [
      'adaptive',
      (x) => ops.adaptiveMaxPool2d(x, { outputSize: [2, 4] }),
      (x) => ops.adaptiveMaxPool2dWithIndices(x, { outputSize: [2, 4] }),
    ],
  ])('%s', (_, plain, indexed) => {
    const x = inputTensor('x', shape);
    const { values: own, indices } = indexed(x);
    const expected = plain(x);
    const dy = f32(sampleValues({ shape: own.shape }, 5), own.shape);
    const results = evaluate(
      [own, expected, gradients(own, [x], dy)[0]!, gradients(expected, [x], dy)[0]!, indices],
      new Map([[x, values]]),
    );
    expect(results[0]).toEqual(results[1]);
    expect(results[2]).toEqual(results[3]);
    // Each value is the one at its index.
    const [N, , , C] = shape as [number, number, number, number];
    const windows = sizeOf(own.shape) / N / C;
    results[4]!.forEach((place, o) => {
      const n = Math.floor(o / (windows * C));
      expect(values[(n * 30 + place) * C + (o % C)]).toBe(results[0]![o]);
    });
  });
});

describe('maxUnpool', () => {
  test('puts values where they stood, zeros elsewhere', () => {
    const x = f32([1, 9, 5, 0, 2, 3, 4, 8], [1, 4, 2]);
    const { values, indices } = ops.maxPool1dWithIndices(x, { poolSize: 2 });
    const y = ops.maxUnpool1d(values, indices, { poolSize: 2 });
    expect([y.shape, [...evaluate([y])[0]!]]).toEqual([
      [1, 4, 2],
      [0, 9, 5, 0, 0, 0, 4, 8],
    ]);
    const longer = ops.maxUnpool1d(values, indices, { outputSize: 5 });
    expect([...evaluate([longer])[0]!]).toEqual([0, 9, 5, 0, 0, 0, 4, 8, 0, 0]);
  });

  test.each([
    [2, 3, 1],
    [3, 2, 0],
  ])('of pooling an image by %s with stride %s and padding %s', (poolSize, strides, padding) => {
    const shape = [2, 7, 5, 3];
    const values = sampleValues({ shape, fill: 'distinct' }, 9) as Float64Array;
    const x = f32(values, shape);
    const pooled = ops.maxPool2dWithIndices(x, { poolSize, strides, padding });
    const y = ops.maxUnpool2d(pooled.values, pooled.indices, { outputSize: [7, 5] });
    // What the gradient of the sum picks is what comes back.
    const picked = inputTensor('x', shape);
    const slope = gradients(ops.sum(ops.maxPool2d(picked, { poolSize, strides, padding })), [picked])[0]!;
    const [actual, mask] = evaluate([y, slope], new Map([[picked, values]]));
    expect([...actual!]).toEqual([...values].map((value, i) => (mask![i]! > 0 ? value : 0)));
  });

  test('has the least size that the pooling may have had', () => {
    const sized = (options: Parameters<typeof ops.maxUnpool2d>[2]) => {
      const x = inputTensor('x', [1, 3, 2, 4]);
      return ops.maxUnpool2d(x, inputTensor('i', x.shape, 'i32'), options).shape;
    };
    expect(sized({ poolSize: 2 })).toEqual([1, 6, 4, 4]);
    expect(sized({ poolSize: [3, 2], strides: [2, 1], padding: 1 })).toEqual([1, 5, 1, 4]);
    expect(
      sized({
        poolSize: 3,
        strides: 2,
        padding: [
          [1, 0],
          [0, 1],
        ],
      }),
    ).toEqual([1, 6, 4, 4]);
  });

  test('the last of several for one place wins, and has the gradient', () => {
    const indices = i32([1, 1, 3, 1], [1, 4, 1]);
    const y = ops.maxUnpool1d(f32([5, 6, 7, 8], [1, 4, 1]), indices, { outputSize: 4 });
    expect([...evaluate([y])[0]!]).toEqual([0, 8, 0, 7]);
    const x = inputTensor('x', [1, 4, 1]);
    const slope = gradients(ops.maxUnpool1d(x, indices, { outputSize: 4 }), [x], f32([1, 10, 100, 1000], [1, 4, 1]));
    expect([...evaluate(slope, new Map([[x, Float64Array.of(5, 6, 7, 8)]]))[0]!]).toEqual([0, 0, 1000, 10]);
    const places = i32([3, 0, 2, 5, 1, 4], [1, 1, 2, 1, 3]);
    const cube = ({ x: t }: Record<string, Tensor>) => ops.maxUnpool3d(t!, places, { outputSize: [1, 2, 4] });
    expect(gradcheck(cube, { x: { shape: [1, 1, 2, 1, 3], values: [1, 2, 3, 4, 5, 6] } })).toMatchObject({
      passed: true,
    });
  });

  test('messages', () => {
    const x = inputTensor('x', [1, 4, 1]);
    const indices = inputTensor('i', [1, 4, 1], 'i32');
    expect(() => ops.maxUnpool1d(x, indices, {})).toThrow(
      new OptionError('maxUnpool1d: expected either outputSize or poolSize'),
    );
    expect(() => ops.maxUnpool1d(x, indices, { outputSize: 4, strides: 2 })).toThrow(
      'maxUnpool1d: strides and padding go with poolSize, got outputSize',
    );
    expect(() => ops.maxUnpool1d(x, x, { poolSize: 2 })).toThrow(
      new ShapeError('maxUnpool1d: indices is f32, expected i32'),
    );
    expect(() => ops.maxUnpool1d(x, inputTensor('i', [1, 3, 1], 'i32'), { poolSize: 2 })).toThrow(
      'maxUnpool1d: x is [1,4,1], indices [1,3,1], expected one shape',
    );
    expect(() => ops.maxUnpool1d(x, indices, { poolSize: 1, strides: 1, padding: 2 })).toThrow(
      'maxUnpool1d: dimension 1 would be 0 long, expected at least 1',
    );
    // @ts-expect-error 'same' says nothing about the size
    expect(() => ops.maxUnpool1d(x, indices, { poolSize: 2, padding: 'same' })).toThrow(OptionError);
    // @ts-expect-error an unknown option
    expect(() => ops.maxPool2dWithIndices(inputTensor('x', [1, 2, 2, 1]), { size: 2 })).toThrow(
      "unknown option 'size'",
    );
  });
});
