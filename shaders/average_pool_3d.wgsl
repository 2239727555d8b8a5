// average_pool_3d: y[o] = Σ x / count over window o (lib/pooling_3d.wgsl); count is the number of elements on the volume
//   (COUNT 0) or on the padded volume (1), or one (2).
// Its gradient: dx = Σ dy / count over the windows that hold the element.

// @import lib/pooling_3d.wgsl

const COUNT: u32 = 0;

// How many elements of window o an axis counts.
fn count(o: u32, axis: Axis) -> f32 {
  if (COUNT == 2) { return 1.0; }
  if (COUNT == 1) {
    let start = o * axis.stride;
    let end = min(start + (axis.kernel - 1u) * axis.dilation + 1u, axis.before + axis.length + axis.after);
    return f32((end - start + axis.dilation - 1u) / axis.dilation);
  }
  let s = span(o, axis);
  return f32((s.end - s.first + s.step - 1u) / s.step);
}

@compute @workgroup_size(group_size)
fn average_pool_3d(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.OD, params.OH, params.OW);
  let own = spans(at);
  var sum = 0.0;
  for (var d = own.d.first; d < own.d.end; d += own.d.step) {
    for (var h = own.h.first; h < own.h.end; h += own.h.step) {
      for (var w = own.w.first; w < own.w.end; w += own.w.step) {
        sum += x[x_index(at.n, voxel(d, h, w), at.c)];
      }
    }
  }
  y[i] = sum / (count(at.d, depth()) * count(at.h, rows()) * count(at.w, columns()));
}

@compute @workgroup_size(group_size)
fn average_pool_3d_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.D, params.H, params.W);
  let over = windows_over(at);
  var sum = 0.0;
  for (var d = over.d.x; d < over.d.y; d++) {
    for (var h = over.h.x; h < over.h.y; h++) {
      for (var w = over.w.x; w < over.w.y; w++) {
        let inside = hold(d, h, w, at);
        let elements = count(d, depth()) * count(h, rows()) * count(w, columns());
        sum += select(0.0, dy[y_index(at.n, d, h, w, at.c)] / elements, inside);
      }
    }
  }
  dx[i] = sum;
}
