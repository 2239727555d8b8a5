// A product's tile through workgroup memory, for GPUs. A workgroup computes TILE_ROWS x TILE_COLUMNS of the result. It
// steps along the sum, DEPTH terms at a time: its threads copy a TILE_ROWS x DEPTH piece of the left operand, transposed,
// and a DEPTH x TILE_COLUMNS piece of the right one into workgroup memory, where every number is then read by a whole row
// or column of threads; the next piece is on its way into registers meanwhile. A thread has ROW_BLOCKS x COLUMN_BLOCKS
// blocks of 4 x 4 sums; they lie as far apart as they can, so that threads next to each other read neighbouring words of
// workgroup memory and store neighbouring words of the result.

// @import lib/block.wgsl

const TILE_ROWS: u32 = 64;
const TILE_COLUMNS: u32 = 64;
const DEPTH: u32 = 16;
const ROW_BLOCKS: u32 = 2; // 1 or 2
const COLUMN_BLOCKS: u32 = 1; // 1 or 2
const THREADS: u32 = 128; // THREADS_DOWN * THREADS_ACROSS, and no fewer than PIECE_BLOCKS

const THREADS_DOWN: u32 = TILE_ROWS / 4 / ROW_BLOCKS;
const THREADS_ACROSS: u32 = TILE_COLUMNS / 4 / COLUMN_BLOCKS;

// Workgroup memory holds fours: at each term, the rows of the left operand and then the columns of the right one, and one
// four that is never used, so that a column's neighbours lie in different banks.
const LEFT_FOURS: u32 = TILE_ROWS / 4;
const RIGHT_FOURS: u32 = TILE_COLUMNS / 4;
const PITCH: u32 = LEFT_FOURS + RIGHT_FOURS + 1;

// A piece is copied in blocks of four fours, one a thread: first those of the left operand, then those of the right one.
const DEPTH_FOURS: u32 = DEPTH / 4;
const LEFT_BLOCKS: u32 = LEFT_FOURS * DEPTH_FOURS;
const RIGHT_BLOCKS: u32 = RIGHT_FOURS * DEPTH_FOURS;
const PIECE_BLOCKS: u32 = LEFT_BLOCKS + RIGHT_BLOCKS;

var<workgroup> piece: array<vec4f, DEPTH * PITCH>;

// What a thread copies of each piece: four rows of the left operand below LEFT_BLOCKS, else columns of the right one, at
// four terms.
struct Share {
  first: u32, // row or column of the tile
  term: u32, // the first one, of the piece's
  slot: u32, // where it goes in workgroup memory
}

// Threads next to each other walk along an operand's stored order: along the terms where these are stored side by side,
// else along its rows or columns.
fn share_of(thread: u32, left_along_terms: bool, right_along_terms: bool) -> Share {
  let is_left = thread < LEFT_BLOCKS;
  let number = select(thread - LEFT_BLOCKS, thread, is_left);
  let fours = select(RIGHT_FOURS, LEFT_FOURS, is_left);
  let along_terms = select(right_along_terms, left_along_terms, is_left);
  let four = select(number % fours, number / DEPTH_FOURS, along_terms);
  let term = select(number / fours, number % DEPTH_FOURS, along_terms) * 4;
  return Share(four * 4, term, term * PITCH + four + select(LEFT_FOURS, 0u, is_left));
}

// Puts a thread's share into workgroup memory: column i of `fetched` is at its term i.
fn put(thread: u32, slot: u32, fetched: mat4x4f) {
  if (PIECE_BLOCKS < THREADS && thread >= PIECE_BLOCKS) { return; }
  piece[slot] = fetched[0];
  piece[slot + PITCH] = fetched[1];
  piece[slot + 2 * PITCH] = fetched[2];
  piece[slot + 3 * PITCH] = fetched[3];
}

// A thread's blocks: those on the right where COLUMN_BLOCKS is 2, those at the bottom where ROW_BLOCKS is 2; else zeros.
struct TileSums {
  top_left: Block,
  top_right: Block,
  bottom_left: Block,
  bottom_right: Block,
}

// Adds the products of a piece: this thread's rows and columns at each of its terms.
fn multiply(down: u32, across: u32, before: TileSums) -> TileSums {
  var top_left = before.top_left;
  var top_right = before.top_right;
  var bottom_left = before.bottom_left;
  var bottom_right = before.bottom_right;
  for (var term = 0u; term < DEPTH; term++) {
    let rows = term * PITCH + down;
    let columns = term * PITCH + LEFT_FOURS + across;
    let top = piece[rows];
    let left = piece[columns];
    add_outer_product(&top_left, top, left);
    if (COLUMN_BLOCKS == 2) { add_outer_product(&top_right, top, piece[columns + THREADS_ACROSS]); }
    if (ROW_BLOCKS == 2) {
      let bottom = piece[rows + THREADS_DOWN];
      add_outer_product(&bottom_left, bottom, left);
      if (COLUMN_BLOCKS == 2) { add_outer_product(&bottom_right, bottom, piece[columns + THREADS_ACROSS]); }
    }
  }
  return TileSums(top_left, top_right, bottom_left, bottom_right);
}
