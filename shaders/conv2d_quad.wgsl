// Two-dimensional convolution and its two gradients by quad rotation, for devices with subgroups. Formulas, buffers,
// Params and slices are those of conv2d.wgsl; the multiplication is that of matmul_quad.wgsl:
//
// Each of the three is a matrix product whose left matrix is never written: its elements are found in the image as they
// are needed. Four neighbouring invocations, a quad, compute a 16 x 16 tile of the result. Lane l loads four rows of the
// left matrix and four columns of the right one and multiplies them; then the quad's lanes trade their columns (swap
// X, Y, diagonal), so that every lane meets all sixteen columns having loaded four. A workgroup holds
// WORKGROUP_SIZE / 4 quads with consecutive tiles, along columns first. Lanes beyond an edge repeat the last row or
// column, for quad operations need all four lanes, and do not store.
//
//   entry                          rows of the result                     columns         terms summed
//   conv2d_quad                    batch * out_height * out_width         out_channels    taps * channels
//   conv2d_quad_thin               the same
//   conv2d_grad_input_quad         batch * height * width                 channels        taps * out_channels
//   conv2d_grad_filter_quad        taps * channels                        out_channels    batch * out_height * out_width
//   conv2d_grad_filter_quad_thin   the same
//
// where taps = kernel_height * kernel_width. They read four numbers at a time, which needs channels % 4 == 0 and
// out_channels % 4 == 0; the thin ones read pixels one number at a time, and need only out_channels % 4 == 0.

enable subgroups;

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

const WORKGROUP_SIZE: u32 = 64; // a multiple of the subgroup size, or a smaller multiple of 4
const HAS_BIAS: bool = false;
const PADDED: bool = true; // false spares forward the tests, where no window reaches beyond its image

@group(0) @binding(0) var<uniform> params: Params;

// Forward reads x, weights and bias and writes y; without bias, bind weights there. The gradient of the input reads dy,
// weights and dx_bias (the same) and writes dx; that of the filter reads x and dy and writes dw. Names ending in 4 hold four numbers an element.
@group(0) @binding(1) var<storage, read> x4: array<vec4f>; // [batch, height, width, channels]
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weights4: array<vec4f>; // [kernel_height, kernel_width, channels, out_channels]
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>; // [out_channels]
@group(0) @binding(3) var<storage, read> dy4: array<vec4f>; // [batch, out_height, out_width, out_channels]
@group(0) @binding(1) var<storage, read> dx_bias4: array<vec4f>; // [channels], of a transposed convolution
@group(0) @binding(4) var<storage, read_write> y4: array<vec4f>; // like dy
@group(0) @binding(4) var<storage, read_write> dx4: array<vec4f>; // like x
@group(0) @binding(4) var<storage, read_write> dw4: array<vec4f>; // [slices, like weights]

// @hook
fn activate4(x: vec4f) -> vec4f { return x; }

// One lane's share of the tile: its four rows (x, y, z, w) against its own four columns and those of its neighbours
// across the quad's X, Y and diagonal. Lane l's neighbour is lane l ^ 1, l ^ 2, l ^ 3.
struct Sums {
  own_x: vec4f, own_y: vec4f, own_z: vec4f, own_w: vec4f,
  across_x: vec4f, across_y: vec4f, across_z: vec4f, across_w: vec4f,
  down_x: vec4f, down_y: vec4f, down_z: vec4f, down_w: vec4f,
  diagonal_x: vec4f, diagonal_y: vec4f, diagonal_z: vec4f, diagonal_w: vec4f,
}

