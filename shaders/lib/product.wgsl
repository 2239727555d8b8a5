// What every kernel of the matrix product shares: sizes, buffers, 4 x 4 blocks of operands and sums, and the epilogue.
//
//   c[z, i, j] = activate( join( sum over k of a[z, i, k] * b[z, k, j]  +  bias[j],  residual[z, i, j] ) )
//
//   a         [batch, m, k], or [batch, k, m] when A_TRANSPOSED
//   b         [batch, k, n], or [batch, n, k] when B_TRANSPOSED
//   bias      [n] when HAS_BIAS; otherwise never read, and any read-only buffer (b itself) may be bound there
//   residual  [batch, m, n] when HAS_RESIDUAL; otherwise as with bias
//   c         [batch, slices, m, n]
//
// lib/epilogue.wgsl says what it is to join.
//
// Batch strides count numbers; 0 repeats one matrix for the whole batch. With slices > 1 the grid's z counts slices:
// each sums only k_per_slice of the k terms into its own copy of c, without the epilogue, and `matmul_sum_slices`
// adds the copies in order: for products with few outputs and many terms, such as a dense layer's weight gradient.
//
// Kernels whose names end in `_scalar` read single numbers and take any m, n and k. The others read four at a time and
// need n % 4 == 0; m % 4 == 0 when A_TRANSPOSED; k % 4 == 0 unless A_TRANSPOSED and not B_TRANSPOSED. Every number is
// read by one of the read_ functions, and all arithmetic is in f32.

// @import lib/epilogue.wgsl
// @import lib/block.wgsl
// @import lib/grid.wgsl

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
const K_IN_FOURS: bool = false; // k % 4 == 0
const HAS_BIAS: bool = false;

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

fn read_a(at: u32) -> f32 { return a[at]; }
fn read_b(at: u32) -> f32 { return b[at]; }
fn read_a4(at: u32) -> vec4f { return a4[at]; }
fn read_b4(at: u32) -> vec4f { return b4[at]; }

// ---------------------------------------------------------------------------------------------------------------
// Where a tile lies. Tiles are counted along a row of tiles first, then down, then from matrix to matrix.

struct Place {
  matrix: u32,
  row: u32,
  column: u32,
}

// Beyond the last matrix a tile lies below the last matrix's last row: it reads what is there and stores nothing.
fn place_of(tile: u32, rows: u32, columns: u32) -> Place {
  let across = (params.n + columns - 1) / columns;
  let tiles = (params.m + rows - 1) / rows * across;
  let matrix = tile / tiles;
  let within = tile - matrix * tiles;
  let row = within / across * rows;
  let column = (within % across) * columns;
  return Place(min(matrix, params.batch - 1), select(row, params.m, matrix >= params.batch), column);
}

// The k of a slice, from `begin` to before `end`.
struct Slice {
  begin: u32,
  end: u32,
}

fn slice_of(number: u32) -> Slice {
  let begin = number * params.k_per_slice;
  return Slice(begin, min(begin + params.k_per_slice, params.k));
}

// The first number of a slice's copy of c.
fn c_origin(matrix: u32, slice: u32) -> u32 {
  return (matrix * params.slices + slice) * params.m * params.n;
}

// ---------------------------------------------------------------------------------------------------------------
// Blocks of operands. Rows and columns beyond the edge repeat the last one; beyond k_end, numbers of a count as 0.

// Where four neighbouring rows of a, or columns of b, lie at k = 0, and how far one k is from the next where it is not
// along a line. Made once before a loop over k: not every compiler moves that out of the loop.
struct Lines {
  at: vec4u,
  step: u32,
}

fn a_lines4(matrix: u32, row: u32) -> Lines {
  let origin = matrix * (params.a_batch_stride / 4);
  let m4 = params.m / 4;
  if (A_TRANSPOSED) { return Lines(vec4u(origin + min(row / 4, m4 - 1)), m4); }
  return Lines(origin + min(row + vec4u(0, 1, 2, 3), vec4u(params.m - 1)) * (params.k / 4), 0);
}

fn b_lines4(matrix: u32, column: u32) -> Lines {
  let origin = matrix * (params.b_batch_stride / 4);
  let n4 = params.n / 4;
  if (!B_TRANSPOSED) { return Lines(vec4u(origin + min(column / 4, n4 - 1)), n4); }
  return Lines(origin + min(column + vec4u(0, 1, 2, 3), vec4u(params.n - 1)) * (params.k / 4), 0);
}

// The four k from `k`; the last one again beyond k_end.
fn four_ks(k: u32, k_end: u32) -> vec4u {
  if (K_IN_FOURS) { return k + vec4u(0, 1, 2, 3); }
  return min(k + vec4u(0, 1, 2, 3), vec4u(k_end - 1));
}

