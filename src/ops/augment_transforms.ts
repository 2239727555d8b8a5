// The transformations that augmentation knows, and how a map of places and one of colours are composed of them: what
// shaders/augment_parameters.wgsl does, in double precision.

/** Kinds of transformations by number, as the shader has them. */
export const transformKinds = [
  'rotation',
  'translation',
  'zoom',
  'stretch',
  'shear',
  'flipX',
  'flipY',
  'crop',
  'shift',
  'brightness',
  'contrast',
  'saturation',
  'hue',
  'noise',
] as const;

export interface Transform {
  readonly kind: (typeof transformKinds)[number];
  /** Of its being done to an image. */
  readonly probability: number;
  /** Between these the first amount is drawn evenly: an angle, pixels to the right, a factor, … */
  readonly first: readonly [number, number];
  /** Where there is a second: pixels down, the factor of the height; contrast's middle. */
  readonly second: readonly [number, number];
}

const untouched = [1, 0, 0, 1] as const;

/** Places of the image from places of the result, from the centre; and rows of new colours in old ones. */
export interface Composed {
  linear: readonly [number, number, number, number];
  shift: readonly [number, number];
  colours: readonly (readonly number[])[];
  variance: number;
}

/** Nothing done. */
export function unchanged(): Composed {
  const colours = [0, 1, 2].map((row) => [0, 1, 2, 3].map((column) => Number(row === column)));
  return { linear: untouched, shift: [0, 0], colours, variance: 0 };
}

/** First a step back, l and o, then what was composed so far. */
function after(to: Composed, [p, q, r, s]: Composed['linear'], [x, y]: Composed['shift']): void {
  const [a, b, c, d] = to.linear;
  to.shift = [to.shift[0] + a * x + b * y, to.shift[1] + c * x + d * y];
  to.linear = [a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s];
}

/** Every colour's new row: `f` of the three old rows, term by term. */
function recolour(to: Composed, f: (r: number, g: number, b: number) => readonly [number, number, number]): void {
  const [red, green, blue] = to.colours as readonly [readonly number[], readonly number[], readonly number[]];
  const columns = red.map((r, i) => f(r, green[i]!, blue[i]!));
  to.colours = [0, 1, 2].map((row) => columns.map((column) => column[row]!));
}

function lighten(to: Composed, factor: number, more: number): void {
  to.colours = to.colours.map((row) => row.map((value, i) => value * factor + (i === 3 ? more : 0)));
}

/** One transformation's part; `u` and `words` are its draws for this image. */
export function compose(
  to: Composed,
  { kind, first: [least, largest], second: [least2, largest2] }: Transform,
  u: readonly number[],
  words: Uint32Array,
  [width, height]: readonly [number, number],
): void {
  const [low, high, low2, high2] = [least, largest, least2, largest2].map(Math.fround) as [
    number,
    number,
    number,
    number,
  ];
  const first = low + (high - low) * u[0]!;
  const second = low2 + (high2 - low2) * u[1]!;
  const still = [0, 0] as const;
  const [s, c] = [Math.sin(first), Math.cos(first)];
  const grey = (r: number, g: number, b: number) => 0.213 * r + 0.715 * g + 0.072 * b;
  switch (kind) {
    case 'rotation':
      return after(to, [c, -s, s, c], still);
    case 'translation':
      return after(to, untouched, [-first, -second]);
    case 'zoom':
      return after(to, [1 / first, 0, 0, 1 / first], still);
    case 'stretch':
      return after(to, [1 / first, 0, 0, 1 / second], still);
    case 'shear': {
      const whole = 1 - first * second;
      return after(to, [1 / whole, -first / whole, -second / whole, 1 / whole], still);
    }
    case 'flipX':
      return after(to, [-1, 0, 0, 1], still);
    case 'flipY':
      return after(to, [1, 0, 0, -1], still);
    case 'crop':
      return after(
        to,
        [first, 0, 0, first],
        [(u[1]! - 0.5) * (1 - first) * width, (u[2]! - 0.5) * (1 - first) * height],
      );
    case 'shift': {
      const moved = (word: number) => Math.floor((word >>> 8) * (2 * low + 1) * 2 ** -24) - low;
      return after(to, untouched, [moved(words[0]!), moved(words[1]!)]);
    }
    case 'brightness':
      return lighten(to, 1, first);
    case 'contrast':
      return lighten(to, first, low2 * (1 - first));
    case 'saturation':
      return recolour(to, (...rgb) => {
        const middle = grey(...rgb) * (1 - first);
        return rgb.map((value) => value * first + middle) as [number, number, number];
      });
    case 'hue':
      return recolour(to, (r, g, b) => {
        const middle = grey(r, g, b);
        return [
          middle + c * (r - middle) + s * (-0.213 * r - 0.715 * g + 0.928 * b),
          middle + c * (g - middle) + s * (0.143 * r + 0.14 * g - 0.283 * b),
          middle + c * (b - middle) + s * (-0.787 * r + 0.715 * g + 0.072 * b),
        ];
      });
    case 'noise':
      to.variance += first * first;
  }
}

/** The most that a transformation stretches steps, moves places, and multiplies and adds to colours. */
export function growth({ kind, first, second }: Transform, extent: number): [number, number, number, number] {
  const most = Math.max(...first.map(Math.abs));
  const both = Math.max(most, ...second.map(Math.abs));
  if (kind === 'rotation') return [Math.SQRT2, 0, 1, 0];
  if (kind === 'translation' || kind === 'shift') return [1, both, 1, 0];
  if (kind === 'zoom') return [1 / first[0], 0, 1, 0];
  if (kind === 'stretch') return [1 / Math.min(first[0], second[0]), 0, 1, 0];
  if (kind === 'shear') return [(1 + both) / (1 - most * Math.max(...second.map(Math.abs))), 0, 1, 0];
  if (kind === 'crop') return [1, extent, 1, 0];
  if (kind === 'brightness') return [1, 0, 1, most];
  if (kind === 'contrast') return [1, 0, Math.max(1, most), Math.abs(second[0]) * (1 + most)];
  if (kind === 'saturation') return [1, 0, 1 + 2 * most, 0];
  if (kind === 'hue') return [1, 0, 4, 0];
  return [1, 0, 1, kind === 'noise' ? most : 0];
}
