// The gated recurrent unit of gru.wgsl, which has the formulas and words, with reset before the product: two dispatches a step, of 64
// elements a workgroup, for each direction.

// @import lib/gru.wgsl

@group(0) @binding(14) var<storage, read_write> reset: array<f32>;

@compute @workgroup_size(group_size)
fn gru_gates(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  let from_x = (n * params.T + params.t_in) * params.width + u;
  var sums = vec2f(x[from_x], x[from_x + U]);
  var row = u;
  for (var k = 0u; k < U; k++) {
    sums = fma(vec2f(before(n, k)), vec2f(kernel[row], kernel[row + U]), sums);
    row += params.width;
  }
  let r = sigmoid(sums.y);
  let to = (n * params.T + params.t_out) * 4u * U + u;
  saved[to] = sigmoid(sums.x);
  saved[to + U] = r;
  saved[to + 3u * U] = r * before(n, u);
}

@compute @workgroup_size(group_size)
fn gru_candidate(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  let at = (n * params.T + params.t_out) * 4u * U;
  var sum = x[(n * params.T + params.t_in) * params.width + 2u * U + u];
  for (var k = 0u; k < U; k++) {
    sum = fma(saved[at + 3u * U + k], kernel[k * params.width + 2u * U + u], sum);
  }
  let g = stable_tanh(sum);
  let z = saved[at + u];
  saved[at + 2u * U + u] = g;
  store_state(n, u, z, g);
}

// Here params.first and count leave out the columns of g, which reach h by way of r.
@compute @workgroup_size(group_size)
fn gru_grad_candidate(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  let at = (n * params.T + params.t_out) * 4u * U + u;
  let dh = slope_of_state(index, n, u);
  let z = kept[at];
  let g = kept[at + 2u * U];
  let runs = valid(n, params.t_in);
  let h = earlier[(n * params.T + params.t_in) * U + u];
  let to = (n * params.T + params.t_in) * params.width + u;
  slopes[to] = select(0.0, dh * (h - g) * z * (1.0 - z), runs);
  slopes[to + 2u * U] = select(0.0, dh * (1.0 - z) * (1.0 - g * g), runs);
  carry[index] = select(dh, dh * z, runs);
}

// Here params.first and count are the columns of g of this very step.
@compute @workgroup_size(group_size)
fn gru_grad_reset(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, group_size);
  if (index >= params.size) { return; }
  let U = params.U;
  let n = divide(index, U);
  let u = index - n * U;
  let r = kept[(n * params.T + params.t_out) * 4u * U + U + u];
  let h = earlier[(n * params.T + params.t_in) * U + u];
  let da = back(n, u, params.t_in);
  slopes[(n * params.T + params.t_in) * params.width + U + u] = da * h * r * (1.0 - r);
  reset[(n * params.T + params.t_in) * U + u] = r * h;
  carry[index] += da * r;
}
