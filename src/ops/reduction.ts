// One axis of a shape as [outer, reduced, inner], and how it is cut for several threads.

import { resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import type { Sample } from '../graph/op.ts';

export interface AxisAttrs {
  /** Non-negative. */
  readonly axis: number;
}

/** A shape seen from one of its axes. */
export interface Reduction {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
}

export function reductionOf(shape: Shape, axis: number): Reduction {
  return { outer: sizeOf(shape.slice(0, axis)), reduced: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

/** The shape without `axis`; a ShapeError where there is no such axis. */
export function inferAxis(name: string, shape: Shape, axis: number): Shape {
  const resolved = resolveAxis(name, axis, shape.length);
  return shape.filter((_, i) => i !== resolved);
}

/** What every op over an axis is tested with. */
export const axisSamples: readonly Sample<AxisAttrs>[] = [
  { inputs: [{ shape: [3, 5] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [3, 5] }], attrs: { axis: 0 } },
  { inputs: [{ shape: [1] }], attrs: { axis: 0 } },
  { inputs: [{ shape: [4, 7, 3] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [1, 6, 67] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [2, 9, 12] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [67, 129] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [3, 256] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [700, 3] }], attrs: { axis: 0 } },
  { inputs: [{ shape: [2, 1027, 8] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [20000] }], attrs: { axis: 0 } },
  { inputs: [{ shape: [2, 16387] }], attrs: { axis: 1 } },
];

/** The axis in pieces of `perSegment`, none of them empty. */
export interface Segments {
  readonly segments: number;
  readonly perSegment: number;
}

export function cut(reduced: number, perSegment: number): Segments {
  return { segments: Math.ceil(reduced / perSegment), perSegment };
}

export const whole = (reduced: number): Segments => cut(reduced, reduced);

/** A thread sums about √reduced elements, a multiple of four, then another as many results, unless fewer threads are enough. */
export function threadSegments({ outer, reduced, inner }: Reduction): Segments {
  const wanted = Math.min(Math.sqrt(reduced), 65536 / (outer * inner));
  return cut(reduced, Math.ceil(reduced / Math.max(1, Math.ceil(wanted)) / 4) * 4);
}
