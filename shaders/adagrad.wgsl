// One step of Adagrad (lib/gradients.wgsl):
//   g = grads·gradient_scale + weight_decay·w;  accumulator += g²
//   w −= lr·g / (√(accumulator + epsilon_inside) + epsilon_outside)

// @import lib/gradients.wgsl

struct Params {
  size: u32,
  epsilon_inside: f32,
  epsilon_outside: f32,
  weight_decay: f32,
}

@group(0) @binding(5) var<storage, read_write> accumulator: array<f32>;
@group(0) @binding(5) var<storage, read_write> accumulator4: array<vec4f>;

@compute @workgroup_size(group_size)
fn adagrad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = gradient_of(bits, weight);
  let sum = accumulator[i] + g * g;
  accumulator[i] = sum;
  let step = g / (sqrt(sum + params.epsilon_inside) + params.epsilon_outside);
  w[i] = weight - scalars[0] * step;
}

@compute @workgroup_size(group_size)
fn adagrad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let gradient = gradient4_of(i);
  let old = accumulator4[i];
  let sum = old + gradient.g * gradient.g;
  accumulator4[i] = select(sum, old, gradient.bad);
  store_moved4(i, gradient, gradient.g / (sqrt(sum + params.epsilon_inside) + params.epsilon_outside));
}
