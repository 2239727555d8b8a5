// Matrix product by quad rotation: c = activate(a · b + bias + residual), for every matrix of a batch. Formula, buffers and slices
// are those of matmul.wgsl; this is its fifth step, for devices with subgroups.
//
//   a     [batch, m, k], or [batch, k, m] when A_TRANSPOSED
//   b     [batch, k, n], or [batch, n, k] when B_TRANSPOSED
//   bias  [n] when HAS_BIAS; otherwise never read, and any read-only buffer (b itself) may be bound there
//   residual  [batch, m, n] when HAS_RESIDUAL; otherwise as with bias
//   c     [batch * slices, m, n]; more than one slice leaves its sum to `matmul_sum_slices`, without bias or activation
//
// Four neighbouring invocations, a quad, compute a 16 x 16 tile of c. Lane l loads four rows of a and four columns of
// b and multiplies them; then the quad's lanes trade their columns (swap X, Y, diagonal), so that every lane meets all
// sixteen columns having loaded four: 8 numbers loaded for 64 multiply-adds, without workgroup memory or barriers.
// A quad is four consecutive invocations in any subgroup size that is a multiple of 4. A workgroup holds
// WORKGROUP_SIZE / 4 quads with consecutive tiles, along columns first. Lanes beyond an edge repeat the last row or
// column, for quad operations need all four lanes, and do not store.
//
//   5  matmul_quad         reads four numbers at a time. Needs n % 4 == 0; m % 4 == 0 when A_TRANSPOSED;
//                          k % 4 == 0 unless A_TRANSPOSED and not B_TRANSPOSED
//   6  matmul_quad_scalar  reads one number at a time: any m, n, k

enable subgroups;

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

const WORKGROUP_SIZE: u32 = 64; // a multiple of the subgroup size, or a smaller multiple of 4
const A_TRANSPOSED: bool = false;
const B_TRANSPOSED: bool = false;
const HAS_BIAS: bool = false;
const HAS_RESIDUAL: bool = false;

@group(0) @binding(0) var<uniform> params: Params;

@group(0) @binding(1) var<storage, read> a4: array<vec4f>;
@group(0) @binding(2) var<storage, read> b4: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> c4: array<vec4f>;

// The same buffers, one number at a time.
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> c: array<f32>;

// @hook
fn activate(x: f32) -> f32 { return x; }
// @hook
fn activate4(x: vec4f) -> vec4f { return x; }

// One lane's share of the tile: its four rows (x, y, z, w) against its own four columns and those of its neighbours
// across the quad's X, Y and diagonal. Lane l's neighbour is lane l ^ 1, l ^ 2, l ^ 3.
struct Sums {
  own_x: vec4f, own_y: vec4f, own_z: vec4f, own_w: vec4f,
  across_x: vec4f, across_y: vec4f, across_z: vec4f, across_w: vec4f,
  down_x: vec4f, down_y: vec4f, down_z: vec4f, down_w: vec4f,
  diagonal_x: vec4f, diagonal_y: vec4f, diagonal_z: vec4f, diagonal_w: vec4f,
}

// Adds the outer product of this lane's four rows with all sixteen columns at one k.
fn add_outer_product(sums: ptr<function, Sums>, rows: vec4f, own: vec4f) {
  let across = quadSwapX(own);
  let down = quadSwapY(own);
  let diagonal = quadSwapDiagonal(own);
  (*sums).own_x = fma(vec4f(rows.x), own, (*sums).own_x);
  (*sums).own_y = fma(vec4f(rows.y), own, (*sums).own_y);
  (*sums).own_z = fma(vec4f(rows.z), own, (*sums).own_z);
  (*sums).own_w = fma(vec4f(rows.w), own, (*sums).own_w);
  (*sums).across_x = fma(vec4f(rows.x), across, (*sums).across_x);
  (*sums).across_y = fma(vec4f(rows.y), across, (*sums).across_y);
  (*sums).across_z = fma(vec4f(rows.z), across, (*sums).across_z);
  (*sums).across_w = fma(vec4f(rows.w), across, (*sums).across_w);
  (*sums).down_x = fma(vec4f(rows.x), down, (*sums).down_x);
  (*sums).down_y = fma(vec4f(rows.y), down, (*sums).down_y);
  (*sums).down_z = fma(vec4f(rows.z), down, (*sums).down_z);
  (*sums).down_w = fma(vec4f(rows.w), down, (*sums).down_w);
  (*sums).diagonal_x = fma(vec4f(rows.x), diagonal, (*sums).diagonal_x);
  (*sums).diagonal_y = fma(vec4f(rows.y), diagonal, (*sums).diagonal_y);
  (*sums).diagonal_z = fma(vec4f(rows.z), diagonal, (*sums).diagonal_z);
  (*sums).diagonal_w = fma(vec4f(rows.w), diagonal, (*sums).diagonal_w);
}

