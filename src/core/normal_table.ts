// Standard normal numbers from words of 32 bits by integer arithmetic alone, so that every device draws the same bits:
// the inverse distribution function as cubic polynomials in fixed point, in the manner of Lee, Cheung, Villasenor and
// Luk, "Inversion-based hardware Gaussian random number generator", ARITH 2006. shaders/random.wgsl does the same.
//
// Bit 31 of a word is the sign. The other 31, v, are the tail probability p = (v + ½)·2⁻³², and the magnitude is
// z(p) = −Φ⁻¹(p). Its pieces: v's octave e (its leading zeros), each cut into 16 of equal width; within a piece, with
// t in [0, 1) in units of 2⁻³²,
//   z = c0 − t·(c1 − t·(c2 − t·c3)),  c0 in units of 2⁻²⁸, c1, c2, c3 ≥ 0 in units of 2⁻³²
// by the upper words of products. The result, a whole number of units of 2⁻²⁸, is rounded to 24 bits; that number is
// exact in f32, and so is its product with 2⁻²⁸.
//
// 2³² different words give a symmetric distribution of exact mean 0; magnitudes go from 0 to 6.34 (p = 2⁻³³), in steps
// of 2⁻²⁸ near 0; the error of z stays below 2e-8.

import { multiplyHigh } from './random.ts';

const pieces = 16;
const octaves = 32;

let table: Uint32Array | undefined;

/** c0, c1, c2, c3 of each piece of each octave: u32 [32·16·4]. Made by +, −, ×, ÷ only, whose results all engines share. */
export function normalTable(): Uint32Array {
  table ??= makeTable();
  return table;
}

/** The standard normal number of a word, exact in f32. */
export function normalOf(word: number): number {
  const coefficients = normalTable();
  const v = word & 0x7fffffff;
  const octave = Math.clz32(v) - 1;
  const fraction = ((v << (octave + 1)) << 1) >>> 0; // without the leading one
  const at = 4 * (pieces * octave + (fraction >>> 28));
  const t = fraction << 4;
  let sum = coefficients[at + 2]! - (multiplyHigh(t, coefficients[at + 3]!) >>> 0);
  sum = coefficients[at + 1]! - (multiplyHigh(t, sum) >>> 0);
  sum = coefficients[at]! - (((multiplyHigh(t, sum) >>> 0) + 8) >>> 4);
  const magnitude = Math.max(sum, 0);
  const dropped = Math.max(8 - Math.clz32(magnitude), 0);
  const rounded = (magnitude + ((1 << dropped) >>> 1)) & (-1 << dropped);
  return (word < 0 || word > 0x7fffffff ? 0 - rounded : rounded) * 2 ** -28;
}

// (1 ± cos(π/8)) / 2 and (1 ± cos(3π/8)) / 2: Chebyshev's nodes, whose cubic misses the function by least.
const nodes = [0.03806023374435663, 0.3086582838174551, 0.6913417161825449, 0.9619397662556434] as const;

function makeTable(): Uint32Array {
  const coefficients = new Uint32Array(4 * octaves * pieces);
  for (let octave = 0, z = 0; octave < octaves - 1; octave++) {
    const width = 2 ** (30 - octave);
    // From the middle of the distribution outwards, so that each search begins just below what it looks for.
    for (let piece = pieces - 1; piece >= 0; piece--) {
      const values = [0, 0, 0, 0];
      for (let n = 3; n >= 0; n--) {
        z = quantile((width * (1 + (piece + nodes[n]!) / pieces) + 0.5) * 2 ** -32, z);
        values[n] = z;
      }
      const [a0, a1, a2, a3] = cubicThrough(values) as [number, number, number, number];
      const at = 4 * (pieces * octave + piece);
      coefficients[at] = Math.round(a0 * 2 ** 28);
      coefficients[at + 1] = Math.round(Math.max(-a1, 0) * 2 ** 32);
      coefficients[at + 2] = Math.round(Math.max(a2, 0) * 2 ** 32);
      coefficients[at + 3] = Math.round(Math.max(-a3, 0) * 2 ** 32);
    }
  }
  // The last octave is v = 0 alone.
  for (let piece = 0; piece < pieces; piece++) {
    coefficients[4 * (pieces * (octaves - 1) + piece)] = Math.round(quantile(2 ** -33, 6) * 2 ** 28);
  }
  return coefficients;
}

/** Newton's interpolation at the nodes, multiplied out to powers of t. */
function cubicThrough(values: readonly number[]): number[] {
  const differences = [...values];
  for (let order = 1; order < 4; order++) {
    for (let i = 3; i >= order; i--) {
      differences[i] = (differences[i]! - differences[i - 1]!) / (nodes[i]! - nodes[i - order]!);
    }
  }
  let powers = [differences[3]!];
  for (let i = 2; i >= 0; i--) {
    const shifted = [0, ...powers];
    powers.forEach((power, k) => (shifted[k]! -= power * nodes[i]!));
    shifted[0]! += differences[i]!;
    powers = shifted;
  }
  return powers;
}

/** z with Q(z) = p for p < ½, by Newton's method from below, where it approaches z without overshooting. */
function quantile(p: number, below: number): number {
  let z = below;
  for (let i = 0; i < 60; i++) {
    const step = (tail(z) - p) / density(z);
    z += step;
    if (step < 1e-13 && step > -1e-13) break;
  }
  return z;
}

function density(z: number): number {
  return exponential((z * z) / 2) * 0.3989422804014327;
}

/** Q(z) = 1 − Φ(z): a series of positive terms up to 3, a continued fraction beyond. */
function tail(z: number): number {
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let k = 3; term > 1e-17 * sum; k += 2) {
      term *= (z * z) / k;
      sum += term;
    }
    return 0.5 - density(z) * sum;
  }
  let fraction = z;
  for (let k = 80; k > 0; k--) fraction = z + k / fraction;
  return density(z) / fraction;
}

/** e⁻ˣ for 0 ≤ x < 30, in plain arithmetic: Math.exp may differ between engines in its last bit. */
function exponential(x: number): number {
  const y = x / 64;
  let sum = 1;
  for (let k = 18; k > 0; k--) sum = 1 - (y / k) * sum;
  for (let i = 0; i < 6; i++) sum *= sum;
  return sum;
}
