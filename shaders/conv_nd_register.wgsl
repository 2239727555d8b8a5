// Convolution and the gradient of its input with sums in registers, for devices without subgroups or much workgroup
// memory. Formula, buffers and Params are those of lib/convolution.wgsl; kernels of one output a thread stand in
// conv_nd.wgsl, and conv_nd_quad.wgsl goes on with subgroups.
//
// A thread computes 4 rows x 8 columns, four terms at a time: 12 loads of four numbers serve 128 multiply-adds. A
// workgroup computes 64 consecutive blocks, along columns first. No workgroup memory and no barrier.
//
//   conv_nd_register         reads four numbers at a time
//   conv_nd_register_scalar  reads one number at a time, for any terms and columns

// @import lib/convolution.wgsl

const GROUP_SIZE: u32 = 64;

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_register(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let phase = phase_of(group_id.z);
  let place = place_of(phase, flat_workgroup(group_id, group_count) * GROUP_SIZE + thread, 4, 8);
  if (place.row >= row_count(phase)) { return; }
  let rows = rows_from(phase, place.row, place.group, 4);
  let left_columns = columns_from(phase, place.column, place.group, 4);
  let right_columns = columns_from(phase, place.column + 4, place.group, 4);
  var left = Block();
  var right = Block();
  var tap = Tap();
  let steps = tap_count(phase, 1) * (params.terms / 4);
  for (var step = 0u; step < steps; step++) {
    let pixels = image_block4(rows, tap);
    add_product(&left, pixels, weights_block4(left_columns, tap));
    add_product(&right, pixels, weights_block4(right_columns, tap));
    tap = next_tap(phase, tap, 4, 1);
  }
  store_block4(phase, place.group, place.row, place.column, left);
  store_block4(phase, place.group, place.row, place.column + 4, right);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_register_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let phase = phase_of(group_id.z);
  let place = place_of(phase, flat_workgroup(group_id, group_count) * GROUP_SIZE + thread, 4, 8);
  if (place.row >= row_count(phase)) { return; }
  let rows = rows_from(phase, place.row, place.group, 1);
  let left_columns = columns_from(phase, place.column, place.group, 1);
  let right_columns = columns_from(phase, place.column + 4, place.group, 1);
  var left = Block();
  var right = Block();
  var tap = Tap();
  let steps = tap_count(phase, 1) * ((params.terms + 3) / 4);
  for (var step = 0u; step < steps; step++) {
    let pixels = image_block(rows, tap);
    add_product(&left, pixels, weights_block(left_columns, tap));
    add_product(&right, pixels, weights_block(right_columns, tap));
    tap = next_tap(phase, tap, 4, 1);
  }
  store_block(phase, place.group, place.row, place.column, left);
  store_block(phase, place.group, place.row, place.column + 4, right);
}
