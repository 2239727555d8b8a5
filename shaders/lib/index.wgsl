// An index as ONNX counts it: from the end where negative. What is still outside is taken as the nearest inside.
fn wrapped(index: i32, length: u32) -> u32 {
  let last = i32(length) - 1;
  return u32(clamp(select(index, index + last + 1, index < 0), 0, last));
}
