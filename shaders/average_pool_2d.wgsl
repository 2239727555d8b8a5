// average_pool_2d: y[n, oh, ow, c] = Σ x[n, h, w, c] / count over rows oh·stride_h − pad_top + [0, KH) and columns
//   ow·stride_w − pad_left + [0, KW), as far as they lie on the image. count is the number of these elements (COUNT 0), that
//   of those on the padded image (1), or one (2), which makes it a sum.
// Its gradient: dx[n, h, w, c] = Σ dy / count over the windows that hold the pixel; a gather, so its order is fixed.
// x, dx [N, H, W, C]; y, dy [N, OH, OW, C].
// One workgroup does 64 consecutive elements of the buffer it writes. The vec4 entries do four channels at once; their C
// and size count vec4s.

// @import lib/grid.wgsl

const group_size: u32 = 64;
const COUNT: u32 = 0;

struct Params {
  size: u32,
  H: u32,
  W: u32,
  C: u32,
  OH: u32,
  OW: u32,
  KH: u32,
  KW: u32,
  stride_h: u32,
  stride_w: u32,
  pad_top: u32,
  pad_left: u32,
  pad_bottom: u32,
  pad_right: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx4: array<vec4f>;

// The first index of window i on an axis, and the one after its last, clipped to the axis.
fn clipped(i: u32, stride: u32, length: u32, padding: u32, axis: u32) -> vec2u {
  let first = max(i * stride, padding) - padding;
  let end = min(max(i * stride + length, padding) - padding, axis);
  return vec2u(first, end);
}

fn rows_of(oh: u32) -> vec2u {
  return clipped(oh, params.stride_h, params.KH, params.pad_top, params.H);
}

fn columns_of(ow: u32) -> vec2u {
  return clipped(ow, params.stride_w, params.KW, params.pad_left, params.W);
}

fn count_of(oh: u32, ow: u32) -> f32 {
  if (COUNT == 2) { return 1.0; }
  var rows = rows_of(oh);
  var columns = columns_of(ow);
  if (COUNT == 1) {
    rows = clipped(oh, params.stride_h, params.KH, 0u, params.pad_top + params.H + params.pad_bottom);
    columns = clipped(ow, params.stride_w, params.KW, 0u, params.pad_left + params.W + params.pad_right);
  }
  return f32((rows.y - rows.x) * (columns.y - columns.x));
}

// The first window over index i of an axis, and the one after the last.
fn windows_over(i: u32, stride: u32, length: u32, padding: u32, count: u32) -> vec2u {
  let t = i + padding;
  return vec2u(select(0u, (t - length) / stride + 1u, t >= length), min(t / stride + 1u, count));
}

// image, row, column, channel of element i of [·, height, width, C].
fn position_of(i: u32, height: u32, width: u32) -> vec4u {
  let pixel = i / params.C;
  let row = pixel / width;
  return vec4u(row / height, row % height, pixel % width, i % params.C);
}

fn x_index(n: u32, h: u32, w: u32, c: u32) -> u32 {
  return ((n * params.H + h) * params.W + w) * params.C + c;
}

fn y_index(n: u32, oh: u32, ow: u32, c: u32) -> u32 {
  return ((n * params.OH + oh) * params.OW + ow) * params.C + c;
}

@compute @workgroup_size(group_size)
fn average_pool_2d(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  let rows = rows_of(at.y);
  let columns = columns_of(at.z);
  var sum = 0.0;
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      sum += x[x_index(at.x, h, w, at.w)];
    }
  }
  y[i] = sum / count_of(at.y, at.z);
}

@compute @workgroup_size(group_size)
fn average_pool_2d_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  let rows = rows_of(at.y);
  let columns = columns_of(at.z);
  var sum = vec4f(0.0);
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      sum += x4[x_index(at.x, h, w, at.w)];
    }
  }
  y4[i] = sum / count_of(at.y, at.z);
}

@compute @workgroup_size(group_size)
fn average_pool_2d_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  var sum = 0.0;
  for (var oh = rows.x; oh < rows.y; oh++) {
    for (var ow = columns.x; ow < columns.y; ow++) {
      sum += dy[y_index(at.x, oh, ow, at.w)] / count_of(oh, ow);
    }
  }
  dx[i] = sum;
}

@compute @workgroup_size(group_size)
fn average_pool_2d_grad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  var sum = vec4f(0.0);
  for (var oh = rows.x; oh < rows.y; oh++) {
    for (var ow = columns.x; ow < columns.y; ow++) {
      sum += dy4[y_index(at.x, oh, ow, at.w)] / count_of(oh, ow);
    }
  }
  dx4[i] = sum;
}
