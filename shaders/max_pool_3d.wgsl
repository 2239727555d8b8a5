// max_pool_3d: y[o] = the largest x of window o, as far as it lies on the volume (lib/pooling_3d.wgsl).
// max_pool_3d_indices: the same, and where it stands in [D, H, W].
// Its gradient, in two passes: max_pool_3d_winners finds the first largest element of each window, max_pool_3d_grad gives
//   dx = Σ dy over the windows whose winner the element is.
// winners, places [N, OD, OH, OW, C], as positions in [D, H, W].

// @import lib/pooling_3d.wgsl

@group(0) @binding(5) var<storage, read_write> winners: array<u32>;
@group(0) @binding(5) var<storage, read_write> places: array<i32>;
@group(0) @binding(6) var<storage, read> found: array<u32>;

// The first largest element of a window. Each window has an element, so no value is needed that loses to all others.
fn winner(at: Place) -> u32 {
  let own = spans(at);
  var best = voxel(own.d.first, own.h.first, own.w.first);
  var largest = x[x_index(at.n, best, at.c)];
  for (var d = own.d.first; d < own.d.end; d += own.d.step) {
    for (var h = own.h.first; h < own.h.end; h += own.h.step) {
      for (var w = own.w.first; w < own.w.end; w += own.w.step) {
        let value = x[x_index(at.n, voxel(d, h, w), at.c)];
        if (value > largest) {
          largest = value;
          best = voxel(d, h, w);
        }
      }
    }
  }
  return best;
}

@compute @workgroup_size(group_size)
fn max_pool_3d(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.OD, params.OH, params.OW);
  y[i] = x[x_index(at.n, winner(at), at.c)];
}

@compute @workgroup_size(group_size)
fn max_pool_3d_indices(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.OD, params.OH, params.OW);
  let best = winner(at);
  y[i] = x[x_index(at.n, best, at.c)];
  places[i] = i32(best);
}

@compute @workgroup_size(group_size)
fn max_pool_3d_winners(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  winners[i] = winner(place(i, params.OD, params.OH, params.OW));
}

@compute @workgroup_size(group_size)
fn max_pool_3d_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.D, params.H, params.W);
  let own = voxel(at.d, at.h, at.w);
  let over = windows_over(at);
  var sum = 0.0;
  // A window that steps over the element has another winner, so it need not be asked.
  for (var d = over.d.x; d < over.d.y; d++) {
    for (var h = over.h.x; h < over.h.y; h++) {
      for (var w = over.w.x; w < over.w.y; w++) {
        let o = y_index(at.n, d, h, w, at.c);
        sum += select(0.0, dy[o], found[o] == own);
      }
    }
  }
  dx[i] = sum;
}
