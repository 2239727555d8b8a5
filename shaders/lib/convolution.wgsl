// What the kernels of convolution and of its input's gradient share. Both are one product, whose left matrix is never
// written: its elements are found in an image as they are needed ("implicit im2col").
//
//   result[n, p, j] = activate( join( sum over taps k, terms t of image[n, at(p, k), t] * weights[k, t, j]
//                                     + bias[j],  residual[n, p, j] ) ),  at(p, k) = first + p * step + k * stride_of_tap
//
//   along each axis; what lies outside the image counts as 0. Groups are as many such products side by side: terms and
//   columns j are those of one group.
//
//   forward      image = x, result = y:  first = -pad, step = stride, stride_of_tap = dilation; weights[k, t, j]
//   TRANSPOSED   image = dy, result = dx, the gradient of the input, or the forward pass of a transposed convolution:
//                first = pad, stride_of_tap = -dilation; weights[k, j, t]. A convolution's stride would divide all of this,
//                so with PHASES each phase of the result (the pixels at p * stride + phase along each axis) is a product of
//                its own, with those taps that meet it; the grid's z counts phases. Then nothing is divided in the sum.
//
//   image     [batch, image_depth, image_height, image_width, groups * terms]
//   weights   [taps of the filter, terms, groups * columns]; TRANSPOSED [taps of the filter, columns, groups * terms]
//   bias      [groups * columns] where has_bias; otherwise any read-only buffer may be bound there, and nothing of it is used
//   residual  like the result where HAS_RESIDUAL; otherwise as with bias (lib/epilogue.wgsl says what it is to join)
//   result    [batch, result_depth, result_height, result_width, groups * columns]
//
// Rows of the product are the batch's positions p, the last axis first. Images with fewer axes have leading lengths of 1,
// and VOLUME false. Kernels whose names end in `_scalar` read single numbers and take any terms and columns; the others
// read four at a time and need terms % 4 == 0 and columns % 4 == 0.

// @import lib/epilogue.wgsl
// @import lib/padding.wgsl
// @import lib/block.wgsl
// @import lib/grid.wgsl

struct Params {
  batch: u32,
  groups: u32,
  terms: u32,
  columns: u32,
  rows_depth: u32, // positions, of the first phase if there are several
  rows_height: u32,
  rows_width: u32,
  image_depth: u32,
  image_height: u32,
  image_width: u32,
  result_depth: u32,
  result_height: u32,
  result_width: u32,
  // positions in the image
  first_depth: i32,
  first_height: i32,
  first_width: i32,
  step_depth: i32,
  step_height: i32,
  step_width: i32,
  tap_depth: i32,
  tap_height: i32,
  tap_width: i32,
  taps_depth: u32,
  taps_height: u32,
  taps_width: u32,
  // numbers of the weights from tap to tap
  weights_depth: u32,
  weights_height: u32,
  weights_width: u32,
  // The convolution's own words, for PHASES and COPIED.
  pad_depth: u32,
  pad_height: u32,
  pad_width: u32,
  stride_depth: u32,
  stride_height: u32,
  stride_width: u32,
  // PHASES: every so many elements of the filter meet a phase
  period_depth: u32,
  period_height: u32,
  period_width: u32,
  // COPIED: the most positions of the padded result that one element has
  copies_depth: u32,
  copies_height: u32,
  copies_width: u32,
  has_bias: u32, // 0 or 1
}

const TRANSPOSED: bool = false;
const VOLUME: bool = true; // false: all depths are 1
const PHASES: bool = true; // false: there is one, which is the whole result
// How positions outside the image are told: they do not occur, they count as 0, `source4` maps them, or, TRANSPOSED
// only, each result gathers for all its copies in the padding, which `copy_position` finds.
const EDGES: u32 = 1;
const NONE: u32 = 0;
const ZEROS: u32 = 1;
const MAPPED: u32 = 2;
const COPIED: u32 = 3;

@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> result: array<f32>;

// The same buffers, four numbers at a time.
@group(0) @binding(1) var<storage, read> image4: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> result4: array<vec4f>;

// ---------------------------------------------------------------------------------------------------------------
// Phases: which rows, which taps, and where in the result.

