// The operands of the filter's gradient: where its rows and columns lie in x and dy, line by line of output positions.
// Formula, sizes and buffers are those of lib/filter_gradient.wgsl.

// @import lib/padding.wgsl

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

// Where in a slice's sum a kernel stands: at the first of four positions of a line.
struct Position {
  line: Line,
  start: u32,
}

fn first_position(slice: u32) -> Position {
  return Position(line_at(slice * params.lines_per_slice), 0);
}

// Steps of four positions in a slice; none of them goes on into the next line.
fn step_count() -> u32 {
  return params.lines_per_slice * ((params.out_width + 3) / 4);
}

fn next_position(at: Position) -> Position {
  let start = at.start + 4;
  let ends = start >= params.out_width;
  return Position(next_line(at.line, ends), select(start, 0u, ends));
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
// Blocks of operands at four output positions of a line; those behind the line's end see nothing.

// Column i: four channels of x as position i sees them.
fn x_block4(rows: Rows, at: Position) -> mat4x4f {
  let seen = line_seen(rows, at.line);
  let positions = at.start + FOUR;
  let w = source4(bitcast<vec4i>(positions) * params.step_width + rows.width.x, params.image_width);
  let inside = (w < vec4u(params.image_width)) & (positions < vec4u(seen.positions));
  let pixels = select(vec4u(), (seen.pixel + w) * rows.pitch + rows.channel.x, inside);
  return mat4x4f(
    select(vec4f(), x4[pixels.x], inside.x), select(vec4f(), x4[pixels.y], inside.y),
    select(vec4f(), x4[pixels.z], inside.z), select(vec4f(), x4[pixels.w], inside.w),
  );
}

// Where in dy four positions lie; for those behind the end of a line or the last line, anywhere.
fn dy_places(columns: Columns, at: Position) -> vec4u {
  let line_start = min(at.line.number, line_count() - 1) * params.out_width;
  return (line_start + min(at.start + FOUR, vec4u(params.out_width - 1))) * columns.pitch;
}

// Column i: four columns of dy at position i.
fn dy_block4(columns: Columns, at: Position) -> mat4x4f {
  let places = dy_places(columns, at) + columns.column.x;
  return mat4x4f(dy4[places.x], dy4[places.y], dy4[places.z], dy4[places.w]);
}

// The same of any channels and columns, a number at a time.
fn x_block(rows: Rows, at: Position) -> mat4x4f {
  let seen = lines_seen(rows, at.line);
  return mat4x4f(
    x_four(rows, seen, at.start), x_four(rows, seen, at.start + 1),
    x_four(rows, seen, at.start + 2), x_four(rows, seen, at.start + 3),
  );
}

fn x_four(rows: Rows, seen: Seen, position: u32) -> vec4f {
  let w = source4(i32(position) * params.step_width + rows.width, params.image_width);
  let inside = seen.inside & (w < vec4u(params.image_width)) & vec4<bool>(position < params.out_width);
  let at = select(vec4u(), (seen.pixel + w) * rows.pitch + rows.channel, inside);
  return select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

fn dy_block(columns: Columns, at: Position) -> mat4x4f {
  let places = dy_places(columns, at);
  return mat4x4f(
    dy_four(places.x + columns.column), dy_four(places.y + columns.column),
    dy_four(places.z + columns.column), dy_four(places.w + columns.column),
  );
}

fn dy_four(at: vec4u) -> vec4f {
  return vec4f(dy[at.x], dy[at.y], dy[at.z], dy[at.w]);
}
