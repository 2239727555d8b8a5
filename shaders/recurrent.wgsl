// The parts of recurrent layers that do not depend on the cell. Shapes and params as in lib/recurrent.wgsl.
//   previous_states  y[n, t, :] = the state that the step at t of x begins with: y, states [N, T, U]; initial [N, U]
//   mask_steps       y[n, o, :] = x[n, o, :] where the step counts, else 0: x, y [N, S, U], the last S steps taken
//   one_step         y[n, :] = x[n, t_out, first : first + U]: x [N, T, width], y [N, U]
//   grad_initial     carry[n, :] += what reaches the initial state through the first step's product
// One workgroup does 64 consecutive elements of what it writes.

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/recurrent.wgsl

const group_size: u32 = 64;
const BACKWARDS: bool = false;
const ALIGNED: bool = false;
// A step counts once there has been a valid one, not only where it is valid itself.
const SEEN: bool = false;

@group(0) @binding(6) var<storage, read> x: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
@group(0) @binding(8) var<storage, read_write> carry: array<f32>;

// Steps taken before the one at place t of a tensor, and the other way round.
fn turned(t: u32, turn: bool) -> u32 {
  return select(t, params.T - 1u - t, turn);
}

@compute @workgroup_size(group_size)
fn previous_states(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let step = divide(i, params.U);
  let u = i - step * params.U;
  let n = divide(step, params.T);
  let s = turned(step - n * params.T, BACKWARDS);
  if (s == 0u) {
    y[i] = initial[n * params.U + u];
  } else {
    y[i] = x[(n * params.T + turned(s - 1u, BACKWARDS && ALIGNED)) * params.U + u];
  }
}

@compute @workgroup_size(group_size)
fn mask_steps(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let step = divide(i, params.U);
  let n = divide(step, params.count);
  let s = turned(step - n * params.count + params.T - params.count, BACKWARDS && ALIGNED);
  var counts = valid(n, turned(s, BACKWARDS));
  if (SEEN) {
    for (var earlier = 0u; earlier < s; earlier++) {
      counts = counts || valid(n, turned(earlier, BACKWARDS));
    }
  }
  y[i] = select(0.0, x[i], counts);
}

@compute @workgroup_size(group_size)
fn one_step(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let n = divide(i, params.U);
  y[i] = x[(n * params.T + params.t_out) * params.width + params.first + i - n * params.U];
}

@compute @workgroup_size(group_size)
fn grad_initial(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let n = divide(i, params.U);
  carry[i] += back(n, i - n * params.U, params.t_after);
}
