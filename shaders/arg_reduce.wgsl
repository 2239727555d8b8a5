// index[o, i] = the first r at which x[o, r, i] is best, and its inverse as a gradient
//   x: f32[outer, reduced, inner]; index: i32[outer, inner]; found: u32[outer, segments, inner], the best of each segment
//   dx: f32[outer, reduced, inner]; dy: f32[outer, inner]: dx[o, r, i] = dy[o, i] where r = index[o, i], else 0
// One workgroup makes 64 outputs, one for each thread.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  outer: u32,
  reduced: u32,
  inner: u32,
  segments: u32,
  per_segment: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> index: array<i32>;
@group(0) @binding(3) var<storage, read_write> found: array<u32>;
@group(0) @binding(4) var<storage, read> candidates: array<u32>;
@group(0) @binding(5) var<storage, read> winner: array<i32>;
@group(0) @binding(6) var<storage, read> dy: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;

// @hook
fn better(candidate: f32, best: f32) -> bool { return candidate > best; }

fn first_best(base: u32, first: u32, end: u32) -> u32 {
  var best = x[base + first * params.inner];
  var at = first;
  for (var r = first + 1; r < end; r++) {
    let candidate = x[base + r * params.inner];
    if (better(candidate, best)) {
      best = candidate;
      at = r;
    }
  }
  return at;
}

@compute @workgroup_size(GROUP_SIZE)
fn arg_reduce(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.inner) { return; }
  let base = (at / params.inner) * params.reduced * params.inner + at % params.inner;
  index[at] = i32(first_best(base, 0, params.reduced));
}

// First pass: the first best of each segment.
@compute @workgroup_size(GROUP_SIZE)
fn arg_reduce_segments(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.segments * params.inner) { return; }
  let part = at / params.inner;
  let base = (part / params.segments) * params.reduced * params.inner + at % params.inner;
  let first = (part % params.segments) * params.per_segment;
  found[at] = first_best(base, first, min(first + params.per_segment, params.reduced));
}

// Second pass: the best of those.
@compute @workgroup_size(GROUP_SIZE)
fn arg_reduce_merge(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.inner) { return; }
  let o = at / params.inner;
  let i = at % params.inner;
  let base = o * params.reduced * params.inner + i;
  var r = candidates[o * params.segments * params.inner + i];
  var best = x[base + r * params.inner];
  for (var s = 1u; s < params.segments; s++) {
    let other = candidates[(o * params.segments + s) * params.inner + i];
    let candidate = x[base + other * params.inner];
    if (better(candidate, best)) {
      best = candidate;
      r = other;
    }
  }
  index[at] = i32(r);
}

@compute @workgroup_size(GROUP_SIZE)
fn pick_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, GROUP_SIZE);
  if (at >= params.outer * params.reduced * params.inner) { return; }
  let part = divide(at, params.inner);
  let o = divide(part, params.reduced);
  let source = o * params.inner + (at - part * params.inner);
  dx[at] = select(0.0, dy[source], winner[source] == i32(part - o * params.reduced));
}
