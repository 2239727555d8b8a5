// y[i] = value
//   y: f32[size]; y4 is the same memory as vec4f[size], where size counts vectors
// One workgroup fills 64 elements (or vectors), one for each thread.

// @import lib/grid.wgsl

const group_size: u32 = 64;

struct Params {
  size: u32,
  value: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4f>;

@compute @workgroup_size(group_size)
fn full(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  y[i] = params.value;
}

@compute @workgroup_size(group_size)
fn full_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  y4[i] = vec4f(params.value);
}
