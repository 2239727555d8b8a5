// What every optimizer step shares: the host's scalars, and gradients that are read as bits, because WGSL may assume that
// a float is never NaN or infinite. An element whose gradient is one of these stays as it is, and first_bad [1] keeps the
// lowest such index. scalars [4] = (lr, correction1, correction2, gradient_scale); a gradient_scale of 0 skips the step:
// all elements stay as they are, and none is reported.

@group(0) @binding(1) var<storage, read> scalars: array<f32>;
@group(0) @binding(2) var<storage, read_write> first_bad: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read> grads: array<u32>;
@group(0) @binding(3) var<storage, read> grads4: array<vec4u>;

const EXPONENT = 0x7f800000u;

fn is_bad(bits: u32) -> bool {
  return (bits & EXPONENT) == EXPONENT || scalars[3] == 0.0;
}

fn are_bad(bits: vec4u) -> vec4<bool> {
  return ((bits & vec4u(EXPONENT)) == vec4u(EXPONENT)) | vec4<bool>(scalars[3] == 0.0);
}

fn report(i: u32) {
  if (scalars[3] != 0.0) { atomicMin(&first_bad[0], i); }
}

fn report4(i: u32, bad: vec4<bool>) {
  if (any(bad)) {
    let second_half = select(3u, 2u, bad.z);
    report(4u * i + select(select(second_half, 1u, bad.y), 0u, bad.x));
  }
}
