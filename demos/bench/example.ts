// A kernel to begin with: a matrix product, one thread for each element.

export const example = `// c[m, n] = sum over k of a[m, k] · b[k, n]
// @workgroups ceil(n / 8), ceil(m / 8)
struct Params { m: u32, n: u32, k: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

@compute @workgroup_size(8, 8)
fn mine(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.n || id.y >= params.m) { return; }
  var sum = 0.0;
  for (var i = 0u; i < params.k; i++) {
    sum += a[id.y * params.k + i] * b[i * params.n + id.x];
  }
  c[id.y * params.n + id.x] = sum;
}
`;
