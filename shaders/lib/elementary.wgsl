// Elementary functions within a few units in the last place over their whole domain; coefficients are those of Moshier's
// Cephes library, single precision. WGSL's own promise less: acos and asin 6.8e-5, atan 4096 units, sinh and tan more.
// They call functions of lib/activation.wgsl.

// log x = e ln 2 + log m, m in [sqrt(1/2), sqrt 2), from x's bits, so that denormal numbers count too. Of 0 and of
// negative numbers it is what IEEE 754 says, -Inf and NaN; infinity and NaN stay what they are.
fn logarithm(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let denormal = bits < 0x00800000u;
  let whole = select(bits, bitcast<u32>(f32(bits)), denormal);
  let shifted = whole - 0x3f3504f3u;
  let e = f32((i32(shifted) >> 23u) + select(0, -149, denormal));
  let r = bitcast<f32>(whole - (shifted & 0xff800000u)) - 1.0;
  let q = r * r;
  let p = 0.33333331 + r * (-0.24999994 + r * (0.20000715 + r * (-0.16668057 + r * (0.14249323 + r * (-0.12420141
    + r * (0.11676998 + r * (-0.11514610 + r * 0.070376836)))))));
  let y = (r + (r * q * p - 2.12194440e-4 * e - 0.5 * q)) + 0.693359375 * e;
  if (bits - 1u < 0x7f7fffffu) { return y; }
  if (bits == 0x7f800000u || is_nan(x)) { return x; }
  return bitcast<f32>(select(0x7fc00000u | (bits & 1u), 0xff800000u, (bits << 1u) == 0u));
}

// log1p of the whole domain: of -1 it is -Inf, below NaN.
fn log1p_of(x: f32) -> f32 {
  return select(logarithm(1.0 + x), log1p(x), abs(x) <= 0.5);
}

fn sinh_of(x: f32) -> f32 {
  let q = x * x;
  let near_0 = x + x * q * (0.16666667 + q * (8.3333310e-3 + q * (1.9841270e-4 + q * 2.7557319e-6)));
  let half = exponential_times(abs(x), -1);
  return select(select(-1.0, 1.0, x > 0.0) * (half - 0.25 / half), near_0, abs(x) < 1.0);
}

fn cosh_of(x: f32) -> f32 {
  let half = exponential_times(abs(x), -1);
  return half + 0.25 / half;
}

fn asinh_of(x: f32) -> f32 {
  let a = abs(x);
  let q = a * a;
  let near_0 = x + x * q * (-0.16666288 + q * (0.074847586 + q * (-0.042699341 + q * 0.020122003)));
  let far = logarithm(a) + 0.69314718;
  let s = select(1.0, 0.0, a > 1500.0) * a; // so that its square stays finite
  let middle = logarithm(s + sqrt(s * s + 1.0));
  return select(select(-1.0, 1.0, x > 0.0) * select(middle, far, a > 1500.0), near_0, a < 0.5);
}

// 1 / sqrt(1 + x^2), whose square is kept within f32.
fn asinh_slope(x: f32) -> f32 {
  let a = max(abs(x), 1.0);
  let b = min(abs(x), 1.0) / a;
  return 1.0 / (a * sqrt(1.0 + b * b));
}

// For x >= 1.
fn acosh_of(x: f32) -> f32 {
  let z = x - 1.0;
  let near_1 = sqrt(z) * (1.4142135 + z * (-0.11784742 + z * (0.026454905 + z * (-7.5272887e-3 + z * 1.7596881e-3))));
  let s = min(z, 1500.0);
  let middle = logarithm((s + 1.0) + sqrt(s * (s + 2.0)));
  return select(select(middle, logarithm(x) + 0.69314718, z > 1500.0), near_1, z < 0.5);
}

