// y_j[i] = f_j(x_0[i_0], x_1[i_1], …) for each result j: several elementwise ops in one pass, so that what lies between
// them is never written. `compute` is all the f_j, `load` is the operands' indices i_k, `store` the results' places; the planner's groups
// are written into these (and those ending in 4) by src/ops/fused_elementwise.ts, and name only the buffers that they use.
//   x0 … x6: f32 or whole numbers as words of 32 bits; x0_4 … x6_4 the same memory in vectors of four, for operands whose
//   neighbours are wanted by neighbours; y0 … y3, y0_4 … y3_4: the results. params.size counts elements, or vectors.
//   params.n0 … n15: numbers that the ops need.
// One workgroup makes 64 elements (or vectors) of every result, one for each thread. The entries with a total make
// params.per_group elements (or vectors) of each, a thread every GROUP_SIZE-th of them, and after those results y_0 … one more: the
// sum of the next f_j over them, times params.scale, which is total[group]. Its terms are never written, and no order of
// additions depends on timing.

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/activation.wgsl
// @import lib/elementary.wgsl
// @import lib/vector.wgsl

// 64, or any multiple of 4 for the entries with a total.
const GROUP_SIZE: u32 = 64;

struct Params {
  size: u32,
  per_group: u32,
  scale: f32,
  n0: f32,
  n1: f32,
  n2: f32,
  n3: f32,
  n4: f32,
  n5: f32,
  n6: f32,
  n7: f32,
  n8: f32,
  n9: f32,
  n10: f32,
  n11: f32,
  n12: f32,
  n13: f32,
  n14: f32,
  n15: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x0: array<u32>;
@group(0) @binding(2) var<storage, read> x1: array<u32>;
@group(0) @binding(3) var<storage, read> x2: array<u32>;
@group(0) @binding(4) var<storage, read> x3: array<u32>;
@group(0) @binding(5) var<storage, read> x4: array<u32>;
@group(0) @binding(6) var<storage, read> x5: array<u32>;
@group(0) @binding(7) var<storage, read> x6: array<u32>;
@group(0) @binding(8) var<storage, read> x0_4: array<vec4u>;
@group(0) @binding(9) var<storage, read> x1_4: array<vec4u>;
@group(0) @binding(10) var<storage, read> x2_4: array<vec4u>;
@group(0) @binding(11) var<storage, read> x3_4: array<vec4u>;
@group(0) @binding(12) var<storage, read> x4_4: array<vec4u>;
@group(0) @binding(13) var<storage, read> x5_4: array<vec4u>;
@group(0) @binding(14) var<storage, read> x6_4: array<vec4u>;
@group(0) @binding(15) var<storage, read_write> y0: array<u32>;
@group(0) @binding(16) var<storage, read_write> y1: array<u32>;
@group(0) @binding(17) var<storage, read_write> y2: array<u32>;
@group(0) @binding(18) var<storage, read_write> y3: array<u32>;
@group(0) @binding(19) var<storage, read_write> y0_4: array<vec4u>;
@group(0) @binding(20) var<storage, read_write> y1_4: array<vec4u>;
@group(0) @binding(21) var<storage, read_write> y2_4: array<vec4u>;
@group(0) @binding(22) var<storage, read_write> y3_4: array<vec4u>;

@group(0) @binding(23) var<storage, read_write> total: array<f32>;

var<workgroup> partial: array<f32, GROUP_SIZE>;

// One element of each operand.
alias Operands = array<u32, 7>;
alias Results = array<u32, 4>;
alias Operands4 = array<vec4u, 7>;
alias Results4 = array<vec4u, 4>;

// @hook
fn load(i: u32) -> Operands { return Operands(x0[i], x1[i], x2[i], x3[i], x4[i], x5[i], x6[i]); }

// Four neighbours of each operand: a vector of them, or one that they share.
// @hook
fn load4(i: u32) -> Operands4 { return Operands4(
  select(x0_4[i], vec4u(x0[0]), i == 0u), select(x1_4[i], vec4u(x1[0]), i == 0u), select(x2_4[i], vec4u(x2[0]), i == 0u),
  select(x3_4[i], vec4u(x3[0]), i == 0u), select(x4_4[i], vec4u(x4[0]), i == 0u), select(x5_4[i], vec4u(x5[0]), i == 0u),
  select(x6_4[i], vec4u(x6[0]), i == 0u)); }

// @hook
fn compute(x: Operands) -> Results { return Results(bitcast<u32>(bitcast<f32>(x[0]) + params.n0), 0u, 0u, 0u); }

fn compute4(x: Operands4) -> Results4 {
  let a = compute(Operands(x[0].x, x[1].x, x[2].x, x[3].x, x[4].x, x[5].x, x[6].x));
  let b = compute(Operands(x[0].y, x[1].y, x[2].y, x[3].y, x[4].y, x[5].y, x[6].y));
  let c = compute(Operands(x[0].z, x[1].z, x[2].z, x[3].z, x[4].z, x[5].z, x[6].z));
  let d = compute(Operands(x[0].w, x[1].w, x[2].w, x[3].w, x[4].w, x[5].w, x[6].w));
  return Results4(
    vec4u(a[0], b[0], c[0], d[0]), vec4u(a[1], b[1], c[1], d[1]),
    vec4u(a[2], b[2], c[2], d[2]), vec4u(a[3], b[3], c[3], d[3]));
}

// Writes the results, each where the operands were found, and gives the one after them: what a total is of.
// @hook
fn store(i: u32, y: Results) -> u32 { return y[0] + y0[i] + y1[i] + y2[i] + y3[i]; }

// @hook
fn store4(i: u32, y: Results4) -> vec4u { return y[0] + y0_4[i] + y1_4[i] + y2_4[i] + y3_4[i]; }

@compute @workgroup_size(GROUP_SIZE)
fn fused(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let unused = store(i, compute(load(i)));
}

@compute @workgroup_size(GROUP_SIZE)
fn fused_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let unused = store4(i, compute4(load4(i)));
}

