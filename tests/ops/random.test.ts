import { expect, test } from 'vitest';
import { normalOf, normalTable } from '../../src/core/normal_table.ts';
import { OptionError } from '../../src/core/errors.ts';
import { philox, randomUniform as hostUniform } from '../../src/core/random.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { randomBernoulli, randomNormal, randomUniform } from '../../src/ops/random.ts';
import { randomPermutation } from '../../src/ops/random_permutation.ts';

const at = (seed: number, step: number) => constantTensor(Uint32Array.of(seed, step, 0, 0), [4], 'u32');
const valuesOf = (tensor: Tensor): number[] => [...evaluate([tensor])[0]!];

/** ∫ of the normal density from a to b by Simpson's rule. */
function mass(a: number, b: number, steps = 400): number {
  const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const h = (b - a) / steps;
  let sum = density(a) + density(b);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * density(a + i * h);
  return (sum * h) / 3;
}

test('randomUniform draws what the host draws, and another number for each seed, step and stream', () => {
  const x = valuesOf(randomUniform([37], at(11, 3), { stream: 5 }));
  expect(x).toEqual([...hostUniform(37, 11, 5, 3)]);
  for (const other of [
    randomUniform([37], at(12, 3), { stream: 5 }),
    randomUniform([37], at(11, 4), { stream: 5 }),
    randomUniform([37], at(11, 3), { stream: 6 }),
  ]) {
    expect(valuesOf(other).filter((value, i) => value === x[i])).toEqual([]);
  }
  const moved = valuesOf(randomUniform([1000], at(1, 1), { min: -2, max: 6 }));
  expect(Math.min(...moved)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...moved)).toBeLessThanOrEqual(6);
  expect(moved.reduce((a, b) => a + b, 0) / 1000).toBeCloseTo(2, 0);
});

test('randomBernoulli has its probability, 0 and 1 included', () => {
  const count = (probability: number) =>
    valuesOf(randomBernoulli([40_000], at(2, 0), { probability })).filter((value) => value === 1).length;
  expect(count(0)).toBe(0);
  expect(count(1)).toBe(40_000);
  expect(count(0.3) / 40_000).toBeCloseTo(0.3, 2);
});

test('normal numbers of known words: quartiles, tails, both ends, the middle', () => {
  const known: [number, number][] = [
    [0.25, 0.6744897501960817],
    [0.4, 0.2533471031357997],
    [0.025, 1.959963984540054],
    [1e-3, 3.090232306167813],
    [1e-6, 4.753424308822899],
  ];
  for (const [p, z] of known) {
    const word = Math.round(p * 2 ** 32 - 0.5);
    const exact = (word + 0.5) * 2 ** -32; // not quite p
    const slope = 1 / (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI));
    expect(Math.abs(normalOf(word) - (z - slope * (exact - p)))).toBeLessThan(3e-7); // f32 at 4 to 8 is 2.4e-7 apart
    expect(normalOf(word + 2 ** 31)).toBe(-normalOf(word));
  }
  expect(normalOf(0)).toBeCloseTo(6.3379, 3);
  expect(normalOf(2 ** 31)).toBe(-normalOf(0));
  expect(normalOf(0x7fffffff)).toBeLessThan(1e-8);
  expect(Object.is(normalOf(0xffffffff), -0)).toBe(false);
});

test('the polynomials meet the inverse distribution function everywhere, and never turn back', () => {
  let before = 0;
  let worst = 0;
  // Every piece of every octave, at a few places; p from ½ downwards, z upwards.
  for (let octave = 0; octave < 31; octave++) {
    const width = 2 ** (30 - octave);
    const places = new Set(Array.from({ length: 160 }, (_, i) => Math.floor(width * (2 - (i + 0.5) / 160))));
    for (const v of places) {
      const z = normalOf(v);
      const p = (v + 0.5) * 2 ** -32;
      expect(z).toBe(Math.fround(z));
      expect(z, `octave ${octave}, ${v}`).toBeGreaterThanOrEqual(before - 2e-8);
      before = z;
      const excess = z < 1 ? 0.5 - p - mass(0, z) : mass(z, z + 7, 2000) - p;
      const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
      const rounding = 2 ** (Math.floor(Math.log2(Math.max(z, 2 ** -4))) - 24);
      worst = Math.max(worst, Math.abs(excess / density) - rounding);
    }
  }
  console.log(`normal numbers: largest error of z beyond f32 rounding: ${worst.toExponential(1)}`);
  expect(worst).toBeLessThan(2e-8);
});

