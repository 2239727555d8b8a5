// Rows as the table shows them: numbered in the order of measuring, filtered and sorted.

import { byWork, ranked, type Row } from './core/result.ts';
import type { Column, LabState } from './state.ts';

export interface Numbered {
  readonly row: Row;
  /** Its place in the run, from 1: the same in the table, the roofline and what is exported. */
  readonly number: number;
  /** The fastest right row of the same work, and the longest time among them, which bars are drawn against. */
  readonly best: number | null;
  readonly longest: number;
}

const known = new WeakMap<readonly Row[], readonly Numbered[]>();

export function numbered(rows: readonly Row[]): readonly Numbered[] {
  let found = known.get(rows);
  if (!found) known.set(rows, (found = numberedAnew(rows)));
  return found;
}

function numberedAnew(rows: readonly Row[]): Numbered[] {
  const groups = new Map(
    [...byWork(rows).values()].flatMap((group) => {
      const right = ranked(group).map(({ summary }) => summary!.median);
      const longest = Math.max(0, ...group.map(({ summary }) => summary?.p90 ?? 0));
      const of = { best: right.length > 0 ? Math.min(...right) : null, longest };
      return group.map((row) => [row, of] as const);
    }),
  );
  return rows.map((row, i) => ({ row, number: i + 1, ...groups.get(row)! }));
}

export const isWrong = ({ check }: Row): boolean => check.state === 'wrong';
/** Samples that may be worth taking again. */
export const isDisturbed = ({ flags }: Row): boolean => flags.includes('disturbed') || flags.includes('hidden');
export const isTooShort = ({ flags }: Row): boolean => flags.includes('below resolution');

/** Nothing is known of the check where it was not made. */
const checked = (row: Row, value: number): number | null => (row.check.state === 'not checked' ? null : value);

const values: Record<Column, (one: Numbered) => number | string | null> = {
  order: ({ number }) => number,
  kernel: ({ row }) => row.subject,
  variant: ({ row }) => row.variant,
  shape: ({ row }) => row.shape,
  dtype: ({ row }) => row.dtype,
  median: ({ row }) => row.summary?.median ?? null,
  gflops: ({ row }) => row.gflops,
  gigabytes: ({ row }) => row.gigabytesPerSecond,
  roof: ({ row }) => row.roof?.share ?? null,
  absolute: ({ row }) => checked(row, row.check.maxAbsolute),
  relative: ({ row }) => checked(row, row.check.maxRelative),
  tolerance: ({ row }) => checked(row, row.check.worst),
  check: ({ row }) => row.check.state,
};

const shows: Record<LabState['show'], (row: Row) => boolean> = {
  all: () => true,
  right: (row) => row.check.state !== 'wrong',
  wrong: isWrong,
  flagged: ({ flags }) => flags.length > 0,
  preferred: ({ preferred }) => preferred,
};

/** In the table's order. Wrong rows are in no ranking: sorted by anything but the order of measuring they come last. */
export function shownRows(rows: readonly Row[], { sort, down, find, show }: LabState): Numbered[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = ({ suite, subject, variant, shape, dtype }: Row): boolean => {
    const text = `${suite} ${subject} ${variant} ${shape} ${dtype}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const found = numbered(rows).filter(({ row }) => shows[show](row) && matches(row));
  const sign = down ? -1 : 1;
  return found.toSorted((a, b) => {
    if (sort === 'order') return sign * (a.number - b.number);
    const [x, y] = [values[sort](a), values[sort](b)];
    const last = Number(isWrong(a.row)) - Number(isWrong(b.row)) || Number(x === null) - Number(y === null);
    if (last !== 0) return last;
    const order = typeof x === 'string' ? x.localeCompare(String(y)) : Number(x) - Number(y);
    return sign * order || a.number - b.number;
  });
}
