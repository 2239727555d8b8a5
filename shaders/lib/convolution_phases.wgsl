// The phases of a convolution's result: which rows, which taps, and where in the result. Formula, sizes and constants are
// those of lib/convolution.wgsl.

struct PhaseAxis {
  phase: u32,
  rows: u32,
  first: i32,
  taps: u32,
  element: u32, // of the filter, under the first tap
}

struct Phase {
  depth: PhaseAxis,
  height: PhaseAxis,
  width: PhaseAxis,
}

// Pixel p * stride + phase meets element k of the filter where stride divides phase + pad - k * dilation: the first such k,
// and every period-th behind it, or none. `tap` is the way in the image from one to the next, -dilation * period / stride.
fn phase_axis(phase: u32, result: u32, pad: u32, stride: u32, tap: i32, taps: u32, period: u32) -> PhaseAxis {
  let rows = (result - phase + stride - 1) / stride;
  let dilation = -tap * i32(stride) / i32(period);
  for (var element = 0u; element < min(period, taps); element++) {
    let t = i32(phase + pad) - i32(element) * dilation;
    if (t % i32(stride) == 0) {
      return PhaseAxis(phase, rows, t / i32(stride), (taps - element + period - 1) / period, element);
    }
  }
  return PhaseAxis(phase, rows, 0, 0, 0);
}

fn phase_of(number: u32) -> Phase {
  if (!PHASES) {
    return Phase(
      PhaseAxis(0, params.rows_depth, params.first_depth, params.taps_depth, 0),
      PhaseAxis(0, params.rows_height, params.first_height, params.taps_height, 0),
      PhaseAxis(0, params.rows_width, params.first_width, params.taps_width, 0),
    );
  }
  let across = min(params.stride_width, params.result_width);
  let down = min(params.stride_height, params.result_height);
  return Phase(
    phase_axis(
      number / across / down, params.result_depth, params.pad_depth, params.stride_depth, params.tap_depth,
      params.taps_depth, params.period_depth,
    ),
    phase_axis(
      number / across % down, params.result_height, params.pad_height, params.stride_height, params.tap_height,
      params.taps_height, params.period_height,
    ),
    phase_axis(
      number % across, params.result_width, params.pad_width, params.stride_width, params.tap_width,
      params.taps_width, params.period_width,
    ),
  );
}

fn row_count(phase: Phase) -> u32 {
  return params.batch * phase.depth.rows * phase.height.rows * phase.width.rows;
}

// Taps in all, where those of a line are taken `together` at a time.
fn tap_count(phase: Phase, together: u32) -> u32 {
  let taps = phase.depth.taps * phase.height.taps * ((phase.width.taps + together - 1) / together);
  return select(taps, taps * params.copies_depth * params.copies_height * params.copies_width, EDGES == COPIED);
}

// Where a row of the product lies among the result's pixels.
fn pixel_of(phase: Phase, row: u32) -> u32 {
  if (!PHASES) { return row; }
  let line = row / phase.width.rows;
  let plane = line / phase.height.rows;
  let number = plane / phase.depth.rows;
  let w = (row - line * phase.width.rows) * params.stride_width + phase.width.phase;
  let h = (line - plane * phase.height.rows) * params.stride_height + phase.height.phase;
  let d = (plane - number * phase.depth.rows) * params.stride_depth + phase.depth.phase;
  return ((number * params.result_depth + d) * params.result_height + h) * params.result_width + w;
}
