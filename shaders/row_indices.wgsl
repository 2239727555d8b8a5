// row[k] = the sum over a < depth of index[k, a] stride_a: which row the d indices of a row mean, d = depth <= 8
//   indices: i32[size, depth]; rows: i32[size]. Negative ones count from the end of their axis of length_a, those outside
//   are taken as the nearest inside. The stride of an axis is the product of the lengths after it.
// One workgroup makes 64 rows, one for each thread.

// @import lib/grid.wgsl
// @import lib/index.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  size: u32,
  depth: u32,
  length_0: u32,
  length_1: u32,
  length_2: u32,
  length_3: u32,
  length_4: u32,
  length_5: u32,
  length_6: u32,
  length_7: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> rows: array<i32>;

fn length_of(axis: u32) -> u32 {
  switch axis {
    case 0u: { return params.length_0; }
    case 1u: { return params.length_1; }
    case 2u: { return params.length_2; }
    case 3u: { return params.length_3; }
    case 4u: { return params.length_4; }
    case 5u: { return params.length_5; }
    case 6u: { return params.length_6; }
    default: { return params.length_7; }
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn row_indices(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = flat_index(thread, groups, GROUP_SIZE);
  if (k >= params.size) { return; }
  var row = 0u;
  for (var a = 0u; a < params.depth; a++) {
    let length = length_of(a);
    row = row * length + wrapped(indices[k * params.depth + a], length);
  }
  rows[k] = i32(row);
}
