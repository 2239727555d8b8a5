// Orders and divisions of a data set, all decided by a seed.

import { DataError, OptionError, checkOptions } from '../core/errors.ts';
import { checkWord, permutation } from '../core/random.ts';
import { isOne, take, type Dataset, type NamedDataset } from './dataset.ts';

// Streams of the generator, so that one seed gives unrelated numbers for each purpose.
const SHUFFLE = 0x5ff1e;
const SPLIT = 0x5b117;

/** The order in which epoch `epoch` (from 0) visits `size` examples: a new one every epoch, the same for the same seed. */
export function shuffleOrder(size: number, seed: number, epoch: number): Uint32Array {
  return permutation(size, seed, SHUFFLE, epoch);
}

export interface SplitOptions {
  /** The share of the examples put aside, above 0 and below 1; rounded to whole examples. */
  validation: number;
  /** An integer from 0 to 2³² − 1; 0 unless given. */
  seed?: number;
  /** Keep each class's share in both parts, within one example. Needs integer labels. */
  stratified?: boolean;
}

/**
 * Divides a data set at random into two that share no example and together hold them all, each in the original order.
 * Throws a DataError where a part would be empty.
 */
export function split<D extends Dataset | NamedDataset>(from: D, options: SplitOptions): { train: D; validation: D } {
  const { train, validation } = splitIndices(from, options);
  return { train: take(from as Dataset, train) as D, validation: take(from as Dataset, validation) as D };
}

/** The indices of `split`'s two parts, ascending. */
export function splitIndices(
  from: Dataset | NamedDataset,
  options: SplitOptions,
): { train: Uint32Array; validation: Uint32Array } {
  checkOptions('split', options, ['validation', 'seed', 'stratified']);
  const { validation: share, seed = 0, stratified = false } = options;
  checkWord('split', 'seed', seed);
  if (!(share > 0 && share < 1)) {
    throw new OptionError(`split: validation is ${share}, expected a share above 0 and below 1`);
  }
  const count = Math.round(from.size * share);
  if (count === 0 || count === from.size) {
    throw new DataError(`split: ${share} of ${from.size} examples leaves one part empty`);
  }
  const order = permutation(from.size, seed, SPLIT);
  const chosen = new Uint8Array(from.size);
  if (stratified) {
    chooseStratified(from, order, share, count, chosen);
  } else {
    for (let i = 0; i < count; i++) chosen[order[i]!] = 1;
  }

  const validation = new Uint32Array(count);
  const train = new Uint32Array(from.size - count);
  for (let i = 0, v = 0, t = 0; i < from.size; i++) {
    if (chosen[i] === 1) validation[v++] = i;
    else train[t++] = i;
  }
  return { train, validation };
}

/** Marks `count` examples: for each class its exact share rounded down, then one more where most was lost (largest remainders). */
function chooseStratified(
  { y }: Dataset | NamedDataset,
  order: Uint32Array,
  share: number,
  count: number,
  chosen: Uint8Array,
): void {
  const labels = isOne(y) ? (y as Dataset['y']).data : null;
  if (labels === null || labels instanceof Float32Array || (y as Dataset['y']).shape.length > 0) {
    throw new DataError('split: stratified needs one integer label for each example');
  }
  const sizes = new Map<number, number>();
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);

  const wanted = new Map<number, number>();
  let left = count;
  for (const [label, size] of sizes) {
    const whole = Math.floor(size * share);
    wanted.set(label, whole);
    left -= whole;
  }
  const lost = (label: number): number => (sizes.get(label)! * share) % 1;
  const byLoss = [...sizes.keys()].sort((a, b) => lost(b) - lost(a) || a - b);
  for (const label of byLoss.slice(0, left)) wanted.set(label, wanted.get(label)! + 1);

  for (const index of order) {
    const label = labels[index]!;
    const open = wanted.get(label)!;
    if (open === 0) continue;
    wanted.set(label, open - 1);
    chosen[index] = 1;
  }
}
