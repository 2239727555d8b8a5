// What each example counts in a loss: weights given one by one, or by class.

import { DataError, OptionError } from '../core/errors.ts';
import { sizeOf, type Shape } from '../core/shape.ts';
import type { Head } from './core.ts';
import type { Targets } from './targets.ts';

export interface SampleWeighting {
  /** One for each example, finite and at least 0; 1 unless given. */
  readonly sampleWeight?: ArrayLike<number>;
}

export interface Weighting extends SampleWeighting {
  /** By class number, for examples of that class; classes left out count 1. Multiplied by `sampleWeight`. */
  readonly classWeight?: Readonly<Record<number, number>>;
}

/**
 * The weight of each loss, f32 [size, 1] or [size, rows of an example], or null where none are given. The loss is the
 * sum of weighted losses divided by their number (Keras), so weights of mean 1 leave its size alone.
 */
export function weightsFor(
  where: string,
  { sampleWeight, classWeight }: Weighting,
  size: number,
  targets: Targets,
  head: Head,
): Targets | null {
  if (sampleWeight === undefined && classWeight === undefined) return null;
  const classes = classWeight && classesOf(where, targets, head);
  const rows = classes ? classes.length / size : 1;
  const data = new Float32Array(size * rows).fill(1);
  if (sampleWeight) {
    if (sampleWeight.length !== size) {
      throw new DataError(`${where}: sampleWeight has ${sampleWeight.length} numbers for ${size} examples`);
    }
    for (let i = 0; i < size; i++) {
      checkWeight(where, `sampleWeight at index ${i}`, sampleWeight[i]!);
      data.fill(sampleWeight[i]!, i * rows, (i + 1) * rows);
    }
  }
  if (classes) {
    const most = Math.max(head.output.shape.at(-1) ?? 1, 2);
    const byClass = new Map<number, number>();
    for (const [key, weight] of Object.entries(classWeight!)) {
      const number = Number(key);
      if (!Number.isInteger(number) || number < 0 || number >= most) {
        throw new OptionError(`${where}: classWeight has '${key}', expected class numbers from 0 to ${most - 1}`);
      }
      checkWeight(where, `classWeight of ${key}`, weight);
      byClass.set(number, weight);
    }
    for (let i = 0; i < data.length; i++) data[i]! *= byClass.get(classes[i]!) ?? 1;
  }
  return { data, dtype: 'f32', shape: [rows] };
}

/** The class of each row: its label, the largest of its targets, or for a single target whether it is above a half. */
function classesOf(where: string, { data, shape }: Targets, { loss, output }: Head): ArrayLike<number> {
  if (loss.target === 'labels' || data instanceof Int32Array) return data;
  if (loss.perRow)
    return Int32Array.from({ length: data.length / lastOf(output.shape) }, (_, row) =>
      largest(data, row * lastOf(output.shape), lastOf(output.shape)),
    );
  if (sizeOf(shape) === 1) return Int32Array.from(data, (value) => Number(value > 0.5));
  throw new OptionError(
    `${where}: classWeight needs one class for each example, but '${loss.name}' has ${sizeOf(shape)} targets; use sampleWeight`,
  );
}

const lastOf = (shape: Shape): number => shape.at(-1) ?? 1;

function largest(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[start + i]! > values[start + best]!) best = i;
  return best;
}

function checkWeight(where: string, what: string, weight: number): void {
  if (weight >= 0 && Number.isFinite(Math.fround(weight))) return;
  throw new DataError(`${where}: ${what} is ${weight}, expected a finite number of at least 0`);
}