fn zero_beyond(operand: mat4x4f, k: u32, k_end: u32) -> mat4x4f {
  if (K_IN_FOURS) { return operand; }
  return mat4x4f(
    operand[0],
    select(vec4f(), operand[1], k + 1 < k_end),
    select(vec4f(), operand[2], k + 2 < k_end),
    select(vec4f(), operand[3], k + 3 < k_end),
  );
}

// Column i: four rows of a at k + i.
fn a_block4(lines: Lines, k: u32, k_end: u32) -> mat4x4f {
  if (!A_TRANSPOSED) {
    let at = lines.at + k / 4;
    return transpose(mat4x4f(read_a4(at.x), read_a4(at.y), read_a4(at.z), read_a4(at.w)));
  }
  let at = lines.at + four_ks(k, k_end) * lines.step;
  return zero_beyond(mat4x4f(read_a4(at.x), read_a4(at.y), read_a4(at.z), read_a4(at.w)), k, k_end);
}

// Column i: four columns of b at k + i.
fn b_block4(lines: Lines, k: u32, k_end: u32) -> mat4x4f {
  if (B_TRANSPOSED) {
    let at = lines.at + k / 4;
    return transpose(mat4x4f(read_b4(at.x), read_b4(at.y), read_b4(at.z), read_b4(at.w)));
  }
  let at = lines.at + four_ks(k, k_end) * lines.step;
  return mat4x4f(read_b4(at.x), read_b4(at.y), read_b4(at.z), read_b4(at.w));
}

// The same of any sizes, a number at a time.

fn a_lines(matrix: u32, row: u32) -> Lines {
  let rows = min(row + vec4u(0, 1, 2, 3), vec4u(params.m - 1));
  let step = select(1u, params.m, A_TRANSPOSED);
  return Lines(matrix * params.a_batch_stride + rows * select(params.k, 1u, A_TRANSPOSED), step);
}

fn b_lines(matrix: u32, column: u32) -> Lines {
  let columns = min(column + vec4u(0, 1, 2, 3), vec4u(params.n - 1));
  let step = select(params.n, 1u, B_TRANSPOSED);
  return Lines(matrix * params.b_batch_stride + columns * select(1u, params.k, B_TRANSPOSED), step);
}

fn a_block(lines: Lines, k: u32, k_end: u32) -> mat4x4f {
  let ks = four_ks(k, k_end) * lines.step;
  let operand = mat4x4f(
    a_four(lines.at + ks.x), a_four(lines.at + ks.y), a_four(lines.at + ks.z), a_four(lines.at + ks.w),
  );
  return zero_beyond(operand, k, k_end);
}

fn b_block(lines: Lines, k: u32, k_end: u32) -> mat4x4f {
  let ks = four_ks(k, k_end) * lines.step;
  return mat4x4f(b_four(lines.at + ks.x), b_four(lines.at + ks.y), b_four(lines.at + ks.z), b_four(lines.at + ks.w));
}

fn a_four(at: vec4u) -> vec4f {
  return vec4f(read_a(at.x), read_a(at.y), read_a(at.z), read_a(at.w));
}

fn b_four(at: vec4u) -> vec4f {
  return vec4f(read_b(at.x), read_b(at.y), read_b(at.z), read_b(at.w));
}

// ---------------------------------------------------------------------------------------------------------------
// The epilogue: stores what exists of a block, four numbers at a time. `origin` counts numbers.
fn store_block4(origin: u32, row: u32, column: u32, sums: Block) {
  if (column >= params.n) { return; }
  let n4 = params.n / 4;
  let at = origin / 4 + row * n4 + column / 4;
  var bias_here = vec4f();
  if (HAS_BIAS) { bias_here = bias4[column / 4]; }
  if (row < params.m) { store_sums4(at, sums.row0 + bias_here); }
  if (row + 1 < params.m) { store_sums4(at + n4, sums.row1 + bias_here); }
  if (row + 2 < params.m) { store_sums4(at + 2 * n4, sums.row2 + bias_here); }
  if (row + 3 < params.m) { store_sums4(at + 3 * n4, sums.row3 + bias_here); }
}

fn store_sums4(at: u32, sums: vec4f) {
  if (HAS_RESIDUAL) { c4[at] = activate4(join4(sums, residual4[at])); } else { c4[at] = activate4(sums); }
}

// The same, a number at a time, in a loop: a compiler takes longer for sixteen stores than for a hundred multiply-adds.
fn store_block(origin: u32, row: u32, column: u32, sums: Block) {
  var rows = array<vec4f, 4>(sums.row0, sums.row1, sums.row2, sums.row3);
  for (var i = 0u; i < 16; i++) {
    if (row + i / 4 < params.m) {
      store_sum(origin + (row + i / 4) * params.n + column + i % 4, column + i % 4, rows[i / 4][i % 4]);
    }
  }
}

fn store_sum(at: u32, column: u32, sum: f32) {
  if (column >= params.n) { return; }
  var x = sum;
  if (HAS_BIAS) { x += bias[column]; }
  if (HAS_RESIDUAL) { x = join(x, residual[at]); }
  c[at] = activate(x);
}
