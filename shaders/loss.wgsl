// Losses of class scores against one label a row, and whether the best score is the label's.
//   nll: y[n] = -x[n, label[n]];  nll_grad: dx[n, c] = -dy[n] where c = label[n], else 0
//   sparse_softmax_cross_entropy: y[n] = m + log s - x[n, label[n]], m = max over c, s = sum over c of e^(x[n, c] - m)
//   sparse_softmax_cross_entropy_grad: dx[n, c] = dy[n] (e^(x[n, c] - m) / s - (1 where c = label[n], else 0))
//   sparse_softmax_cross_entropy_with_grad: both of these in one pass
//   correct_predictions: y[n] = 1 where label[n] is the first c of the largest x[n, c], else 0
//   x, dx: f32[rows, columns]; labels: u32[rows] or i32 of the same bits; y, dy: f32[rows]
//   x4, dx4: the same memory in vectors; columns then counts these. s is taken around a number near m (lib/powers.wgsl).
// A label outside 0 .. columns - 1 counts as columns - 1, so that no other row is read.
// One workgroup makes 64 rows, a thread each, four scores at a time in the entries that end in _vec4; or 64 elements (nll_grad); or one row (those that end in _rows).

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/powers.wgsl
// @import lib/tree.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx4: array<vec4f>;

var<workgroup> places: array<u32, GROUP_SIZE>;

fn label_of(row: u32) -> u32 {
  return min(labels[row], params.columns - 1);
}

@compute @workgroup_size(GROUP_SIZE)
fn nll(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  y[row] = -x[row * params.columns + label_of(row)];
}

@compute @workgroup_size(GROUP_SIZE)
fn nll_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.rows * params.columns) { return; }
  let row = divide(i, params.columns);
  dx[i] = select(0.0, -dy[row], i - row * params.columns == label_of(row));
}

// The largest score of a row and the sum of e^(x - largest).
fn largest_and_sum(first: u32) -> vec2f {
  let end = first + params.columns;
  var highest = x[first];
  for (var i = first + 1; i < end; i++) { highest = max(highest, x[i]); }
  var total = 0.0;
  for (var i = first; i < end; i++) { total += exp(x[i] - highest); }
  return vec2f(highest, total);
}

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let found = largest_and_sum(first);
  y[row] = (found.x - x[first + label_of(row)]) + log(found.y);
}

// dx of every `step`th score of a row from `lane` on.
fn write_slopes(row: u32, highest: f32, total: f32, lane: u32, step: u32) {
  let first = row * params.columns;
  let at = first + label_of(row);
  let weight = dy[row];
  for (var i = first + lane; i < first + params.columns; i += step) {
    dx[i] = weight * (exp(x[i] - highest) / total - select(0.0, 1.0, i == at));
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let found = largest_and_sum(row * params.columns);
  write_slopes(row, found.x, found.y, 0, 1);
}

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy_with_grad(
  @builtin(global_invocation_id) thread: vec3u,
  @builtin(num_workgroups) groups: vec3u
) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let found = largest_and_sum(first);
  y[row] = (found.x - x[first + label_of(row)]) + log(found.y);
  write_slopes(row, found.x, found.y, 0, 1);
}

@compute @workgroup_size(GROUP_SIZE)
fn correct_predictions(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  var best = 0u;
  for (var c = 1u; c < params.columns; c++) {
    if (x[first + c] > x[first + best]) { best = c; }
  }
  y[row] = select(0.0, 1.0, best == label_of(row));
}

// By one thread.
fn powers_at(first: u32) -> Powers {
  var powers = first_powers4(x4[first]);
  for (var i = first + 1; i < first + params.columns; i++) { powers = add_power4(powers, x4[i]); }
  return powers_of_row(powers_of_all(powers), x4[first].x);
}

// One score of a row that begins at vector `first`.
fn score_of(first: u32, c: u32) -> f32 {
  let four = x4[first + c / 4];
  return select(select(four.x, four.y, c % 4 == 1), select(four.z, four.w, c % 4 == 3), c % 4 > 1);
}

fn label_of_vectors(row: u32) -> u32 {
  return min(labels[row], 4 * params.columns - 1);
}

fn shares4(i: u32, powers: Powers) -> vec4f {
  return exp(x4[i] - powers.reference) / powers.sum;
}

// As if no score were the label's, and then the label's vector again: no other vector is compared with the label.
fn write_slopes4(row: u32, powers: Powers) {
  let first = row * params.columns;
  let weight = dy[row];
  for (var i = first; i < first + params.columns; i++) { dx4[i] = weight * shares4(i, powers); }
  let label = label_of_vectors(row);
  let at = first + label / 4;
  let ones = vec4u(0, 1, 2, 3) == vec4u(label % 4);
  dx4[at] = weight * (shares4(at, powers) - select(vec4f(), vec4f(1.0), ones));
}

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let powers = powers_at(first);
  y[row] = (powers.reference - score_of(first, label_of_vectors(row))) + log(powers.sum);
}

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy_grad_vec4(
  @builtin(global_invocation_id) thread: vec3u,
  @builtin(num_workgroups) groups: vec3u
) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  write_slopes4(row, powers_at(row * params.columns));
}

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy_with_grad_vec4(
  @builtin(global_invocation_id) thread: vec3u,
  @builtin(num_workgroups) groups: vec3u
) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let powers = powers_at(first);
  y[row] = (powers.reference - score_of(first, label_of_vectors(row))) + log(powers.sum);
  write_slopes4(row, powers);
}

// Of a row, by all threads of the workgroup; every thread gets it.
fn shared_powers(first: u32, lane: u32) -> Powers {
  let end = first + params.columns;
  var own = no_powers(x[first]);
  for (var i = first + lane; i < end; i += GROUP_SIZE) { own = add_power(own, x[i]); }
  let reference = tree_max(lane, own.reference);
  let sum = tree_sum(lane, own.sum * exp(own.reference - reference));
  return powers_of_row(Powers(reference, sum), x[first]);
}

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let powers = shared_powers(first, lane);
  if (lane == 0) { y[row] = (powers.reference - x[first + label_of(row)]) + log(powers.sum); }
}

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy_grad_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.rows) { return; }
  let powers = shared_powers(row * params.columns, lane);
  write_slopes(row, powers.reference, powers.sum, lane, GROUP_SIZE);
}

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy_with_grad_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let powers = shared_powers(first, lane);
  if (lane == 0) { y[row] = (powers.reference - x[first + label_of(row)]) + log(powers.sum); }
  write_slopes(row, powers.reference, powers.sum, lane, GROUP_SIZE);
}

// The scores are walked in strides of the group, so that a thread's first best is its first in the row; of equal bests the
// first wins in the tree as well.
@compute @workgroup_size(GROUP_SIZE)
fn correct_predictions_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  // A thread without scores repeats the row's last.
  var best = min(lane, params.columns - 1);
  for (var c = lane; c < params.columns; c += GROUP_SIZE) {
    if (x[first + c] > x[first + best]) { best = c; }
  }
  partial[lane] = x[first + best];
  places[lane] = best;
  workgroupBarrier();
  for (var width = GROUP_SIZE / 2; width > 0; width /= 2) {
    if (lane < width) {
      let other = partial[lane + width];
      let place = places[lane + width];
      if (other > partial[lane] || (other == partial[lane] && place < places[lane])) {
        partial[lane] = other;
        places[lane] = place;
      }
    }
    workgroupBarrier();
  }
  if (lane == 0) { y[row] = select(0.0, 1.0, places[0] == label_of(row)); }
}
