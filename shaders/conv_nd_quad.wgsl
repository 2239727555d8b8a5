// Convolution and the gradient of its input by quad rotation (lib/quad.wgsl), for devices with subgroups. Formula, buffers
// and Params are those of lib/convolution.wgsl.
//
//   4  conv_nd_quad         a quad computes 16 rows x 16 columns: 8 numbers loaded for 64 multiply-adds
//   5  conv_nd_quad_wide    16 x 32: 12 for 128
//   6  conv_nd_quad_scalar  4 for any terms and columns: reads one number at a time
//   7  conv_nd_quad_thin    4 for one to three terms, and not TRANSPOSED

enable subgroups;

// @import lib/convolution.wgsl
// @import lib/quad.wgsl

fn store_sums(phase: Phase, group: u32, row: u32, column: u32, lane: u32, sums: Sums) {
  var blocks = blocks_of(sums);
  for (var i = 0u; i < 4; i++) {
    store_block4(phase, group, row, column + (lane ^ i) * 4, blocks[i]);
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv_nd_quad(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let phase = phase_of(group_id.z);
  let place = place_of(phase, quad_tile(group_id, group_count, thread), 16, 16);
  let lane = thread % 4;
  let row = place.row + lane * 4;
  let rows = rows_from(phase, row, place.group, 4);
  let columns = columns_from(phase, place.column + lane * 4, place.group, 4);
  var sums = Sums();
  var tap = Tap();
  let steps = tap_count(phase, 1) * (params.terms / 4);
  for (var step = 0u; step < steps; step++) {
    let pixels = image_block4(rows, tap);
    let filters = weights_block4(columns, tap);
    add_products(&sums, pixels, filters);
    tap = next_tap(phase, tap, 4, 1);
  }
  store_sums(phase, place.group, row, place.column, lane, sums);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv_nd_quad_wide(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let phase = phase_of(group_id.z);
  let place = place_of(phase, quad_tile(group_id, group_count, thread), 16, 32);
  let lane = thread % 4;
  let row = place.row + lane * 4;
  let rows = rows_from(phase, row, place.group, 4);
  let left_columns = columns_from(phase, place.column + lane * 4, place.group, 4);
  let right_columns = columns_from(phase, place.column + 16 + lane * 4, place.group, 4);
  var left = Sums();
  var right = Sums();
  var tap = Tap();
  let steps = tap_count(phase, 1) * (params.terms / 4);
  for (var step = 0u; step < steps; step++) {
    let pixels = image_block4(rows, tap);
    let left4 = weights_block4(left_columns, tap);
    let right4 = weights_block4(right_columns, tap);
    add_products(&left, pixels, left4);
    add_products(&right, pixels, right4);
    tap = next_tap(phase, tap, 4, 1);
  }
  store_sums(phase, place.group, row, place.column, lane, left);
  store_sums(phase, place.group, row, place.column + 16, lane, right);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv_nd_quad_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let phase = phase_of(group_id.z);
  let place = place_of(phase, quad_tile(group_id, group_count, thread), 16, 16);
  let lane = thread % 4;
  let row = place.row + lane * 4;
  let rows = rows_from(phase, row, place.group, 1);
  let columns = columns_from(phase, place.column + lane * 4, place.group, 1);
  var sums = Sums();
  var tap = Tap();
  let steps = tap_count(phase, 1) * ((params.terms + 3) / 4);
  for (var step = 0u; step < steps; step++) {
    let pixels = image_block(rows, tap);
    let filters = weights_block(columns, tap);
    add_products(&sums, pixels, filters);
    tap = next_tap(phase, tap, 4, 1);
  }
  var blocks = blocks_of(sums);
  for (var i = 0u; i < 4; i++) {
    store_block(phase, place.group, row, place.column + (lane ^ i) * 4, blocks[i]);
  }
}

// Three taps of a line at a time, so that images of one to three channels have as many terms a step as others: their
// pixels are read one number at a time, and four columns at a time.

fn filters_four(columns: Columns, tap: Tap) -> Traded {
  let at = columns.origin.x + weights_before(tap) / 4 + tap.term * columns.pitch;
  return trade(weights4[at]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn conv_nd_quad_thin(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let phase = phase_of(group_id.z);
  let place = place_of(phase, quad_tile(group_id, group_count, thread), 16, 16);
  let lane = thread % 4;
  let row = place.row + lane * 4;
  let rows = rows_from(phase, row, place.group, 1);
  let columns = columns_from(phase, place.column + lane * 4, place.group, 4);
  let last = phase.width.taps - 1;
  var sums = Sums();
  var tap = Tap();
  let steps = tap_count(phase, 3) * params.terms;
  for (var step = 0u; step < steps; step++) {
    // Behind the last tap of a line the third, or both others, see nothing.
    let tap1 = Tap(tap.term, min(tap.width + 1, last), tap.height, tap.depth, tap.copy);
    let tap2 = Tap(tap.term, min(tap.width + 2, last), tap.height, tap.depth, tap.copy);
    let found = find(rows, tap);
    let found1 = find(rows, tap1);
    let found2 = find(rows, tap2);
    let there1 = Found(found1.place, found1.inside & vec4<bool>(tap.width + 1 <= last));
    let there2 = Found(found2.place, found2.inside & vec4<bool>(tap.width + 2 <= last));
    add_outer_products(&sums, image_four(found, tap.term), filters_four(columns, tap));
    add_outer_products(&sums, image_four(there1, tap.term), filters_four(columns, tap1));
    add_outer_products(&sums, image_four(there2, tap.term), filters_four(columns, tap2));
    tap = next_tap(phase, tap, 1, 3);
  }
  store_sums(phase, place.group, row, place.column, lane, sums);
}
