// The gradient of max_pool_2d: dx[n, h, w, c] = the sum of dy over the windows (lib/pooling.wgsl) whose first largest element
// x[n, h, w, c] is. It is a gather, so the order of every sum is fixed. `slope` may then take the gradient on through the
// activation that gave x.
// One workgroup does 64 consecutive elements of the buffer it writes (..._tiles, ..._squares: 64 tiles of it). The vec4
// entries do four channels at once.
//
//   max_pool_2d_grad          looks through every window over an element again: (KH·KW)² / (stride_h·stride_w) loads.
//   max_pool_2d_winners, then max_pool_2d_grad_winners: each window is searched once, its winner kept as h·W + w.
//   max_pool_2d_grad_tiles    where windows do not overlap: one thread searches a window and writes all of its pixels.
//   max_pool_2d_grad_squares  the same where they are squares of 2 × 2 pixels side by side.
// Entries with `nine` are for windows of 3 × 3, those with `four` for at most four windows over a pixel: without loops.

// @import lib/max_pooling.wgsl

@group(0) @binding(5) var<storage, read_write> winners: array<u32>;
@group(0) @binding(5) var<storage, read_write> winners4: array<vec4u>;
@group(0) @binding(6) var<storage, read> found: array<u32>;
@group(0) @binding(6) var<storage, read> found4: array<vec4u>;

// What becomes of the gradient a of an element b of x; 0 of 0.
// @hook
fn slope(a: f32, b: f32) -> f32 { return a; }

fn slope4(a: vec4f, b: vec4f) -> vec4f {
  return vec4f(slope(a.x, b.x), slope(a.y, b.y), slope(a.z, b.z), slope(a.w, b.w));
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let pixel = at.y * params.W + at.z;
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  var sum = 0.0;
  for (var oh = rows.x; oh < rows.y; oh++) {
    for (var ow = columns.x; ow < columns.y; ow++) {
      if (winner_of(at.x, oh, ow, at.w).pixel == pixel) {
        sum += dy[y_index(at.x, oh, ow, at.w)];
      }
    }
  }
  dx[i] = slope(sum, x_at(i));
}

@compute @workgroup_size(group_size)
fn max_pool_2d_winners(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  winners[i] = winner_of(at.x, at.y, at.z, at.w).pixel;
}

@compute @workgroup_size(group_size)
fn max_pool_2d_winners_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  winners4[i] = winner4_of(at.x, at.y, at.z, at.w).pixel;
}

fn better4(best: Winner4, n: u32, row: u32, column: u32, c: u32) -> Winner4 {
  let pixel = row * params.W + column;
  let value = x4_at(pixel_index(n, pixel, c));
  let larger = value > best.value;
  return Winner4(select(best.value, value, larger), select(best.pixel, vec4u(pixel), larger));
}

fn best4_of(best: Winner4, n: u32, row: u32, columns: vec3u, c: u32) -> Winner4 {
  let first = better4(best, n, row, columns.x, c);
  let second = better4(first, n, row, columns.y, c);
  return better4(second, n, row, columns.z, c);
}

@compute @workgroup_size(group_size)
fn max_pool_2d_winners_nine_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.OH, params.OW);
  let nine = nine_of(at.y, at.z);
  let corner = nine.rows.x * params.W + nine.columns.x;
  var best = Winner4(x4_at(pixel_index(at.x, corner, at.w)), vec4u(corner));
  best = better4(best, at.x, nine.rows.x, nine.columns.y, at.w);
  best = better4(best, at.x, nine.rows.x, nine.columns.z, at.w);
  best = best4_of(best, at.x, nine.rows.y, nine.columns, at.w);
  best = best4_of(best, at.x, nine.rows.z, nine.columns, at.w);
  winners4[i] = best.pixel;
}

