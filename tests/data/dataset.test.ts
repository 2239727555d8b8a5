import { describe, expect, test } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/core/errors.ts';
import { dataset, take, type Dataset } from '../../src/data/dataset.ts';
import { shuffleOrder, split, splitIndices } from '../../src/data/split.ts';

const bytes = (size: number) => Uint8Array.from({ length: size }, (_, i) => i & 255);
const labels = (size: number, classes: number) => Int32Array.from({ length: size }, (_, i) => i % classes);

describe('dataset', () => {
  test('keeps bytes and scales them by 1/255', () => {
    const images = bytes(24);
    const data = dataset({ x: images, y: Uint8Array.from([0, 9]), shape: [3, 4, 1], classes: 10 });
    expect(data).toEqual({
      size: 2,
      x: { data: images, shape: [3, 4, 1], scale: 1 / 255, offset: 0 },
      y: { data: Int32Array.from([0, 9]), shape: [] },
      classes: 10,
    });
    expect(data.x.data).toBe(images);
    expect([data, data.x, data.y, data.x.shape].every(Object.isFrozen)).toBe(true);
  });

  test('takes shapes from IDX records, or from the options over them', () => {
    const x = { shape: [2, 3, 4], data: bytes(24) };
    const y = { shape: [2], data: bytes(2) };
    expect(dataset({ x, y }).x.shape).toEqual([3, 4]);
    expect(dataset({ x, y, shape: [3, 4, 1] }).x.shape).toEqual([3, 4, 1]);
    expect(dataset({ x, y }).y).toEqual({ shape: [], data: Int32Array.from([0, 1]) });
    expect(dataset({ x, y })).not.toHaveProperty('classes');
  });

  test('floats are used as they are; targets may have a shape', () => {
    const data = dataset({ x: new Float32Array(6), y: { shape: [3, 4], data: new Float32Array(12) } });
    expect(data.size).toBe(3);
    expect(data.x).toMatchObject({ shape: [2], scale: 1, offset: 0 });
    expect(data.y.shape).toEqual([4]);
    const masks = dataset({ x: bytes(8), y: { shape: [2, 4], data: bytes(8) }, shape: [4], classes: 8 });
    expect(masks.y.data).toBeInstanceOf(Uint8Array);
  });

  test('scale and offset', () => {
    const data = dataset({ x: bytes(4), y: labels(2, 2), scale: 1 / 128, offset: -1 });
    expect(data.x).toMatchObject({ scale: 1 / 128, offset: -1 });
  });

  const six = new Float32Array(6);
  test.each([
    ['label 12 at index 3 is outside 0..9', { x: bytes(8), y: Int32Array.from([0, 9, 4, 12]), classes: 10 }],
    ['label -1 at index 0 is outside 0..1', { x: bytes(8), y: Int32Array.from([-1, 9]), classes: 2 }],
    ['x has 4 examples and y has 3, expected the same number', { x: bytes(8), y: labels(3, 2), shape: [2] }],
    [
      'x has 2 examples and y has 4, expected the same number',
      { x: { shape: [2, 4], data: bytes(8) }, y: labels(4, 2) },
    ],
    ['x has 8 numbers, expected 3 examples of [2.6666666666666665]', { x: bytes(8), y: labels(3, 2) }],
    ['8 numbers in x are no whole number of examples of [3]', { x: bytes(8), y: labels(3, 2), shape: [3] }],
    [
      'x has 8 numbers, expected 2 examples of [3]',
      { x: { shape: [2, 4], data: bytes(8) }, y: labels(2, 2), shape: [3] },
    ],
    ['x of shape [2,5] has 8 numbers, expected 10', { x: { shape: [2, 5], data: bytes(8) }, y: labels(2, 2) }],
    ['x is NaN at index 4, expected a finite number', { x: six.map((v, i) => (i === 4 ? NaN : v)), y: labels(3, 2) }],
    ['y is -Infinity at index 1, expected a finite number', { x: six, y: Float32Array.from([1, -Infinity, 3]) }],
    ['x is empty, expected at least one example', { x: new Float32Array(0), y: new Int32Array(0) }],
    ['x is not a Float32Array or Uint8Array, nor { shape, data } of one', { x: [1, 2] as never, y: labels(2, 2) }],
    ['y is not a Int32Array or Float32Array or Uint8Array, nor { shape, data } of one', { x: six } as never],
    [
      'y is a Float32Array, expected Int32Array or Uint8Array labels where classes is given',
      { x: six, y: new Float32Array(3), classes: 3 },
    ],
  ] as [string, Parameters<typeof dataset>[0]][])('refuses: %s', (message, options) => {
    expect(() => dataset(options)).toThrow(DataError);
    expect(() => dataset(options)).toThrow(`dataset: ${message}`);
  });

  test('refuses options that cannot be meant', () => {
    const base = { x: bytes(4), y: labels(2, 2) };
    expect(() => dataset({ ...base, class: 2 } as never)).toThrow(
      "dataset: unknown option 'class', did you mean 'classes'?",
    );
    expect(() => dataset({ ...base, scale: 0 })).toThrow(OptionError);
    expect(() => dataset({ ...base, offset: NaN })).toThrow(OptionError);
    expect(() => dataset({ ...base, classes: 1.5 })).toThrow('dataset: classes is 1.5, expected a whole number from 1');
    expect(() => dataset({ ...base, shape: [-2] })).toThrow(ShapeError);
  });
});

