// max_pool_2d: y[n, oh, ow, c] = max of x[n, h, w, c] over rows oh·stride_h − pad_top + [0, KH) and columns
//   ow·stride_w − pad_left + [0, KW), as far as they lie on the image.
// Its gradient: dx[n, h, w, c] = the sum of dy over the windows whose first largest element x[n, h, w, c] is. It is a
//   gather, so the order of every sum is fixed. `slope` may then take the gradient on through the activation that gave x.
// x, dx [N, H, W, C]; y, dy, winners [N, OH, OW, C].
// One workgroup does 64 consecutive elements of the buffer it writes (max_pool_2d_grad_tiles: 64 tiles of it). The vec4
// entries do four channels at once; their C and size count vec4s.
//
// The gradient in three ways:
//   max_pool_2d_grad          looks through every window over an element again: (KH·KW)² / (stride_h·stride_w) loads.
//   max_pool_2d_winners, then max_pool_2d_grad_winners: each window is searched once, its winner kept as h·W + w.
//   max_pool_2d_grad_tiles    where windows do not overlap: one thread searches a window and writes all of its pixels.

// @import lib/grid.wgsl

const group_size: u32 = 64;

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
@group(0) @binding(5) var<storage, read_write> winners: array<u32>;
@group(0) @binding(5) var<storage, read_write> winners4: array<vec4u>;
@group(0) @binding(6) var<storage, read> found: array<u32>;
@group(0) @binding(6) var<storage, read> found4: array<vec4u>;

// The first index of half-open range i of an axis, and the one after its last, clipped to the axis.
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

fn x_index(n: u32, pixel: u32, c: u32) -> u32 {
  return (n * params.H * params.W + pixel) * params.C + c;
}

fn y_index(n: u32, oh: u32, ow: u32, c: u32) -> u32 {
  return ((n * params.OH + oh) * params.OW + ow) * params.C + c;
}

// Elements of x, which `max_pool_2d_grad_tiles` may find in dx: each thread reads its window before it writes its tile.
// @hook
fn x_at(i: u32) -> f32 { return x[i]; }
// @hook
fn x4_at(i: u32) -> vec4f { return x4[i]; }

// What becomes of the gradient a of an element b of x; 0 of 0.
// @hook
fn slope(a: f32, b: f32) -> f32 { return a; }

fn slope4(a: vec4f, b: vec4f) -> vec4f {
  return vec4f(slope(a.x, b.x), slope(a.y, b.y), slope(a.z, b.z), slope(a.w, b.w));
}

struct Winner {
  value: f32,
  pixel: u32,
}

// The first largest element of a window. Each window has an element, so no value is needed that loses to all others.
fn winner_of(n: u32, oh: u32, ow: u32, c: u32) -> Winner {
  let rows = rows_of(oh);
  let columns = columns_of(ow);
  var pixel = rows.x * params.W + columns.x;
  var best = Winner(x_at(x_index(n, pixel, c)), pixel);
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      pixel = h * params.W + w;
      let value = x_at(x_index(n, pixel, c));
      if (value > best.value) {
        best = Winner(value, pixel);
      }
    }
  }
  return best;
}

struct Winner4 {
  value: vec4f,
  pixel: vec4u,
}

fn winner4_of(n: u32, oh: u32, ow: u32, c: u32) -> Winner4 {
  let rows = rows_of(oh);
  let columns = columns_of(ow);
  var pixel = rows.x * params.W + columns.x;
  var best = Winner4(x4_at(x_index(n, pixel, c)), vec4u(pixel));
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      pixel = h * params.W + w;
      let value = x4_at(x_index(n, pixel, c));
      let larger = value > best.value;
      best.value = select(best.value, value, larger);
      best.pixel = select(best.pixel, vec4u(pixel), larger);
    }
  }
  return best;
}

@compute @workgroup_size(group_size)
fn max_pool_2d(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  y[i] = winner_of(at.x, at.y, at.z, at.w).value;
}

