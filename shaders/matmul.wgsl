// Matrix product with bias, residual and activation, for every matrix of a batch: kernels that need nothing but
// registers. Formula, buffers and slices are those of lib/product.wgsl.
//
//   1  matmul_naive           one thread, one output
//   2  matmul_register        a thread keeps 4 rows x 8 columns in registers, and reads four numbers at a time
//   3  matmul_register_8x8    8 rows x 8 columns: a third fewer loads for each multiply-add, twice the registers
//   4  matmul_register_scalar 2 for any m, n, k: reads one number at a time
//   5  matmul_with_sums       1 for a weight gradient, with the bias's gradient beside it
//
// `matmul_quad.wgsl` goes on with subgroups, `matmul_tiled.wgsl` with workgroup memory.

// @import lib/product.wgsl

// ---------------------------------------------------------------------------------------------------------------
// 1. Naive: a workgroup computes 64 consecutive outputs of one slice, one a thread. Every multiply-add costs two loads.

@compute @workgroup_size(64)
fn matmul_naive(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = flat_workgroup(group_id, group_count) * 64 + thread;
  let place = place_of(index, 1, 1);
  if (place.row >= params.m) { return; }
  let slice = slice_of(group_id.z);

  let a_step = select(1u, params.m, A_TRANSPOSED);
  let b_step = select(params.n, 1u, B_TRANSPOSED);
  let a_row = place.matrix * params.a_batch_stride + place.row * select(params.k, 1u, A_TRANSPOSED);
  let b_column = place.matrix * params.b_batch_stride + place.column * select(1u, params.k, B_TRANSPOSED);
  var sum = 0.0;
  for (var k = slice.begin; k < slice.end; k++) {
    sum = fma(read_a(a_row + k * a_step), read_b(b_column + k * b_step), sum);
  }
  let at = c_origin(place.matrix, group_id.z) + place.row * params.n + place.column;
  store_sum(at, place.column, sum);
}

// ---------------------------------------------------------------------------------------------------------------
// 2. Register block: a thread computes 4 rows x 8 columns, four k at a time, so 12 loads of four numbers serve 128
// multiply-adds. No workgroup memory and no barrier. A workgroup computes 64 consecutive blocks, along columns first.

@compute @workgroup_size(64)
fn matmul_register(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count) * 64 + thread, 4, 8);
  if (place.row >= params.m) { return; }
  let slice = slice_of(group_id.z);
  let row_lines = a_lines4(place.matrix, place.row);
  let left_lines = b_lines4(place.matrix, place.column);
  let right_lines = b_lines4(place.matrix, place.column + 4);

  var left = Block();
  var right = Block();
  for (var k = slice.begin; k < slice.end; k += 4) {
    let rows = a_block4(row_lines, k, slice.end);
    add_product(&left, rows, b_block4(left_lines, k, slice.end));
    add_product(&right, rows, b_block4(right_lines, k, slice.end));
  }

  let origin = c_origin(place.matrix, group_id.z);
  store_block4(origin, place.row, place.column, left);
  store_block4(origin, place.row, place.column + 4, right);
}

// ---------------------------------------------------------------------------------------------------------------
// 3. The same with 8 rows x 8 columns: 16 loads of four numbers serve 256 multiply-adds, and 64 sums stay in registers.

@compute @workgroup_size(64)
fn matmul_register_8x8(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count) * 64 + thread, 8, 8);
  if (place.row >= params.m) { return; }
  let slice = slice_of(group_id.z);
  let top_lines = a_lines4(place.matrix, place.row);
  let bottom_lines = a_lines4(place.matrix, place.row + 4);
  let left_lines = b_lines4(place.matrix, place.column);
  let right_lines = b_lines4(place.matrix, place.column + 4);

  var top_left = Block();
  var top_right = Block();
  var bottom_left = Block();
  var bottom_right = Block();
  for (var k = slice.begin; k < slice.end; k += 4) {
    let top = a_block4(top_lines, k, slice.end);
    let bottom = a_block4(bottom_lines, k, slice.end);
    let left = b_block4(left_lines, k, slice.end);
    let right = b_block4(right_lines, k, slice.end);
    add_product(&top_left, top, left);
    add_product(&top_right, top, right);
    add_product(&bottom_left, bottom, left);
    add_product(&bottom_right, bottom, right);
  }

  let origin = c_origin(place.matrix, group_id.z);
  store_block4(origin, place.row, place.column, top_left);
  store_block4(origin, place.row, place.column + 4, top_right);
  store_block4(origin, place.row + 4, place.column, bottom_left);
  store_block4(origin, place.row + 4, place.column + 4, bottom_right);
}

