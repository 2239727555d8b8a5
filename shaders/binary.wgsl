// y[i] = combine(a[i'], b[i''], p, q), where a and b are broadcast to y by NumPy's rule
//   a, b: f32 of any shapes that broadcast; y: f32[size] of the broadcast shape
//   p, q: attributes of the row of src/ops/binary.ts whose expression stands in `combine`
// One workgroup writes 64 elements (binary) or 64 vectors of four (the others).

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/activation.wgsl
// @import lib/angle.wgsl
// @import lib/elementary.wgsl

const GROUP_SIZE: u32 = 64;
// How many of the merged axes there are, so that the others cost nothing.
const RANK: u32 = 6;
// Whether an operand of `binary_vec4` is shorter than y and begins again when it ends.
const A_REPEATS: bool = false;
const B_REPEATS: bool = false;
// Whether the one number of `binary_scalar` is the left operand.
const SCALAR_FIRST: bool = false;

// Axis 0 is the innermost of the merged axes; a stride is 0 where the operand is broadcast.
struct Params {
  size: u32,
  p: f32,
  q: f32,
  length_0: u32,
  length_1: u32,
  length_2: u32,
  length_3: u32,
  length_4: u32,
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

// Sizes and periods in vectors of four.
struct VectorParams {
  size: u32,
  p: f32,
  q: f32,
  a_period: u32,
  b_period: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(0) var<uniform> vector_params: VectorParams;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage, read> a4: array<vec4f>;
@group(0) @binding(2) var<storage, read> b4: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y4: array<vec4f>;

// @hook
fn combine(a: f32, b: f32, p: f32, q: f32) -> f32 { return a + b; }

fn combine4(a: vec4f, b: vec4f, p: f32, q: f32) -> vec4f {
  return vec4f(
    combine(a.x, b.x, p, q), combine(a.y, b.y, p, q), combine(a.z, b.z, p, q), combine(a.w, b.w, p, q));
}

// The elements of a and b that belong to element i of y.
fn operands(i: u32) -> vec2u {
  if (RANK == 1) { return i * vec2u(params.a_stride_0, params.b_stride_0); }
  var outer = divide(i, params.length_0);
  var found = (i - outer * params.length_0) * vec2u(params.a_stride_0, params.b_stride_0);
  if (RANK == 2) { return found + outer * vec2u(params.a_stride_1, params.b_stride_1); }
  var rest = outer;
  outer = divide(rest, params.length_1);
  found += (rest - outer * params.length_1) * vec2u(params.a_stride_1, params.b_stride_1);
  if (RANK == 3) { return found + outer * vec2u(params.a_stride_2, params.b_stride_2); }
  rest = outer;
  outer = divide(rest, params.length_2);
  found += (rest - outer * params.length_2) * vec2u(params.a_stride_2, params.b_stride_2);
  rest = outer;
  outer = divide(rest, params.length_3);
  found += (rest - outer * params.length_3) * vec2u(params.a_stride_3, params.b_stride_3);
  rest = outer;
  outer = divide(rest, params.length_4);
  found += (rest - outer * params.length_4) * vec2u(params.a_stride_4, params.b_stride_4);
  return found + outer * vec2u(params.a_stride_5, params.b_stride_5);
}

@compute @workgroup_size(GROUP_SIZE)
fn binary(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let at = operands(i);
  y[i] = combine(a[at.x], b[at.y], params.p, params.q);
}

// Both operands have y's shape or its last axes: addition of a bias is b_period = C / 4.
@compute @workgroup_size(GROUP_SIZE)
fn binary_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= vector_params.size) { return; }
  var at_a = i;
  var at_b = i;
  if (A_REPEATS) { at_a = i - divide(i, vector_params.a_period) * vector_params.a_period; }
  if (B_REPEATS) { at_b = i - divide(i, vector_params.b_period) * vector_params.b_period; }
  y4[i] = combine4(a4[at_a], b4[at_b], vector_params.p, vector_params.q);
}

// One operand (a4) has y's shape, the other (b) is a single number.
@compute @workgroup_size(GROUP_SIZE)
fn binary_scalar(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= vector_params.size) { return; }
  let vector = a4[i];
  let number = vec4f(b[0]);
  if (SCALAR_FIRST) {
    y4[i] = combine4(number, vector, vector_params.p, vector_params.q);
  } else {
    y4[i] = combine4(vector, number, vector_params.p, vector_params.q);
  }
}
