// im2col: cols[(n·OH + oh)·OW + ow, (kh·KW + kw)·C + c] = x[n, h, w, c], or 0 where h, w is outside the image, with
//   h = oh·stride_h + kh·dilation_h − pad_top and w = ow·stride_w + kw·dilation_w − pad_left;
//   in other padding modes than zeros h and w are then mapped onto the image (lib/padding.wgsl).
// col2im, its transpose: x[n, h, w, c] = the sum of all elements of cols that im2col reads there. It is a gather: each
//   thread finds the windows over its pixel, so the order of every sum is fixed.
// x [N, H, W, C], cols [N·OH·OW, KH·KW·C].
// One workgroup writes 64 consecutive elements. The vec4 entries move four channels at once; their C and size count vec4s.

// @import lib/grid.wgsl
// @import lib/padding.wgsl

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
  dilation_h: u32,
  dilation_w: u32,
  pad_top: u32,
  pad_left: u32,
  copies_h: u32, // col2im only: the most positions of the padded image that read one row, and one column
  copies_w: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> cols: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> cols4: array<vec4f>;
@group(0) @binding(1) var<storage, read> dcols: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(1) var<storage, read> dcols4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx4: array<vec4f>;

const group_size: u32 = 64;
const OUTSIDE = 0xffffffffu;

// Where element i of cols is read in x.
fn image_index(i: u32) -> u32 {
  let c = i % params.C;
  var rest = i / params.C;
  let kw = rest % params.KW;
  rest /= params.KW;
  let kh = rest % params.KH;
  rest /= params.KH;
  let ow = rest % params.OW;
  rest /= params.OW;
  let oh = rest % params.OH;
  let n = rest / params.OH;
  // Below zero wraps round to a huge number, so one comparison finds both sides.
  let h = source(i32(oh * params.stride_h + kh * params.dilation_h) - i32(params.pad_top), params.H);
  let w = source(i32(ow * params.stride_w + kw * params.dilation_w) - i32(params.pad_left), params.W);
  if (h >= params.H || w >= params.W) {
    return OUTSIDE;
  }
  return ((n * params.H + h) * params.W + w) * params.C + c;
}

@compute @workgroup_size(group_size)
fn im2col(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) {
    return;
  }
  let from_index = image_index(i);
  var value = 0.0;
  if (from_index != OUTSIDE) {
    value = x[from_index];
  }
  cols[i] = value;
}

@compute @workgroup_size(group_size)
fn im2col_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) {
    return;
  }
  let from_index = image_index(i);
  var value = vec4f(0.0);
  if (from_index != OUTSIDE) {
    value = x4[from_index];
  }
  cols4[i] = value;
}

// n, h, w, c of element i of the image.
fn image_position(i: u32) -> vec4u {
  let pixel = i / params.C;
  let row = pixel / params.W;
  return vec4u(row / params.H, row % params.H, pixel % params.W, i % params.C);
}

// The window whose element k lies at padded position t, or OUTSIDE.
fn window_at(t: i32, k: u32, stride: u32, dilation: u32, count: u32) -> u32 {
  let start = u32(t - i32(k * dilation));
  let window = start / stride;
  return select(OUTSIDE, window, i32(start) >= 0 && window * stride == start && window < count);
}

fn cols_index(position: vec4u, oh: u32, ow: u32, kh: u32, kw: u32) -> u32 {
  let row = (position.x * params.OH + oh) * params.OW + ow;
  return ((row * params.KH + kh) * params.KW + kw) * params.C + position.w;
}

@compute @workgroup_size(group_size)
fn col2im(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) {
    return;
  }
  let position = image_position(i);
  var sum = 0.0;
  for (var number = 0u; number < params.copies_h * params.copies_w; number++) {
    let h = copy_position(i32(position.y), params.H, number / params.copies_w, params.pad_top) + i32(params.pad_top);
    let w = copy_position(i32(position.z), params.W, number % params.copies_w, params.pad_left) + i32(params.pad_left);
    for (var kh = 0u; kh < params.KH; kh++) {
      let oh = window_at(h, kh, params.stride_h, params.dilation_h, params.OH);
      if (oh == OUTSIDE) {
        continue;
      }
      for (var kw = 0u; kw < params.KW; kw++) {
        let ow = window_at(w, kw, params.stride_w, params.dilation_w, params.OW);
        if (ow != OUTSIDE) {
          sum += dcols[cols_index(position, oh, ow, kh, kw)];
        }
      }
    }
  }
  dx[i] = sum;
}

@compute @workgroup_size(group_size)
fn col2im_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) {
    return;
  }
  let position = image_position(i);
  var sum = vec4f(0.0);
  for (var number = 0u; number < params.copies_h * params.copies_w; number++) {
    let h = copy_position(i32(position.y), params.H, number / params.copies_w, params.pad_top) + i32(params.pad_top);
    let w = copy_position(i32(position.z), params.W, number % params.copies_w, params.pad_left) + i32(params.pad_left);
    for (var kh = 0u; kh < params.KH; kh++) {
      let oh = window_at(h, kh, params.stride_h, params.dilation_h, params.OH);
      if (oh == OUTSIDE) {
        continue;
      }
      for (var kw = 0u; kw < params.KW; kw++) {
        let ow = window_at(w, kw, params.stride_w, params.dilation_w, params.OW);
        if (ow != OUTSIDE) {
          sum += dcols4[cols_index(position, oh, ow, kh, kw)];
        }
      }
    }
  }
  dx4[i] = sum;
}
