// Numbers drawn from a counter, the same bits on every device: word i mod 4 of Philox with key (seed, stream) and counter
// (⌊i / 4⌋, step, 0, 0) becomes element i.
//   random_uniform      the upper 24 bits times 2⁻²⁴: [0, 1)
//   random_bernoulli    1 where the upper 24 bits are below `threshold`, else 0
//   random_normal       the inverse normal distribution function in fixed point; src/core/normal_table.ts explains it
//   random_permutation  the numbers below n in random order: element i is i sent through a Feistel network on just
//                       enough bits (six at least), again and again until it is below n (cycle walking: Black and Rogaway 2002). Its
//                       rounds are keyed by the words of counter (0, step, 0, 0).
// random [4] = (seed, step, 0, 0); table [512] of (c0, c1, c2, c3).
// A thread makes four elements, or one of a permutation; one workgroup is 64 threads.

// @import lib/grid.wgsl
// @import lib/normal.wgsl
// @import lib/random.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  size: u32,
  stream: u32,
  threshold: u32,
}

struct PermutationParams {
  size: u32,
  stream: u32,
  left_bits: u32,
  right_bits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(0) var<uniform> shuffle: PermutationParams;
@group(0) @binding(1) var<storage, read> random: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> order: array<u32>;

fn words(i: u32, stream: u32) -> vec4u {
  return philox(vec4u(i, random[1], 0u, 0u), vec2u(random[0], stream));
}

fn bernoulli4(bits: vec4u) -> vec4f {
  return select(vec4f(0.0), vec4f(1.0), (bits >> vec4u(8u)) < vec4u(params.threshold));
}

fn normal(bits: u32) -> f32 {
  return normal_of(bits, table[normal_row(bits)]);
}

fn normal4(bits: vec4u) -> vec4f {
  return vec4f(normal(bits.x), normal(bits.y), normal(bits.z), normal(bits.w));
}

fn store(i: u32, four: vec4f) {
  let count = min(params.size - 4u * i, 4u);
  for (var lane = 0u; lane < count; lane++) { y[4u * i + lane] = four[lane]; }
}

@compute @workgroup_size(GROUP_SIZE)
fn random_uniform(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (4u * i >= params.size) { return; }
  store(i, uniform4(words(i, params.stream)));
}

@compute @workgroup_size(GROUP_SIZE)
fn random_uniform_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (4u * i >= params.size) { return; }
  y4[i] = uniform4(words(i, params.stream));
}

@compute @workgroup_size(GROUP_SIZE)
fn random_bernoulli(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (4u * i >= params.size) { return; }
  store(i, bernoulli4(words(i, params.stream)));
}

@compute @workgroup_size(GROUP_SIZE)
fn random_bernoulli_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (4u * i >= params.size) { return; }
  y4[i] = bernoulli4(words(i, params.stream));
}

@compute @workgroup_size(GROUP_SIZE)
fn random_normal(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (4u * i >= params.size) { return; }
  store(i, normal4(words(i, params.stream)));
}

@compute @workgroup_size(GROUP_SIZE)
fn random_normal_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (4u * i >= params.size) { return; }
  y4[i] = normal4(words(i, params.stream));
}

// lowbias32 (Wellons 2018): a round's function of one half and its key.
fn mix(value: u32, key: u32) -> u32 {
  var h = (value ^ key) * 0x7feb352du;
  h = (h ^ (h >> 15u)) * 0x846ca68bu;
  return h ^ (h >> 16u);
}

@compute @workgroup_size(GROUP_SIZE)
fn random_permutation(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= shuffle.size) { return; }
  let keys = words(0u, shuffle.stream);
  let left_mask = (1u << shuffle.left_bits) - 1u;
  let right_mask = (1u << shuffle.right_bits) - 1u;
  var value = i;
  loop {
    var left = value >> shuffle.right_bits;
    var right = value & right_mask;
    for (var round = 0u; round < 12u; round += 4u) {
      left ^= mix(right, keys.x + round * 0x9e3779b9u) & left_mask;
      right ^= mix(left, keys.y + round * 0x9e3779b9u) & right_mask;
      left ^= mix(right, keys.z + round * 0x9e3779b9u) & left_mask;
      right ^= mix(left, keys.w + round * 0x9e3779b9u) & right_mask;
    }
    value = (left << shuffle.right_bits) | right;
    if (value < shuffle.size) { break; }
  }
  order[i] = value;
}
