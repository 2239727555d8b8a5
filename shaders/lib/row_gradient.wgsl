// What the kernels of a row's gradient (normalize_rows_grad.wgsl, which has the formula, and normalize_rows_once.wgsl) are
// told and bound to. In entries that read vectors depth counts these.

// @import lib/grid.wgsl
// @import lib/segment.wgsl
// @import lib/vector.wgsl

const CENTERED: bool = true;

struct Params {
  outer: u32,
  groups: u32,
  depth: u32,
  segments: u32,
  per_segment: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> variance: array<f32>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> gamma4: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<storage, read_write> y4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> first: array<f32>;
@group(0) @binding(9) var<storage, read_write> second: array<f32>;
@group(0) @binding(8) var<storage, read_write> first4: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> second4: array<vec4f>;
