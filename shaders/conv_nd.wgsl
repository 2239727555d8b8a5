// Convolution in general: one to three spatial axes, groups, depthwise, every padding mode; and its two gradients.
//
//   forward      y[n, p, o]  = activate( sum over k, c of x[n, i, first(o) + c] * weights[k, c, o]  +  bias[o] )
//   grad_input   dx[n, i, c] = activate( sum over k, o of c's group of dy[n, p, o] * weights[k, c % group_channels, o]
//                              +  dx_bias[c] ), with bias and activation where it is a transposed convolution's forward
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
//   dw       [slices, like weights]: as in conv2d.wgsl the output lines may be cut into slices, added by a second pass
//   bias     [out_channels], dx_bias [channels] when HAS_BIAS; otherwise any read-only buffer
//
//   1  conv_nd, conv_nd_grad_input, conv_nd_grad_filter        one thread, one output; any shape
//   2  ..._block      a thread keeps 4 rows x 4 columns: group_channels % 4 == 0 and out_channels / groups % 4 == 0
//   3  ..._depthwise  a thread keeps 4 channels (of 4 pixels): groups == channels == out_channels, channels % 4 == 0
//
// A workgroup computes 64 consecutive outputs, or blocks of them, along channels first.

// @import lib/activation.wgsl
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
  slices: u32, // grad_filter only; 1 elsewhere
  lines_per_slice: u32, // slices * lines_per_slice >= batch * out_depth * out_height
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
@group(0) @binding(1) var<storage, read> dx_bias: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(4) var<storage, read_write> dw: array<f32>;
@group(0) @binding(1) var<storage, read> partial: array<f32>; // dw with all its slices, read by the second pass

// The same buffers, four numbers an element.
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(1) var<storage, read> dx_bias4: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dx4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dw4: array<vec4f>;

// @hook
fn activate(x: f32) -> f32 { return x; }
// @hook
fn activate4(x: vec4f) -> vec4f { return x; }

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

