// y[o, s, i] = scale * combine over r in segment s of x[o, r, i]
//   x: f32[outer, reduced, inner]; y: f32[outer, segments, inner]; segment s is r from s * per_segment on
//   x4 and y4 are the same memory in vectors of four: along inner in `reduce_vec4`, along reduced in
//   `reduce_along_vec4` and `reduce_rows_vec4` (inner = 1), where reduced and per_segment then count vectors
// One segment gives the result; several are a first pass, over whose results a second one runs.
// One workgroup makes 64 outputs, or one (reduce_rows, reduce_rows_vec4), the latter by a tree in workgroup memory. No order of additions depends on timing, so results are the same bits every time.

// @import lib/grid.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  outer: u32,
  reduced: u32,
  inner: u32,
  segments: u32,
  per_segment: u32,
  scale: f32,
  // combine(identity, x) = x; of extremes infinite, which no constant of WGSL may be.
  identity: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4f>;

var<workgroup> partial: array<f32, GROUP_SIZE>;

// @hook
fn combine(a: f32, b: f32) -> f32 { return a + b; }

fn combine4(a: vec4f, b: vec4f) -> vec4f {
  return vec4f(combine(a.x, b.x), combine(a.y, b.y), combine(a.z, b.z), combine(a.w, b.w));
}

// One output a thread; neighbours read neighbouring elements where inner > 1.
@compute @workgroup_size(GROUP_SIZE)
fn reduce(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.segments * params.inner) { return; }
  let part = at / params.inner;
  let o = part / params.segments;
  let first = (part % params.segments) * params.per_segment;
  let end = min(first + params.per_segment, params.reduced);
  let base = o * params.reduced * params.inner + at % params.inner;
  var result = params.identity;
  for (var r = first; r < end; r++) { result = combine(result, x[base + r * params.inner]); }
  y[at] = result * params.scale;
}

// The same for four neighbouring outputs a thread; inner counts vectors.
@compute @workgroup_size(GROUP_SIZE)
fn reduce_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.segments * params.inner) { return; }
  let part = at / params.inner;
  let o = part / params.segments;
  let first = (part % params.segments) * params.per_segment;
  let end = min(first + params.per_segment, params.reduced);
  let base = o * params.reduced * params.inner + at % params.inner;
  var result = vec4f(params.identity);
  for (var r = first; r < end; r++) { result = combine4(result, x4[base + r * params.inner]); }
  y4[at] = result * params.scale;
}

// Where inner = 1, four neighbouring elements at a time.
@compute @workgroup_size(GROUP_SIZE)
fn reduce_along_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.segments) { return; }
  let o = at / params.segments;
  let first = (at % params.segments) * params.per_segment;
  let end = min(first + params.per_segment, params.reduced);
  var result = vec4f(params.identity);
  for (var r = first; r < end; r++) { result = combine4(result, x4[o * params.reduced + r]); }
  y[at] = combine(combine(result.x, result.y), combine(result.z, result.w)) * params.scale;
}

// Combines the threads' values pairwise; the result is thread 0's.
fn tree(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var width = GROUP_SIZE / 2; width > 0; width /= 2) {
    if (lane < width) { partial[lane] = combine(partial[lane], partial[lane + width]); }
    workgroupBarrier();
  }
  return partial[0];
}

@compute @workgroup_size(GROUP_SIZE)
fn reduce_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let at = flat_index(group, groups, 1);
  if (at >= params.outer * params.segments) { return; }
  let base = (at / params.segments) * params.reduced;
  let first = (at % params.segments) * params.per_segment;
  let end = min(first + params.per_segment, params.reduced);
  var value = params.identity;
  for (var r = first + lane; r < end; r += GROUP_SIZE) { value = combine(value, x[base + r]); }
  let result = tree(lane, value);
  if (lane == 0) { y[at] = result * params.scale; }
}

@compute @workgroup_size(GROUP_SIZE)
fn reduce_rows_vec4(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let at = flat_index(group, groups, 1);
  if (at >= params.outer * params.segments) { return; }
  let base = (at / params.segments) * params.reduced;
  let first = (at % params.segments) * params.per_segment;
  let end = min(first + params.per_segment, params.reduced);
  var value = vec4f(params.identity);
  for (var r = first + lane; r < end; r += GROUP_SIZE) { value = combine4(value, x4[base + r]); }
  let result = tree(lane, combine(combine(value.x, value.y), combine(value.z, value.w)));
  if (lane == 0) { y[at] = result * params.scale; }
}
