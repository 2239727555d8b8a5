// scatter_add: y[o, v, c] = the sum over the k with index[k] = v, in their order, of x[o, k, c]: the gradient of gather
// scatter: y[o, v, c] = data[o, v, c] combined with those x[o, k, c], one after another
//   x: f32[outer, count, inner], y, data: f32[outer, length, inner]; index: i32[count] or, where PER_ELEMENT, of x's shape
//   and then index[o, k, c] = v counts; negative ones count from the end, those outside are taken as the nearest inside.
// A thread makes each element of y by looking for its x, so nothing is added atomically and the order is always the same.
//
// The sorted form spares the search. Its passes: scatter_clear (cursors = 0), scatter_count (how many k each v has),
// scatter_allocate (a stretch of `placed` for each v: which one is left to chance), scatter_place (k into the stretch
// of its v, in any order), scatter_order (each k to its rank among them: from here on nothing is left to chance), and
// scatter_sum. cursors: u32[length + 1], the last one counting stretches; starts: u32[length]; placed, ordered: u32[count];
// ends: cursors after scatter_place.
//
// The claimed form of scatter, where the last of several counts: scatter_clear (no element is claimed), scatter_claim
// (each x claims its element with k + 1; the largest is kept, whatever the order), scatter_claimed. claims: u32 of y's
// size where PER_ELEMENT, else u32[length].
// One workgroup makes 64 elements (or vectors), one for each thread.

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/index.wgsl

const GROUP_SIZE: u32 = 64;
const PER_ELEMENT: bool = false;

struct Params {
  size: u32,
  inner: u32,
  count: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(4) var<storage, read> data: array<f32>;
@group(0) @binding(5) var<storage, read_write> cleared: array<u32>;
@group(0) @binding(5) var<storage, read_write> cursors: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read_write> claims: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read> claimed: array<u32>;
@group(0) @binding(5) var<storage, read> ends: array<u32>;
@group(0) @binding(6) var<storage, read_write> starts: array<u32>;
@group(0) @binding(6) var<storage, read> begins: array<u32>;
@group(0) @binding(7) var<storage, read_write> placed: array<u32>;
@group(0) @binding(7) var<storage, read> found: array<u32>;
@group(0) @binding(8) var<storage, read_write> ordered: array<u32>;
@group(0) @binding(8) var<storage, read> order: array<u32>;

// @hook
fn combine(a: f32, b: f32) -> f32 { return b; }

@compute @workgroup_size(GROUP_SIZE)
fn scatter_add(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let row = divide(i, params.inner);
  let o = divide(row, params.length);
  let v = row - o * params.length;
  var at = o * params.count * params.inner + (i - row * params.inner);
  var sum = 0.0;
  for (var k = 0u; k < params.count; k++) {
    if (wrapped(indices[select(k, at, PER_ELEMENT)], params.length) == v) { sum += x[at]; }
    at += params.inner;
  }
  y[i] = sum;
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter_add_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let row = divide(i, params.inner);
  let o = divide(row, params.length);
  let v = row - o * params.length;
  var at = o * params.count * params.inner + (i - row * params.inner);
  var sum = vec4f();
  for (var k = 0u; k < params.count; k++) {
    if (wrapped(indices[k], params.length) == v) { sum += x4[at]; }
    at += params.inner;
  }
  y4[i] = sum;
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let row = divide(i, params.inner);
  let o = divide(row, params.length);
  let v = row - o * params.length;
  var at = o * params.count * params.inner + (i - row * params.inner);
  var result = data[i];
  for (var k = 0u; k < params.count; k++) {
    if (wrapped(indices[select(k, at, PER_ELEMENT)], params.length) == v) { result = combine(result, x[at]); }
    at += params.inner;
  }
  y[i] = result;
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter_claim(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (PER_ELEMENT) {
    if (i >= divide(params.size, params.length) * params.count) { return; }
    let row = divide(i, params.inner);
    let o = divide(row, params.count);
    let v = wrapped(indices[i], params.length);
    atomicMax(&claims[(o * params.length + v) * params.inner + (i - row * params.inner)], row - o * params.count + 1u);
  } else {
    if (i >= params.count) { return; }
    atomicMax(&claims[wrapped(indices[i], params.length)], i + 1u);
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter_claimed(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let row = divide(i, params.inner);
  let o = divide(row, params.length);
  let claim = claimed[select(row - o * params.length, i, PER_ELEMENT)];
  if (claim == 0u) {
    y[i] = data[i];
  } else {
    y[i] = x[(o * params.count + claim - 1u) * params.inner + (i - row * params.inner)];
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter_clear(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let v = flat_index(thread, groups, GROUP_SIZE);
  if (v > params.length) { return; }
  cleared[v] = 0u;
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter_count(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = flat_index(thread, groups, GROUP_SIZE);
  if (k >= params.count) { return; }
  atomicAdd(&cursors[wrapped(indices[k], params.length)], 1u);
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter_allocate(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let v = flat_index(thread, groups, GROUP_SIZE);
  if (v >= params.length) { return; }
  let start = atomicAdd(&cursors[params.length], atomicLoad(&cursors[v]));
  starts[v] = start;
  atomicStore(&cursors[v], start);
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter_place(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = flat_index(thread, groups, GROUP_SIZE);
  if (k >= params.count) { return; }
  placed[atomicAdd(&cursors[wrapped(indices[k], params.length)], 1u)] = k;
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter_order(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = flat_index(thread, groups, GROUP_SIZE);
  if (k >= params.count) { return; }
  let v = wrapped(indices[k], params.length);
  let begin = begins[v];
  var rank = begin;
  for (var p = begin; p < ends[v]; p++) { rank += select(0u, 1u, found[p] < k); }
  ordered[rank] = k;
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter_sum(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let row = divide(i, params.inner);
  let o = divide(row, params.length);
  let v = row - o * params.length;
  let base = o * params.count * params.inner + (i - row * params.inner);
  var sum = 0.0;
  for (var p = begins[v]; p < ends[v]; p++) { sum += x[base + order[p] * params.inner]; }
  y[i] = sum;
}

@compute @workgroup_size(GROUP_SIZE)
fn scatter_sum_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  let row = divide(i, params.inner);
  let o = divide(row, params.length);
  let v = row - o * params.length;
  let base = o * params.count * params.inner + (i - row * params.inner);
  var sum = vec4f();
  for (var p = begins[v]; p < ends[v]; p++) { sum += x4[base + order[p] * params.inner]; }
  y4[i] = sum;
}
