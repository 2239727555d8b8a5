// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), one step of it, in
// Keras's order of gates i, f, g, o (Keras calls g the cell's c):
//   (i, f, o) = sigmoid(x + h_before·kernel), g = tanh(x + h_before·kernel), c = f·c_before + i·g, h = o·tanh(c)
// x [N, T, 4U] is the projected input, kernel [U, 4U]; saved [N, T, 5U] keeps i, f, g, o, c for the gradient.
// Its gradient goes step by step backwards: dh = dy + carry + slopes_after·kernelᵀ, dc = carry_cell + dh·o·(1 - tanh²c);
// where a step is masked slopes = 0 and dh, dc go on as they are.
// One workgroup does 64 elements of a step; the vec4 entries 64 blocks of two rows and four units.

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/recurrent.wgsl

const group_size: u32 = 64;
const HAS_DY: bool = true;

@group(0) @binding(6) var<storage, read> x: array<f32>;
@group(0) @binding(6) var<storage, read> x4: array<vec4f>;
@group(0) @binding(7) var<storage, read> initial_cell: array<f32>;
@group(0) @binding(7) var<storage, read> initial_cell4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> saved: array<f32>;
@group(0) @binding(8) var<storage, read_write> saved4: array<vec4f>;
@group(0) @binding(9) var<storage, read> kept: array<f32>;
@group(0) @binding(9) var<storage, read> kept4: array<vec4f>;
@group(0) @binding(10) var<storage, read> dy: array<f32>;
@group(0) @binding(10) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> carry: array<f32>;
@group(0) @binding(11) var<storage, read_write> carry4: array<vec4f>;
@group(0) @binding(12) var<storage, read_write> carry_cell: array<f32>;
@group(0) @binding(15) var<storage, read> product4: array<vec4f>;
@group(0) @binding(12) var<storage, read_write> carry_cell4: array<vec4f>;

@compute @workgroup_size(group_size)
fn lstm(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  let from_x = (n * params.T + params.t_in) * params.width + u;
  var sums = vec4f(x[from_x], x[from_x + U], x[from_x + 2u * U], x[from_x + 3u * U]);
  var row = u;
  for (var k = 0u; k < U; k++) {
    let weights = vec4f(kernel[row], kernel[row + U], kernel[row + 2u * U], kernel[row + 3u * U]);
    sums = fma(vec4f(before(n, k)), weights, sums);
    row += params.width;
  }
  let i = sigmoid(sums.x);
  let f = sigmoid(sums.y);
  let g = stable_tanh(sums.z);
  let o = sigmoid(sums.w);
  var c_before = 0.0;
  if (FIRST) {
    c_before = initial_cell[index];
  } else {
    c_before = saved[(n * params.T + params.t_before) * 5u * U + 4u * U + u];
  }
  let c = f * c_before + i * g;
  let runs = valid(n, params.t_in);
  let to = (n * params.T + params.t_out) * 5u * U + u;
  saved[to] = i;
  saved[to + U] = f;
  saved[to + 2u * U] = g;
  saved[to + 3u * U] = o;
  saved[to + 4u * U] = select(c_before, c, runs);
  states[(n * params.T + params.t_out) * U + u] = select(before(n, u), o * stable_tanh(c), runs);
}

struct Sums {
  i: vec4f,
  f: vec4f,
  g: vec4f,
  o: vec4f,
}

fn projected(n: u32, u: u32) -> Sums {
  let U = params.U;
  let at = (n * params.T + params.t_in) * params.width + u;
  return Sums(x4[at], x4[at + U], x4[at + 2u * U], x4[at + 3u * U]);
}

fn store(n: u32, u: u32, sums: Sums) {
  let U = params.U;
  let i = sigmoid4(sums.i);
  let f = sigmoid4(sums.f);
  let g = tanh4(sums.g);
  let o = sigmoid4(sums.o);
  var c_before = vec4f(0.0);
  if (FIRST) {
    c_before = initial_cell4[n * U + u];
  } else {
    c_before = saved4[(n * params.T + params.t_before) * 5u * U + 4u * U + u];
  }
  let c = f * c_before + i * g;
  let runs = valid(n, params.t_in);
  let to = (n * params.T + params.t_out) * 5u * U + u;
  saved4[to] = i;
  saved4[to + U] = f;
  saved4[to + 2u * U] = g;
  saved4[to + 3u * U] = o;
  saved4[to + 4u * U] = select(c_before, c, runs);
  states4[(n * params.T + params.t_out) * U + u] = select(before4(n, u), o * tanh4(c), runs);
}

