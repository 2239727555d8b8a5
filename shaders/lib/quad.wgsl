// Products by quad rotation, for devices with subgroups. Four neighbouring invocations, a quad, compute a tile: lane l loads
// four rows of the left operand and four columns of the right one and multiplies them; then the quad's lanes trade their
// columns (swap X, Y, diagonal), so that every lane meets all sixteen columns having loaded four. Neither workgroup memory
// nor barriers. A quad is four consecutive invocations in any subgroup size that is a multiple of 4. A workgroup holds
// WORKGROUP_SIZE / 4 quads with consecutive tiles, along columns first. Lanes beyond an edge repeat the last row or column,
// for quad operations need all four lanes, and do not store. A shader that imports this enables subgroups first.

// @import lib/block.wgsl
// @import lib/grid.wgsl

const WORKGROUP_SIZE: u32 = 64; // a multiple of the subgroup size, or a smaller multiple of 4

// Four columns as every lane of the quad sees them: its own and those of its neighbours, lanes l ^ 1, l ^ 2, l ^ 3.
struct Traded {
  own: vec4f,
  across: vec4f,
  down: vec4f,
  diagonal: vec4f,
}

fn trade(columns: vec4f) -> Traded {
  return Traded(columns, quadSwapX(columns), quadSwapY(columns), quadSwapDiagonal(columns));
}

// A lane's sums: its four rows against the sixteen columns of the quad.
struct Sums {
  own: Block,
  across: Block,
  down: Block,
  diagonal: Block,
}

fn add_outer_products(sums: ptr<function, Sums>, rows: vec4f, columns: Traded) {
  (*sums).own = with_outer_product((*sums).own, rows, columns.own);
  (*sums).across = with_outer_product((*sums).across, rows, columns.across);
  (*sums).down = with_outer_product((*sums).down, rows, columns.down);
  (*sums).diagonal = with_outer_product((*sums).diagonal, rows, columns.diagonal);
}

// The same over four terms: column i of each operand is at term i.
fn add_products(sums: ptr<function, Sums>, rows: mat4x4f, columns: mat4x4f) {
  add_outer_products(sums, rows[0], trade(columns[0]));
  add_outer_products(sums, rows[1], trade(columns[1]));
  add_outer_products(sums, rows[2], trade(columns[2]));
  add_outer_products(sums, rows[3], trade(columns[3]));
}

fn with_outer_product(sums: Block, rows: vec4f, columns: vec4f) -> Block {
  return Block(
    fma(vec4f(rows.x), columns, sums.row0),
    fma(vec4f(rows.y), columns, sums.row1),
    fma(vec4f(rows.z), columns, sums.row2),
    fma(vec4f(rows.w), columns, sums.row3),
  );
}

// The blocks of a lane's sums: number i stands in the columns that lane ^ i loaded.
fn blocks_of(sums: Sums) -> array<Block, 4> {
  return array<Block, 4>(sums.own, sums.across, sums.down, sums.diagonal);
}

// The first tile's number, of those that a quad of this size computes.
fn quad_tile(group_id: vec3u, group_count: vec3u, thread: u32) -> u32 {
  return flat_workgroup(group_id, group_count) * (WORKGROUP_SIZE / 4) + thread / 4;
}
