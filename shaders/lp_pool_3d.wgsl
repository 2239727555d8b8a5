// lp_pool_3d: y[o] = (Σ |x|^p)^(1/p) over window o (lib/pooling_3d.wgsl).
// Its gradient: dx = sign(x) Σ dy (|x| / y)^(p−1) over the windows that hold the element, nothing from those where y is 0.

// @import lib/pooling_3d.wgsl

// The exponent p where it is 1 or 2; 0 where params.p says it.
const EXPONENT: u32 = 2;

@group(0) @binding(7) var<storage, read> norm: array<f32>;

// a^exponent for a ≥ 0.
fn power(a: f32, exponent: f32) -> f32 {
  return select(0.0, pow(a, exponent), a > 0.0);
}

@compute @workgroup_size(group_size)
fn lp_pool_3d(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.OD, params.OH, params.OW);
  let own = spans(at);
  var sum = 0.0;
  for (var d = own.d.first; d < own.d.end; d += own.d.step) {
    for (var h = own.h.first; h < own.h.end; h += own.h.step) {
      for (var w = own.w.first; w < own.w.end; w += own.w.step) {
        let a = abs(x[x_index(at.n, voxel(d, h, w), at.c)]);
        if (EXPONENT == 1) {
          sum += a;
        } else if (EXPONENT == 2) {
          sum += a * a;
        } else {
          sum += power(a, params.p);
        }
      }
    }
  }
  if (EXPONENT == 2) { sum = sqrt(sum); }
  if (EXPONENT == 0) { sum = power(sum, 1.0 / params.p); }
  y[i] = sum;
}

// norm is what lp_pool_3d gave.
@compute @workgroup_size(group_size)
fn lp_pool_3d_grad(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.size) { return; }
  let at = place(i, params.D, params.H, params.W);
  let value = x[i];
  let over = windows_over(at);
  var sum = 0.0;
  for (var d = over.d.x; d < over.d.y; d++) {
    for (var h = over.h.x; h < over.h.y; h++) {
      for (var w = over.w.x; w < over.w.y; w++) {
        let inside = hold(d, h, w, at);
        let o = y_index(at.n, d, h, w, at.c);
        let length = norm[o];
        if (inside && length > 0.0) {
          let part = abs(value) / length;
          if (EXPONENT == 1) {
            sum += dy[o];
          } else if (EXPONENT == 2) {
            sum += dy[o] * part;
          } else {
            sum += dy[o] * power(part, params.p - 1.0);
          }
        }
      }
    }
  }
  dx[i] = sign(value) * sum;
}
