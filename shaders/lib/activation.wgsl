// Elementary functions that stay accurate near 0 and finite for every finite argument. WGSL's own tanh may give NaN
// from x = 88 on, its exp overflows there, and exp(x) - 1, log(1 + x) lose all digits near 0.

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// f * 2^n for whole n from -250 to 254, in two factors, so that neither leaves f32's range.
fn times_power_of_2(f: f32, n: i32) -> f32 {
  let half = n >> 1u;
  return f * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(n - half + 127) << 23u);
}

// e^x / 2^n for the integer n nearest to x / ln 2: e^r for |r| <= ln 2 / 2 as a polynomial, x = n ln 2 + r in two parts.
fn exponential_part(x: f32, n: f32) -> f32 {
  let r = (x - n * 0.693359375) + n * 2.12194440e-4;
  let p = 0.5 + r * (0.16666665 + r * (0.041665796 + r * (8.3334519e-3 + r * (1.3981999e-3 + r * 1.9875691e-4))));
  return 1.0 + (r + r * r * p);
}

// e^x * 2^shift. A NaN stays one.
fn exponential_times(x: f32, shift: i32) -> f32 {
  let z = clamp(x, -150.0, 100.0);
  let n = round(z * 1.44269504);
  let y = times_power_of_2(exponential_part(z, n), i32(n) + shift);
  return select(y, x, is_nan(x));
}

fn exponential(x: f32) -> f32 {
  return exponential_times(x, 0);
}

// e^x - 1. Taylor to x^9 for |x| < 0.5 (truncation below 1e-9 relative).
fn expm1(x: f32) -> f32 {
  let p = 1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666667 + x * (0.008333334 + x * (0.0013888889
    + x * (1.984127e-4 + x * (2.4801588e-5 + x * 2.7557319e-6)))))));
  return select(exponential(x) - 1.0, x * p, abs(x) < 0.5);
}

// log(1 + x) = 2 atanh(s), s = x / (2 + x), as a series in s^2 <= 1/9 for |x| <= 0.5.
fn log1p(x: f32) -> f32 {
  let s = x / (2.0 + x);
  let q = s * s;
  let p = 1.0 + q * (0.33333334 + q * (0.2 + q * (0.14285715 + q * (0.11111111 + q * (0.09090909
    + q * (0.07692308 + q * 0.06666667))))));
  return select(log(1.0 + x), x * (2.0 / (2.0 + x)) * p, abs(x) <= 0.5);
}

