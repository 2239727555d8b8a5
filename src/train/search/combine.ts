// How predictions of several models become one, and how much the models differ.

import { DataError } from '../../core/errors.ts';
import { format, type Shape } from '../../core/shape.ts';
import type { HostTensor } from '../core.ts';

/** What a model's outputs are: scores of classes in one of three forms, or numbers that mean themselves. */
export type OutputKind = 'logits' | 'logProbabilities' | 'probabilities' | 'values';

/** Rows [N, C] as probabilities; one column is the probability of yes. */
export function probabilities({ shape, data }: HostTensor, kind: OutputKind): Float64Array {
  const columns = shape.at(-1)!;
  const made = Float64Array.from(data);
  if (kind === 'probabilities' || kind === 'values') return made;
  if (kind === 'logProbabilities') return made.map(Math.exp);
  if (columns === 1) return made.map((z) => 1 / (1 + Math.exp(-z)));
  for (let start = 0; start < made.length; start += columns) {
    const row = made.subarray(start, start + columns);
    const highest = Math.max(...row);
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += row[c] = Math.exp(row[c]! - highest);
    for (let c = 0; c < columns; c++) row[c]! /= sum;
  }
  return made;
}

/** The place of each row's largest number, the first of equals; of one column whether it is above a half. */
export function classesOf(rows: Float64Array, columns: number): Int32Array {
  return Int32Array.from({ length: rows.length / columns }, (_, i) => {
    if (columns === 1) return rows[i]! > 0.5 ? 1 : 0;
    let best = 0;
    for (let c = 1; c < columns; c++) if (rows[i * columns + c]! > rows[i * columns + best]!) best = c;
    return best;
  });
}

export function meanOf(members: readonly Float64Array[]): Float64Array {
  return members[0]!.map((_, i) => members.reduce((sum, rows) => sum + rows[i]!, 0) / members.length);
}

/** The share of members that take each class; of one column the share that says yes. */
export function votesOf(members: readonly Float64Array[], columns: number): Float64Array {
  const votes = new Float64Array(members[0]!.length);
  for (const rows of members) {
    classesOf(rows, columns).forEach((chosen, i) => {
      if (columns === 1) votes[i]! += chosen;
      else votes[i * columns + chosen]! += 1;
    });
  }
  return votes.map((count) => count / members.length);
}

/** Shares of votes made unequal where they tie: the larger mean probability wins. */
export function tieBroken(votes: Float64Array, means: Float64Array, members: number): Float64Array {
  return votes.map((share, i) => share + (means[i]! - 0.5) * (0.5 / members)); // less than one vote
}

/** The mean over pairs of members of the share of examples whose classes differ (Skalak 1996); 0 for one member. */
export function disagreementOf(classes: readonly Int32Array[]): number {
  let differ = 0;
  let pairs = 0;
  for (let a = 0; a < classes.length; a++) {
    for (let b = a + 1; b < classes.length; b++) {
      pairs++;
      classes[a]!.forEach((of, i) => (differ += of === classes[b]![i] ? 0 : 1));
    }
  }
  return pairs === 0 ? 0 : differ / (pairs * classes[0]!.length);
}

/**
 * The mean over numbers of the members' variance around their mean (Krogh and Vedelsby 1995): the members' mean squared
 * error less this is the squared error of their mean.
 */
export function ambiguityOf(members: readonly Float64Array[], mean: Float64Array): number {
  let sum = 0;
  for (const rows of members) rows.forEach((value, i) => (sum += (value - mean[i]!) ** 2));
  return sum / (members.length * mean.length);
}

/** A data set's labels, or the places of the largest numbers of rows as long as the classes are many. */
export function labelsFor(
  where: string,
  { data, shape }: { readonly data: ArrayLike<number>; readonly shape: Shape },
  columns: number,
): Int32Array {
  const numbers = Float64Array.from(data);
  if (shape.length === 0 || (shape.length === 1 && shape[0] === 1)) {
    return columns === 1 ? classesOf(numbers, 1) : Int32Array.from(numbers);
  }
  if (shape.length === 1 && shape[0] === columns) return classesOf(numbers, columns);
  throw new DataError(`${where}: y has ${format(shape)} for each example, expected a label or ${columns} numbers`);
}
