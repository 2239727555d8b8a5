// Matrix product with bias, residual and activation: c = activate(a · b + bias + residual), for every matrix of a batch.
//
//   c[z, i, j] = activate( sum over k of a[z, i, k] * b[z, k, j]  +  bias[j]  +  residual[z, i, j] )
//
//   a     [batch, m, k], or [batch, k, m] when A_TRANSPOSED
//   b     [batch, k, n], or [batch, n, k] when B_TRANSPOSED
//   bias  [n] when HAS_BIAS; otherwise never read, and any read-only buffer (b itself) may be bound there
//   residual  [batch, m, n] when HAS_RESIDUAL; otherwise as with bias
//   c     [batch * slices, m, n]
//
// Batch strides count numbers (f32); 0 repeats one matrix for the whole batch. With slices > 1 each slice sums only
// k_per_slice of the k terms into its own copy of c, and `matmul_sum_slices` adds the copies in order: for products
// with few outputs and many terms, such as a dense layer's weight gradient.
//
//   1  matmul_naive            one thread, one output
//   2  matmul_register         a thread keeps 4 rows x 8 columns in registers; reads four numbers at a time
//   3  matmul_register_scalar  the same block, one number at a time: any m, n, k
//   4  matmul_tiled            a workgroup shares a 64 x 64 tile through workgroup memory
//
// `matmul_quad.wgsl` goes on with subgroups.

// @import lib/activation.wgsl

struct Params {
  m: u32,
  n: u32,
  k: u32,
  batch: u32,
  a_batch_stride: u32,
  b_batch_stride: u32,
  slices: u32,
  k_per_slice: u32, // a multiple of 4; slices * k_per_slice >= k
}

const A_TRANSPOSED: bool = false;
const B_TRANSPOSED: bool = false;
const HAS_BIAS: bool = false;
const HAS_RESIDUAL: bool = false;

@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> c: array<f32>;

// The same buffers, four numbers at a time.
@group(0) @binding(1) var<storage, read> a4: array<vec4f>;
@group(0) @binding(2) var<storage, read> b4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> c4: array<vec4f>;

// @hook
fn activate(x: f32) -> f32 { return x; }
// @hook
fn activate4(x: vec4f) -> vec4f { return x; }

// A grid may have only 65535 workgroups along one side, so long lists of workgroups fold into rows.
fn flat_workgroup(group_id: vec3u, group_count: vec3u) -> u32 {
  return group_id.y * group_count.x + group_id.x;
}

// ---------------------------------------------------------------------------------------------------------------
// 1. Naive: a workgroup computes 64 consecutive outputs of one slice, one a thread. Every multiply-add costs two loads.

@compute @workgroup_size(64)
fn matmul_naive(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = flat_workgroup(group_id, group_count) * 64 + thread;
  if (index >= params.m * params.n) { return; }
  let row = index / params.n;
  let column = index % params.n;
  let matrix = group_id.z / params.slices;
  let k_begin = (group_id.z % params.slices) * params.k_per_slice;
  let k_end = min(k_begin + params.k_per_slice, params.k);

  let a_step = select(1u, params.m, A_TRANSPOSED);
  let b_step = select(params.n, 1u, B_TRANSPOSED);
  var a_at = matrix * params.a_batch_stride + row * select(params.k, 1u, A_TRANSPOSED) + k_begin * a_step;
  var b_at = matrix * params.b_batch_stride + column * select(1u, params.k, B_TRANSPOSED) + k_begin * b_step;
  var sum = 0.0;
  for (var k = k_begin; k < k_end; k++) {
    sum = fma(a[a_at], b[b_at], sum);
    a_at += a_step;
    b_at += b_step;
  }
  let at = group_id.z * params.m * params.n + index;
  if (HAS_BIAS) { sum += bias[column]; }
  if (HAS_RESIDUAL) { sum += residual[at]; }
  c[at] = activate(sum);
}

// ---------------------------------------------------------------------------------------------------------------
// 2. Register block: a thread computes 4 rows x 8 columns, four k at a time, so 12 loads of four numbers serve 128
// multiply-adds. No workgroup memory and no barrier. A workgroup computes 64 consecutive blocks, along columns first.
// Needs n % 4 == 0, and k % 4 == 0 unless A_TRANSPOSED and not B_TRANSPOSED; m % 4 == 0 when A_TRANSPOSED.

