// y[i] = x[offset + i0 stride_0 + i1 stride_1 + ...], where i0, i1, ... are the coordinates of i in y, innermost first
//   x, y: words of 32 bits, so that any dtype is copied bit by bit; y: [size]; a stride is 0 where x repeats and
//   negative where it is walked backwards. x4, y4 the same memory in vectors, in which the vec4 entry counts everything.
// One workgroup writes 64 words (or vectors), one for each thread.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;
// How many of the merged axes there are, so that the others cost nothing.
const RANK: u32 = 8;

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
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4u>;

// The element of x that belongs to element i of y. Negative numbers wrap around in u32 and back.
fn element(i: u32) -> u32 {
  if (RANK == 1) { return params.offset + i * u32(params.stride_0); }
  var outer = divide(i, params.length_0);
  var found = params.offset + (i - outer * params.length_0) * u32(params.stride_0);
  if (RANK == 2) { return found + outer * u32(params.stride_1); }
  var rest = outer;
  outer = divide(rest, params.length_1);
  found += (rest - outer * params.length_1) * u32(params.stride_1);
  if (RANK == 3) { return found + outer * u32(params.stride_2); }
  rest = outer;
  outer = divide(rest, params.length_2);
  found += (rest - outer * params.length_2) * u32(params.stride_2);
  if (RANK == 4) { return found + outer * u32(params.stride_3); }
  rest = outer;
  outer = divide(rest, params.length_3);
  found += (rest - outer * params.length_3) * u32(params.stride_3);
  rest = outer;
  outer = divide(rest, params.length_4);
  found += (rest - outer * params.length_4) * u32(params.stride_4);
  rest = outer;
  outer = divide(rest, params.length_5);
  found += (rest - outer * params.length_5) * u32(params.stride_5);
  rest = outer;
  outer = divide(rest, params.length_6);
  found += (rest - outer * params.length_6) * u32(params.stride_6);
  return found + outer * u32(params.stride_7);
}

@compute @workgroup_size(GROUP_SIZE)
fn strided(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y[i] = x[element(i)];
}

@compute @workgroup_size(GROUP_SIZE)
fn strided_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y4[i] = x4[element(i)];
}
