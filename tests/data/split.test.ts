import { describe, expect, test } from 'vitest';
import { DataError, OptionError } from '../../src/core/errors.ts';
import { randomUniform } from '../../src/core/random.ts';
import { dataset, type Dataset } from '../../src/data/dataset.ts';
import { foldIndices, folds } from '../../src/data/folds.ts';
import { split, splitIndices } from '../../src/data/split.ts';

/** `size` examples whose one number is their index, with labels by `labelOf`. */
function numbered(size: number, labelOf: (i: number) => number = (i) => i % 3): Dataset {
  const indices = Array.from({ length: size }, (_, i) => i);
  return dataset({ x: Float32Array.from(indices), y: Int32Array.from(indices, labelOf), shape: [1] });
}

const counts = (values: ArrayLike<number>, indices: Uint32Array) => {
  const found = new Map<number, number>();
  for (const i of indices) found.set(values[i]!, (found.get(values[i]!) ?? 0) + 1);
  return found;
};

/** Every index exactly once over the parts, each part ascending. */
function expectPartition(parts: readonly Uint32Array[], size: number): void {
  for (const part of parts) expect([...part]).toEqual([...part].sort((a, b) => a - b));
  expect(parts.flatMap((part) => [...part]).sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
}

describe('split in three', () => {
  test('70/10/20 of 100 examples', () => {
    const { train, validation, test: held } = splitIndices(numbered(100), { validation: 0.1, test: 0.2, seed: 5 });
    expect([train.length, validation.length, held.length]).toEqual([70, 10, 20]);
    expectPartition([train, validation, held], 100);
    const parts = split(numbered(100), { validation: 0.1, test: 0.2, seed: 5 });
    expect([...parts.test.x.data]).toEqual([...held]);
  });

  test.each([1, 2, 3, 4, 5])('stratified: each class within one example of its share (seed %i)', (seed) => {
    const sizes = [97, 31, 8, 3];
    const labels = sizes.flatMap((n, label) => Array<number>(n).fill(label));
    const data = numbered(labels.length, (i) => labels[i]!);
    const parts = splitIndices(data, { validation: 0.15, test: 0.25, stratified: true, seed });
    expectPartition([parts.train, parts.validation, parts.test], labels.length);
    for (const [part, share] of [
      [parts.validation, 0.15],
      [parts.test, 0.25],
    ] as const) {
      expect(part.length).toBe(Math.round(labels.length * share));
      const found = counts(labels, part);
      sizes.forEach((n, label) => expect(Math.abs((found.get(label) ?? 0) - n * share)).toBeLessThan(1));
    }
  });

  test('shares that leave nothing are refused', () => {
    expect(() => split(numbered(10), { validation: 0.5, test: 0.5 })).toThrow(
      new OptionError('split: validation 0.5 and test 0.5 leave nothing to train on'),
    );
    expect(() => split(numbered(10), { validation: 0.1, test: 1.5 })).toThrow(
      'split: test is 1.5, expected a share above 0 and below 1',
    );
    expect(() => split(numbered(10), { validation: 0.1, test: 0.01 })).toThrow(DataError);
  });
});

describe('groups', () => {
  const random = randomUniform(400, 3, 0);
  const patients = Array.from(random, (u) => `patient ${Math.floor(u * u * 40)}`);
  const data = numbered(400, (i) => (i * 7) % 4);

  test.each([0, 1, 2, 3])('a group is never divided, and shares are near (seed %i)', (seed) => {
    for (const stratified of [false, true]) {
      const parts = splitIndices(data, { validation: 0.2, test: 0.2, groups: patients, seed, stratified });
      expectPartition([parts.train, parts.validation, parts.test], 400);
      const sides = new Map<string, number>();
      [parts.train, parts.validation, parts.test].forEach((part, side) => {
        for (const i of part) expect(sides.get(patients[i]!) ?? side).toBe(side);
        for (const i of part) sides.set(patients[i]!, side);
      });
      const largest = Math.max(...[...new Set(patients)].map((p) => patients.filter((q) => q === p).length));
      expect(Math.abs(parts.validation.length - 80)).toBeLessThanOrEqual(largest);
      expect(Math.abs(parts.test.length - 80)).toBeLessThanOrEqual(largest);
    }
  });

  test('another seed gives another division', () => {
    const of = (seed: number) => splitIndices(data, { validation: 0.2, groups: patients, seed }).validation.join();
    expect(of(1)).toBe(of(1));
    expect(new Set([1, 2, 3, 4].map(of)).size).toBeGreaterThan(1);
  });

  test('stratified groups are nearer to the classes than others', () => {
    // Groups of one class each: only a stratified division sees that.
    const groups = Array.from({ length: 400 }, (_, i) => (i % 4) * 100 + Math.floor(i / 40));
    const { validation } = splitIndices(data, { validation: 0.25, groups, stratified: true });
    const found = counts(data.y.data, validation);
    for (let label = 0; label < 4; label++) expect(Math.abs((found.get(label) ?? 0) - 25)).toBeLessThanOrEqual(10);
  });

  test('errors', () => {
    expect(() => split(data, { validation: 0.2, groups: [1, 2] })).toThrow(
      new DataError('split: groups has 2 entries, expected one for each of 400 examples'),
    );
    expect(() => split(data, { validation: 0.2, groups: Array(400).fill(1) })).toThrow(
      'split: 0.2 of 1 groups of 400 examples leaves one part empty: validation',
    );
  });
});

describe('folds', () => {
  test.each([
    [10, 5],
    [11, 4],
    [7, 7],
    [103, 10],
  ])('%i examples in %i folds: each validated once, sizes within one', (size, k) => {
    const made = foldIndices(numbered(size), { k, seed: 2 });
    expect(made).toHaveLength(k);
    expectPartition(
      made.map(({ validation }) => validation),
      size,
    );
    for (const { train, validation } of made) {
      expectPartition([train, validation], size);
      expect(Math.abs(validation.length - size / k)).toBeLessThan(1);
    }
  });

  test('stratified: every class within one example in every fold', () => {
    const labels = [...Array<number>(53).fill(0), ...Array<number>(20).fill(1), ...Array<number>(6).fill(2)];
    const made = foldIndices(
      numbered(labels.length, (i) => labels[i]!),
      { k: 5, stratified: true, seed: 8 },
    );
    for (const { validation } of made) {
      expect(Math.abs(validation.length - labels.length / 5)).toBeLessThan(1);
      const found = counts(labels, validation);
      [53, 20, 6].forEach((n, label) => expect(Math.abs((found.get(label) ?? 0) - n / 5)).toBeLessThan(1));
    }
  });

  test('grouped: a group is validated whole, and folds are even', () => {
    const groups = Array.from({ length: 60 }, (_, i) => Math.floor(i / 3));
    const made = foldIndices(numbered(60), { k: 5, groups, stratified: true });
    expectPartition(
      made.map(({ validation }) => validation),
      60,
    );
    for (const { validation } of made) {
      expect(validation).toHaveLength(12);
      expect(new Set(Array.from(validation, (i) => groups[i])).size).toBe(4);
    }
  });

  test('as data sets', () => {
    const [first] = folds(numbered(6), { k: 3 });
    expect([first!.train.size, first!.validation.size]).toEqual([4, 2]);
  });

  test('errors', () => {
    expect(() => foldIndices(numbered(4), { k: 5 })).toThrow(
      new DataError('folds: 5 folds of 4 examples, expected no more than those'),
    );
    expect(() => foldIndices(numbered(4), { k: 3, groups: [1, 1, 2, 2] })).toThrow('3 folds of 2 groups');
    expect(() => foldIndices(numbered(4), { k: 1 })).toThrow('folds: k is 1, expected a whole number from 2 to 255');
  });
});
