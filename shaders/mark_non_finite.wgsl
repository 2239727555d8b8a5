// Whether a tensor holds NaN or infinity, for the first of many in one number: y = x holds one ? min(found, mark) : found.
//   mark_start        y[0] = found[0]; one thread
//   mark_non_finite   after it: y[0] = min(y[0], mark) where an element of x, f32 as bits, is not finite, because WGSL may
//                     assume that a float always is. A workgroup looks at 64 elements.

// @import lib/grid.wgsl

const GROUP_SIZE: u32 = 64;
const EXPONENT = 0x7f800000u;

struct Params {
  size: u32,
  mark: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> found: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> start: array<u32>;

@compute @workgroup_size(1)
fn mark_start() {
  start[0] = found[0];
}

@compute @workgroup_size(GROUP_SIZE)
fn mark_non_finite(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  if ((x[i] & EXPONENT) == EXPONENT) { atomicMin(&y[0], params.mark); }
}
