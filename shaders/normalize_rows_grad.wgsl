// The gradient of normalize_rows.wgsl, its words and sizes: dx = (gamma·dy − Σ gamma·dy / K − x̂·Σ gamma·dy·x̂ / K) / √(variance +
// epsilon), x̂ = (x − mean) / √(variance + epsilon); and of gamma and beta Σ dy·x̂ and Σ dy over outer.
//   normalize_rows_grad         dx of a row, by a thread; normalize_rows_grad_group by a workgroup of 64, a tree in workgroup memory
//   normalize_rows_sums         first = Σ dy, second = Σ dy·x̂ over each segment of outer, for each channel (normalize_weights adds them)
//   normalize_rows_totals_vec4  of a row: its mean, 1 / √(variance + epsilon), and the two sums that dx needs, times what they are
//                               multiplied with there
//   normalize_rows_dx_vec4      from these, dx of four channels over a segment of outer, with first and second in the same reading
// Without CENTERED (root mean square) the first sum is left out of dx. In the entries ending in _vec4 depth counts vectors.

// @import lib/grid.wgsl
// @import lib/tree.wgsl
// @import lib/divide.wgsl
// @import lib/vector.wgsl

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
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> first: array<f32>;
@group(0) @binding(9) var<storage, read_write> second: array<f32>;
@group(0) @binding(8) var<storage, read_write> first4: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> second4: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> totals: array<vec4f>;
@group(0) @binding(10) var<storage, read> total: array<vec4f>;

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
fn normalize_rows_totals_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.outer * params.groups) { return; }
  let depth = params.depth;
  let base = row * depth;
  let c = (row % params.groups) * depth;
  let center = mean[row];
  let factor = inverseSqrt(variance[row] + params.epsilon);
  let fours = depth - depth % 4;
  var sums = vec4f();
  var products = vec4f();
  var d = 0u;
  for (; d < fours; d += 4) {
    let i = base + d;
    let j = c + d;
    let g0 = gamma4[j] * dy4[i];
    let g1 = gamma4[j + 1] * dy4[i + 1];
    let g2 = gamma4[j + 2] * dy4[i + 2];
    let g3 = gamma4[j + 3] * dy4[i + 3];
    sums += (g0 + g1) + (g2 + g3);
    products += (g0 * (x4[i] - center) + g1 * (x4[i + 1] - center)) + (g2 * (x4[i + 2] - center) + g3 * (x4[i + 3] - center));
  }
  for (; d < depth; d++) {
    let scaled = gamma4[c + d] * dy4[base + d];
    sums += scaled;
    products += scaled * (x4[base + d] - center);
  }
  let count = f32(4 * depth);
  var sum = sum_lanes(sums) / count;
  if (!CENTERED) { sum = 0.0; }
  totals[row] = vec4f(center, factor, sum, sum_lanes(products) * factor * factor / count);
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
  let both = tree_sums(lane, own) / f32(params.depth);
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
fn normalize_rows_dx_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  let channels = params.groups * params.depth;
  if (at >= params.segments * channels) { return; }
  let segment = divide(at, channels);
  let c = at - segment * channels;
  let g = divide(c, params.depth);
  let start = segment * params.per_segment;
  let end = min(start + params.per_segment, params.outer);
  let scale = gamma4[c];
  var sums = vec4f();
  var products = vec4f();
  for (var o = start; o < end; o++) {
    let i = o * channels + c;
    let row = total[o * params.groups + g];
    let d = dy4[i];
    let v = x4[i] - row.x;
    sums += d;
    products += d * v * row.y;
    y4[i] = row.y * (scale * d - row.z - v * row.w);
  }
  first4[at] = sums;
  second4[at] = products;
}
