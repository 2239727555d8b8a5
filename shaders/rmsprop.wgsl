// One step of RMSprop over whole arenas of T elements, all parameters of a model at once:
//   g = grads·gradient_scale + weight_decay·w;  square = ρ·square + (1 − ρ)·g²
//   rmsprop            w −= lr·g / (√(square + epsilon_inside) + epsilon_outside)
//   rmsprop_centered   mean = ρ·mean + (1 − ρ)·g; max(0, square − mean²) stands in the root: rounding may leave it negative
//   …_momentum         velocity = momentum·velocity + g / (…);  w −= lr·velocity
// w, grads, square, mean, velocity [T]; scalars and first_bad as in lib/gradients.wgsl.
// One workgroup updates 64 elements, or 64 groups of four in the vec4 entries, whose size counts groups.

// @import lib/grid.wgsl
// @import lib/gradients.wgsl

const group_size: u32 = 64;

struct Params {
  size: u32,
  rho: f32,
  one_minus_rho: f32,
  epsilon_inside: f32,
  epsilon_outside: f32,
  momentum: f32,
  weight_decay: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> w: array<f32>;
@group(0) @binding(4) var<storage, read_write> w4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> square: array<f32>;
@group(0) @binding(5) var<storage, read_write> square4: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> mean: array<f32>;
@group(0) @binding(6) var<storage, read_write> mean4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(7) var<storage, read_write> velocity4: array<vec4f>;

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
  let g = bitcast<f32>(bits) * scalars[3] + params.weight_decay * weight;
  let squares = params.rho * square[i] + params.one_minus_rho * g * g;
  square[i] = squares;
  let step = g / (sqrt(squares + params.epsilon_inside) + params.epsilon_outside);
  w[i] = weight - scalars[0] * step;
}

@compute @workgroup_size(group_size)
fn rmsprop_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + params.weight_decay * weight;
  let old_squares = square4[i];
  let squares = params.rho * old_squares + params.one_minus_rho * g * g;
  square4[i] = select(squares, old_squares, bad);
  let step = g / (sqrt(squares + params.epsilon_inside) + params.epsilon_outside);
  w4[i] = select(weight - scalars[0] * step, weight, bad);
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
  let g = bitcast<f32>(bits) * scalars[3] + params.weight_decay * weight;
  let squares = params.rho * square[i] + params.one_minus_rho * g * g;
  square[i] = squares;
  let speed = params.momentum * velocity[i] + g / (sqrt(squares + params.epsilon_inside) + params.epsilon_outside);
  velocity[i] = speed;
  w[i] = weight - scalars[0] * speed;
}

@compute @workgroup_size(group_size)
fn rmsprop_momentum_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + params.weight_decay * weight;
  let old_squares = square4[i];
  let squares = params.rho * old_squares + params.one_minus_rho * g * g;
  square4[i] = select(squares, old_squares, bad);
  let old_speed = velocity4[i];
  let speed = params.momentum * old_speed + g / (sqrt(squares + params.epsilon_inside) + params.epsilon_outside);
  velocity4[i] = select(speed, old_speed, bad);
  w4[i] = select(weight - scalars[0] * speed, weight, bad);
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
  let g = bitcast<f32>(bits) * scalars[3] + params.weight_decay * weight;
  let squares = params.rho * square[i] + params.one_minus_rho * g * g;
  square[i] = squares;
  let average = params.rho * mean[i] + params.one_minus_rho * g;
  mean[i] = average;
  let variance = max(squares - average * average, 0.0);
  let step = g / (sqrt(variance + params.epsilon_inside) + params.epsilon_outside);
  w[i] = weight - scalars[0] * step;
}

@compute @workgroup_size(group_size)
fn rmsprop_centered_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + params.weight_decay * weight;
  let old_squares = square4[i];
  let squares = params.rho * old_squares + params.one_minus_rho * g * g;
  square4[i] = select(squares, old_squares, bad);
  let old_average = mean4[i];
  let average = params.rho * old_average + params.one_minus_rho * g;
  mean4[i] = select(average, old_average, bad);
  let variance = max(squares - average * average, vec4f(0.0));
  let step = g / (sqrt(variance + params.epsilon_inside) + params.epsilon_outside);
  w4[i] = select(weight - scalars[0] * step, weight, bad);
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
  let g = bitcast<f32>(bits) * scalars[3] + params.weight_decay * weight;
  let squares = params.rho * square[i] + params.one_minus_rho * g * g;
  square[i] = squares;
  let average = params.rho * mean[i] + params.one_minus_rho * g;
  mean[i] = average;
  let variance = max(squares - average * average, 0.0);
  let speed = params.momentum * velocity[i] + g / (sqrt(variance + params.epsilon_inside) + params.epsilon_outside);
  velocity[i] = speed;
  w[i] = weight - scalars[0] * speed;
}

@compute @workgroup_size(group_size)
fn rmsprop_centered_momentum_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + params.weight_decay * weight;
  let old_squares = square4[i];
  let squares = params.rho * old_squares + params.one_minus_rho * g * g;
  square4[i] = select(squares, old_squares, bad);
  let old_average = mean4[i];
  let average = params.rho * old_average + params.one_minus_rho * g;
  mean4[i] = select(average, old_average, bad);
  let variance = max(squares - average * average, vec4f(0.0));
  let old_speed = velocity4[i];
  let speed = params.momentum * old_speed + g / (sqrt(variance + params.epsilon_inside) + params.epsilon_outside);
  velocity4[i] = select(speed, old_speed, bad);
  w4[i] = select(weight - scalars[0] * speed, weight, bad);
}