// Adds the outer product of this lane's four rows with all sixteen columns at one term.
fn add_outer_product(sums: ptr<function, Sums>, rows: vec4f, own: vec4f) {
  let across = quadSwapX(own);
  let down = quadSwapY(own);
  let diagonal = quadSwapDiagonal(own);
  (*sums).own_x = fma(vec4f(rows.x), own, (*sums).own_x);
  (*sums).own_y = fma(vec4f(rows.y), own, (*sums).own_y);
  (*sums).own_z = fma(vec4f(rows.z), own, (*sums).own_z);
  (*sums).own_w = fma(vec4f(rows.w), own, (*sums).own_w);
  (*sums).across_x = fma(vec4f(rows.x), across, (*sums).across_x);
  (*sums).across_y = fma(vec4f(rows.y), across, (*sums).across_y);
  (*sums).across_z = fma(vec4f(rows.z), across, (*sums).across_z);
  (*sums).across_w = fma(vec4f(rows.w), across, (*sums).across_w);
  (*sums).down_x = fma(vec4f(rows.x), down, (*sums).down_x);
  (*sums).down_y = fma(vec4f(rows.y), down, (*sums).down_y);
  (*sums).down_z = fma(vec4f(rows.z), down, (*sums).down_z);
  (*sums).down_w = fma(vec4f(rows.w), down, (*sums).down_w);
  (*sums).diagonal_x = fma(vec4f(rows.x), diagonal, (*sums).diagonal_x);
  (*sums).diagonal_y = fma(vec4f(rows.y), diagonal, (*sums).diagonal_y);
  (*sums).diagonal_z = fma(vec4f(rows.z), diagonal, (*sums).diagonal_z);
  (*sums).diagonal_w = fma(vec4f(rows.w), diagonal, (*sums).diagonal_w);
}

