// What the benchmark says of its samples.

import { describe, expect, test } from 'vitest';

import {
  drift,
  generator,
  median,
  quantile,
  quantumOf,
  ratioInterval,
  roundedMedian,
  summarize,
  verdict,
} from '../../demos/bench/core/statistics.ts';

describe('quantiles', () => {
  test('interpolate between neighbours, whatever the order', () => {
    expect(quantile([4, 1, 3, 2], 0)).toBe(1);
    expect(quantile([4, 1, 3, 2], 1)).toBe(4);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
    // NumPy's default: numpy.quantile([15, 20, 35, 40, 50], 0.4) is 29.
    expect(quantile([15, 20, 35, 40, 50], 0.4)).toBeCloseTo(29, 12);
    const samples = Array.from({ length: 11 }, (_, i) => i);
    expect(summarize(samples)).toEqual({ n: 11, median: 5, p10: 1, p90: 9 });
  });

  test('of nothing are refused', () => {
    expect(() => median([])).toThrow('no samples');
  });
});

test('a median of rounded times looks into the step of the clock', () => {
  // Time t between two readings of a clock of step 5 reads 5·floor(t/5) or one step more, the mean being t.
  const random = generator(3);
  for (const time of [52, 94, 101.5]) {
    const read = () => {
      const began = 5 * random();
      return 5 * Math.floor((began + time) / 5);
    };
    const found = roundedMedian(Array.from({ length: 400 }, read), 5);
    expect(Math.abs(found - time)).toBeLessThan(1.5);
  }
  // Half of those that read 10 lie below the middle of what reads so.
  expect(roundedMedian([5, 10, 10, 15], 5)).toBe(10);
  // 1 of 5 reads less: the middle, 2.5, is 1.5 of the 4 that read 10, which begin at 7.5.
  expect(roundedMedian([5, 10, 10, 10, 10], 5)).toBeCloseTo(7.5 + (5 * 1.5) / 4, 12);
  expect(roundedMedian([5, 40], 5)).toBe(22.5);
  expect(roundedMedian([7], 1)).toBe(7);
});

test('drift compares the last third with the first', () => {
  expect(drift([10, 10, 10, 10, 10, 10])).toBe(0);
  expect(drift([10, 10, 11, 11, 12, 12])).toBeCloseTo(0.2, 12);
  expect(drift([10, 20])).toBe(0); // too few to tell
});

test("a clock's step is the common divisor of its readings", () => {
  expect(quantumOf([65536, 196608, 131072])).toBe(65536);
  expect(quantumOf([1000, 1032, 1064])).toBe(8); // 1000 is no multiple of 32
  expect(quantumOf([10, 21, 33])).toBe(1);
  expect(quantumOf([100, 100])).toBe(100);
});

describe('comparisons', () => {
  const random = generator(7);
  const noisy = (middle: number) => Array.from({ length: 40 }, () => middle * (1 + 0.1 * (random() - 0.5)));

  test('claim a difference only where the whole interval lies beyond 2 %', () => {
    const base = noisy(100);
    expect(verdict(ratioInterval(noisy(80), base), 40)).toBe('faster');
    expect(verdict(ratioInterval(noisy(125), base), 40)).toBe('slower');
    expect(verdict(ratioInterval(noisy(100), base), 40)).toBe('no difference shown');
    const { low, high } = ratioInterval(noisy(80), base);
    expect(low).toBeLessThan(0.8);
    expect(high).toBeGreaterThan(0.8);
  });

  test('claim nothing of a handful of samples, however alike', () => {
    const interval = ratioInterval([5, 5, 5, 5, 5], [9, 9, 9, 9, 9]);
    expect(verdict(interval, 5)).toBe('no difference shown');
    expect(verdict(interval, 6)).toBe('faster');
  });

  test('give the same answer for the same samples', () => {
    const [a, b] = [noisy(100), noisy(90)];
    expect(ratioInterval(a, b)).toEqual(ratioInterval(a, b));
  });

  test.each([
    ['even', (u: number) => 1 + 0.1 * (u - 0.5)],
    ['with a long tail, as times have', (u: number) => 1 + 0.02 * -Math.log(1 - u)],
  ])('have intervals that hold the true ratio about 95 times of 100: samples %s', (_, shape) => {
    const draw = generator(101);
    const list = (middle: number) => Array.from({ length: 20 }, () => middle * shape(draw()));
    const trials = 300;
    let held = 0;
    for (let trial = 0; trial < trials; trial++) {
      // Both have the same shape, so that the medians' true ratio is that of the middles.
      const { low, high } = ratioInterval(list(90), list(100), trial);
      if (low <= 0.9 && 0.9 <= high) held++;
    }
    // Three deviations of a count of 300 are 3.8 %; the bootstrap of a median is a little wide.
    expect(held / trials).toBeGreaterThan(0.91);
    expect(held / trials).toBeLessThan(0.99);
  });

  test('claim a difference that is not there seldom', () => {
    const draw = generator(55);
    const list = () => Array.from({ length: 20 }, () => 100 * (1 + 0.3 * draw()));
    const claims = Array.from({ length: 200 }, (_, i) => verdict(ratioInterval(list(), list(), i), 20));
    expect(claims.filter((claim) => claim !== 'no difference shown').length).toBeLessThan(12);
  });
});
