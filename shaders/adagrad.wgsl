// One step of Adagrad over whole arenas of T elements, all parameters of a model at once:
//   g = grads·gradient_scale + weight_decay·w;  accumulator += g²
//   w −= lr·g / (√(accumulator + epsilon_inside) + epsilon_outside)
// w, grads, accumulator [T]; scalars and first_bad as in lib/gradients.wgsl.
// One workgroup updates 64 elements, or 64 groups of four in the vec4 entries, whose size counts groups.

// @import lib/grid.wgsl
// @import lib/gradients.wgsl

const group_size: u32 = 64;

struct Params {
  size: u32,
  epsilon_inside: f32,
  epsilon_outside: f32,
  weight_decay: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> w: array<f32>;
@group(0) @binding(4) var<storage, read_write> w4: array<vec4f>;
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
  let g = bitcast<f32>(bits) * scalars[3] + params.weight_decay * weight;
  let sum = accumulator[i] + g * g;
  accumulator[i] = sum;
  let step = g / (sqrt(sum + params.epsilon_inside) + params.epsilon_outside);
  w[i] = weight - scalars[0] * step;
}

@compute @workgroup_size(group_size)
fn adagrad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let bits = grads4[i];
  let bad = are_bad(bits);
  report4(i, bad);
  let weight = w4[i];
  let g = bitcast<vec4f>(select(bits, vec4u(0u), bad)) * scalars[3] + params.weight_decay * weight;
  let old_sum = accumulator4[i];
  let sum = old_sum + g * g;
  accumulator4[i] = select(sum, old_sum, bad);
  let step = g / (sqrt(sum + params.epsilon_inside) + params.epsilon_outside);
  w4[i] = select(weight - scalars[0] * step, weight, bad);
}
