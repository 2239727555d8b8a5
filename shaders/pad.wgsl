// pad: y[t] = x[s], where along each axis s = t − before as far as that lies on x; beyond it MODE says what is read:
//   0: nothing, y is `value`; 1: the nearest element; 2: the mirror image, the edge not repeated; 3: x over again.
// pad_grad: dx[j] = the sum of dy[t] over all t that read j, along one axis. It is a gather, so the order of every sum
//   is fixed.
// x, y: words of 32 bits over up to five axes, 0 the innermost; dy [outer, padded, inner]; dx [outer, size, inner].
// One workgroup writes 64 consecutive elements. The vec4 entries move four at once along the innermost axis, whose
// lengths then count vec4s.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const group_size: u32 = 64;
const MODE: u32 = 0;
// How many axes there are, so that the others cost nothing.
const RANK: u32 = 5;
const OUTSIDE = 0xffffffffu;

struct Params {
  size: u32,
  value: u32,
  padded_0: u32,
  padded_1: u32,
  padded_2: u32,
  padded_3: u32,
  length_0: u32,
  length_1: u32,
  length_2: u32,
  length_3: u32,
  length_4: u32,
  before_0: i32,
  before_1: i32,
  before_2: i32,
  before_3: i32,
  before_4: i32,
}

struct AxisParams {
  size: u32,
  inner: u32,
  length: u32,
  padded: u32,
  before: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4u>;
@group(0) @binding(0) var<uniform> axis_params: AxisParams;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(1) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx4: array<vec4f>;

// Where position t of a padded axis is read, or OUTSIDE.
fn source(t: u32, length: u32, before: i32) -> u32 {
  let s = i32(t) - before;
  let last = i32(length) - 1;
  if (MODE == 1) { return u32(clamp(s, 0, last)); }
  if (MODE == 2) { return u32(last - abs(last - abs(s))); }
  if (MODE == 3) { return u32(s + select(0, i32(length), s < 0) - select(0, i32(length), s > last)); }
  return select(OUTSIDE, u32(s), s >= 0 && s <= last);
}

// Where element i of y is read in x, or OUTSIDE.
fn place(i: u32) -> u32 {
  if (RANK == 1) { return source(i, params.length_0, params.before_0); }
  var rest = divide(i, params.padded_0);
  var s = source(i - rest * params.padded_0, params.length_0, params.before_0);
  var inside = s != OUTSIDE;
  var found = s;
  var stride = params.length_0;
  var t = rest;
  if (RANK > 2) {
    rest = divide(t, params.padded_1);
    s = source(t - rest * params.padded_1, params.length_1, params.before_1);
    inside = inside && s != OUTSIDE;
    found += s * stride;
    stride *= params.length_1;
    t = rest;
  }
  if (RANK > 3) {
    rest = divide(t, params.padded_2);
    s = source(t - rest * params.padded_2, params.length_2, params.before_2);
    inside = inside && s != OUTSIDE;
    found += s * stride;
    stride *= params.length_2;
    t = rest;
  }
  if (RANK > 4) {
    rest = divide(t, params.padded_3);
    s = source(t - rest * params.padded_3, params.length_3, params.before_3);
    inside = inside && s != OUTSIDE;
    found += s * stride;
    stride *= params.length_3;
    t = rest;
  }
  // The outermost axis: what is left of i.
  var length = params.length_1;
  var before = params.before_1;
  if (RANK == 3) {
    length = params.length_2;
    before = params.before_2;
  }
  if (RANK == 4) {
    length = params.length_3;
    before = params.before_3;
  }
  if (RANK == 5) {
    length = params.length_4;
    before = params.before_4;
  }
  s = source(t, length, before);
  return select(OUTSIDE, found + s * stride, inside && s != OUTSIDE);
}

@compute @workgroup_size(group_size)
fn pad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let s = place(i);
  var value = params.value;
  if (s != OUTSIDE) { value = x[s]; }
  y[i] = value;
}

@compute @workgroup_size(group_size)
fn pad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let s = place(i);
  var value = vec4u(params.value);
  if (s != OUTSIDE) { value = x4[s]; }
  y4[i] = value;
}

// The positions that read position j: first, first + step, … below end.
fn readers(j: u32) -> vec3u {
  let t = j + axis_params.before;
  if (MODE == 1) {
    return vec3u(select(t, 0u, j == 0u), select(t + 1u, axis_params.padded, j + 1u == axis_params.length), 1u);
  }
  if (MODE == 3) {
    return vec3u(t % axis_params.length, axis_params.padded, axis_params.length);
  }
  return vec3u(t, t + 1u, 1u);
}

// The two positions that mirror j below and above, or OUTSIDE.
fn mirrors(j: u32) -> vec2u {
  let above = axis_params.before + 2u * (axis_params.length - 1u) - j;
  return vec2u(
    select(OUTSIDE, axis_params.before - j, j > 0u && j <= axis_params.before),
    select(OUTSIDE, above, j + 1u < axis_params.length && above < axis_params.padded)
  );
}

@compute @workgroup_size(group_size)
fn pad_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= axis_params.size) { return; }
  let row = divide(i, axis_params.inner);
  let c = i - row * axis_params.inner;
  let o = divide(row, axis_params.length);
  let j = row - o * axis_params.length;
  let base = o * axis_params.padded;
  let found = readers(j);
  var sum = 0.0;
  for (var t = found.x; t < found.y; t += found.z) {
    sum += dy[(base + t) * axis_params.inner + c];
  }
  if (MODE == 2) {
    let more = mirrors(j);
    if (more.x != OUTSIDE) { sum += dy[(base + more.x) * axis_params.inner + c]; }
    if (more.y != OUTSIDE) { sum += dy[(base + more.y) * axis_params.inner + c]; }
  }
  dx[i] = sum;
}

@compute @workgroup_size(group_size)
fn pad_grad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= axis_params.size) { return; }
  let row = divide(i, axis_params.inner);
  let c = i - row * axis_params.inner;
  let o = divide(row, axis_params.length);
  let j = row - o * axis_params.length;
  let base = o * axis_params.padded;
  let found = readers(j);
  var sum = vec4f(0.0);
  for (var t = found.x; t < found.y; t += found.z) {
    sum += dy4[(base + t) * axis_params.inner + c];
  }
  if (MODE == 2) {
    let more = mirrors(j);
    if (more.x != OUTSIDE) { sum += dy4[(base + more.x) * axis_params.inner + c]; }
    if (more.y != OUTSIDE) { sum += dy4[(base + more.y) * axis_params.inner + c]; }
  }
  dx4[i] = sum;
}
