// slice_grad: dx[c0, c1, ...] = dy[q0, q1, ...] where ck = low_k + qk step_k with 0 <= qk < count_k on every axis, else 0:
// a slice put back where it was taken from. Axes are counted from the innermost out; neighbours taken whole are merged.
//   dy: f32 or any words of 32 bits, found at offset + q0 stride_0 + q1 stride_1 + ..., a stride being negative where the
//   slice went backwards; dx: [size]. dy4, dx4 the same memory in vectors, in which the vec4 entry counts everything.
// One workgroup writes 64 words (or vectors), one for each thread.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;
const RANK: u32 = 8;
// Whether any step is above 1: only then is there a division for each axis.
const STEPS: bool = true;

struct Params {
  size: u32,
  offset: u32,
  length_0: u32,
  length_1: u32,
  length_2: u32,
  length_3: u32,
  length_4: u32,
  length_5: u32,
  length_6: u32,
  low_0: u32,
  low_1: u32,
  low_2: u32,
  low_3: u32,
  low_4: u32,
  low_5: u32,
  low_6: u32,
  low_7: u32,
  step_0: u32,
  step_1: u32,
  step_2: u32,
  step_3: u32,
  step_4: u32,
  step_5: u32,
  step_6: u32,
  step_7: u32,
  count_0: u32,
  count_1: u32,
  count_2: u32,
  count_3: u32,
  count_4: u32,
  count_5: u32,
  count_6: u32,
  count_7: u32,
  stride_0: i32,
  stride_1: i32,
  stride_2: i32,
  stride_3: i32,
  stride_4: i32,
  stride_5: i32,
  stride_6: i32,
  stride_7: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<u32>;
@group(0) @binding(2) var<storage, read_write> dx: array<u32>;
@group(0) @binding(1) var<storage, read> dy4: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> dx4: array<vec4u>;

struct Found {
  at: u32,
  inside: bool,
}

// One more axis: where dy has coordinate c, if it has it.
fn along(found: Found, c: u32, low: u32, step: u32, count: u32, stride: i32) -> Found {
  let t = select(0u, c - low, c >= low);
  var q = t;
  if (STEPS) { q = divide(t, step); }
  return Found(found.at + q * u32(stride), found.inside && c >= low && q < count && (!STEPS || q * step == t));
}

fn source(i: u32) -> Found {
  var found = Found(params.offset, true);
  if (RANK == 1) { return along(found, i, params.low_0, params.step_0, params.count_0, params.stride_0); }
  var outer = divide(i, params.length_0);
  found = along(found, i - outer * params.length_0, params.low_0, params.step_0, params.count_0, params.stride_0);
  if (RANK == 2) { return along(found, outer, params.low_1, params.step_1, params.count_1, params.stride_1); }
  var rest = outer;
  outer = divide(rest, params.length_1);
  found = along(found, rest - outer * params.length_1, params.low_1, params.step_1, params.count_1, params.stride_1);
  if (RANK == 3) { return along(found, outer, params.low_2, params.step_2, params.count_2, params.stride_2); }
  rest = outer;
  outer = divide(rest, params.length_2);
  found = along(found, rest - outer * params.length_2, params.low_2, params.step_2, params.count_2, params.stride_2);
  if (RANK == 4) { return along(found, outer, params.low_3, params.step_3, params.count_3, params.stride_3); }
  rest = outer;
  outer = divide(rest, params.length_3);
  found = along(found, rest - outer * params.length_3, params.low_3, params.step_3, params.count_3, params.stride_3);
  rest = outer;
  outer = divide(rest, params.length_4);
  found = along(found, rest - outer * params.length_4, params.low_4, params.step_4, params.count_4, params.stride_4);
  rest = outer;
  outer = divide(rest, params.length_5);
  found = along(found, rest - outer * params.length_5, params.low_5, params.step_5, params.count_5, params.stride_5);
  rest = outer;
  outer = divide(rest, params.length_6);
  found = along(found, rest - outer * params.length_6, params.low_6, params.step_6, params.count_6, params.stride_6);
  return along(found, outer, params.low_7, params.step_7, params.count_7, params.stride_7);
}

@compute @workgroup_size(GROUP_SIZE)
fn slice_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let found = source(i);
  dx[i] = select(0u, dy[select(0u, found.at, found.inside)], found.inside);
}

@compute @workgroup_size(GROUP_SIZE)
fn slice_grad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let found = source(i);
  dx4[i] = select(vec4u(), dy4[select(0u, found.at, found.inside)], found.inside);
}
