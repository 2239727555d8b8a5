// Blocks of sums that a kernel keeps in registers.

// Four rows of four columns.
struct Block {
  row0: vec4f,
  row1: vec4f,
  row2: vec4f,
  row3: vec4f,
}

// Adds the outer product of four rows and four columns at one term of the sum.
fn add_outer_product(sums: ptr<function, Block>, rows: vec4f, columns: vec4f) {
  (*sums).row0 = fma(vec4f(rows.x), columns, (*sums).row0);
  (*sums).row1 = fma(vec4f(rows.y), columns, (*sums).row1);
  (*sums).row2 = fma(vec4f(rows.z), columns, (*sums).row2);
  (*sums).row3 = fma(vec4f(rows.w), columns, (*sums).row3);
}

// The same over four terms: column i of each operand is at term i.
fn add_product(sums: ptr<function, Block>, rows: mat4x4f, columns: mat4x4f) {
  add_outer_product(sums, rows[0], columns[0]);
  add_outer_product(sums, rows[1], columns[1]);
  add_outer_product(sums, rows[2], columns[2]);
  add_outer_product(sums, rows[3], columns[3]);
}
