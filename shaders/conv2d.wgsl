// Two-dimensional convolution with bias and activation, and its two gradients. NHWC images, HWIO filters.
//
//   forward      y[b, oh, ow, o]  = activate( sum over kh, kw, c of x[b, h, w, c] * weights[kh, kw, c, o]  +  bias[o] )
//   grad_input   dx[b, h, w, c]   = activate( sum over kh, kw, o of dy[b, oh, ow, o] * weights[kh, kw, c, o] + dx_bias[c] ),
//                where bias and activation are those of a transposed convolution, which is this kernel's other use
//   grad_filter  dw[kh, kw, c, o] = sum over b, oh, ow of x[b, h, w, c] * dy[b, oh, ow, o]
//
//   where everywhere  h = oh * stride_height + kh * dilation_height - pad_top,
//                     w = ow * stride_width  + kw * dilation_width  - pad_left,
//   and terms with (h, w) outside the image or (oh, ow) outside the output are 0; or, in the other padding modes, x is read
//   at source(h), source(w), and the input's gradient gathers from every position that reads it (lib/padding.wgsl).
//
//   x, dx    [batch, height, width, channels]
//   weights  [kernel_height, kernel_width, channels, out_channels]
//   bias     [out_channels] when HAS_BIAS; otherwise never read, and any read-only buffer (weights) may be bound there
//   y, dy    [batch, out_height, out_width, out_channels]
//   dw       [slices, kernel_height, kernel_width, channels, out_channels]
//
// Each is a matrix product whose left matrix is never written ("implicit im2col"): its elements are found in the image.
// The filter's gradient has few outputs and very many terms, so the output lines (batch * out_height of them) may be cut
// into slices of lines_per_slice lines. Each slice writes a copy of dw; `conv2d_grad_filter_sum` adds the copies in
// order, so results do not depend on timing. With one slice there is nothing to add.
//
//   1  conv2d, conv2d_grad_input, conv2d_grad_filter             one thread, one output; any shape
//   2  conv2d_register, ..._grad_input_register, ..._grad_filter_register   a thread keeps 4 rows x 8 columns in
//      registers; reads four numbers at a time: channels % 4 == 0 and out_channels % 4 == 0
//   3  conv2d_register_thin, conv2d_grad_filter_register_thin    pixels one number at a time, for images of 1 or 3
//      channels: out_channels % 4 == 0
//
// `conv2d_quad.wgsl` goes on with subgroups.

// @import lib/activation.wgsl
// @import lib/padding.wgsl

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  channels: u32,
  out_height: u32,
  out_width: u32,
  out_channels: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_height: u32,
  stride_width: u32,
  dilation_height: u32,
  dilation_width: u32,
  pad_top: u32,
  pad_left: u32,
  slices: u32, // grad_filter only; 1 elsewhere
  lines_per_slice: u32, // slices * lines_per_slice >= batch * out_height
  copies_height: u32, // grad_input only: the most positions of the padded image that read one line, and one column
  copies_width: u32,
}

const HAS_BIAS: bool = false;
const PADDED: bool = true; // false spares forward the tests, where no window reaches beyond its image

@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(4) var<storage, read_write> dw: array<f32>;
@group(0) @binding(1) var<storage, read> dx_bias: array<f32>; // [channels] when HAS_BIAS, as bias
@group(0) @binding(1) var<storage, read> partial: array<f32>; // dw with all its slices, read by the second pass

// The same buffers, four numbers an element.
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(1) var<storage, read> dx_bias4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dx4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dw4: array<vec4f>;

// @hook
fn activate(x: f32) -> f32 { return x; }
// @hook
fn activate4(x: vec4f) -> vec4f { return x; }

// A grid may have only 65535 workgroups along one side, so long lists of workgroups fold into rows.
fn flat_thread(group_id: vec3u, group_count: vec3u, thread: u32) -> u32 {
  return (group_id.y * group_count.x + group_id.x) * 64 + thread;
}

// ---------------------------------------------------------------------------------------------------------------
// 1. One thread, one output. A workgroup computes 64 consecutive numbers of the result.

