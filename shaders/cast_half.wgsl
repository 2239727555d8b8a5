// y[i] = x[i] as another type, between f32 and f16: to f16 the nearest half, ties to even (lib/half.wgsl).
//   x, y: [size]; f16 as words of two halves. One workgroup's 64 threads make a word of halves each, or a number each;
//   the vec4 entries make four elements a thread, and count size in fours.

// @import lib/grid.wgsl
// @import lib/half.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(1) var<storage, read> x_halves: array<u32>;
@group(0) @binding(1) var<storage, read> x_halves4: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y_halves: array<u32>;
@group(0) @binding(2) var<storage, read_write> y_halves4: array<vec2u>;

@compute @workgroup_size(GROUP_SIZE)
fn cast_to_half(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (2 * i >= params.size) { return; }
  // An odd number of halves ends with a zero.
  let last = 2 * i + 1 >= params.size;
  y_halves[i] = to_half2(vec2f(x[2 * i], select(x[min(2 * i + 1, params.size - 1)], 0.0, last)));
}

@compute @workgroup_size(GROUP_SIZE)
fn cast_to_half_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y_halves4[i] = to_half4(x4[i]);
}

@compute @workgroup_size(GROUP_SIZE)
fn cast_from_half(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y[i] = half_in(x_halves[i / 2], i);
}

@compute @workgroup_size(GROUP_SIZE)
fn cast_from_half_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y4[i] = half4(x_halves4[i]);
}
