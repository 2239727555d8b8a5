// y[offset + i] = x[i] for i < size: a plain copy where offset is 0, else one input of a pack.
// x [size], y [at least offset + size], both as words of 32 bits, so that any dtype is copied bit by bit.
// One workgroup copies 64 words; the vec4 entry copies 64 groups of four words, in which it also counts size and offset.

// @import lib/grid.wgsl

const group_size: u32 = 64;

struct Params {
  size: u32,
  offset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<storage, read> x4: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> y4: array<vec4u>;

@compute @workgroup_size(group_size)
fn copy(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  y[params.offset + i] = x[i];
}

@compute @workgroup_size(group_size)
fn copy_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  y4[params.offset + i] = x4[i];
}
