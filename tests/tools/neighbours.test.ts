// Blocks of near twins: a chain found again from shuffled slices, and what shared data are known to be.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { expect, test } from 'vitest';

import { permutation } from '../../src/core/random.ts';
import { dataset } from '../../src/data/dataset.ts';
import { confusionLines } from '../../tools/train/confusion_text.ts';
import { dataFileNames } from '../../tools/train/data.ts';
import { loadImages, splitImages } from '../../tools/train/load.ts';
import { chain, neighbourGroups } from '../../tools/train/neighbours.ts';
import { parseOptions } from '../../tools/train/options.ts';

test('classes of unlike pictures have blocks of their own', () => {
  const { data } = slices(2, 20);
  const x = Uint8Array.from(data.x.data);
  // The other class's bar is drawn from the other end, and twice as wide.
  data.y.data.forEach((label, image) => {
    if (label === 0) return;
    const bar = x.slice(image * 64, image * 64 + 64).reverse();
    for (let i = 0; i < 64; i++) x[image * 64 + i] = Math.max(bar[i]!, bar[Math.max(0, i - 12)]!);
  });
  const groups = neighbourGroups(dataset({ x, y: data.y.data, shape: [8, 8], classes: 2 }), 5, null);
  expect(new Set(groups).size).toBe(8);
});

/** A bright bar that moves through the slices of each class, shuffled. */
function slices(classes: number, each: number) {
  const order = permutation(classes * each, 3, 1);
  const x = new Uint8Array(classes * each * 64);
  const y = new Int32Array(classes * each);
  order.forEach((slice, place) => {
    y[place] = slice % classes;
    const at = Math.floor(slice / classes);
    for (let i = 0; i < 64; i++) x[place * 64 + i] = Math.max(0, 255 - 20 * Math.abs(i - at));
  });
  const place = (slice: number) => order.indexOf(slice);
  return { data: dataset({ x, y, shape: [8, 8], classes }), at: (i: number) => Math.floor(order[i]! / classes), place };
}

test('a chain is the order of the slices, or its reverse', () => {
  const { data, at, place } = slices(2, 30);
  const members = Array.from({ length: 30 }, (_, i) => place(2 * i));
  const found = chain(
    data,
    [...members].sort((a, b) => a - b),
  ).map(at);
  const expected = Array.from({ length: 30 }, (_, i) => i);
  expect(found[0] === 0 ? found : found.reverse()).toEqual(expected);
});

test('blocks are of so many neighbours, in all classes that show the same places, and stay together in a split', () => {
  const { data, at } = slices(3, 20);
  const groups = neighbourGroups(data, 5, null);
  expect(new Set(groups).size).toBe(4);
  for (const group of new Set(groups)) {
    const places = groups.flatMap((one, i) => (one === group ? [at(i)] : []));
    expect(Math.max(...places) - Math.min(...places)).toBe(4);
  }
  const halves = { train: data, test: data, classes: 3 };
  const parts = splitImages(halves, { limit: null, seed: 1, split: 'images', block: 5 });
  expect([parts.train.size, parts.validation.size, parts.test.size]).toEqual([84, 12, 24]);
});

test('files that had numbers are neighbours by these', () => {
  const data = dataset({ x: new Uint8Array(4), y: new Int32Array(4), shape: [1], classes: 1 });
  const files = ['Hand/000007.jpeg', 'Hand/000012.jpeg', 'CXR/000019.jpeg', 'Hand/000019.jpeg'];
  expect(neighbourGroups(data, 10, files)).toEqual(['Hand/0', 'Hand/1', 'CXR/1', 'Hand/1']);
  expect(() => neighbourGroups(data, 10, files.slice(1))).toThrow('3 source files for 4 images');
});

test('the test by class, in columns', () => {
  expect(confusionLines({ classes: 2, counts: [3, 1, 0, 4] })).toEqual([
    'class  images  precision %  recall %  specificity %  F1 %  IoU %',
    '    0       4        100.0      75.0          100.0  85.7   75.0',
    '    1       4         80.0     100.0           75.0  88.9   80.0',
    '',
    'taken for  0  1',
    '   true 0  3  1',
    '   true 1  0  4',
  ]);
});

test('options', () => {
  expect(() => parseOptions(['--split', 'slices'])).toThrow('expected given, images, groups');
  expect(() => parseOptions(['--block', '5'])).toThrow('--block is of --split groups only');
  expect(parseOptions(['--split', 'groups'])).toMatchObject({ split: 'groups', block: 10, report: true });
});

const brain = resolve(import.meta.dirname, '../../../shared/data/brain-planes-9x64x64');

test.skipIf(!existsSync(brain))(
  'of each ten neighbouring brain slices two are test slices (skipped without shared data)',
  async () => {
    const files = dataFileNames(brain)!;
    const images = await loadImages({ name: 'brain', files }, 0, async (name) => readFileSync(join(brain, name)));
    const { train, test: held } = images;
    const x = new Uint8Array((train.size + held.size) * 4096);
    x.set(train.x.data);
    x.set(held.x.data, train.x.data.length);
    const y = Int32Array.from([...train.y.data, ...held.y.data]);
    const all = dataset({ x, y, shape: [64, 64], classes: 9 });
    // The set's own README says how its test was chosen, so chains that were found right have two of each ten in it.
    for (const label of [1, 3]) {
      const found = chain(
        all,
        Array.from(y.keys()).filter((i) => y[i] === label),
      );
      const tests = (order: number[]) =>
        Array.from(
          { length: Math.floor(order.length / 10) },
          (_, block) => order.slice(10 * block, 10 * block + 10).filter((i) => i >= train.size).length,
        );
      const both = [tests(found), tests([...found].reverse())];
      expect(both).toContainEqual(both[0]!.map(() => 2));
    }
    // 119, 137 and 106 slices of three planes, each in three sequences of the same person: the same places.
    const groups = neighbourGroups(all, 10, null);
    expect(new Set(groups).size).toBe(12 + 14 + 11);
    for (const group of new Set(groups)) {
      const labels = groups.flatMap((one, i) => (one === group ? [y[i]!] : []));
      const plane = labels[0]! % 3;
      const each = [0, 3, 6].map((sequence) => labels.filter((label) => label === sequence + plane).length);
      expect([labels.length, ...each]).toEqual([3 * each[0]!, each[0], each[0], each[0]]);
    }
    // And there the set's own test slices are the same places in all three, but where a chain of sagittal slices goes astray.
    const testsOf = (label: number) =>
      new Map(
        [...new Set(groups)].map((group) => [
          group,
          groups.filter((one, i) => one === group && y[i] === label && i >= train.size).length,
        ]),
      );
    for (const plane of [0, 1]) {
      for (const sequence of [3, 6]) expect(testsOf(sequence + plane)).toEqual(testsOf(plane));
    }
  },
);
