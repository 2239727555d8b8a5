// Halves (IEEE 754 binary16) in words of 32 bits, two to a word, the first in the low bits: every device can read and
// write them so, with `shader-f16` or without.

// Each number's nearest half, ties to even, in the low 16 bits: infinite from 65520 on, any NaN 0x7e00; as halfBits of
// src/core/half.ts. In integers, because pack2x16float may round either way and gives anything at all beyond 65504.
fn half_bits4(x: vec4f) -> vec4u {
  let bits = bitcast<vec4u>(x);
  let size = bits & vec4u(0x7fffffffu);
  let normal = (size - vec4u(0x38000000u - 0xfffu) + ((size >> vec4u(13u)) & vec4u(1u))) >> vec4u(13u);
  // Below 2^-14 halves count 2^-24: the fraction with its leading one, moved to that place.
  let shift = min(vec4u(126u) - min(size >> vec4u(23u), vec4u(112u)), vec4u(25u));
  let fraction = (size & vec4u(0x7fffffu)) | vec4u(0x800000u);
  let to_even = ((fraction >> shift) & vec4u(1u)) + (vec4u(1u) << (shift - vec4u(1u))) - vec4u(1u);
  let finite = select(normal, (fraction + to_even) >> shift, size < vec4u(0x38800000u));
  let signed = select(finite, vec4u(0x7c00u), size >= vec4u(0x477ff000u)) | ((bits >> vec4u(16u)) & vec4u(0x8000u));
  return select(signed, vec4u(0x7e00u), size > vec4u(0x7f800000u));
}

fn to_half4(x: vec4f) -> vec2u {
  let bits = half_bits4(x);
  return bits.xz | (bits.yw << vec2u(16u));
}

fn to_half2(x: vec2f) -> u32 {
  return to_half4(vec4f(x, 0.0, 0.0)).x;
}

fn half4(words: vec2u) -> vec4f {
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}

// Half `index` of an array, given the word it lies in, which is word index / 2.
fn half_in(word: u32, index: u32) -> f32 {
  let pair = unpack2x16float(word);
  return select(pair.x, pair.y, (index & 1u) == 1u);
}
