// y[o, v, c] = on where index[o, c] = v, else off: [outer, inner] -> [outer, depth, inner]
//   indices: i32[outer, inner]; y: f32[size]; negative indices count from the end; those outside [-depth, depth) are nowhere.
// One workgroup makes 64 elements, one for each thread.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  size: u32,
  depth: u32,
  inner: u32,
  on: f32,
  off: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn one_hot(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let row = divide(i, params.inner);
  let o = divide(row, params.depth);
  let v = i32(row - o * params.depth);
  let index = indices[o * params.inner + (i - row * params.inner)];
  y[i] = select(params.off, params.on, index == v || index == v - i32(params.depth));
}
