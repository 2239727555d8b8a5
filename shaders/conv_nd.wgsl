// Convolution in general: one to three spatial axes, groups, depthwise, every padding mode; and its two gradients.
//
//   forward      y[n, p, o]  = activate( join( sum over k, c of x[n, i, first(o) + c] * weights[k, c, o]  +  bias[o],
//                              residual[n, p, o] ) )
//   grad_input   dx[n, i, c] = activate( join( sum over k, o of c's group of dy[n, p, o] * weights[k, c % group_channels, o]
//                              +  bias[c],  residual[n, i, c] ) ), with bias and activation where it is a transposed
//                              convolution's forward
//   grad_filter  dw[k, c, o] = sum over n, p of x[n, i, first(o) + c] * dy[n, p, o]
//
//   p = (od, oh, ow), k = (kd, kh, kw), i = (d, h, w) with  d = source(od * stride_depth + kd * dilation_depth - pad_front)
//   and so on for h and w (lib/padding.wgsl). group_channels = channels / groups; outputs o are dealt to the groups in
//   order, out_channels / groups each, and first(o) is the first channel of o's group. Images with fewer axes have
//   leading lengths of 1. Depthwise is groups = channels.
//
//   x, dx    [batch, depth, height, width, channels]
//   weights  [kernel_depth, kernel_height, kernel_width, group_channels, out_channels]
//   y, dy    [batch, out_depth, out_height, out_width, out_channels]
//   dw       like weights
//   bias     [out_channels], or [channels] for grad_input, when HAS_BIAS; otherwise any read-only buffer
//   residual like y, or dx for grad_input, when HAS_RESIDUAL; otherwise as with bias (lib/epilogue.wgsl: what it is to join)
//
// These kernels are the plain ones, one output a thread, for images of any shape; a workgroup computes 64 consecutive
// outputs. lib/convolution.wgsl and lib/filter_gradient.wgsl say what the faster ones have in common.

// @import lib/epilogue.wgsl
// @import lib/grid.wgsl
// @import lib/padding.wgsl

struct Params {
  batch: u32,
  depth: u32,
  height: u32,
  width: u32,
  channels: u32,
  out_depth: u32,
  out_height: u32,
  out_width: u32,
  out_channels: u32,
  kernel_depth: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_depth: u32,
  stride_height: u32,
  stride_width: u32,
  dilation_depth: u32,
  dilation_height: u32,
  dilation_width: u32,
  pad_front: u32,
  pad_top: u32,
  pad_left: u32,
  groups: u32,
  copies_depth: u32, // grad_input only: the most positions of the padded image that read one plane, line, column
  copies_height: u32,
  copies_width: u32,
}

const HAS_BIAS: bool = false;
const GROUP_SIZE: u32 = 64;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<storage, read_write> dw: array<f32>;
@group(0) @binding(6) var<storage, read> dy: array<f32>;

const OUTSIDE: u32 = 0xffffffff;

fn positions() -> u32 { return params.batch * params.out_depth * params.out_height * params.out_width; }
fn pixels() -> u32 { return params.batch * params.depth * params.height * params.width; }
fn taps() -> u32 { return params.kernel_depth * params.kernel_height * params.kernel_width; }
fn copies() -> u32 { return params.copies_depth * params.copies_height * params.copies_width; }

