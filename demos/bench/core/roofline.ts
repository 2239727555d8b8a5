// What the measured ceilings say of a row: the least time they allow, and which of them binds.

import type { Row } from './result.ts';

export interface Roofs {
  /** Multiply-adds count two. */
  readonly flopsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly loadsPerSecond: number;
}

/** The best of each; null where one was not measured or is wrong. */
export function roofsOf(rows: readonly Row[]): Roofs | null {
  const best = (subject: string, of: (row: Row) => number | null): number =>
    rows
      .filter((row) => row.suite === 'roofs' && row.subject === subject && row.check.state === 'ok')
      .reduce((most, row) => Math.max(most, of(row) ?? 0), 0);
  const flopsPerSecond = 1e9 * best('multiply_add', ({ gflops }) => gflops);
  const bytesPerSecond = 1e9 * best('stream_copy', ({ gigabytesPerSecond }) => gigabytesPerSecond);
  const loadsPerSecond = 1e9 * best('storage_loads', ({ gflops }) => gflops);
  return flopsPerSecond && bytesPerSecond && loadsPerSecond ? { flopsPerSecond, bytesPerSecond, loadsPerSecond } : null;
}

/** The least time that both roofs allow, and which one binds. */
export function leastTime(
  { flops, bytes }: { readonly flops: number; readonly bytes: number },
  { flopsPerSecond, bytesPerSecond }: Roofs,
): { readonly seconds: number; readonly bound: 'multiply-add' | 'copy' } {
  const computing = flops / flopsPerSecond;
  const moving = bytes / bytesPerSecond;
  return computing > moving ? { seconds: computing, bound: 'multiply-add' } : { seconds: moving, bound: 'copy' };
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
