// Gradients made smaller before a step, in place, over whole arenas. g is f32 as bits, because WGSL may assume that a
// float is never NaN or infinite: elements that are one of these stay as they are, for the step to report.
//   clip_value    g = clamp(g, -limit / s, limit / s), where s = scalars[3] is what the step multiplies gradients by
//   square_sums   sums[first + c] = the sum of the squares of chunk c of a segment, CHUNK elements from `offset` on
//   segment_norm  norms[segment] = s times the root of sums[first .. first + count]; one workgroup
//   clip_norm     where norms[segment] > limit, g = g * limit / norms[segment] in the segment
// A segment is `size` elements from `offset` on. Where s is 0 the step is skipped, and nothing changes.

// @import lib/grid.wgsl
// @import lib/tree.wgsl

const GROUP_SIZE: u32 = 64;
const CHUNK: u32 = 4096;
const EXPONENT = 0x7f800000u;

struct Params {
  offset: u32,
  size: u32,
  first: u32,
  count: u32,
  segment: u32,
  limit: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> g: array<u32>;
@group(0) @binding(2) var<storage, read> scalars: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;
@group(0) @binding(4) var<storage, read_write> norms: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn clip_value(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size || scalars[3] == 0.0) { return; }
  let bits = g[i];
  if ((bits & EXPONENT) == EXPONENT) { return; }
  let limit = params.limit / scalars[3];
  g[i] = bitcast<u32>(clamp(bitcast<f32>(bits), -limit, limit));
}

@compute @workgroup_size(GROUP_SIZE)
fn square_sums(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let at = flat_index(group, groups, 1);
  if (at >= params.count) { return; }
  let first = params.offset + at * CHUNK;
  let end = min(first + CHUNK, params.offset + params.size);
  var sum = 0.0;
  for (var i = first + lane; i < end; i += GROUP_SIZE) {
    let bits = g[i];
    let value = bitcast<f32>(select(bits, 0u, (bits & EXPONENT) == EXPONENT));
    sum += value * value;
  }
  let result = tree_sum(lane, sum);
  if (lane == 0) { sums[params.first + at] = result; }
}

@compute @workgroup_size(GROUP_SIZE)
fn segment_norm(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.count; i += GROUP_SIZE) { sum += sums[params.first + i]; }
  let result = tree_sum(lane, sum);
  if (lane == 0) { norms[params.segment] = sqrt(result) * scalars[3]; }
}

@compute @workgroup_size(GROUP_SIZE)
fn clip_norm(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let norm = norms[params.segment];
  let bits = g[params.offset + i];
  if (norm <= params.limit || (bits & EXPONENT) == EXPONENT) { return; }
  g[params.offset + i] = bitcast<u32>(bitcast<f32>(bits) * (params.limit / norm));
}