struct PhaseAxis {
  phase: u32,
  rows: u32,
  first: i32,
  taps: u32,
  element: u32, // of the filter, under the first tap
}

struct Phase {
  depth: PhaseAxis,
  height: PhaseAxis,
  width: PhaseAxis,
}

// Pixel p * stride + phase meets element k of the filter where stride divides phase + pad - k * dilation: the first such k,
// and every period-th behind it, or none. `tap` is the way in the image from one to the next, -dilation * period / stride.
fn phase_axis(phase: u32, result: u32, pad: u32, stride: u32, tap: i32, taps: u32, period: u32) -> PhaseAxis {
  let rows = (result - phase + stride - 1) / stride;
  let dilation = -tap * i32(stride) / i32(period);
  for (var element = 0u; element < min(period, taps); element++) {
    let t = i32(phase + pad) - i32(element) * dilation;
    if (t % i32(stride) == 0) {
      return PhaseAxis(phase, rows, t / i32(stride), (taps - element + period - 1) / period, element);
    }
  }
  return PhaseAxis(phase, rows, 0, 0, 0);
}

fn phase_of(number: u32) -> Phase {
  if (!PHASES) {
    return Phase(
      PhaseAxis(0, params.rows_depth, params.first_depth, params.taps_depth, 0),
      PhaseAxis(0, params.rows_height, params.first_height, params.taps_height, 0),
      PhaseAxis(0, params.rows_width, params.first_width, params.taps_width, 0),
    );
  }
  let across = min(params.stride_width, params.result_width);
  let down = min(params.stride_height, params.result_height);
  return Phase(
    phase_axis(
      number / across / down, params.result_depth, params.pad_depth, params.stride_depth, params.tap_depth,
      params.taps_depth, params.period_depth,
    ),
    phase_axis(
      number / across % down, params.result_height, params.pad_height, params.stride_height, params.tap_height,
      params.taps_height, params.period_height,
    ),
    phase_axis(
      number % across, params.result_width, params.pad_width, params.stride_width, params.tap_width,
      params.taps_width, params.period_width,
    ),
  );
}

fn row_count(phase: Phase) -> u32 {
  return params.batch * phase.depth.rows * phase.height.rows * phase.width.rows;
}

// Taps in all, where those of a line are taken `together` at a time.
fn tap_count(phase: Phase, together: u32) -> u32 {
  let taps = phase.depth.taps * phase.height.taps * ((phase.width.taps + together - 1) / together);
  return select(taps, taps * params.copies_depth * params.copies_height * params.copies_width, EDGES == COPIED);
}

// ---------------------------------------------------------------------------------------------------------------
// Where a tile lies. Tiles are counted along a row of tiles first, then down, then from group to group.

struct Place {
  group: u32,
  row: u32,
  column: u32,
}

// Beyond the last group a tile lies below the last row: it reads what is there and stores nothing.
fn place_of(phase: Phase, tile: u32, rows: u32, columns: u32) -> Place {
  let across = (params.columns + columns - 1) / columns;
  let tiles = (row_count(phase) + rows - 1) / rows * across;
  let group = tile / tiles;
  let within = tile - group * tiles;
  let row = within / across * rows;
  return Place(
    min(group, params.groups - 1), select(row, row_count(phase), group >= params.groups), (within % across) * columns,
  );
}

// ---------------------------------------------------------------------------------------------------------------
// Rows: four positions and where they begin in the image; those beyond the last repeat it. Places in memory count `unit`
// numbers, 1 or 4.

struct Rows {
  origin: vec4i, // place of the first term under the first tap; MAPPED and COPIED: of the image's first pixel
  pitch: u32, // from pixel to pixel
  depth: vec4i, // position in the image under the first tap; COPIED: in the result
  height: vec4i,
  width: vec4i,
}

