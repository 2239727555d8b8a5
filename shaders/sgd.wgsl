// One step of gradient descent over whole arenas of T elements, all parameters of a model at once:
//   sgd            g = grads·gradient_scale + weight_decay·w;  w −= lr·g
//   sgd_momentum   v = momentum·v + g;  w −= lr·v, or with NESTEROV lr·(g + momentum·v)
// w, grads, v [T]; scalars and first_bad as in lib/gradients.wgsl.
// One workgroup updates 64 elements, or 64 groups of four in the vec4 entries, whose size counts groups.

// @import lib/grid.wgsl
// @import lib/gradients.wgsl

const group_size: u32 = 64;
const NESTEROV: bool = false;

struct Params {
  size: u32,
  weight_decay: f32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> w: array<f32>;
@group(0) @binding(4) var<storage, read_write> w4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> v: array<f32>;
@group(0) @binding(5) var<storage, read_write> v4: array<vec4f>;

@compute @workgroup_size(group_size)
fn sgd(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = bitcast<f32>(bits) * scalars[3] + params.weight_decay * weight;
  w[i] = weight - scalars[0] * g;
}

@compute @workgroup_size(group_size)
fn sgd_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + params.weight_decay * weight;
  w4[i] = select(weight - scalars[0] * g, weight, bad);
}

@compute @workgroup_size(group_size)
fn sgd_momentum(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = bitcast<f32>(bits) * scalars[3] + params.weight_decay * weight;
  let velocity = params.momentum * v[i] + g;
  v[i] = velocity;
  w[i] = weight - scalars[0] * select(velocity, g + params.momentum * velocity, NESTEROV);
}

@compute @workgroup_size(group_size)
fn sgd_momentum_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let old = v4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + params.weight_decay * weight;
  let velocity = params.momentum * old + g;
  v4[i] = select(velocity, old, bad);
  let direction = select(velocity, g + params.momentum * velocity, NESTEROV);
  w4[i] = select(weight - scalars[0] * direction, weight, bad);
}
