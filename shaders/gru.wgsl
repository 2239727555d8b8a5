// A gated recurrent unit (Cho et al. 2014), one step of it, in Keras's order of gates z, r, g (Keras: update, reset, h):
//   z, r = sigmoid(x + h_before·kernel + bias), h = z·h_before + (1 - z)·g, and
//   reset after the product:   g = tanh(x + r·a), a = h_before·kernel + bias      entry gru
//   reset before the product:  g = tanh(x + a·kernel), a = r·h_before             gru_before.wgsl
// x [N, T, 3U] is the projected input, kernel [U, 3U], bias [3U]; saved [N, T, 4U] keeps z, r, g, a for the gradient.
// Its gradient goes step by step backwards: dh = dy + carry + slopes_after·kernelᵀ. earlier [N, T, U] is the state that
// each step of x begins with. dx [N, T, 3U] and slopes differ in the part of g only, where slopes = dx·r; with reset
// before the product slopes is dx, and reset [N, T, U] = r·h_before is what the part of g was multiplied by. Where a step
// is masked, dx = slopes = 0 and dh goes on as carry.
// One workgroup does 64 elements of a step; the vec4 entries 64 blocks of two rows and four units.

// @import lib/gru.wgsl

@group(0) @binding(15) var<storage, read> product4: array<vec4f>;

@compute @workgroup_size(group_size)
fn gru(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  var sums = vec3f(0.0);
  if (HAS_BIAS) { sums = vec3f(bias[u], bias[u + U], bias[u + 2u * U]); }
  var row = u;
  for (var k = 0u; k < U; k++) {
    sums = fma(vec3f(before(n, k)), vec3f(kernel[row], kernel[row + U], kernel[row + 2u * U]), sums);
    row += params.width;
  }
  let from_x = (n * params.T + params.t_in) * params.width + u;
  let z = sigmoid(x[from_x] + sums.x);
  let r = sigmoid(x[from_x + U] + sums.y);
  let g = stable_tanh(x[from_x + 2u * U] + r * sums.z);
  let to = (n * params.T + params.t_out) * 4u * U + u;
  saved[to] = z;
  saved[to + U] = r;
  saved[to + 2u * U] = g;
  saved[to + 3u * U] = sums.z;
  store_state(n, u, z, g);
}

struct Sums {
  z: vec4f,
  r: vec4f,
  g: vec4f,
}

fn store(n: u32, u: u32, sums: Sums) {
  let U = params.U;
  let from_x = (n * params.T + params.t_in) * params.width + u;
  let z = sigmoid4(x4[from_x] + sums.z);
  let r = sigmoid4(x4[from_x + U] + sums.r);
  let g = tanh4(x4[from_x + 2u * U] + r * sums.g);
  let to = (n * params.T + params.t_out) * 4u * U + u;
  saved4[to] = z;
  saved4[to + U] = r;
  saved4[to + 2u * U] = g;
  saved4[to + 3u * U] = sums.g;
  let h = before4(n, u);
  states4[(n * params.T + params.t_out) * U + u] = select(h, z * h + (1.0 - z) * g, valid(n, params.t_in));
}

@compute @workgroup_size(group_size)
fn gru_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let pair = divide(index, U);
  let u = index - pair * U;
  let n_a = 2u * pair;
  let n_b = min(n_a + 1u, params.N - 1u);
  var a = Sums(vec4f(0.0), vec4f(0.0), vec4f(0.0));
  if (HAS_BIAS) { a = Sums(bias4[u], bias4[u + U], bias4[u + 2u * U]); }
  var b = a;
  var row = u;
  for (var k4 = 0u; k4 < U; k4++) {
    var h_a = before4(n_a, k4);
    var h_b = before4(n_b, k4);
    for (var k = 0u; k < 4u; k++) {
      let weight_z = kernel4[row];
      let weight_r = kernel4[row + U];
      let weight_g = kernel4[row + 2u * U];
      a.z = fma(vec4f(h_a.x), weight_z, a.z);
      a.r = fma(vec4f(h_a.x), weight_r, a.r);
      a.g = fma(vec4f(h_a.x), weight_g, a.g);
      b.z = fma(vec4f(h_b.x), weight_z, b.z);
      b.r = fma(vec4f(h_b.x), weight_r, b.r);
      b.g = fma(vec4f(h_b.x), weight_g, b.g);
      h_a = h_a.yzwx;
      h_b = h_b.yzwx;
      row += params.width;
    }
  }
  store(n_a, u, a);
  if (n_b != n_a) { store(n_b, u, b); }
}

@compute @workgroup_size(group_size)
fn gru_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  let at = (n * params.T + params.t_out) * 4u * U + u;
  let dh = slope_of_state(index, n, u);
  let z = kept[at];
  let r = kept[at + U];
  let g = kept[at + 2u * U];
  let runs = valid(n, params.t_in);
  let h = earlier[(n * params.T + params.t_in) * U + u];
  let dz = select(0.0, dh * (h - g) * z * (1.0 - z), runs);
  let dg = select(0.0, dh * (1.0 - z) * (1.0 - g * g), runs);
  let dr = dg * kept[at + 3u * U] * r * (1.0 - r);
  let to = (n * params.T + params.t_in) * params.width + u;
  dx[to] = dz;
  dx[to + U] = dr;
  dx[to + 2u * U] = dg;
  slopes[to] = dz;
  slopes[to + U] = dr;
  slopes[to + 2u * U] = dg * r;
  carry[index] = select(dh, dh * z, runs);
}

fn store_grad(n: u32, u: u32, later: vec4f) {
  let U = params.U;
  let at = (n * params.T + params.t_out) * 4u * U + u;
  let index = n * U + u;
  var dh = carry4[index] + later;
  if (HAS_DY) { dh += dy4[(n * params.T + params.t_out) * U + u]; }
  let z = kept4[at];
  let r = kept4[at + U];
  let g = kept4[at + 2u * U];
  let runs = valid(n, params.t_in);
  let h = earlier4[(n * params.T + params.t_in) * U + u];
  let dz = select(vec4f(0.0), dh * (h - g) * z * (1.0 - z), runs);
  let dg = select(vec4f(0.0), dh * (1.0 - z) * (1.0 - g * g), runs);
  let dr = dg * kept4[at + 3u * U] * r * (1.0 - r);
  let to = (n * params.T + params.t_in) * params.width + u;
  dx4[to] = dz;
  dx4[to + U] = dr;
  dx4[to + 2u * U] = dg;
  slopes4[to] = dz;
  slopes4[to + U] = dr;
  slopes4[to + 2u * U] = dg * r;
  carry4[index] = select(dh, dh * z, runs);
}

@compute @workgroup_size(group_size)
fn gru_grad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
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
fn gru_cell(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  let at = n * params.width + u;
  var sums = Sums(product4[at], product4[at + U], product4[at + 2u * U]);
  if (HAS_BIAS) {
    sums.z += bias4[u];
    sums.r += bias4[u + U];
    sums.g += bias4[u + 2u * U];
  }
  store(n, u, sums);
}

@compute @workgroup_size(group_size)
fn gru_grad_cell(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let n = divide(index, params.U);
  var later = vec4f(0.0);
  if (!LAST) { later = product4[index]; }
  store_grad(n, index - n * params.U, later);
}
