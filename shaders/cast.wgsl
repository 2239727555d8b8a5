// y[i] = x[i] as another type. From f32 to whole numbers the fraction is dropped, and what is out of range becomes the
// nearest in range; from whole numbers to f32 the nearest is taken; between whole numbers the bits stay.
//   x, y: [size], each bound under the name of its type. One workgroup makes 64 elements, one for each thread.

// @import lib/grid.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x_f32: array<f32>;
@group(0) @binding(1) var<storage, read> x_i32: array<i32>;
@group(0) @binding(1) var<storage, read> x_u32: array<u32>;
@group(0) @binding(2) var<storage, read_write> y_f32: array<f32>;
@group(0) @binding(2) var<storage, read_write> y_i32: array<i32>;
@group(0) @binding(2) var<storage, read_write> y_u32: array<u32>;

@compute @workgroup_size(GROUP_SIZE)
fn cast_f32_to_i32(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let x = x_f32[i];
  // 2^31 itself is no i32, and not every adapter converts what is out of range alike.
  y_i32[i] = select(i32(clamp(x, -2147483648.0, 2147483520.0)), 2147483647, x >= 2147483648.0);
}

@compute @workgroup_size(GROUP_SIZE)
fn cast_f32_to_u32(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let x = x_f32[i];
  y_u32[i] = select(u32(clamp(x, 0.0, 4294967040.0)), 4294967295u, x >= 4294967296.0);
}

@compute @workgroup_size(GROUP_SIZE)
fn cast_i32_to_f32(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y_f32[i] = f32(x_i32[i]);
}

@compute @workgroup_size(GROUP_SIZE)
fn cast_u32_to_f32(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y_f32[i] = f32(x_u32[i]);
}

@compute @workgroup_size(GROUP_SIZE)
fn cast_bits(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y_u32[i] = x_u32[i];
}
