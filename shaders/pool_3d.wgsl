// Pooling of volumes, with every option; images without dilation have kernels of their own.
//   max_pool_3d: y[o] = the largest x of window o, as far as it lies on the volume; max_pool_3d_indices: y[o] and where
//     it stands in [D, H, W].
//   average_pool_3d: y[o] = Σ x / count; count is the number of elements on the volume (COUNT 0) or on the padded
//     volume (1), or one (2).
//   lp_pool_3d: y[o] = (Σ |x|^p)^(1/p).
// Their gradients are gathers: each thread sums over the windows that hold its element, so the order is fixed.
//   max: dx = Σ dy over the windows whose first largest element it is (max_pool_3d_winners finds these first).
//   average: dx = Σ dy / count.  lp: dx = sign(x) Σ dy (|x| / y)^(p−1), nothing from windows where y is 0.
// Window o covers, along each axis, the positions o·stride − pad + k·dilation for k < K; or where ADAPTIVE those from
// ⌊o·D/OD⌋ up to ⌈(o + 1)·D/OD⌉.
// x, dx [N, D, H, W, C]; y, dy, winners [N, OD, OH, OW, C], winners as positions in [D, H, W].
// One workgroup does 64 consecutive elements of the buffer it writes.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const group_size: u32 = 64;
const ADAPTIVE: bool = false;
const COUNT: u32 = 0;
// The exponent of lp_pool_3d where it is 1 or 2; 0 where params.p says it.
const EXPONENT: u32 = 2;

struct Params {
  size: u32,
  D: u32,
  H: u32,
  W: u32,
  C: u32,
  OD: u32,
  OH: u32,
  OW: u32,
  KD: u32,
  KH: u32,
  KW: u32,
  stride_d: u32,
  stride_h: u32,
  stride_w: u32,
  dilation_d: u32,
  dilation_h: u32,
  dilation_w: u32,
  pad_front: u32,
  pad_top: u32,
  pad_left: u32,
  pad_back: u32,
  pad_bottom: u32,
  pad_right: u32,
  p: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<storage, read_write> winners: array<u32>;
@group(0) @binding(5) var<storage, read_write> places: array<i32>;
@group(0) @binding(6) var<storage, read> found: array<u32>;
@group(0) @binding(7) var<storage, read> norm: array<f32>;

struct Axis {
  length: u32,
  windows: u32,
  kernel: u32,
  stride: u32,
  dilation: u32,
  before: u32,
  after: u32,
}

fn depth() -> Axis {
  return Axis(params.D, params.OD, params.KD, params.stride_d, params.dilation_d, params.pad_front, params.pad_back);
}

fn rows() -> Axis {
  return Axis(params.H, params.OH, params.KH, params.stride_h, params.dilation_h, params.pad_top, params.pad_bottom);
}

fn columns() -> Axis {
  return Axis(params.W, params.OW, params.KW, params.stride_w, params.dilation_w, params.pad_left, params.pad_right);
}

// first, first + step, … below end.
struct Span {
  first: u32,
  end: u32,
  step: u32,
}

// The positions of window o on an axis, without those in the padding.
fn span(o: u32, axis: Axis) -> Span {
  if (ADAPTIVE) {
    return Span(o * axis.length / axis.windows, ((o + 1u) * axis.length + axis.windows - 1u) / axis.windows, 1u);
  }
  let start = o * axis.stride; // on the padded axis
  let missing = max(axis.before, start) - start;
  let skipped = (missing + axis.dilation - 1u) / axis.dilation * axis.dilation;
  let last = start + (axis.kernel - 1u) * axis.dilation;
  let end = min(max(last + 1u, axis.before) - axis.before, axis.length);
  return Span(start + skipped - axis.before, end, axis.dilation);
}

// How many elements of window o an axis counts.
fn count(o: u32, axis: Axis) -> f32 {
  if (COUNT == 2) { return 1.0; }
  if (COUNT == 1) {
    let start = o * axis.stride;
    let end = min(start + (axis.kernel - 1u) * axis.dilation + 1u, axis.before + axis.length + axis.after);
    return f32((end - start + axis.dilation - 1u) / axis.dilation);
  }
  let s = span(o, axis);
  return f32((s.end - s.first + s.step - 1u) / s.step);
}

// The first window that may hold position j of an axis, and the one after the last.
fn windows(j: u32, axis: Axis) -> vec2u {
  if (ADAPTIVE) {
    return vec2u(j * axis.windows / axis.length, ((j + 1u) * axis.windows + axis.length - 1u) / axis.length);
  }
  let t = j + axis.before;
  let reach = (axis.kernel - 1u) * axis.dilation;
  let first = (max(t, reach) - reach + axis.stride - 1u) / axis.stride;
  return vec2u(first, min(t / axis.stride + 1u, axis.windows));
}

// Whether window o of those holds position j and does not step over it.
fn holds(o: u32, j: u32, axis: Axis) -> bool {
  return ADAPTIVE || (j + axis.before - o * axis.stride) % axis.dilation == 0u;
}

struct Place {
  n: u32,
  d: u32,
  h: u32,
  w: u32,
  c: u32,
}

fn place(i: u32, D: u32, H: u32, W: u32) -> Place {
  let pixel = divide(i, params.C);
  let row = divide(pixel, W);
  let slice = divide(row, H);
  let n = divide(slice, D);
  return Place(n, slice - n * D, row - slice * H, pixel - row * W, i - pixel * params.C);
}

fn voxel(d: u32, h: u32, w: u32) -> u32 {
  return (d * params.H + h) * params.W + w;
}

fn x_index(n: u32, voxel: u32, c: u32) -> u32 {
  return (n * params.D * params.H * params.W + voxel) * params.C + c;
}

fn y_index(n: u32, od: u32, oh: u32, ow: u32, c: u32) -> u32 {
  return (((n * params.OD + od) * params.OH + oh) * params.OW + ow) * params.C + c;
}

// The first largest element of a window. Each window has an element, so no value is needed that loses to all others.
fn winner(at: Place) -> u32 {
  let ds = span(at.d, depth());
  let hs = span(at.h, rows());
  let ws = span(at.w, columns());
  var best = voxel(ds.first, hs.first, ws.first);
  var largest = x[x_index(at.n, best, at.c)];
  for (var d = ds.first; d < ds.end; d += ds.step) {
    for (var h = hs.first; h < hs.end; h += hs.step) {
      for (var w = ws.first; w < ws.end; w += ws.step) {
        let value = x[x_index(at.n, voxel(d, h, w), at.c)];
        if (value > largest) {
          largest = value;
          best = voxel(d, h, w);
        }
      }
    }
  }
  return best;
}

@compute @workgroup_size(group_size)
fn max_pool_3d(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.OD, params.OH, params.OW);
  y[i] = x[x_index(at.n, winner(at), at.c)];
}