test('the table is the known one', () => {
  const table = normalTable();
  expect(table).toHaveLength(2048);
  let hash = 0;
  for (const word of table) hash = (Math.imul(hash, 31) + word) >>> 0;
  expect(hash).toBe(TABLE_HASH);
});
const TABLE_HASH = 3711351858;

test('moments and tails of a million normal numbers', () => {
  const size = 2 ** 20;
  const z = valuesOf(randomNormal([size], at(5, 8), { stream: 3 }));
  const moment = (k: number) => z.reduce((sum, value) => sum + value ** k, 0) / size;
  expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(size));
  expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / size));
  expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / size));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / size));
  for (const limit of [1, 2, 3, 4]) {
    const expected = size * (1 - 2 * mass(0, limit));
    const found = z.filter((value) => Math.abs(value) > limit).length;
    expect(Math.abs(found - expected), `beyond ${limit}`).toBeLessThan(4 * Math.sqrt(expected) + 1);
  }
  // Neighbours, which come from one call of Philox, are independent.
  const products = z.reduce((sum, value, i) => sum + value * (z[i + 1] ?? 0), 0) / size;
  expect(Math.abs(products)).toBeLessThan(4 / Math.sqrt(size));
});

test('a word of a draw is the element it should be', () => {
  const words = philox([1, 8, 0, 0], [5, 3]);
  expect(valuesOf(randomNormal([7], at(5, 8), { stream: 3 })).slice(4)).toEqual([...words].slice(0, 3).map(normalOf));
  const moved = valuesOf(randomNormal([7], at(5, 8), { stream: 3, mean: 2, stddev: 0.5 }));
  expect(moved[4]).toBeCloseTo(2 + 0.5 * normalOf(words[0]!), 6);
});

test.each([1, 2, 3, 7, 64, 1000, 4097])('randomPermutation of %i has every number once', (size) => {
  const order = valuesOf(randomPermutation(size, at(3, 1)));
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
});

test('another step gives another order', () => {
  expect(valuesOf(randomPermutation(64, at(3, 2)))).not.toEqual(valuesOf(randomPermutation(64, at(3, 1))));
});

test.each([3, 4, 5])('all orders of %i come equally often', (size) => {
  const counts = new Map<string, number>();
  const orders = Array.from({ length: size }, (_, i) => i + 1).reduce((a, b) => a * b, 1);
  const draws = 200 * orders;
  for (let step = 0; step < draws; step++) {
    const key = valuesOf(randomPermutation(size, at(9, step))).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBe(orders);
  let chiSquare = 0;
  for (const count of counts.values()) chiSquare += (count - 200) ** 2 / 200;
  expect(chiSquare).toBeLessThan(orders - 1 + 4.5 * Math.sqrt(2 * (orders - 1)));
});

test('a place is as likely to be sent anywhere', () => {
  const counts = new Float64Array(37);
  for (let step = 0; step < 3700; step++) counts[valuesOf(randomPermutation(37, at(4, step)))[5]!]!++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0);
  expect(chiSquare).toBeLessThan(36 + 4.5 * Math.sqrt(72));
});

test('messages', () => {
  const random = inputTensor('random', [4], 'u32');
  expect(() => randomBernoulli([2], random, { probability: 1.5 })).toThrow(
    new OptionError('randomBernoulli: probability is 1.5, expected a number from 0 to 1'),
  );
  expect(() => randomNormal([2], random, { stddev: -1 })).toThrow('randomNormal: stddev is -1');
  expect(() => randomUniform([2], random, { min: 2 })).toThrow('randomUniform: min is 2 and max 1');
  expect(() => randomPermutation(0, random)).toThrow('randomPermutation: size is 0');
  expect(() => randomNormal([2], inputTensor('r', [4]))).toThrow('random is f32, expected u32');
});
