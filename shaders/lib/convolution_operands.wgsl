// The operands of a convolution's product: where its rows and columns lie in the image and in the weights, tap by tap.
// Formula, sizes and buffers are those of lib/convolution.wgsl.

// @import lib/padding.wgsl

// ---------------------------------------------------------------------------------------------------------------
// Rows: four positions and where they begin in the image; those beyond the last repeat it. Places in memory count `unit`
// numbers, 1 or 4.

struct Rows {
  origin: vec4i, // place of the first term under the first tap; MAPPED and COPIED: of the image's first pixel
  pitch: u32, // from pixel to pixel
  depth: vec4i, // position in the image under the first tap; COPIED: in the result
  height: vec4i,
  width: vec4i,
}

fn rows_from(phase: Phase, row: u32, group: u32, unit: u32) -> Rows {
  let rows = min(row + vec4u(0, 1, 2, 3), vec4u(row_count(phase) - 1));
  let lines = rows / phase.width.rows;
  let w = bitcast<vec4i>(rows - lines * phase.width.rows);
  var images = lines / phase.height.rows;
  let h = bitcast<vec4i>(lines - images * phase.height.rows);
  var d = vec4i();
  if (VOLUME) {
    let planes = images;
    images = planes / phase.depth.rows;
    d = bitcast<vec4i>(planes - images * phase.depth.rows);
  }
  let pitch = params.groups * params.terms / unit;
  let first = bitcast<vec4i>(images * (params.image_depth * params.image_height * params.image_width));
  let group_origin = i32(group * params.terms / unit);
  if (EDGES == COPIED) { return Rows(first * i32(pitch) + group_origin, pitch, d, h, w); }
  let depth = d * params.step_depth + phase.depth.first;
  let height = h * params.step_height + phase.height.first;
  let width = w * params.step_width + phase.width.first;
  if (EDGES == MAPPED) { return Rows(first * i32(pitch) + group_origin, pitch, depth, height, width); }
  let line = select(height, depth * i32(params.image_height) + height, VOLUME);
  let pixel = first + line * i32(params.image_width) + width;
  return Rows(pixel * i32(pitch) + group_origin, pitch, depth, height, width);
}

// Columns: four of them and their place in the weights under the first tap; those beyond the last repeat it.

struct Columns {
  origin: vec4u,
  pitch: u32, // from term to term
}

// The weights of the elements in front of the first tap, of which `period` lie between taps.
fn first_weight(phase: Phase) -> u32 {
  if (!PHASES) { return 0; }
  return phase.depth.element * (params.weights_depth / params.period_depth) +
    phase.height.element * (params.weights_height / params.period_height) +
    phase.width.element * (params.weights_width / params.period_width);
}

fn columns_from(phase: Phase, column: u32, group: u32, unit: u32) -> Columns {
  let first = first_weight(phase);
  let columns = min(column + vec4u(0, 1, 2, 3), vec4u(params.columns - 1));
  if (TRANSPOSED) {
    return Columns((first + (columns * params.groups + group) * params.terms) / unit, 1);
  }
  return Columns((first + group * params.columns + columns) / unit, params.groups * params.columns / unit);
}

// ---------------------------------------------------------------------------------------------------------------
// Taps: where in the sum a kernel stands.

struct Tap {
  term: u32,
  width: u32,
  height: u32,
  depth: u32,
  copy: u32,
}

// `terms` further on in a tap, or, behind its last term, `taps` taps further on; a line's last tap is followed by the next
// line's first. No `if`: a software adapter runs both sides of each.
fn next_tap(phase: Phase, tap: Tap, terms: u32, taps: u32) -> Tap {
  let term = tap.term + terms;
  let next_column = term >= params.terms;
  let width = select(tap.width, tap.width + taps, next_column);
  let next_line = width >= phase.width.taps;
  let height = select(tap.height, tap.height + 1, next_line);
  let next_plane = height == phase.height.taps;
  var depth = 0u;
  var copy = 0u;
  if (VOLUME || EDGES == COPIED) {
    let plane = select(tap.depth, tap.depth + 1, next_plane);
    let next_copy = plane == phase.depth.taps;
    depth = select(plane, 0u, next_copy);
    copy = select(tap.copy, tap.copy + 1, next_copy);
  }
  return Tap(select(term, 0u, next_column), select(width, 0u, next_line), select(height, 0u, next_plane), depth, copy);
}

// The first term of a tap in four rows of the image, and which of them exist; the others' place is 0.
struct Found {
  place: vec4u,
  inside: vec4<bool>,
}

