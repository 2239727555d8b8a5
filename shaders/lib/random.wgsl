// Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011), bit for bit as src/core/random.ts:
//   key = (seed, stream), counter = (index, step, 0, 0); one call serves elements 4·index to 4·index + 3.

// Bits 32 to 63 of a·b, from 16-bit halves: WGSL has no 64-bit product.
fn multiply_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let carry = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (carry >> 16u);
}

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let high_0 = multiply_high(0xd2511f53u, c.x);
    let high_1 = multiply_high(0xcd9e8d57u, c.z);
    c = vec4u(high_1 ^ c.y ^ k.x, 0xcd9e8d57u * c.z, high_0 ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

// Numbers in [0, 1): the upper 24 bits times 2⁻²⁴, exact in f32.
fn uniform4(bits: vec4u) -> vec4f {
  return vec4f(bits >> vec4u(8u)) * 0x1p-24f;
}
