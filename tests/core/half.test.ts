// Half-precision conversions, judged by an independent definition: the finite halves in order, and the nearest of two.

import { describe, expect, test } from 'vitest';
import { allocate, byteLength, dtypeOf, setValues, type TypedArray, viewOf } from '../../src/core/dtype.ts';
import { fromHalf, halfBits, halfValue, MAX_HALF, roundToHalf, toHalf } from '../../src/core/half.ts';

/** By the definition of binary16, written in another way than the engine's: fields read as text. */
function valueOf(bits: number): number {
  const text = bits.toString(2).padStart(16, '0');
  const [sign, exponent, fraction] = [text.slice(0, 1), text.slice(1, 6), text.slice(6)].map((part) =>
    parseInt(part, 2),
  );
  const magnitude =
    exponent === 31
      ? fraction === 0
        ? Infinity
        : NaN
      : exponent === 0
        ? fraction! / 2 ** 24
        : (1 + fraction! / 2 ** 10) * 2 ** (exponent! - 15);
  return sign === 1 ? -magnitude : magnitude;
}

describe('halves', () => {
  test('all 65,536 have their values, and come back from them', () => {
    const wrong: string[] = [];
    for (let bits = 0; bits < 65536; bits++) {
      const value = valueOf(bits);
      const back = Number.isNaN(value) ? 0x7e00 : bits;
      if (Object.is(halfValue(bits), value) && halfBits(value) === back) continue;
      wrong.push(`0x${bits.toString(16)}: ${halfValue(bits)}, and back 0x${halfBits(value).toString(16)}`);
    }
    expect(wrong).toEqual([]);
  });

  test('between each two neighbours the nearer is taken, and of a tie the even one', () => {
    const wrong: string[] = [];
    for (let bits = 0; bits < 0x7c00; bits++) {
      const low = valueOf(bits);
      const high = bits === 0x7bff ? 65536 : valueOf(bits + 1);
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const gap = (high - low) / 2 ** 20;
      for (const [value, expected] of [
        [middle, even],
        [middle - gap, bits],
        [middle + gap, bits + 1],
        [low + gap, bits],
        [high - gap, bits + 1],
      ] as const) {
        if (halfBits(value) !== expected || halfBits(-value) !== (expected | 0x8000)) {
          wrong.push(`${value} became 0x${halfBits(value).toString(16)}, expected 0x${expected.toString(16)}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('what is smallest and largest', () => {
    expect(MAX_HALF).toBe(valueOf(0x7bff));
    expect([2 ** -25, 2 ** -25 * 1.0000001, 1e-300, Number.MIN_VALUE].map(roundToHalf)).toEqual([0, 2 ** -24, 0, 0]);
    expect([65519.999, 65520, 1e300, -Infinity].map(roundToHalf)).toEqual([65504, Infinity, Infinity, -Infinity]);
    expect(Object.is(roundToHalf(-1e-9), -0)).toBe(true);
  });

  test('arrays', () => {
    expect([...toHalf([1, -2, NaN])]).toEqual([0x3c00, 0xc000, 0x7e00]);
    expect([...fromHalf(Uint16Array.of(0x3c00, 0xfc00))]).toEqual([1, -Infinity]);
  });
});

describe('f16 as a dtype', () => {
  test('takes two bytes an element, whole words together', () => {
    expect([1, 2, 3, 4].map((size) => byteLength('f16', size))).toEqual([4, 4, 8, 8]);
    expect(allocate('f16', 3)).toEqual(new Uint16Array(3));
    expect(viewOf('f16', Uint16Array.of(1, 2, 3).buffer, 2, 2)).toEqual(Uint16Array.of(2, 3));
    expect(dtypeOf(new Uint16Array(1))).toBe('f16');
  });

  test('a Float16Array keeps its bits', () => {
    // Node 20 has none: this stands for one, whose numbers would be rounded to whole ones if they were copied as numbers.
    class Float16Array extends Uint16Array {
      override get [Symbol.toStringTag]() {
        return 'Float16Array' as 'Uint16Array';
      }
    }
    const given: TypedArray = Float16Array.of(0x3c00, 0x3800);
    expect(dtypeOf(given)).toBe('f16');
    const target = new Uint16Array(2);
    setValues(target, given);
    expect([...target]).toEqual([0x3c00, 0x3800]);
  });
});
