// How far f32 may be from the reference in normalization and its gradient, from their arithmetic; the rules are those of
// row_bounds.ts, and inverseSqrt is within 2 units in the last place.

import type { Values } from '../core/dtype.ts';
import type { CallTypes } from '../graph/op.ts';
import { eachElement, type NormalizeAttrs, segmentsOf } from './normalize_sizes.ts';
import { smallest, sumError, u } from './row_bounds.ts';

/** Of y, mean and variance. */
export function normalizeBounds(
  [x, gamma]: readonly Values[],
  [y, mean, variance]: readonly Values[],
  { attrs }: CallTypes<NormalizeAttrs>,
): Float64Array[] {
  const { rows, depth, epsilon, centered } = attrs;
  const sums = sumError(rows * depth);
  const apart = centered ? originsFromMean(x!, mean!, attrs) : new Float64Array(mean!.length);
  const spread = Float64Array.from(variance!, Math.sqrt);
  const starts = startsFromMean(x!, mean!, attrs);
  // A first mean is wrong by its sum and quotient, or is that of few values; what is left of the values around it corrects it, and
  // segments' means are averaged around the first of them.
  const first = spread.map((s, g) => (centered ? (sums + 5 * u) * (Math.abs(mean![g]!) + s) + starts[g]! : 0));
  const center = spread.map((s, g) =>
    centered ? (sums + 5 * u) * (s + first[g]! + apart[g]!) + 2 * u * Math.abs(mean![g]!) : 0,
  );
  const squares = spread.map(
    (s, g) => (sums + 10 * u) * (s * s + first[g]! ** 2) + center[g]! * (2 * s + 2 * first[g]! + center[g]!),
  );
  const errors = new Float64Array(y!.length);
  eachElement(attrs, (c, g, i) => {
    const factor = Math.abs(gamma![c]!) / Math.sqrt(variance![g]! + epsilon);
    const off = Math.abs(x![i]! - mean![g]!);
    const scale = squares[g]! / (2 * (variance![g]! + epsilon)) + 9 * u;
    errors[i] = factor * (center[g]! + off * scale) + 2 * u * (Math.abs(y![i]!) + factor * off) + smallest;
  });
  return [errors, center.map((error) => error + smallest), squares.map((error) => error + smallest)];
}

/** How far the first segment's mean is from the whole's, for each group. */
function originsFromMean(x: Values, mean: Values, attrs: NormalizeAttrs): Float64Array {
  const { outer, rows, groups, depth } = attrs;
  const first = segmentsOf(rows, outer * groups).perSegment;
  const origins = new Float64Array(mean.length);
  eachElement(attrs, (_, g, i, r) => (origins[g]! += r < first ? x[i]! / (first * depth) : 0));
  return origins.map((origin, g) => 2 * Math.abs(origin - mean[g]!));
}

/** How far the mean of the sixteen values that a row's vectors begin with (normalize_rows.wgsl) is from the row's. */
function startsFromMean(x: Values, mean: Values, { rows, depth }: NormalizeAttrs): Float64Array {
  const step = 4 * Math.floor(depth / 16);
  return Float64Array.from(mean, (center, g) => {
    if (rows > 1 || depth % 4 !== 0) return 0;
    let [start, rounded] = [0, 0];
    for (let i = 0; i < 16; i++) {
      const value = x[g * depth + (i >> 2) * step + (i % 4)]!;
      start += value / 16;
      rounded += (Math.abs(value) / 16) * sumError(16);
    }
    return Math.abs(start - center) + rounded;
  });
}

/** Of dx, dgamma and dbeta. */
export function normalizeGradBounds(
  [dy, x, gamma, mean, variance]: readonly Values[],
  _: readonly Values[],
  { attrs }: CallTypes<NormalizeAttrs>,
): Float64Array[] {
  const count = attrs.rows * attrs.depth;
  const scale = Float64Array.from(variance!, (value) => 1 / Math.sqrt(value + attrs.epsilon));
  const [sums, products] = [new Float64Array(scale.length), new Float64Array(scale.length)];
  const [dgamma, dbeta] = [new Float64Array(gamma!.length), new Float64Array(gamma!.length)];
  const visit = (use: (term: number, normal: number, c: number, g: number, i: number) => void) =>
    eachElement(attrs, (c, g, i) => use(Math.abs(dy![i]!), Math.abs(x![i]! - mean![g]!) * scale[g]!, c, g, i));
  visit((term, normal, c, g) => {
    dgamma[c]! += term * normal;
    dbeta[c]! += term;
    if (attrs.centered) sums[g]! += (Math.abs(gamma![c]!) * term) / count;
    products[g]! += (Math.abs(gamma![c]!) * term * normal) / count;
  });
  const dx = new Float64Array(x!.length);
  // Three times the factor (4.5 u each), two quotients' worth of 2.5 units in the last place at most, and seven other roundings.
  const carried = 26 * u;
  visit((term, normal, c, g, i) => {
    const terms = Math.abs(gamma![c]!) * term + sums[g]! + normal * products[g]!;
    dx[i] = scale[g]! * terms * (sumError(count) + carried) + smallest;
  });
  const added = sumError(attrs.outer * attrs.rows);
  return [dx, dgamma.map((sum) => sum * (added + 8 * u) + smallest), dbeta.map((sum) => sum * added + smallest)];
}
