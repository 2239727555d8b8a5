// i / d for i < 2^31 and 0 < d < 2^30, exactly, by way of floats: no adapter divides integers in hardware, and a
// software adapter does so one lane after another, which costs ten loads.
fn divide(i: u32, d: u32) -> u32 {
  let reciprocal = 1.0 / f32(d);
  let guess = u32(f32(i) * reciprocal);
  // The guess is wrong by less than 2^-22 of itself, plus one; so after this step it is wrong by one at most.
  let rest = i32(i - guess * d);
  let better = i32(guess) + i32(floor(f32(rest) * reciprocal));
  let left = i32(i) - better * i32(d);
  return u32(better + select(0, 1, left >= i32(d)) - select(0, 1, left < 0));
}
