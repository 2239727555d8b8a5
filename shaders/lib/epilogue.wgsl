// What a product does to its sums before it stores them: activate( join( sum + bias, residual ) ). To join is to add, or to
// multiply by the slope of an activation whose result the residual is. A shader that imports this declares the buffers.

// @import lib/activation.wgsl

const HAS_RESIDUAL: bool = false;

// @hook
fn activate(x: f32) -> f32 { return x; }
// @hook
fn activate4(x: vec4f) -> vec4f { return x; }
// @hook
fn join(x: f32, r: f32) -> f32 { return x + r; }

fn join4(x: vec4f, r: vec4f) -> vec4f {
  return vec4f(join(x.x, r.x), join(x.y, r.y), join(x.z, r.z), join(x.w, r.w));
}
