// y[r, c] = e^(x'[r, c] - m[r]) / s[r] over the c that are allowed, 0 elsewhere; a row without any, or of -infinity alone, is all 0
//   x, y: f32[rows, columns], the rows being those of matrices of `queries` rows; m and s as in softmax.wgsl
//   CAUSAL: c must not exceed the row's place q in its matrix.  MASK 1: mask must not be 0 there.  MASK 2: x' = x + mask,
//   and mask must be above -1e9.  The mask is broadcast: its row r begins at `base(r)`, its columns are `column_stride` apart
//   (0 or 1). Where MASK is 0 the binding is not looked at. The gradient is softmax's: it is 0 where y is.
// One workgroup makes 64 rows, a thread each (masked_softmax), or one row (masked_softmax_rows).

// @import lib/grid.wgsl
// @import lib/tree.wgsl

const GROUP_SIZE: u32 = 64;
const CAUSAL: bool = false;
const MASK: u32 = 1;
// How many merged axes the rows of the mask take.
const RANK: u32 = 6;

struct Params {
  rows: u32,
  columns: u32,
  queries: u32,
  column_stride: u32,
  length_0: u32,
  length_1: u32,
  length_2: u32,
  length_3: u32,
  length_4: u32,
  stride_0: u32,
  stride_1: u32,
  stride_2: u32,
  stride_3: u32,
  stride_4: u32,
  stride_5: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const LOWEST: f32 = -3.4028234663852886e38;

// Where row r of the mask begins.
fn base(r: u32) -> u32 {
  if (MASK == 0) { return 0u; }
  if (RANK == 1) { return r * params.stride_0; }
  var rest = r;
  var found = (rest % params.length_0) * params.stride_0;
  rest /= params.length_0;
  if (RANK == 2) { return found + rest * params.stride_1; }
  found += (rest % params.length_1) * params.stride_1;
  rest /= params.length_1;
  if (RANK == 3) { return found + rest * params.stride_2; }
  found += (rest % params.length_2) * params.stride_2;
  rest /= params.length_2;
  found += (rest % params.length_3) * params.stride_3;
  rest /= params.length_3;
  found += (rest % params.length_4) * params.stride_4;
  rest /= params.length_4;
  return found + rest * params.stride_5;
}

struct Score {
  value: f32,
  // 1 where c is allowed, else 0: wgsl_reflect's interpreter takes a bool member for no bool.
  allowed: u32,
}

fn score(x: f32, c: u32, q: u32, begin: u32) -> Score {
  var value = x;
  var allowed = select(1u, 0u, CAUSAL && c > q);
  if (MASK != 0) {
    let m = mask[begin + c * params.column_stride];
    if (MASK == 1) {
      allowed = select(allowed, 0u, m == 0.0);
    } else {
      value += m;
      allowed = select(allowed, 0u, m <= -1e9);
    }
  }
  return Score(value, allowed);
}

fn power(s: Score, highest: f32) -> f32 {
  return select(0.0, exp(s.value - highest), s.allowed == 1u);
}

@compute @workgroup_size(GROUP_SIZE)
fn masked_softmax(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = flat_index(thread, groups, GROUP_SIZE);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let q = row % params.queries;
  let begin = base(row);
  var highest = LOWEST;
  for (var c = 0u; c < params.columns; c++) {
    let s = score(x[first + c], c, q, begin);
    highest = select(highest, max(highest, s.value), s.allowed == 1u);
  }
  var total = 0.0;
  for (var c = 0u; c < params.columns; c++) { total += power(score(x[first + c], c, q, begin), highest); }
  let factor = select(0.0, 1.0 / total, total > 0.0);
  for (var c = 0u; c < params.columns; c++) {
    y[first + c] = power(score(x[first + c], c, q, begin), highest) * factor;
  }
}

@compute @workgroup_size(GROUP_SIZE)
fn masked_softmax_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32
) {
  let row = flat_index(group, groups, 1);
  if (row >= params.rows) { return; }
  let first = row * params.columns;
  let q = row % params.queries;
  let begin = base(row);
  var high = LOWEST;
  for (var c = lane; c < params.columns; c += GROUP_SIZE) {
    let s = score(x[first + c], c, q, begin);
    high = select(high, max(high, s.value), s.allowed == 1u);
  }
  let highest = tree_max(lane, high);
  var sum = 0.0;
  for (var c = lane; c < params.columns; c += GROUP_SIZE) { sum += power(score(x[first + c], c, q, begin), highest); }
  let total = tree_sum(lane, sum);
  let factor = select(0.0, 1.0 / total, total > 0.0);
  for (var c = lane; c < params.columns; c += GROUP_SIZE) {
    y[first + c] = power(score(x[first + c], c, q, begin), highest) * factor;
  }
}