// For |x| < 1.
fn atanh_of(x: f32) -> f32 {
  let q = x * x;
  let near_0 = x + x * q * (0.33333730 + q * (0.19978216 + q * (0.14669143 + q * (0.082437030 + q * 0.18174008))));
  return select(0.5 * logarithm((1.0 + x) / (1.0 - x)), near_0, abs(x) < 0.5);
}

fn atan_of(x: f32) -> f32 {
  let a = abs(x);
  let far = a > 2.4142135;
  let middle = a > 0.41421357;
  let r = select(select(a, (a - 1.0) / (a + 1.0), middle), -1.0 / a, far);
  let q = r * r;
  let p = r + r * q * (-0.33332950 + q * (0.19977711 + q * (-0.13877686 + q * 0.080537446)));
  return select(-1.0, 1.0, x >= 0.0) * (select(select(0.0, 0.78539816, middle), 1.5707963, far) + p);
}

// asin of 0 to 1/2
fn asin_near_0(x: f32) -> f32 {
  let q = x * x;
  return x + x * q * (0.16666752 + q * (0.074953003 + q * (0.045470026 + q * (0.024181311 + q * 0.042163199))));
}

// For |x| <= 1.
fn asin_of(x: f32) -> f32 {
  let a = abs(x);
  let outer = a > 0.5;
  let p = asin_near_0(select(a, sqrt(0.5 * (1.0 - a)), outer));
  return select(-1.0, 1.0, x >= 0.0) * select(p, 1.5707963 - 2.0 * p, outer);
}

// For |x| <= 1.
fn acos_of(x: f32) -> f32 {
  let a = abs(x);
  let outer = a > 0.5;
  let p = asin_near_0(select(a, sqrt(0.5 * (1.0 - a)), outer));
  let of_a = select(1.5707964 - (p - 4.371139e-8), 2.0 * p, outer);
  return select(of_a, 3.1415927 - of_a, x < 0.0);
}

// The remainder of a / b with the sign of a, exactly, by long division of the significands, eight bits at a time. Of an
// infinite a or a zero b it is NaN; of an infinite b, a.
fn truncated_remainder(a: f32, b: f32) -> f32 {
  let x = bitcast<u32>(a) & 0x7fffffffu;
  let y = bitcast<u32>(b) & 0x7fffffffu;
  if (x >= 0x7f800000u || y == 0u || y > 0x7f800000u) { return bitcast<f32>(0x7fc00000u | (x & 1u)); }
  if (x < y) { return a; }
  let exponent_y = max(y >> 23u, 1u);
  var rest = (x & 0x7fffffu) | select(0u, 0x800000u, x >= 0x800000u);
  let divisor = (y & 0x7fffffu) | select(0u, 0x800000u, y >= 0x800000u);
  var left = max(x >> 23u, 1u) - exponent_y;
  rest %= divisor;
  while (left > 0u && rest > 0u) {
    let bits = min(left, 8u);
    rest = (rest << bits) % divisor;
    left -= bits;
  }
  let magnitude = times_power_of_2(f32(rest), i32(exponent_y) - 150);
  return select(magnitude, -magnitude, a < 0.0);
}

// The remainder of a / b with the sign of b.
fn floored_remainder(a: f32, b: f32) -> f32 {
  let r = truncated_remainder(a, b);
  return select(r, r + b, r != 0.0 && (r < 0.0) != (b < 0.0));
}

fn mish(x: f32) -> f32 {
  let n = exponential(min(x, 20.0));
  let m = n * (n + 2.0);
  return x * (m / (m + 2.0));
}

// With w = tanh(softplus(x)) = m / (m + 2): w + x (1 - w^2) sigmoid(x), 1 - w^2 = 4 (m + 1) / (m + 2)^2.
fn mish_slope(x: f32) -> f32 {
  let z = clamp(x, -80.0, 20.0);
  let n = exponential(z);
  let m = n * (n + 2.0);
  return (m + z * 4.0 * (m + 1.0) / (m + 2.0) * (n / (n + 1.0))) / (m + 2.0);
}