fn rows_from(phase: Phase, row: u32, group: u32, unit: u32) -> Rows {
  let rows = min(row + vec4u(0, 1, 2, 3), vec4u(row_count(phase) - 1));
  let lines = rows / phase.width.rows;
  let w = bitcast<vec4i>(rows - lines * phase.width.rows);
  var images = lines / phase.height.rows;
  let h = bitcast<vec4i>(lines - images * phase.height.rows);
  var d = vec4i();
  if (VOLUME) {
    let planes = images;
    images = planes / phase.depth.rows;
    d = bitcast<vec4i>(planes - images * phase.depth.rows);
  }
  let pitch = params.groups * params.terms / unit;
  let first = bitcast<vec4i>(images * (params.image_depth * params.image_height * params.image_width));
  let group_origin = i32(group * params.terms / unit);
  if (EDGES == COPIED) { return Rows(first * i32(pitch) + group_origin, pitch, d, h, w); }
  let depth = d * params.step_depth + phase.depth.first;
  let height = h * params.step_height + phase.height.first;
  let width = w * params.step_width + phase.width.first;
  if (EDGES == MAPPED) { return Rows(first * i32(pitch) + group_origin, pitch, depth, height, width); }
  let line = select(height, depth * i32(params.image_height) + height, VOLUME);
  let pixel = first + line * i32(params.image_width) + width;
  return Rows(pixel * i32(pitch) + group_origin, pitch, depth, height, width);
}

// Columns: four of them and their place in the weights under the first tap; those beyond the last repeat it.

struct Columns {
  origin: vec4u,
  pitch: u32, // from term to term
}

// The weights of the elements in front of the first tap, of which `period` lie between taps.
fn first_weight(phase: Phase) -> u32 {
  if (!PHASES) { return 0; }
  return phase.depth.element * (params.weights_depth / params.period_depth) +
    phase.height.element * (params.weights_height / params.period_height) +
    phase.width.element * (params.weights_width / params.period_width);
}

fn columns_from(phase: Phase, column: u32, group: u32, unit: u32) -> Columns {
  let first = first_weight(phase);
  let columns = min(column + vec4u(0, 1, 2, 3), vec4u(params.columns - 1));
  if (TRANSPOSED) {
    return Columns((first + (columns * params.groups + group) * params.terms) / unit, 1);
  }
  return Columns((first + group * params.columns + columns) / unit, params.groups * params.columns / unit);
}

// ---------------------------------------------------------------------------------------------------------------
// Taps: where in the sum a kernel stands.

struct Tap {
  term: u32,
  width: u32,
  height: u32,
  depth: u32,
  copy: u32,
}

// `terms` further on in a tap, or, behind its last term, `taps` taps further on; a line's last tap is followed by the next
// line's first. No `if`: a software adapter runs both sides of each.
fn next_tap(phase: Phase, tap: Tap, terms: u32, taps: u32) -> Tap {
  let term = tap.term + terms;
  let next_column = term >= params.terms;
  let width = select(tap.width, tap.width + taps, next_column);
  let next_line = width >= phase.width.taps;
  let height = select(tap.height, tap.height + 1, next_line);
  let next_plane = height == phase.height.taps;
  var depth = 0u;
  var copy = 0u;
  if (VOLUME || EDGES == COPIED) {
    let plane = select(tap.depth, tap.depth + 1, next_plane);
    let next_copy = plane == phase.depth.taps;
    depth = select(plane, 0u, next_copy);
    copy = select(tap.copy, tap.copy + 1, next_copy);
  }
  return Tap(select(term, 0u, next_column), select(width, 0u, next_line), select(height, 0u, next_plane), depth, copy);
}

// The first term of a tap in four rows of the image, and which of them exist; the others' place is 0.
struct Found {
  place: vec4u,
  inside: vec4<bool>,
}

