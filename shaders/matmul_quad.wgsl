// Matrix product by quad rotation (lib/quad.wgsl), for devices with subgroups. Formula, buffers and slices are those of
// lib/product.wgsl; kernels 1 to 4 stand in matmul.wgsl.
//
//   5  matmul_quad         a quad computes 16 x 16 outputs
//   6  matmul_quad_32      a quad computes 32 x 32: half the loads for each multiply-add, four times the sums
//   7  matmul_quad_scalar  5 for any m, n, k: reads one number at a time

enable subgroups;

// @import lib/product.wgsl
// @import lib/quad.wgsl

// ---------------------------------------------------------------------------------------------------------------
// 5. 16 x 16 outputs a quad, four k at a time.

@compute @workgroup_size(WORKGROUP_SIZE)
fn matmul_quad(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(quad_tile(group_id, group_count, thread), 16, 16);
  let lane = thread % 4;
  let row = place.row + lane * 4;
  // The loop's bounds come from the slice alone: they are the same for the whole workgroup, and must be seen to be.
  let slice = slice_of(group_id.z);
  let row_lines = a_lines4(place.matrix, row);
  let column_lines = b_lines4(place.matrix, place.column + lane * 4);

  var sums = Sums();
  for (var k = slice.begin; k < slice.end; k += 4) {
    let rows = a_block4(row_lines, k, slice.end);
    let columns = b_block4(column_lines, k, slice.end);
    add_products(&sums, rows, columns);
  }
  store_sums(c_origin(place.matrix, group_id.z), row, place.column, lane, sums);
}

fn store_sums(origin: u32, row: u32, column: u32, lane: u32, sums: Sums) {
  store_block4(origin, row, column + lane * 4, sums.own);
  store_block4(origin, row, column + (lane ^ 1) * 4, sums.across);
  store_block4(origin, row, column + (lane ^ 2) * 4, sums.down);
  store_block4(origin, row, column + (lane ^ 3) * 4, sums.diagonal);
}

// ---------------------------------------------------------------------------------------------------------------
// 6. 32 x 32 outputs a quad: two by two tiles of 5 whose operands are loaded and traded once, 16 numbers for 256
// multiply-adds. The sums take 256 registers, or the stack, and the pipeline four times as long to compile.

@compute @workgroup_size(WORKGROUP_SIZE)
fn matmul_quad_32(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(quad_tile(group_id, group_count, thread), 32, 32);
  let lane = thread % 4;
  let row = place.row + lane * 4;
  let column = place.column + lane * 4;
  let slice = slice_of(group_id.z);
  let top_lines = a_lines4(place.matrix, row);
  let bottom_lines = a_lines4(place.matrix, row + 16);
  let left_lines = b_lines4(place.matrix, column);
  let right_lines = b_lines4(place.matrix, column + 16);

  var top_left = Sums();
  var top_right = Sums();
  var bottom_left = Sums();
  var bottom_right = Sums();
  for (var k = slice.begin; k < slice.end; k += 4) {
    let top = a_block4(top_lines, k, slice.end);
    let bottom = a_block4(bottom_lines, k, slice.end);
    let left = b_block4(left_lines, k, slice.end);
    let right = b_block4(right_lines, k, slice.end);

    let left0 = trade(left[0]);
    let right0 = trade(right[0]);
    add_outer_products(&top_left, top[0], left0);
    add_outer_products(&top_right, top[0], right0);
    add_outer_products(&bottom_left, bottom[0], left0);
    add_outer_products(&bottom_right, bottom[0], right0);

    let left1 = trade(left[1]);
    let right1 = trade(right[1]);
    add_outer_products(&top_left, top[1], left1);
    add_outer_products(&top_right, top[1], right1);
    add_outer_products(&bottom_left, bottom[1], left1);
    add_outer_products(&bottom_right, bottom[1], right1);

    let left2 = trade(left[2]);
    let right2 = trade(right[2]);
    add_outer_products(&top_left, top[2], left2);
    add_outer_products(&top_right, top[2], right2);
    add_outer_products(&bottom_left, bottom[2], left2);
    add_outer_products(&bottom_right, bottom[2], right2);

    let left3 = trade(left[3]);
    let right3 = trade(right[3]);
    add_outer_products(&top_left, top[3], left3);
    add_outer_products(&top_right, top[3], right3);
    add_outer_products(&bottom_left, bottom[3], left3);
    add_outer_products(&bottom_right, bottom[3], right3);
  }

  let origin = c_origin(place.matrix, group_id.z);
  var tiles = array<Sums, 4>(top_left, top_right, bottom_left, bottom_right);
  for (var i = 0u; i < 4; i++) {
    store_sums(origin, row + (i / 2) * 16, place.column + (i % 2) * 16, lane, tiles[i]);
  }
}

// ---------------------------------------------------------------------------------------------------------------
// 7. 16 x 16 outputs a quad, of any m, n and k.

@compute @workgroup_size(WORKGROUP_SIZE)
fn matmul_quad_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(quad_tile(group_id, group_count, thread), 16, 16);
  let lane = thread % 4;
  let row = place.row + lane * 4;
  let slice = slice_of(group_id.z);
  let row_lines = a_lines(place.matrix, row);
  let column_lines = b_lines(place.matrix, place.column + lane * 4);

  var sums = Sums();
  for (var k = slice.begin; k < slice.end; k += 4) {
    let rows = a_block(row_lines, k, slice.end);
    let columns = b_block(column_lines, k, slice.end);
    add_products(&sums, rows, columns);
  }
  let origin = c_origin(place.matrix, group_id.z);
  var blocks = blocks_of(sums);
  for (var i = 0u; i < 4; i++) {
    store_block(origin, row, place.column + (lane ^ i) * 4, blocks[i]);
  }
}
