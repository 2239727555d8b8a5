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

// @import lib/padding.wgsl
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
// Rows: where four of them see the image, counted from an output position's own place; those beyond the last repeat it.
// Places in memory count `unit` numbers, 1 or 4.

struct Rows {
  depth: vec4i,
  height: vec4i,
  width: vec4i,
  channel: vec4u, // place within a pixel
  pitch: u32, // from pixel to pixel
}

fn rows_from(row: u32, group: u32, unit: u32) -> Rows {
  let rows = min(row + FOUR, vec4u(row_count() - 1));
  let taps = rows / params.channels;
  let lines = taps / params.taps_width;
  let kw = bitcast<vec4i>(taps - lines * params.taps_width);
  let planes = lines / params.taps_height;
  let kh = bitcast<vec4i>(lines - planes * params.taps_height);
  return Rows(
    bitcast<vec4i>(planes) * params.tap_depth + params.first_depth, kh * params.tap_height + params.first_height,
    kw * params.tap_width + params.first_width, (group * params.channels + rows - taps * params.channels) / unit,
    params.groups * params.channels / unit,
  );
}

// Columns: four of dy's; those beyond the last repeat it.

struct Columns {
  column: vec4u, // place within a position
  pitch: u32, // from position to position
}

fn columns_from(column: u32, group: u32, unit: u32) -> Columns {
  let columns = min(column + FOUR, vec4u(params.columns - 1));
  return Columns((group * params.columns + columns) / unit, params.groups * params.columns / unit);
}

// ---------------------------------------------------------------------------------------------------------------
// Lines of output positions. Those behind the last one see nothing.

struct Line {
  number: u32,
  height: u32,
  depth: u32,
  image: u32,
}

fn line_at(number: u32) -> Line {
  let plane = number / params.out_height;
  let image = plane / params.out_depth;
  return Line(number, number - plane * params.out_height, plane - image * params.out_depth, image);
}

// Without an `if`, as a software adapter runs both sides of each.
fn next_line(line: Line, ends: bool) -> Line {
  let step = select(0u, 1u, ends);
  let height = line.height + step;
  let next_plane = height == params.out_height;
  let depth = select(line.depth, line.depth + 1, next_plane);
  let next_image = depth == params.out_depth;
  return Line(
    line.number + step, select(height, 0u, next_plane), select(depth, 0u, next_image),
    select(line.image, line.image + 1, next_image),
  );
}

// Where four rows see a line of the image: its first pixel, and whether there is such a line.
struct Seen {
  pixel: vec4u,
  inside: vec4<bool>,
}

fn lines_seen(rows: Rows, line: Line) -> Seen {
  let h = source4(i32(line.height) * params.step_height + rows.height, params.image_height);
  var inside = vec4<bool>(line.number < line_count()) & (h < vec4u(params.image_height));
  var lines = line.image * params.image_height + h;
  if (VOLUME) {
    let d = source4(i32(line.depth) * params.step_depth + rows.depth, params.image_depth);
    inside &= d < vec4u(params.image_depth);
    lines = (line.image * params.image_depth + d) * params.image_height + h;
  }
  return Seen(lines * params.image_width, inside);
}

// The same of one row, for kernels whose four rows are four channels of one tap.
struct SeenByOne {
  pixel: u32,
  positions: u32, // that look at this line: all or none
}

fn line_seen(rows: Rows, line: Line) -> SeenByOne {
  let h = source(i32(line.height) * params.step_height + rows.height.x, params.image_height);
  var inside = line.number < line_count() && h < params.image_height;
  var found = line.image * params.image_height + h;
  if (VOLUME) {
    let d = source(i32(line.depth) * params.step_depth + rows.depth.x, params.image_depth);
    inside = inside && d < params.image_depth;
    found = (line.image * params.image_depth + d) * params.image_height + h;
  }
  return SeenByOne(found * params.image_width, select(0u, params.out_width, inside));
}

// ---------------------------------------------------------------------------------------------------------------
// Blocks of operands at four output positions of a line from `start`; those behind the line's end see nothing.

// Column i: four channels of x as position i sees them.
fn x_block4(rows: Rows, line: Line, start: u32) -> mat4x4f {
  let seen = line_seen(rows, line);
  let positions = start + FOUR;
  let w = source4(bitcast<vec4i>(positions) * params.step_width + rows.width.x, params.image_width);
  let inside = (w < vec4u(params.image_width)) & (positions < vec4u(seen.positions));
  let at = select(vec4u(), (seen.pixel + w) * rows.pitch + rows.channel.x, inside);
  return mat4x4f(
    select(vec4f(), x4[at.x], inside.x), select(vec4f(), x4[at.y], inside.y),
    select(vec4f(), x4[at.z], inside.z), select(vec4f(), x4[at.w], inside.w),
  );
}

// The first position of a line; of the last one for those behind it.
fn line_start(line: Line) -> u32 {
  return min(line.number, line_count() - 1) * params.out_width;
}

// Column i: four columns of dy at position i; any numbers behind the end of the line or the last line.
fn dy_block4(columns: Columns, line: Line, start: u32) -> mat4x4f {
  let at = (line_start(line) + min(start + FOUR, vec4u(params.out_width - 1))) * columns.pitch + columns.column.x;
  return mat4x4f(dy4[at.x], dy4[at.y], dy4[at.z], dy4[at.w]);
}

// The same of any channels and columns, a number at a time.
fn x_block(rows: Rows, line: Line, start: u32) -> mat4x4f {
  let seen = lines_seen(rows, line);
  return mat4x4f(
    x_four(rows, seen, start), x_four(rows, seen, start + 1), x_four(rows, seen, start + 2), x_four(rows, seen, start + 3),
  );
}

fn x_four(rows: Rows, seen: Seen, position: u32) -> vec4f {
  let w = source4(i32(position) * params.step_width + rows.width, params.image_width);
  let inside = seen.inside & (w < vec4u(params.image_width)) & vec4<bool>(position < params.out_width);
  let at = select(vec4u(), (seen.pixel + w) * rows.pitch + rows.channel, inside);
  return select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

fn dy_block(columns: Columns, line: Line, start: u32) -> mat4x4f {
  let at = (line_start(line) + min(start + FOUR, vec4u(params.out_width - 1))) * columns.pitch;
  return mat4x4f(
    dy_four(at.x + columns.column), dy_four(at.y + columns.column),
    dy_four(at.z + columns.column), dy_four(at.w + columns.column),
  );
}

fn dy_four(at: vec4u) -> vec4f {
  return vec4f(dy[at.x], dy[at.y], dy[at.z], dy[at.w]);
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
