// The filter's gradient with sums in registers, for devices without subgroups or much workgroup memory. Formula, buffers
// and slices are those of lib/filter_gradient.wgsl; conv_nd.wgsl has the kernel of one output a thread, and
// conv_filter_quad.wgsl goes on with subgroups.
//
//   conv_filter_register         a thread computes 4 rows x 8 columns of one slice, four output positions at a time
//   conv_filter_register_scalar  the same of any channels and columns
//   conv_filter_sum              adds the slices
//
// A workgroup computes 64 consecutive blocks, along columns first.

// @import lib/filter_gradient.wgsl

const GROUP_SIZE: u32 = 64;

@compute @workgroup_size(GROUP_SIZE)
fn conv_filter_register(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count) * GROUP_SIZE + thread, 4, 8);
  if (place.slice >= params.slices) { return; }
  let rows = rows_from(place.row, place.group, 4);
  let left_columns = columns_from(place.column, place.group, 4);
  let right_columns = columns_from(place.column + 4, place.group, 4);
  var left = Block();
  var right = Block();
  var position = first_position(place.slice);
  let steps = step_count();
  for (var step = 0u; step < steps; step++) {
    let pixels = x_block4(rows, position);
    add_product(&left, pixels, dy_block4(left_columns, position));
    add_product(&right, pixels, dy_block4(right_columns, position));
    position = next_position(position);
  }
  store_block4(place, place.row, place.column, left);
  store_block4(place, place.row, place.column + 4, right);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_filter_register_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count) * GROUP_SIZE + thread, 4, 8);
  if (place.slice >= params.slices) { return; }
  let rows = rows_from(place.row, place.group, 1);
  let left_columns = columns_from(place.column, place.group, 1);
  let right_columns = columns_from(place.column + 4, place.group, 1);
  var left = Block();
  var right = Block();
  var position = first_position(place.slice);
  let steps = step_count();
  for (var step = 0u; step < steps; step++) {
    let pixels = x_block(rows, position);
    add_product(&left, pixels, dy_block(left_columns, position));
    add_product(&right, pixels, dy_block(right_columns, position));
    position = next_position(position);
  }
  store_block(place, place.row, place.column, left);
  store_block(place, place.row, place.column + 4, right);
}

// Second pass: each thread adds the slices of one weight, in the slices' order. `partial` is dw of the first pass.
@group(0) @binding(1) var<storage, read> partial: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn conv_filter_sum(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = flat_workgroup(group_id, group_count) * GROUP_SIZE + thread;
  let size = row_count() * params.groups * params.columns;
  if (index >= size) { return; }
  var sum = 0.0;
  for (var slice = 0u; slice < params.slices; slice++) {
    sum += partial[slice * size + index];
  }
  dw[index] = sum;
}
