// Which element of a window of two-dimensional pooling wins: the first largest one.

// @import lib/pooling.wgsl

fn pixel_index(n: u32, pixel: u32, c: u32) -> u32 {
  return (n * params.H * params.W + pixel) * params.C + c;
}

// Elements of x, which tiles and squares may find in dx: each thread reads its window before it writes its tile.
// @hook
fn x_at(i: u32) -> f32 { return x[i]; }
// @hook
fn x4_at(i: u32) -> vec4f { return x4[i]; }

struct Winner {
  value: f32,
  pixel: u32,
}

// The first largest element of a window. Each window has an element, so no value is needed that loses to all others.
fn winner_of(n: u32, oh: u32, ow: u32, c: u32) -> Winner {
  let rows = rows_of(oh);
  let columns = columns_of(ow);
  var pixel = rows.x * params.W + columns.x;
  var best = Winner(x_at(pixel_index(n, pixel, c)), pixel);
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      pixel = h * params.W + w;
      let value = x_at(pixel_index(n, pixel, c));
      if (value > best.value) {
        best = Winner(value, pixel);
      }
    }
  }
  return best;
}

struct Winner4 {
  value: vec4f,
  pixel: vec4u,
}

fn winner4_of(n: u32, oh: u32, ow: u32, c: u32) -> Winner4 {
  let rows = rows_of(oh);
  let columns = columns_of(ow);
  var pixel = rows.x * params.W + columns.x;
  var best = Winner4(x4_at(pixel_index(n, pixel, c)), vec4u(pixel));
  for (var h = rows.x; h < rows.y; h++) {
    for (var w = columns.x; w < columns.y; w++) {
      pixel = h * params.W + w;
      let value = x4_at(pixel_index(n, pixel, c));
      let larger = value > best.value;
      best.value = select(best.value, value, larger);
      best.pixel = select(best.pixel, vec4u(pixel), larger);
    }
  }
  return best;
}
