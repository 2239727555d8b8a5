// Gradients summed over several batches, so that one step can be made of them all. place [4] = (keep, share, ready, 0):
//   add_gradients   sum = (keep != 0 ? sum : 0) + share·grads, elementwise; what was there before a group's first batch,
//                   NaN included, is not looked at
//   gate_step       one thread: scalars = given, but the gradients' factor, scalars[3], is 0 until the group is ready, which
//                   makes the optimizer's step change nothing
// One workgroup adds 64 elements, or 64 groups of four in add_gradients_vec4, whose size counts groups.

// @import lib/grid.wgsl

const GROUP_SIZE: u32 = 64;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> place: array<f32>;
@group(0) @binding(2) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read> grads4: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> sum: array<f32>;
@group(0) @binding(3) var<storage, read_write> sum4: array<vec4f>;
@group(0) @binding(2) var<storage, read> given: array<f32>;
@group(0) @binding(3) var<storage, read_write> scalars: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn add_gradients(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  sum[i] = select(0.0, sum[i], place[0] != 0.0) + place[1] * grads[i];
}

@compute @workgroup_size(GROUP_SIZE)
fn add_gradients_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= params.size) { return; }
  sum4[i] = select(vec4f(), sum4[i], place[0] != 0.0) + place[1] * grads4[i];
}

@compute @workgroup_size(1)
fn gate_step() {
  for (var i = 0u; i < 3; i++) { scalars[i] = given[i]; }
  scalars[3] = given[3] * place[2];
}
