// y[i] = scale * x[i'], where x is broadcast to y by NumPy's rule
//   x: f32 of any shape that broadcasts; y: f32[size]; x4, y4 the same memory in vectors, x4 repeating every `period`
// One workgroup writes 64 elements (or vectors), one for each thread.

// @import lib/grid.wgsl

const GROUP_SIZE: u32 = 64;

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

@compute @workgroup_size(GROUP_SIZE)
fn broadcast_to(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  var rest = i;
  var source = (rest % params.length_0) * params.stride_0;
  rest /= params.length_0;
  source += (rest % params.length_1) * params.stride_1;
  rest /= params.length_1;
  source += (rest % params.length_2) * params.stride_2;
  rest /= params.length_2;
  source += (rest % params.length_3) * params.stride_3;
  rest /= params.length_3;
  source += (rest % params.length_4) * params.stride_4;
  source += (rest / params.length_4) * params.stride_5;
  y[i] = x[source] * params.scale;
}

@compute @workgroup_size(GROUP_SIZE)
fn broadcast_to_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= vector_params.size) { return; }
  y4[i] = x4[i % vector_params.period] * vector_params.scale;
}

// x has no axis but those of length 1.
@compute @workgroup_size(GROUP_SIZE)
fn broadcast_to_scalar(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= vector_params.size) { return; }
  y4[i] = vec4f(x[0] * vector_params.scale);
}
