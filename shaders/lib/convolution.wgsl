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

// @import lib/convolution_phases.wgsl
// @import lib/convolution_operands.wgsl
// @import lib/epilogue.wgsl
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
// The epilogue: stores what exists of a block of sums. It loops over rows because compilers take longer for each store than
// for a hundred multiply-adds; those of GPUs unroll such a loop again.

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
