// augment_parameters: what is done to each image of a batch, drawn from (seed, epoch, the image's number) alone.
// Transformation t of image b draws u = Philox with key (seed, first_stream + t) and counter (ids[cursor + b], epoch, 0, 0)
// as four numbers in [0, 1): x, y, z for its amounts, and w, below its probability, for whether it is done at all.
// ids [length]; cursor [1]; random [4] = (seed, epoch, 0, 0); table [transforms, 8] = (kind, probability, least first amount,
// largest first amount, least second, largest second, 0, 0). y [batch, 24], six vectors of four for an image:
//   (a, b, c, 0), (d, e, f, 0)   pixel (x, y) of the result is read at (a·x + b·y + c, d·x + e·y + f)
//   three rows (r, g, b, 1)      of the new red, green and blue in the old ones
//   (sd, k0, k1, 0)              of its noise: the standard deviation, and the key to draw it with, two numbers of 24 bits
// One thread does one image.

// @import lib/angle.wgsl
// @import lib/grid.wgsl
// @import lib/random.wgsl

const group_size: u32 = 64;

struct Params {
  batch: u32,
  length: u32,
  transforms: u32,
  first_stream: u32,
  noise_stream: u32,
  height: f32,
  width: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> cursor: array<u32>;
@group(0) @binding(3) var<storage, read> random: array<u32>;
@group(0) @binding(4) var<storage, read> table: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

// Places of the image from places of the result, both from the centre: linear (row by row) and shift.
struct Map {
  linear: vec4f,
  shift: vec2f,
}

// First the step back of one more transformation, l and o, then m.
fn after(m: Map, l: vec4f, o: vec2f) -> Map {
  let first = m.linear.x * l.xy + m.linear.y * l.zw;
  let second = m.linear.z * l.xy + m.linear.w * l.zw;
  return Map(vec4f(first, second), m.shift + vec2f(dot(m.linear.xy, o), dot(m.linear.zw, o)));
}

const untouched = vec4f(1.0, 0.0, 0.0, 1.0);

@compute @workgroup_size(group_size)
fn augment_parameters(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = flat_index(thread, groups, group_size);
  if (i >= params.batch) { return; }
  let last = params.length - 1u;
  let counter = vec4u(ids[min(min(cursor[0], last) + i, last)], random[1], 0u, 0u);
  let size = vec2f(params.width, params.height);
  var map = Map(untouched, vec2f(0.0));
  var red = vec4f(1.0, 0.0, 0.0, 0.0);
  var green = vec4f(0.0, 1.0, 0.0, 0.0);
  var blue = vec4f(0.0, 0.0, 1.0, 0.0);
  var variance = 0.0;
  for (var t = 0u; t < params.transforms; t++) {
    let bits = philox(counter, vec2u(random[0], params.first_stream + t));
    let u = uniform4(bits);
    let row = table[2u * t];
    let more = table[2u * t + 1u];
    if (u.w >= row.y) { continue; }
    let first = row.z + (row.w - row.z) * u.x;
    let second = more.x + (more.y - more.x) * u.y;
    switch (u32(row.x)) {
      case 0u: { // rotation, counter-clockwise
        let s = sine_shifted(first, 0u);
        let c = sine_shifted(first, 1u);
        map = after(map, vec4f(c, -s, s, c), vec2f(0.0));
      }
      case 1u: { map = after(map, untouched, vec2f(-first, -second)); } // translation
      case 2u: { map = after(map, untouched / first, vec2f(0.0)); } // zoom
      case 3u: { map = after(map, vec4f(1.0 / first, 0.0, 0.0, 1.0 / second), vec2f(0.0)); } // zoom of either axis
      case 4u: { map = after(map, vec4f(1.0, -first, -second, 1.0) / (1.0 - first * second), vec2f(0.0)); } // shear
      case 5u: { map = after(map, vec4f(-1.0, 0.0, 0.0, 1.0), vec2f(0.0)); } // left to right
      case 6u: { map = after(map, vec4f(1.0, 0.0, 0.0, -1.0), vec2f(0.0)); } // upside down
      case 7u: { map = after(map, untouched * first, (u.yz - 0.5) * (1.0 - first) * size); } // crop
      case 8u: { // whole pixels: of 2·p + 1 places
        let places = vec2u(2u * u32(row.z) + 1u);
        let moved = ((bits.xy >> vec2u(8u)) * places) >> vec2u(24u);
        map = after(map, untouched, vec2f(moved) - row.z);
      }
      case 9u: { // brightness
        red.w += first;
        green.w += first;
        blue.w += first;
      }
      case 10u: { // contrast about more.x
        let back = vec4f(0.0, 0.0, 0.0, more.x * (1.0 - first));
        red = red * first + back;
        green = green * first + back;
        blue = blue * first + back;
      }
      case 11u: { // saturation
        let grey = (0.213 * red + 0.715 * green + 0.072 * blue) * (1.0 - first);
        red = red * first + grey;
        green = green * first + grey;
        blue = blue * first + grey;
      }
      case 12u: { // hue
        let grey = 0.213 * red + 0.715 * green + 0.072 * blue;
        let s = sine_shifted(first, 0u);
        let c = sine_shifted(first, 1u);
        let r = grey + c * (red - grey) + s * (-0.213 * red - 0.715 * green + 0.928 * blue);
        let g = grey + c * (green - grey) + s * (0.143 * red + 0.14 * green - 0.283 * blue);
        blue = grey + c * (blue - grey) + s * (-0.787 * red + 0.715 * green + 0.072 * blue);
        red = r;
        green = g;
      }
      default: { variance += first * first; } // noise
    }
  }
  let m = map.linear;
  let middle = 0.5 * (size - 1.0);
  let shift = map.shift + middle - vec2f(dot(m.xy, middle), dot(m.zw, middle));
  let key = vec2f(philox(counter, vec2u(random[0], params.noise_stream)).xy >> vec2u(8u));
  y[6u * i] = vec4f(m.xy, shift.x, 0.0);
  y[6u * i + 1u] = vec4f(m.zw, shift.y, 0.0);
  y[6u * i + 2u] = red;
  y[6u * i + 3u] = green;
  y[6u * i + 4u] = blue;
  y[6u * i + 5u] = vec4f(sqrt(variance), key, 0.0);
}
