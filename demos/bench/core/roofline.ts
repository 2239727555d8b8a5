// What the measured ceilings say of a row: the least time they allow, and which of them binds.

import type { Row } from './result.ts';

export interface Roofs {
  /** Multiply-adds count two. */
  readonly flopsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly loadsPerSecond: number;
  /** Null in results from before it was measured. */
  readonly exponentialsPerSecond: number | null;
}

export type Bound = NonNullable<Row['roof']>['bound'];

/** The best of each; null where one was not measured or is wrong. */
export function roofsOf(rows: readonly Row[]): Roofs | null {
  const best = (subject: string, of: (row: Row) => number | null): number =>
    rows
      .filter((row) => row.suite === 'roofs' && row.subject === subject && row.check.state === 'ok')
      .reduce((most, row) => Math.max(most, of(row) ?? 0), 0);
  const flopsPerSecond = 1e9 * best('multiply_add', ({ gflops }) => gflops);
  const bytesPerSecond = 1e9 * best('stream_copy', ({ gigabytesPerSecond }) => gigabytesPerSecond);
  const loadsPerSecond = 1e9 * best('storage_loads', ({ gflops }) => gflops);
  const exponentialsPerSecond = 1e9 * best('exponentials', ({ gflops }) => gflops) || null;
  if (!flopsPerSecond || !bytesPerSecond || !loadsPerSecond) return null;
  return { flopsPerSecond, bytesPerSecond, loadsPerSecond, exponentialsPerSecond };
}

/** The least time that the roofs allow, and which of them binds. */
export function leastTime(
  { flops, bytes, counts }: Pick<Row, 'flops' | 'bytes' | 'counts'>,
  { flopsPerSecond, bytesPerSecond, exponentialsPerSecond }: Roofs,
): { readonly seconds: number; readonly bound: Bound } {
  const exponentials = exponentialsPerSecond ? (counts['exponentials'] ?? 0) / exponentialsPerSecond : 0;
  const times: Record<Bound, number> = {
    copy: bytes / bytesPerSecond,
    'multiply-add': flops / flopsPerSecond,
    exponentials,
  };
  const bound = (Object.keys(times) as Bound[]).reduce((a, b) => (times[b] > times[a] ? b : a));
  return { seconds: times[bound], bound };
}

/** Row with its share of `roofs`. */
export function withRoof(row: Row, roofs: Roofs | null): Row {
  if (!roofs || row.summary === null || row.flops + row.bytes === 0) return row;
  const { seconds, bound } = leastTime(row, roofs);
  const spent = row.summary.median / 1e9;
  if (spent === 0) return row;
  // A loop of loads and multiply-adds that is held by its loads does at least this many multiply-adds for each of them.
  const perLoad = row.flops / 2 / (spent * roofs.loadsPerSecond);
  return {
    ...row,
    roof: { bound, share: seconds / spent },
    counts: bound === 'multiply-add' ? { ...row.counts, multiplyAddsPerLoadSlot: perLoad } : row.counts,
  };
}