// The gradient of one of the windows over a pixel, if that is its winner.
fn won4(y: u32, exists: bool, pixel: vec4u) -> vec4f {
  return select(vec4f(), dy4[y], (found4[y] == pixel) & vec4<bool>(exists));
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad_winners_four_vec4(
  @builtin(global_invocation_id) thread: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let pixel = vec4u(at.y * params.W + at.z);
  let over = windows_over_pixel(at);
  let upper = won4(over.y.x, over.exists.x, pixel) + won4(over.y.y, over.exists.y, pixel);
  let lower = won4(over.y.z, over.exists.z, pixel) + won4(over.y.w, over.exists.w, pixel);
  dx4[i] = slope4(upper + lower, x4_at(i));
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad_winners(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let pixel = at.y * params.W + at.z;
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  var sum = 0.0;
  for (var oh = rows.x; oh < rows.y; oh++) {
    for (var ow = columns.x; ow < columns.y; ow++) {
      let from_index = y_index(at.x, oh, ow, at.w);
      sum += select(0.0, dy[from_index], found[from_index] == pixel);
    }
  }
  dx[i] = slope(sum, x_at(i));
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad_winners_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, params.H, params.W);
  let pixel = vec4u(at.y * params.W + at.z);
  let rows = windows_over(at.y, params.stride_h, params.KH, params.pad_top, params.OH);
  let columns = windows_over(at.z, params.stride_w, params.KW, params.pad_left, params.OW);
  var sum = vec4f(0.0);
  for (var oh = rows.x; oh < rows.y; oh++) {
    for (var ow = columns.x; ow < columns.y; ow++) {
      let from_index = y_index(at.x, oh, ow, at.w);
      sum += select(vec4f(0.0), dy4[from_index], found4[from_index] == pixel);
    }
  }
  dx4[i] = slope4(sum, x4_at(i));
}

// Tiles of stride_h × stride_w pixels cover the padded image up to its last row and column; a tile holds its window, or
// none behind the last one.
fn tiles_down() -> u32 {
  return (params.H + params.pad_top + params.stride_h - 1u) / params.stride_h;
}

fn tiles_across() -> u32 {
  return (params.W + params.pad_left + params.stride_w - 1u) / params.stride_w;
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad_tiles(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, tiles_down(), tiles_across());
  let rows = clipped(at.y, params.stride_h, params.stride_h, params.pad_top, params.H);
  let columns = clipped(at.z, params.stride_w, params.stride_w, params.pad_left, params.W);
  var gradient = 0.0;
  var winner = 0u;
  if (at.y < params.OH && at.z < params.OW) {
    let best = winner_of(at.x, at.y, at.z, at.w);
    gradient = slope(dy[y_index(at.x, at.y, at.z, at.w)], best.value);
    winner = best.pixel;
  }
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      let pixel = h * params.W + w;
      dx[pixel_index(at.x, pixel, at.w)] = select(0.0, gradient, pixel == winner);
    }
  }
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad_tiles_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = position_of(i, tiles_down(), tiles_across());
  let rows = clipped(at.y, params.stride_h, params.stride_h, params.pad_top, params.H);
  let columns = clipped(at.z, params.stride_w, params.stride_w, params.pad_left, params.W);
  var gradient = vec4f(0.0);
  var winner = vec4u();
  if (at.y < params.OH && at.z < params.OW) {
    let best = winner4_of(at.x, at.y, at.z, at.w);
    gradient = slope4(dy4[y_index(at.x, at.y, at.z, at.w)], best.value);
    winner = best.pixel;
  }
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      let pixel = h * params.W + w;
      dx4[pixel_index(at.x, pixel, at.w)] = select(vec4f(0.0), gradient, vec4u(pixel) == winner);
    }
  }
}

@compute @workgroup_size(group_size)
fn max_pool_2d_grad_squares_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = covering_square(i);
  let upper_left = x4_at(at.x);
  let upper_right = x4_at(at.x + at.right);
  let lower_left = x4_at(at.x + at.below);
  let lower_right = x4_at(at.x + at.right + at.below);
  let second = upper_right > upper_left;
  let upper = select(upper_left, upper_right, second);
  let third = lower_left > upper;
  let three = select(upper, lower_left, third);
  let fourth = lower_right > three;
  let best = select(three, lower_right, fourth);
  let gradient = slope4(select(vec4f(), dy4[at.y], at.whole), best);
  store_square(
    at,
    select(gradient, vec4f(), second | third | fourth),
    select(vec4f(), gradient, second & !(third | fourth)),
    select(vec4f(), gradient, third & !fourth),
    select(vec4f(), gradient, fourth),
  );
}
