// Half-precision numbers (IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits) as 16-bit words, because hosts need
// not have a Float16Array. The same bits come from shaders/lib/half.wgsl.

/** The largest finite half. What rounds beyond it, from 65,520 on, is infinite. */
export const MAX_HALF = 65_504;
/** The smallest normal half, 2⁻¹⁴; below it halves lie 2⁻²⁴ apart. */
export const MIN_NORMAL_HALF = 2 ** -14;

const INFINITE = 0x7c00;
const NOT_A_NUMBER = 0x7e00;

/** Adding and subtracting it rounds |x| < 2⁵¹ to the nearest integer, ties to even. */
const WHOLE = 1.5 * 2 ** 52;

/** The half nearest to `value`, ties to even, as bits; infinite from 65,520 on. Every NaN becomes 0x7e00. */
export function halfBits(value: number): number {
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (!(size < MAX_HALF + 16)) return Number.isNaN(value) ? NOT_A_NUMBER : sign | INFINITE;
  // Below the smallest normal, fractions count 2⁻²⁴; one that rounds up to 1,024 is the smallest normal's own bits.
  if (size < MIN_NORMAL_HALF) return sign | (size * 2 ** 24 + WHOLE - WHOLE);
  let exponent = Math.floor(Math.log2(size));
  // log2 may be wrong by one next to a power of two.
  if (2 ** exponent > size) exponent--;
  else if (2 ** (exponent + 1) <= size) exponent++;
  const fraction = size * 2 ** (10 - exponent) + WHOLE - WHOLE; // 1,024 to 2,048, whose last is the next exponent's 1,024
  return sign | ((exponent + 14) * 1024 + fraction);
}

/** The number that 16 bits stand for. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** `value` as f16 storage keeps it. */
export function roundToHalf(value: number): number {
  return halfValue(halfBits(value));
}

/** The bits of each value's nearest half: what an f16 tensor is given and read as. */
export function toHalf(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) bits[i] = halfBits(values[i]!);
  return bits;
}

/** The numbers that halves stand for; every half is an f32. */
export function fromHalf(bits: ArrayLike<number>): Float32Array {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < values.length; i++) values[i] = halfValue(bits[i]!);
  return values;
}
