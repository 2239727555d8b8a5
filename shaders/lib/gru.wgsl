// What both forms of a gated recurrent unit (gru.wgsl has the formulas) are bound to, and what their elements share.

// @import lib/grid.wgsl
// @import lib/divide.wgsl
// @import lib/recurrent.wgsl

const group_size: u32 = 64;
const HAS_DY: bool = true;
const HAS_BIAS: bool = true;

@group(0) @binding(6) var<storage, read> x: array<f32>;
@group(0) @binding(6) var<storage, read> x4: array<vec4f>;
@group(0) @binding(7) var<storage, read> bias: array<f32>;
@group(0) @binding(7) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> saved: array<f32>;
@group(0) @binding(8) var<storage, read_write> saved4: array<vec4f>;
@group(0) @binding(9) var<storage, read> kept: array<f32>;
@group(0) @binding(9) var<storage, read> kept4: array<vec4f>;
@group(0) @binding(10) var<storage, read> dy: array<f32>;
@group(0) @binding(10) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> carry: array<f32>;
@group(0) @binding(11) var<storage, read_write> carry4: array<vec4f>;
@group(0) @binding(12) var<storage, read> earlier: array<f32>;
@group(0) @binding(12) var<storage, read> earlier4: array<vec4f>;
@group(0) @binding(13) var<storage, read_write> dx: array<f32>;
@group(0) @binding(13) var<storage, read_write> dx4: array<vec4f>;

fn store_state(n: u32, u: u32, z: f32, g: f32) {
  let h = before(n, u);
  states[(n * params.T + params.t_out) * params.U + u] = select(h, z * h + (1.0 - z) * g, valid(n, params.t_in));
}

// dh of element `index`, which is unit u of example n.
fn slope_of_state(index: u32, n: u32, u: u32) -> f32 {
  var dh = carry[index];
  if (HAS_DY) { dh += dy[(n * params.T + params.t_out) * params.U + u]; }
  if (!LAST) { dh += back(n, u, params.t_after); }
  return dh;
}