@compute @workgroup_size(64)
fn conv2d(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = flat_thread(group_id, group_count, thread);
  if (index >= params.batch * params.out_height * params.out_width * params.out_channels) { return; }
  let o = index % params.out_channels;
  let pixel = index / params.out_channels;
  let line = pixel / params.out_width;
  let top = i32(line % params.out_height * params.stride_height) - i32(params.pad_top);
  let left = i32(pixel % params.out_width * params.stride_width) - i32(params.pad_left);
  let first_line = line / params.out_height * params.height;
  var sum = 0.0;
  for (var kh = 0u; kh < params.kernel_height; kh++) {
    let h = source(top + i32(kh * params.dilation_height), params.height);
    if (h >= params.height) { continue; }
    for (var kw = 0u; kw < params.kernel_width; kw++) {
      let w = source(left + i32(kw * params.dilation_width), params.width);
      if (w >= params.width) { continue; }
      let x_at = ((first_line + h) * params.width + w) * params.channels;
      let weights_at = (kh * params.kernel_width + kw) * params.channels * params.out_channels + o;
      for (var c = 0u; c < params.channels; c++) {
        sum = fma(x[x_at + c], weights[weights_at + c * params.out_channels], sum);
      }
    }
  }
  if (HAS_BIAS) { sum += bias[o]; }
  y[index] = activate(sum);
}

@compute @workgroup_size(64)
fn conv2d_grad_input(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = flat_thread(group_id, group_count, thread);
  if (index >= params.batch * params.height * params.width * params.channels) { return; }
  let c = index % params.channels;
  let pixel = index / params.channels;
  let line = pixel / params.width;
  let h = i32(line % params.height);
  let w = i32(pixel % params.width);
  let first_line = line / params.height * params.out_height;
  let stride_h = i32(params.stride_height);
  let stride_w = i32(params.stride_width);
  var sum = 0.0;
  for (var number = 0u; number < params.copies_height * params.copies_width; number++) {
    let padded_h = copy_position(h, params.height, number / params.copies_width, params.pad_top) + i32(params.pad_top);
    let padded_w = copy_position(w, params.width, number % params.copies_width, params.pad_left) + i32(params.pad_left);
    for (var kh = 0u; kh < params.kernel_height; kh++) {
      let below = padded_h - i32(kh * params.dilation_height);
      let oh = below / stride_h;
      if (oh * stride_h != below || u32(oh) >= params.out_height) { continue; }
      for (var kw = 0u; kw < params.kernel_width; kw++) {
        let beyond = padded_w - i32(kw * params.dilation_width);
        let ow = beyond / stride_w;
        if (ow * stride_w != beyond || u32(ow) >= params.out_width) { continue; }
        let dy_at = ((first_line + u32(oh)) * params.out_width + u32(ow)) * params.out_channels;
        let weights_at = ((kh * params.kernel_width + kw) * params.channels + c) * params.out_channels;
        for (var o = 0u; o < params.out_channels; o++) {
          sum = fma(dy[dy_at + o], weights[weights_at + o], sum);
        }
      }
    }
  }
  if (HAS_BIAS) { sum += dx_bias[c]; }
  dx[index] = activate(sum);
}

@compute @workgroup_size(64)
fn conv2d_grad_filter(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = flat_thread(group_id, group_count, thread);
  let size = params.kernel_height * params.kernel_width * params.channels * params.out_channels;
  let slice = index / size;
  if (slice >= params.slices) { return; }
  let o = index % params.out_channels;
  let row = index % size / params.out_channels;
  let c = row % params.channels;
  let tap = row / params.channels;
  let tap_h = i32(tap / params.kernel_width * params.dilation_height) - i32(params.pad_top);
  let tap_w = i32(tap % params.kernel_width * params.dilation_width) - i32(params.pad_left);
  let first_line = slice * params.lines_per_slice;
  let end_line = min(first_line + params.lines_per_slice, params.batch * params.out_height);
  var sum = 0.0;
  for (var line = first_line; line < end_line; line++) {
    let h = source(i32(line % params.out_height * params.stride_height) + tap_h, params.height);
    if (h >= params.height) { continue; }
    let x_line = (line / params.out_height * params.height + h) * params.width;
    for (var ow = 0u; ow < params.out_width; ow++) {
      let w = source(i32(ow * params.stride_width) + tap_w, params.width);
      if (w >= params.width) { continue; }
      sum = fma(
        x[(x_line + w) * params.channels + c], dy[(line * params.out_width + ow) * params.out_channels + o], sum,
      );
    }
  }
  dw[index] = sum;
}

