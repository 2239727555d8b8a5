// The normalization of rows, each with a mean and a variance of its own: x as [outer·groups, depth], row r using gamma and
// beta from (r mod groups)·depth on. Layer and root-mean-square normalization are groups = 1; the formulas are
// those of normalize.wgsl with rows = 1, K = depth.
//   normalize_rows        mean, variance and y of a row
//   normalize_rows_grad   dx = (gamma·dy − Σ gamma·dy / K − x̂·Σ gamma·dy·x̂ / K) / √(variance + epsilon)
//   normalize_rows_sums   first = Σ dy, second = Σ dy·x̂ over each segment of outer, for each channel (normalize_weights adds them)
// Without CENTERED (root mean square) the mean is 0 and the first sum left out.
// A thread makes a row; in the entries ending in _vec4 four elements at a time, depth counting vectors; in those ending in
// _group a workgroup of 64 makes a row by a tree in workgroup memory.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;
const CENTERED: bool = true;

struct Params {
  outer: u32,
  groups: u32,
  depth: u32,
  segments: u32,
  per_segment: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> variance: array<f32>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> gamma4: array<vec4f>;
@group(0) @binding(6) var<storage, read> beta: array<f32>;
@group(0) @binding(6) var<storage, read> beta4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> row_mean: array<f32>;
@group(0) @binding(9) var<storage, read_write> row_variance: array<f32>;
@group(0) @binding(8) var<storage, read_write> first: array<f32>;
@group(0) @binding(9) var<storage, read_write> second: array<f32>;
@group(0) @binding(8) var<storage, read_write> first4: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> second4: array<vec4f>;

var<workgroup> partial: array<vec2f, GROUP_SIZE>;

fn total4(v: vec4f) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}

