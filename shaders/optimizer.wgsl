// One optimizer step over whole arenas of T elements, all parameters of a model at once:
//   sgd            g = grads·gradient_scale + weight_decay·w;  w −= lr·g
//   sgd_momentum   v = momentum·v + g;  w −= lr·v, or with NESTEROV lr·(g + momentum·v)
//   adam           m = β₁·m + (1 − β₁)·g;  v = β₂·v + (1 − β₂)·g²;
//                  w −= lr·(m·correction1 / (√(v·correction2) + ε) + decoupled_decay·w)
// w, grads, v, m [T]; scalars [4] = (lr, correction1, correction2, gradient_scale), where correction = 1 / (1 − βᵗ) comes
// from the host in double precision. grads are read as bits: WGSL may assume that a float is never NaN or infinite. An
// element whose gradient is one of these stays as it is, and first_bad [1] keeps the lowest such index.
// One workgroup updates 64 elements, or 64 groups of four in the vec4 entries, whose size counts groups.

// @import lib/grid.wgsl

const group_size: u32 = 64;
const NESTEROV: bool = false;

struct SgdParams {
  size: u32,
  weight_decay: f32,
  momentum: f32,
}

struct AdamParams {
  size: u32,
  beta1: f32,
  one_minus_beta1: f32,
  beta2: f32,
  one_minus_beta2: f32,
  epsilon: f32,
  weight_decay: f32,
  decoupled_decay: f32,
}

@group(0) @binding(0) var<uniform> sgd_params: SgdParams;
@group(0) @binding(0) var<uniform> adam_params: AdamParams;
@group(0) @binding(1) var<storage, read> scalars: array<f32>;
@group(0) @binding(2) var<storage, read_write> first_bad: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read> grads: array<u32>;
@group(0) @binding(3) var<storage, read> grads4: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> w: array<f32>;
@group(0) @binding(4) var<storage, read_write> w4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> v: array<f32>;
@group(0) @binding(5) var<storage, read_write> v4: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> m: array<f32>;
@group(0) @binding(6) var<storage, read_write> m4: array<vec4f>;

const EXPONENT = 0x7f800000u;

fn is_bad(bits: u32) -> bool {
  return (bits & EXPONENT) == EXPONENT;
}

fn are_bad(bits: vec4u) -> vec4<bool> {
  return (bits & vec4u(EXPONENT)) == vec4u(EXPONENT);
}

fn report(i: u32) {
  atomicMin(&first_bad[0], i);
}

fn report4(i: u32, bad: vec4<bool>) {
  if (any(bad)) {
    let second_half = select(3u, 2u, bad.z);
    report(4u * i + select(select(second_half, 1u, bad.y), 0u, bad.x));
  }
}

@compute @workgroup_size(group_size)
fn sgd(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= sgd_params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = bitcast<f32>(bits) * scalars[3] + sgd_params.weight_decay * weight;
  w[i] = weight - scalars[0] * g;
}

@compute @workgroup_size(group_size)
fn sgd_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= sgd_params.size) { return; }
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + sgd_params.weight_decay * weight;
  w4[i] = select(weight - scalars[0] * g, weight, bad);
}

@compute @workgroup_size(group_size)
fn sgd_momentum(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= sgd_params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = bitcast<f32>(bits) * scalars[3] + sgd_params.weight_decay * weight;
  let velocity = sgd_params.momentum * v[i] + g;
  v[i] = velocity;
  w[i] = weight - scalars[0] * select(velocity, g + sgd_params.momentum * velocity, NESTEROV);
}

@compute @workgroup_size(group_size)
fn sgd_momentum_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= sgd_params.size) { return; }
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let old = v4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + sgd_params.weight_decay * weight;
  let velocity = sgd_params.momentum * old + g;
  v4[i] = select(velocity, old, bad);
  let direction = select(velocity, g + sgd_params.momentum * velocity, NESTEROV);
  w4[i] = select(weight - scalars[0] * direction, weight, bad);
}

@compute @workgroup_size(group_size)
fn adam(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= adam_params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = bitcast<f32>(bits) * scalars[3] + adam_params.weight_decay * weight;
  let mean = adam_params.beta1 * m[i] + adam_params.one_minus_beta1 * g;
  let square = adam_params.beta2 * v[i] + adam_params.one_minus_beta2 * g * g;
  m[i] = mean;
  v[i] = square;
  let step = mean * scalars[1] / (sqrt(square * scalars[2]) + adam_params.epsilon);
  w[i] = weight - scalars[0] * (step + adam_params.decoupled_decay * weight);
}

@compute @workgroup_size(group_size)
fn adam_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= adam_params.size) { return; }
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let old_mean = m4[i];
  let old_square = v4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + adam_params.weight_decay * weight;
  let mean = adam_params.beta1 * old_mean + adam_params.one_minus_beta1 * g;
  let square = adam_params.beta2 * old_square + adam_params.one_minus_beta2 * g * g;
  m4[i] = select(mean, old_mean, bad);
  v4[i] = select(square, old_square, bad);
  let step = mean * scalars[1] / (sqrt(square * scalars[2]) + adam_params.epsilon);
  w4[i] = select(weight - scalars[0] * (step + adam_params.decoupled_decay * weight), weight, bad);
}
