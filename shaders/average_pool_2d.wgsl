// average_pool_2d: y[n, oh, ow, c] = Σ x[n, h, w, c] / count over a window's rows and columns (lib/pooling.wgsl). count is
//   the number of these elements (COUNT 0), that of those on the padded image (1), or one (2), which makes it a sum.
// Its gradient: dx[n, h, w, c] = Σ dy / count over the windows that hold the pixel; a gather, so its order is fixed.
// One workgroup does 64 consecutive elements of the buffer it writes (average_pool_2d_grad_squares: 64 squares of it). The
// vec4 entries do four channels at once.

// @import lib/pooling.wgsl

const COUNT: u32 = 0;

fn count_of(oh: u32, ow: u32) -> f32 {
  if (COUNT == 2) { return 1.0; }
  var rows = rows_of(oh);
  var columns = columns_of(ow);
  if (COUNT == 1) {
    rows = clipped(oh, params.stride_h, params.KH, 0u, params.pad_top + params.H + params.pad_bottom);
    columns = clipped(ow, params.stride_w, params.KW, 0u, params.pad_left + params.W + params.pad_right);
  }
  return f32((rows.y - rows.x) * (columns.y - columns.x));
}

@compute @workgroup_size(group_size)
fn average_pool_2d(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  let rows = rows_of(at.y);
  let columns = columns_of(at.z);
  var sum = 0.0;
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      sum += x[x_index(at.x, h, w, at.w)];
    }
  }
  y[i] = sum / count_of(at.y, at.z);
}

@compute @workgroup_size(group_size)
fn average_pool_2d_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  let rows = rows_of(at.y);
  let columns = columns_of(at.z);
  var sum = vec4f(0.0);
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      sum += x4[x_index(at.x, h, w, at.w)];
    }
  }
  y4[i] = sum / count_of(at.y, at.z);
}

@compute @workgroup_size(group_size)
fn average_pool_2d_squares_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = square_of(i, params.OH, params.OW);
  let sum = x4[at.x] + x4[at.x + at.right] + x4[at.x + at.below] + x4[at.x + at.right + at.below];
  y4[i] = sum * select(0.25, 1.0, COUNT == 2);
}

// The sum of three pixels of a line, of which `count` are on the image.
fn sum4_of(n: u32, row: u32, columns: vec3u, count: u32, c: u32) -> vec4f {
  var sum = x4[x_index(n, row, columns.x, c)];
  sum += select(vec4f(), x4[x_index(n, row, columns.y, c)], count > 1);
  return sum + select(vec4f(), x4[x_index(n, row, columns.z, c)], count > 2);
}

@compute @workgroup_size(group_size)
fn average_pool_2d_nine_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  let nine = nine_of(at.y, at.z);
  let rows = rows_of(at.y);
  let columns = columns_of(at.z);
  let count = columns.y - columns.x;
  var sum = sum4_of(at.x, nine.rows.x, nine.columns, count, at.w);
  sum += select(vec4f(), sum4_of(at.x, nine.rows.y, nine.columns, count, at.w), rows.y - rows.x > 1);
  sum += select(vec4f(), sum4_of(at.x, nine.rows.z, nine.columns, count, at.w), rows.y - rows.x > 2);
  y4[i] = sum / count_of(at.y, at.z);
}

@compute @workgroup_size(group_size)
fn average_pool_2d_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  var sum = 0.0;
  for (var oh = rows.x; oh < rows.y; oh++) {
    for (var ow = columns.x; ow < columns.y; ow++) {
      sum += dy[y_index(at.x, oh, ow, at.w)] / count_of(oh, ow);
    }
  }
  dx[i] = sum;
}

@compute @workgroup_size(group_size)
fn average_pool_2d_grad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  var sum = vec4f(0.0);
  for (var oh = rows.x; oh < rows.y; oh++) {
    for (var ow = columns.x; ow < columns.y; ow++) {
      sum += dy4[y_index(at.x, oh, ow, at.w)] / count_of(oh, ow);
    }
  }
  dx4[i] = sum;
}

// The share of one of the windows over a pixel.
fn share4(y: u32, exists: bool, oh: u32, ow: u32) -> vec4f {
  return select(vec4f(), dy4[y] / count_of(oh, ow), exists);
}

@compute @workgroup_size(group_size)
fn average_pool_2d_grad_four_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let over = windows_over_pixel(at);
  let oh = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH).x;
  let ow = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW).x;
  let upper = share4(over.y.x, over.exists.x, oh, ow) + share4(over.y.y, over.exists.y, oh, ow + 1);
  dx4[i] = upper + share4(over.y.z, over.exists.z, oh + 1, ow) + share4(over.y.w, over.exists.w, oh + 1, ow + 1);
}

@compute @workgroup_size(group_size)
fn average_pool_2d_grad_squares_vec4(
  @builtin(global_invocation_id) thread: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = covering_square(i);
  let gradient = select(vec4f(), dy4[at.y] * select(0.25, 1.0, COUNT == 2), at.whole);
  store_square(at, gradient, gradient, gradient, gradient);
}
