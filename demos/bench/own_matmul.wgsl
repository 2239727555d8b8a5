// An example of an own kernel: a matrix product c = a b by tiles of 16 × 16, kept in workgroup memory.
//
//   npm run bench -- --op matmul --shape 100x200x300 --kernel demos/bench/own_matmul.wgsl
//
// A file has one @compute function. Its buffers and the members of its uniform struct are called as in the op's own shader
// (shaders/lib/product.wgsl: a [m, k], b [k, n], c [m, n], rows after rows), of which it takes what it needs, in any order and at
// any binding of group 0. The next comment says how many workgroups are launched, in numbers, those members, + - * / and
// ceil, floor, min, max. Files of shaders/ may be imported: // @import and a path such as lib/grid.wgsl.

// @workgroups ceil(n / 16), ceil(m / 16)

struct Params {
  m: u32,
  n: u32,
  k: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

var<workgroup> a_tile: array<array<f32, 16>, 16>;
var<workgroup> b_tile: array<array<f32, 16>, 16>;

@compute @workgroup_size(16, 16)
fn own_matmul(@builtin(global_invocation_id) thread: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let column = thread.x;
  let row = thread.y;
  var sum = 0.0;
  for (var first = 0u; first < params.k; first += 16) {
    // Beyond an edge zeros, which add nothing; every thread comes to the barriers.
    let a_column = first + local.x;
    let b_row = first + local.y;
    a_tile[local.y][local.x] = 0.0;
    b_tile[local.y][local.x] = 0.0;
    if (row < params.m && a_column < params.k) { a_tile[local.y][local.x] = a[row * params.k + a_column]; }
    if (b_row < params.k && column < params.n) { b_tile[local.y][local.x] = b[b_row * params.n + column]; }
    workgroupBarrier();
    for (var i = 0u; i < 16; i++) {
      sum = fma(a_tile[local.y][i], b_tile[i][local.x], sum);
    }
    workgroupBarrier();
  }
  if (row < params.m && column < params.n) { c[row * params.n + column] = sum; }
}
