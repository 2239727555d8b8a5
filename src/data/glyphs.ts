// Made-up 28×28 pictures of digits and letters, in the format of MNIST and Fashion-MNIST: what a demo, a test or a
// course trains on where there is no network and no file.

import { OptionError, checkNumber, checkOptions } from '../core/errors.ts';
import { checkWord, normalPair, permutation, philoxInto, randomUniform } from '../core/random.ts';
import { dataset, type Dataset } from './dataset.ts';

/** Ten characters of 5×7 dots that are easy to tell apart, by class. */
export const glyphNames: readonly string[] = ['A', '2', 'X', '4', 'H', 'S', '7', 'O', 'T', 'E'];

const dots: readonly string[] = [
  '.###. #...# #...# ##### #...# #...# #...#',
  '.###. #...# ....# ...#. ..#.. .#... #####',
  '#...# #...# .#.#. ..#.. .#.#. #...# #...#',
  '...#. ..##. .#.#. #..#. ##### ...#. ...#.',
  '#...# #...# #...# ##### #...# #...# #...#',
  '.#### #.... #.... .###. ....# ....# ####.',
  '##### ....# ...#. ..#.. ..#.. ..#.. ..#..',
  '.###. #...# #...# #...# #...# #...# .###.',
  '##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..',
  '##### #.... #.... ####. #.... #.... #####',
];

const SIDE = 28;
const COLUMNS = 5;
const ROWS = 7;

// Streams of the generator.
const ORDER = 11;
const FORM = 12;
const NOISE = 13;

export interface GlyphsOptions {
  /** The number of pictures; 1,000 unless given. */
  size?: number;
  /** 2 to 10: the first so many of `glyphNames`; 10 unless given. */
  classes?: number;
  /** Standard deviation of the normal noise on each pixel, in grey levels of 255; 20 unless given. */
  noise?: number;
  /** An integer from 0 to 2³² − 1; 0 unless given. */
  seed?: number;
}

/**
 * Bright characters on black. Each is moved by up to 2 pixels each way, scaled by 0.8 to 1.1, slanted by up to 0.2 and
 * drawn at 60 % to 100 % brightness. x: bytes `[28, 28, 1]`, used as 0 to 1; class sizes differ by one at most, in
 * random order.
 */
export function glyphs(options: GlyphsOptions = {}): Dataset {
  checkOptions('glyphs', options, ['size', 'classes', 'noise', 'seed']);
  const { size = 1000, classes = 10, noise = 20, seed = 0 } = options;
  checkWord('glyphs', 'seed', seed);
  if (!Number.isInteger(classes) || classes < 2 || classes > 10) {
    throw new OptionError(`glyphs: classes is ${classes}, expected an integer from 2 to 10`);
  }
  if (!Number.isInteger(size) || size < 1 || size > 1e6) {
    throw new OptionError(`glyphs: size is ${size}, expected an integer from 1 to 1000000`);
  }
  checkNumber('glyphs', 'noise', noise, 0, 255);

  const order = permutation(size, seed, ORDER);
  const form = randomUniform(6 * size, seed, FORM);
  const x = new Uint8Array(size * SIDE * SIDE);
  const y = new Int32Array(size);
  const bitmaps = dots.map((text) => Float64Array.from(text.replaceAll(' ', ''), (dot) => (dot === '#' ? 1 : 0)));
  for (let i = 0; i < size; i++) {
    const label = order[i]! % classes;
    y[i] = label;
    draw(
      bitmaps[label]!,
      form.subarray(6 * i, 6 * i + 6),
      noise,
      seed,
      i,
      x.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE),
    );
  }
  return dataset({ x, y, shape: [SIDE, SIDE, 1], classes });
}

/** Draws one picture: each pixel looks up the dot, blended with its neighbours, that the movements brought there. */
function draw(
  bitmap: Float64Array,
  form: Float32Array,
  noise: number,
  seed: number,
  image: number,
  pixels: Uint8Array,
): void {
  const [dx, dy, width, height, slant, light] = form as unknown as [number, number, number, number, number, number];
  const centreX = SIDE / 2 + 4 * dx - 2;
  const centreY = SIDE / 2 + 4 * dy - 2;
  const dotWidth = 2.9 * (0.8 + 0.3 * width); // in pixels
  const dotHeight = 2.7 * (0.8 + 0.3 * height);
  const shear = 0.4 * slant - 0.2;
  const brightness = 255 * (0.6 + 0.4 * light);
  const words = new Uint32Array(4);
  for (let row = 0, at = 0; row < SIDE; row++) {
    const down = row + 0.5 - centreY;
    const dotRow = down / dotHeight + ROWS / 2 - 0.5;
    for (let column = 0; column < SIDE; column++, at++) {
      const right = column + 0.5 - centreX + shear * down;
      const ink = blend(bitmap, dotRow, right / dotWidth + COLUMNS / 2 - 0.5);
      if ((at & 3) === 0) philoxInto(words, at / 4, image, 0, 0, seed, NOISE);
      // Each pixel has a word of its own, halved into the two that a normal number needs; 16 bits end at 4.85.
      const word = words[at & 3]!;
      const [grain] = noise === 0 ? [0] : normalPair((word << 16) | 0x8000, word);
      pixels[at] = Math.max(0, Math.min(255, Math.round(brightness * ink + noise * grain)));
    }
  }
}

/** Bilinear look-up in the 5×7 dots, blank outside. */
function blend(bitmap: Float64Array, row: number, column: number): number {
  const top = Math.floor(row);
  const left = Math.floor(column);
  if (top < -1 || top >= ROWS || left < -1 || left >= COLUMNS) return 0;
  const dot = (r: number, c: number): number =>
    r < 0 || r >= ROWS || c < 0 || c >= COLUMNS ? 0 : bitmap[r * COLUMNS + c]!;
  const down = row - top;
  const right = column - left;
  return (
    (1 - down) * ((1 - right) * dot(top, left) + right * dot(top, left + 1)) +
    down * ((1 - right) * dot(top + 1, left) + right * dot(top + 1, left + 1))
  );
}
