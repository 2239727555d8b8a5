// What the kernels of the filter's gradient share: a product of few outputs and very many terms.
//
//   dw[k, i, j] = sum over n, p of x[n, at(p, k), i] * dy[n, p, j],    at(p, k) = first + p * step + k * tap
//
//   along each axis; what lies outside the image counts as 0. Groups are as many such products side by side: channels i
//   and columns j are those of one group.
//
//   x   [batch, image_depth, image_height, image_width, groups * channels]
//   dy  [batch, out_depth, out_height, out_width, groups * columns]
//   dw  [slices, taps, channels, groups * columns]
//
// Rows of the product are the filter's taps times channels, channels first, and its terms the output positions p of the
// whole batch. These come in lines of out_width, and the lines may be cut into slices of lines_per_slice, so that a device
// has work: each slice writes a dw of its own, and `filter_gradient_sum` adds these in order, so results do not depend on
// timing. Images with fewer axes have leading lengths of 1, and VOLUME false. Kernels whose names end in `_scalar` read
// single numbers and take any channels and columns; the others need channels % 4 == 0 and columns % 4 == 0.

// @import lib/filter_gradient_operands.wgsl
// @import lib/block.wgsl
// @import lib/grid.wgsl

struct Params {
  batch: u32,
  groups: u32,
  channels: u32,
  columns: u32,
  image_depth: u32,
  image_height: u32,
  image_width: u32,
  out_depth: u32,
  out_height: u32,
  out_width: u32,
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
  slices: u32,
  lines_per_slice: u32, // slices * lines_per_slice >= lines
}

const VOLUME: bool = true; // false: all depths are 1

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

// The same buffers, four numbers at a time.
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dw4: array<vec4f>;

const FOUR: vec4u = vec4u(0, 1, 2, 3);

fn row_count() -> u32 {
  return params.taps_depth * params.taps_height * params.taps_width * params.channels;
}

fn line_count() -> u32 {
  return params.batch * params.out_depth * params.out_height;
}

// ---------------------------------------------------------------------------------------------------------------
// Where a tile lies. Tiles are counted along a row of tiles first, then down, then from group to group and slice to slice.

struct Place {
  slice: u32, // may lie behind the last one; then all its lines do, and nothing is stored
  group: u32,
  row: u32,
  column: u32,
}

fn place_of(tile: u32, rows: u32, columns: u32) -> Place {
  let across = (params.columns + columns - 1) / columns;
  let tiles = (row_count() + rows - 1) / rows * across;
  let copy = tile / tiles;
  let within = tile - copy * tiles;
  return Place(copy / params.groups, copy % params.groups, within / across * rows, (within % across) * columns);
}

// ---------------------------------------------------------------------------------------------------------------
// Stores what exists of a block of sums. It loops over rows because compilers take longer for each store than for a hundred
// multiply-adds; those of GPUs unroll such a loop again.

fn store_block4(place: Place, row: u32, column: u32, sums: Block) {
  if (column >= params.columns || place.slice >= params.slices) { return; }
  let pitch = params.groups * params.columns / 4;
  let at = (place.slice * row_count() + row) * pitch + (place.group * params.columns + column) / 4;
  var rows = array<vec4f, 4>(sums.row0, sums.row1, sums.row2, sums.row3);
  for (var i = 0u; i < min(4, row_count() - min(row, row_count())); i++) {
    dw4[at + i * pitch] = rows[i];
  }
}

// The same, a number at a time.
fn store_block(place: Place, row: u32, column: u32, sums: Block) {
  if (place.slice >= params.slices) { return; }
  let pitch = params.groups * params.columns;
  let at = (place.slice * row_count() + row) * pitch + place.group * params.columns + column;
  var rows = array<vec4f, 4>(sums.row0, sums.row1, sums.row2, sums.row3);
  for (var i = 0u; i < 16; i++) {
    if (row + i / 4 < row_count() && column + i % 4 < params.columns) {
      dw[at + i / 4 * pitch + i % 4] = rows[i / 4][i % 4];
    }
  }
}