// Second pass: a workgroup adds the slices of 64 consecutive weights, each thread one weight, in the slices' order.
// `partial` is dw of the first pass; dw here has one slice.
@compute @workgroup_size(64)
fn conv2d_grad_filter_sum(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = flat_thread(group_id, group_count, thread);
  let size = params.kernel_height * params.kernel_width * params.channels * params.out_channels;
  if (index >= size) { return; }
  var sum = 0.0;
  for (var slice = 0u; slice < params.slices; slice++) {
    sum += partial[slice * size + index];
  }
  dw[index] = sum;
}

// ---------------------------------------------------------------------------------------------------------------
// 2. Register blocks: a thread computes 4 rows x 8 columns of the result's matrix, whose rows are pixels (or the
// filter's taps times channels) and whose columns are channels; 12 numbers loaded serve 32 multiply-adds. A workgroup
// computes 64 consecutive blocks, along columns first. No workgroup memory and no barrier.

// Four rows by eight columns of sums: left and right halves of each row.
struct Block {
  left0: vec4f, left1: vec4f, left2: vec4f, left3: vec4f,
  right0: vec4f, right1: vec4f, right2: vec4f, right3: vec4f,
}

fn add_outer_product(sums: ptr<function, Block>, rows: vec4f, left: vec4f, right: vec4f) {
  (*sums).left0 = fma(vec4f(rows.x), left, (*sums).left0);
  (*sums).left1 = fma(vec4f(rows.y), left, (*sums).left1);
  (*sums).left2 = fma(vec4f(rows.z), left, (*sums).left2);
  (*sums).left3 = fma(vec4f(rows.w), left, (*sums).left3);
  (*sums).right0 = fma(vec4f(rows.x), right, (*sums).right0);
  (*sums).right1 = fma(vec4f(rows.y), right, (*sums).right1);
  (*sums).right2 = fma(vec4f(rows.z), right, (*sums).right2);
  (*sums).right3 = fma(vec4f(rows.w), right, (*sums).right3);
}

const FOUR: vec4u = vec4u(0, 1, 2, 3);

// The loop over a window's taps and their channels is one flat loop: nested ones would carry all sums from loop to loop,
// which costs much where they do not fit in registers. A tap's set-up is short, for the software adapter runs both sides of
// every `if` in every pass.
struct Tap {
  h: u32,
  w: u32,
  channel: u32, // in the loop's own steps
}
const FIRST_TAP: Tap = Tap(0, 0, 0);

fn next_tap(tap: Tap, channels: u32) -> Tap {
  let next_position = tap.channel + 1 == channels;
  let next_line = next_position && tap.w + 1 == params.kernel_width;
  return Tap(
    select(tap.h, tap.h + 1, next_line),
    select(select(tap.w, tap.w + 1, next_position), 0u, next_line),
    select(tap.channel + 1, 0u, next_position),
  );
}

// The quotient, exact where `stride` divides the value and any number elsewhere: callers multiply back and compare.
// Rounding the float quotient finds it (below 2^21) without an integer division, which some devices do lane by lane.
fn divide(values: vec4i, stride: u32) -> vec4i {
  return vec4i(round(vec4f(values) / f32(stride)));
}

// Four output pixels: where their windows begin in the image (perhaps in the padding), and their image's first pixel.
struct Windows {
  top: vec4i,
  left: vec4i,
  image: vec4u,
}

fn find_windows(row: u32) -> Windows {
  let rows = min(row + FOUR, vec4u(params.batch * params.out_height * params.out_width - 1));
  let lines = rows / params.out_width;
  let out_w = rows - lines * params.out_width;
  let images = lines / params.out_height;
  let out_h = lines - images * params.out_height;
  return Windows(
    vec4i(out_h * params.stride_height) - i32(params.pad_top),
    vec4i(out_w * params.stride_width) - i32(params.pad_left),
    images * (params.height * params.width),
  );
}

