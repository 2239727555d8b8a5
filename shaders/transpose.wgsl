// y[b, c, r] = x[b, r, c]: the last two axes swapped, in every one of `batch` matrices
//   x: [batch, rows, columns], y: [batch, columns, rows], words of 32 bits; x4, y4 the same memory in vectors
// transpose_tiled: one workgroup moves a tile of 32 x 32 words through workgroup memory, so that both reads and writes
// are of neighbours. transpose_quad: a thread moves 4 x 4 words through registers, and four neighbours those that lie below
// each other, so that together they write whole lines of 64 bytes; rows and columns then count fours.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;
const TILE: u32 = 32;
// A row more than the tile needs, so that threads that read a column do not meet in one memory bank.
const PITCH: u32 = 33;
const TILE_ROWS: u32 = 8;
const TILE_WORDS: u32 = 1056;

struct Params {
  batch: u32,
  rows: u32,
  columns: u32,
  row_tiles: u32,
  column_tiles: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4u>;

var<workgroup> tile: array<u32, TILE_WORDS>;

@compute @workgroup_size(TILE, TILE_ROWS)
fn transpose_tiled(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u
) {
  let at = flat_index(group, groups, 1);
  let band = at / params.column_tiles;
  let b = band / params.row_tiles;
  let first_column = (at - band * params.column_tiles) * TILE;
  let first_row = (band - b * params.row_tiles) * TILE;
  let base = b * params.rows * params.columns;
  for (var k = 0u; k < TILE; k += TILE_ROWS) {
    let r = first_row + local.y + k;
    let c = first_column + local.x;
    if (b < params.batch && r < params.rows && c < params.columns) {
      tile[(local.y + k) * PITCH + local.x] = x[base + r * params.columns + c];
    }
  }
  workgroupBarrier();
  for (var k = 0u; k < TILE; k += TILE_ROWS) {
    let r = first_row + local.x;
    let c = first_column + local.y + k;
    if (b < params.batch && r < params.rows && c < params.columns) {
      y[base + c * params.rows + r] = tile[local.x * PITCH + local.y + k];
    }
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn transpose_quad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  let bands = (params.rows + 3) / 4;
  let fours = i / 4;
  let band = divide(fours, params.columns);
  let b = divide(band, bands);
  let c = fours - band * params.columns;
  let r = 4 * (band - b * bands) + i % 4;
  if (b >= params.batch || r >= params.rows) { return; }
  let begin = b * params.rows * params.columns * 4 + r * 4 * params.columns + c;
  let row_0 = x4[begin];
  let row_1 = x4[begin + params.columns];
  let row_2 = x4[begin + 2 * params.columns];
  let row_3 = x4[begin + 3 * params.columns];
  let end = b * params.rows * params.columns * 4 + c * 4 * params.rows + r;
  y4[end] = vec4u(row_0.x, row_1.x, row_2.x, row_3.x);
  y4[end + params.rows] = vec4u(row_0.y, row_1.y, row_2.y, row_3.y);
  y4[end + 2 * params.rows] = vec4u(row_0.z, row_1.z, row_2.z, row_3.z);
  y4[end + 3 * params.rows] = vec4u(row_0.w, row_1.w, row_2.w, row_3.w);
}