// ---------------------------------------------------------------------------------------------------------------
// With a total.

struct Range {
  first: u32,
  end: u32,
  group: u32,
}

fn range_of(group_id: vec3u, groups: vec3u) -> Range {
  let group = flat_index(group_id, groups, 1);
  let first = min(group * params.per_group, params.size);
  return Range(first, min(first + params.per_group, params.size), group);
}

// One thread adds up the threads' sums, four at a time: that takes a card no longer than the seven barriers of a tree, and a
// software adapter less. A group of no elements stores nothing.
fn store_total(range: Range, lane: u32, sum: f32) {
  partial[lane] = sum;
  workgroupBarrier();
  if (lane > 0 || range.first >= range.end) { return; }
  var result = 0.0;
  for (var i = 0u; i < GROUP_SIZE; i += 4) {
    result += (partial[i] + partial[i + 1]) + (partial[i + 2] + partial[i + 3]);
  }
  total[range.group] = result * params.scale;
}

fn sum4(y: vec4u) -> f32 {
  return sum_lanes(bitcast<vec4f>(y));
}

@compute @workgroup_size(GROUP_SIZE)
fn fused_total(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let range = range_of(group_id, groups);
  var sum = 0.0;
  for (var i = range.first + lane; i < range.end; i += GROUP_SIZE) {
    sum += bitcast<f32>(store(i, compute(load(i))));
  }
  store_total(range, lane, sum);
}

@compute @workgroup_size(GROUP_SIZE)
fn fused_total_vec4(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let range = range_of(group_id, groups);
  var sum = 0.0;
  for (var i = range.first + lane; i < range.end; i += GROUP_SIZE) {
    sum += sum4(store4(i, compute4(load4(i))));
  }
  store_total(range, lane, sum);
}