// 1 / (1 + e^-x), with the exponential of a negative number only.
fn sigmoid(x: f32) -> f32 {
  let e = exponential(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}

// -e / (2 + e), e = e^(-2|x|) - 1 = 2^n (e^r - 1) + (2^n - 1), with the sign of x. e keeps its digits near 0, where n is 0 and
// e^r - 1 = r + r^2 p a polynomial fitted here to what the result needs of it: 8e-9. A NaN stays one.
fn stable_tanh(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let z = max(-2.0 * abs(x), -60.0);
  // The nearest integer to z / ln 2: z is not positive, and a conversion drops the fraction.
  let n = i32(z * 1.44269504 - 0.5);
  let r = z - f32(n) * 0.69314718;
  let p = 0.49999985 + r * (0.16666518 + r * (0.041670375 + r * (8.3690211e-3 + r * 1.3717107e-3)));
  let scale = bitcast<f32>(u32(n + 127) << 23u);
  let e = (r + r * r * p) * scale + (scale - 1.0);
  let y = bitcast<u32>(e / (2.0 + e)) & 0x7fffffffu;
  let magnitude = select(y, 0x7fc00000u, (bits & 0x7fffffffu) > 0x7f800000u);
  return bitcast<f32>(magnitude | (bits & 0x80000000u));
}

// log(1 + e^x)
fn softplus(x: f32) -> f32 {
  return max(x, 0.0) + log1p(exponential(-abs(x)));
}

// 2 / sqrt(pi) * (the integral of e^(-t^2) from 0 to x) for |x| <= 1: Taylor to x^21.
fn erf_near_0(x: f32) -> f32 {
  let q = x * x;
  return x * (1.1283792 + q * (-0.37612638 + q * (0.11283792 + q * (-0.026866171 + q * (0.0052239776
    + q * (-8.548327e-4 + q * (1.2055333e-4 + q * (-1.4925651e-5 + q * (1.6462115e-6
    + q * (-1.6365845e-7 + q * 1.4807193e-8))))))))));
}

// 1 - erf(x) for x >= 0 with a relative error of 1.2e-7 (Chebyshev fit of Numerical Recipes, section 6.2).
fn erfc_positive(x: f32) -> f32 {
  let z = min(x, 12.0);
  let t = 1.0 / (1.0 + 0.5 * z);
  let p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807
    + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  return t * exp(p - z * z);
}

fn erf(x: f32) -> f32 {
  return select(sign(x) * (1.0 - erfc_positive(abs(x))), erf_near_0(x), abs(x) <= 1.0);
}

// Up to what the normal density is not 0 in f32, and beyond, so that products with it are 0 too.
fn normal_distance(x: f32) -> f32 {
  return min(abs(x), 20.0);
}

// The share of the standard normal distribution below x, from a = normal_distance(x) and e = e^(-a^2 / 2): e t P(t) for -a, with
// t = 1 / (1 + 0.23 a) and a polynomial fitted to a relative error of 1.5e-7 for a up to 13.3. Small values keep their digits.
fn normal_cdf(x: f32, a: f32, e: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.23 * a);
  let p = t * (0.091902658 + t * (0.089211688 + t * (0.10570978 + t * (4.6000510e-4 + t * (0.25150180
    + t * (-0.23284592 + t * (0.26767281 + t * -0.073612742)))))));
  let tail = p * e;
  return select(tail, 1.0 - tail, x > 0.0);
}

// x times the share of the standard normal distribution below x
fn gelu(x: f32) -> f32 {
  let a = normal_distance(x);
  return x * normal_cdf(x, a, exp(-0.5 * a * a));
}

fn gelu_slope(x: f32) -> f32 {
  let a = normal_distance(x);
  let e = exp(-0.5 * a * a);
  return normal_cdf(x, a, e) + clamp(x, -20.0, 20.0) * (0.39894228 * e);
}

// x / 2 * (1 + tanh(u)) = x * sigmoid(2 u), u = sqrt(2 / pi) * (x + 0.044715 x^3)
fn gelu_tanh(x: f32) -> f32 {
  let z = clamp(x, -20.0, 20.0);
  return x * sigmoid(1.5957691 * z * (1.0 + 0.044715 * z * z));
}

fn gelu_tanh_slope(x: f32) -> f32 {
  let z = clamp(x, -20.0, 20.0);
  let s = sigmoid(1.5957691 * z * (1.0 + 0.044715 * z * z));
  return s + z * s * (1.0 - s) * (1.5957691 + 0.21406645 * z * z);
}

fn silu_slope(x: f32) -> f32 {
  let s = sigmoid(x);
  return s * (1.0 + x * (1.0 - s));
}

// a^b; of a negative a and a broken b it is NaN, of 0 and a negative b infinite.
fn power(a: f32, b: f32) -> f32 {
  let magnitude = pow(select(abs(a), 1.0, a == 0.0), b);
  let sign_bit = select(0u, bitcast<u32>(a) & 0x80000000u, abs(b - 2.0 * floor(b * 0.5)) == 1.0);
  let of_0 = select(0u, 0x7f800000u, b < 0.0);
  let of_broken = select(0u, 0x7fc00000u, a < 0.0 && floor(b) != b);
  let result = bitcast<f32>(select(bitcast<u32>(magnitude), of_0, a == 0.0) | sign_bit | of_broken);
  return select(result, 1.0, b == 0.0);
}
