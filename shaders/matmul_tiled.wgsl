// Matrix product through workgroup memory, for GPUs. Formula, buffers and slices are those of lib/product.wgsl; kernels
// 1 to 7 stand in matmul.wgsl and matmul_quad.wgsl.
//
// A workgroup computes a TILE_ROWS x TILE_COLUMNS tile of c. It steps along k, DEPTH at a time: its threads copy a
// TILE_ROWS x DEPTH piece of a, transposed, and a DEPTH x TILE_COLUMNS piece of b into workgroup memory, where every
// number is then read by a whole row or column of threads. The next piece is on its way into registers meanwhile. A
// thread has ROW_BLOCKS x COLUMN_BLOCKS blocks of 4 x 4 outputs; they lie as far apart as they can, so that threads
// next to each other read neighbouring words of workgroup memory and store neighbouring words of c.
//
//   8  matmul_tiled         copies four numbers at a time
//   9  matmul_tiled_scalar  8 for any m, n, k: copies one number at a time, 0 beyond the edges

// @import lib/product.wgsl

const TILE_ROWS: u32 = 64;
const TILE_COLUMNS: u32 = 64;
const DEPTH: u32 = 16;
const ROW_BLOCKS: u32 = 2; // 1 or 2
const COLUMN_BLOCKS: u32 = 1; // 1 or 2
const THREADS: u32 = 128; // THREADS_DOWN * THREADS_ACROSS, and no fewer than PIECE_BLOCKS

const THREADS_DOWN: u32 = TILE_ROWS / 4 / ROW_BLOCKS;
const THREADS_ACROSS: u32 = TILE_COLUMNS / 4 / COLUMN_BLOCKS;

// Workgroup memory holds fours: at each k, the rows of a and then the columns of b, and one four that is never used,
// so that a column's neighbours lie in different banks.
const A_FOURS: u32 = TILE_ROWS / 4;
const B_FOURS: u32 = TILE_COLUMNS / 4;
const PITCH: u32 = A_FOURS + B_FOURS + 1;

// A piece is copied in blocks of four fours, one a thread: first those of a, then those of b.
const DEPTH_FOURS: u32 = DEPTH / 4;
const A_BLOCKS: u32 = A_FOURS * DEPTH_FOURS;
const B_BLOCKS: u32 = B_FOURS * DEPTH_FOURS;
const PIECE_BLOCKS: u32 = A_BLOCKS + B_BLOCKS;

var<workgroup> pieces: array<vec4f, DEPTH * PITCH>;

// ---------------------------------------------------------------------------------------------------------------
// 8. Copies four numbers at a time.

fn fetch4(thread: u32, place: Place, four: u32, k: u32, k_end: u32) -> mat4x4f {
  if (thread >= PIECE_BLOCKS || k >= k_end) { return mat4x4f(); }
  if (thread < A_BLOCKS) { return a_block4(a_lines4(place.matrix, place.row + four * 4), k, k_end); }
  return b_block4(b_lines4(place.matrix, place.column + four * 4), k, k_end);
}

@compute @workgroup_size(THREADS)
fn matmul_tiled(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count), TILE_ROWS, TILE_COLUMNS);
  if (place.row >= params.m) { return; }
  let k_begin = group_id.z * params.k_per_slice;
  let k_end = min(k_begin + params.k_per_slice, params.k);

  // What this thread copies: rows of a or columns of b, four at a time, at four k. Threads next to each other walk along
  // the stored order: along k where lines of k are stored, else along the fours.
  let of_a = thread < A_BLOCKS;
  let task = select(thread - A_BLOCKS, thread, of_a);
  let fours = select(B_FOURS, A_FOURS, of_a);
  let along_k = select(B_TRANSPOSED, !A_TRANSPOSED, of_a);
  let four = select(task % fours, task / DEPTH_FOURS, along_k);
  let first_k = select(task / fours, task % DEPTH_FOURS, along_k) * 4;
  let slot = first_k * PITCH + four + select(A_FOURS, 0u, of_a);

  // And what it multiplies.
  let down = thread / THREADS_ACROSS;
  let across = thread % THREADS_ACROSS;
  var top_left = Block();
  var top_right = Block();
  var bottom_left = Block();
  var bottom_right = Block();

  var fetched = fetch4(thread, place, four, k_begin + first_k, k_end);
  for (var k = k_begin; k < k_end; k += DEPTH) {
    if (thread < PIECE_BLOCKS) {
      pieces[slot] = fetched[0];
      pieces[slot + PITCH] = fetched[1];
      pieces[slot + 2 * PITCH] = fetched[2];
      pieces[slot + 3 * PITCH] = fetched[3];
    }
    workgroupBarrier();
    fetched = fetch4(thread, place, four, k + DEPTH + first_k, k_end);
    for (var i = 0u; i < DEPTH; i++) {
      let a_at = i * PITCH + down;
      let b_at = i * PITCH + A_FOURS + across;
      let top = pieces[a_at];
      let left = pieces[b_at];
      add_outer_product(&top_left, top, left);
      if (COLUMN_BLOCKS == 2) { add_outer_product(&top_right, top, pieces[b_at + THREADS_ACROSS]); }
      if (ROW_BLOCKS == 2) {
        let bottom = pieces[a_at + THREADS_DOWN];
        add_outer_product(&bottom_left, bottom, left);
        if (COLUMN_BLOCKS == 2) { add_outer_product(&bottom_right, bottom, pieces[b_at + THREADS_ACROSS]); }
      }
    }
    workgroupBarrier();
  }

  let origin = c_origin(place.matrix, group_id.z);
  let row = place.row + down * 4;
  let column = place.column + across * 4;
  store_block4(origin, row, column, top_left);
  if (COLUMN_BLOCKS == 2) { store_block4(origin, row, column + THREADS_ACROSS * 4, top_right); }
  if (ROW_BLOCKS == 2) {
    let lower = row + THREADS_DOWN * 4;
    store_block4(origin, lower, column, bottom_left);
    if (COLUMN_BLOCKS == 2) { store_block4(origin, lower, column + THREADS_ACROSS * 4, bottom_right); }
  }
}

