// y[i] = scale * x[i'], where x is broadcast to y by NumPy's rule
//   x: f32 of any shape that broadcasts; y: f32[size]; x4, y4 the same memory in vectors, x4 repeating every `period`
// One workgroup writes 64 elements (or vectors), one for each thread.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;
// How many of the merged axes there are, so that the others cost nothing.
const RANK: u32 = 6;

// Axis 0 is the innermost of the merged axes; a stride is 0 where x is broadcast.
struct Params {
  size: u32,
  scale: f32,
  length_0: u32,
  length_1: u32,
  length_2: u32,
  length_3: u32,
  length_4: u32,
  stride_0: u32,
  stride_1: u32,
  stride_2: u32,
  stride_3: u32,
  stride_4: u32,
  stride_5: u32,
}

struct VectorParams {
  size: u32,
  scale: f32,
  period: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(0) var<uniform> vector_params: VectorParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4f>;

// The element of x that belongs to element i of y.
fn operand(i: u32) -> u32 {
  if (RANK == 1) { return i * params.stride_0; }
  var outer = divide(i, params.length_0);
  var found = (i - outer * params.length_0) * params.stride_0;
  if (RANK == 2) { return found + outer * params.stride_1; }
  var rest = outer;
  outer = divide(rest, params.length_1);
  found += (rest - outer * params.length_1) * params.stride_1;
  if (RANK == 3) { return found + outer * params.stride_2; }
  rest = outer;
  outer = divide(rest, params.length_2);
  found += (rest - outer * params.length_2) * params.stride_2;
  rest = outer;
  outer = divide(rest, params.length_3);
  found += (rest - outer * params.length_3) * params.stride_3;
  rest = outer;
  outer = divide(rest, params.length_4);
  found += (rest - outer * params.length_4) * params.stride_4;
  return found + outer * params.stride_5;
}

@compute @workgroup_size(GROUP_SIZE)
fn broadcast_to(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  y[i] = x[operand(i)] * params.scale;
}

@compute @workgroup_size(GROUP_SIZE)
fn broadcast_to_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= vector_params.size) { return; }
  y4[i] = x4[i - divide(i, vector_params.period) * vector_params.period] * vector_params.scale;
}

// x has no axis but those of length 1.
@compute @workgroup_size(GROUP_SIZE)
fn broadcast_to_scalar(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= vector_params.size) { return; }
  y4[i] = vec4f(x[0] * vector_params.scale);
}
