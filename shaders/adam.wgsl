// One step of Adam (lib/gradients.wgsl):
//   g = grads·gradient_scale + weight_decay·w;  m = β₁·m + (1 − β₁)·g;  v = β₂·v + (1 − β₂)·g²;
//   w −= lr·(m·correction1 / (√(v·correction2) + ε) + decoupled_decay·w)
// where correction = 1 / (1 − βᵗ) comes from the host in double precision.

// @import lib/gradients.wgsl

struct Params {
  size: u32,
  beta1: f32,
  one_minus_beta1: f32,
  beta2: f32,
  one_minus_beta2: f32,
  epsilon: f32,
  weight_decay: f32,
  decoupled_decay: f32,
}

@group(0) @binding(5) var<storage, read_write> v: array<f32>;
@group(0) @binding(5) var<storage, read_write> v4: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> m: array<f32>;
@group(0) @binding(6) var<storage, read_write> m4: array<vec4f>;

@compute @workgroup_size(group_size)
fn adam(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = gradient_of(bits, weight);
  let mean = params.beta1 * m[i] + params.one_minus_beta1 * g;
  let square = params.beta2 * v[i] + params.one_minus_beta2 * g * g;
  m[i] = mean;
  v[i] = square;
  let step = mean * scalars[1] / (sqrt(square * scalars[2]) + params.epsilon);
  w[i] = weight - scalars[0] * (step + params.decoupled_decay * weight);
}

@compute @workgroup_size(group_size)
fn adam_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let gradient = gradient4_of(i);
  let old_mean = m4[i];
  let old_square = v4[i];
  let mean = params.beta1 * old_mean + params.one_minus_beta1 * gradient.g;
  let square = params.beta2 * old_square + params.one_minus_beta2 * gradient.g * gradient.g;
  m4[i] = select(mean, old_mean, gradient.bad);
  v4[i] = select(square, old_square, gradient.bad);
  let step = mean * scalars[1] / (sqrt(square * scalars[2]) + params.epsilon);
  store_moved4(i, gradient, step + params.decoupled_decay * gradient.weight);
}
