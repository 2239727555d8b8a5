// Dynamic loss scaling without the host: gradients of scale times the loss are searched for NaN and infinity; a step that
// has one changes nothing and halves the scale, growth_interval steps without one double it.
//   find_non_finite    found[0] = the lowest index of a gradient that is not finite, or what it was, if that is lower.
//                      grads [size], f32 as bits, because WGSL may assume that a float is never NaN or infinite. A
//                      workgroup looks at 64 of them; the vec4 entry at 64 groups of four, which it also counts size in.
//   begin_group        one thread, before that: found[0] = NONE where place [4] = (keep, share, ready, 0) has keep 0, at the first
//                      of the batches that make a step.
//   update_loss_scale  one thread. scale [1], a power of two; counts [3] = (steps without one since the scale changed,
//                      steps skipped, steps applied); found [1], set back to NONE; given [4] and scalars [4] = (learning
//                      rate, corrections 1 and 2, gradient scale), as optimizers read them: the gradient scale is divided
//                      by the loss's, and 0 tells them to change nothing. The corrections of decaying means are
//                      1 / (1 - beta^t), where t counts the steps applied, for each beta that has a logarithm here.
//   update_loss_scale_of_group  the same where place has ready; else nothing but scalars changes, whose gradient scale is 0.

// @import lib/grid.wgsl
// @import lib/activation.wgsl

const GROUP_SIZE: u32 = 64;
const NONE = 0xffffffffu;
const EXPONENT = 0x7f800000u;

struct SearchParams {
  size: u32,
}

struct Params {
  growth_interval: u32,
  smallest: f32,
  largest: f32,
  log_beta1: f32,
  log_beta2: f32,
}

@group(0) @binding(0) var<uniform> search: SearchParams;
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grads: array<u32>;
@group(0) @binding(1) var<storage, read> grads4: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> found: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> found_index: array<u32>;
@group(0) @binding(1) var<storage, read> given: array<f32>;
@group(0) @binding(3) var<storage, read_write> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> counts: array<u32>;
@group(0) @binding(5) var<storage, read_write> first_bad: array<u32>;
@group(0) @binding(6) var<storage, read_write> scalars: array<f32>;
@group(0) @binding(7) var<storage, read_write> skipped: array<u32>;
@group(0) @binding(8) var<storage, read> place: array<f32>;

@compute @workgroup_size(1)
fn begin_group() {
  if (place[0] == 0.0) { found_index[0] = NONE; }
}

@compute @workgroup_size(GROUP_SIZE)
fn find_non_finite(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= search.size) { return; }
  if ((grads[i] & EXPONENT) == EXPONENT) { atomicMin(&found[0], i); }
}

@compute @workgroup_size(GROUP_SIZE)
fn find_non_finite_vec4(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, GROUP_SIZE);
  if (i >= search.size) { return; }
  let bad = (grads4[i] & vec4u(EXPONENT)) == vec4u(EXPONENT);
  if (any(bad)) {
    let second_half = select(3u, 2u, bad.z);
    atomicMin(&found[0], 4 * i + select(select(second_half, 1u, bad.y), 0u, bad.x));
  }
}

// 1 / (1 - beta^t), by expm1, for 1 - beta^t of a beta near 1 would lose what matters.
fn correction(log_beta: f32, t: u32, host: f32) -> f32 {
  if (log_beta == 0.0) { return host; }
  return -1.0 / expm1(f32(t) * log_beta);
}

@compute @workgroup_size(1)
fn update_loss_scale() {
  let gradient_scale = judged();
  hand_on(gradient_scale);
}

@compute @workgroup_size(1)
fn update_loss_scale_of_group() {
  var gradient_scale = 0.0;
  if (place[2] != 0.0) { gradient_scale = judged(); }
  hand_on(gradient_scale);
}

// What follows for the scale and the counts; the gradient scale.
fn judged() -> f32 {
  let index = found_index[0];
  found_index[0] = NONE;
  let before = scale[0];
  var after = before;
  var good = 0u;
  var gradient_scale = 0.0;
  if (index != NONE) {
    // What is not finite at the smallest scale is not the scale's doing, so it is reported.
    if (before <= params.smallest) { first_bad[0] = min(first_bad[0], index); }
    after = max(0.5 * before, params.smallest);
    counts[1] = counts[1] + 1;
  } else {
    good = counts[0] + 1;
    if (good >= params.growth_interval) {
      good = 0;
      after = min(2.0 * before, params.largest);
    }
    counts[2] = counts[2] + 1;
    // 1 / scale, exactly: a power of two has the negative exponent's bits.
    gradient_scale = given[3] * bitcast<f32>((254u << 23u) - bitcast<u32>(before));
  }
  scale[0] = after;
  counts[0] = good;
  return gradient_scale;
}

fn hand_on(gradient_scale: f32) {
  skipped[0] = counts[1];
  let t = max(counts[2], 1u);
  scalars[0] = given[0];
  scalars[1] = correction(params.log_beta1, t, given[1]);
  scalars[2] = correction(params.log_beta2, t, given[2]);
  scalars[3] = gradient_scale;
}