// The window that has padded position t under its first element, or OUTSIDE.
fn window_at(t: i32, stride: u32, count: u32) -> u32 {
  let window = u32(t) / stride;
  return select(OUTSIDE, window, t >= 0 && window * stride == u32(t) && window < count);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  if (index >= positions() * params.out_channels) { return; }
  let o = index % params.out_channels;
  let position = index / params.out_channels;
  let line = position / params.out_width;
  let plane = line / params.out_height;
  let image = plane / params.out_depth;
  let front = i32(plane % params.out_depth * params.stride_depth) - i32(params.pad_front);
  let top = i32(line % params.out_height * params.stride_height) - i32(params.pad_top);
  let left = i32(position % params.out_width * params.stride_width) - i32(params.pad_left);
  let group_channels = params.channels / params.groups;
  let first_channel = o / (params.out_channels / params.groups) * group_channels;
  var sum = 0.0;
  for (var kd = 0u; kd < params.kernel_depth; kd++) {
    let d = source(front + i32(kd * params.dilation_depth), params.depth);
    if (d >= params.depth) { continue; }
    for (var kh = 0u; kh < params.kernel_height; kh++) {
      let h = source(top + i32(kh * params.dilation_height), params.height);
      if (h >= params.height) { continue; }
      let x_line = ((image * params.depth + d) * params.height + h) * params.width;
      for (var kw = 0u; kw < params.kernel_width; kw++) {
        let w = source(left + i32(kw * params.dilation_width), params.width);
        if (w >= params.width) { continue; }
        let x_at = (x_line + w) * params.channels + first_channel;
        let tap = (kd * params.kernel_height + kh) * params.kernel_width + kw;
        let weights_at = tap * group_channels * params.out_channels + o;
        for (var c = 0u; c < group_channels; c++) {
          sum = fma(x[x_at + c], weights[weights_at + c * params.out_channels], sum);
        }
      }
    }
  }
  if (HAS_BIAS) { sum += bias[o]; }
  if (HAS_RESIDUAL) { sum = join(sum, residual[index]); }
  y[index] = activate(sum);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_grad_input(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  if (index >= pixels() * params.channels) { return; }
  let c = index % params.channels;
  let pixel = index / params.channels;
  let line = pixel / params.width;
  let plane = line / params.height;
  let image = plane / params.depth;
  let d = i32(plane % params.depth);
  let h = i32(line % params.height);
  let w = i32(pixel % params.width);
  let group_channels = params.channels / params.groups;
  let group_outputs = params.out_channels / params.groups;
  let first_output = c / group_channels * group_outputs;
  let weights_row = c % group_channels;
  var sum = 0.0;
  for (var number = 0u; number < copies(); number++) {
    let number_w = number % params.copies_width;
    let number_h = number / params.copies_width % params.copies_height;
    let number_d = number / params.copies_width / params.copies_height;
    let padded_d = copy_position(d, params.depth, number_d, params.pad_front) + i32(params.pad_front);
    let padded_h = copy_position(h, params.height, number_h, params.pad_top) + i32(params.pad_top);
    let padded_w = copy_position(w, params.width, number_w, params.pad_left) + i32(params.pad_left);
    for (var kd = 0u; kd < params.kernel_depth; kd++) {
      let od = window_at(padded_d - i32(kd * params.dilation_depth), params.stride_depth, params.out_depth);
      if (od == OUTSIDE) { continue; }
      for (var kh = 0u; kh < params.kernel_height; kh++) {
        let oh = window_at(padded_h - i32(kh * params.dilation_height), params.stride_height, params.out_height);
        if (oh == OUTSIDE) { continue; }
        let dy_line = ((image * params.out_depth + od) * params.out_height + oh) * params.out_width;
        for (var kw = 0u; kw < params.kernel_width; kw++) {
          let ow = window_at(padded_w - i32(kw * params.dilation_width), params.stride_width, params.out_width);
          if (ow == OUTSIDE) { continue; }
          let dy_at = (dy_line + ow) * params.out_channels + first_output;
          let tap = (kd * params.kernel_height + kh) * params.kernel_width + kw;
          let weights_at = (tap * group_channels + weights_row) * params.out_channels + first_output;
          for (var o = 0u; o < group_outputs; o++) {
            sum = fma(dy[dy_at + o], weights[weights_at + o], sum);
          }
        }
      }
    }
  }
  if (HAS_BIAS) { sum += bias[c]; }
  if (HAS_RESIDUAL) { sum = join(sum, residual[index]); }
  dx[index] = activate(sum);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_grad_filter(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  let group_channels = params.channels / params.groups;
  if (index >= taps() * group_channels * params.out_channels) { return; }
  let o = index % params.out_channels;
  let row = index / params.out_channels;
  let channel = o / (params.out_channels / params.groups) * group_channels + row % group_channels;
  let tap = row / group_channels;
  let kh = tap / params.kernel_width % params.kernel_height;
  let kd = tap / params.kernel_width / params.kernel_height;
  let tap_d = i32(kd * params.dilation_depth) - i32(params.pad_front);
  let tap_h = i32(kh * params.dilation_height) - i32(params.pad_top);
  let tap_w = i32(tap % params.kernel_width * params.dilation_width) - i32(params.pad_left);
  var sum = 0.0;
  for (var line = 0u; line < params.batch * params.out_depth * params.out_height; line++) {
    let plane = line / params.out_height;
    let d = source(i32(plane % params.out_depth * params.stride_depth) + tap_d, params.depth);
    let h = source(i32(line % params.out_height * params.stride_height) + tap_h, params.height);
    if (d >= params.depth || h >= params.height) { continue; }
    let x_line = ((plane / params.out_depth * params.depth + d) * params.height + h) * params.width;
    for (var ow = 0u; ow < params.out_width; ow++) {
      let w = source(i32(ow * params.stride_width) + tap_w, params.width);
      if (w >= params.width) { continue; }
      let dy_at = (line * params.out_width + ow) * params.out_channels + o;
      sum = fma(x[(x_line + w) * params.channels + channel], dy[dy_at], sum);
    }
  }
  dw[index] = sum;
}
