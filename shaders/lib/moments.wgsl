// A mean and a sum of squares from what is left of numbers around one near their mean. CENTERED is the importing shader's.

// Of `count` numbers whose differences from `near` add up to `rest`, and their squares to `squares`: their mean, and the sum of the
// squares of their differences from it. Without CENTERED `near` is 0 and stays.
fn moments(near: f32, rest: f32, squares: f32, count: f32) -> vec2f {
  if (!CENTERED) { return vec2f(near, squares); }
  let shift = rest / count;
  return vec2f(near + shift, max(squares - rest * shift, 0.0));
}