// ---------------------------------------------------------------------------------------------------------------
// 9. Copies one number at a time.

fn fetch(thread: u32, place: Place, four: u32, k: u32, k_end: u32) -> mat4x4f {
  if (thread >= PIECE_BLOCKS || k >= k_end) { return mat4x4f(); }
  if (thread < A_BLOCKS) { return a_block(a_lines(place.matrix, place.row + four * 4), k, k_end); }
  return b_block(b_lines(place.matrix, place.column + four * 4), k, k_end);
}

@compute @workgroup_size(THREADS)
fn matmul_tiled_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(flat_workgroup(group_id, group_count), TILE_ROWS, TILE_COLUMNS);
  if (place.row >= params.m) { return; }
  let k_begin = group_id.z * params.k_per_slice;
  let k_end = min(k_begin + params.k_per_slice, params.k);

  // What this thread copies: rows of a or columns of b, four at a time, at four k. Threads next to each other walk along
  // the stored order: along k where lines of k are stored, else along the fours.
  let of_a = thread < A_BLOCKS;
  let task = select(thread - A_BLOCKS, thread, of_a);
  let fours = select(B_FOURS, A_FOURS, of_a);
  let along_k = select(B_TRANSPOSED, !A_TRANSPOSED, of_a);
  let four = select(task % fours, task / DEPTH_FOURS, along_k);
  let first_k = select(task / fours, task % DEPTH_FOURS, along_k) * 4;
  let slot = first_k * PITCH + four + select(A_FOURS, 0u, of_a);

  // And what it multiplies.
  let down = thread / THREADS_ACROSS;
  let across = thread % THREADS_ACROSS;
  var top_left = Block();
  var top_right = Block();
  var bottom_left = Block();
  var bottom_right = Block();

  var fetched = fetch(thread, place, four, k_begin + first_k, k_end);
  for (var k = k_begin; k < k_end; k += DEPTH) {
    if (thread < PIECE_BLOCKS) {
      pieces[slot] = fetched[0];
      pieces[slot + PITCH] = fetched[1];
      pieces[slot + 2 * PITCH] = fetched[2];
      pieces[slot + 3 * PITCH] = fetched[3];
    }
    workgroupBarrier();
    fetched = fetch(thread, place, four, k + DEPTH + first_k, k_end);
    for (var i = 0u; i < DEPTH; i++) {
      let a_at = i * PITCH + down;
      let b_at = i * PITCH + A_FOURS + across;
      let top = pieces[a_at];
      let left = pieces[b_at];
      add_outer_product(&top_left, top, left);
      if (COLUMN_BLOCKS == 2) { add_outer_product(&top_right, top, pieces[b_at + THREADS_ACROSS]); }
      if (ROW_BLOCKS == 2) {
        let bottom = pieces[a_at + THREADS_DOWN];
        add_outer_product(&bottom_left, bottom, left);
        if (COLUMN_BLOCKS == 2) { add_outer_product(&bottom_right, bottom, pieces[b_at + THREADS_ACROSS]); }
      }
    }
    workgroupBarrier();
  }

  let origin = c_origin(place.matrix, group_id.z);
  let row = place.row + down * 4;
  let column = place.column + across * 4;
  store_block(origin, row, column, top_left);
  if (COLUMN_BLOCKS == 2) { store_block(origin, row, column + THREADS_ACROSS * 4, top_right); }
  if (ROW_BLOCKS == 2) {
    let lower = row + THREADS_DOWN * 4;
    store_block(origin, lower, column, bottom_left);
    if (COLUMN_BLOCKS == 2) { store_block(origin, lower, column + THREADS_ACROSS * 4, bottom_right); }
  }
}