// Four rows by eight columns of sums: left and right halves of each row.
struct Block {
  left0: vec4f, left1: vec4f, left2: vec4f, left3: vec4f,
  right0: vec4f, right1: vec4f, right2: vec4f, right3: vec4f,
}

// Adds the outer product of a column of a (four rows) and a row of b (eight columns).
fn add_outer_product(sums: ptr<function, Block>, a_rows: vec4f, b_left: vec4f, b_right: vec4f) {
  (*sums).left0 = fma(vec4f(a_rows.x), b_left, (*sums).left0);
  (*sums).left1 = fma(vec4f(a_rows.y), b_left, (*sums).left1);
  (*sums).left2 = fma(vec4f(a_rows.z), b_left, (*sums).left2);
  (*sums).left3 = fma(vec4f(a_rows.w), b_left, (*sums).left3);
  (*sums).right0 = fma(vec4f(a_rows.x), b_right, (*sums).right0);
  (*sums).right1 = fma(vec4f(a_rows.y), b_right, (*sums).right1);
  (*sums).right2 = fma(vec4f(a_rows.z), b_right, (*sums).right2);
  (*sums).right3 = fma(vec4f(a_rows.w), b_right, (*sums).right3);
}

@compute @workgroup_size(64)
fn matmul_register(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let n4 = params.n / 4;
  let m4 = params.m / 4;
  let k4 = params.k / 4;
  let blocks_across = (n4 + 1) / 2;
  let block = flat_workgroup(group_id, group_count) * 64 + thread;
  let row = block / blocks_across * 4;
  if (row >= params.m) { return; }
  let left = block % blocks_across * 2;
  let right = min(left + 1, n4 - 1);
  let matrix = group_id.z / params.slices;
  let k_begin = (group_id.z % params.slices) * params.k_per_slice;
  let k_end = min(k_begin + params.k_per_slice, params.k);
  let a_origin = matrix * (params.a_batch_stride / 4);
  let b_origin = matrix * (params.b_batch_stride / 4);

  var sums = Block();
  if (A_TRANSPOSED && !B_TRANSPOSED) {
    // Both are stored row k after row k: one k at a time, so any k will do.
    for (var k = k_begin; k < k_end; k++) {
      let b_row = b_origin + k * n4;
      add_outer_product(&sums, a4[a_origin + k * m4 + row / 4], b4[b_row + left], b4[b_row + right]);
    }
  } else {
    let last_row = params.m - 1;
    let row0 = a_origin + row * k4;
    let row1 = a_origin + min(row + 1, last_row) * k4;
    let row2 = a_origin + min(row + 2, last_row) * k4;
    let row3 = a_origin + min(row + 3, last_row) * k4;
    for (var k = k_begin; k < k_end; k += 4) {
      var a_block: mat4x4f; // column i: the four rows at k + i
      if (A_TRANSPOSED) {
        let at = a_origin + k * m4 + row / 4;
        a_block = mat4x4f(a4[at], a4[at + m4], a4[at + 2 * m4], a4[at + 3 * m4]);
      } else {
        let at = k / 4;
        a_block = transpose(mat4x4f(a4[row0 + at], a4[row1 + at], a4[row2 + at], a4[row3 + at]));
      }
      var b_left: mat4x4f; // column i: four columns of b at k + i
      var b_right: mat4x4f;
      if (B_TRANSPOSED) {
        let left_at = b_origin + left * 4 * k4 + k / 4;
        let right_at = b_origin + right * 4 * k4 + k / 4;
        b_left = transpose(mat4x4f(b4[left_at], b4[left_at + k4], b4[left_at + 2 * k4], b4[left_at + 3 * k4]));
        b_right = transpose(mat4x4f(b4[right_at], b4[right_at + k4], b4[right_at + 2 * k4], b4[right_at + 3 * k4]));
      } else {
        let left_at = b_origin + k * n4 + left;
        let right_at = b_origin + k * n4 + right;
        b_left = mat4x4f(b4[left_at], b4[left_at + n4], b4[left_at + 2 * n4], b4[left_at + 3 * n4]);
        b_right = mat4x4f(b4[right_at], b4[right_at + n4], b4[right_at + 2 * n4], b4[right_at + 3 * n4]);
      }
      add_outer_product(&sums, a_block[0], b_left[0], b_right[0]);
      add_outer_product(&sums, a_block[1], b_left[1], b_right[1]);
      add_outer_product(&sums, a_block[2], b_left[2], b_right[2]);
      add_outer_product(&sums, a_block[3], b_left[3], b_right[3]);
    }
  }

  var bias_left = vec4f();
  var bias_right = vec4f();
  if (HAS_BIAS) {
    bias_left = bias4[left];
    bias_right = bias4[right];
  }
  // Where n ends within the block, the right half repeated the left one's columns and is not stored.
  let has_right = left + 1 < n4;
  let origin = group_id.z * params.m * n4;
  store_row(origin, row, left, has_right, sums.left0 + bias_left, sums.right0 + bias_right);
  store_row(origin, row + 1, left, has_right, sums.left1 + bias_left, sums.right1 + bias_right);
  store_row(origin, row + 2, left, has_right, sums.left2 + bias_left, sums.right2 + bias_right);
  store_row(origin, row + 3, left, has_right, sums.left3 + bias_left, sums.right3 + bias_right);
}

