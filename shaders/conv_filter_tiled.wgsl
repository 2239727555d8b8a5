// The filter's gradient through workgroup memory, for GPUs: an implicit matrix product whose terms are output positions.
// Formula, buffers and slices are those of lib/filter_gradient.wgsl, the tile that of lib/tile.wgsl; a line's positions
// are filled up to a multiple of four, and the kernels that need no workgroup memory stand in conv_filter.wgsl.

// @import lib/filter_gradient.wgsl
// @import lib/tile.wgsl

// A line's positions, as the kernel counts them.
fn padded_width() -> u32 {
  return (params.out_width + 3) / 4 * 4;
}

struct Position {
  line: Line,
  start: u32,
}

// `count` positions further on, which may end up to `ends` lines.
fn walk(position: Position, count: u32, ends: u32) -> Position {
  let width = padded_width();
  var start = position.start + count;
  var line = position.line;
  for (var end = 0u; end < ends; end++) {
    let ends_line = start >= width;
    start = select(start, start - width, ends_line);
    line = next_line(line, ends_line);
  }
  return Position(line, start);
}

fn fetch4(is_left: bool, rows: Rows, columns: Columns, position: Position, live: bool) -> mat4x4f {
  if (!live) { return mat4x4f(); }
  if (is_left) { return x_block4(rows, position.line, position.start); }
  return dy_block4(columns, position.line, position.start);
}

@compute @workgroup_size(THREADS)
fn conv_filter_tiled(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count), TILE_ROWS, TILE_COLUMNS);
  if (place.slice >= params.slices) { return; }

  // What this thread copies: four rows of x or four columns of dy, at four positions.
  let is_left = thread < LEFT_BLOCKS;
  let task = select(thread - LEFT_BLOCKS, thread, is_left);
  let fours = select(RIGHT_QUADS, LEFT_QUADS, is_left);
  let four = task % fours;
  let first_term = task / fours * 4;
  let slot = first_term * PITCH + four + select(LEFT_QUADS, 0u, is_left);
  let rows = rows_from(place.row + four * 4, place.group, 4);
  let columns = columns_from(place.column + four * 4, place.group, 4);
  let total = params.lines_per_slice * padded_width();
  let down = thread / THREADS_ACROSS;
  let across = thread % THREADS_ACROSS;

  let ends = (DEPTH + padded_width() - 1) / padded_width();
  var sums = TileSums();
  var position = Position(line_at(place.slice * params.lines_per_slice), 0);
  var ahead = first_term;
  for (var first = 0u; first < total + DEPTH; first += DEPTH) {
    position = walk(position, ahead, ends);
    ahead = DEPTH;
    let fetched = fetch4(is_left, rows, columns, position, first + first_term < total);
    sums = multiply(down, across, sums); // of the piece before this one, which is on its way meanwhile; of zeros at first
    workgroupBarrier();
    put(slot, fetched);
    workgroupBarrier();
  }

  let row = place.row + down * 4;
  let column = place.column + across * 4;
  store_block4(place, row, column, sums.top);
  store_block4(place, row + THREADS_DOWN * 4, column, sums.bottom);
}