// Every thread gets the sum of the threads' values. A barrier must lie between two calls: all read `partial` at the end.
fn tree_sum(lane: u32, value: vec2f) -> vec2f {
  partial[lane] = value;
  workgroupBarrier();
  for (var width = GROUP_SIZE / 2; width > 0; width /= 2) {
    if (lane < width) { partial[lane] += partial[lane + width]; }
    workgroupBarrier();
  }
  return partial[0];
}

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
  if (CENTERED) {
    let shift = rest / count;
    center += shift;
    squares = max(squares - rest * shift, 0.0);
  }
  let spread = squares / count;
  let factor = inverseSqrt(spread + params.epsilon);
  for (var d = 0u; d < params.depth; d++) {
    y[base + d] = (x[base + d] - center) * factor * gamma[c + d] + beta[c + d];
  }
  row_mean[row] = center;
  row_variance[row] = spread;
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.outer * params.groups) { return; }
  let depth = params.depth;
  let base = row * depth;
  let c = (row % params.groups) * depth;
  let count = f32(4 * depth);
  // Four at a time, so that few additions wait for the one before.
  let fours = depth - depth % 4;
  var center = 0.0;
  if (CENTERED) {
    var sum = vec4f();
    var d = 0u;
    for (; d < fours; d += 4) {
      let i = base + d;
      sum += (x4[i] + x4[i + 1]) + (x4[i + 2] + x4[i + 3]);
    }
    for (; d < depth; d++) { sum += x4[base + d]; }
    center = total4(sum) / count;
  }
  var rests = vec4f();
  var squares4 = vec4f();
  var d = 0u;
  for (; d < fours; d += 4) {
    let i = base + d;
    let v0 = x4[i] - center;
    let v1 = x4[i + 1] - center;
    let v2 = x4[i + 2] - center;
    let v3 = x4[i + 3] - center;
    rests += (v0 + v1) + (v2 + v3);
    squares4 += (v0 * v0 + v1 * v1) + (v2 * v2 + v3 * v3);
  }
  for (; d < depth; d++) {
    let v = x4[base + d] - center;
    rests += v;
    squares4 += v * v;
  }
  var squares = total4(squares4);
  if (CENTERED) {
    let rest = total4(rests);
    let shift = rest / count;
    center += shift;
    squares = max(squares - rest * shift, 0.0);
  }
  let spread = squares / count;
  let factor = inverseSqrt(spread + params.epsilon);
  d = 0;
  for (; d < fours; d += 4) {
    let i = base + d;
    let j = c + d;
    y4[i] = (x4[i] - center) * factor * gamma4[j] + beta4[j];
    y4[i + 1] = (x4[i + 1] - center) * factor * gamma4[j + 1] + beta4[j + 1];
    y4[i + 2] = (x4[i + 2] - center) * factor * gamma4[j + 2] + beta4[j + 2];
    y4[i + 3] = (x4[i + 3] - center) * factor * gamma4[j + 3] + beta4[j + 3];
  }
  for (; d < depth; d++) {
    y4[base + d] = (x4[base + d] - center) * factor * gamma4[c + d] + beta4[c + d];
  }
  row_mean[row] = center;
  row_variance[row] = spread;
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
    center = tree_sum(lane, vec2f(sum, 0.0)).x / count;
    workgroupBarrier();
  }
  var own = vec2f();
  for (var d = lane; d < params.depth; d += GROUP_SIZE) {
    let v = x[base + d] - center;
    own += vec2f(v, v * v);
  }
  let both = tree_sum(lane, own);
  var squares = both.y;
  if (CENTERED) {
    let shift = both.x / count;
    center += shift;
    squares = max(squares - both.x * shift, 0.0);
  }
  let spread = squares / count;
  let factor = inverseSqrt(spread + params.epsilon);
  for (var d = lane; d < params.depth; d += GROUP_SIZE) {
    y[base + d] = (x[base + d] - center) * factor * gamma[c + d] + beta[c + d];
  }
  if (lane == 0) {
    row_mean[row] = center;
    row_variance[row] = spread;
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.outer * params.groups) { return; }
  let base = row * params.depth;
  let c = (row % params.groups) * params.depth;
  let center = mean[row];
  let factor = inverseSqrt(variance[row] + params.epsilon);
  var sum = 0.0;
  var product = 0.0;
  for (var d = 0u; d < params.depth; d++) {
    let scaled = gamma[c + d] * dy[base + d];
    sum += scaled;
    product += scaled * (x[base + d] - center);
  }
  if (!CENTERED) { sum = 0.0; }
  sum /= f32(params.depth);
  product *= factor * factor / f32(params.depth);
  for (var d = 0u; d < params.depth; d++) {
    y[base + d] = factor * (gamma[c + d] * dy[base + d] - sum - (x[base + d] - center) * product);
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_grad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.outer * params.groups) { return; }
  let base = row * params.depth;
  let c = (row % params.groups) * params.depth;
  let center = mean[row];
  let factor = inverseSqrt(variance[row] + params.epsilon);
  var sums = vec4f();
  var products = vec4f();
  for (var d = 0u; d < params.depth; d++) {
    let scaled = gamma4[c + d] * dy4[base + d];
    sums += scaled;
    products += scaled * (x4[base + d] - center);
  }
  let count = f32(4 * params.depth);
  var sum = total4(sums) / count;
  if (!CENTERED) { sum = 0.0; }
  let product = total4(products) * factor * factor / count;
  for (var d = 0u; d < params.depth; d++) {
    y4[base + d] = factor * (gamma4[c + d] * dy4[base + d] - sum - (x4[base + d] - center) * product);
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_grad_group(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.outer * params.groups) { return; }
  let base = row * params.depth;
  let c = (row % params.groups) * params.depth;
  let center = mean[row];
  let factor = inverseSqrt(variance[row] + params.epsilon);
  var own = vec2f();
  for (var d = lane; d < params.depth; d += GROUP_SIZE) {
    let scaled = gamma[c + d] * dy[base + d];
    own += vec2f(scaled, scaled * (x[base + d] - center));
  }
  let both = tree_sum(lane, own) / f32(params.depth);
  var sum = both.x;
  if (!CENTERED) { sum = 0.0; }
  let product = both.y * factor * factor;
  for (var d = lane; d < params.depth; d += GROUP_SIZE) {
    y[base + d] = factor * (gamma[c + d] * dy[base + d] - sum - (x[base + d] - center) * product);
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_sums(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  let channels = params.groups * params.depth;
  if (at >= params.segments * channels) { return; }
  let segment = divide(at, channels);
  let c = at - segment * channels;
  let g = divide(c, params.depth);
  let start = segment * params.per_segment;
  let end = min(start + params.per_segment, params.outer);
  var sum = 0.0;
  var product = 0.0;
  for (var o = start; o < end; o++) {
    let i = o * channels + c;
    let row = o * params.groups + g;
    sum += dy[i];
    product += dy[i] * (x[i] - mean[row]) * inverseSqrt(variance[row] + params.epsilon);
  }
  first[at] = sum;
  second[at] = product;
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_sums_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  let channels = params.groups * params.depth;
  if (at >= params.segments * channels) { return; }
  let segment = divide(at, channels);
  let c = at - segment * channels;
  let g = divide(c, params.depth);
  let start = segment * params.per_segment;
  let end = min(start + params.per_segment, params.outer);
  var sum = vec4f();
  var product = vec4f();
  for (var o = start; o < end; o++) {
    let i = o * channels + c;
    let row = o * params.groups + g;
    let d = dy4[i];
    sum += d;
    product += d * (x4[i] - mean[row]) * inverseSqrt(variance[row] + params.epsilon);
  }
  first4[at] = sum;
  second4[at] = product;
}
