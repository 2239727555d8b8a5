// The gradient of normalize_rows.wgsl, its words and sizes: dx = (gamma·dy − Σ gamma·dy / K − x̂·Σ gamma·dy·x̂ / K) / √(variance +
// epsilon), x̂ = (x − mean) / √(variance + epsilon); and of gamma and beta Σ dy·x̂ and Σ dy over outer.
//   normalize_rows_grad         dx of a row, by a thread; normalize_rows_grad_group by a workgroup of 64, a tree in workgroup memory
//   normalize_rows_sums         first = Σ dy, second = Σ dy·x̂ over each segment of outer, for each channel (normalize_weights adds them)
//   normalize_rows_totals_vec4  of a row: its mean, 1 / √(variance + epsilon), and the two sums that dx needs, times what they are
//                               multiplied with there; a thread makes two rows, which read gamma once
//   normalize_rows_dx_vec4      from these, dx of two vectors of channels over a segment of outer, with first and second in the same
//                               reading; both read a row's totals once
// Without CENTERED (root mean square) the first sum is left out of dx. In the entries ending in _vec4 depth counts vectors.

// @import lib/row_gradient.wgsl
// @import lib/tree.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;

@group(0) @binding(10) var<storage, read_write> totals: array<vec4f>;
@group(0) @binding(10) var<storage, read> total: array<vec4f>;

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.outer * params.groups) { return; }
  let base = row * params.depth;
  let c = (row % params.groups) * params.depth;
  let center = mean[row];
  let factor = inverseSqrt(variance[row] + params.epsilon);
  var sum = 0.0;
  var product = 0.0;
  for (var d = 0u; d < params.depth; d++) {
    let scaled = gamma[c + d] * dy[base + d];
    sum += scaled;
    product += scaled * (x[base + d] - center);
  }
  if (!CENTERED) { sum = 0.0; }
  sum /= f32(params.depth);
  product *= factor * factor / f32(params.depth);
  for (var d = 0u; d < params.depth; d++) {
    y[base + d] = factor * (gamma[c + d] * dy[base + d] - sum - (x[base + d] - center) * product);
  }
}

// From the sums over a row of gamma·dy and of gamma·dy·(x − mean).
fn write_totals(row: u32, center: f32, sums: vec4f, products: vec4f) {
  let count = f32(4 * params.depth);
  let factor = inverseSqrt(variance[row] + params.epsilon);
  var sum = sum_lanes(sums) / count;
  if (!CENTERED) { sum = 0.0; }
  totals[row] = vec4f(center, factor, sum, sum_lanes(products) * factor * factor / count);
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_totals_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  let pairs = (params.outer + 1) / 2 * params.groups;
  if (row >= pairs) { return; }
  // Rows with the same gamma; the last has no other where their number is odd.
  let other = select(row, row + pairs, row + pairs < params.outer * params.groups);
  let depth = params.depth;
  let base = row * depth;
  let next = other * depth;
  let c = (row % params.groups) * depth;
  let center = mean[row];
  let its = mean[other];
  var sums = vec4f();
  var products = vec4f();
  var its_sums = vec4f();
  var its_products = vec4f();
  // Two at a time, so that few additions wait for the one before.
  let twos = depth - depth % 2;
  var d = 0u;
  for (; d < twos; d += 2) {
    let g0 = gamma4[c + d];
    let g1 = gamma4[c + d + 1];
    let a0 = g0 * dy4[base + d];
    let a1 = g1 * dy4[base + d + 1];
    let b0 = g0 * dy4[next + d];
    let b1 = g1 * dy4[next + d + 1];
    sums += a0 + a1;
    its_sums += b0 + b1;
    products += a0 * (x4[base + d] - center) + a1 * (x4[base + d + 1] - center);
    its_products += b0 * (x4[next + d] - its) + b1 * (x4[next + d + 1] - its);
  }
  if (d < depth) {
    let a = gamma4[c + d] * dy4[base + d];
    let b = gamma4[c + d] * dy4[next + d];
    sums += a;
    its_sums += b;
    products += a * (x4[base + d] - center);
    its_products += b * (x4[next + d] - its);
  }
  write_totals(row, center, sums, products);
  write_totals(other, its, its_sums, its_products);
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_grad_group(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.outer * params.groups) { return; }
  let base = row * params.depth;
  let c = (row % params.groups) * params.depth;
  let center = mean[row];
  let factor = inverseSqrt(variance[row] + params.epsilon);
  var own = vec2f();
  for (var d = lane; d < params.depth; d += GROUP_SIZE) {
    let scaled = gamma[c + d] * dy[base + d];
    own += vec2f(scaled, scaled * (x[base + d] - center));
  }
  let both = tree_sums(lane, own) / f32(params.depth);
  var sum = both.x;
  if (!CENTERED) { sum = 0.0; }
  let product = both.y * factor * factor;
  for (var d = lane; d < params.depth; d += GROUP_SIZE) {
    y[base + d] = factor * (gamma[c + d] * dy[base + d] - sum - (x[base + d] - center) * product);
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_sums(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  let channels = params.groups * params.depth;
  if (at >= params.segments * channels) { return; }
  let own = segment_of(at, channels, params.segments, params.per_segment, params.outer);
  let c = own.column;
  let g = divide(c, params.depth);
  var sum = 0.0;
  var product = 0.0;
  for (var o = own.start; o < own.end; o++) {
    let i = o * channels + c;
    let row = o * params.groups + g;
    sum += dy[i];
    product += dy[i] * (x[i] - mean[row]) * inverseSqrt(variance[row] + params.epsilon);
  }
  first[at] = sum;
  second[at] = product;
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_dx_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  let depth = params.depth;
  let pairs = (depth + 1) / 2;
  let channels = params.groups * depth;
  let threads = params.groups * pairs;
  if (at >= params.segments * threads) { return; }
  let own = segment_of(at, threads, params.segments, params.per_segment, params.outer);
  let g = divide(own.column, pairs);
  // Two vectors of channels with the same totals; the last has no other where their number is odd.
  let d = own.column - g * pairs;
  let c = g * depth + d;
  let next = select(c, c + pairs, d + pairs < depth);
  let scale = gamma4[c];
  let its_scale = gamma4[next];
  var sums = vec4f();
  var products = vec4f();
  var its_sums = vec4f();
  var its_products = vec4f();
  for (var o = own.start; o < own.end; o++) {
    let base = o * channels;
    let row = total[o * params.groups + g];
    let slope = dy4[base + c];
    let off = x4[base + c] - row.x;
    let its_slope = dy4[base + next];
    let its_off = x4[base + next] - row.x;
    sums += slope;
    products += slope * off * row.y;
    its_sums += its_slope;
    its_products += its_slope * its_off * row.y;
    y4[base + c] = row.y * (scale * slope - row.z - off * row.w);
    y4[base + next] = row.y * (its_scale * its_slope - row.z - its_off * row.w);
  }
  let first_at = own.index * channels;
  first4[first_at + c] = sums;
  second4[first_at + c] = products;
  first4[first_at + next] = its_sums;
  second4[first_at + next] = its_products;
}
