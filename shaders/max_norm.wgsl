// Columns of a weight made no longer than a limit, in place: w [rows, columns] lies in an arena from `offset` on, and
// w[:, c] *= limit / ‖w[:, c]‖ where the norm is above the limit. One thread a column; neighbours read neighbouring elements.

// @import lib/grid.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  offset: u32,
  rows: u32,
  columns: u32,
  limit: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn max_norm(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let column = flat_index(thread, groups, GROUP_SIZE);
  if (column >= params.columns) { return; }
  let first = params.offset + column;
  var sum = 0.0;
  for (var r = 0u; r < params.rows; r++) {
    let value = w[first + r * params.columns];
    sum += value * value;
  }
  let norm = sqrt(sum);
  if (norm <= params.limit) { return; }
  let factor = params.limit / norm;
  for (var r = 0u; r < params.rows; r++) { w[first + r * params.columns] *= factor; }
}
