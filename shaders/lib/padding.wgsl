// What stands around an image, as maps of positions: a padded copy is never made. The hooks are those of zeros; for the
// other modes src/ops/padding.ts writes expressions or the functions below in their place.

// The element that position t of an axis reads; outside the axis (seen as u32, huge where t is below zero) it reads 0.
// @hook
fn source(t: i32, length: u32) -> u32 { return u32(t); }
// @hook
fn source4(t: vec4i, length: u32) -> vec4u { return bitcast<vec4u>(t); }

// The reverse, for gradients: the positions that read element h are copies 0 (h itself), 1, 2 ... of it; how many an
// axis can have is the caller's `copies`. NOWHERE where there is no such copy, so far out that no window reaches it.
// `before` is the axis's padding in front.
const NOWHERE: i32 = -0x1000000;
// @hook
fn copy_position(h: i32, length: u32, number: u32, before: u32) -> i32 { return h; }
// @hook
fn copy_position4(h: vec4i, length: u32, number: u32, before: u32) -> vec4i { return h; }

// Mirrored at the first element, and at the last; an element is no mirror image of itself.
fn reflected(h: i32, length: u32, number: u32) -> i32 {
  let t = select(select(h, -h, number == 1), 2 * (i32(length) - 1) - h, number == 2);
  return select(t, NOWHERE, number > 0 && t == h);
}
fn reflected4(h: vec4i, length: u32, number: u32) -> vec4i {
  let t = select(select(h, -h, number == 1), 2 * (i32(length) - 1) - h, number == 2);
  return select(t, vec4i(NOWHERE), vec4<bool>(number > 0) & (t == h));
}

// Once round in front, and once behind.
fn wrapped(h: i32, length: u32, number: u32) -> i32 {
  return h + select(select(0, -i32(length), number == 1), i32(length), number == 2);
}
fn wrapped4(h: vec4i, length: u32, number: u32) -> vec4i {
  return h + select(select(0, -i32(length), number == 1), i32(length), number == 2);
}

// The first element fills all in front of it, copies 1 to `before`, and the last one all behind.
fn replicated(h: i32, length: u32, number: u32, before: u32) -> i32 {
  let in_front = number <= before;
  let last = i32(length) - 1;
  let t = select(last + i32(number) - i32(before), -i32(number), in_front);
  return select(select(NOWHERE, t, h == select(last, 0, in_front)), h, number == 0);
}
fn replicated4(h: vec4i, length: u32, number: u32, before: u32) -> vec4i {
  let in_front = number <= before;
  let last = i32(length) - 1;
  let t = select(last + i32(number) - i32(before), -i32(number), in_front);
  return select(select(vec4i(NOWHERE), vec4i(t), h == vec4i(select(last, 0, in_front))), h, number == 0);
}