fn read_x4(at: u32, inside: bool) -> vec4f {
  if (PADDED) { return select(vec4f(), x4[at], inside); }
  return x4[at];
}

@compute @workgroup_size(64)
fn conv2d_register(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let channels4 = params.channels / 4;
  let columns4 = params.out_channels / 4;
  let blocks_across = (columns4 + 1) / 2;
  let block = flat_thread(group_id, group_count, thread);
  let row = block / blocks_across * 4;
  if (row >= params.batch * params.out_height * params.out_width) { return; }
  let left = block % blocks_across * 2;
  let right_step = min(left + 1, columns4 - 1) - left;
  let windows = find_windows(row);

  var sums = Block();
  var weights_at = left;
  var tap = FIRST_TAP;
  var at = vec4u();
  var inside = vec4<bool>();
  for (var term = 0u; term < params.kernel_height * params.kernel_width * channels4; term++) {
    if (tap.channel == 0) {
      let h = source4(windows.top + i32(tap.h * params.dilation_height), params.height);
      let w = source4(windows.left + i32(tap.w * params.dilation_width), params.width);
      inside = (h < vec4u(params.height)) & (w < vec4u(params.width));
      at = select(vec4u(), (windows.image + h * params.width + w) * channels4, inside);
    }
    let pixels = transpose(mat4x4f(
      read_x4(at.x, inside.x), read_x4(at.y, inside.y),
      read_x4(at.z, inside.z), read_x4(at.w, inside.w),
    ));
    let weights1 = weights_at + columns4;
    let weights2 = weights1 + columns4;
    let weights3 = weights2 + columns4;
    add_outer_product(&sums, pixels[0], weights4[weights_at], weights4[weights_at + right_step]);
    add_outer_product(&sums, pixels[1], weights4[weights1], weights4[weights1 + right_step]);
    add_outer_product(&sums, pixels[2], weights4[weights2], weights4[weights2 + right_step]);
    add_outer_product(&sums, pixels[3], weights4[weights3], weights4[weights3 + right_step]);
    weights_at = weights3 + columns4;
    at += vec4u(1);
    tap = next_tap(tap, channels4);
  }
  store_outputs(row, left, sums.left0, sums.left1, sums.left2, sums.left3);
  if (right_step == 1) { store_outputs(row, left + 1, sums.right0, sums.right1, sums.right2, sums.right3); }
}

fn store_outputs(row: u32, column4: u32, first: vec4f, second: vec4f, third: vec4f, fourth: vec4f) {
  let rows = params.batch * params.out_height * params.out_width;
  let columns4 = params.out_channels / 4;
  var bias_here = vec4f();
  if (HAS_BIAS) { bias_here = bias4[column4]; }
  let at = row * columns4 + column4;
  y4[at] = activate4(first + bias_here);
  if (row + 1 < rows) { y4[at + columns4] = activate4(second + bias_here); }
  if (row + 2 < rows) { y4[at + 2 * columns4] = activate4(third + bias_here); }
  if (row + 3 < rows) { y4[at + 3 * columns4] = activate4(fourth + bias_here); }
}