fn store_row(origin: u32, row: u32, left: u32, has_right: bool, left_sums: vec4f, right_sums: vec4f) {
  if (row >= params.m) { return; }
  let at = origin + row * (params.n / 4) + left;
  store_sums(at, left_sums);
  if (has_right) { store_sums(at + 1, right_sums); }
}

fn store_sums(at: u32, sums: vec4f) {
  if (HAS_RESIDUAL) { c4[at] = activate4(sums + residual4[at]); } else { c4[at] = activate4(sums); }
}

// ---------------------------------------------------------------------------------------------------------------
// 3. Register block for any m, n and k: loads single numbers (12 for 32 multiply-adds), repeats the last row or column
// beyond the edge, and stores only what exists.

@compute @workgroup_size(64)
fn matmul_register_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let blocks_across = (params.n + 7) / 8;
  let block = flat_workgroup(group_id, group_count) * 64 + thread;
  let row = block / blocks_across * 4;
  if (row >= params.m) { return; }
  let column = block % blocks_across * 8;
  let matrix = group_id.z / params.slices;
  let k_begin = (group_id.z % params.slices) * params.k_per_slice;
  let k_end = min(k_begin + params.k_per_slice, params.k);

  let a_step = select(1u, params.m, A_TRANSPOSED);
  let b_step = select(params.n, 1u, B_TRANSPOSED);
  let rows = min(row + vec4u(0, 1, 2, 3), vec4u(params.m - 1));
  let left = min(column + vec4u(0, 1, 2, 3), vec4u(params.n - 1));
  let right = min(column + vec4u(4, 5, 6, 7), vec4u(params.n - 1));
  let column_stride = select(1u, params.k, B_TRANSPOSED);
  let b_origin = matrix * params.b_batch_stride + k_begin * b_step;
  var a_at = matrix * params.a_batch_stride + k_begin * a_step + rows * select(params.k, 1u, A_TRANSPOSED);
  var left_at = b_origin + left * column_stride;
  var right_at = b_origin + right * column_stride;
  var sums = Block();
  for (var k = k_begin; k < k_end; k++) {
    add_outer_product(
      &sums,
      vec4f(a[a_at.x], a[a_at.y], a[a_at.z], a[a_at.w]),
      vec4f(b[left_at.x], b[left_at.y], b[left_at.z], b[left_at.w]),
      vec4f(b[right_at.x], b[right_at.y], b[right_at.z], b[right_at.w]),
    );
    a_at += vec4u(a_step);
    left_at += vec4u(b_step);
    right_at += vec4u(b_step);
  }

  let origin = group_id.z * params.m * params.n;
  store_four(origin, row, column, sums.left0);
  store_four(origin, row, column + 4, sums.right0);
  store_four(origin, row + 1, column, sums.left1);
  store_four(origin, row + 1, column + 4, sums.right1);
  store_four(origin, row + 2, column, sums.left2);
  store_four(origin, row + 2, column + 4, sums.right2);
  store_four(origin, row + 3, column, sums.left3);
  store_four(origin, row + 3, column + 4, sums.right3);
}

