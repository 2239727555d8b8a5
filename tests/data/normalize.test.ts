import { describe, expect, test } from 'vitest';
import { DataError, OptionError } from '../../src/core/errors.ts';
import { dataset, type Dataset } from '../../src/data/dataset.ts';
import { scaleToUnit, standardize } from '../../src/data/normalize.ts';

const floats = (values: number[], shape: number[]): Dataset => {
  const size = values.length / shape.reduce((a, b) => a * b, 1);
  return dataset({ x: Float32Array.from(values), y: new Int32Array(size), shape });
};
const meant = ({ x }: Dataset) => Array.from(x.data, (v) => v * x.scale + x.offset);

describe('standardize', () => {
  test('all numbers by one mean; bytes stay the same bytes', () => {
    const bytes = Uint8Array.from([0, 10, 20, 30]);
    const data = dataset({ x: bytes, y: new Int32Array(2), shape: [2] });
    const { apply } = standardize(data);
    const done = apply(data);
    expect(done.x.data).toBe(bytes);
    const s = Math.sqrt(125);
    meant(done).forEach((v, i) => expect(v).toBeCloseTo([-15 / s, -5 / s, 5 / s, 15 / s][i]!, 12));
  });

  test('features: each by its own, figures of the training part alone', () => {
    const train = floats([1, 100, 3, 300], [2]);
    const later = floats([5, 200], [2]);
    const { scale, offset, apply } = standardize(train, { per: 'features' });
    expect([...scale]).toEqual([1, 0.01]);
    expect([...offset]).toEqual([-2, -2]);
    expect(meant(apply(later))).toEqual([3, 0]);
    expect(apply(later).x.data).toBeInstanceOf(Float32Array);
  });

  test('channels: the last axis', () => {
    const data = floats([0, 10, 2, 30, 4, 20, 6, 40], [2, 2]);
    const values = meant(standardize(data, { per: 'channels' }).apply(data));
    for (const channel of [0, 1]) {
      const own = values.filter((_, i) => i % 2 === channel);
      expect(own.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 5);
      expect(own.reduce((a, b) => a + b * b, 0) / 4).toBeCloseTo(1, 5);
    }
  });

  test('a large mean loses no digits, a constant becomes 0', () => {
    const data = floats([1e6 + 1, 7, 1e6 + 3, 7], [2]);
    expect(meant(standardize(data, { per: 'features' }).apply(data))).toEqual([-1, 0, 1, 0]);
  });
});

describe('scaleToUnit', () => {
  test('least to 0, largest to 1', () => {
    const data = floats([2, -4, 6, 0, 4, 4], [2]);
    expect(meant(scaleToUnit(data, { per: 'features' }).apply(data))).toEqual([0, 0, 1, 0.5, 0.5, 1]);
    expect(meant(scaleToUnit(data).apply(data))[1]).toBeCloseTo(0, 12);
    expect(meant(scaleToUnit(data).apply(data))[2]).toBeCloseTo(1, 12);
  });
  test('constant', () => {
    const data = floats([3, 3], [1]);
    expect(meant(scaleToUnit(data).apply(data))).toEqual([0, 0]);
  });
});

test('errors', () => {
  const data = floats([1, 2, 3, 4], [2]);
  expect(() => standardize(data, { per: 'rows' as 'all' })).toThrow(
    new OptionError("standardize: per is 'rows', expected 'all', 'channels' or 'features'"),
  );
  expect(() => standardize(data, { per: 'features' }).apply(floats([1, 2, 3], [3]))).toThrow(
    new DataError('standardize: examples are [3], expected [2] as in training'),
  );
});
