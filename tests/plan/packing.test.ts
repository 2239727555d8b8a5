// Memory by lifetime: no two values that live at once may meet, whatever the order in which they were placed.

import { describe, expect, test } from 'vitest';
import { packIntervals, peakBytes, type Interval } from '../../src/plan/packing.ts';
import { generator } from '../ops/table.ts';

function randomIntervals(seed: number, count: number, steps: number) {
  const random = generator(seed);
  const below = (n: number) => Math.floor(random() * n);
  const intervals: Interval[] = Array.from({ length: count }, () => {
    const first = below(steps);
    return { bytes: 256 * (1 + below(random() < 0.5 ? 4 : 40)), first, last: Math.min(steps, first + below(6)) };
  });
  const apart = new Map(intervals.map((interval) => [interval, new Set<Interval>()]));
  for (let i = 0; i < count; i++) {
    const [a, b] = [intervals[below(count)]!, intervals[below(count)]!];
    if (a === b || a.last < b.first || b.last < a.first) continue;
    apart.get(a)!.add(b);
    apart.get(b)!.add(a);
  }
  return { intervals, apart };
}

describe('packing', () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))('random lifetimes %i', (seed) => {
    const { intervals, apart } = randomIntervals(seed, 3 + seed, 5 + (seed % 17));
    const { buffers, placeOf } = packIntervals(intervals, apart, Infinity);
    for (const a of intervals) {
      const at = placeOf.get(a)!;
      expect(at.offset % 256).toBe(0);
      expect(at.offset + a.bytes).toBeLessThanOrEqual(buffers[at.buffer]!);
      for (const b of intervals) {
        if (a === b) continue;
        const other = placeOf.get(b)!;
        if (at.buffer !== other.buffer) continue;
        expect(apart.get(a)!.has(b)).toBe(false);
        const atOnce = a.first <= b.last && b.first <= a.last;
        const meet = at.offset < other.offset + b.bytes && other.offset < at.offset + a.bytes;
        expect(atOnce && meet).toBe(false);
      }
    }
    const total = buffers.reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBeGreaterThanOrEqual(peakBytes(intervals));
    const alone = intervals.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(total).toBeLessThanOrEqual(alone);
  });

  test('no buffer is longer than the most that a device holds', () => {
    const { intervals, apart } = randomIntervals(1, 40, 6);
    const { buffers } = packIntervals(intervals, apart, 256 * 41);
    expect(Math.max(...buffers)).toBeLessThanOrEqual(256 * 41);
  });

  test('a value larger than that has a buffer of its own, which the device then refuses', () => {
    const large: Interval = { bytes: 4096, first: 0, last: 3 };
    const small: Interval = { bytes: 256, first: 2, last: 6 };
    const { buffers } = packIntervals([large, small], new Map(), 1024);
    expect(buffers.toSorted((a, b) => a - b)).toEqual([256, 4096]);
  });

  test('lifetimes that would fit into one buffer are split where they must be apart', () => {
    const a: Interval = { bytes: 512, first: 0, last: 1 };
    const b: Interval = { bytes: 512, first: 1, last: 2 };
    const c: Interval = { bytes: 512, first: 2, last: 3 };
    expect(packIntervals([a, b, c], new Map(), Infinity).buffers).toEqual([1024]);
    const apart = new Map([
      [a, new Set([b])],
      [b, new Set([a, c])],
      [c, new Set([b])],
    ]);
    expect(packIntervals([a, b, c], apart, Infinity).buffers.toSorted((x, y) => x - y)).toEqual([512, 512]);
  });

  test('nothing needs nothing', () => {
    expect(packIntervals([], new Map(), Infinity).buffers).toEqual([]);
  });

  test('the peak is the largest sum at one time', () => {
    const at = (bytes: number, first: number, last: number): Interval => ({ bytes, first, last });
    expect(peakBytes([at(3, 0, 2), at(5, 2, 4), at(7, 5, 5), at(1, 3, 6)])).toBe(8);
    expect(peakBytes([])).toBe(0);
  });
});
