// One step of gradient descent (lib/gradients.wgsl):
//   sgd            g = grads·gradient_scale + weight_decay·w;  w −= lr·g
//   sgd_momentum   v = momentum·v + g;  w −= lr·v, or with NESTEROV lr·(g + momentum·v)

// @import lib/gradients.wgsl

const NESTEROV: bool = false;

struct Params {
  size: u32,
  weight_decay: f32,
  momentum: f32,
}

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
  let g = gradient_of(bits, weight);
  w[i] = weight - scalars[0] * g;
}

@compute @workgroup_size(group_size)
fn sgd_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let gradient = gradient4_of(i);
  store_moved4(i, gradient, gradient.g);
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
  let g = gradient_of(bits, weight);
  let velocity = params.momentum * v[i] + g;
  v[i] = velocity;
  w[i] = weight - scalars[0] * select(velocity, g + params.momentum * velocity, NESTEROV);
}

@compute @workgroup_size(group_size)
fn sgd_momentum_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let gradient = gradient4_of(i);
  let old = v4[i];
  let velocity = params.momentum * old + gradient.g;
  v4[i] = select(velocity, old, gradient.bad);
  store_moved4(i, gradient, select(velocity, gradient.g + params.momentum * velocity, NESTEROV));
}