// The number of this invocation's quad. A grid may have only 65535 workgroups along one side, so they fold into rows.
fn find_quad(group_id: vec3u, group_count: vec3u, thread: u32) -> u32 {
  return (group_id.y * group_count.x + group_id.x) * (WORKGROUP_SIZE / 4) + thread / 4;
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

// ---------------------------------------------------------------------------------------------------------------
// Forward. Rows are output pixels, columns output channels, terms the window's taps times channels.

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

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv2d_quad(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let channels4 = params.channels / 4;
  let columns4 = params.out_channels / 4;
  let tiles_across = (columns4 + 3) / 4;
  let quad = find_quad(group_id, group_count, thread);
  let lane = thread % 4;
  let row = quad / tiles_across * 16 + lane * 4;
  let tile_column = quad % tiles_across * 4;
  let windows = find_windows(row);

  var sums = Sums();
  var weights_at = min(tile_column + lane, columns4 - 1);
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
    add_outer_product(&sums, pixels[0], weights4[weights_at]);
    add_outer_product(&sums, pixels[1], weights4[weights_at + columns4]);
    add_outer_product(&sums, pixels[2], weights4[weights_at + 2 * columns4]);
    add_outer_product(&sums, pixels[3], weights4[weights_at + 3 * columns4]);
    weights_at += 4 * columns4;
    at += vec4u(1);
    tap = next_tap(tap, channels4);
  }
  store_outputs(row, tile_column + lane, sums.own_x, sums.own_y, sums.own_z, sums.own_w);
  store_outputs(row, tile_column + (lane ^ 1), sums.across_x, sums.across_y, sums.across_z, sums.across_w);
  store_outputs(row, tile_column + (lane ^ 2), sums.down_x, sums.down_y, sums.down_z, sums.down_w);
  store_outputs(row, tile_column + (lane ^ 3), sums.diagonal_x, sums.diagonal_y, sums.diagonal_z, sums.diagonal_w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv2d_quad_thin(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let columns4 = params.out_channels / 4;
  let tiles_across = (columns4 + 3) / 4;
  let quad = find_quad(group_id, group_count, thread);
  let lane = thread % 4;
  let row = quad / tiles_across * 16 + lane * 4;
  let tile_column = quad % tiles_across * 4;
  let windows = find_windows(row);

  var sums = Sums();
  var weights_at = min(tile_column + lane, columns4 - 1);
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
    add_outer_product(&sums, pixels, weights4[weights_at]);
    weights_at += columns4;
    at += vec4u(1);
    tap = next_tap(tap, params.channels);
  }
  store_outputs(row, tile_column + lane, sums.own_x, sums.own_y, sums.own_z, sums.own_w);
  store_outputs(row, tile_column + (lane ^ 1), sums.across_x, sums.across_y, sums.across_z, sums.across_w);
  store_outputs(row, tile_column + (lane ^ 2), sums.down_x, sums.down_y, sums.down_z, sums.down_w);
  store_outputs(row, tile_column + (lane ^ 3), sums.diagonal_x, sums.diagonal_y, sums.diagonal_z, sums.diagonal_w);
}

// Stores four rows of four columns, as far as they exist.
fn store_outputs(row: u32, column4: u32, x: vec4f, y: vec4f, z: vec4f, w: vec4f) {
  let rows = params.batch * params.out_height * params.out_width;
  let columns4 = params.out_channels / 4;
  if (column4 >= columns4) { return; }
  var bias_here = vec4f();
  if (HAS_BIAS) { bias_here = bias4[column4]; }
  let at = row * columns4 + column4;
  if (row < rows) { y4[at] = activate4(x + bias_here); }
  if (row + 1 < rows) { y4[at + columns4] = activate4(y + bias_here); }
  if (row + 2 < rows) { y4[at + 2 * columns4] = activate4(z + bias_here); }
  if (row + 3 < rows) { y4[at + 3 * columns4] = activate4(w + bias_here); }
}

// ---------------------------------------------------------------------------------------------------------------
// Gradient of the input. Rows are input pixels, columns input channels, terms the taps times output channels. An input
// pixel gathers from the output pixels whose windows hold it: under tap (kh, kw) at most one.

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv2d_grad_input_quad(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let columns4 = params.channels / 4;
  let terms4 = params.out_channels / 4;
  let tiles_across = (columns4 + 3) / 4;
  let quad = find_quad(group_id, group_count, thread);
  let lane = thread % 4;
  let row = quad / tiles_across * 16 + lane * 4;
  let tile_column = quad % tiles_across * 4;

  let rows = min(row + FOUR, vec4u(params.batch * params.height * params.width - 1));
  let lines = rows / params.width;
  let images = lines / params.height;
  let h = vec4i(lines - images * params.height);
  let w = vec4i(rows - lines * params.width);
  let first_pixel = images * (params.out_height * params.out_width);

  var sums = Sums();
  var weights_at = (min(tile_column + lane, columns4 - 1) * 4 + FOUR) * terms4; // of the lane's four channels
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
      let taps = transpose(mat4x4f(
        weights4[weights_at.x], weights4[weights_at.y], weights4[weights_at.z], weights4[weights_at.w],
      ));
      add_outer_product(&sums, gradients[0], taps[0]);
      add_outer_product(&sums, gradients[1], taps[1]);
      add_outer_product(&sums, gradients[2], taps[2]);
      add_outer_product(&sums, gradients[3], taps[3]);
      at += vec4u(1);
      weights_at += vec4u(1);
    }
    weights_at += vec4u((params.channels - 1) * terms4);
    kw++;
    if (kw == params.kernel_width) {
      kw = 0;
      kh++;
    }
    if (kh == params.kernel_height) {
      kh = 0;
      weights_at -= vec4u(taps_of_copy * params.channels * terms4);
      copy_w++;
    }
    if (copy_w == params.copies_width) {
      copy_w = 0;
      copy_h++;
    }
  }
  store_input_gradients(row, tile_column + lane, sums.own_x, sums.own_y, sums.own_z, sums.own_w);
  store_input_gradients(row, tile_column + (lane ^ 1), sums.across_x, sums.across_y, sums.across_z, sums.across_w);
  store_input_gradients(row, tile_column + (lane ^ 2), sums.down_x, sums.down_y, sums.down_z, sums.down_w);
  store_input_gradients(row, tile_column + (lane ^ 3), sums.diagonal_x, sums.diagonal_y, sums.diagonal_z, sums.diagonal_w);
}

fn store_input_gradients(row: u32, column4: u32, x: vec4f, y: vec4f, z: vec4f, w: vec4f) {
  let rows = params.batch * params.height * params.width;
  let columns4 = params.channels / 4;
  if (column4 >= columns4) { return; }
  var bias_here = vec4f();
  if (HAS_BIAS) { bias_here = dx_bias4[column4]; }
  let at = row * columns4 + column4;
  if (row < rows) { dx4[at] = activate4(x + bias_here); }
  if (row + 1 < rows) { dx4[at + columns4] = activate4(y + bias_here); }
  if (row + 2 < rows) { dx4[at + 2 * columns4] = activate4(z + bias_here); }
  if (row + 3 < rows) { dx4[at + 3 * columns4] = activate4(w + bias_here); }
}

