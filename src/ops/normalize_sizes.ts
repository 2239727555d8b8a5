// What normalization sees of a tensor, and how its rows are cut for several threads.

import { cut, type Segments } from './reduction.ts';

export interface NormalizeAttrs {
  /** x is [outer, rows, groups, depth]; each (outer, group) has statistics over its rows and depth. */
  readonly outer: number;
  readonly rows: number;
  readonly groups: number;
  readonly depth: number;
  readonly epsilon: number;
  /** Whether the mean is taken away; root-mean-square normalization leaves it. */
  readonly centered: boolean;
}

/** Calls `visit(channel, statistic, element, row)` for every element, in order. */
export function eachElement(
  { outer, rows, groups, depth }: NormalizeAttrs,
  visit: (c: number, g: number, i: number, r: number) => void,
): void {
  const channels = groups * depth;
  let i = 0;
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < channels; c++) visit(c, o * groups + Math.floor(c / depth), i++, r);
    }
  }
}

export function spatialParams({ outer, rows, groups, depth, epsilon }: NormalizeAttrs, pieces: Segments, lanes: 1 | 4) {
  const { segments, perSegment } = pieces;
  return { outer, rows, groups: groups / lanes, depth, segments, per_segment: perSegment, epsilon };
}

/** About √rows segments, fewer where there are threads enough without. */
export function segmentsOf(rows: number, perSegment: number): Segments {
  return cut(rows, Math.ceil(rows / Math.max(1, Math.ceil(Math.min(Math.sqrt(rows), 65536 / perSegment)))));
}
