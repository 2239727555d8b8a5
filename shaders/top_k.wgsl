// values[o, j, c] = the j-th largest (or, where SMALLEST, smallest) of x[o, r, c] over r, and places[o, j, c] its r
//   x: f32[outer, length, inner] as bits, values: the same [outer, count, inner], places: i32[outer, count, inner].
// Among equals the smaller r comes first; -0 equals 0; NaN counts as the largest of all. Numbers are compared as keys,
// whole numbers in the same order, so that the order is total on any device.
// top_k: a thread for each line looks count times for the next one; top_k_ranked: a thread for each element counts those
// before it. One workgroup is 64 such threads.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;
const SMALLEST: bool = false;

struct Params {
  outer: u32,
  length: u32,
  inner: u32,
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> places: array<i32>;

// The larger the key, the earlier its turn.
fn key(at: u32) -> u32 {
  let bits = x[at];
  let magnitude = bits & 0x7fffffffu;
  var result = select(bits | 0x80000000u, ~bits, bits != magnitude);
  result = select(result, 0x80000000u, magnitude == 0u);
  result = select(result, 0xffffffffu, magnitude > 0x7f800000u);
  return select(result, ~result, SMALLEST);
}

@compute @workgroup_size(GROUP_SIZE)
fn top_k(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.outer * params.inner) { return; }
  let o = divide(i, params.inner);
  let column = i - o * params.inner;
  let base = o * params.length * params.inner + column;
  var last_key = 0xffffffffu;
  var last = -1;
  for (var j = 0u; j < params.count; j++) {
    var best_key = 0u;
    var best = -1;
    for (var r = 0u; r < params.length; r++) {
      let candidate = key(base + r * params.inner);
      let left = candidate < last_key || (candidate == last_key && i32(r) > last);
      if (left && (best < 0 || candidate > best_key)) {
        best_key = candidate;
        best = i32(r);
      }
    }
    let to = (o * params.count + j) * params.inner + column;
    values[to] = x[base + u32(best) * params.inner];
    places[to] = best;
    last_key = best_key;
    last = best;
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn top_k_ranked(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.outer * params.length * params.inner) { return; }
  let row = divide(i, params.inner);
  let o = divide(row, params.length);
  let r = row - o * params.length;
  let column = i - row * params.inner;
  let base = o * params.length * params.inner + column;
  let own = key(i);
  var rank = 0u;
  for (var s = 0u; s < params.length; s++) {
    let other = key(base + s * params.inner);
    rank += select(0u, 1u, other > own || (other == own && s < r));
  }
  if (rank < params.count) {
    let to = (o * params.count + rank) * params.inner + column;
    values[to] = x[i];
    places[to] = i32(r);
  }
}
