// x as [outer, rows, groups, depth], C = groups·depth channels; a mean and a variance for each (o, g) over rows and depth,
// K = rows·depth of them. Batch normalization is outer = 1, depth = 1; instance normalization depth = 1.
//   normalize_segments  mean and Σ(x − mean)² of each segment of rows: the corrected two-pass algorithm (Chan, Golub and
//                       LeVeque 1983), so that nothing is lost where the mean is far from 0
//   normalize_merge     mean and variance of all segments (biased: Σ(x − mean)² / K)
//   normalize_apply     y = (x − mean)·gamma / √(variance + epsilon) + beta
// normalize_grad.wgsl is the gradient.
// Without CENTERED (root mean square) the mean is 0.
// Entries ending in _vec4 do four channels a thread: depth is 1 and groups counts vectors.
// One workgroup makes 64 threads' results; a thread goes over `per_segment` rows. No order of additions depends on timing.

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/moments.wgsl
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
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> mean4: array<vec4f>;
@group(0) @binding(4) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read> variance4: array<vec4f>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> gamma4: array<vec4f>;
@group(0) @binding(6) var<storage, read> beta: array<f32>;
@group(0) @binding(6) var<storage, read> beta4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> y4: array<vec4f>;
// What segments leave.
@group(0) @binding(8) var<storage, read_write> first: array<f32>;
@group(0) @binding(8) var<storage, read_write> first4: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> second: array<f32>;
@group(0) @binding(9) var<storage, read_write> second4: array<vec4f>;
@group(0) @binding(8) var<storage, read> firsts: array<f32>;
@group(0) @binding(9) var<storage, read> seconds: array<f32>;
@group(0) @binding(10) var<storage, read_write> merged_mean: array<f32>;
@group(0) @binding(11) var<storage, read_write> merged_variance: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn normalize_segments(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.segments * params.groups) { return; }
  let own = segment_of(at, params.groups, params.segments, params.per_segment, params.rows);
  let channels = params.groups * params.depth;
  let base = own.outer * params.rows * channels + own.column * params.depth;
  let count = f32((own.end - own.start) * params.depth);
  var center = 0.0;
  if (CENTERED) {
    var sum = 0.0;
    for (var r = own.start; r < own.end; r++) {
      for (var d = 0u; d < params.depth; d++) { sum += x[base + r * channels + d]; }
    }
    center = sum / count;
  }
  var rest = 0.0;
  var squares = 0.0;
  for (var r = own.start; r < own.end; r++) {
    for (var d = 0u; d < params.depth; d++) {
      let v = x[base + r * channels + d] - center;
      rest += v;
      squares += v * v;
    }
  }
  let found = moments(center, rest, squares, count);
  first[at] = found.x;
  second[at] = found.y;
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_segments_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.segments * params.groups) { return; }
  let own = segment_of(at, params.groups, params.segments, params.per_segment, params.rows);
  let base = own.outer * params.rows * params.groups + own.column;
  let count = f32(own.end - own.start);
  var center = vec4f();
  if (CENTERED) {
    var sum = vec4f();
    var r = own.start;
    for (; r + 4 <= own.end; r += 4) {
      let i = base + r * params.groups;
      sum += (x4[i] + x4[i + params.groups]) + (x4[i + 2 * params.groups] + x4[i + 3 * params.groups]);
    }
    for (; r < own.end; r++) { sum += x4[base + r * params.groups]; }
    center = sum / count;
  }
  var rest = vec4f();
  var squares = vec4f();
  var r = own.start;
  for (; r + 4 <= own.end; r += 4) {
    let i = base + r * params.groups;
    let v0 = x4[i] - center;
    let v1 = x4[i + params.groups] - center;
    let v2 = x4[i + 2 * params.groups] - center;
    let v3 = x4[i + 3 * params.groups] - center;
    rest += (v0 + v1) + (v2 + v3);
    squares += (v0 * v0 + v1 * v1) + (v2 * v2 + v3 * v3);
  }
  for (; r < own.end; r++) {
    let v = x4[base + r * params.groups] - center;
    rest += v;
    squares += v * v;
  }
  if (CENTERED) {
    let shift = rest / count;
    center += shift;
    squares = max(squares - rest * shift, vec4f());
  }
  first4[at] = center;
  second4[at] = squares;
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_merge(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.groups) { return; }
  let o = at / params.groups;
  let base = o * params.segments * params.groups + at % params.groups;
  let last = params.segments - 1;
  let full = f32(params.per_segment);
  let short = f32(params.rows - last * params.per_segment);
  // Around the first segment's mean, so that the sum stays small where the means are large.
  let origin = firsts[base];
  var shift = 0.0;
  if (CENTERED) {
    for (var s = 1u; s < params.segments; s++) {
      shift += select(full, short, s == last) * (firsts[base + s * params.groups] - origin);
    }
    shift /= f32(params.rows);
  }
  var squares = 0.0;
  for (var s = 0u; s < params.segments; s++) {
    let i = base + s * params.groups;
    let off = (firsts[i] - origin) - shift;
    squares += seconds[i] + select(full, short, s == last) * f32(params.depth) * off * off;
  }
  merged_mean[at] = origin + shift;
  merged_variance[at] = squares / f32(params.rows * params.depth);
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_apply(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  let channels = params.groups * params.depth;
  if (at >= params.outer * params.segments * channels) { return; }
  let own = segment_of(at, channels, params.segments, params.per_segment, params.rows);
  let c = own.column;
  let g = own.outer * params.groups + divide(c, params.depth);
  let center = mean[g];
  let factor = inverseSqrt(variance[g] + params.epsilon) * gamma[c];
  let shift = beta[c];
  let base = own.outer * params.rows * channels + c;
  for (var r = own.start; r < own.end; r++) {
    let i = base + r * channels;
    y[i] = (x[i] - center) * factor + shift;
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_apply_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.segments * params.groups) { return; }
  let own = segment_of(at, params.groups, params.segments, params.per_segment, params.rows);
  let c = own.column;
  let g = own.outer * params.groups + c;
  let center = mean4[g];
  let factor = inverseSqrt(variance4[g] + params.epsilon) * gamma4[c];
  let shift = beta4[c];
  let base = own.outer * params.rows * params.groups + c;
  for (var r = own.start; r < own.end; r++) {
    let i = base + r * params.groups;
    y4[i] = (x4[i] - center) * factor + shift;
  }
}
