// The filter's gradient through workgroup memory, for GPUs: an implicit matrix product whose terms are output positions.
// Formula, buffers and slices are those of lib/filter_gradient.wgsl, the tile that of lib/tile.wgsl; a line's positions
// are filled up to a multiple of four, and the kernels that need no workgroup memory stand in conv_filter.wgsl.

// @import lib/filter_gradient.wgsl
// @import lib/tile.wgsl

// A line's positions, as the kernel counts them.
fn padded_width() -> u32 {
  return (params.out_width + 3) / 4 * 4;
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
  if (is_left) { return x_block4(rows, position); }
  return dy_block4(columns, position);
}

@compute @workgroup_size(THREADS)
fn conv_filter_tiled(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count), TILE_ROWS, TILE_COLUMNS);
  if (place.slice >= params.slices) { return; }

  let share = share_of(thread, false, false);
  let rows = rows_from(place.row + share.first, place.group, 4);
  let columns = columns_from(place.column + share.first, place.group, 4);
  let total = params.lines_per_slice * padded_width();
  let down = thread / THREADS_ACROSS;
  let across = thread % THREADS_ACROSS;

  let ends = (DEPTH + padded_width() - 1) / padded_width();
  var sums = TileSums();
  var position = first_position(place.slice);
  var ahead = share.term;
  for (var first = 0u; first < total + DEPTH; first += DEPTH) {
    position = walk(position, ahead, ends);
    ahead = DEPTH;
    let fetched = fetch4(thread < LEFT_BLOCKS, rows, columns, position, first + share.term < total);
    sums = multiply(down, across, sums); // of the piece before this one, which is on its way meanwhile; of zeros at first
    workgroupBarrier();
    put(thread, share.slot, fetched);
    workgroupBarrier();
  }

  let row = place.row + down * 4;
  let column = place.column + across * 4;
  store_block4(place, row, column, sums.top_left);
  store_block4(place, row + THREADS_DOWN * 4, column, sums.bottom_left);
}
