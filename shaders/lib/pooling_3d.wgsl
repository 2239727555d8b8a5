// Where the windows of pooling over volumes lie, with every option; images without dilation have lib/pooling.wgsl.
// Window o covers, along each axis, the positions o·stride − pad + k·dilation for k < K; or where ADAPTIVE those from
// ⌊o·D/OD⌋ up to ⌈(o + 1)·D/OD⌉. Gradients are gathers: each thread sums over the windows that hold its element, so the
// order is fixed.
// x, dx [N, D, H, W, C]; y, dy [N, OD, OH, OW, C]. One workgroup does 64 consecutive elements of the buffer it writes.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const group_size: u32 = 64;
const ADAPTIVE: bool = false;

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

// The same of the three axes together.
struct Spans {
  d: Span,
  h: Span,
  w: Span,
}

fn spans(at: Place) -> Spans {
  return Spans(span(at.d, depth()), span(at.h, rows()), span(at.w, columns()));
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

struct Windows {
  d: vec2u,
  h: vec2u,
  w: vec2u,
}

fn windows_over(at: Place) -> Windows {
  return Windows(windows(at.d, depth()), windows(at.h, rows()), windows(at.w, columns()));
}

// Whether window (d, h, w) holds the element.
fn hold(d: u32, h: u32, w: u32, at: Place) -> bool {
  return holds(d, at.d, depth()) && holds(h, at.h, rows()) && holds(w, at.w, columns());
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
