// The divisions of k-fold cross-validation.

import { DataError, OptionError, checkOptions, checkTypes } from '../core/errors.ts';
import { checkWord, permutation } from '../core/random.ts';
import { take, type Dataset, type NamedDataset } from './dataset.ts';
import { allocate, checkGroups, groupsOf } from './groups.ts';
import { classesOf, indicesOf, labelsOf, type SplitIndices } from './split.ts';

const FOLDS = 0xf01d5; // a stream of the generator, as in split.ts

export interface FoldOptions {
  /** How many folds, at least 2. */
  readonly k: number;
  readonly seed?: number;
  /** Keep each class's share in every fold, within one example. Needs integer labels. */
  readonly stratified?: boolean;
  /** As of `split`: the examples of a group are validated together. */
  readonly groups?: ArrayLike<number | string>;
}

/**
 * The k divisions of k-fold cross-validation: every example is in `validation` once and in `train` k − 1 times. Without
 * groups the folds' sizes differ by at most one. DataError: more folds than examples or groups.
 */
export function foldIndices(from: Dataset | NamedDataset, options: FoldOptions): SplitIndices[] {
  checkOptions('folds', options, ['k', 'seed', 'stratified', 'groups']);
  const { k, seed = 0, stratified = false, groups } = options;
  checkWord('folds', 'seed', seed);
  checkTypes('folds', 'boolean', { stratified });
  if (!Number.isInteger(k) || k < 2 || k > 255) {
    throw new OptionError(`folds: k is ${k}, expected a whole number from 2 to 255`);
  }
  const order = permutation(from.size, seed, FOLDS);
  const labels = stratified ? labelsOf('folds', from) : null;
  const units = groups ? new Set(Array.from(groups)).size : from.size;
  if (k > units) {
    throw new DataError(`folds: ${k} folds of ${units} ${groups ? 'groups' : 'examples'}, expected no more than those`);
  }
  const parts = new Uint8Array(from.size);
  if (groups) {
    checkGroups('folds', groups, from.size);
    const { classes, classOf } = classesOf(labels);
    // The largest first, so that small ones even out what those leave.
    const sorted = groupsOf(groups, order, classOf, classes).sort((a, b) => b.members.length - a.members.length);
    const places = allocate(sorted, Array<number>(k).fill(1 / k));
    sorted.forEach(({ members }, i) => members.forEach((index) => (parts[index] = places[i]!)));
  } else {
    // Dealt out in turn, one class after the other: a class's folds, and all folds, differ by at most one.
    const dealt = labels ? [...order].sort((a, b) => labels[a]! - labels[b]!) : order;
    dealt.forEach((index, i) => (parts[index] = i % k));
  }
  return Array.from({ length: k }, (_, fold) => {
    const validation = indicesOf(parts, fold);
    const train = Uint32Array.from({ length: from.size }, (_, i) => i).filter((i) => parts[i] !== fold);
    return { train, validation };
  });
}

/** `foldIndices` as data sets, each pair made when it is asked for. */
export function* folds<D extends Dataset | NamedDataset>(
  from: D,
  options: FoldOptions,
): Generator<{ train: D; validation: D }, void, undefined> {
  for (const { train, validation } of foldIndices(from, options)) {
    yield { train: take(from as Dataset, train) as D, validation: take(from as Dataset, validation) as D };
  }
}