@compute @workgroup_size(64)
fn conv2d_grad_input_register(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let columns4 = params.channels / 4;
  let terms4 = params.out_channels / 4;
  let blocks_across = (columns4 + 1) / 2;
  let block = flat_thread(group_id, group_count, thread);
  let row = block / blocks_across * 4;
  let all_rows = params.batch * params.height * params.width;
  if (row >= all_rows) { return; }
  let left = block % blocks_across * 2;
  let right = min(left + 1, columns4 - 1);

  let rows = min(row + FOUR, vec4u(all_rows - 1));
  let lines = rows / params.width;
  let images = lines / params.height;
  let h = vec4i(lines - images * params.height);
  let w = vec4i(rows - lines * params.width);
  let first_pixel = images * (params.out_height * params.out_width);

  var sums = Block();
  var left_at = (left * 4 + FOUR) * terms4; // of the left half's four channels
  let right_step = (right - left) * 4 * terms4;
  // Two loops here: a tap's set-up is longer than forward's, so it is not repeated for every channel.
  var kh = 0u;
  var kw = 0u;
  var copy_h = 0u;
  var copy_w = 0u;
  let taps_of_copy = params.kernel_height * params.kernel_width;
  for (var tap = 0u; tap < taps_of_copy * params.copies_height * params.copies_width; tap++) {
    let padded_h = copy_position4(h, params.height, copy_h, params.pad_top) + i32(params.pad_top);
    let padded_w = copy_position4(w, params.width, copy_w, params.pad_left) + i32(params.pad_left);
    let below = padded_h - i32(kh * params.dilation_height);
    let beyond = padded_w - i32(kw * params.dilation_width);
    let out_h = divide(below, params.stride_height);
    let out_w = divide(beyond, params.stride_width);
    let inside = (out_h * i32(params.stride_height) == below) & (vec4u(out_h) < vec4u(params.out_height)) &
      (out_w * i32(params.stride_width) == beyond) & (vec4u(out_w) < vec4u(params.out_width));
    var at = select(vec4u(), (first_pixel + vec4u(out_h) * params.out_width + vec4u(out_w)) * terms4, inside);
    for (var term = 0u; term < terms4; term++) {
      let gradients = transpose(mat4x4f(
        select(vec4f(), dy4[at.x], inside.x), select(vec4f(), dy4[at.y], inside.y),
        select(vec4f(), dy4[at.z], inside.z), select(vec4f(), dy4[at.w], inside.w),
      ));
      let left_taps = transpose(mat4x4f(
        weights4[left_at.x], weights4[left_at.y], weights4[left_at.z], weights4[left_at.w],
      ));
      let right_taps = transpose(mat4x4f(
        weights4[left_at.x + right_step], weights4[left_at.y + right_step],
        weights4[left_at.z + right_step], weights4[left_at.w + right_step],
      ));
      add_outer_product(&sums, gradients[0], left_taps[0], right_taps[0]);
      add_outer_product(&sums, gradients[1], left_taps[1], right_taps[1]);
      add_outer_product(&sums, gradients[2], left_taps[2], right_taps[2]);
      add_outer_product(&sums, gradients[3], left_taps[3], right_taps[3]);
      at += vec4u(1);
      left_at += vec4u(1);
    }
    left_at += vec4u((params.channels - 1) * terms4);
    kw++;
    if (kw == params.kernel_width) {
      kw = 0;
      kh++;
    }
    if (kh == params.kernel_height) {
      kh = 0;
      left_at -= vec4u(taps_of_copy * params.channels * terms4);
      copy_w++;
    }
    if (copy_w == params.copies_width) {
      copy_w = 0;
      copy_h++;
    }
  }
  store_input_gradients(row, left, sums.left0, sums.left1, sums.left2, sums.left3);
  if (right > left) { store_input_gradients(row, right, sums.right0, sums.right1, sums.right2, sums.right3); }
}

fn store_input_gradients(row: u32, column4: u32, first: vec4f, second: vec4f, third: vec4f, fourth: vec4f) {
  let rows = params.batch * params.height * params.width;
  let columns4 = params.channels / 4;
  var bias_here = vec4f();
  if (HAS_BIAS) { bias_here = dx_bias4[column4]; }
  let at = row * columns4 + column4;
  dx4[at] = activate4(first + bias_here);
  if (row + 1 < rows) { dx4[at + columns4] = activate4(second + bias_here); }
  if (row + 2 < rows) { dx4[at + 2 * columns4] = activate4(third + bias_here); }
  if (row + 3 < rows) { dx4[at + 3 * columns4] = activate4(fourth + bias_here); }
}

