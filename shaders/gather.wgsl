// gather: y[o, k, c] = x[o, index[k], c];  take_along_axis: y[o, k, c] = x[o, index[o, k, c], c]
//   x: [outer, length, inner], y: [outer, count, inner], words of 32 bits; index: i32[count] or, where PER_ELEMENT, of y's
//   shape; negative ones count from the end, and those outside are taken as the nearest inside.
//   x4, y4 the same memory in vectors, in which the vec4 entry counts inner and size. size = outer count inner.
// One workgroup writes 64 words (or vectors), one for each thread.

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/index.wgsl

const GROUP_SIZE: u32 = 64;
const PER_ELEMENT: bool = false;

struct Params {
  size: u32,
  inner: u32,
  count: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> indices: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> y4: array<vec4u>;

fn source(i: u32) -> u32 {
  let row = divide(i, params.inner);
  let o = divide(row, params.count);
  let at = select(row - o * params.count, i, PER_ELEMENT);
  return (o * params.length + wrapped(indices[at], params.length)) * params.inner + (i - row * params.inner);
}

@compute @workgroup_size(GROUP_SIZE)
fn gather(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y[i] = x[source(i)];
}

@compute @workgroup_size(GROUP_SIZE)
fn gather_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y4[i] = x4[source(i)];
}
