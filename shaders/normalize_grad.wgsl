// The gradient of normalize.wgsl, its words and sizes. With x̂ = (x − mean) / √(variance + epsilon):
//   normalize_sums      first = Σ dy, second = Σ dy·x̂ over each segment of rows, for each (o, c)
//   normalize_weights   dbeta = Σ first, dgamma = Σ second over outer and segments
//   normalize_totals    for each (o, g): (Σ gamma·first, Σ gamma·second) / K over segments and depth
//   normalize_dx        dx = (gamma·dy − total.x − x̂·total.y) / √(variance + epsilon)
// Without CENTERED (root mean square) total.x is 0.

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/segment.wgsl

const GROUP_SIZE: u32 = 64;
const CENTERED: bool = true;

struct Params {
  outer: u32,
  rows: u32,
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
@group(0) @binding(3) var<storage, read> mean4: array<vec4f>;
@group(0) @binding(4) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read> variance4: array<vec4f>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> gamma4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> y4: array<vec4f>;
// What segments leave.
@group(0) @binding(8) var<storage, read_write> first: array<f32>;
@group(0) @binding(8) var<storage, read_write> first4: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> second: array<f32>;
@group(0) @binding(9) var<storage, read_write> second4: array<vec4f>;
@group(0) @binding(8) var<storage, read> firsts: array<f32>;
@group(0) @binding(9) var<storage, read> seconds: array<f32>;
@group(0) @binding(10) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(11) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(12) var<storage, read_write> totals: array<vec2f>;
@group(0) @binding(12) var<storage, read> total: array<vec2f>;

@compute @workgroup_size(GROUP_SIZE)
fn normalize_sums(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  let channels = params.groups * params.depth;
  if (at >= params.outer * params.segments * channels) { return; }
  let own = segment_of(at, channels, params.segments, params.per_segment, params.rows);
  let c = own.column;
  let g = own.outer * params.groups + divide(c, params.depth);
  let center = mean[g];
  let base = own.outer * params.rows * channels + c;
  var sum = 0.0;
  var product = 0.0;
  for (var r = own.start; r < own.end; r++) {
    let i = base + r * channels;
    sum += dy[i];
    product += dy[i] * (x[i] - center);
  }
  first[at] = sum;
  second[at] = product * inverseSqrt(variance[g] + params.epsilon);
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_sums_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.segments * params.groups) { return; }
  let own = segment_of(at, params.groups, params.segments, params.per_segment, params.rows);
  let c = own.column;
  let g = own.outer * params.groups + c;
  let center = mean4[g];
  let base = own.outer * params.rows * params.groups + c;
  var sum = vec4f();
  var product = vec4f();
  for (var r = own.start; r < own.end; r++) {
    let i = base + r * params.groups;
    sum += dy4[i];
    product += dy4[i] * (x4[i] - center);
  }
  first4[at] = sum;
  second4[at] = product * inverseSqrt(variance4[g] + params.epsilon);
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_weights(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let c = flat_index(thread, groups, GROUP_SIZE);
  let channels = params.groups * params.depth;
  if (c >= channels) { return; }
  var sum = 0.0;
  var product = 0.0;
  for (var s = 0u; s < params.outer * params.segments; s++) {
    sum += firsts[s * channels + c];
    product += seconds[s * channels + c];
  }
  dbeta[c] = sum;
  dgamma[c] = product;
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_totals(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.groups) { return; }
  let channels = params.groups * params.depth;
  let o = at / params.groups;
  let c = (at % params.groups) * params.depth;
  var sum = vec2f();
  for (var s = 0u; s < params.segments; s++) {
    let base = (o * params.segments + s) * channels + c;
    for (var d = 0u; d < params.depth; d++) {
      sum += gamma[c + d] * vec2f(firsts[base + d], seconds[base + d]);
    }
  }
  if (!CENTERED) { sum.x = 0.0; }
  totals[at] = sum / f32(params.rows * params.depth);
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_dx(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  let channels = params.groups * params.depth;
  if (at >= params.outer * params.segments * channels) { return; }
  let own = segment_of(at, channels, params.segments, params.per_segment, params.rows);
  let c = own.column;
  let g = own.outer * params.groups + divide(c, params.depth);
  let center = mean[g];
  let factor = inverseSqrt(variance[g] + params.epsilon);
  let scale = gamma[c];
  let sums = total[g];
  let base = own.outer * params.rows * channels + c;
  for (var r = own.start; r < own.end; r++) {
    let i = base + r * channels;
    y[i] = factor * (scale * dy[i] - sums.x - (x[i] - center) * factor * sums.y);
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_dx_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.segments * params.groups) { return; }
  let own = segment_of(at, params.groups, params.segments, params.per_segment, params.rows);
  let c = own.column;
  let g = own.outer * params.groups + c;
  let center = mean4[g];
  let factor = inverseSqrt(variance4[g] + params.epsilon);
  let scale = gamma4[c];
  let sums = vec4f(total[4 * g].x, total[4 * g + 1].x, total[4 * g + 2].x, total[4 * g + 3].x);
  let products = vec4f(total[4 * g].y, total[4 * g + 1].y, total[4 * g + 2].y, total[4 * g + 3].y) * factor;
  let base = own.outer * params.rows * params.groups + c;
  for (var r = own.start; r < own.end; r++) {
    let i = base + r * params.groups;
    y4[i] = factor * (scale * dy4[i] - sums - (x4[i] - center) * products);
  }
}
