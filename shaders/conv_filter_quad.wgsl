// The filter's gradient by quad rotation (lib/quad.wgsl), for devices with subgroups. Formula, buffers and slices are those
// of lib/filter_gradient.wgsl.
//
//   conv_filter_quad         a quad computes 16 rows x 16 columns of one slice, four output positions at a time
//   conv_filter_quad_wide    16 x 32
//   conv_filter_quad_scalar  16 x 16 of any channels and columns

enable subgroups;

// @import lib/filter_gradient.wgsl
// @import lib/quad.wgsl

fn store_sums(place: Place, row: u32, column: u32, lane: u32, sums: Sums) {
  var blocks = blocks_of(sums);
  for (var i = 0u; i < 4; i++) {
    store_block4(place, row, column + (lane ^ i) * 4, blocks[i]);
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv_filter_quad(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(quad_tile(group_id, group_count, thread), 16, 16);
  let lane = thread % 4;
  let row = place.row + lane * 4;
  let rows = rows_from(row, place.group, 4);
  let columns = columns_from(place.column + lane * 4, place.group, 4);
  var sums = Sums();
  var position = first_position(place.slice);
  let steps = step_count();
  for (var step = 0u; step < steps; step++) {
    let pixels = x_block4(rows, position);
    let gradients = dy_block4(columns, position);
    add_products(&sums, pixels, gradients);
    position = next_position(position);
  }
  store_sums(place, row, place.column, lane, sums);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv_filter_quad_wide(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(quad_tile(group_id, group_count, thread), 16, 32);
  let lane = thread % 4;
  let row = place.row + lane * 4;
  let rows = rows_from(row, place.group, 4);
  let left_columns = columns_from(place.column + lane * 4, place.group, 4);
  let right_columns = columns_from(place.column + 16 + lane * 4, place.group, 4);
  var left = Sums();
  var right = Sums();
  var position = first_position(place.slice);
  let steps = step_count();
  for (var step = 0u; step < steps; step++) {
    let pixels = x_block4(rows, position);
    let left4 = dy_block4(left_columns, position);
    let right4 = dy_block4(right_columns, position);
    add_products(&left, pixels, left4);
    add_products(&right, pixels, right4);
    position = next_position(position);
  }
  store_sums(place, row, place.column, lane, left);
  store_sums(place, row, place.column + 16, lane, right);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv_filter_quad_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(quad_tile(group_id, group_count, thread), 16, 16);
  let lane = thread % 4;
  let row = place.row + lane * 4;
  let rows = rows_from(row, place.group, 1);
  let columns = columns_from(place.column + lane * 4, place.group, 1);
  var sums = Sums();
  var position = first_position(place.slice);
  let steps = step_count();
  for (var step = 0u; step < steps; step++) {
    let pixels = x_block(rows, position);
    let gradients = dy_block(columns, position);
    add_products(&sums, pixels, gradients);
    position = next_position(position);
  }
  var blocks = blocks_of(sums);
  for (var i = 0u; i < 4; i++) {
    store_block(place, row, place.column + (lane ^ i) * 4, blocks[i]);
  }
}
