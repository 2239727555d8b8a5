// Putting whole groups of examples (a patient's slices, a film's frames) into parts, near to each part's share.

import { DataError } from '../core/errors.ts';

/** Examples that must stay together. */
export interface Group {
  /** Its examples' indices. */
  readonly members: readonly number[];
  /** How many of them have each class; one number, their count, where classes do not matter. */
  readonly counts: readonly number[];
}

/** The groups of equal entries of `ids`, in the order `order` meets them; `classOf` gives an example's class, from 0. */
export function groupsOf(
  ids: ArrayLike<number | string>,
  order: ArrayLike<number>,
  classOf: (index: number) => number,
  classes: number,
): Group[] {
  const found = new Map<number | string, { members: number[]; counts: number[] }>();
  for (let i = 0; i < order.length; i++) {
    const index = order[i]!;
    const id = ids[index]!;
    let group = found.get(id);
    if (!group) found.set(id, (group = { members: [], counts: Array<number>(classes).fill(0) }));
    group.members.push(index);
    group.counts[classOf(index)]! += 1;
  }
  return [...found.values()];
}

/**
 * The part of each group. A group goes where it brings the parts' class counts n nearest to `shares` of all: to the part
 * that least raises Σ (n − share·N)² / N over the classes, N being the class's size. The order of `groups` decides ties.
 */
export function allocate(groups: readonly Group[], shares: readonly number[]): Uint8Array {
  const classes = groups[0]?.counts.length ?? 0;
  const totals = Array.from({ length: classes }, (_, c) => groups.reduce((sum, { counts }) => sum + counts[c]!, 0));
  const filled = shares.map(() => Array<number>(classes).fill(0));
  return Uint8Array.from(groups, ({ counts }) => {
    let best = 0;
    let least = Infinity;
    shares.forEach((share, part) => {
      let rise = 0;
      for (let c = 0; c < classes; c++) {
        const count = counts[c]!;
        if (count > 0) rise += (count * (2 * (filled[part]![c]! - share * totals[c]!) + count)) / totals[c]!;
      }
      if (rise < least) [best, least] = [part, rise];
    });
    counts.forEach((count, c) => (filled[best]![c]! += count));
    return best;
  });
}

/** Throws a DataError unless there is one id for each example. */
export function checkGroups(where: string, ids: ArrayLike<number | string>, size: number): void {
  if (ids.length !== size) {
    throw new DataError(`${where}: groups has ${ids.length} entries, expected one for each of ${size} examples`);
  }
}
