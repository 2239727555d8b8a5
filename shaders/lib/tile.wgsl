// A product's tile through workgroup memory, for GPUs. A workgroup computes TILE_ROWS x TILE_COLUMNS of the result. It
// steps along the sum, DEPTH terms at a time: its threads copy a TILE_ROWS x DEPTH piece of the left operand, transposed,
// and a DEPTH x TILE_COLUMNS piece of the right one into workgroup memory, where every number is then read by a whole row
// or column of threads; the next piece is on its way into registers meanwhile. A thread has two blocks of 4 x 4 sums, half
// a tile apart, so that threads next to each other read neighbouring words.

// @import lib/block.wgsl

const TILE_ROWS: u32 = 64;
const TILE_COLUMNS: u32 = 64;
const DEPTH: u32 = 16;
const THREADS: u32 = 128; // THREADS_DOWN * THREADS_ACROSS, and as many as there are blocks to copy

const THREADS_DOWN: u32 = TILE_ROWS / 8;
const THREADS_ACROSS: u32 = TILE_COLUMNS / 4;

// Workgroup memory holds fours: at each term, the rows of the left operand and then the columns of the right one, and one
// four that is never used, so that a column's neighbours lie in different banks.
const LEFT_QUADS: u32 = TILE_ROWS / 4;
const RIGHT_QUADS: u32 = TILE_COLUMNS / 4;
const PITCH: u32 = LEFT_QUADS + RIGHT_QUADS + 1;

// A piece is copied in blocks of four fours, one a thread: first those of the left operand, then those of the right one.
const DEPTH_QUADS: u32 = DEPTH / 4;
const LEFT_BLOCKS: u32 = LEFT_QUADS * DEPTH_QUADS;

var<workgroup> piece: array<vec4f, DEPTH * PITCH>;

// Puts four fours into workgroup memory: column i of `fetched`, four rows or four columns at term i of a block, which
// begins at `slot`.
fn put(slot: u32, fetched: mat4x4f) {
  piece[slot] = fetched[0];
  piece[slot + PITCH] = fetched[1];
  piece[slot + 2 * PITCH] = fetched[2];
  piece[slot + 3 * PITCH] = fetched[3];
}

struct TileSums {
  top: Block,
  bottom: Block,
}

// Adds the products of a piece: this thread's rows and columns at each of its terms.
fn multiply(down: u32, across: u32, before: TileSums) -> TileSums {
  var top = before.top;
  var bottom = before.bottom;
  for (var term = 0u; term < DEPTH; term++) {
    let rows = term * PITCH + down;
    let columns = piece[term * PITCH + LEFT_QUADS + across];
    add_outer_product(&top, piece[rows], columns);
    add_outer_product(&bottom, piece[rows + THREADS_DOWN], columns);
  }
  return TileSums(top, bottom);
}
