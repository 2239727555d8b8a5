// The gradient of normalize_rows.wgsl (the formula stands in normalize_rows_grad.wgsl), reading x and dy once, for devices with
// subgroups: a workgroup goes down a segment of outer row by row. A thread holds VECTORS vectors of the row until the row's two sums
// are known, and of its channels gamma and the sums over the segment: first = Σ dy, second = Σ dy·x̂ (normalize_weights adds them).
// depth counts vectors: more than (VECTORS − 1)·GROUP_SIZE, at most VECTORS·GROUP_SIZE.

enable subgroups;

// @import lib/row_gradient.wgsl

const GROUP_SIZE: u32 = 64; // a power of 2, and 16 at least
const VECTORS: u32 = 8; // 1 to 8

// Of a row the two sums of each quad; the next row's stand in the other half, so that one barrier a row is enough.
var<workgroup> quads: array<vec2f, GROUP_SIZE>;

// A vector of a row: dy, x̂ and gamma·dy.
struct Terms {
  slope: vec4f,
  normal: vec4f,
  scaled: vec4f,
}

// Only the last vectors may lie beyond the row's end.
fn inside(i: u32, lane: u32) -> bool {
  return i + 1 < VECTORS || (i < VECTORS && lane + i * GROUP_SIZE < params.depth);
}

// Thread `lane`'s vector i of the channels from `start`; beyond the row's end the last one, with a gamma of 0.
fn channel_of(i: u32, lane: u32, start: u32) -> u32 {
  if (i + 1 < VECTORS) { return start + lane + i * GROUP_SIZE; }
  return start + min(lane + i * GROUP_SIZE, params.depth - 1);
}

fn gamma_of(i: u32, lane: u32, at: u32) -> vec4f {
  if (i >= VECTORS) { return vec4f(); }
  return select(vec4f(), gamma4[at], inside(i, lane));
}

fn terms_of(i: u32, at: u32, scale: vec4f, center: f32, factor: f32) -> Terms {
  if (i >= VECTORS) { return Terms(); }
  let slope = dy4[at];
  return Terms(slope, (x4[at] - center) * factor, scale * slope);
}

fn quad_sum(values: vec2f) -> vec2f {
  let pair = values + quadSwapX(values);
  return pair + quadSwapY(pair);
}

// dx from the means over the row of gamma·dy and gamma·dy·x̂.
fn store_dx(i: u32, lane: u32, at: u32, own: Terms, factor: f32, means: vec2f) {
  if (inside(i, lane)) { y4[at] = factor * (own.scaled - means.x - own.normal * means.y); }
}

fn store_sums(i: u32, lane: u32, at: u32, sums: vec4f, products: vec4f) {
  if (!inside(i, lane)) { return; }
  first4[at] = sums;
  second4[at] = products;
}

