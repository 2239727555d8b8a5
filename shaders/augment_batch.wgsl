// augment_batch: y[b, h, w, c] = colour(image order[cursor + b] read between pixels at (a·w + b·h + c, d·w + e·h + f))·scale + offset:
// the examples of one batch, picked by a shuffled index, moved and coloured as parameters say (augment_parameters.wgsl).
// data [examples, H, W, C] as f32, or bytes packed four in a word, lowest first; order [length]; cursor [1]; parameters [B, 6] of
// vectors; table [512] of (c0, c1, c2, c3); y [B, H, W, C], of B·H·W pixels (size).
// A read is the mean of four pixels by nearness. Beyond the image: 0 fill_value, 1 the edge's pixel, 2 the image mirrored at its edge
// pixels, 3 the image again. Colours are multiplied by the image's matrix (C = 3) or by its first number, noise added, and all
// kept between low and high. Channel c of pixel p draws its noise from word c mod 4 of Philox with the image's key and counter
// (p, ⌊c / 4⌋, 0, 0).
// One workgroup does 64 pixels, one a thread.

// @import lib/divide.wgsl
// @import lib/grid.wgsl
// @import lib/normal.wgsl
// @import lib/random.wgsl

const group_size: u32 = 64;
const FILL: u32 = 0u;
const NOISE: bool = true;
const COLOURS: bool = false;

struct Params {
  size: u32,
  height: u32,
  width: u32,
  channels: u32,
  examples: u32,
  length: u32,
  scale: f32,
  offset: f32,
  low: f32,
  high: f32,
  fill_value: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read> cursor: array<u32>;
@group(0) @binding(3) var<storage, read> bytes: array<u32>;
@group(0) @binding(3) var<storage, read> data: array<f32>;
@group(0) @binding(4) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(5) var<storage, read> table: array<vec4u>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

// Four pixels by their first elements in data, whether they are on the image, and what each counts.
struct Read {
  at: vec4u,
  known: vec4<bool>,
  weight: vec4f,
  // The image's place in the batch, and the pixel's in the image.
  image: u32,
  pixel: u32,
}

// The position that stands for t on an axis of n; below zero where there is none.
fn source(t: i32, n: i32) -> i32 {
  if (FILL == 1u) { return clamp(t, 0, n - 1); }
  if (FILL == 2u) {
    let period = max(2 * (n - 1), 1);
    let r = ((t % period) + period) % period;
    return min(r, period - r);
  }
  if (FILL == 3u) { return ((t % n) + n) % n; }
  return select(-1, t, t >= 0 && t < n);
}

fn read_of(i: u32) -> Read {
  let area = params.height * params.width;
  let image = divide(i, area);
  let pixel = i - image * area;
  let row = divide(pixel, params.width);
  let here = vec3f(f32(pixel - row * params.width), f32(row), 1.0);
  let at = vec2f(dot(parameters[6u * image].xyz, here), dot(parameters[6u * image + 1u].xyz, here));
  let corner = floor(at);
  let near = at - corner;
  let far = 1.0 - near;
  let left = source(i32(corner.x), i32(params.width));
  let right = source(i32(corner.x) + 1, i32(params.width));
  let top = source(i32(corner.y), i32(params.height));
  let bottom = source(i32(corner.y) + 1, i32(params.height));
  let known = vec4<bool>(min(top, left) >= 0, min(top, right) >= 0, min(bottom, left) >= 0, min(bottom, right) >= 0);
  let w = i32(params.width);
  let places = select(vec4i(0), vec4i(top * w + left, top * w + right, bottom * w + left, bottom * w + right), known);
  let last = params.length - 1u;
  let example = min(order[min(min(cursor[0], last) + image, last)], params.examples - 1u);
  let weight = vec4f(far.x, near.x, far.x, near.x) * vec4f(far.y, far.y, near.y, near.y);
  return Read((vec4u(places) + example * area) * params.channels, known, weight, image, pixel);
}

fn byte_at(i: u32) -> f32 {
  return f32((bytes[i / 4u] >> (8u * (i % 4u))) & 255u);
}

fn bytes_at(r: Read, c: u32) -> f32 {
  let four = vec4f(byte_at(r.at.x + c), byte_at(r.at.y + c), byte_at(r.at.z + c), byte_at(r.at.w + c));
  return dot(select(vec4f(params.fill_value), four, r.known), r.weight);
}

fn data_at(r: Read, c: u32) -> f32 {
  let four = vec4f(data[r.at.x + c], data[r.at.y + c], data[r.at.z + c], data[r.at.w + c]);
  return dot(select(vec4f(params.fill_value), four, r.known), r.weight);
}

fn bits_of(r: Read, c: u32) -> vec4u {
  let key = vec2u(parameters[6u * r.image + 5u].yz);
  return philox(vec4u(r.pixel, c / 4u, 0u, 0u), key);
}

fn finished(r: Read, value: f32, bits: u32) -> f32 {
  var v = value;
  if (NOISE) { v += parameters[6u * r.image + 5u].x * normal_of(bits, table[normal_row(bits)]); }
  return clamp(v, params.low, params.high) * params.scale + params.offset;
}

fn store_colours(i: u32, r: Read, rgb: vec3f) {
  let v = vec4f(rgb, 1.0);
  var bits = vec4u(0u);
  if (NOISE) { bits = bits_of(r, 0u); }
  y[3u * i] = finished(r, dot(parameters[6u * r.image + 2u], v), bits.x);
  y[3u * i + 1u] = finished(r, dot(parameters[6u * r.image + 3u], v), bits.y);
  y[3u * i + 2u] = finished(r, dot(parameters[6u * r.image + 4u], v), bits.z);
}

fn store(i: u32, r: Read, c: u32, value: f32) {
  let light = parameters[6u * r.image + 2u];
  var bits = 0u;
  if (NOISE) {
    let four = bits_of(r, c);
    bits = select(select(four.x, four.y, (c & 3u) == 1u), select(four.z, four.w, (c & 3u) == 3u), (c & 3u) >= 2u);
  }
  y[i * params.channels + c] = finished(r, value * light.x + light.w, bits);
}

@compute @workgroup_size(group_size)
fn augment_batch_bytes(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let r = read_of(i);
  if (COLOURS) {
    store_colours(i, r, vec3f(bytes_at(r, 0u), bytes_at(r, 1u), bytes_at(r, 2u)));
  } else {
    for (var c = 0u; c < params.channels; c++) { store(i, r, c, bytes_at(r, c)); }
  }
}

@compute @workgroup_size(group_size)
fn augment_batch(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let r = read_of(i);
  if (COLOURS) {
    store_colours(i, r, vec3f(data_at(r, 0u), data_at(r, 1u), data_at(r, 2u)));
  } else {
    for (var c = 0u; c < params.channels; c++) { store(i, r, c, data_at(r, c)); }
  }
}
