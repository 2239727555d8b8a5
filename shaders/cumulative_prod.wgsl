// y[o, r, c] = the product of x[o, s, c] over s <= r; over s < r where EXCLUSIVE; over s >= r (or s > r) where REVERSE
// Its gradient, right where elements are 0: dx[k] = (the product of all x before k) · tail[k], where tail[k] is the sum of
// dy[r] times the product of the x after k up to r: tail[k] = dy[k] + x[k + 1] · tail[k + 1], or where EXCLUSIVE
// tail[k] = dy[k + 1] + x[k + 1] · tail[k + 1].
//   x, y, dy, dx: f32[outer, length, inner]
// A thread walks along one line. One workgroup is 64 such threads.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;
const EXCLUSIVE: bool = false;
const REVERSE: bool = false;

struct Params {
  outer: u32,
  length: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> product: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

// Element r of line i, counted from the end where REVERSE.
fn place(i: u32, r: u32) -> u32 {
  let o = divide(i, params.inner);
  return (o * params.length + select(r, params.length - 1u - r, REVERSE)) * params.inner + (i - o * params.inner);
}

@compute @workgroup_size(GROUP_SIZE)
fn cumulative_prod(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.outer * params.inner) { return; }
  var before = 1.0;
  for (var r = 0u; r < params.length; r++) {
    let at = place(i, r);
    let next = before * x[at];
    y[at] = select(next, before, EXCLUSIVE);
    before = next;
  }
}

// product: what cumulative_prod gave.
@compute @workgroup_size(GROUP_SIZE)
fn cumulative_prod_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.outer * params.inner) { return; }
  // Of the place behind the last one: nothing.
  var factor = 0.0;
  var later = 0.0;
  var tail = 0.0;
  for (var left = params.length; left > 0u; left--) {
    let at = place(i, left - 1u);
    let own = dy[at];
    tail = select(own, later, EXCLUSIVE) + factor * tail;
    var before = 1.0;
    if (EXCLUSIVE) {
      before = product[at];
    } else if (left > 1u) {
      before = product[place(i, left - 2u)];
    }
    dx[at] = before * tail;
    factor = x[at];
    later = own;
  }
}
