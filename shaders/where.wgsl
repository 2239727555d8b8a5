// y[i] = a[i'] where condition[i''] is not 0, else b[i'''], all three broadcast to y by NumPy's rule
//   condition: f32 or whole numbers, as bits (-0 counts as 0); a, b, y: words of 32 bits; those with a 4 the same memory in
//   vectors, for operands that all have y's shape. size counts words, or vectors.
// One workgroup makes 64 elements (or vectors), one for each thread.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;
const RANK: u32 = 6;
// The bits of the condition that count: without the sign for f32.
const BITS: u32 = 4294967295;

// Axis 0 is the innermost of the merged axes; a stride is 0 where an operand is broadcast.
struct Params {
  size: u32,
  length_0: u32,
  length_1: u32,
  length_2: u32,
  length_3: u32,
  length_4: u32,
  c_stride_0: u32,
  c_stride_1: u32,
  c_stride_2: u32,
  c_stride_3: u32,
  c_stride_4: u32,
  c_stride_5: u32,
  a_stride_0: u32,
  a_stride_1: u32,
  a_stride_2: u32,
  a_stride_3: u32,
  a_stride_4: u32,
  a_stride_5: u32,
  b_stride_0: u32,
  b_stride_1: u32,
  b_stride_2: u32,
  b_stride_3: u32,
  b_stride_4: u32,
  b_stride_5: u32,
}

struct VectorParams {
  size: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(0) var<uniform> vector_params: VectorParams;
@group(0) @binding(1) var<storage, read> condition: array<u32>;
@group(0) @binding(2) var<storage, read> a: array<u32>;
@group(0) @binding(3) var<storage, read> b: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<storage, read> condition4: array<vec4u>;
@group(0) @binding(2) var<storage, read> a4: array<vec4u>;
@group(0) @binding(3) var<storage, read> b4: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> y4: array<vec4u>;

// Where the operands' elements for element i of y are.
fn operands(i: u32) -> vec3u {
  let s0 = vec3u(params.c_stride_0, params.a_stride_0, params.b_stride_0);
  if (RANK == 1) { return i * s0; }
  let s1 = vec3u(params.c_stride_1, params.a_stride_1, params.b_stride_1);
  var outer = divide(i, params.length_0);
  var found = (i - outer * params.length_0) * s0;
  if (RANK == 2) { return found + outer * s1; }
  let s2 = vec3u(params.c_stride_2, params.a_stride_2, params.b_stride_2);
  var rest = outer;
  outer = divide(rest, params.length_1);
  found += (rest - outer * params.length_1) * s1;
  if (RANK == 3) { return found + outer * s2; }
  rest = outer;
  outer = divide(rest, params.length_2);
  found += (rest - outer * params.length_2) * s2;
  rest = outer;
  outer = divide(rest, params.length_3);
  found += (rest - outer * params.length_3) * vec3u(params.c_stride_3, params.a_stride_3, params.b_stride_3);
  rest = outer;
  outer = divide(rest, params.length_4);
  found += (rest - outer * params.length_4) * vec3u(params.c_stride_4, params.a_stride_4, params.b_stride_4);
  return found + outer * vec3u(params.c_stride_5, params.a_stride_5, params.b_stride_5);
}

@compute @workgroup_size(GROUP_SIZE)
fn where_broadcast(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let at = operands(i);
  y[i] = select(b[at.z], a[at.y], (condition[at.x] & BITS) != 0u);
}

@compute @workgroup_size(GROUP_SIZE)
fn where_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= vector_params.size) { return; }
  y4[i] = select(b4[i], a4[i], (condition4[i] & vec4u(BITS)) != vec4u());
}