describe('take', () => {
  const data = dataset({ x: bytes(10), y: labels(5, 3), classes: 3 });

  test('the first examples, or some in any order', () => {
    expect([...take(data, 2).x.data]).toEqual([0, 1, 2, 3]);
    const some = take(data, [4, 0, 4]);
    expect([...some.x.data]).toEqual([8, 9, 0, 1, 8, 9]);
    expect([...some.y.data]).toEqual([1, 0, 1]);
    expect(some).toMatchObject({ size: 3, classes: 3, x: { scale: 1 / 255, shape: [2] } });
  });

  test('the parts are copies', () => {
    take(data, 1).x.data[0] = 99;
    expect(data.x.data[0]).toBe(0);
  });

  test('refuses what is not there', () => {
    expect(() => take(data, 6)).toThrow('take: 6 examples asked of 5, expected 1 to 5');
    expect(() => take(data, [])).toThrow(DataError);
    expect(() => take(data, [0, 5])).toThrow('take: index 5 at place 1 is outside 0..4');
    expect(() => take(data, [0.5])).toThrow(DataError);
  });
});

describe('split', () => {
  const uneven = (sizes: number[]): Dataset => {
    const y = Int32Array.from(sizes.flatMap((size, label) => new Array<number>(size).fill(label)));
    return dataset({ x: Float32Array.from(y, (_, i) => i), y, classes: sizes.length });
  };

  test.each([false, true])('is disjoint, complete and seeded (stratified: %s)', (stratified) => {
    const data = uneven([50, 30, 23]);
    const { train, validation } = split(data, { validation: 0.2, seed: 3, stratified });
    expect([train.size, validation.size]).toEqual([82, 21]);
    expect([...train.x.data, ...validation.x.data].sort((a, b) => a - b)).toEqual([...data.x.data]);
    const again = splitIndices(data, { validation: 0.2, seed: 3, stratified });
    expect([...again.validation]).toEqual([...validation.x.data]);
    expect([...splitIndices(data, { validation: 0.2, seed: 4, stratified }).validation]).not.toEqual([
      ...again.validation,
    ]);
  });

  test('stratified keeps every share within one example', () => {
    for (const sizes of [
      [50, 30, 23],
      [1, 1, 1, 100],
      [7, 7, 7, 7, 7],
      [999, 3],
    ]) {
      for (const share of [0.1, 0.25, 0.5, 0.9]) {
        const data = uneven(sizes);
        const { validation } = split(data, { validation: share, stratified: true });
        expect(validation.size).toBe(Math.round(data.size * share));
        sizes.forEach((size, label) => {
          const got = validation.y.data.filter((value) => value === label).length;
          expect(Math.abs(got - size * share)).toBeLessThan(1);
        });
      }
    }
  });

  test('refuses an empty part and floats without classes', () => {
    const data = dataset({ x: new Float32Array(8), y: new Float32Array(4) });
    expect(() => split(data, { validation: 0.1 })).toThrow('split: 0.1 of 4 examples leaves one part empty');
    expect(() => split(data, { validation: 0.5, stratified: true })).toThrow(
      'split: stratified needs one integer label for each example',
    );
    expect(() => split(data, { validation: 1 })).toThrow(OptionError);
    expect(() => split(data, { validation: 0.5, seed: -1 })).toThrow(OptionError);
    expect(() => split(data, { validation: 0.5, stratify: true } as never)).toThrow("did you mean 'stratified'?");
  });
});

test('shuffleOrder differs by epoch and not by call', () => {
  expect([...shuffleOrder(20, 1, 0)]).toEqual([...shuffleOrder(20, 1, 0)]);
  expect([...shuffleOrder(20, 1, 0)]).not.toEqual([...shuffleOrder(20, 1, 1)]);
  expect(new Set(shuffleOrder(20, 1, 1)).size).toBe(20);
});
