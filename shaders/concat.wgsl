// y[o, offset + j] = x[o, j] for j < width: one of the tensors that stand side by side in y
//   x: [outer, width], y: [outer, total], words of 32 bits; size = outer width. x4, y4 the same memory in vectors, in which
//   the vec4 entry counts everything. Each tensor is a dispatch of its own, which leaves the rest of y alone.
// One workgroup copies 64 words (or vectors), one for each thread.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  size: u32,
  width: u32,
  total: u32,
  offset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4u>;

fn place(i: u32) -> u32 {
  let o = divide(i, params.width);
  return o * params.total + params.offset + (i - o * params.width);
}

@compute @workgroup_size(GROUP_SIZE)
fn concat(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y[place(i)] = x[i];
}

@compute @workgroup_size(GROUP_SIZE)
fn concat_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y4[place(i)] = x4[i];
}
