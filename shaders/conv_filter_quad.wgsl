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
  var blocks = array<Block, 4>(sums.own, sums.across, sums.down, sums.diagonal);
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
  var line = line_at(place.slice * params.lines_per_slice);
  var start = 0u;
  let steps = params.lines_per_slice * ((params.out_width + 3) / 4);
  for (var step = 0u; step < steps; step++) {
    let pixels = x_block4(rows, line, start);
    let gradients = dy_block4(columns, line, start);
    add_outer_products(&sums, pixels[0], trade(gradients[0]));
    add_outer_products(&sums, pixels[1], trade(gradients[1]));
    add_outer_products(&sums, pixels[2], trade(gradients[2]));
    add_outer_products(&sums, pixels[3], trade(gradients[3]));
    start += 4;
    let ends = start >= params.out_width;
    start = select(start, 0u, ends);
    line = next_line(line, ends);
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
  var line = line_at(place.slice * params.lines_per_slice);
  var start = 0u;
  let steps = params.lines_per_slice * ((params.out_width + 3) / 4);
  for (var step = 0u; step < steps; step++) {
    let pixels = x_block4(rows, line, start);
    let left4 = dy_block4(left_columns, line, start);
    let right4 = dy_block4(right_columns, line, start);
    add_outer_products(&left, pixels[0], trade(left4[0]));
    add_outer_products(&left, pixels[1], trade(left4[1]));
    add_outer_products(&left, pixels[2], trade(left4[2]));
    add_outer_products(&left, pixels[3], trade(left4[3]));
    add_outer_products(&right, pixels[0], trade(right4[0]));
    add_outer_products(&right, pixels[1], trade(right4[1]));
    add_outer_products(&right, pixels[2], trade(right4[2]));
    add_outer_products(&right, pixels[3], trade(right4[3]));
    start += 4;
    let ends = start >= params.out_width;
    start = select(start, 0u, ends);
    line = next_line(line, ends);
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
  var line = line_at(place.slice * params.lines_per_slice);
  var start = 0u;
  let steps = params.lines_per_slice * ((params.out_width + 3) / 4);
  for (var step = 0u; step < steps; step++) {
    let pixels = x_block(rows, line, start);
    let gradients = dy_block(columns, line, start);
    add_outer_products(&sums, pixels[0], trade(gradients[0]));
    add_outer_products(&sums, pixels[1], trade(gradients[1]));
    add_outer_products(&sums, pixels[2], trade(gradients[2]));
    add_outer_products(&sums, pixels[3], trade(gradients[3]));
    start += 4;
    let ends = start >= params.out_width;
    start = select(start, 0u, ends);
    line = next_line(line, ends);
  }
  var blocks = array<Block, 4>(sums.own, sums.across, sums.down, sums.diagonal);
  for (var i = 0u; i < 4; i++) {
    store_block(place, row, place.column + (lane ^ i) * 4, blocks[i]);
  }
}
