// y[i] = map(x[i], p, q)
//   x, y: f32[size]; x4 and y4 are the same memory as vec4f[size], where size counts vectors
//   p, q: attributes of the row of src/ops/unary.ts whose expression stands in `map`
// One workgroup writes 64 elements (or vectors), one for each thread.

// @import lib/grid.wgsl
// @import lib/activation.wgsl
// @import lib/angle.wgsl
// @import lib/elementary.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  size: u32,
  p: f32,
  q: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4f>;

// @hook
fn map(x: f32, p: f32, q: f32) -> f32 { return -x; }

@compute @workgroup_size(GROUP_SIZE)
fn unary(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y[i] = map(x[i], params.p, params.q);
}

@compute @workgroup_size(GROUP_SIZE)
fn unary_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let v = x4[i];
  y4[i] = vec4f(
    map(v.x, params.p, params.q), map(v.y, params.p, params.q), map(v.z, params.p, params.q), map(v.w, params.p, params.q));
}