// ---------------------------------------------------------------------------------------------------------------
// 1. One thread, one output.

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
  if (HAS_BIAS) { sum += dx_bias[c]; }
  dx[index] = activate(sum);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_grad_filter(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  let group_channels = params.channels / params.groups;
  let size = taps() * group_channels * params.out_channels;
  let slice = index / size;
  if (slice >= params.slices) { return; }
  let o = index % params.out_channels;
  let row = index % size / params.out_channels;
  let channel = o / (params.out_channels / params.groups) * group_channels + row % group_channels;
  let tap = row / group_channels;
  let kh = tap / params.kernel_width % params.kernel_height;
  let kd = tap / params.kernel_width / params.kernel_height;
  let tap_d = i32(kd * params.dilation_depth) - i32(params.pad_front);
  let tap_h = i32(kh * params.dilation_height) - i32(params.pad_top);
  let tap_w = i32(tap % params.kernel_width * params.dilation_width) - i32(params.pad_left);
  let first_line = slice * params.lines_per_slice;
  let end_line = min(first_line + params.lines_per_slice, params.batch * params.out_depth * params.out_height);
  var sum = 0.0;
  for (var line = first_line; line < end_line; line++) {
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

// Second pass: each thread adds the slices of one weight, in the slices' order. `partial` is dw of the first pass.
@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_grad_filter_sum(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  let size = taps() * (params.channels / params.groups) * params.out_channels;
  if (index >= size) { return; }
  var sum = 0.0;
  for (var slice = 0u; slice < params.slices; slice++) {
    sum += partial[slice * size + index];
  }
  dw[index] = sum;
}

// ---------------------------------------------------------------------------------------------------------------
// What 2 and 3 share: four neighbouring rows of the result (positions, or pixels) at once. The last rows repeat at the
// end of the list and are not stored.

const FOUR: vec4u = vec4u(0, 1, 2, 3);

struct Place {
  image: vec4u,
  d: vec4u,
  h: vec4u,
  w: vec4u,
}

fn find_place(row: u32, rows: u32, depth: u32, height: u32, width: u32) -> Place {
  let all = min(row + FOUR, vec4u(rows - 1));
  let lines = all / width;
  let planes = lines / height;
  let images = planes / depth;
  return Place(images, planes - images * depth, lines - planes * height, all - lines * width);
}

// A tap of the window, and of which copy of the pixel.
struct Tap {
  kd: u32,
  kh: u32,
  kw: u32,
  number_d: u32,
  number_h: u32,
  number_w: u32,
}

fn next_tap(tap: Tap) -> Tap {
  var next = tap;
  next.kw++;
  if (next.kw == params.kernel_width) { next.kw = 0; next.kh++; }
  if (next.kh == params.kernel_height) { next.kh = 0; next.kd++; }
  return next;
}

fn next_copy(tap: Tap) -> Tap {
  var next = next_tap(tap);
  if (next.kd == params.kernel_depth) { next.kd = 0; next.number_w++; }
  if (next.number_w == params.copies_width) { next.number_w = 0; next.number_h++; }
  if (next.number_h == params.copies_height) { next.number_h = 0; next.number_d++; }
  return next;
}

// Four pixels of x in the order of memory, or of dy; `inside` says which exist.
struct Found {
  at: vec4u,
  inside: vec4<bool>,
}

// What four windows see under a tap.
fn find_pixels(place: Place, tap: Tap) -> Found {
  let d = source4(vec4i(place.d * params.stride_depth + tap.kd * params.dilation_depth) - i32(params.pad_front), params.depth);
  let h = source4(vec4i(place.h * params.stride_height + tap.kh * params.dilation_height) - i32(params.pad_top), params.height);
  let w = source4(vec4i(place.w * params.stride_width + tap.kw * params.dilation_width) - i32(params.pad_left), params.width);
  let inside = (d < vec4u(params.depth)) & (h < vec4u(params.height)) & (w < vec4u(params.width));
  let at = ((place.image * params.depth + d) * params.height + h) * params.width + w;
  return Found(select(vec4u(), at, inside), inside);
}

// The windows that see four pixels, or one copy of them, under a tap.
fn find_windows(place: Place, tap: Tap) -> Found {
  let padded_d = copy_position4(vec4i(place.d), params.depth, tap.number_d, params.pad_front);
  let padded_h = copy_position4(vec4i(place.h), params.height, tap.number_h, params.pad_top);
  let padded_w = copy_position4(vec4i(place.w), params.width, tap.number_w, params.pad_left);
  let from_d = padded_d + i32(params.pad_front) - i32(tap.kd * params.dilation_depth);
  let from_h = padded_h + i32(params.pad_top) - i32(tap.kh * params.dilation_height);
  let from_w = padded_w + i32(params.pad_left) - i32(tap.kw * params.dilation_width);
  let od = quotient(from_d, params.stride_depth);
  let oh = quotient(from_h, params.stride_height);
  let ow = quotient(from_w, params.stride_width);
  let inside = (od * i32(params.stride_depth) == from_d) & (vec4u(od) < vec4u(params.out_depth)) &
    (oh * i32(params.stride_height) == from_h) & (vec4u(oh) < vec4u(params.out_height)) &
    (ow * i32(params.stride_width) == from_w) & (vec4u(ow) < vec4u(params.out_width));
  let plane = place.image * params.out_depth + vec4u(od);
  let at = (plane * params.out_height + vec4u(oh)) * params.out_width + vec4u(ow);
  return Found(select(vec4u(), at, inside), inside);
}

// Exact where `stride` divides the value and any number elsewhere: callers multiply back and compare.
fn quotient(values: vec4i, stride: u32) -> vec4i {
  return vec4i(round(vec4f(values) / f32(stride)));
}

fn store_outputs(row: u32, column4: u32, first: vec4f, second: vec4f, third: vec4f, fourth: vec4f) {
  let columns4 = params.out_channels / 4;
  let rows = positions();
  var bias_here = vec4f();
  if (HAS_BIAS) { bias_here = bias4[column4]; }
  let at = row * columns4 + column4;
  y4[at] = activate4(first + bias_here);
  if (row + 1 < rows) { y4[at + columns4] = activate4(second + bias_here); }
  if (row + 2 < rows) { y4[at + 2 * columns4] = activate4(third + bias_here); }
  if (row + 3 < rows) { y4[at + 3 * columns4] = activate4(fourth + bias_here); }
}

fn store_input_gradients(row: u32, column4: u32, first: vec4f, second: vec4f, third: vec4f, fourth: vec4f) {
  let columns4 = params.channels / 4;
  let rows = pixels();
  var bias_here = vec4f();
  if (HAS_BIAS) { bias_here = dx_bias4[column4]; }
  let at = row * columns4 + column4;
  dx4[at] = activate4(first + bias_here);
  if (row + 1 < rows) { dx4[at + columns4] = activate4(second + bias_here); }
  if (row + 2 < rows) { dx4[at + 2 * columns4] = activate4(third + bias_here); }
  if (row + 3 < rows) { dx4[at + 3 * columns4] = activate4(fourth + bias_here); }
}

// ---------------------------------------------------------------------------------------------------------------
// 2. Blocks of 4 rows x 4 columns: 8 times four numbers loaded serve 64 multiply-adds.

struct Block {
  row0: vec4f, row1: vec4f, row2: vec4f, row3: vec4f,
}

fn add_outer_product(sums: ptr<function, Block>, rows: vec4f, columns: vec4f) {
  (*sums).row0 = fma(vec4f(rows.x), columns, (*sums).row0);
  (*sums).row1 = fma(vec4f(rows.y), columns, (*sums).row1);
  (*sums).row2 = fma(vec4f(rows.z), columns, (*sums).row2);
  (*sums).row3 = fma(vec4f(rows.w), columns, (*sums).row3);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_block(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  let columns4 = params.out_channels / 4;
  let row = index / columns4 * 4;
  if (row >= positions()) { return; }
  let column4 = index % columns4;
  let channels4 = params.channels / 4;
  let group_channels4 = channels4 / params.groups;
  let first_channel4 = column4 * 4 / (params.out_channels / params.groups) * group_channels4;
  let place = find_place(row, positions(), params.out_depth, params.out_height, params.out_width);

  var sums = Block();
  var weights_at = column4;
  var tap = Tap();
  var found = Found();
  var channel = 0u;
  for (var term = 0u; term < taps() * group_channels4; term++) {
    if (channel == 0) {
      found = find_pixels(place, tap);
      found.at = found.at * channels4 + first_channel4;
    }
    let pixels4 = transpose(mat4x4f(
      select(vec4f(), x4[found.at.x], found.inside.x), select(vec4f(), x4[found.at.y], found.inside.y),
      select(vec4f(), x4[found.at.z], found.inside.z), select(vec4f(), x4[found.at.w], found.inside.w),
    ));
    add_outer_product(&sums, pixels4[0], weights4[weights_at]);
    add_outer_product(&sums, pixels4[1], weights4[weights_at + columns4]);
    add_outer_product(&sums, pixels4[2], weights4[weights_at + 2 * columns4]);
    add_outer_product(&sums, pixels4[3], weights4[weights_at + 3 * columns4]);
    weights_at += 4 * columns4;
    found.at += vec4u(1);
    channel++;
    if (channel == group_channels4) {
      channel = 0;
      tap = next_tap(tap);
    }
  }
  store_outputs(row, column4, sums.row0, sums.row1, sums.row2, sums.row3);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_grad_input_block(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  let columns4 = params.channels / 4;
  let row = index / columns4 * 4;
  if (row >= pixels()) { return; }
  let column4 = index % columns4;
  let outputs4 = params.out_channels / 4;
  let group_channels = params.channels / params.groups;
  let group_outputs4 = outputs4 / params.groups;
  let group = column4 * 4 / group_channels;
  let place = find_place(row, pixels(), params.depth, params.height, params.width);
  let first_weights = (column4 * 4 - group * group_channels + FOUR) * outputs4 + group * group_outputs4;

  var sums = Block();
  var tap = Tap();
  for (var step = 0u; step < taps() * copies(); step++) {
    var found = find_windows(place, tap);
    found.at = found.at * outputs4 + group * group_outputs4;
    let number = (tap.kd * params.kernel_height + tap.kh) * params.kernel_width + tap.kw;
    var weights_at = first_weights + number * group_channels * outputs4;
    for (var term = 0u; term < group_outputs4; term++) {
      let gradients = transpose(mat4x4f(
        select(vec4f(), dy4[found.at.x], found.inside.x), select(vec4f(), dy4[found.at.y], found.inside.y),
        select(vec4f(), dy4[found.at.z], found.inside.z), select(vec4f(), dy4[found.at.w], found.inside.w),
      ));
      let columns = transpose(mat4x4f(
        weights4[weights_at.x], weights4[weights_at.y], weights4[weights_at.z], weights4[weights_at.w],
      ));
      add_outer_product(&sums, gradients[0], columns[0]);
      add_outer_product(&sums, gradients[1], columns[1]);
      add_outer_product(&sums, gradients[2], columns[2]);
      add_outer_product(&sums, gradients[3], columns[3]);
      found.at += vec4u(1);
      weights_at += vec4u(1);
    }
    tap = next_copy(tap);
  }
  store_input_gradients(row, column4, sums.row0, sums.row1, sums.row2, sums.row3);
}

// The lines of one slice, and where a tap finds them in x.
struct Lines {
  line: u32,
  end: u32,
  tap: Tap,
}

fn find_lines(slice: u32, number: u32) -> Lines {
  let first = slice * params.lines_per_slice;
  let kh = number / params.kernel_width % params.kernel_height;
  let kd = number / params.kernel_width / params.kernel_height;
  return Lines(
    first, min(first + params.lines_per_slice, params.batch * params.out_depth * params.out_height),
    Tap(kd, kh, number % params.kernel_width, 0, 0, 0),
  );
}

// What the windows at four columns of a line see; columns beyond the line see nothing.
fn find_columns(line: u32, start: u32, tap: Tap) -> Found {
  let plane = line / params.out_height;
  let image = plane / params.out_depth;
  let columns = start + FOUR;
  let found = find_pixels(
    Place(vec4u(image), vec4u(plane - image * params.out_depth), vec4u(line - plane * params.out_height), columns), tap,
  );
  let inside = found.inside & (columns < vec4u(params.out_width));
  return Found(select(vec4u(), found.at, inside), inside);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_grad_filter_block(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  let columns4 = params.out_channels / 4;
  let channels4 = params.channels / 4;
  let group_channels4 = channels4 / params.groups;
  let rows4 = taps() * group_channels4;
  let slice = index / (rows4 * columns4);
  if (slice >= params.slices) { return; }
  let column4 = index % columns4;
  let row4 = index / columns4 % rows4;
  let channel4 = column4 * 4 / (params.out_channels / params.groups) * group_channels4 + row4 % group_channels4;
  let lines = find_lines(slice, row4 / group_channels4);

  var sums = Block();
  for (var line = lines.line; line < lines.end; line++) {
    for (var start = 0u; start < params.out_width; start += 4) {
      let found = find_columns(line, start, lines.tap);
      let x_at = found.at * channels4 + channel4;
      let dy_at = (line * params.out_width + min(start + FOUR, vec4u(params.out_width - 1))) * columns4 + column4;
      add_outer_product(&sums, select(vec4f(), x4[x_at.x], found.inside.x), dy4[dy_at.x]);
      add_outer_product(&sums, select(vec4f(), x4[x_at.y], found.inside.y), dy4[dy_at.y]);
      add_outer_product(&sums, select(vec4f(), x4[x_at.z], found.inside.z), dy4[dy_at.z]);
      add_outer_product(&sums, select(vec4f(), x4[x_at.w], found.inside.w), dy4[dy_at.w]);
    }
  }
  let at = (slice * rows4 + row4) * 4 * columns4 + column4;
  dw4[at] = sums.row0;
  dw4[at + columns4] = sums.row1;
  dw4[at + 2 * columns4] = sums.row2;
  dw4[at + 3 * columns4] = sums.row3;
}

// ---------------------------------------------------------------------------------------------------------------
// 3. Depthwise: every channel has a filter of its own, weights [taps, channels]. Four channels of four pixels a thread.

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_depthwise(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  let columns4 = params.channels / 4;
  let row = index / columns4 * 4;
  if (row >= positions()) { return; }
  let column4 = index % columns4;
  let place = find_place(row, positions(), params.out_depth, params.out_height, params.out_width);
  var sums = Block();
  var tap = Tap();
  for (var number = 0u; number < taps(); number++) {
    let found = find_pixels(place, tap);
    let at = found.at * columns4 + column4;
    let weight = weights4[number * columns4 + column4];
    sums.row0 = fma(select(vec4f(), x4[at.x], found.inside.x), weight, sums.row0);
    sums.row1 = fma(select(vec4f(), x4[at.y], found.inside.y), weight, sums.row1);
    sums.row2 = fma(select(vec4f(), x4[at.z], found.inside.z), weight, sums.row2);
    sums.row3 = fma(select(vec4f(), x4[at.w], found.inside.w), weight, sums.row3);
    tap = next_tap(tap);
  }
  store_outputs(row, column4, sums.row0, sums.row1, sums.row2, sums.row3);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_grad_input_depthwise(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  let columns4 = params.channels / 4;
  let row = index / columns4 * 4;
  if (row >= pixels()) { return; }
  let column4 = index % columns4;
  let place = find_place(row, pixels(), params.depth, params.height, params.width);
  var sums = Block();
  var tap = Tap();
  for (var step = 0u; step < taps() * copies(); step++) {
    let found = find_windows(place, tap);
    let at = found.at * columns4 + column4;
    let number = (tap.kd * params.kernel_height + tap.kh) * params.kernel_width + tap.kw;
    let weight = weights4[number * columns4 + column4];
    sums.row0 = fma(select(vec4f(), dy4[at.x], found.inside.x), weight, sums.row0);
    sums.row1 = fma(select(vec4f(), dy4[at.y], found.inside.y), weight, sums.row1);
    sums.row2 = fma(select(vec4f(), dy4[at.z], found.inside.z), weight, sums.row2);
    sums.row3 = fma(select(vec4f(), dy4[at.w], found.inside.w), weight, sums.row3);
    tap = next_copy(tap);
  }
  store_input_gradients(row, column4, sums.row0, sums.row1, sums.row2, sums.row3);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_grad_filter_depthwise(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = flat_index(thread, grid, GROUP_SIZE);
  let columns4 = params.channels / 4;
  let slice = index / (taps() * columns4);
  if (slice >= params.slices) { return; }
  let column4 = index % columns4;
  let lines = find_lines(slice, index / columns4 % taps());
  var sum = vec4f();
  for (var line = lines.line; line < lines.end; line++) {
    for (var start = 0u; start < params.out_width; start += 4) {
      let found = find_columns(line, start, lines.tap);
      let x_at = found.at * columns4 + column4;
      let dy_at = (line * params.out_width + min(start + FOUR, vec4u(params.out_width - 1))) * columns4 + column4;
      sum = fma(select(vec4f(), x4[x_at.x], found.inside.x), dy4[dy_at.x], sum);
      sum = fma(select(vec4f(), x4[x_at.y], found.inside.y), dy4[dy_at.y], sum);
      sum = fma(select(vec4f(), x4[x_at.z], found.inside.z), dy4[dy_at.z], sum);
      sum = fma(select(vec4f(), x4[x_at.w], found.inside.w), dy4[dy_at.w], sum);
    }
  }
  dw4[index] = sum;
}
