// The gradient of filters of which each sees one channel. Formula, buffers and slices are those of
// lib/filter_gradient.wgsl: as many groups as channels.
//
// A thread computes four neighbouring filters' gradients under one tap, of one slice. A workgroup computes 64 of these,
// along filters first, then along taps.
//
//   conv_filter_depthwise         one filter a channel, and channels in fours
//   conv_filter_depthwise_scalar  any number of filters and channels, reads one number at a time

// @import lib/filter_gradient.wgsl

const GROUP_SIZE: u32 = 64;

struct Task {
  slice: u32,
  tap: u32,
  first: u32, // of four filters
}

fn task_of(index: u32) -> Task {
  let across = (params.groups * params.columns + 3) / 4;
  let line = index / across;
  return Task(line / row_count(), line % row_count(), index % across * 4);
}

// One tap, as four rows of these channels.
fn rows_of_tap(tap: u32, channels: vec4u, unit: u32) -> Rows {
  let rows = rows_from(tap, 0, unit);
  return Rows(vec4i(rows.depth.x), vec4i(rows.height.x), vec4i(rows.width.x), channels, rows.pitch);
}

// Adds the products of pixels and gradients at four positions.
fn with_products(sum: vec4f, pixels: mat4x4f, gradients: mat4x4f) -> vec4f {
  let half = fma(pixels[1], gradients[1], fma(pixels[0], gradients[0], sum));
  return fma(pixels[3], gradients[3], fma(pixels[2], gradients[2], half));
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_filter_depthwise(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let task = task_of(flat_workgroup(group_id, group_count) * GROUP_SIZE + thread);
  if (task.slice >= params.slices) { return; }
  let filter4 = task.first / 4;
  let rows = rows_of_tap(task.tap, vec4u(filter4), 4);
  let columns = Columns(vec4u(filter4), params.groups / 4);
  var sum = vec4f();
  var position = first_position(task.slice);
  let steps = step_count();
  for (var step = 0u; step < steps; step++) {
    sum = with_products(sum, x_block4(rows, position), dy_block4(columns, position));
    position = next_position(position);
  }
  dw4[(task.slice * row_count() + task.tap) * (params.groups / 4) + filter4] = sum;
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_filter_depthwise_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let task = task_of(flat_workgroup(group_id, group_count) * GROUP_SIZE + thread);
  if (task.slice >= params.slices) { return; }
  let all = params.groups * params.columns;
  let filters = min(task.first + FOUR, vec4u(all - 1));
  let rows = rows_of_tap(task.tap, filters / params.columns, 1);
  let columns = Columns(filters, all);
  var sum = vec4f();
  var position = first_position(task.slice);
  let steps = step_count();
  for (var step = 0u; step < steps; step++) {
    sum = with_products(sum, x_block(rows, position), dy_block(columns, position));
    position = next_position(position);
  }
  let at = (task.slice * row_count() + task.tap) * all + task.first;
  let count = all - task.first;
  dw[at] = sum.x;
  if (count > 1) { dw[at + 1] = sum.y; }
  if (count > 2) { dw[at + 2] = sum.z; }
  if (count > 3) { dw[at + 3] = sum.w; }
}