@compute @workgroup_size(group_size)
fn lstm_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let pair = divide(index, U);
  let u = index - pair * U;
  let n_a = 2u * pair;
  let n_b = min(n_a + 1u, params.N - 1u);
  var a = projected(n_a, u);
  var b = projected(n_b, u);
  var row = u;
  for (var k4 = 0u; k4 < U; k4++) {
    var h_a = before4(n_a, k4);
    var h_b = before4(n_b, k4);
    for (var k = 0u; k < 4u; k++) {
      let weight_i = kernel4[row];
      let weight_f = kernel4[row + U];
      let weight_g = kernel4[row + 2u * U];
      let weight_o = kernel4[row + 3u * U];
      a.i = fma(vec4f(h_a.x), weight_i, a.i);
      a.f = fma(vec4f(h_a.x), weight_f, a.f);
      a.g = fma(vec4f(h_a.x), weight_g, a.g);
      a.o = fma(vec4f(h_a.x), weight_o, a.o);
      b.i = fma(vec4f(h_b.x), weight_i, b.i);
      b.f = fma(vec4f(h_b.x), weight_f, b.f);
      b.g = fma(vec4f(h_b.x), weight_g, b.g);
      b.o = fma(vec4f(h_b.x), weight_o, b.o);
      h_a = h_a.yzwx;
      h_b = h_b.yzwx;
      row += params.width;
    }
  }
  store(n_a, u, a);
  if (n_b != n_a) { store(n_b, u, b); }
}

@compute @workgroup_size(group_size)
fn lstm_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  let at = (n * params.T + params.t_out) * 5u * U + u;
  var dh = carry[index];
  if (HAS_DY) { dh += dy[(n * params.T + params.t_out) * U + u]; }
  if (!LAST) { dh += back(n, u, params.t_after); }
  let i = kept[at];
  let f = kept[at + U];
  let g = kept[at + 2u * U];
  let o = kept[at + 3u * U];
  let squashed = stable_tanh(kept[at + 4u * U]);
  var c_before = 0.0;
  if (FIRST) {
    c_before = initial_cell[index];
  } else {
    c_before = kept[(n * params.T + params.t_before) * 5u * U + 4u * U + u];
  }
  let dc_later = carry_cell[index];
  let dc = dc_later + dh * o * (1.0 - squashed * squashed);
  let runs = valid(n, params.t_in);
  let to = (n * params.T + params.t_in) * params.width + u;
  slopes[to] = select(0.0, dc * g * i * (1.0 - i), runs);
  slopes[to + U] = select(0.0, dc * c_before * f * (1.0 - f), runs);
  slopes[to + 2u * U] = select(0.0, dc * i * (1.0 - g * g), runs);
  slopes[to + 3u * U] = select(0.0, dh * squashed * o * (1.0 - o), runs);
  carry[index] = select(dh, 0.0, runs);
  carry_cell[index] = select(dc_later, dc * f, runs);
}

fn store_grad(n: u32, u: u32, later: vec4f) {
  let U = params.U;
  let at = (n * params.T + params.t_out) * 5u * U + u;
  let index = n * U + u;
  var dh = carry4[index] + later;
  if (HAS_DY) { dh += dy4[(n * params.T + params.t_out) * U + u]; }
  let i = kept4[at];
  let f = kept4[at + U];
  let g = kept4[at + 2u * U];
  let o = kept4[at + 3u * U];
  let squashed = tanh4(kept4[at + 4u * U]);
  var c_before = vec4f(0.0);
  if (FIRST) {
    c_before = initial_cell4[index];
  } else {
    c_before = kept4[(n * params.T + params.t_before) * 5u * U + 4u * U + u];
  }
  let dc_later = carry_cell4[index];
  let dc = dc_later + dh * o * (1.0 - squashed * squashed);
  let runs = valid(n, params.t_in);
  let to = (n * params.T + params.t_in) * params.width + u;
  slopes4[to] = select(vec4f(0.0), dc * g * i * (1.0 - i), runs);
  slopes4[to + U] = select(vec4f(0.0), dc * c_before * f * (1.0 - f), runs);
  slopes4[to + 2u * U] = select(vec4f(0.0), dc * i * (1.0 - g * g), runs);
  slopes4[to + 3u * U] = select(vec4f(0.0), dh * squashed * o * (1.0 - o), runs);
  carry4[index] = select(dh, vec4f(0.0), runs);
  carry_cell4[index] = select(dc_later, dc * f, runs);
}

@compute @workgroup_size(group_size)
fn lstm_grad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let pair = divide(index, params.U);
  let u = index - pair * params.U;
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
fn lstm_cell(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  let at = n * params.width + u;
  var sums = projected(n, u);
  sums.i += product4[at];
  sums.f += product4[at + U];
  sums.g += product4[at + 2u * U];
  sums.o += product4[at + 3u * U];
  store(n, u, sums);
}

@compute @workgroup_size(group_size)
fn lstm_grad_cell(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let n = divide(index, params.U);
  var later = vec4f(0.0);
  if (!LAST) { later = product4[index]; }
  store_grad(n, index - n * params.U, later);
}
