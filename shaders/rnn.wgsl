// A simple recurrent network (Elman 1990), one step of it: h = activate(x + h_before·kernel), with x the projected input.
// x [N, T, U], kernel [U, U], states [N, T, U]; the rest as in lib/recurrent.wgsl.
// Its gradient, step by step backwards: dh = dy + carry + slopes_after·kernelᵀ; slopes = dh·slope(h); where a step is
// masked slopes = 0 and dh goes on as carry.
// One workgroup does 64 elements of a step; the vec4 entries 64 blocks of two rows and four units.

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/recurrent.wgsl

const group_size: u32 = 64;
const HAS_DY: bool = true;

@group(0) @binding(6) var<storage, read> x: array<f32>;
@group(0) @binding(6) var<storage, read> x4: array<vec4f>;
@group(0) @binding(7) var<storage, read> results: array<f32>;
@group(0) @binding(7) var<storage, read> results4: array<vec4f>;
@group(0) @binding(8) var<storage, read> dy: array<f32>;
@group(0) @binding(8) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> carry: array<f32>;
@group(0) @binding(9) var<storage, read_write> carry4: array<vec4f>;
@group(0) @binding(15) var<storage, read> product4: array<vec4f>;

// @hook
fn activate(x: f32) -> f32 { return stable_tanh(x); }
// @hook
fn activate4(x: vec4f) -> vec4f { return tanh4(x); }
// The activation's derivative from its result y.
// @hook
fn slope(y: f32) -> f32 { return 1.0 - y * y; }
// @hook
fn slope4(y: vec4f) -> vec4f { return vec4f(1.0) - y * y; }

@compute @workgroup_size(group_size)
fn rnn(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let n = divide(i, params.U);
  let u = i - n * params.U;
  var sum = x[(n * params.T + params.t_in) * params.U + u];
  for (var k = 0u; k < params.U; k++) {
    sum = fma(before(n, k), kernel[k * params.U + u], sum);
  }
  states[(n * params.T + params.t_out) * params.U + u] = select(before(n, u), activate(sum), valid(n, params.t_in));
}

fn store(n: u32, u: u32, sum: vec4f) {
  states4[(n * params.T + params.t_out) * params.U + u] =
    select(before4(n, u), activate4(sum), valid(n, params.t_in));
}

@compute @workgroup_size(group_size)
fn rnn_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let pair = divide(i, params.U);
  let u = i - pair * params.U;
  let n_a = 2u * pair;
  let n_b = min(n_a + 1u, params.N - 1u);
  var a = x4[(n_a * params.T + params.t_in) * params.U + u];
  var b = x4[(n_b * params.T + params.t_in) * params.U + u];
  for (var k = 0u; k < params.U; k++) {
    let h_a = before4(n_a, k);
    let h_b = before4(n_b, k);
    let row = 4u * k * params.U + u;
    let w0 = kernel4[row];
    let w1 = kernel4[row + params.U];
    let w2 = kernel4[row + 2u * params.U];
    let w3 = kernel4[row + 3u * params.U];
    a = fma(vec4f(h_a.x), w0, fma(vec4f(h_a.y), w1, fma(vec4f(h_a.z), w2, fma(vec4f(h_a.w), w3, a))));
    b = fma(vec4f(h_b.x), w0, fma(vec4f(h_b.y), w1, fma(vec4f(h_b.z), w2, fma(vec4f(h_b.w), w3, b))));
  }
  store(n_a, u, a);
  if (n_b != n_a) { store(n_b, u, b); }
}

@compute @workgroup_size(group_size)
fn rnn_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let n = divide(i, params.U);
  let u = i - n * params.U;
  let at = (n * params.T + params.t_out) * params.U + u;
  var dh = carry[i];
  if (HAS_DY) { dh += dy[at]; }
  if (!LAST) { dh += back(n, u, params.t_after); }
  let keeps = !valid(n, params.t_in);
  slopes[(n * params.T + params.t_in) * params.U + u] = select(dh * slope(results[at]), 0.0, keeps);
  carry[i] = select(0.0, dh, keeps);
}

fn store_grad(n: u32, u: u32, later: vec4f) {
  let at = (n * params.T + params.t_out) * params.U + u;
  var dh = carry4[n * params.U + u] + later;
  if (HAS_DY) { dh += dy4[at]; }
  let keeps = !valid(n, params.t_in);
  slopes4[(n * params.T + params.t_in) * params.U + u] = select(dh * slope4(results4[at]), vec4f(0.0), keeps);
  carry4[n * params.U + u] = select(vec4f(0.0), dh, keeps);
}

@compute @workgroup_size(group_size)
fn rnn_grad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let pair = divide(i, params.U);
  let u = i - pair * params.U;
  let n_a = 2u * pair;
  let n_b = min(n_a + 1u, params.N - 1u);
  var later = Rows(vec4f(0.0), vec4f(0.0));
  if (!LAST) { later = back4(n_a, n_b, u, params.t_after); }
  store_grad(n_a, u, later.a);
  if (n_b != n_a) { store_grad(n_b, u, later.b); }
}

// ---------------------------------------------------------------------------------------------------------------
// Where the recurrent product is made by the matmul family: a thread adds it to four units of a row and takes the step.

@compute @workgroup_size(group_size)
fn rnn_cell(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  let at = n * params.width + u;
  store(n, u, x4[(n * params.T + params.t_in) * U + u] + product4[at]);
}

@compute @workgroup_size(group_size)
fn rnn_grad_cell(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let n = divide(index, params.U);
  var later = vec4f(0.0);
  if (!LAST) { later = product4[index]; }
  store_grad(n, index - n * params.U, later);
}
