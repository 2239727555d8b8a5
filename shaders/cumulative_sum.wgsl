// y[o, r, c] = the sum of x[o, s, c] over s <= r; over s < r where EXCLUSIVE; over s >= r (or s > r) where REVERSE
//   x, y: f32[outer, length, inner]; totals: f32[outer, segments, inner], the sums of stretches of per_segment places
// cumulative_sum: a thread walks along one line. Long lines are shared: cumulative_sum_totals adds up each stretch, then
// cumulative_sum_segments walks along it from the sum of those before. One workgroup is 64 such threads.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;
const EXCLUSIVE: bool = false;
const REVERSE: bool = false;

struct Params {
  outer: u32,
  length: u32,
  inner: u32,
  segments: u32,
  per_segment: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> totals: array<f32>;
@group(0) @binding(3) var<storage, read> before: array<f32>;

// Element r of the line that begins at `begin`, counted from the end where REVERSE.
fn place(begin: u32, r: u32) -> u32 {
  return begin + select(r, params.length - 1u - r, REVERSE) * params.inner;
}

fn walk(begin: u32, first: u32, end: u32, start: f32) {
  var sum = start;
  for (var r = first; r < end; r++) {
    let at = place(begin, r);
    let next = sum + x[at];
    y[at] = select(next, sum, EXCLUSIVE);
    sum = next;
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn cumulative_sum(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.outer * params.inner) { return; }
  let o = divide(i, params.inner);
  walk(o * params.length * params.inner + (i - o * params.inner), 0u, params.length, 0.0);
}

@compute @workgroup_size(GROUP_SIZE)
fn cumulative_sum_totals(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.outer * params.segments * params.inner) { return; }
  let part = divide(i, params.inner);
  let o = divide(part, params.segments);
  let first = (part - o * params.segments) * params.per_segment;
  let begin = o * params.length * params.inner + (i - part * params.inner);
  var sum = 0.0;
  for (var r = first; r < min(first + params.per_segment, params.length); r++) { sum += x[place(begin, r)]; }
  totals[i] = sum;
}

@compute @workgroup_size(GROUP_SIZE)
fn cumulative_sum_segments(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.outer * params.segments * params.inner) { return; }
  let part = divide(i, params.inner);
  let o = divide(part, params.segments);
  let s = part - o * params.segments;
  let column = i - part * params.inner;
  var start = 0.0;
  for (var earlier = 0u; earlier < s; earlier++) {
    start += before[(o * params.segments + earlier) * params.inner + column];
  }
  let first = s * params.per_segment;
  walk(o * params.length * params.inner + column, first, min(first + params.per_segment, params.length), start);
}