// Stores the existing ones of four neighbouring outputs.
fn store_four(origin: u32, row: u32, column: u32, sums: vec4f) {
  if (row >= params.m || column >= params.n) { return; }
  let at = origin + row * params.n + column;
  let columns = min(column + vec4u(0, 1, 2, 3), vec4u(params.n - 1));
  var biased = sums;
  if (HAS_BIAS) { biased += vec4f(bias[columns.x], bias[columns.y], bias[columns.z], bias[columns.w]); }
  if (HAS_RESIDUAL) {
    let from_first = at + columns - vec4u(column);
    biased += vec4f(residual[from_first.x], residual[from_first.y], residual[from_first.z], residual[from_first.w]);
  }
  let results = vec4f(activate(biased.x), activate(biased.y), activate(biased.z), activate(biased.w));
  c[at] = results.x;
  if (column + 1 < params.n) { c[at + 1] = results.y; }
  if (column + 2 < params.n) { c[at + 2] = results.z; }
  if (column + 3 < params.n) { c[at + 3] = results.w; }
}

// ---------------------------------------------------------------------------------------------------------------
// 4. Tiled, for GPUs with real workgroup memory: 128 threads compute a 64 x 64 tile of c, 8 rows x 4 columns each.
// They step along k 16 at a time: together they copy a 64 x 16 piece of a, transposed, and a 16 x 64 piece of b into
// workgroup memory, while the next piece is already on its way into registers. Any m, n and k: loads beyond an edge
// give 0, and single numbers are loaded, neighbours by neighbours, which GPUs merge.

const TILE: u32 = 64;
const DEPTH: u32 = 16;
const TILED_THREADS: u32 = 128;

// One four more than the 16 of a line, so that a column's neighbours lie in different banks.
const PITCH: u32 = 17;

var<workgroup> a_tile: array<vec4f, 272>; // [DEPTH, PITCH]: four rows of a at one k
var<workgroup> b_tile: array<vec4f, 272>; // [DEPTH, PITCH]: four columns of b at one k

fn a_or_zero(origin: u32, row: u32, k: u32, k_end: u32) -> f32 {
  let at = select(row * params.k + k, k * params.m + row, A_TRANSPOSED);
  let inside = row < params.m && k < k_end;
  return select(0.0, a[origin + select(0u, at, inside)], inside);
}

fn b_or_zero(origin: u32, k: u32, column: u32, k_end: u32) -> f32 {
  let at = select(k * params.n + column, column * params.k + k, B_TRANSPOSED);
  let inside = column < params.n && k < k_end;
  return select(0.0, b[origin + select(0u, at, inside)], inside);
}

fn a_four(origin: u32, row: u32, k: u32, k_end: u32) -> vec4f {
  return vec4f(
    a_or_zero(origin, row, k, k_end), a_or_zero(origin, row + 1, k, k_end),
    a_or_zero(origin, row + 2, k, k_end), a_or_zero(origin, row + 3, k, k_end),
  );
}

fn b_four(origin: u32, k: u32, column: u32, k_end: u32) -> vec4f {
  return vec4f(
    b_or_zero(origin, k, column, k_end), b_or_zero(origin, k, column + 1, k_end),
    b_or_zero(origin, k, column + 2, k_end), b_or_zero(origin, k, column + 3, k_end),
  );
}

