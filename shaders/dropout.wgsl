// y[i] = x[i]·scale where uniform(i) ≥ rate, else 0, with scale = 1 / (1 − rate) and uniform(i) the number in [0, 1) of word
//   i mod 4 of Philox with key (seed, stream) and counter (⌊i / 4⌋, step, 0, 0). The mask is never stored: the gradient is
//   the same dispatch on dy.
// x, y [size]; random [4] = (seed, step, 0, 0).
// One workgroup does 256 elements, four a thread, which is one call of Philox.

// @import lib/grid.wgsl
// @import lib/random.wgsl

const group_size: u32 = 64;

struct Params {
  size: u32,
  stream: u32,
  rate: f32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> random: array<u32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> x4: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> y4: array<vec4f>;

// What elements 4·i to 4·i + 3 are multiplied by.
fn factors(i: u32) -> vec4f {
  let bits = philox(vec4u(i, random[1], 0u, 0u), vec2u(random[0], params.stream));
  return select(vec4f(0.0), vec4f(params.scale), uniform4(bits) >= vec4f(params.rate));
}

@compute @workgroup_size(group_size)
fn dropout(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (4u * i >= params.size) { return; }
  let four = factors(i);
  let count = min(params.size - 4u * i, 4u);
  for (var lane = 0u; lane < count; lane++) {
    y[4u * i + lane] = x[4u * i + lane] * four[lane];
  }
}

@compute @workgroup_size(group_size)
fn dropout_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (4u * i >= params.size) { return; }
  y4[i] = x4[i] * factors(i);
}