@compute @workgroup_size(GROUP_SIZE)
fn normalize_rows_once(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let number = flat_workgroup(group, groups);
  if (number >= params.segments * params.groups) { return; }
  let own = segment_of(number, params.groups, params.segments, params.per_segment, params.outer);
  let channels = params.groups * params.depth;
  let start = own.column * params.depth;
  let c0 = channel_of(0, lane, start);
  let c1 = channel_of(1, lane, start);
  let c2 = channel_of(2, lane, start);
  let c3 = channel_of(3, lane, start);
  let c4 = channel_of(4, lane, start);
  let c5 = channel_of(5, lane, start);
  let c6 = channel_of(6, lane, start);
  let c7 = channel_of(7, lane, start);
  let scale0 = gamma_of(0, lane, c0);
  let scale1 = gamma_of(1, lane, c1);
  let scale2 = gamma_of(2, lane, c2);
  let scale3 = gamma_of(3, lane, c3);
  let scale4 = gamma_of(4, lane, c4);
  let scale5 = gamma_of(5, lane, c5);
  let scale6 = gamma_of(6, lane, c6);
  let scale7 = gamma_of(7, lane, c7);
  var sums0 = vec4f();
  var sums1 = vec4f();
  var sums2 = vec4f();
  var sums3 = vec4f();
  var sums4 = vec4f();
  var sums5 = vec4f();
  var sums6 = vec4f();
  var sums7 = vec4f();
  var products0 = vec4f();
  var products1 = vec4f();
  var products2 = vec4f();
  var products3 = vec4f();
  var products4 = vec4f();
  var products5 = vec4f();
  var products6 = vec4f();
  var products7 = vec4f();
  var side = 0u;
  for (var o = own.start; o < own.end; o++) {
    let base = o * channels;
    let row = o * params.groups + own.column;
    let center = mean[row];
    let factor = inverseSqrt(variance[row] + params.epsilon);
    let t0 = terms_of(0, base + c0, scale0, center, factor);
    let t1 = terms_of(1, base + c1, scale1, center, factor);
    let t2 = terms_of(2, base + c2, scale2, center, factor);
    let t3 = terms_of(3, base + c3, scale3, center, factor);
    let t4 = terms_of(4, base + c4, scale4, center, factor);
    let t5 = terms_of(5, base + c5, scale5, center, factor);
    let t6 = terms_of(6, base + c6, scale6, center, factor);
    let t7 = terms_of(7, base + c7, scale7, center, factor);
    let sums = ((t0.scaled + t1.scaled) + (t2.scaled + t3.scaled)) + ((t4.scaled + t5.scaled) + (t6.scaled + t7.scaled));
    let products = ((t0.scaled * t0.normal + t1.scaled * t1.normal) + (t2.scaled * t2.normal + t3.scaled * t3.normal))
      + ((t4.scaled * t4.normal + t5.scaled * t5.normal) + (t6.scaled * t6.normal + t7.scaled * t7.normal));
    let of_quad = quad_sum(vec2f(sum_lanes(sums), sum_lanes(products)));
    if (lane % 4 == 0) { quads[side + lane / 4] = of_quad; }
    workgroupBarrier();
    // Every quad adds up all of them, a quarter in each of its lanes.
    var quarter = vec2f();
    for (var i = lane % 4; i < GROUP_SIZE / 4; i += 4) { quarter += quads[side + i]; }
    var means = quad_sum(quarter) / f32(4 * params.depth);
    if (!CENTERED) { means.x = 0.0; }
    store_dx(0, lane, base + c0, t0, factor, means);
    store_dx(1, lane, base + c1, t1, factor, means);
    store_dx(2, lane, base + c2, t2, factor, means);
    store_dx(3, lane, base + c3, t3, factor, means);
    store_dx(4, lane, base + c4, t4, factor, means);
    store_dx(5, lane, base + c5, t5, factor, means);
    store_dx(6, lane, base + c6, t6, factor, means);
    store_dx(7, lane, base + c7, t7, factor, means);
    sums0 += t0.slope;
    sums1 += t1.slope;
    sums2 += t2.slope;
    sums3 += t3.slope;
    sums4 += t4.slope;
    sums5 += t5.slope;
    sums6 += t6.slope;
    sums7 += t7.slope;
    products0 += t0.slope * t0.normal;
    products1 += t1.slope * t1.normal;
    products2 += t2.slope * t2.normal;
    products3 += t3.slope * t3.normal;
    products4 += t4.slope * t4.normal;
    products5 += t5.slope * t5.normal;
    products6 += t6.slope * t6.normal;
    products7 += t7.slope * t7.normal;
    side = GROUP_SIZE / 2 - side;
  }
  let base = own.index * channels;
  store_sums(0, lane, base + c0, sums0, products0);
  store_sums(1, lane, base + c1, sums1, products1);
  store_sums(2, lane, base + c2, sums2, products2);
  store_sums(3, lane, base + c3, sums3, products3);
  store_sums(4, lane, base + c4, sums4, products4);
  store_sums(5, lane, base + c5, sums5, products5);
  store_sums(6, lane, base + c6, sums6, products6);
  store_sums(7, lane, base + c7, sums7, products7);
}
