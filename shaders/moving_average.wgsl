// y[i] = momentum·y[i] + fresh·x[i], in place, for i < size; fresh = 1 − momentum, from the host in double precision.
// One workgroup does 64 elements.

// @import lib/grid.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  size: u32,
  momentum: f32,
  fresh: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn moving_average(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y[i] = params.momentum * y[i] + params.fresh * x[i];
}
