// max_pool_2d: y[n, oh, ow, c] = max of x[n, h, w, c] over a window's rows and columns (lib/pooling.wgsl).
// One workgroup does 64 consecutive elements of y. The vec4 entries do four channels at once; `squares` is for windows of
// 2 × 2 pixels side by side, `nine` for windows of 3 × 3: without loops.

// @import lib/max_pooling.wgsl

@compute @workgroup_size(group_size)
fn max_pool_2d(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  y[i] = winner_of(at.x, at.y, at.z, at.w).value;
}

@compute @workgroup_size(group_size)
fn max_pool_2d_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  let rows = rows_of(at.y);
  let columns = columns_of(at.z);
  var best = x4_at(x_index(at.x, rows.x, columns.x, at.w));
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      best = max(best, x4_at(x_index(at.x, h, w, at.w)));
    }
  }
  y4[i] = best;
}

@compute @workgroup_size(group_size)
fn max_pool_2d_squares_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = square_of(i, params.OH, params.OW);
  let upper = max(x4_at(at.x), x4_at(at.x + at.right));
  y4[i] = max(upper, max(x4_at(at.x + at.below), x4_at(at.x + at.right + at.below)));
}

// The largest of three pixels of a line.
fn largest4_of(n: u32, row: u32, columns: vec3u, c: u32) -> vec4f {
  let first = max(x4_at(x_index(n, row, columns.x, c)), x4_at(x_index(n, row, columns.y, c)));
  return max(first, x4_at(x_index(n, row, columns.z, c)));
}

@compute @workgroup_size(group_size)
fn max_pool_2d_nine_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  let nine = nine_of(at.y, at.z);
  let upper = largest4_of(at.x, nine.rows.x, nine.columns, at.w);
  let middle = largest4_of(at.x, nine.rows.y, nine.columns, at.w);
  y4[i] = max(max(upper, middle), largest4_of(at.x, nine.rows.z, nine.columns, at.w));
}
