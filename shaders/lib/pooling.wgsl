// Where the windows of two-dimensional pooling lie: rows oh·stride_h − pad_top + [0, KH) and columns
// ow·stride_w − pad_left + [0, KW), as far as they are on the image.
// x, dx [N, H, W, C]; y, dy [N, OH, OW, C]. Kernels that do four channels at once count C and size in vec4s.

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
  let image = row / height;
  return vec4u(image, row - image * height, pixel - row * width, i - pixel * params.C);
}

fn x_index(n: u32, h: u32, w: u32, c: u32) -> u32 {
  return ((n * params.H + h) * params.W + w) * params.C + c;
}

fn y_index(n: u32, oh: u32, ow: u32, c: u32) -> u32 {
  return ((n * params.OH + oh) * params.OW + ow) * params.C + c;
}

// ---------------------------------------------------------------------------------------------------------------
// Windows of 3 × 3 pixels without a loop. Pixels outside the image are replaced by the nearest inside.

struct Nine {
  rows: vec3u,
  columns: vec3u,
}

fn nine_of(oh: u32, ow: u32) -> Nine {
  let rows = rows_of(oh);
  let columns = columns_of(ow);
  return Nine(
    min(rows.x + vec3u(0, 1, 2), vec3u(rows.y - 1)), min(columns.x + vec3u(0, 1, 2), vec3u(columns.y - 1)),
  );
}

// Windows over a pixel where there are at most two along each axis (KH <= 2·stride_h, KW <= 2·stride_w): the places of
// four, row by row, and which of them exist.
struct Four {
  y: vec4u,
  exists: vec4<bool>,
}

fn windows_over_pixel(at: vec4u) -> Four {
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  let oh = rows.x + vec4u(0, 0, 1, 1);
  let ow = columns.x + vec4u(0, 1, 0, 1);
  let exists = (oh < vec4u(rows.y)) & (ow < vec4u(columns.y));
  let y = ((at.x * params.OH + oh) * params.OW + ow) * params.C + at.w;
  return Four(select(vec4u(), y, exists), exists);
}

// ---------------------------------------------------------------------------------------------------------------
// Windows of 2 × 2 pixels, two apart, none of which leaves the image: its squares. Four places known in advance, and no
// loop.

struct Square {
  x: u32, // place of the upper left pixel
  right: u32, // from there to the upper right one; 0 where there is none
  below: u32,
  y: u32, // place of the window's value
  whole: bool, // false behind the last window, where the image's height or width is odd
}

// Square i of [·, down, across, C]: `down` and `across` count windows, or half pixels rounded up.
fn square_of(i: u32, down: u32, across: u32) -> Square {
  let at = position_of(i, down, across);
  return Square(
    x_index(at.x, 2 * at.y, 2 * at.z, at.w),
    select(0u, params.C, 2 * at.z + 1 < params.W),
    select(0u, params.W * params.C, 2 * at.y + 1 < params.H),
    y_index(at.x, min(at.y, params.OH - 1), min(at.z, params.OW - 1), at.w),
    at.y < params.OH && at.z < params.OW,
  );
}

// Squares that cover the image.
fn covering_square(i: u32) -> Square {
  return square_of(i, (params.H + 1) / 2, (params.W + 1) / 2);
}

// The gradients of a square's pixels, upper ones first, as far as they exist.
fn store_square(square: Square, upper_left: vec4f, upper_right: vec4f, lower_left: vec4f, lower_right: vec4f) {
  dx4[square.x] = upper_left;
  if (square.right > 0) { dx4[square.x + square.right] = upper_right; }
  if (square.below > 0) { dx4[square.x + square.below] = lower_left; }
  if (square.right > 0 && square.below > 0) { dx4[square.x + square.right + square.below] = lower_right; }
}
