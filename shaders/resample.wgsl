// y[o, t, c] = the sum of weight · x[o, source, c] over row t of a table: interpolation along one axis, any kind of it.
// x [outer, length, inner]; y [outer, rows, inner]. table: where each row's entries begin, rows + 1 numbers counted in
// entries; then the entries, two words each: the source and the bits of the weight.
// One workgroup writes 64 consecutive elements; in the vec4 entry inner and size count vec4s.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const group_size: u32 = 64;

struct Params {
  size: u32,
  inner: u32,
  length: u32,
  rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> y4: array<vec4f>;

struct Place {
  o: u32,
  t: u32,
  c: u32,
}

fn place(i: u32) -> Place {
  let row = divide(i, params.inner);
  let o = divide(row, params.rows);
  return Place(o, row - o * params.rows, i - row * params.inner);
}

@compute @workgroup_size(group_size)
fn resample(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i);
  let end = table[at.t + 1u];
  var sum = 0.0;
  for (var e = table[at.t]; e < end; e++) {
    let entry = params.rows + 1u + 2u * e;
    let value = x[(at.o * params.length + table[entry]) * params.inner + at.c];
    sum += bitcast<f32>(table[entry + 1u]) * value;
  }
  y[i] = sum;
}

@compute @workgroup_size(group_size)
fn resample_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i);
  let end = table[at.t + 1u];
  var sum = vec4f(0.0);
  for (var e = table[at.t]; e < end; e++) {
    let entry = params.rows + 1u + 2u * e;
    let value = x4[(at.o * params.length + table[entry]) * params.inner + at.c];
    sum += bitcast<f32>(table[entry + 1u]) * value;
  }
  y4[i] = sum;
}