@compute @workgroup_size(TILED_THREADS)
fn matmul_tiled(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let tiles_across = (params.n + TILE - 1) / TILE;
  let tile = flat_workgroup(group_id, group_count);
  let tile_row = tile / tiles_across * TILE;
  if (tile_row >= params.m) { return; }
  let tile_column = tile % tiles_across * TILE;
  let matrix = group_id.z / params.slices;
  let k_begin = (group_id.z % params.slices) * params.k_per_slice;
  let k_end = min(k_begin + params.k_per_slice, params.k);
  let a_origin = matrix * params.a_batch_stride;
  let b_origin = matrix * params.b_batch_stride;

  // Each thread fetches two quads of each piece. Threads next to each other walk along the stored order.
  let a_quad = select(thread / DEPTH, thread % 16, A_TRANSPOSED);
  let a_k = select(thread % DEPTH, thread / 16, A_TRANSPOSED);
  let b_quad = select(thread % 16, thread / DEPTH, B_TRANSPOSED);
  let b_k = select(thread / 16, thread % DEPTH, B_TRANSPOSED);
  // The second quad: 8 further rows of quads, or 8 further k.
  let a_quad_step = select(8u, 0u, A_TRANSPOSED);
  let b_quad_step = select(0u, 8u, B_TRANSPOSED);
  let a_k_step = 8 - a_quad_step;
  let b_k_step = 8 - b_quad_step;
  let a_row = tile_row + a_quad * 4;
  let b_column = tile_column + b_quad * 4;

  let row_quad = thread / 16 * 2; // this thread's 8 rows
  let column_quad = thread % 16; // and 4 columns
  var sum0 = vec4f(); var sum1 = vec4f(); var sum2 = vec4f(); var sum3 = vec4f();
  var sum4 = vec4f(); var sum5 = vec4f(); var sum6 = vec4f(); var sum7 = vec4f();

  var a_first = a_four(a_origin, a_row, k_begin + a_k, k_end);
  var a_second = a_four(a_origin, a_row + a_quad_step * 4, k_begin + a_k + a_k_step, k_end);
  var b_first = b_four(b_origin, k_begin + b_k, b_column, k_end);
  var b_second = b_four(b_origin, k_begin + b_k + b_k_step, b_column + b_quad_step * 4, k_end);
  for (var k = k_begin; k < k_end; k += DEPTH) {
    a_tile[a_k * PITCH + a_quad] = a_first;
    a_tile[(a_k + a_k_step) * PITCH + a_quad + a_quad_step] = a_second;
    b_tile[b_k * PITCH + b_quad] = b_first;
    b_tile[(b_k + b_k_step) * PITCH + b_quad + b_quad_step] = b_second;
    workgroupBarrier();
    let next = k + DEPTH;
    if (next < k_end) {
      a_first = a_four(a_origin, a_row, next + a_k, k_end);
      a_second = a_four(a_origin, a_row + a_quad_step * 4, next + a_k + a_k_step, k_end);
      b_first = b_four(b_origin, next + b_k, b_column, k_end);
      b_second = b_four(b_origin, next + b_k + b_k_step, b_column + b_quad_step * 4, k_end);
    }
    for (var i = 0u; i < DEPTH; i++) {
      let top = a_tile[i * PITCH + row_quad];
      let bottom = a_tile[i * PITCH + row_quad + 1];
      let columns = b_tile[i * PITCH + column_quad];
      sum0 = fma(vec4f(top.x), columns, sum0);
      sum1 = fma(vec4f(top.y), columns, sum1);
      sum2 = fma(vec4f(top.z), columns, sum2);
      sum3 = fma(vec4f(top.w), columns, sum3);
      sum4 = fma(vec4f(bottom.x), columns, sum4);
      sum5 = fma(vec4f(bottom.y), columns, sum5);
      sum6 = fma(vec4f(bottom.z), columns, sum6);
      sum7 = fma(vec4f(bottom.w), columns, sum7);
    }
    workgroupBarrier();
  }

  let origin = group_id.z * params.m * params.n;
  let row = tile_row + row_quad * 4;
  let column = tile_column + column_quad * 4;
  store_four(origin, row, column, sum0);
  store_four(origin, row + 1, column, sum1);
  store_four(origin, row + 2, column, sum2);
  store_four(origin, row + 3, column, sum3);
  store_four(origin, row + 4, column, sum4);
  store_four(origin, row + 5, column, sum5);
  store_four(origin, row + 6, column, sum6);
  store_four(origin, row + 7, column, sum7);
}

// ---------------------------------------------------------------------------------------------------------------
// The second pass of a product in slices:
//
//   c[z, i, j] = activate( sum over s of partial[z, s, i, j]  +  bias[j]  +  residual[z, i, j] )
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
  if (index >= size) { return; }
  let origin = group_id.z * params.slices * size + index;
  var sum = 0.0;
  for (var slice = 0u; slice < params.slices; slice++) {
    sum += partial[origin + slice * size];
  }
  let at = group_id.z * size + index;
  if (HAS_BIAS) { sum += bias[index % params.n]; }
  if (HAS_RESIDUAL) { sum += residual[at]; }
  c[at] = activate(sum);
}