// Blocks of one slice follow those of the one before.
@compute @workgroup_size(64)
fn conv2d_grad_filter_register(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let channels4 = params.channels / 4;
  let columns4 = params.out_channels / 4;
  let rows4 = params.kernel_height * params.kernel_width * channels4;
  let blocks_across = (columns4 + 1) / 2;
  let block = flat_thread(group_id, group_count, thread);
  let slice = block / (blocks_across * rows4);
  if (slice >= params.slices) { return; }
  let row4 = block / blocks_across % rows4;
  let left = block % blocks_across * 2;
  let right_step = min(left + 1, columns4 - 1) - left;
  let channel4 = row4 % channels4;
  let tap = row4 / channels4;
  let tap_h = i32(tap / params.kernel_width * params.dilation_height) - i32(params.pad_top);
  let tap_w = i32(tap % params.kernel_width * params.dilation_width) - i32(params.pad_left);
  let first_line = slice * params.lines_per_slice;
  let end_line = min(first_line + params.lines_per_slice, params.batch * params.out_height);

  var sums = Block();
  var start = 0u;
  var x_line = 0u;
  var inside_line = vec4<bool>();
  var line = first_line;
  var image = line / params.out_height;
  var out_h = line % params.out_height;
  while (line < end_line) {
    if (start == 0) {
      let h = source(i32(out_h * params.stride_height) + tap_h, params.height);
      inside_line = vec4<bool>(h < params.height);
      x_line = (image * params.height + h) * params.width;
    }
    let out_w = start + FOUR;
    let w = source4(vec4i(out_w * params.stride_width) + tap_w, params.width);
    let inside = inside_line & (w < vec4u(params.width)) & (out_w < vec4u(params.out_width));
    let x_at = select(vec4u(), (x_line + w) * channels4 + channel4, inside);
    let dy_at = (line * params.out_width + min(out_w, vec4u(params.out_width - 1))) * columns4 + left;
    let right_at = dy_at + right_step;
    add_outer_product(&sums, select(vec4f(), x4[x_at.x], inside.x), dy4[dy_at.x], dy4[right_at.x]);
    add_outer_product(&sums, select(vec4f(), x4[x_at.y], inside.y), dy4[dy_at.y], dy4[right_at.y]);
    add_outer_product(&sums, select(vec4f(), x4[x_at.z], inside.z), dy4[dy_at.z], dy4[right_at.z]);
    add_outer_product(&sums, select(vec4f(), x4[x_at.w], inside.w), dy4[dy_at.w], dy4[right_at.w]);
    start += 4;
    if (start >= params.out_width) {
      start = 0;
      line++;
      out_h++;
      if (out_h == params.out_height) {
        out_h = 0;
        image++;
      }
    }
  }
  store_filter_gradients(slice, row4 * 4, left, sums.left0, sums.left1, sums.left2, sums.left3);
  if (right_step == 1) {
    store_filter_gradients(slice, row4 * 4, left + 1, sums.right0, sums.right1, sums.right2, sums.right3);
  }
}

fn store_filter_gradients(
  slice: u32, row: u32, column4: u32, first: vec4f, second: vec4f, third: vec4f, fourth: vec4f,
) {
  let rows = params.kernel_height * params.kernel_width * params.channels;
  let columns4 = params.out_channels / 4;
  let at = (slice * rows + row) * columns4 + column4;
  dw4[at] = first;
  if (row + 1 < rows) { dw4[at + columns4] = second; }
  if (row + 2 < rows) { dw4[at + 2 * columns4] = third; }
  if (row + 3 < rows) { dw4[at + 3 * columns4] = fourth; }
}

// ---------------------------------------------------------------------------------------------------------------
// 3. The same blocks with pixels read one number at a time.

@compute @workgroup_size(64)
fn conv2d_register_thin(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let columns4 = params.out_channels / 4;
  let blocks_across = (columns4 + 1) / 2;
  let block = flat_thread(group_id, group_count, thread);
  let row = block / blocks_across * 4;
  if (row >= params.batch * params.out_height * params.out_width) { return; }
  let left = block % blocks_across * 2;
  let right_step = min(left + 1, columns4 - 1) - left;
  let windows = find_windows(row);

  var sums = Block();
  var weights_at = left;
  var tap = FIRST_TAP;
  var at = vec4u();
  var inside = vec4<bool>();
  for (var term = 0u; term < params.kernel_height * params.kernel_width * params.channels; term++) {
    if (tap.channel == 0) {
      let h = source4(windows.top + i32(tap.h * params.dilation_height), params.height);
      let w = source4(windows.left + i32(tap.w * params.dilation_width), params.width);
      inside = (h < vec4u(params.height)) & (w < vec4u(params.width));
      at = select(vec4u(), (windows.image + h * params.width + w) * params.channels, inside);
    }
    let pixels = select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
    add_outer_product(&sums, pixels, weights4[weights_at], weights4[weights_at + right_step]);
    weights_at += columns4;
    at += vec4u(1);
    tap = next_tap(tap, params.channels);
  }
  store_outputs(row, left, sums.left0, sums.left1, sums.left2, sums.left3);
  if (right_step == 1) { store_outputs(row, left + 1, sums.right0, sums.right1, sums.right2, sums.right3); }
}

