// Random numbers from a counter: Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). shaders/lib/random.wgsl gives the same bits, so a value depends on where it stands and never on
// which device, thread or order drew it.
//
// The convention, here and in every shader:
//   key     = (seed, stream)       stream: one number per purpose: a layer's dropout, an initializer, a shuffle
//   counter = (index, step, 0, 0)  step: the training step or epoch; 0 where there is none
// One call yields four words, for elements 4·index to 4·index + 3.

import { OptionError } from './errors.ts';

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9; // the golden ratio
const W1 = 0xbb67ae85; // √3 − 1

export type Counter = readonly [number, number, number, number];
export type Key = readonly [number, number];

/** Philox 4x32-10: four words of 32 bits for a counter of four words and a key of two, all taken modulo 2³². */
export function philox(counter: Counter, key: Key): Uint32Array {
  const words = new Uint32Array(4);
  philoxInto(words, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  return words;
}

/** `philox` without allocation: writes four words to the start of `words`. */
export function philoxInto(
  words: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0);
    const high1 = multiplyHigh(M1, c2);
    const low0 = Math.imul(M0, c0);
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

/** Bits 32 to 63 of the product of two words, from products of their 16-bit halves, none of which exceeds 2³². */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // below 2³²
  const carry = aLow * bHigh + (middle & 0xffff); // below 2³²
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) | 0;
}

/** A word as a number in [0, 1): its upper 24 bits times 2⁻²⁴, exact in f32, the same value as in WGSL. */
export function uniform01(bits: number): number {
  return (bits >>> 8) * 2 ** -24;
}

/**
 * Two independent standard normal numbers from two words by Box and Muller (1958), in double precision. The largest
 * magnitude is √(−2 ln 2⁻³²) ≈ 6.66. For the host only: shaders' `log` and `cos` differ between devices, while those of
 * JavaScript engines differ by an ulp of a double at most, which seldom shows in f32.
 */
export function normalPair(a: number, b: number): [number, number] {
  const radius = Math.sqrt(-2 * Math.log(((a >>> 0) + 1) * 2 ** -32)); // in (0, 1], so the logarithm is finite
  const angle = 2 * Math.PI * (b >>> 0) * 2 ** -32;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** `size` numbers in [0, 1), as `uniform01` makes them. Seed, stream and step are integers from 0 to 2³² − 1. */
export function randomUniform(size: number, seed: number, stream: number, step = 0): Float32Array {
  checkDraw('randomUniform', size, seed, stream, step);
  const values = new Float32Array(size);
  const words = new Uint32Array(4);
  for (let i = 0; i < size; i++) {
    if ((i & 3) === 0) philoxInto(words, i / 4, step, 0, 0, seed, stream);
    values[i] = uniform01(words[i & 3]!);
  }
  return values;
}

/** `size` standard normal numbers (mean 0, variance 1), as `normalPair` makes them. */
export function randomNormal(size: number, seed: number, stream: number, step = 0): Float32Array {
  checkDraw('randomNormal', size, seed, stream, step);
  const values = new Float32Array(size);
  const words = new Uint32Array(4);
  for (let i = 0; i < size; i += 2) {
    if ((i & 3) === 0) philoxInto(words, i / 4, step, 0, 0, seed, stream);
    const [first, second] = normalPair(words[i & 3]!, words[(i & 3) + 1]!);
    values[i] = first;
    values[i + 1] = second; // out of range, and so ignored, after the last element of an odd size
  }
  return values;
}

/**
 * The numbers 0 to n − 1 in random order: Fisher and Yates' shuffle from the top down, with ⌊word·(i + 1) / 2³²⌋ for
 * element i. The chances of two places differ by less than n / 2³² of their value.
 */
export function permutation(n: number, seed: number, stream: number, step = 0): Uint32Array {
  checkDraw('permutation', n, seed, stream, step);
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const words = new Uint32Array(4);
  for (let i = n - 1, drawn = 0; i > 0; i--, drawn++) {
    if ((drawn & 3) === 0) philoxInto(words, drawn / 4, step, 0, 0, seed, stream);
    const other = Math.floor(words[drawn & 3]! * 2 ** -32 * (i + 1));
    const value = order[i]!;
    order[i] = order[other]!;
    order[other] = value;
  }
  return order;
}

/** Throws an OptionError unless `value` is an integer from 0 to 2³² − 1: anything else would lose bits silently. */
export function checkWord(where: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
    throw new OptionError(`${where}: ${name} is ${value}, expected an integer from 0 to 4294967295`);
  }
}

function checkDraw(where: string, size: number, seed: number, stream: number, step: number): void {
  checkWord(where, 'size', size);
  checkWord(where, 'seed', seed);
  checkWord(where, 'stream', stream);
  checkWord(where, 'step', step);
}
