// What a device can do at most, measured: multiply-adds in registers, a stream copy, and loads that hit the nearest cache.
//   roof_chains, roof_chains_vec4: y[t] = the sum of 8 chains (half that of 16), 64 links an iteration. As it stands a link is
//   c <- a c + b; with a = 1/2 and b = 1 every chain goes to 2, so none can be left out and none overflows. With e^-c in
//   its place all go to 0.5671..., the solution of c = e^-c.
//   roof_copy, roof_copy_vec4: y = x
//   roof_loads, roof_loads_vec4: y[t] = the sum of 8 loads from x an iteration (a quarter of theirs), x small enough for
//   a cache and of period 4, so that both give the same
// A thread makes one number; roof_copy_vec4 four.

// @import lib/grid.wgsl

struct Params {
  size: u32,
  iterations: u32,
  mask: u32,
  a: f32,
  b: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4f>;

// One link of a chain; exponentials have e^-c here.
// @hook
fn link(c: f32, a: f32, b: f32) -> f32 { return fma(c, a, b); }
// @hook
fn link_vec4(c: vec4f, a: vec4f, b: vec4f) -> vec4f { return fma(c, a, b); }

@compute @workgroup_size(64)
fn roof_chains(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, 64);
  if (at >= params.size) { return; }
  let a = params.a;
  let b = params.b;
  var c0 = x[0];
  var c1 = x[1];
  var c2 = x[2];
  var c3 = x[3];
  var c4 = x[4];
  var c5 = x[5];
  var c6 = x[6];
  var c7 = x[7];
  for (var i = 0u; i < params.iterations; i++) {
    c0 = link(c0, a, b); c1 = link(c1, a, b); c2 = link(c2, a, b); c3 = link(c3, a, b);
    c4 = link(c4, a, b); c5 = link(c5, a, b); c6 = link(c6, a, b); c7 = link(c7, a, b);
    c0 = link(c0, a, b); c1 = link(c1, a, b); c2 = link(c2, a, b); c3 = link(c3, a, b);
    c4 = link(c4, a, b); c5 = link(c5, a, b); c6 = link(c6, a, b); c7 = link(c7, a, b);
    c0 = link(c0, a, b); c1 = link(c1, a, b); c2 = link(c2, a, b); c3 = link(c3, a, b);
    c4 = link(c4, a, b); c5 = link(c5, a, b); c6 = link(c6, a, b); c7 = link(c7, a, b);
    c0 = link(c0, a, b); c1 = link(c1, a, b); c2 = link(c2, a, b); c3 = link(c3, a, b);
    c4 = link(c4, a, b); c5 = link(c5, a, b); c6 = link(c6, a, b); c7 = link(c7, a, b);
    c0 = link(c0, a, b); c1 = link(c1, a, b); c2 = link(c2, a, b); c3 = link(c3, a, b);
    c4 = link(c4, a, b); c5 = link(c5, a, b); c6 = link(c6, a, b); c7 = link(c7, a, b);
    c0 = link(c0, a, b); c1 = link(c1, a, b); c2 = link(c2, a, b); c3 = link(c3, a, b);
    c4 = link(c4, a, b); c5 = link(c5, a, b); c6 = link(c6, a, b); c7 = link(c7, a, b);
    c0 = link(c0, a, b); c1 = link(c1, a, b); c2 = link(c2, a, b); c3 = link(c3, a, b);
    c4 = link(c4, a, b); c5 = link(c5, a, b); c6 = link(c6, a, b); c7 = link(c7, a, b);
    c0 = link(c0, a, b); c1 = link(c1, a, b); c2 = link(c2, a, b); c3 = link(c3, a, b);
    c4 = link(c4, a, b); c5 = link(c5, a, b); c6 = link(c6, a, b); c7 = link(c7, a, b);
  }
  y[at] = c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7;
}

@compute @workgroup_size(64)
fn roof_chains_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, 64);
  if (at >= params.size) { return; }
  let a = vec4f(params.a);
  let b = vec4f(params.b);
  var c0 = x4[0];
  var c1 = x4[1];
  var c2 = x4[2];
  var c3 = x4[3];
  for (var i = 0u; i < params.iterations; i++) {
    c0 = link_vec4(c0, a, b); c1 = link_vec4(c1, a, b); c2 = link_vec4(c2, a, b); c3 = link_vec4(c3, a, b);
    c0 = link_vec4(c0, a, b); c1 = link_vec4(c1, a, b); c2 = link_vec4(c2, a, b); c3 = link_vec4(c3, a, b);
    c0 = link_vec4(c0, a, b); c1 = link_vec4(c1, a, b); c2 = link_vec4(c2, a, b); c3 = link_vec4(c3, a, b);
    c0 = link_vec4(c0, a, b); c1 = link_vec4(c1, a, b); c2 = link_vec4(c2, a, b); c3 = link_vec4(c3, a, b);
  }
  let sum = c0 + c1 + c2 + c3;
  y[at] = 0.5 * (sum.x + sum.y + sum.z + sum.w);
}

@compute @workgroup_size(64)
fn roof_copy(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, 64);
  if (at >= params.size) { return; }
  y[at] = x[at];
}

@compute @workgroup_size(64)
fn roof_copy_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = flat_index(thread, groups, 64);
  if (at >= params.size) { return; }
  y4[at] = x4[at];
}

@compute @workgroup_size(64)
fn roof_loads(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, 64);
  if (index >= params.size) { return; }
  let mask = params.mask;
  var at = index;
  var sum = 0.0;
  for (var i = 0u; i < params.iterations; i++) {
    let first = x[at & mask] + x[(at + 64) & mask] + x[(at + 128) & mask] + x[(at + 192) & mask];
    let second = x[(at + 256) & mask] + x[(at + 320) & mask] + x[(at + 384) & mask] + x[(at + 448) & mask];
    sum += first + second;
    at += 1;
  }
  y[index] = sum;
}

@compute @workgroup_size(64)
fn roof_loads_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flat_index(thread, groups, 64);
  if (index >= params.size) { return; }
  let mask = params.mask / 4;
  var at = index;
  var sum = vec4f();
  for (var i = 0u; i < params.iterations; i++) {
    let first = x4[at & mask] + x4[(at + 16) & mask] + x4[(at + 32) & mask] + x4[(at + 48) & mask];
    let second = x4[(at + 64) & mask] + x4[(at + 80) & mask] + x4[(at + 96) & mask] + x4[(at + 112) & mask];
    sum += first + second;
    at += 1;
  }
  y[index] = 0.25 * (sum.x + sum.y + sum.z + sum.w);
}