@compute @workgroup_size(group_size)
fn max_pool_2d_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  let rows = rows_of(at.y);
  let columns = columns_of(at.z);
  var best = x4_at(x_index(at.x, rows.x * params.W + columns.x, at.w));
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      best = max(best, x4_at(x_index(at.x, h * params.W + w, at.w)));
    }
  }
  y4[i] = best;
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let pixel = at.y * params.W + at.z;
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  var sum = 0.0;
  for (var oh = rows.x; oh < rows.y; oh++) {
    for (var ow = columns.x; ow < columns.y; ow++) {
      if (winner_of(at.x, oh, ow, at.w).pixel == pixel) {
        sum += dy[y_index(at.x, oh, ow, at.w)];
      }
    }
  }
  dx[i] = slope(sum, x_at(i));
}

@compute @workgroup_size(group_size)
fn max_pool_2d_winners(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  winners[i] = winner_of(at.x, at.y, at.z, at.w).pixel;
}

@compute @workgroup_size(group_size)
fn max_pool_2d_winners_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  winners4[i] = winner4_of(at.x, at.y, at.z, at.w).pixel;
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad_winners(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let pixel = at.y * params.W + at.z;
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  var sum = 0.0;
  for (var oh = rows.x; oh < rows.y; oh++) {
    for (var ow = columns.x; ow < columns.y; ow++) {
      let from_index = y_index(at.x, oh, ow, at.w);
      sum += select(0.0, dy[from_index], found[from_index] == pixel);
    }
  }
  dx[i] = slope(sum, x_at(i));
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad_winners_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let pixel = vec4u(at.y * params.W + at.z);
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  var sum = vec4f(0.0);
  for (var oh = rows.x; oh < rows.y; oh++) {
    for (var ow = columns.x; ow < columns.y; ow++) {
      let from_index = y_index(at.x, oh, ow, at.w);
      sum += select(vec4f(0.0), dy4[from_index], found4[from_index] == pixel);
    }
  }
  dx4[i] = slope4(sum, x4_at(i));
}

// Tiles of stride_h × stride_w pixels cover the padded image up to its last row and column; a tile holds its window, or
// none behind the last one.
fn tiles_down() -> u32 {
  return (params.H + params.pad_top + params.stride_h - 1u) / params.stride_h;
}

fn tiles_across() -> u32 {
  return (params.W + params.pad_left + params.stride_w - 1u) / params.stride_w;
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad_tiles(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, tiles_down(), tiles_across());
  let rows = clipped(at.y, params.stride_h, params.stride_h, params.pad_top, params.H);
  let columns = clipped(at.z, params.stride_w, params.stride_w, params.pad_left, params.W);
  var gradient = 0.0;
  var winner = 0u;
  if (at.y < params.OH && at.z < params.OW) {
    let best = winner_of(at.x, at.y, at.z, at.w);
    gradient = slope(dy[y_index(at.x, at.y, at.z, at.w)], best.value);
    winner = best.pixel;
  }
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      let pixel = h * params.W + w;
      dx[x_index(at.x, pixel, at.w)] = select(0.0, gradient, pixel == winner);
    }
  }
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad_tiles_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, tiles_down(), tiles_across());
  let rows = clipped(at.y, params.stride_h, params.stride_h, params.pad_top, params.H);
  let columns = clipped(at.z, params.stride_w, params.stride_w, params.pad_left, params.W);
  var gradient = vec4f(0.0);
  var winner = vec4u(0u);
  if (at.y < params.OH && at.z < params.OW) {
    let best = winner4_of(at.x, at.y, at.z, at.w);
    gradient = slope4(dy4[y_index(at.x, at.y, at.z, at.w)], best.value);
    winner = best.pixel;
  }
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      let pixel = h * params.W + w;
      dx4[x_index(at.x, pixel, at.w)] = select(vec4f(0.0), gradient, vec4u(pixel) == winner);
    }
  }
}
