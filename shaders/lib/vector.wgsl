// The sum of a vector's four numbers, in pairs: one order wherever lanes are added up.
fn sum_lanes(v: vec4f) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}
