// Threads that share rows: of [outer, segments, width], each goes over one column's rows in one segment.

// @import lib/divide.wgsl

struct Segment {
  // Among all of them, and of [outer] and [width].
  index: u32,
  outer: u32,
  column: u32,
  // The first row, and the one after the last.
  start: u32,
  end: u32,
}

// Of thread `at`, where a segment has `per_segment` of `rows` rows and the last what is left.
fn segment_of(at: u32, width: u32, segments: u32, per_segment: u32, rows: u32) -> Segment {
  let index = divide(at, width);
  let outer = divide(index, segments);
  let start = (index - outer * segments) * per_segment;
  return Segment(index, outer, at - index * width, start, min(start + per_segment, rows));
}
