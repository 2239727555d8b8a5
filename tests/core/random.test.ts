import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/core/errors.ts';
import {
  normalPair,
  permutation,
  philox,
  philoxInto,
  randomNormal,
  randomUniform,
  uniform01,
  type Counter,
  type Key,
} from '../../src/core/random.ts';

const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ');

/** Philox with 64-bit integers, as the paper writes it. */
function philoxBigInt(counter: Counter, key: Key): number[] {
  let [c0, c1, c2, c3] = counter.map((word) => BigInt(word >>> 0)) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map((word) => BigInt(word >>> 0)) as [bigint, bigint];
  const mask = 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [c0, c1, c2, c3].map(Number);
}

describe('philox', () => {
  // kat_vectors of Random123 1.14
  test.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as [Counter, Key, string][])('known answer for %j', (counter, key, expected) => {
    expect(hex(philox(counter, key))).toBe(expected);
  });

  test('agrees with 64-bit arithmetic on 2,000 counters', () => {
    const words = new Uint32Array(4);
    let previous: number[] = [1, 2, 3, 4];
    for (let i = 0; i < 2000; i++) {
      const [a, b, c, d] = previous as [number, number, number, number];
      philoxInto(words, a, b, c, d, i, d);
      const expected = philoxBigInt([a, b, c, d], [i, d]);
      expect([...words]).toEqual(expected);
      previous = expected;
    }
  });
});

describe('fills', () => {
  test('element i is word i mod 4 of counter ⌊i / 4⌋', () => {
    const values = randomUniform(11, 7, 3, 5);
    values.forEach((value, i) => {
      expect(value).toBe(uniform01(philox([Math.floor(i / 4), 5, 0, 0], [7, 3])[i % 4]!));
    });
    expect(randomUniform(0, 1, 1)).toHaveLength(0);
  });

  test('a longer fill begins with the shorter one', () => {
    expect([...randomNormal(100, 1, 2).subarray(0, 7)]).toEqual([...randomNormal(7, 1, 2)]);
  });

  test('uniform01 stays below 1', () => {
    expect(uniform01(0)).toBe(0);
    expect(uniform01(0xffffffff)).toBe(1 - 2 ** -24);
    expect(Math.fround(uniform01(0xffffffff))).toBeLessThan(1);
  });

  test('normalPair is finite at both ends', () => {
    expect(normalPair(0, 0)[0]).toBeCloseTo(6.66, 2);
    expect(normalPair(0xffffffff, 0)[0]).toBeCloseTo(0, 12);
  });

  // Standard errors at n = 200,000: mean 1/√n = 0.0022, variance √(2/n) = 0.0032, fourth moment √(96/n) = 0.022.
  test('moments', () => {
    const n = 200_000;
    const moment = (values: Float32Array, power: number, centre = 0) =>
      values.reduce((sum, value) => sum + (value - centre) ** power, 0) / n;
    const uniform = randomUniform(n, 42, 0);
    expect(Math.abs(moment(uniform, 1) - 0.5)).toBeLessThan(5 * 0.00065);
    expect(Math.abs(moment(uniform, 2, 0.5) - 1 / 12)).toBeLessThan(5 * 0.00017);
    const normal = randomNormal(n, 42, 0);
    expect(Math.abs(moment(normal, 1))).toBeLessThan(5 * 0.0022);
    expect(Math.abs(moment(normal, 2) - 1)).toBeLessThan(5 * 0.0032);
    expect(Math.abs(moment(normal, 3))).toBeLessThan(5 * 0.0087);
    expect(Math.abs(moment(normal, 4) - 3)).toBeLessThan(5 * 0.022);
    const neighbours = normal.reduce((sum, value, i) => sum + value * (normal[i + 1] ?? 0), 0) / n;
    expect(Math.abs(neighbours)).toBeLessThan(5 * 0.0022);
  });

  test('seeds, streams and steps differ', () => {
    const first = (seed: number, stream: number, step: number) => randomUniform(4, seed, stream, step).join();
    expect(new Set([first(0, 0, 0), first(1, 0, 0), first(0, 1, 0), first(0, 0, 1)]).size).toBe(4);
  });
});

describe('permutation', () => {
  test.each([0, 1, 2, 3, 1000])('of %i holds every number once', (n) => {
    expect([...permutation(n, 5, 1)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  });

  test('is repeated by its seed and changed by seed, stream and step', () => {
    const order = permutation(50, 5, 1).join();
    expect(permutation(50, 5, 1).join()).toBe(order);
    expect(
      new Set([order, permutation(50, 6, 1).join(), permutation(50, 5, 2).join(), permutation(50, 5, 1, 1).join()])
        .size,
    ).toBe(4);
  });

  test('all 24 orders of 4 are equally likely', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 24_000; seed++) {
      const key = permutation(4, seed, 0).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(counts.size).toBe(24);
    expect(chiSquare).toBeLessThan(49.7); // 23 degrees of freedom, p = 0.001
  });

  test('refuses what is not a 32-bit number', () => {
    expect(() => permutation(4, -1, 0)).toThrow(
      new OptionError('permutation: seed is -1, expected an integer from 0 to 4294967295'),
    );
    expect(() => randomUniform(1.5, 0, 0)).toThrow(OptionError);
    expect(() => randomNormal(4, 0, 2 ** 32)).toThrow(OptionError);
    expect(() => randomNormal(4, 0, 0, Number.NaN)).toThrow(OptionError);
  });
});
