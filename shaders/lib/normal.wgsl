// Standard normal numbers from words of 32 bits in fixed point, the same bits on every device; src/core/normal_table.ts
// explains it and makes the table of (c0, c1, c2, c3). The importing file has the table and lib/random.wgsl.

// How far a word lies into its piece of the distribution, in units of 2^-32 after the piece's number in the upper 4 bits.
fn normal_fraction(bits: u32) -> u32 {
  let v = bits & 0x7fffffffu;
  return (v << (countLeadingZeros(v) & 31u)) << 1u;
}

// The row of the table that a word needs.
fn normal_row(bits: u32) -> u32 {
  return 16u * (countLeadingZeros(bits & 0x7fffffffu) - 1u) + (normal_fraction(bits) >> 28u);
}

// The number of a word, whose row of the table is c.
fn normal_of(bits: u32, c: vec4u) -> f32 {
  let t = normal_fraction(bits) << 4u;
  var sum = c.z - multiply_high(t, c.w);
  sum = c.y - multiply_high(t, sum);
  let magnitude = max(i32(c.x - ((multiply_high(t, sum) + 8u) >> 4u)), 0);
  let dropped = u32(max(8 - i32(countLeadingZeros(u32(magnitude))), 0));
  let rounded = (magnitude + i32((1u << dropped) >> 1u)) & i32(0xffffffffu << dropped);
  return f32(select(rounded, -rounded, bits > 0x7fffffffu)) * 0x1p-28f;
}