@compute @workgroup_size(64)
fn conv2d_grad_filter_register_thin(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let columns4 = params.out_channels / 4;
  let all_rows = params.kernel_height * params.kernel_width * params.channels;
  let blocks_down = (all_rows + 3) / 4;
  let blocks_across = (columns4 + 1) / 2;
  let block = flat_thread(group_id, group_count, thread);
  let slice = block / (blocks_across * blocks_down);
  if (slice >= params.slices) { return; }
  let row = block / blocks_across % blocks_down * 4;
  let left = block % blocks_across * 2;
  let right_step = min(left + 1, columns4 - 1) - left;
  let rows = min(row + FOUR, vec4u(all_rows - 1));
  let taps = rows / params.channels;
  let channels = rows - taps * params.channels;
  let tap_h = vec4i(taps / params.kernel_width * params.dilation_height) - i32(params.pad_top);
  let tap_w = vec4i(taps % params.kernel_width * params.dilation_width) - i32(params.pad_left);
  let first_line = slice * params.lines_per_slice;
  let end_line = min(first_line + params.lines_per_slice, params.batch * params.out_height);

  var sums = Block();
  var start = 0u;
  var x_line = vec4u();
  var inside_line = vec4<bool>();
  var line = first_line;
  var image = line / params.out_height;
  var out_h = line % params.out_height;
  while (line < end_line) {
    if (start == 0) {
      let h = source4(i32(out_h * params.stride_height) + tap_h, params.height);
      inside_line = h < vec4u(params.height);
      x_line = (image * params.height + h) * params.width;
    }
    let dy_at = (line * params.out_width + min(start + FOUR, vec4u(params.out_width - 1))) * columns4 + left;
    let right_at = dy_at + right_step;
    let pixels0 = read_pixels(x_line, tap_w, channels, start, inside_line);
    let pixels1 = read_pixels(x_line, tap_w, channels, start + 1, inside_line);
    let pixels2 = read_pixels(x_line, tap_w, channels, start + 2, inside_line);
    let pixels3 = read_pixels(x_line, tap_w, channels, start + 3, inside_line);
    add_outer_product(&sums, pixels0, dy4[dy_at.x], dy4[right_at.x]);
    add_outer_product(&sums, pixels1, dy4[dy_at.y], dy4[right_at.y]);
    add_outer_product(&sums, pixels2, dy4[dy_at.z], dy4[right_at.z]);
    add_outer_product(&sums, pixels3, dy4[dy_at.w], dy4[right_at.w]);
    start += 4;
    if (start >= params.out_width) {
      start = 0;
      line++;
      out_h++;
      if (out_h == params.out_height) {
        out_h = 0;
        image++;
      }
    }
  }
  store_filter_gradients(slice, row, left, sums.left0, sums.left1, sums.left2, sums.left3);
  if (right_step == 1) {
    store_filter_gradients(slice, row, left + 1, sums.right0, sums.right1, sums.right2, sums.right3);
  }
}

// What four taps see of an output pixel's window.
fn read_pixels(x_line: vec4u, tap_w: vec4i, channels: vec4u, out_w: u32, inside_line: vec4<bool>) -> vec4f {
  let w = source4(i32(out_w * params.stride_width) + tap_w, params.width);
  let inside = inside_line & (w < vec4u(params.width)) & vec4<bool>(out_w < params.out_width);
  let at = select(vec4u(), (x_line + w) * params.channels + channels, inside);
  return select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}