// ---------------------------------------------------------------------------------------------------------------
// Gradient of the filter. Rows are the filter's taps times input channels, columns output channels, terms all output
// pixels of the batch, taken line by line and cut into slices of lines_per_slice lines; each slice's sum goes to its own
// copy of dw, and `conv2d_grad_filter_sum` adds the copies. Tiles of one slice follow those of the one before.

struct FilterPlace {
  row: u32, // the lane's first row
  tile_column: u32, // in fours
  slice: u32, // may lie beyond the last one, and then all its lines do
}

fn find_filter_place(quad: u32, lane: u32) -> FilterPlace {
  let tiles_across = (params.out_channels + 15) / 16;
  let tiles_down = (params.kernel_height * params.kernel_width * params.channels + 15) / 16;
  let tile = quad % (tiles_across * tiles_down);
  return FilterPlace(
    tile / tiles_across * 16 + lane * 4, tile % tiles_across * 4, quad / (tiles_across * tiles_down),
  );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv2d_grad_filter_quad(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let lane = thread % 4;
  let place = find_filter_place(find_quad(group_id, group_count, thread), lane);
  let columns4 = params.out_channels / 4;
  let channels4 = params.channels / 4;
  let row4 = min(place.row / 4, params.kernel_height * params.kernel_width * channels4 - 1);
  let channel4 = row4 % channels4;
  let tap = row4 / channels4;
  let tap_h = i32(tap / params.kernel_width * params.dilation_height) - i32(params.pad_top);
  let tap_w = i32(tap % params.kernel_width * params.dilation_width) - i32(params.pad_left);
  let column4 = min(place.tile_column + lane, columns4 - 1);
  let all_lines = params.batch * params.out_height;

  var sums = Sums();
  var start = 0u;
  var x_line = 0u;
  var dy_line = 0u;
  var inside_line = vec4<bool>();
  var line = place.slice * params.lines_per_slice;
  var image = line / params.out_height;
  var out_h = line % params.out_height;
  var lines_left = params.lines_per_slice;
  while (lines_left > 0) {
    if (start == 0) {
      let h = source(i32(out_h * params.stride_height) + tap_h, params.height);
      inside_line = vec4<bool>(line < all_lines && h < params.height);
      x_line = (image * params.height + h) * params.width;
      dy_line = min(line, all_lines - 1) * params.out_width;
    }
    let out_w = start + FOUR;
    let w = source4(vec4i(out_w * params.stride_width) + tap_w, params.width);
    let inside = inside_line & (w < vec4u(params.width)) & (out_w < vec4u(params.out_width));
    let x_at = select(vec4u(), (x_line + w) * channels4 + channel4, inside);
    let dy_at = (dy_line + min(out_w, vec4u(params.out_width - 1))) * columns4 + column4;
    add_outer_product(&sums, select(vec4f(), x4[x_at.x], inside.x), dy4[dy_at.x]);
    add_outer_product(&sums, select(vec4f(), x4[x_at.y], inside.y), dy4[dy_at.y]);
    add_outer_product(&sums, select(vec4f(), x4[x_at.z], inside.z), dy4[dy_at.z]);
    add_outer_product(&sums, select(vec4f(), x4[x_at.w], inside.w), dy4[dy_at.w]);
    start += 4;
    if (start >= params.out_width) {
      start = 0;
      lines_left--;
      line++;
      out_h++;
      if (out_h == params.out_height) {
        out_h = 0;
        image++;
      }
    }
  }
  let column = place.tile_column;
  store_filter_gradients(place, column + lane, sums.own_x, sums.own_y, sums.own_z, sums.own_w);
  store_filter_gradients(place, column + (lane ^ 1), sums.across_x, sums.across_y, sums.across_z, sums.across_w);
  store_filter_gradients(place, column + (lane ^ 2), sums.down_x, sums.down_y, sums.down_z, sums.down_w);
  store_filter_gradients(place, column + (lane ^ 3), sums.diagonal_x, sums.diagonal_y, sums.diagonal_z, sums.diagonal_w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv2d_grad_filter_quad_thin(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let lane = thread % 4;
  let place = find_filter_place(find_quad(group_id, group_count, thread), lane);
  let columns4 = params.out_channels / 4;
  let rows = min(place.row + FOUR, vec4u(params.kernel_height * params.kernel_width * params.channels - 1));
  let taps = rows / params.channels;
  let channels = rows - taps * params.channels;
  let tap_h = vec4i(taps / params.kernel_width * params.dilation_height) - i32(params.pad_top);
  let tap_w = vec4i(taps % params.kernel_width * params.dilation_width) - i32(params.pad_left);
  let column4 = min(place.tile_column + lane, columns4 - 1);
  let all_lines = params.batch * params.out_height;

  var sums = Sums();
  var start = 0u;
  var x_line = vec4u();
  var dy_line = 0u;
  var inside_line = vec4<bool>();
  var line = place.slice * params.lines_per_slice;
  var image = line / params.out_height;
  var out_h = line % params.out_height;
  var lines_left = params.lines_per_slice;
  while (lines_left > 0) {
    if (start == 0) {
      let h = source4(i32(out_h * params.stride_height) + tap_h, params.height);
      inside_line = vec4<bool>(line < all_lines) & (h < vec4u(params.height));
      x_line = (image * params.height + h) * params.width;
      dy_line = min(line, all_lines - 1) * params.out_width;
    }
    let dy_at = (dy_line + min(start + FOUR, vec4u(params.out_width - 1))) * columns4 + column4;
    let pixels0 = read_pixels(x_line, tap_w, channels, start, inside_line);
    let pixels1 = read_pixels(x_line, tap_w, channels, start + 1, inside_line);
    let pixels2 = read_pixels(x_line, tap_w, channels, start + 2, inside_line);
    let pixels3 = read_pixels(x_line, tap_w, channels, start + 3, inside_line);
    add_outer_product(&sums, pixels0, dy4[dy_at.x]);
    add_outer_product(&sums, pixels1, dy4[dy_at.y]);
    add_outer_product(&sums, pixels2, dy4[dy_at.z]);
    add_outer_product(&sums, pixels3, dy4[dy_at.w]);
    start += 4;
    if (start >= params.out_width) {
      start = 0;
      lines_left--;
      line++;
      out_h++;
      if (out_h == params.out_height) {
        out_h = 0;
        image++;
      }
    }
  }
  let column = place.tile_column;
  store_filter_gradients(place, column + lane, sums.own_x, sums.own_y, sums.own_z, sums.own_w);
  store_filter_gradients(place, column + (lane ^ 1), sums.across_x, sums.across_y, sums.across_z, sums.across_w);
  store_filter_gradients(place, column + (lane ^ 2), sums.down_x, sums.down_y, sums.down_z, sums.down_w);
  store_filter_gradients(place, column + (lane ^ 3), sums.diagonal_x, sums.diagonal_y, sums.diagonal_z, sums.diagonal_w);
}

// What four taps see of an output pixel's window.
fn read_pixels(x_line: vec4u, tap_w: vec4i, channels: vec4u, out_w: u32, inside_line: vec4<bool>) -> vec4f {
  let w = source4(i32(out_w * params.stride_width) + tap_w, params.width);
  let inside = inside_line & (w < vec4u(params.width)) & vec4<bool>(out_w < params.out_width);
  let at = select(vec4u(), (x_line + w) * params.channels + channels, inside);
  return select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

fn store_filter_gradients(place: FilterPlace, column4: u32, x: vec4f, y: vec4f, z: vec4f, w: vec4f) {
  let rows = params.kernel_height * params.kernel_width * params.channels;
  let columns4 = params.out_channels / 4;
  if (column4 >= columns4 || place.slice >= params.slices) { return; }
  let row = place.row;
  let at = (place.slice * rows + row) * columns4 + column4;
  if (row < rows) { dw4[at] = x; }
  if (row + 1 < rows) { dw4[at + columns4] = y; }
  if (row + 2 < rows) { dw4[at + 2 * columns4] = z; }
  if (row + 3 < rows) { dw4[at + 3 * columns4] = w; }
}
