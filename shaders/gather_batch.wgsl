// gather_batch: y[b, e] = data[order[cursor + b], e] · scale + offset: the examples of one batch, picked by a shuffled index.
// data [examples, E] as f32, words of 32 bits, or bytes packed four in a word, lowest first; order [length]; cursor [1];
// y [B, E] with E elements an example (example_size) and B·E of them in all (size). order is read at length − 1 at most
// and data at its last example at most, so nothing out of range is ever read.
// One workgroup writes 64 consecutive elements. The vec4 entries write four elements at once; their example_size and
// size count fours, which of bytes is one word.

// @import lib/grid.wgsl

const group_size: u32 = 64;

struct Params {
  size: u32,
  example_size: u32,
  examples: u32,
  length: u32,
}

struct ScaledParams {
  size: u32,
  example_size: u32,
  examples: u32,
  length: u32,
  scale: f32,
  offset: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(0) var<uniform> scaled: ScaledParams;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read> cursor: array<u32>;
@group(0) @binding(3) var<storage, read> bytes: array<u32>;
@group(0) @binding(3) var<storage, read> words: array<u32>;
@group(0) @binding(3) var<storage, read> data: array<f32>;
@group(0) @binding(3) var<storage, read> data4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> labels: array<i32>;

// Where element i of the batch is in data.
fn data_index(i: u32, example_size: u32, examples: u32, length: u32) -> u32 {
  let last = length - 1u;
  let at = min(min(cursor[0], last) + i / example_size, last);
  return min(order[at], examples - 1u) * example_size + i % example_size;
}

fn scaled_index(i: u32) -> u32 {
  return data_index(i, scaled.example_size, scaled.examples, scaled.length);
}

fn byte_at(i: u32) -> u32 {
  return (bytes[i / 4u] >> (8u * (i % 4u))) & 255u;
}

@compute @workgroup_size(group_size)
fn gather_batch_bytes(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= scaled.size) { return; }
  y[i] = f32(byte_at(scaled_index(i))) * scaled.scale + scaled.offset;
}

@compute @workgroup_size(group_size)
fn gather_batch_bytes_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= scaled.size) { return; }
  let four = (vec4u(bytes[scaled_index(i)]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  y4[i] = vec4f(four) * scaled.scale + scaled.offset;
}

@compute @workgroup_size(group_size)
fn gather_batch(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= scaled.size) { return; }
  y[i] = data[scaled_index(i)] * scaled.scale + scaled.offset;
}

@compute @workgroup_size(group_size)
fn gather_batch_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= scaled.size) { return; }
  y4[i] = data4[scaled_index(i)] * scaled.scale + scaled.offset;
}

@compute @workgroup_size(group_size)
fn gather_batch_byte_labels(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  labels[i] = i32(byte_at(data_index(i, params.example_size, params.examples, params.length)));
}

@compute @workgroup_size(group_size)
fn gather_batch_labels(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  labels[i] = bitcast<i32>(words[data_index(i, params.example_size, params.examples, params.length)]);
}
