// Matrix product through workgroup memory, for GPUs. Formula, buffers and slices are those of lib/product.wgsl, the tile
// that of lib/tile.wgsl, with c's rows, columns and k; kernels 1 to 7 stand in matmul.wgsl and matmul_quad.wgsl.
//
//   8  matmul_tiled         copies four numbers at a time
//   9  matmul_tiled_scalar  8 for any m, n, k: copies one number at a time, 0 beyond the edges

// @import lib/product.wgsl
// @import lib/tile.wgsl

// ---------------------------------------------------------------------------------------------------------------
// 8. Copies four numbers at a time.

fn fetch4(thread: u32, share: Share, place: Place, k: u32, k_end: u32) -> mat4x4f {
  if (thread >= PIECE_BLOCKS || k >= k_end) { return mat4x4f(); }
  if (thread < LEFT_BLOCKS) { return a_block4(a_lines4(place.matrix, place.row + share.first), k, k_end); }
  return b_block4(b_lines4(place.matrix, place.column + share.first), k, k_end);
}

fn store_tile4(origin: u32, row: u32, column: u32, sums: TileSums) {
  let lower = row + THREADS_DOWN * 4;
  let right = column + THREADS_ACROSS * 4;
  store_block4(origin, row, column, sums.top_left);
  if (COLUMN_BLOCKS == 2) { store_block4(origin, row, right, sums.top_right); }
  if (ROW_BLOCKS == 2) { store_block4(origin, lower, column, sums.bottom_left); }
  if (ROW_BLOCKS == 2 && COLUMN_BLOCKS == 2) { store_block4(origin, lower, right, sums.bottom_right); }
}

@compute @workgroup_size(THREADS)
fn matmul_tiled(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count), TILE_ROWS, TILE_COLUMNS);
  if (place.row >= params.m) { return; }
  let slice = slice_of(group_id.z);
  let share = share_of(thread, !A_TRANSPOSED, B_TRANSPOSED);
  let down = thread / THREADS_ACROSS;
  let across = thread % THREADS_ACROSS;

  var sums = TileSums();
  var fetched = fetch4(thread, share, place, slice.begin + share.term, slice.end);
  for (var k = slice.begin; k < slice.end; k += DEPTH) {
    put(thread, share.slot, fetched);
    workgroupBarrier();
    fetched = fetch4(thread, share, place, k + DEPTH + share.term, slice.end);
    sums = multiply(down, across, sums);
    workgroupBarrier();
  }
  store_tile4(c_origin(place.matrix, group_id.z), place.row + down * 4, place.column + across * 4, sums);
}

// ---------------------------------------------------------------------------------------------------------------
// 9. Copies one number at a time.

fn fetch(thread: u32, share: Share, place: Place, k: u32, k_end: u32) -> mat4x4f {
  if (thread >= PIECE_BLOCKS || k >= k_end) { return mat4x4f(); }
  if (thread < LEFT_BLOCKS) { return a_block(a_lines(place.matrix, place.row + share.first), k, k_end); }
  return b_block(b_lines(place.matrix, place.column + share.first), k, k_end);
}

fn store_tile(origin: u32, row: u32, column: u32, sums: TileSums) {
  let lower = row + THREADS_DOWN * 4;
  let right = column + THREADS_ACROSS * 4;
  store_block(origin, row, column, sums.top_left);
  if (COLUMN_BLOCKS == 2) { store_block(origin, row, right, sums.top_right); }
  if (ROW_BLOCKS == 2) { store_block(origin, lower, column, sums.bottom_left); }
  if (ROW_BLOCKS == 2 && COLUMN_BLOCKS == 2) { store_block(origin, lower, right, sums.bottom_right); }
}

@compute @workgroup_size(THREADS)
fn matmul_tiled_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count), TILE_ROWS, TILE_COLUMNS);
  if (place.row >= params.m) { return; }
  let slice = slice_of(group_id.z);
  let share = share_of(thread, !A_TRANSPOSED, B_TRANSPOSED);
  let down = thread / THREADS_ACROSS;
  let across = thread % THREADS_ACROSS;

  var sums = TileSums();
  var fetched = fetch(thread, share, place, slice.begin + share.term, slice.end);
  for (var k = slice.begin; k < slice.end; k += DEPTH) {
    put(thread, share.slot, fetched);
    workgroupBarrier();
    fetched = fetch(thread, share, place, k + DEPTH + share.term, slice.end);
    sums = multiply(down, across, sums);
    workgroupBarrier();
  }
  store_tile(c_origin(place.matrix, group_id.z), place.row + down * 4, place.column + across * 4, sums);
}