fn find(rows: Rows, tap: Tap) -> Found {
  let tap_h = i32(tap.height) * params.tap_height;
  let tap_w = i32(tap.width) * params.tap_width;
  var tap_d = 0;
  if (VOLUME) { tap_d = i32(tap.depth) * params.tap_depth; }
  if (EDGES == NONE || EDGES == ZEROS) {
    var line = tap_h;
    if (VOLUME) { line += tap_d * i32(params.image_height); }
    let place = bitcast<vec4u>(rows.origin + (line * i32(params.image_width) + tap_w) * i32(rows.pitch));
    if (EDGES == NONE) { return Found(place, vec4<bool>(true)); }
    var inside = (bitcast<vec4u>(rows.height + tap_h) < vec4u(params.image_height)) &
      (bitcast<vec4u>(rows.width + tap_w) < vec4u(params.image_width));
    if (VOLUME) { inside &= bitcast<vec4u>(rows.depth + tap_d) < vec4u(params.image_depth); }
    return Found(select(vec4u(), place, inside), inside);
  }
  var d = vec4u();
  var h = vec4u();
  var w = vec4u();
  if (EDGES == MAPPED) {
    d = source4(rows.depth + tap_d, params.image_depth);
    h = source4(rows.height + tap_h, params.image_height);
    w = source4(rows.width + tap_w, params.image_width);
  } else {
    let number_w = tap.copy % params.copies_width;
    let number_h = tap.copy / params.copies_width % params.copies_height;
    let number_d = tap.copy / params.copies_width / params.copies_height;
    let copy_d = copy_position4(rows.depth, params.result_depth, number_d, params.pad_depth);
    let copy_h = copy_position4(rows.height, params.result_height, number_h, params.pad_height);
    let copy_w = copy_position4(rows.width, params.result_width, number_w, params.pad_width);
    d = divided(copy_d + params.first_depth + tap_d, params.stride_depth);
    h = divided(copy_h + params.first_height + tap_h, params.stride_height);
    w = divided(copy_w + params.first_width + tap_w, params.stride_width);
  }
  let inside = (d < vec4u(params.image_depth)) & (h < vec4u(params.image_height)) & (w < vec4u(params.image_width));
  let place = bitcast<vec4u>(rows.origin) + ((d * params.image_height + h) * params.image_width + w) * rows.pitch;
  return Found(select(vec4u(), place, inside), inside);
}

// t / stride, or a number beyond every axis where it is not whole.
fn divided(t: vec4i, stride: u32) -> vec4u {
  let quotient = t / vec4i(i32(stride));
  return select(vec4u(0x7fffffff), bitcast<vec4u>(quotient), quotient * i32(stride) == t);
}

// ---------------------------------------------------------------------------------------------------------------
// Blocks of operands. Rows and columns beyond the edge repeat the last one.

fn read_image4(at: u32, inside: bool) -> vec4f {
  if (EDGES == NONE) { return image4[at]; }
  return select(vec4f(), image4[at], inside);
}

// Column i: four rows of the image at term i of a step.
fn image_block4(rows: Rows, tap: Tap) -> mat4x4f {
  let found = find(rows, tap);
  let at = found.place + tap.term / 4;
  return transpose(mat4x4f(
    read_image4(at.x, found.inside.x), read_image4(at.y, found.inside.y),
    read_image4(at.z, found.inside.z), read_image4(at.w, found.inside.w),
  ));
}

// Numbers of the weights between the first tap and this one.
fn weights_before(tap: Tap) -> u32 {
  var before = tap.height * params.weights_height + tap.width * params.weights_width;
  if (VOLUME) { before += tap.depth * params.weights_depth; }
  return before;
}

// Column i: four columns of the weights at term i of a step.
fn weights_block4(columns: Columns, tap: Tap) -> mat4x4f {
  if (TRANSPOSED) {
    let at = columns.origin + (weights_before(tap) + tap.term) / 4;
    return transpose(mat4x4f(weights4[at.x], weights4[at.y], weights4[at.z], weights4[at.w]));
  }
  let at = columns.origin.x + weights_before(tap) / 4 + tap.term * columns.pitch;
  let pitch = columns.pitch;
  return mat4x4f(weights4[at], weights4[at + pitch], weights4[at + 2 * pitch], weights4[at + 3 * pitch]);
}

// Four rows of the image at one term, 0 beyond the last; and four columns of the weights.
fn image_four(found: Found, term: u32) -> vec4f {
  let inside = found.inside & vec4<bool>(term < params.terms);
  let at = select(vec4u(), found.place + term, inside);
  return select(vec4f(), vec4f(image[at.x], image[at.y], image[at.z], image[at.w]), inside);
}

