// y = after(factor * x), for the plugin's own tests; each thread computes one element.
struct Params {
  count: u32,
  factor: f32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 64u;

// @hook
fn after(value: f32) -> f32 { return value; }

@compute @workgroup_size(WORKGROUP) fn scale(@builtin(global_invocation_id) id: vec3u) {
  if id.x < params.count {
    y[id.x] = after(params.factor * x[id.x]);
  }
}
