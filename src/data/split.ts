// Orders and divisions of a data set, all decided by a seed.

import { DataError, OptionError, checkOptions, checkTypes } from '../core/errors.ts';
import { checkWord, permutation } from '../core/random.ts';
import { isOne, take, type Dataset, type NamedDataset } from './dataset.ts';
import { allocate, checkGroups, groupsOf } from './groups.ts';

// Streams of the generator, so that one seed gives unrelated numbers for each purpose.
const SHUFFLE = 0x5ff1e;
const SPLIT = 0x5b117;

/** The order in which epoch `epoch` (from 0) visits `size` examples: a new one every epoch, the same for the same seed. */
export function shuffleOrder(size: number, seed: number, epoch: number): Uint32Array {
  return permutation(size, seed, SHUFFLE, epoch);
}

export interface SplitOptions {
  /** The share of the examples put aside to choose by, above 0 and below 1; rounded to whole examples. */
  readonly validation: number;
  /** The share put aside for one last test; no such part unless given. */
  readonly test?: number;
  /** An integer from 0 to 2³² − 1; 0 unless given. */
  readonly seed?: number;
  /** Keep each class's share in all parts, within one example. Needs integer labels. */
  readonly stratified?: boolean;
  /**
   * A number or word for each example: those with the same one (a patient, a scene, a block of neighbouring slices) come
   * into the same part, so shares are met as nearly as whole groups allow.
   */
  readonly groups?: ArrayLike<number | string>;
}

/** Example indices, ascending. `test` is there where a share was asked for. */
export interface SplitIndices {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
  readonly test?: Uint32Array;
}

/**
 * Divides a data set at random into parts that share no example and together hold them all, each in the original order.
 * Throws a DataError where a part would be empty.
 */
export function split<D extends Dataset | NamedDataset>(
  from: D,
  options: SplitOptions & { readonly test: number },
): { train: D; validation: D; test: D };
export function split<D extends Dataset | NamedDataset>(from: D, options: SplitOptions): { train: D; validation: D };
export function split<D extends Dataset | NamedDataset>(
  from: D,
  options: SplitOptions,
): { train: D; validation: D; test?: D } {
  const part = (indices: Uint32Array): D => take(from as Dataset, indices) as D;
  const { train, validation, test } = splitIndices(from, options);
  return { train: part(train), validation: part(validation), ...(test ? { test: part(test) } : {}) };
}

/** The indices of `split`'s parts. */
export function splitIndices(
  from: Dataset | NamedDataset,
  options: SplitOptions & { readonly test: number },
): Required<SplitIndices>;
export function splitIndices(from: Dataset | NamedDataset, options: SplitOptions): SplitIndices;
export function splitIndices(from: Dataset | NamedDataset, options: SplitOptions): SplitIndices {
  checkOptions('split', options, ['validation', 'test', 'seed', 'stratified', 'groups']);
  const { validation, test, seed = 0, stratified = false, groups } = options;
  checkWord('split', 'seed', seed);
  checkTypes('split', 'boolean', { stratified });
  const shares = { validation, ...(test === undefined ? {} : { test }) };
  for (const [name, share] of Object.entries(shares)) {
    if (typeof share === 'number' && share > 0 && share < 1) continue;
    throw new OptionError(`split: ${name} is ${share}, expected a share above 0 and below 1`);
  }
  if (validation + (test ?? 0) >= 1) {
    throw new OptionError(`split: validation ${validation} and test ${test} leave nothing to train on`);
  }
  const order = permutation(from.size, seed, SPLIT);
  const labels = stratified ? labelsOf('split', from) : null;
  const parts = groups
    ? groupParts('split', from.size, groups, order, labels, Object.values(shares))
    : exampleParts(from.size, order, labels, Object.values(shares));

  const indices = Object.keys(shares).map((_, i) => indicesOf(parts, i + 1));
  const train = indicesOf(parts, 0);
  [train, ...indices].forEach(({ length }, i) => {
    if (length > 0) return;
    const name = ['train', ...Object.keys(shares)][i]!;
    const of = groups ? `${new Set(Array.from(groups)).size} groups of ${from.size} examples` : `${from.size} examples`;
    const share = i === 0 ? 1 - validation - (test ?? 0) : Object.values(shares)[i - 1]!;
    throw new DataError(`split: ${Number(share.toPrecision(6))} of ${of} leaves one part empty: ${name}`);
  });
  return { train, validation: indices[0]!, ...(test === undefined ? {} : { test: indices[1]! }) };
}