fn weights_four(columns: Columns, before: u32, term: u32) -> vec4f {
  let at = columns.origin + (before + min(term, params.terms - 1) * columns.pitch);
  return vec4f(weights[at.x], weights[at.y], weights[at.z], weights[at.w]);
}

// Column i: four rows of the image, or four columns of the weights, at term i of a step.
fn image_block(rows: Rows, tap: Tap) -> mat4x4f {
  let found = find(rows, tap);
  return mat4x4f(
    image_four(found, tap.term), image_four(found, tap.term + 1),
    image_four(found, tap.term + 2), image_four(found, tap.term + 3),
  );
}

fn weights_block(columns: Columns, tap: Tap) -> mat4x4f {
  let before = weights_before(tap);
  return mat4x4f(
    weights_four(columns, before, tap.term), weights_four(columns, before, tap.term + 1),
    weights_four(columns, before, tap.term + 2), weights_four(columns, before, tap.term + 3),
  );
}

// ---------------------------------------------------------------------------------------------------------------
// The epilogue: stores what exists of a block of sums. It loops over rows because compilers take longer for each store than
// for a hundred multiply-adds; those of GPUs unroll such a loop again.

// Where a row of the product lies among the result's pixels.
fn pixel_of(phase: Phase, row: u32) -> u32 {
  if (!PHASES) { return row; }
  let line = row / phase.width.rows;
  let plane = line / phase.height.rows;
  let number = plane / phase.depth.rows;
  let w = (row - line * phase.width.rows) * params.stride_width + phase.width.phase;
  let h = (line - plane * phase.height.rows) * params.stride_height + phase.height.phase;
  let d = (plane - number * phase.depth.rows) * params.stride_depth + phase.depth.phase;
  return ((number * params.result_depth + d) * params.result_height + h) * params.result_width + w;
}

fn store_block4(phase: Phase, group: u32, row: u32, column: u32, sums: Block) {
  if (column < params.columns) { store_channels4(phase, (group * params.columns + column) / 4, row, sums); }
}

// Four rows of four channels of the result.
fn store_channels4(phase: Phase, channel4: u32, row: u32, sums: Block) {
  let bias_here = select(vec4f(), bias4[channel4], params.has_bias == 1);
  let pitch = params.groups * params.columns / 4;
  var rows = array<vec4f, 4>(sums.row0, sums.row1, sums.row2, sums.row3);
  for (var i = 0u; i < min(4, row_count(phase) - min(row, row_count(phase))); i++) {
    let at = pixel_of(phase, row + i) * pitch + channel4;
    var sums_here = rows[i] + bias_here;
    if (HAS_RESIDUAL) { sums_here = join4(sums_here, residual4[at]); }
    result4[at] = activate4(sums_here);
  }
}

// The same, a number at a time.
fn store_block(phase: Phase, group: u32, row: u32, column: u32, sums: Block) {
  let channel = group * params.columns + column;
  store_channels(phase, channel, row, params.columns - min(column, params.columns), sums);
}

// Four rows of up to four channels of the result: those below `count`.
fn store_channels(phase: Phase, channel: u32, row: u32, count: u32, sums: Block) {
  if (count == 0) { return; }
  let channels = min(vec4u(0, 1, 2, 3), vec4u(count - 1));
  let from_bias = channel + channels;
  let biases = vec4f(bias[from_bias.x], bias[from_bias.y], bias[from_bias.z], bias[from_bias.w]);
  let bias_here = select(vec4f(), biases, params.has_bias == 1);
  let pitch = params.groups * params.columns;
  var rows = array<vec4f, 4>(sums.row0, sums.row1, sums.row2, sums.row3);
  for (var i = 0u; i < min(4, row_count(phase) - min(row, row_count(phase))); i++) {
    let at = pixel_of(phase, row + i) * pitch + channel;
    var y = rows[i] + bias_here;
    if (HAS_RESIDUAL) {
      let joined = at + channels;
      y = join4(y, vec4f(residual[joined.x], residual[joined.y], residual[joined.z], residual[joined.w]));
    }
    y = activate4(y);
    for (var j = 0u; j < min(4, count); j++) {
      result[at + j] = y[j];
    }
  }
}
