// What every optimizer step shares: the weights, the host's scalars, and gradients that are read as bits, because WGSL may
// assume that a float is never NaN or infinite. An element whose gradient is one of these stays as it is, and first_bad [1]
// keeps the lowest such index. scalars [4] = (lr, correction1, correction2, gradient_scale); a gradient_scale of 0 skips the
// step: all elements stay as they are, and none is reported.
// w, grads and moments are arenas of T elements, all parameters of a model at once. One workgroup updates 64 elements, or 64
// groups of four in the vec4 entries, whose `size` counts groups.

// @import lib/grid.wgsl

const group_size: u32 = 64;
const EXPONENT = 0x7f800000u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scalars: array<f32>;
@group(0) @binding(2) var<storage, read_write> first_bad: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read> grads: array<u32>;
@group(0) @binding(3) var<storage, read> grads4: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> w: array<f32>;
@group(0) @binding(4) var<storage, read_write> w4: array<vec4f>;

fn is_bad(bits: u32) -> bool {
  return (bits & EXPONENT) == EXPONENT || scalars[3] == 0.0;
}

fn are_bad(bits: vec4u) -> vec4<bool> {
  return ((bits & vec4u(EXPONENT)) == vec4u(EXPONENT)) | vec4<bool>(scalars[3] == 0.0);
}

fn report(i: u32) {
  if (scalars[3] != 0.0) { atomicMin(&first_bad[0], i); }
}

fn report4(i: u32, bad: vec4<bool>) {
  if (any(bad)) {
    let second_half = select(3u, 2u, bad.z);
    report(4u * i + select(select(second_half, 1u, bad.y), 0u, bad.x));
  }
}

// A weight's gradient as the step takes it.
fn gradient_of(bits: u32, weight: f32) -> f32 {
  return bitcast<f32>(bits) * scalars[3] + params.weight_decay * weight;
}

// The same of four weights; any numbers where it is bad.
struct Gradient4 {
  weight: vec4f,
  g: vec4f,
  bad: vec4<bool>,
}

fn gradient4_of(i: u32) -> Gradient4 {
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + params.weight_decay * weight;
  return Gradient4(weight, g, bad);
}

fn store_moved4(i: u32, gradient: Gradient4, direction: vec4f) {
  w4[i] = select(gradient.weight - scalars[0] * direction, gradient.weight, gradient.bad);
}
