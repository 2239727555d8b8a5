// upsample: y[n, od, oh, ow, c] = x[n, od / size_d, oh / size_h, ow / size_w, c], each element repeated.
// upsample_grad: dx[n, d, h, w, c] = the sum of dy over the element's copies; a gather, so its order is fixed.
// x, dx [N, D, H, W, C]; y, dy [N, D·size_d, H·size_h, W·size_w, C]. The depth is counted through all of N.
// One workgroup does 64 consecutive elements of the buffer it writes; in the vec4 entries C and size count vec4s.

// @import lib/grid.wgsl
// @import lib/divide.wgsl

const group_size: u32 = 64;

struct Params {
  size: u32,
  H: u32,
  W: u32,
  C: u32,
  size_d: u32,
  size_h: u32,
  size_w: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(1) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx4: array<vec4f>;

// slice, row, column and channel of element i of [·, H, W, C].
fn place(i: u32, H: u32, W: u32) -> vec4u {
  let pixel = divide(i, params.C);
  let row = divide(pixel, W);
  let slice = divide(row, H);
  return vec4u(slice, row - slice * H, pixel - row * W, i - pixel * params.C);
}

// The element of x that element i of y repeats.
fn source(i: u32) -> u32 {
  let at = place(i, params.H * params.size_h, params.W * params.size_w);
  let d = divide(at.x, params.size_d);
  let h = divide(at.y, params.size_h);
  let w = divide(at.z, params.size_w);
  return ((d * params.H + h) * params.W + w) * params.C + at.w;
}

// Where the copy of an element that is a slices, b rows and 0 columns after the first one stands in y.
fn copy_of(at: vec4u, a: u32, b: u32) -> u32 {
  let row = (at.x * params.size_d + a) * params.H * params.size_h + at.y * params.size_h + b;
  return (row * params.W + at.z) * params.size_w * params.C + at.w;
}

@compute @workgroup_size(group_size)
fn upsample(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  y[i] = x[source(i)];
}

@compute @workgroup_size(group_size)
fn upsample_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  y4[i] = x4[source(i)];
}

@compute @workgroup_size(group_size)
fn upsample_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.H, params.W);
  var sum = 0.0;
  for (var a = 0u; a < params.size_d; a++) {
    for (var b = 0u; b < params.size_h; b++) {
      let first = copy_of(at, a, b);
      for (var e = 0u; e < params.size_w; e++) {
        sum += dy[first + e * params.C];
      }
    }
  }
  dx[i] = sum;
}

@compute @workgroup_size(group_size)
fn upsample_grad_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.H, params.W);
  var sum = vec4f(0.0);
  for (var a = 0u; a < params.size_d; a++) {
    for (var b = 0u; b < params.size_h; b++) {
      let first = copy_of(at, a, b);
      for (var e = 0u; e < params.size_w; e++) {
        sum += dy4[first + e * params.C];
      }
    }
  }
  dx4[i] = sum;
}