@compute @workgroup_size(group_size)
fn max_pool_3d_indices(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.OD, params.OH, params.OW);
  let best = winner(at);
  y[i] = x[x_index(at.n, best, at.c)];
  places[i] = i32(best);
}

@compute @workgroup_size(group_size)
fn max_pool_3d_winners(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  winners[i] = winner(place(i, params.OD, params.OH, params.OW));
}

@compute @workgroup_size(group_size)
fn max_pool_3d_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.D, params.H, params.W);
  let own = voxel(at.d, at.h, at.w);
  let ds = windows(at.d, depth());
  let hs = windows(at.h, rows());
  let ws = windows(at.w, columns());
  var sum = 0.0;
  // A window that steps over the element has another winner, so it need not be asked.
  for (var d = ds.x; d < ds.y; d++) {
    for (var h = hs.x; h < hs.y; h++) {
      for (var w = ws.x; w < ws.y; w++) {
        let o = y_index(at.n, d, h, w, at.c);
        sum += select(0.0, dy[o], found[o] == own);
      }
    }
  }
  dx[i] = sum;
}

@compute @workgroup_size(group_size)
fn average_pool_3d(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.OD, params.OH, params.OW);
  let ds = span(at.d, depth());
  let hs = span(at.h, rows());
  let ws = span(at.w, columns());
  var sum = 0.0;
  for (var d = ds.first; d < ds.end; d += ds.step) {
    for (var h = hs.first; h < hs.end; h += hs.step) {
      for (var w = ws.first; w < ws.end; w += ws.step) {
        sum += x[x_index(at.n, voxel(d, h, w), at.c)];
      }
    }
  }
  y[i] = sum / (count(at.d, depth()) * count(at.h, rows()) * count(at.w, columns()));
}

@compute @workgroup_size(group_size)
fn average_pool_3d_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.D, params.H, params.W);
  let ds = windows(at.d, depth());
  let hs = windows(at.h, rows());
  let ws = windows(at.w, columns());
  var sum = 0.0;
  for (var d = ds.x; d < ds.y; d++) {
    for (var h = hs.x; h < hs.y; h++) {
      for (var w = ws.x; w < ws.y; w++) {
        let inside = holds(d, at.d, depth()) && holds(h, at.h, rows()) && holds(w, at.w, columns());
        let elements = count(d, depth()) * count(h, rows()) * count(w, columns());
        sum += select(0.0, dy[y_index(at.n, d, h, w, at.c)] / elements, inside);
      }
    }
  }
  dx[i] = sum;
}

// a^exponent for a ≥ 0.
fn power(a: f32, exponent: f32) -> f32 {
  return select(0.0, pow(a, exponent), a > 0.0);
}

@compute @workgroup_size(group_size)
fn lp_pool_3d(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.OD, params.OH, params.OW);
  let ds = span(at.d, depth());
  let hs = span(at.h, rows());
  let ws = span(at.w, columns());
  var sum = 0.0;
  for (var d = ds.first; d < ds.end; d += ds.step) {
    for (var h = hs.first; h < hs.end; h += hs.step) {
      for (var w = ws.first; w < ws.end; w += ws.step) {
        let a = abs(x[x_index(at.n, voxel(d, h, w), at.c)]);
        if (EXPONENT == 1) {
          sum += a;
        } else if (EXPONENT == 2) {
          sum += a * a;
        } else {
          sum += power(a, params.p);
        }
      }
    }
  }
  if (EXPONENT == 2) { sum = sqrt(sum); }
  if (EXPONENT == 0) { sum = power(sum, 1.0 / params.p); }
  y[i] = sum;
}

// norm is what lp_pool_3d gave.
@compute @workgroup_size(group_size)
fn lp_pool_3d_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.D, params.H, params.W);
  let value = x[i];
  let ds = windows(at.d, depth());
  let hs = windows(at.h, rows());
  let ws = windows(at.w, columns());
  var sum = 0.0;
  for (var d = ds.x; d < ds.y; d++) {
    for (var h = hs.x; h < hs.y; h++) {
      for (var w = ws.x; w < ws.y; w++) {
        let inside = holds(d, at.d, depth()) && holds(h, at.h, rows()) && holds(w, at.w, columns());
        let o = y_index(at.n, d, h, w, at.c);
        let length = norm[o];
        if (inside && length > 0.0) {
          let part = abs(value) / length;
          if (EXPONENT == 1) {
            sum += dy[o];
          } else if (EXPONENT == 2) {
            sum += dy[o] * part;
          } else {
            sum += dy[o] * power(part, params.p - 1.0);
          }
        }
      }
    }
  }
  dx[i] = sign(value) * sum;
}