/** The indices whose entry is `part`, ascending. */
export function indicesOf(parts: Uint8Array, part: number): Uint32Array {
  const found: number[] = [];
  parts.forEach((of, index) => {
    if (of === part) found.push(index);
  });
  return Uint32Array.from(found);
}

/** One integer label for each example, or a DataError. */
export function labelsOf(where: string, { y }: Dataset | NamedDataset): ArrayLike<number> {
  const labels = isOne(y) ? (y as Dataset['y']).data : null;
  if (labels === null || labels instanceof Float32Array || (y as Dataset['y']).shape.length > 0) {
    throw new DataError(`${where}: stratified needs one integer label for each example`);
  }
  return labels;
}

/** Labels as classes counted from 0; without labels everything is one class. */
export function classesOf(labels: ArrayLike<number> | null): { classes: number; classOf: (index: number) => number } {
  if (!labels) return { classes: 1, classOf: () => 0 };
  const numbers = new Map([...new Set(Array.from(labels))].sort((a, b) => a - b).map((label, i) => [label, i]));
  return { classes: numbers.size, classOf: (index) => numbers.get(labels[index]!)! };
}

/** The part of each example, 0 being what is left for training, 1 and up those of `shares`. */
function groupParts(
  where: string,
  size: number,
  groups: ArrayLike<number | string>,
  order: Uint32Array,
  labels: ArrayLike<number> | null,
  shares: readonly number[],
): Uint8Array {
  checkGroups(where, groups, size);
  const { classes, classOf } = classesOf(labels);
  const found = groupsOf(groups, order, classOf, classes);
  const places = allocate(found, [1 - shares.reduce((sum, share) => sum + share, 0), ...shares]);
  const parts = new Uint8Array(size);
  found.forEach(({ members }, i) => members.forEach((index) => (parts[index] = places[i]!)));
  return parts;
}

function exampleParts(
  size: number,
  order: Uint32Array,
  labels: ArrayLike<number> | null,
  shares: readonly number[],
): Uint8Array {
  const parts = new Uint8Array(size);
  let taken = 0;
  shares.forEach((share, i) => {
    const count = Math.round(size * share);
    if (labels) {
      chooseStratified(labels, order, share, count, parts, i + 1);
    } else {
      for (let at = taken; at < taken + count; at++) parts[order[at]!] = i + 1;
    }
    taken += count;
  });
  return parts;
}

/**
 * Gives `part` to `count` examples that have none yet: of each class its exact share rounded down, then one more where
 * most was lost (largest remainders) and one is left.
 */
function chooseStratified(
  labels: ArrayLike<number>,
  order: Uint32Array,
  share: number,
  count: number,
  parts: Uint8Array,
  part: number,
): void {
  const sizes = new Map<number, number>();
  const free = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    sizes.set(label, (sizes.get(label) ?? 0) + 1);
    if (parts[i] === 0) free.set(label, (free.get(label) ?? 0) + 1);
  }
  const wanted = new Map<number, number>();
  let left = count;
  for (const [label, size] of sizes) {
    const whole = Math.floor(size * share);
    wanted.set(label, whole);
    left -= whole;
  }
  const lost = (label: number): number => (sizes.get(label)! * share) % 1;
  const byLoss = [...sizes.keys()]
    .filter((label) => (free.get(label) ?? 0) > wanted.get(label)!)
    .sort((a, b) => lost(b) - lost(a) || a - b);
  for (const label of byLoss.slice(0, left)) wanted.set(label, wanted.get(label)! + 1);

  for (const index of order) {
    const label = labels[index]!;
    const open = wanted.get(label)!;
    if (open === 0 || parts[index] !== 0) continue;
    wanted.set(label, open - 1);
    parts[index] = part;
  }
}
