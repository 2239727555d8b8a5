// What the kernels of recurrent layers share. A step reads x [N, T, ·] at t_in and writes at t_out; both count steps of
// the tensors, in whichever order steps are taken, so that no step is ever copied out.
// kernel [U, width], width = gates·U; initial [N, U]; states [N, T, U]; slopes [N, T, width] = dL/d(h·kernel).
// The vec4 entries do two rows of the batch and four units at once; their U, width, first and count are in vec4s.

struct Params {
  size: u32,     // threads
  N: u32,
  T: u32,
  U: u32,
  width: u32,
  t_in: u32,
  t_out: u32,
  t_before: u32, // where the step before wrote its state
  t_after: u32,  // where the step after stands in slopes
  first: u32,    // columns of slopes and kernel that `back` sums over
  count: u32,
}

// The first step taken begins with the initial state; the last one has no step after it.
const FIRST: bool = false;
const LAST: bool = false;
// 0 none, 1 lengths [N] (below 0 is 0, above T is T), 2 integers [N, T], 3 floats [N, T]
const MASKING: u32 = 0;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> kernel: array<f32>;
@group(0) @binding(1) var<storage, read> kernel4: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read> initial: array<f32>;
@group(0) @binding(3) var<storage, read> initial4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> states: array<f32>;
@group(0) @binding(4) var<storage, read_write> states4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> slopes: array<f32>;
@group(0) @binding(5) var<storage, read_write> slopes4: array<vec4f>;

// Whether example n has a step t; the others keep the state as it is.
fn valid(n: u32, t: u32) -> bool {
  if (MASKING == 0u) { return true; }
  if (MASKING == 1u) { return i32(t) < bitcast<i32>(mask[n]); }
  let bits = mask[n * params.T + t];
  return select(bits, bits & 0x7fffffffu, MASKING == 3u) != 0u;
}

// Element k of the state that this step begins with.
fn before(n: u32, k: u32) -> f32 {
  if (FIRST) { return initial[n * params.U + k]; }
  return states[(n * params.T + params.t_before) * params.U + k];
}

fn before4(n: u32, k: u32) -> vec4f {
  if (FIRST) { return initial4[n * params.U + k]; }
  return states4[(n * params.T + params.t_before) * params.U + k];
}

// What reaches unit u of the state before step t through the recurrent product: sum over j of slopes[n, t, j]·kernel[u, j].
fn back(n: u32, u: u32, t: u32) -> f32 {
  let slope = (n * params.T + t) * params.width + params.first;
  let weight = u * params.width + params.first;
  var sum = 0.0;
  for (var j = 0u; j < params.count; j++) {
    sum = fma(slopes[slope + j], kernel[weight + j], sum);
  }
  return sum;
}

// The same for two rows of the batch and units 4u to 4u + 3.
struct Rows {
  a: vec4f,
  b: vec4f,
}

fn back4(n_a: u32, n_b: u32, u: u32, t: u32) -> Rows {
  let slope_a = (n_a * params.T + t) * params.width + params.first;
  let slope_b = (n_b * params.T + t) * params.width + params.first;
  let weight = 4u * u * params.width + params.first;
  var a0 = vec4f(0.0);
  var a1 = vec4f(0.0);
  var a2 = vec4f(0.0);
  var a3 = vec4f(0.0);
  var b0 = vec4f(0.0);
  var b1 = vec4f(0.0);
  var b2 = vec4f(0.0);
  var b3 = vec4f(0.0);
  for (var j = 0u; j < params.count; j++) {
    let slope4_a = slopes4[slope_a + j];
    let slope4_b = slopes4[slope_b + j];
    let w0 = kernel4[weight + j];
    let w1 = kernel4[weight + params.width + j];
    let w2 = kernel4[weight + 2u * params.width + j];
    let w3 = kernel4[weight + 3u * params.width + j];
    a0 = fma(slope4_a, w0, a0);
    a1 = fma(slope4_a, w1, a1);
    a2 = fma(slope4_a, w2, a2);
    a3 = fma(slope4_a, w3, a3);
    b0 = fma(slope4_b, w0, b0);
    b1 = fma(slope4_b, w1, b1);
    b2 = fma(slope4_b, w2, b2);
    b3 = fma(slope4_b, w3, b3);
  }
  let one = vec4f(1.0);
  return Rows(
    vec4f(dot(a0, one), dot(a1, one), dot(a2, one), dot(a3, one)),
    vec4f(dot(b0, one), dot(b1, one), dot(b2, one), dot(b3, one))
  );
}

fn sigmoid4(x: vec4f) -> vec4f {
  return vec4f(sigmoid(x.x), sigmoid(x.y), sigmoid(x.z), sigmoid(x.w));
}

fn tanh4(x: vec4f) -> vec4f {
  return vec4f(stable_tanh(x.x), stable_tanh(x.y), stable_tanh(x.z), stable_tanh(x.w));
}

// @import lib/activation.wgsl
