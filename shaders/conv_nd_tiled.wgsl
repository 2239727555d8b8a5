// Convolution and the gradient of its input through workgroup memory, for GPUs: an implicit matrix product. Formula,
// buffers and Params are those of lib/convolution.wgsl, the tile that of lib/tile.wgsl; kernels without workgroup memory
// stand in conv_nd_quad.wgsl and conv_nd_register.wgsl.
//
// A thread copies the same rows, or the same columns, at every step, so it finds them once and only walks along the
// taps and their terms. It copies four numbers at a time.

// @import lib/convolution.wgsl
// @import lib/tile.wgsl

// `count` terms further on, which may end up to `ends` taps; behind the last tap follows the first.
fn walk(phase: Phase, tap: Tap, count: u32, ends: u32) -> Tap {
  var term = tap.term + count;
  var width = tap.width;
  var height = tap.height;
  var depth = tap.depth;
  var copy = tap.copy;
  for (var end = 0u; end < ends; end++) {
    let ends_tap = term >= params.terms;
    term = select(term, term - params.terms, ends_tap);
    width = select(width, width + 1, ends_tap);
    let ends_line = width == phase.width.taps;
    width = select(width, 0u, ends_line);
    height = select(height, height + 1, ends_line);
    let ends_plane = height == phase.height.taps;
    height = select(height, 0u, ends_plane);
    depth = select(depth, depth + 1, ends_plane);
    let ends_copy = depth == phase.depth.taps;
    depth = select(depth, 0u, ends_copy);
    copy = select(copy, copy + 1, ends_copy && EDGES == COPIED);
  }
  return Tap(term, width, height, depth, copy);
}

fn fetch4(is_left: bool, rows: Rows, columns: Columns, tap: Tap, live: bool) -> mat4x4f {
  if (!live) { return mat4x4f(); }
  if (is_left) { return image_block4(rows, tap); }
  return weights_block4(columns, tap);
}

@compute @workgroup_size(THREADS)
fn conv_nd_tiled(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let phase = phase_of(group_id.z);
  let place = place_of(phase, flat_workgroup(group_id, group_count), TILE_ROWS, TILE_COLUMNS);
  if (place.row >= row_count(phase)) { return; }

  let share = share_of(thread, true, TRANSPOSED);
  let rows = rows_from(phase, place.row + share.first, place.group, 4);
  let columns = columns_from(phase, place.column + share.first, place.group, 4);
  let total = tap_count(phase, 1) * params.terms;
  let down = thread / THREADS_ACROSS;
  let across = thread % THREADS_ACROSS;

  let ends = (DEPTH + params.terms - 1) / params.terms;
  var sums = TileSums();
  var tap = Tap();
  var ahead = share.term;
  for (var first = 0u; first < total + DEPTH; first += DEPTH) {
    tap = walk(phase, tap, ahead, ends);
    ahead = DEPTH;
    let fetched = fetch4(thread < LEFT_BLOCKS, rows, columns, tap, first + share.term < total);
    sums = multiply(down, across, sums); // of the piece before this one, which is on its way meanwhile; of zeros at first
    workgroupBarrier();
    put(thread, share.slot, fetched);
    workgroupBarrier();
  }
  let row = place.row + down * 4;
  let column = place.column + across * 4;
  store_block4(phase, place.group, row, column, sums.top_left);
  store_block4(phase, place.group, row + THREADS_DOWN * 4, column, sums.bottom_left);
}
