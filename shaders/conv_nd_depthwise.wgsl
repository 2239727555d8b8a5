// Convolution of every channel under filters of its own, and the gradient of its input. Formula, buffers and Params are
// those of lib/convolution.wgsl: as many groups as channels, and one term a tap, or one column a group, or both.
//
// A thread computes four channels of the result at four positions. A workgroup computes 64 consecutive such blocks, along
// channels first.
//
//   conv_nd_depthwise         one filter a channel, and channels in fours: five loads of four numbers for 16 multiply-adds
//   conv_nd_depthwise_scalar  any number of filters and channels, reads one number at a time

// @import lib/convolution.wgsl

const GROUP_SIZE: u32 = 64;

// Blocks are counted along four channels of the result, then along four rows.
fn block_row(index: u32) -> u32 {
  return index / ((params.groups * params.columns + 3) / 4) * 4;
}

fn block_channel(index: u32) -> u32 {
  return index % ((params.groups * params.columns + 3) / 4) * 4;
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_depthwise(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let phase = phase_of(group_id.z);
  let index = flat_workgroup(group_id, group_count) * GROUP_SIZE + thread;
  let row = block_row(index);
  if (row >= row_count(phase)) { return; }
  let channel4 = block_channel(index) / 4;
  let rows = rows_from(phase, row, 0, 4);
  var sums = Block();
  var tap = Tap();
  let steps = tap_count(phase, 1);
  for (var step = 0u; step < steps; step++) {
    let found = find(rows, tap);
    let at = found.place + channel4;
    let filters = weights4[(first_weight(phase) + weights_before(tap)) / 4 + channel4];
    sums.row0 = fma(read_image4(at.x, found.inside.x), filters, sums.row0);
    sums.row1 = fma(read_image4(at.y, found.inside.y), filters, sums.row1);
    sums.row2 = fma(read_image4(at.z, found.inside.z), filters, sums.row2);
    sums.row3 = fma(read_image4(at.w, found.inside.w), filters, sums.row3);
    tap = next_tap(phase, tap, 1, 1);
  }
  store_channels4(phase, channel4, row, sums);
}

// Four channels of the image at one place.
fn image_channels(place: u32, channels: vec4u, inside: bool) -> vec4f {
  let at = select(vec4u(), place + channels, inside);
  return select(vec4f(), vec4f(image[at.x], image[at.y], image[at.z], image[at.w]), inside);
}

@compute @workgroup_size(GROUP_SIZE)
fn conv_nd_depthwise_scalar(
  @builtin(workgroup_id) group_id: vec3u,
  @builtin(num_workgroups) group_count: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let phase = phase_of(group_id.z);
  let index = flat_workgroup(group_id, group_count) * GROUP_SIZE + thread;
  let row = block_row(index);
  if (row >= row_count(phase)) { return; }
  let all = params.groups * params.columns;
  let first_channel = block_channel(index);
  let channels = min(first_channel + vec4u(0, 1, 2, 3), vec4u(all - 1));
  let rows = rows_from(phase, row, 0, 1);
  // The first term's channel of the image, and its filter.
  let from_channels = channels / params.columns * params.terms;
  let filters_at = first_weight(phase) + select(channels, from_channels, TRANSPOSED);
  var sums = Block();
  var tap = Tap();
  let steps = tap_count(phase, 1) * params.terms;
  for (var step = 0u; step < steps; step++) {
    let found = find(rows, tap);
    let image_at = from_channels + tap.term;
    let at = filters_at + (weights_before(tap) + tap.term);
    let filters = vec4f(weights[at.x], weights[at.y], weights[at.z], weights[at.w]);
    sums.row0 = fma(image_channels(found.place.x, image_at, found.inside.x), filters, sums.row0);
    sums.row1 = fma(image_channels(found.place.y, image_at, found.inside.y), filters, sums.row1);
    sums.row2 = fma(image_channels(found.place.z, image_at, found.inside.z), filters, sums.row2);
    sums.row3 = fma(image_channels(found.place.w, image_at, found.inside.w), filters, sums.row3);
    tap = next_tap(phase, tap, 1, 1);
  }
  store_channels(phase, first_channel, row, all - first_channel, sums);
}
