// Sine, cosine and tangent of every finite angle within a few units in the last place; of infinity and NaN, NaN. WGSL's
// own promise an absolute error up to pi, and nothing beyond. Tangent's coefficients are those of Moshier's Cephes library.

// An angle of quarter * pi / 2 + rest, |rest| <= pi / 4, quarter from 0 to 3.
struct Angle {
  rest: f32,
  quarter: u32,
}

// The first 224 bits of 2 / pi behind the point, after 32 bits before it.
const two_over_pi = array<u32, 8>(
  0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);

// 32 bits of 2 / pi from bit `shift` of word i on.
fn bits_of_two_over_pi(i: u32, shift: u32) -> u32 {
  return (two_over_pi[i] << shift) | ((two_over_pi[i + 1u] >> 1u) >> (31u - shift));
}

// The upper half of the 64 bits of a * b, a < 2^24.
fn high_product(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a & 0xffffu) * (b >> 16u) + (low >> 16u);
  let other = (a >> 16u) * (b & 0xffffu) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}

// Payne and Hanek: |x| = m * 2^(e - 150), and of the bits of 2 / pi those alone are multiplied with m whose product is
// neither a multiple of four quarters nor too small to matter: 96 of them, of whose product the first 64 are kept, two for
// the quarter. No f32 comes nearer to a multiple of pi / 2 than 2^-30 quarters. For |x| > 1/2.
fn exact_angle(x: f32) -> Angle {
  let bits = bitcast<u32>(x);
  let e = (bits >> 23u) & 0xffu;
  if (e == 0xffu) { return Angle(bitcast<f32>(0x7fc00000u | (bits & 1u)), 0u); }
  let m = (bits & 0x7fffffu) | 0x800000u;
  let i = (e - 120u) >> 5u;
  let shift = (e - 120u) & 31u;
  let second = bits_of_two_over_pi(i + 1u, shift);
  let carried = high_product(m, bits_of_two_over_pi(i + 2u, shift));
  let low = m * second + carried;
  let high = m * bits_of_two_over_pi(i, shift) + high_product(m, second) + select(0u, 1u, low < carried);
  let quarter = (high + 0x20000000u) >> 30u;
  // What is left, as a signed number of 64 bits behind the point, then its magnitude with its first bit foremost.
  let rest = vec2u((high << 2u) | (low >> 30u), low << 2u);
  let below = rest.x >= 0x80000000u;
  let magnitude = select(rest, vec2u(~rest.x + select(0u, 1u, rest.y == 0u), ~rest.y + 1u), below);
  let zeros = countLeadingZeros(magnitude.x | 1u);
  let first = (magnitude.x << zeros) | ((magnitude.y >> 1u) >> (31u - zeros));
  let radians = f32(first) * 1.5707964 * bitcast<f32>((95u - zeros) << 23u);
  let negative = bits >= 0x80000000u;
  return Angle(select(radians, -radians, below != negative), select(quarter, 4u - quarter, negative) & 3u);
}

// Cody and Waite: pi / 2 in three parts, of which the products with the first two are exact. What this leaves is off by
// less than 1e-14 n, which is too much where x is near a multiple of pi / 2.
fn angle_of(x: f32) -> Angle {
  let n = round(x * 0.63661977);
  let rest = ((x - n * 1.5703125) - n * 4.837513e-4) - n * 7.5497899e-8;
  // 0x461c4000 is 10000; NaN is above it, too.
  if ((bitcast<u32>(x) & 0x7fffffffu) > 0x461c4000u || abs(rest) < abs(n) * 6e-7) { return exact_angle(x); }
  return Angle(rest, u32(i32(n) & 3));
}

// sin(x + turns * pi / 2)
fn sine_shifted(x: f32, turns: u32) -> f32 {
  let angle = angle_of(x);
  let r = angle.rest;
  let q = r * r;
  let s = r + r * q * (-0.16666667 + q * (0.008333333 + q * (-1.984127e-4 + q * 2.7557319e-6)));
  let c = 1.0 + q * (-0.5 + q * (0.041666667 + q * (-0.0013888889 + q * (2.4801587e-5 - q * 2.7557319e-7))));
  let quarter = (angle.quarter + turns) & 3u;
  let value = select(s, c, (quarter & 1u) == 1u);
  return select(value, -value, quarter >= 2u);
}

fn tan_of(x: f32) -> f32 {
  let angle = angle_of(x);
  let r = angle.rest;
  let q = r * r;
  let p = r + r * q * (0.33333157 + q * (0.13338799 + q * (0.053411281 + q * (0.024430135 + q * (3.1199223e-3
    + q * 9.3854019e-3)))));
  return select(p, -1.0 / p, (angle.quarter & 1u) == 1u);
}