fn find(rows: Rows, tap: Tap) -> Found {
  let tap_h = i32(tap.height) * params.tap_height;
  let tap_w = i32(tap.width) * params.tap_width;
  var tap_d = 0;
  if (VOLUME) { tap_d = i32(tap.depth) * params.tap_depth; }
  if (EDGES == NONE || EDGES == ZEROS) {
    var line = tap_h;
    if (VOLUME) { line += tap_d * i32(params.image_height); }
    let place = bitcast<vec4u>(rows.origin + (line * i32(params.image_width) + tap_w) * i32(rows.pitch));
    if (EDGES == NONE) { return Found(place, vec4<bool>(true)); }
    var inside = (bitcast<vec4u>(rows.height + tap_h) < vec4u(params.image_height)) &
      (bitcast<vec4u>(rows.width + tap_w) < vec4u(params.image_width));
    if (VOLUME) { inside &= bitcast<vec4u>(rows.depth + tap_d) < vec4u(params.image_depth); }
    return Found(select(vec4u(), place, inside), inside);
  }
  var d = vec4u();
  var h = vec4u();
  var w = vec4u();
  if (EDGES == MAPPED) {
    d = source4(rows.depth + tap_d, params.image_depth);
    h = source4(rows.height + tap_h, params.image_height);
    w = source4(rows.width + tap_w, params.image_width);
  } else {
    let number_w = tap.copy % params.copies_width;
    let number_h = tap.copy / params.copies_width % params.copies_height;
    let number_d = tap.copy / params.copies_width / params.copies_height;
    let copy_d = copy_position4(rows.depth, params.result_depth, number_d, params.pad_depth);
    let copy_h = copy_position4(rows.height, params.result_height, number_h, params.pad_height);
    let copy_w = copy_position4(rows.width, params.result_width, number_w, params.pad_width);
    d = divided(copy_d + params.first_depth + tap_d, params.stride_depth);
    h = divided(copy_h + params.first_height + tap_h, params.stride_height);
    w = divided(copy_w + params.first_width + tap_w, params.stride_width);
  }
  let inside = (d < vec4u(params.image_depth)) & (h < vec4u(params.image_height)) & (w < vec4u(params.image_width));
  let place = bitcast<vec4u>(rows.origin) + ((d * params.image_height + h) * params.image_width + w) * rows.pitch;
  return Found(select(vec4u(), place, inside), inside);
}

// t / stride, or a number beyond every axis where it is not whole.
fn divided(t: vec4i, stride: u32) -> vec4u {
  let quotient = t / vec4i(i32(stride));
  return select(vec4u(0x7fffffff), bitcast<vec4u>(quotient), quotient * i32(stride) == t);
}

// ---------------------------------------------------------------------------------------------------------------
// Blocks of operands. Rows and columns beyond the edge repeat the last one.

fn read_image4(at: u32, inside: bool) -> vec4f {
  if (EDGES == NONE) { return image4[at]; }
  return select(vec4f(), image4[at], inside);
}

// Column i: four rows of the image at term i of a step.
fn image_block4(rows: Rows, tap: Tap) -> mat4x4f {
  let found = find(rows, tap);
  let at = found.place + tap.term / 4;
  return transpose(mat4x4f(
    read_image4(at.x, found.inside.x), read_image4(at.y, found.inside.y),
    read_image4(at.z, found.inside.z), read_image4(at.w, found.inside.w),
  ));
}

// Numbers of the weights between the first tap and this one.
fn weights_before(tap: Tap) -> u32 {
  var before = tap.height * params.weights_height + tap.width * params.weights_width;
  if (VOLUME) { before += tap.depth * params.weights_depth; }
  return before;
}

// Column i: four columns of the weights at term i of a step.
fn weights_block4(columns: Columns, tap: Tap) -> mat4x4f {
  if (TRANSPOSED) {
    let at = columns.origin + (weights_before(tap) + tap.term) / 4;
    return transpose(mat4x4f(weights4[at.x], weights4[at.y], weights4[at.z], weights4[at.w]));
  }
  let at = columns.origin.x + weights_before(tap) / 4 + tap.term * columns.pitch;
  let pitch = columns.pitch;
  return mat4x4f(weights4[at], weights4[at + pitch], weights4[at + 2 * pitch], weights4[at + 3 * pitch]);
}

// Four rows of the image at one term, 0 beyond the last; and four columns of the weights.
fn image_four(found: Found, term: u32) -> vec4f {
  let inside = found.inside & vec4<bool>(term < params.terms);
  let at = select(vec4u(), found.place + term, inside);
  return select(vec4f(), vec4f(image[at.x], image[at.y], image[at.z], image[at.w]), inside);
}

fn weights_four(columns: Columns, before: u32, term: u32) -> vec4f {
  let at = columns.origin + (before + min(term, params.terms - 1) * columns.pitch);
  return vec4f(weights[at.x], weights[at.y], weights[at.z], weights[at.w]);
}

// Column i: four rows of the image, or four columns of the weights, at term i of a step.
fn image_block(rows: Rows, tap: Tap) -> mat4x4f {
  let found = find(rows, tap);
  return mat4x4f(
    image_four(found, tap.term), image_four(found, tap.term + 1),
    image_four(found, tap.term + 2), image_four(found, tap.term + 3),
  );
}

fn weights_block(columns: Columns, tap: Tap) -> mat4x4f {
  let before = weights_before(tap);
  return mat4x4f(
    weights_four(columns, before, tap.term), weights_four(columns, before, tap.term + 1),
    weights_four(columns, before, tap.term + 2), weights_four(columns, before, tap.term + 3),
  );
}
