// One step of RMSprop (lib/gradients.wgsl):
//   g = grads·gradient_scale + weight_decay·w;  square = ρ·square + (1 − ρ)·g²
//   rmsprop            w −= lr·g / (√(square + epsilon_inside) + epsilon_outside)
//   rmsprop_centered   mean = ρ·mean + (1 − ρ)·g; max(0, square − mean²) stands in the root: rounding may leave it negative
//   …_momentum         velocity = momentum·velocity + g / (…);  w −= lr·velocity

// @import lib/gradients.wgsl

struct Params {
  size: u32,
  rho: f32,
  one_minus_rho: f32,
  epsilon_inside: f32,
  epsilon_outside: f32,
  momentum: f32,
  weight_decay: f32,
}

@group(0) @binding(5) var<storage, read_write> square: array<f32>;
@group(0) @binding(5) var<storage, read_write> square4: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> mean: array<f32>;
@group(0) @binding(6) var<storage, read_write> mean4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(7) var<storage, read_write> velocity4: array<vec4f>;

// What each moment is after the step.

fn squares_after(i: u32, g: f32) -> f32 {
  let squares = params.rho * square[i] + params.one_minus_rho * g * g;
  square[i] = squares;
  return squares;
}

fn variance_after(i: u32, g: f32) -> f32 {
  let squares = squares_after(i, g);
  let average = params.rho * mean[i] + params.one_minus_rho * g;
  mean[i] = average;
  return max(squares - average * average, 0.0);
}

fn velocity_after(i: u32, step: f32) -> f32 {
  let speed = params.momentum * velocity[i] + step;
  velocity[i] = speed;
  return speed;
}

fn step_by(g: f32, variance: f32) -> f32 {
  return g / (sqrt(variance + params.epsilon_inside) + params.epsilon_outside);
}

// The same of four elements; those whose gradient is bad stay.

fn squares4_after(i: u32, gradient: Gradient4) -> vec4f {
  let old = square4[i];
  let squares = params.rho * old + params.one_minus_rho * gradient.g * gradient.g;
  square4[i] = select(squares, old, gradient.bad);
  return squares;
}

fn variance4_after(i: u32, gradient: Gradient4) -> vec4f {
  let squares = squares4_after(i, gradient);
  let old = mean4[i];
  let average = params.rho * old + params.one_minus_rho * gradient.g;
  mean4[i] = select(average, old, gradient.bad);
  return max(squares - average * average, vec4f(0.0));
}

fn velocity4_after(i: u32, gradient: Gradient4, step: vec4f) -> vec4f {
  let old = velocity4[i];
  let speed = params.momentum * old + step;
  velocity4[i] = select(speed, old, gradient.bad);
  return speed;
}

fn step4_by(g: vec4f, variance: vec4f) -> vec4f {
  return g / (sqrt(variance + params.epsilon_inside) + params.epsilon_outside);
}

@compute @workgroup_size(group_size)
fn rmsprop(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = gradient_of(bits, weight);
  let step = step_by(g, squares_after(i, g));
  w[i] = weight - scalars[0] * step;
}

@compute @workgroup_size(group_size)
fn rmsprop_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let gradient = gradient4_of(i);
  let step = step4_by(gradient.g, squares4_after(i, gradient));
  store_moved4(i, gradient, step);
}

@compute @workgroup_size(group_size)
fn rmsprop_momentum(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = gradient_of(bits, weight);
  let step = step_by(g, squares_after(i, g));
  w[i] = weight - scalars[0] * velocity_after(i, step);
}

@compute @workgroup_size(group_size)
fn rmsprop_momentum_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let gradient = gradient4_of(i);
  let step = step4_by(gradient.g, squares4_after(i, gradient));
  store_moved4(i, gradient, velocity4_after(i, gradient, step));
}

@compute @workgroup_size(group_size)
fn rmsprop_centered(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = gradient_of(bits, weight);
  let step = step_by(g, variance_after(i, g));
  w[i] = weight - scalars[0] * step;
}

@compute @workgroup_size(group_size)
fn rmsprop_centered_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let gradient = gradient4_of(i);
  let step = step4_by(gradient.g, variance4_after(i, gradient));
  store_moved4(i, gradient, step);
}

@compute @workgroup_size(group_size)
fn rmsprop_centered_momentum(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads[i];
  if (is_bad(bits)) {
    report(i);
    return;
  }
  let weight = w[i];
  let g = gradient_of(bits, weight);
  let step = step_by(g, variance_after(i, g));
  w[i] = weight - scalars[0] * velocity_after(i, step);
}

@compute @workgroup_size(group_size)
fn rmsprop_centered_momentum_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let gradient = gradient4_of(i);
  let step = step4_by(gradient.g, variance4_after(i, gradient));
  store_moved4(i, gradient, velocity4_after(i, gradient, step));
}
