// The normalization of rows, each with a mean and a variance of its own: x as [outer·groups, depth], row r using gamma and
// beta from (r mod groups)·depth on. Layer and root-mean-square normalization are groups = 1; the formulas are
// those of normalize.wgsl with rows = 1, K = depth; mean, variance and y of each row. normalize_rows_grad.wgsl is the gradient.
// Without CENTERED (root mean square) the mean is 0.
// A thread makes a row; in normalize_rows_vec4 two of them, four elements at a time, depth counting vectors; in
// normalize_rows_group a workgroup of 64 makes a row by a tree in workgroup memory.

// @import lib/grid.wgsl
// @import lib/moments.wgsl
// @import lib/tree.wgsl
// @import lib/vector.wgsl

const GROUP_SIZE: u32 = 64;
const CENTERED: bool = true;

struct Params {
  outer: u32,
  groups: u32,
  depth: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> gamma4: array<vec4f>;
@group(0) @binding(6) var<storage, read> beta: array<f32>;
@group(0) @binding(6) var<storage, read> beta4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> row_mean: array<f32>;
@group(0) @binding(9) var<storage, read_write> row_variance: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.outer * params.groups) { return; }
  let base = row * params.depth;
  let c = (row % params.groups) * params.depth;
  let count = f32(params.depth);
  var center = 0.0;
  if (CENTERED) {
    var sum = 0.0;
    for (var d = 0u; d < params.depth; d++) { sum += x[base + d]; }
    center = sum / count;
  }
  var rest = 0.0;
  var squares = 0.0;
  for (var d = 0u; d < params.depth; d++) {
    let v = x[base + d] - center;
    rest += v;
    squares += v * v;
  }
  let found = moments(center, rest, squares, count);
  let spread = found.y / count;
  let factor = inverseSqrt(spread + params.epsilon);
  for (var d = 0u; d < params.depth; d++) {
    y[base + d] = (x[base + d] - found.x) * factor * gamma[c + d] + beta[c + d];
  }
  row_mean[row] = found.x;
  row_variance[row] = spread;
}

// Of the row of vectors that begins at `base`: its mean and variance, in one reading of it around a number near the mean. The distance
// from there counts in the rounding of the variance, as its square; it is at most count / 16 variances.
fn statistics4(base: u32) -> vec2f {
  let count = f32(4 * params.depth);
  var center = 0.0;
  if (CENTERED) {
    // The mean of four vectors spread over the row: what is left around it gives the row's own.
    let step = params.depth / 4;
    center = sum_lanes((x4[base] + x4[base + step]) + (x4[base + 2 * step] + x4[base + 3 * step])) / 16.0;
  }
  // Four at a time, so that few additions wait for the one before.
  let fours = params.depth - params.depth % 4;
  var rests = vec4f();
  var squares = vec4f();
  var d = 0u;
  for (; d < fours; d += 4) {
    let i = base + d;
    let v0 = x4[i] - center;
    let v1 = x4[i + 1] - center;
    let v2 = x4[i + 2] - center;
    let v3 = x4[i + 3] - center;
    rests += (v0 + v1) + (v2 + v3);
    squares += (v0 * v0 + v1 * v1) + (v2 * v2 + v3 * v3);
  }
  for (; d < params.depth; d++) {
    let v = x4[base + d] - center;
    rests += v;
    squares += v * v;
  }
  let found = moments(center, sum_lanes(rests), sum_lanes(squares), count);
  return vec2f(found.x, found.y / count);
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  let pairs = (params.outer + 1) / 2;
  if (at >= pairs * params.groups) { return; }
  // Rows `pairs` apart, where that is one: gamma and beta are the same.
  let paired = at + pairs * params.groups < params.outer * params.groups;
  let row = at;
  let other = select(at, at + pairs * params.groups, paired);
  let depth = params.depth;
  let c = (row % params.groups) * depth;
  let base = row * depth;
  let next = other * depth;
  let own = statistics4(base);
  let its = statistics4(next);
  row_mean[row] = own.x;
  row_mean[other] = its.x;
  row_variance[row] = own.y;
  row_variance[other] = its.y;
  let factor = inverseSqrt(own.y + params.epsilon);
  let its_factor = inverseSqrt(its.y + params.epsilon);
  for (var d = 0u; d < depth; d++) {
    let scale = gamma4[c + d];
    let shift = beta4[c + d];
    y4[base + d] = (x4[base + d] - own.x) * factor * scale + shift;
    y4[next + d] = (x4[next + d] - its.x) * its_factor * scale + shift;
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_group(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.outer * params.groups) { return; }
  let base = row * params.depth;
  let c = (row % params.groups) * params.depth;
  let count = f32(params.depth);
  var center = 0.0;
  if (CENTERED) {
    var sum = 0.0;
    for (var d = lane; d < params.depth; d += GROUP_SIZE) { sum += x[base + d]; }
    center = tree_sum(lane, sum) / count;
  }
  var own = vec2f();
  for (var d = lane; d < params.depth; d += GROUP_SIZE) {
    let v = x[base + d] - center;
    own += vec2f(v, v * v);
  }
  let both = tree_sums(lane, own);
  let found = moments(center, both.x, both.y, count);
  let spread = found.y / count;
  let factor = inverseSqrt(spread + params.epsilon);
  for (var d = lane; d < params.depth; d += GROUP_SIZE) {
    y[base + d] = (x[base + d] - found.x) * factor * gamma[c + d] + beta[c + d];
  }
  if (lane == 0) {
    row_mean[row] = found.x;
    row_variance[row] = spread;
  }
}
