// Sums and maxima over a workgroup, by a tree in its memory. GROUP_SIZE is the importing shader's, a power of 2. No order of additions
// depends on timing.

var<workgroup> partial: array<f32, GROUP_SIZE>;
var<workgroup> pairs: array<vec2f, GROUP_SIZE>;

// Every thread gets the sum of the threads' values. Between this and the next use of a tree a barrier must lie: all read the
// result where the next would write.
fn tree_sum(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var width = GROUP_SIZE / 2; width > 0; width /= 2) {
    if (lane < width) { partial[lane] += partial[lane + width]; }
    workgroupBarrier();
  }
  return partial[0];
}

// Two sums at once, under the same condition.
fn tree_sums(lane: u32, values: vec2f) -> vec2f {
  pairs[lane] = values;
  workgroupBarrier();
  for (var width = GROUP_SIZE / 2; width > 0; width /= 2) {
    if (lane < width) { pairs[lane] += pairs[lane + width]; }
    workgroupBarrier();
  }
  return pairs[0];
}

// The largest of the threads' values, to every thread; another tree may follow at once.
fn tree_max(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var width = GROUP_SIZE / 2; width > 0; width /= 2) {
    if (lane < width) { partial[lane] = max(partial[lane], partial[lane + width]); }
    workgroupBarrier();
  }
  let highest = partial[0];
  workgroupBarrier();
  return highest;
}
