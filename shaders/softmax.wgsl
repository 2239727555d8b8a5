// y[n, c] = e^(x[n, c] - m[n]) / s[n], m[n] = max over c, s[n] = the sum over c of e^(x[n, c] - m[n])
// log_softmax: y[n, c] = x[n, c] - m[n] - log s[n]
// softmax_grad: dx = y (dy - sum over c of dy y);  log_softmax_grad: dx = dy - e^y (the sum over c of dy)
//   x, y, dy, dx: f32[rows, columns]; those with a 4 are the same memory in vectors, and columns then counts vectors
// softmax_vec4 and softmax_rows take s around a number near m, to read a row once less (lib/powers.wgsl).
// One workgroup makes 64 rows, a thread each (softmax_naive, softmax_vec4 and their gradients), or one row
// (softmax_rows, softmax_rows_grad). Both functions share each entry: LOGARITHM chooses.

// @import lib/grid.wgsl
// @import lib/powers.wgsl
// @import lib/tree.wgsl
// @import lib/vector.wgsl

const GROUP_SIZE: u32 = 64;
const LOGARITHM: bool = false;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> result: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(4) var<storage, read> result4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dx4: array<vec4f>;

fn outcome(x: f32, highest: f32, total: f32) -> f32 {
  if (LOGARITHM) { return (x - highest) - log(total); }
  return exp(x - highest) / total;
}

fn outcome4(x: vec4f, highest: f32, total: f32) -> vec4f {
  if (LOGARITHM) { return (x - highest) - log(total); }
  return exp(x - highest) / total;
}

// What of one element the gradient needs summed over the row, and the gradient from that sum.
fn weighted(dy: f32, y: f32) -> f32 {
  if (LOGARITHM) { return dy; }
  return dy * y;
}

fn slope(dy: f32, y: f32, total: f32) -> f32 {
  if (LOGARITHM) { return dy - exp(y) * total; }
  return y * (dy - total);
}

@compute @workgroup_size(GROUP_SIZE)
fn softmax_naive(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let end = first + params.columns;
  var highest = x[first];
  for (var i = first + 1; i < end; i++) { highest = max(highest, x[i]); }
  var total = 0.0;
  for (var i = first; i < end; i++) { total += exp(x[i] - highest); }
  for (var i = first; i < end; i++) { y[i] = outcome(x[i], highest, total); }
}

@compute @workgroup_size(GROUP_SIZE)
fn softmax_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let end = first + params.columns;
  var four = first_powers4(x4[first]);
  for (var i = first + 1; i < end; i++) { four = add_power4(four, x4[i]); }
  let powers = powers_of_row(powers_of_all(four), x4[first].x);
  for (var i = first; i < end; i++) { y4[i] = outcome4(x4[i], powers.reference, powers.sum); }
}

@compute @workgroup_size(GROUP_SIZE)
fn softmax_naive_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let end = first + params.columns;
  var total = 0.0;
  for (var i = first; i < end; i++) { total += weighted(dy[i], result[i]); }
  for (var i = first; i < end; i++) { dx[i] = slope(dy[i], result[i], total); }
}

@compute @workgroup_size(GROUP_SIZE)
fn softmax_vec4_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let end = first + params.columns;
  var sums = vec4f();
  for (var i = first; i < end; i++) {
    let d = dy4[i];
    if (LOGARITHM) { sums += d; } else { sums += d * result4[i]; }
  }
  let total = sum_lanes(sums);
  for (var i = first; i < end; i++) {
    let d = dy4[i];
    let r = result4[i];
    if (LOGARITHM) { dx4[i] = d - exp(r) * total; } else { dx4[i] = r * (d - total); }
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn softmax_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let end = first + params.columns;
  var powers = no_powers(x[first]);
  for (var i = first + lane; i < end; i += GROUP_SIZE) { powers = add_power(powers, x[i]); }
  let reference = tree_max(lane, powers.reference);
  let total = tree_sum(lane, powers.sum * exp(powers.reference - reference));
  powers = powers_of_row(Powers(reference, total), x[first]);
  for (var i = first + lane; i < end; i += GROUP_SIZE) { y[i] = outcome(x[i], powers.reference, powers.sum); }
}

@compute @workgroup_size(GROUP_SIZE)
fn softmax_rows_grad(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let end = first + params.columns;
  var sum = 0.0;
  for (var i = first + lane; i < end; i += GROUP_SIZE) { sum += weighted(dy[i], result[i]); }
  let total = tree_sum(lane, sum);
  for (var i = first + lane; i < end; i += GROUP_SIZE) { dx[i] = slope(dy[i], result[i], total); }
}
