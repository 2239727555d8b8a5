// How far f32 may be from the reference in functions of whole rows, from their arithmetic: a sum of K terms by
// (4 + √K / 2)·u·Σ|terms|, exp by 3 + 2|x| units in the last place, log by 3 or 2⁻²¹, a quotient by 2.5 (WGSL, "Accuracy of
// Concrete Floating Point Expressions"), other operations by u. A unit in the last place is at most 2u of its number.

import type { Values } from '../core/dtype.ts';

export const u = 2 ** -24;
/** Below it results may be flushed to 0. */
export const smallest = 2 ** -126;

/** As a share of Σ|terms|, the roundings of products in it included. */
export const sumError = (terms: number) => (4 + Math.sqrt(terms) / 2) * u;

/** Kernels may take powers around a number that is this much below the largest (shaders/lib/powers.wgsl). */
const slack = 2;

/** Of e^d as a share of it, d being a difference that was rounded. e^-Infinity, of a masked score, is 0 everywhere. */
const powerError = (d: number) => (d === -Infinity ? 0 : (6 + 5 * Math.max(Math.abs(d), slack)) * u);

/** What a sum that holds e^d, as far below the largest as that, takes on where its reference rises step by step. */
function rescaleError(d: number): number {
  if (d === -Infinity) return 0;
  const rise = Math.abs(d) + slack;
  return (7 * (rise / slack + 1) + 5 * rise) * u;
}

/** A row's largest number, Σ e^(x − that), and as a share the error of the sum. */
export interface RowTotal {
  readonly highest: number;
  readonly sum: number;
  readonly error: number;
}

export function rowTotal(x: ArrayLike<number>): RowTotal {
  let [highest, sum, carried] = [-Infinity, 0, 0];
  for (let i = 0; i < x.length; i++) highest = Math.max(highest, x[i]!);
  for (let i = 0; i < x.length; i++) {
    const power = Math.exp(x[i]! - highest);
    sum += power;
    carried += power * (powerError(x[i]! - highest) + rescaleError(x[i]! - highest));
  }
  return { highest, sum, error: sumError(x.length) + carried / sum };
}

/** Of e^(x − highest) / sum, or times 1 / sum. */
export function shareError(x: number, { highest, sum, error }: RowTotal): number {
  const d = x - highest;
  return (Math.exp(d) / sum) * (powerError(d) + error + 6 * u) + smallest;
}

/** Of (x − highest) − log sum, in any order. */
export function logShareError(x: number, { highest, sum, error }: RowTotal): number {
  if (x === -Infinity) return 0;
  const [d, log] = [highest - x + slack, Math.log(sum) + slack];
  return u * d + Math.max(2 ** -21, 6 * u * log) + error + u * (d + log);
}

/** Of every element of `x`, row by row. */
export function errorsOfRows(
  x: Values,
  columns: number,
  error: (value: number, total: RowTotal, row: number, column: number) => number,
): Float64Array {
  const errors = new Float64Array(x.length);
  for (let first = 0; first < x.length; first += columns) {
    const total = rowTotal(x.subarray(first, first + columns));
    for (let c = 0; c < columns; c++) errors[first + c] = error(x[first + c]!, total, first / columns, c);
  }
  return errors;
}
