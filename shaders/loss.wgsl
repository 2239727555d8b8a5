// Losses of class scores against one label a row, and whether the best score is the label's.
//   nll: y[n] = -x[n, label[n]];  nll_grad: dx[n, c] = -dy[n] where c = label[n], else 0
//   sparse_softmax_cross_entropy: y[n] = m + log s - x[n, label[n]], m = max over c, s = sum over c of e^(x[n, c] - m)
//   sparse_softmax_cross_entropy_grad: dx[n, c] = dy[n] (e^(x[n, c] - m) / s - (1 where c = label[n], else 0))
//   sparse_softmax_cross_entropy_with_grad: both of these in one pass
//   correct_predictions: y[n] = 1 where label[n] is the first c of the largest x[n, c], else 0
//   x, dx: f32[rows, columns]; labels: u32[rows] or i32 of the same bits; y, dy: f32[rows]
// A label outside 0 .. columns - 1 counts as columns - 1, so that no other row is read.
// One workgroup makes 64 rows, a thread each; or 64 elements (nll_grad); or one row (those that end in _rows).

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

var<workgroup> partial: array<f32, GROUP_SIZE>;

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

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let found = largest_and_sum(first);
  let at = first + label_of(row);
  let weight = dy[row];
  for (var i = first; i < first + params.columns; i++) {
    dx[i] = weight * (exp(x[i] - found.x) / found.y - select(0.0, 1.0, i == at));
  }
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
  let at = first + label_of(row);
  let weight = dy[row];
  y[row] = (found.x - x[at]) + log(found.y);
  for (var i = first; i < first + params.columns; i++) {
    dx[i] = weight * (exp(x[i] - found.x) / found.y - select(0.0, 1.0, i == at));
  }
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

// largest_and_sum by all threads of the workgroup; every thread gets both.
fn shared_largest_and_sum(first: u32, lane: u32) -> vec2f {
  let end = first + params.columns;
  var high = x[first];
  for (var i = first + lane; i < end; i += GROUP_SIZE) { high = max(high, x[i]); }
  partial[lane] = high;
  workgroupBarrier();
  for (var width = GROUP_SIZE / 2; width > 0; width /= 2) {
    if (lane < width) { partial[lane] = max(partial[lane], partial[lane + width]); }
    workgroupBarrier();
  }
  let highest = partial[0];
  workgroupBarrier();
  var sum = 0.0;
  for (var i = first + lane; i < end; i += GROUP_SIZE) { sum += exp(x[i] - highest); }
  partial[lane] = sum;
  workgroupBarrier();
  for (var width = GROUP_SIZE / 2; width > 0; width /= 2) {
    if (lane < width) { partial[lane] += partial[lane + width]; }
    workgroupBarrier();
  }
  return vec2f(highest, partial[0]);
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
  let found = shared_largest_and_sum(first, lane);
  if (lane == 0) { y[row] = (found.x - x[first + label_of(row)]) + log(found.y); }
}

@compute @workgroup_size(GROUP_SIZE)
fn sparse_softmax_cross_entropy_grad_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let found = shared_largest_and_sum(first, lane);
  let at = first + label_of(row);
  let weight = dy[row];
  for (var i = first + lane; i < first + params.columns; i += GROUP_SIZE) {
    dx[i] = weight * (exp(x[i] - found.x) / found.y - select(0.0, 1.0, i == at));
  }
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
  let found = shared_largest_and_sum(first, lane);
  let at = first + label_of(row);
  let weight = dy[row];
  if (lane == 0) { y[row] = (found.x - x[at]) + log(found.y); }
  for (var i = first + lane; i < first + params.columns; i += GROUP_SIZE) {
    dx[i] = weight * (exp(x[i] - found.x) / found.y - select(0.0, 1.0, i == at));
  }
}