// Where this lane's quad works. A grid may have only 65535 workgroups along one side, so they fold into rows of it.
struct Place {
  row: u32, // the lane's first row
  column: u32, // the tile's first column
  matrix: u32,
  k_begin: u32,
  k_end: u32,
  lane: u32,
}

fn find_place(group_id: vec3u, group_count: vec3u, thread: u32) -> Place {
  let tiles_across = (params.n + 15) / 16;
  let lane = thread % 4;
  let tile = (group_id.y * group_count.x + group_id.x) * (WORKGROUP_SIZE / 4) + thread / 4;
  let k_begin = (group_id.z % params.slices) * params.k_per_slice;
  return Place(
    tile / tiles_across * 16 + lane * 4, tile % tiles_across * 16, group_id.z / params.slices,
    k_begin, min(k_begin + params.k_per_slice, params.k), lane,
  );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn matmul_quad(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = find_place(group_id, group_count, thread);
  let m4 = params.m / 4;
  let n4 = params.n / 4;
  let k4 = params.k / 4;
  // The loop's bounds stand apart from Place: they are the same for the whole workgroup, and must be seen to be.
  let k_begin = (group_id.z % params.slices) * params.k_per_slice;
  let k_end = min(k_begin + params.k_per_slice, params.k);
  let column4 = min(place.column / 4 + place.lane, n4 - 1);
  let a_origin = place.matrix * (params.a_batch_stride / 4);
  let b_origin = place.matrix * (params.b_batch_stride / 4);

  var sums = Sums();
  if (A_TRANSPOSED && !B_TRANSPOSED) {
    // Both are stored row k after row k, so any k will do: beyond the end, rows of a count as 0. Four k a pass even so,
    // for where the sums do not fit in registers, each pass moves them all.
    let a_row = a_origin + min(place.row / 4, m4 - 1);
    let b_row = b_origin + column4;
    for (var k = k_begin; k < k_end; k += 4) {
      let ks = min(k + vec4u(0, 1, 2, 3), vec4u(k_end - 1));
      let a_at = a_row + ks * m4;
      let b_at = b_row + ks * n4;
      add_outer_product(&sums, a4[a_at.x], b4[b_at.x]);
      add_outer_product(&sums, select(vec4f(), a4[a_at.y], k + 1 < k_end), b4[b_at.y]);
      add_outer_product(&sums, select(vec4f(), a4[a_at.z], k + 2 < k_end), b4[b_at.z]);
      add_outer_product(&sums, select(vec4f(), a4[a_at.w], k + 3 < k_end), b4[b_at.w]);
    }
  } else {
    let rows = a_origin + min(place.row + vec4u(0, 1, 2, 3), vec4u(params.m - 1)) * k4;
    let row4 = a_origin + min(place.row / 4, m4 - 1);
    let columns = b_origin + (column4 * 4 + vec4u(0, 1, 2, 3)) * k4;
    for (var k = k_begin; k < k_end; k += 4) {
      var a_block: mat4x4f; // column i: the lane's four rows at k + i
      if (A_TRANSPOSED) {
        let at = row4 + k * m4;
        a_block = mat4x4f(a4[at], a4[at + m4], a4[at + 2 * m4], a4[at + 3 * m4]);
      } else {
        let at = rows + k / 4;
        a_block = transpose(mat4x4f(a4[at.x], a4[at.y], a4[at.z], a4[at.w]));
      }
      var b_block: mat4x4f; // column i: the lane's four columns at k + i
      if (B_TRANSPOSED) {
        let at = columns + k / 4;
        b_block = transpose(mat4x4f(b4[at.x], b4[at.y], b4[at.z], b4[at.w]));
      } else {
        let at = b_origin + k * n4 + column4;
        b_block = mat4x4f(b4[at], b4[at + n4], b4[at + 2 * n4], b4[at + 3 * n4]);
      }
      add_outer_product(&sums, a_block[0], b_block[0]);
      add_outer_product(&sums, a_block[1], b_block[1]);
      add_outer_product(&sums, a_block[2], b_block[2]);
      add_outer_product(&sums, a_block[3], b_block[3]);
    }
  }

  let origin = group_id.z * params.m * n4;
  let column = place.column / 4;
  store(origin, place.row, column + place.lane, sums.own_x, sums.own_y, sums.own_z, sums.own_w);
  store(origin, place.row, column + (place.lane ^ 1), sums.across_x, sums.across_y, sums.across_z, sums.across_w);
  store(origin, place.row, column + (place.lane ^ 2), sums.down_x, sums.down_y, sums.down_z, sums.down_w);
  store(origin, place.row, column + (place.lane ^ 3), sums.diagonal_x, sums.diagonal_y, sums.diagonal_z, sums.diagonal_w);
}

// Stores four rows of four columns, as far as they exist.
fn store(origin: u32, row: u32, column4: u32, x: vec4f, y: vec4f, z: vec4f, w: vec4f) {
  let n4 = params.n / 4;
  if (column4 >= n4) { return; }
  var bias_here = vec4f();
  if (HAS_BIAS) { bias_here = bias4[column4]; }
  let at = origin + row * n4 + column4;
  if (row < params.m) { store_sums(at, x + bias_here); }
  if (row + 1 < params.m) { store_sums(at + n4, y + bias_here); }
  if (row + 2 < params.m) { store_sums(at + 2 * n4, z + bias_here); }
  if (row + 3 < params.m) { store_sums(at + 3 * n4, w + bias_here); }
}

fn store_sums(at: u32, sums: vec4f) {
  if (HAS_RESIDUAL) { c4[at] = activate4(sums + residual4[at]); } else { c4[at] = activate4(sums); }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn matmul_quad_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = find_place(group_id, group_count, thread);
  let k_begin = (group_id.z % params.slices) * params.k_per_slice;
  let k_end = min(k_begin + params.k_per_slice, params.k);
  let a_step = select(1u, params.m, A_TRANSPOSED);
  let b_step = select(params.n, 1u, B_TRANSPOSED);
  let rows = min(place.row + vec4u(0, 1, 2, 3), vec4u(params.m - 1));
  let columns = min(place.column + place.lane * 4 + vec4u(0, 1, 2, 3), vec4u(params.n - 1));
  let a_rows = place.matrix * params.a_batch_stride + rows * select(params.k, 1u, A_TRANSPOSED);
  let b_columns = place.matrix * params.b_batch_stride + columns * select(1u, params.k, B_TRANSPOSED);

  var sums = Sums();
  for (var k = k_begin; k < k_end; k += 4) {
    // Beyond the last k, rows of a count as 0.
    let a0 = read_a(a_rows + k * a_step, true);
    let a1 = read_a(a_rows + min(k + 1, k_end - 1) * a_step, k + 1 < k_end);
    let a2 = read_a(a_rows + min(k + 2, k_end - 1) * a_step, k + 2 < k_end);
    let a3 = read_a(a_rows + min(k + 3, k_end - 1) * a_step, k + 3 < k_end);
    add_outer_product(&sums, a0, read_b(b_columns + k * b_step));
    add_outer_product(&sums, a1, read_b(b_columns + min(k + 1, k_end - 1) * b_step));
    add_outer_product(&sums, a2, read_b(b_columns + min(k + 2, k_end - 1) * b_step));
    add_outer_product(&sums, a3, read_b(b_columns + min(k + 3, k_end - 1) * b_step));
  }

  let own = place.column + place.lane * 4;
  let across = place.column + (place.lane ^ 1) * 4;
  let down = place.column + (place.lane ^ 2) * 4;
  let diagonal = place.column + (place.lane ^ 3) * 4;
  store_columns(group_id.z, place.row, own, mat4x4f(sums.own_x, sums.own_y, sums.own_z, sums.own_w));
  store_columns(group_id.z, place.row, across, mat4x4f(sums.across_x, sums.across_y, sums.across_z, sums.across_w));
  store_columns(group_id.z, place.row, down, mat4x4f(sums.down_x, sums.down_y, sums.down_z, sums.down_w));
  store_columns(
    group_id.z, place.row, diagonal, mat4x4f(sums.diagonal_x, sums.diagonal_y, sums.diagonal_z, sums.diagonal_w),
  );
}

fn read_a(at: vec4u, inside: bool) -> vec4f {
  return select(vec4f(), vec4f(a[at.x], a[at.y], a[at.z], a[at.w]), inside);
}

fn read_b(at: vec4u) -> vec4f {
  return vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
}

// Stores a 4 x 4 block, as far as it exists; column r of `block` is row `row + r` of c.
fn store_columns(slice: u32, row: u32, column: u32, block: mat4x4f) {
  store_four(slice, row, column, block[0]);
  store_four(slice, row + 1, column, block[1]);
  store_four(slice, row + 2, column, block[2]);
  store_four(slice, row + 3, column, block[3]);
}

fn store_four(slice: u32, row: u32, column: u32, sums: vec4f) {
  if (row >= params.m || column >= params.n) { return; }
  let at = (slice * params.m + row) * params.n + column;
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