// ---------------------------------------------------------------------------------------------------------------
// 4. 4 rows x 8 columns of any m, n and k: loads single numbers, 12 for 32 multiply-adds.

@compute @workgroup_size(64)
fn matmul_register_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count) * 64 + thread, 4, 8);
  if (place.row >= params.m) { return; }
  let slice = slice_of(group_id.z);
  let row_lines = a_lines(place.matrix, place.row);
  let left_lines = b_lines(place.matrix, place.column);
  let right_lines = b_lines(place.matrix, place.column + 4);

  var left = Block();
  var right = Block();
  for (var k = slice.begin; k < slice.end; k += 4) {
    let rows = a_block(row_lines, k, slice.end);
    add_product(&left, rows, b_block(left_lines, k, slice.end));
    add_product(&right, rows, b_block(right_lines, k, slice.end));
  }

  let origin = c_origin(place.matrix, group_id.z);
  store_block(origin, place.row, place.column, left);
  store_block(origin, place.row, place.column + 4, right);
}

// ---------------------------------------------------------------------------------------------------------------
// 5. aᵀ * b and the sums of b's columns, which are row m of the product where a row of ones stands below aᵀ:
//
//   c[i, j] = sum over k of a[k, i] * b[k, j]        sums[j] = sum over k of b[k, j]
//
// A workgroup computes 64 consecutive outputs, one a thread; one matrix, without slices and epilogue.

@group(0) @binding(6) var<storage, read_write> sums: array<f32>; // [n]

fn add_term(sum: f32, of_ones: bool, a_at: u32, b_at: u32) -> f32 {
  return fma(select(read_a(a_at), 1.0, of_ones), read_b(b_at), sum);
}

@compute @workgroup_size(64)
fn matmul_with_sums(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = flat_workgroup(group_id, group_count) * 64 + thread;
  let row = index / params.n;
  let column = index - row * params.n;
  if (row > params.m) { return; }
  let of_ones = row == params.m;
  let a_column = min(row, params.m - 1);
  var sum = 0.0;
  var k = 0u;
  for (; k + 4 <= params.k; k += 4) {
    sum = add_term(sum, of_ones, a_column + k * params.m, column + k * params.n);
    sum = add_term(sum, of_ones, a_column + (k + 1) * params.m, column + (k + 1) * params.n);
    sum = add_term(sum, of_ones, a_column + (k + 2) * params.m, column + (k + 2) * params.n);
    sum = add_term(sum, of_ones, a_column + (k + 3) * params.m, column + (k + 3) * params.n);
  }
  for (; k < params.k; k++) { sum = add_term(sum, of_ones, a_column + k * params.m, column + k * params.n); }
  if (of_ones) { sums[column] = sum; } else { c[index] = sum; }
}

// ---------------------------------------------------------------------------------------------------------------
// The second pass of a product in slices:
//
//   c[z, i, j] = activate( join( sum over s of partial[z, s, i, j]  +  bias[j],  residual[z, i, j] ) )
//
// The slices are added in order, so the result is always the same. A workgroup computes 64 consecutive outputs.

@group(0) @binding(1) var<storage, read> partial: array<f32>; // [batch, slices, m, n]

@compute @workgroup_size(64)
fn matmul_sum_slices(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let size = params.m * params.n;
  let index = flat_workgroup(group_id, group_count) * 64 + thread;
  let matrix = index / size;
  if (matrix >= params.batch) { return; }
  let within = index - matrix * size;
  let first = matrix * params.slices * size + within;
  var sum = 0.0;
  for (var slice = 0u; slice < params.slices; slice++) {
    sum += partial[first + slice * size];
  }
  store_sum(index, within % params.n, sum);
}
