// Where in memory the values of a plan that follow one another by lifetime lie: which buffer, and where in it.

import { philoxInto } from '../core/random.ts';

/** A value's bytes, and the first and last call that use them. */
export interface Interval {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Packed {
  /** Bytes of each buffer. */
  readonly buffers: readonly number[];
  readonly placeOf: ReadonlyMap<Interval, { readonly buffer: number; readonly offset: number }>;
}

/** Pairs that must not share a buffer, though they may lie at disjoint ranges of it. */
export type Apart = ReadonlyMap<Interval, ReadonlySet<Interval>>;

/**
 * Intervals that overlap in time get disjoint ranges, and those that are `apart` different buffers, because WebGPU
 * refuses a buffer that one dispatch both reads and writes, even at disjoint ranges. Placing them one after another
 * where the buffers grow least comes near the lower bound in most orders (Pisarchyk and Lee 2020, arXiv:2001.03288), but
 * no order is good for every graph: several are tried, then changes of the best one.
 */
export function packIntervals(intervals: readonly Interval[], apart: Apart, mostBytes: number): Packed {
  const peak = peakBytes(intervals);
  let best: Packed = { buffers: [], placeOf: new Map() };
  let least = Infinity;
  let bestOrder: readonly Interval[] = [];
  const attempt = (order: readonly Interval[], eager: boolean) => {
    const packed = placeInOrder(order, apart, mostBytes, eager);
    const total = packed.buffers.reduce((sum, bytes) => sum + bytes, 0);
    if (total <= least) [best, least, bestOrder] = [packed, total, order];
  };
  for (const order of orders) {
    const sorted = [...intervals].sort((a, b) => order(a, b) || a.first - b.first);
    for (const eager of [false, true]) if (least > peak) attempt(sorted, eager);
  }
  // Seeded, so that a plan is the same every time; long plans, where an attempt takes milliseconds, get fewer.
  const tries = Math.min(mostTries, Math.floor(2e7 / intervals.length ** 2));
  const words = new Uint32Array(4);
  for (let i = 0; i < tries && least > peak * goodEnough; i++) {
    philoxInto(words, i, 0, 0, 0, 0, 0);
    const order = [...bestOrder];
    const [moved] = order.splice(words[0]! % order.length, 1);
    order.splice(words[1]! % (order.length + 1), 0, moved!);
    attempt(order, words[2]! % 2 === 0);
  }
  return best;
}

const mostTries = 500;
const goodEnough = 1.01;

const length = ({ first, last }: Interval) => last - first + 1;

const orders: readonly ((a: Interval, b: Interval) => number)[] = [
  (a, b) => b.bytes - a.bytes,
  (a, b) => b.bytes * length(b) - a.bytes * length(a),
  (a, b) => length(b) - length(a) || b.bytes - a.bytes,
  (a, b) => a.first - b.first || b.bytes - a.bytes,
];

interface Buffer {
  bytes: number;
  /** In the order of their offsets. */
  readonly taken: { readonly interval: Interval; readonly offset: number }[];
}

/** With `eager`, a new buffer is opened rather than an old one made longer by as much. */
function placeInOrder(sorted: readonly Interval[], apart: Apart, mostBytes: number, eager: boolean): Packed {
  const buffers: Buffer[] = [];
  const bufferOf = new Map<Interval, number>();
  const placeOf = new Map<Interval, { buffer: number; offset: number }>();
  for (const interval of sorted) {
    const forbidden = new Set<number>();
    for (const other of apart.get(interval) ?? []) {
      const buffer = bufferOf.get(other);
      if (buffer !== undefined) forbidden.add(buffer);
    }
    let best = { buffer: buffers.length, offset: 0, growth: interval.bytes, waste: eager ? -1 : Infinity };
    buffers.forEach((buffer, index) => {
      if (forbidden.has(index)) return;
      const { offset, waste } = lowestWaste(buffer, interval);
      const end = offset + interval.bytes;
      if (end > mostBytes) return;
      const growth = Math.max(0, end - buffer.bytes);
      if (growth < best.growth || (growth === best.growth && waste < best.waste)) {
        best = { buffer: index, offset, growth, waste };
      }
    });
    const { offset } = best;
    const buffer = (buffers[best.buffer] ??= { bytes: 0, taken: [] });
    buffer.bytes = Math.max(buffer.bytes, offset + interval.bytes);
    const at = buffer.taken.findIndex((other) => other.offset > offset);
    buffer.taken.splice(at < 0 ? buffer.taken.length : at, 0, { interval, offset });
    bufferOf.set(interval, best.buffer);
    placeOf.set(interval, { buffer: best.buffer, offset });
  }
  return { buffers: buffers.map(({ bytes }) => bytes), placeOf };
}

/** The offset of the gap that fits best among what lives at the same time; after all of it where none fits. */
function lowestWaste({ bytes, taken }: Buffer, interval: Interval): { offset: number; waste: number } {
  let end = 0;
  let best = { offset: -1, waste: Infinity };
  for (const { interval: other, offset } of taken) {
    if (other.last < interval.first || interval.last < other.first) continue;
    const waste = offset - end - interval.bytes;
    if (waste >= 0 && waste < best.waste) best = { offset: end, waste };
    end = Math.max(end, offset + other.bytes);
  }
  const left = bytes - end - interval.bytes;
  if (best.offset < 0 || (left >= 0 && left < best.waste)) best = { offset: end, waste: Math.max(0, left) };
  return best;
}

/** The largest sum of intervals alive at once: no packing can need less. */
export function peakBytes(intervals: readonly Interval[]): number {
  const changes = new Map<number, number>();
  const note = (time: number, bytes: number) => changes.set(time, (changes.get(time) ?? 0) + bytes);
  for (const { bytes, first, last } of intervals) {
    note(first, bytes);
    note(last + 1, -bytes);
  }
  let live = 0;
  let peak = 0;
  for (const [, change] of [...changes].sort(([a], [b]) => a - b)) peak = Math.max(peak, (live += change));
  return peak;
}
