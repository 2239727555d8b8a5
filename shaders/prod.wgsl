// prod_grad: dx[o, r, c] = dy[o, c] times the product of x[o, s, c] over s != r: right where elements are 0, as dy y / x is not
//   x, dx: f32[outer, length, inner]; dy: f32[outer, inner]
// One workgroup makes 64 lines, a thread each: the products of those before on the way there, of those after on the way back.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  outer: u32,
  length: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn prod_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.outer * params.inner) { return; }
  let o = divide(i, params.inner);
  var at = o * params.length * params.inner + (i - o * params.inner);
  var product = 1.0;
  for (var r = 0u; r < params.length; r++) {
    dx[at] = product;
    product *= x[at];
    at += params.inner;
  }
  product = dy[i];
  for (var r = 0u; r < params.length; r++) {
    at -= params.inner;
    dx[at] *= product;
    product *= x[at];
  }
}
