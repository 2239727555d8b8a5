// The transformations of images that augmentation is composed of, each a plain record with its amounts checked.

import { checkNumber, checkOptions, OptionError } from '../core/errors.ts';
import { augmentation, type ImageSize, type ImageTransform } from './augmentation.ts';

/** Two bounds between which an amount is drawn evenly, or one number: as much either way. */
export type Amount = number | readonly [number, number];

interface Chance {
  /** Of its being done to an image at all; 1 unless given. */
  readonly probability?: number;
}

type Range = readonly [number, number];
const none: Range = [0, 0];

/** The bounds of an amount: v means −v to v, or with `around` 1 a factor from 1 − v to 1 + v. */
function bounds(
  where: string,
  name: string,
  given: Amount,
  around: 0 | 1 = 0,
  least = -Infinity,
  most = Infinity,
): Range {
  const pair: readonly number[] = Array.isArray(given) ? given : [];
  const [low, high] = typeof given === 'number' ? [around - given, around + given] : pair;
  if (Number.isFinite(low) && Number.isFinite(high) && low! <= high! && low! >= least && high! <= most)
    return [low!, high!];
  const limits = least === -Infinity ? '' : `, all from ${least}${most === Infinity ? '' : ` to ${most}`}`;
  const form = around === 1 ? 'v for factors 1 − v to 1 + v' : 'v for −v to v';
  throw new OptionError(
    `${where}: ${name} is ${JSON.stringify(given)}, expected [least, most] or a number ${form}${limits}`,
  );
}

function transform(
  name: string,
  options: Chance & object,
  resolve: ImageTransform['resolve'],
  colour = false,
): ImageTransform {
  const { probability = 1 } = options;
  checkNumber(name, 'probability', probability, 0, 1);
  // The options are part of the record, so that records say what they do.
  return { name, ...options, probability, colour, resolve, compose: augmentation };
}

/** Turned about its centre by an angle between the bounds, counter-clockwise where positive. */
export function rotation(options: Chance & { readonly degrees: Amount }): ImageTransform {
  checkOptions('rotation', options, ['degrees', 'probability']);
  const turn = (degrees: number) => (degrees * Math.PI) / 180;
  const [low, high] = bounds('rotation', 'degrees', options.degrees, 0, -360, 360);
  return transform('rotation', options, () => ({
    kind: 'rotation',
    first: [turn(low), turn(high)],
    second: none,
  }));
}

/** Moved right by `x` of its width and down by `y` of its height; 0 unless given. */
export function translation(options: Chance & { readonly x?: Amount; readonly y?: Amount }): ImageTransform {
  checkOptions('translation', options, ['x', 'y', 'probability']);
  const { x: right = 0, y: down = 0 } = options;
  const [x, y] = [right, down].map((given, i) => bounds('translation', i === 0 ? 'x' : 'y', given, 0, -1, 1)) as [
    Range,
    Range,
  ];
  return transform('translation', options, ({ width, height }) => ({
    kind: 'translation',
    first: [x[0] * width, x[1] * width],
    second: [y[0] * height, y[1] * height],
  }));
}

/**
 * Made larger by a factor above 1 and smaller by one below, about its centre: `factor` for both axes, or `width` and `height`
 * drawn each for itself (1 unless given). A number v means factors from 1 − v to 1 + v.
 */
export function zoom(
  options: Chance & { readonly factor?: Amount; readonly width?: Amount; readonly height?: Amount },
): ImageTransform {
  checkOptions('zoom', options, ['factor', 'width', 'height', 'probability']);
  const { factor, width, height } = options;
  if ((factor === undefined) === (width === undefined && height === undefined)) {
    throw new OptionError('zoom: expected either factor, or width and height');
  }
  const of = (name: string, given: Amount = 0) => bounds('zoom', name, given, 1, 0.01, 100);
  const [both, wide, high] = [of('factor', factor), of('width', width), of('height', height)];
  return transform('zoom', options, () =>
    factor === undefined ? { kind: 'stretch', first: wide, second: high } : { kind: 'zoom', first: both, second: none },
  );
}

/** Slanted: each row moved by `x` pixels right for every pixel below the centre, each column by `y` down; 0 unless given, within ±0.9. */
export function shear(options: Chance & { readonly x?: Amount; readonly y?: Amount }): ImageTransform {
  checkOptions('shear', options, ['x', 'y', 'probability']);
  const { x = 0, y = 0 } = options;
  const first = bounds('shear', 'x', x, 0, -0.9, 0.9);
  const second = bounds('shear', 'y', y, 0, -0.9, 0.9);
  return transform('shear', options, () => ({ kind: 'shear', first, second }));
}

/** Left and right exchanged, or for 'vertical' top and bottom, with probability 0.5 unless given. */
export function flip(options: Chance & { readonly direction?: 'horizontal' | 'vertical' } = {}): ImageTransform {
  checkOptions('flip', options, ['direction', 'probability']);
  const { direction = 'horizontal', probability = 0.5 } = options;
  if (direction !== 'horizontal' && direction !== 'vertical') {
    throw new OptionError(`flip: direction is '${String(direction)}', expected 'horizontal' or 'vertical'`);
  }
  return transform('flip', { ...options, probability }, () => ({
    kind: direction === 'horizontal' ? 'flipX' : 'flipY',
    first: none,
    second: none,
  }));
}

/**
 * A window anywhere on the image, made as large as the image: of `size` of its sides (bounds within 0.01 to 1, or one
 * number for all). Or with `padding`, by so many whole pixels either way: what padding and then cutting out the size does.
 */
export function randomCrop(options: Chance & { readonly size?: Amount; readonly padding?: number }): ImageTransform {
  checkOptions('randomCrop', options, ['size', 'padding', 'probability']);
  const { size, padding } = options;
  if ((size === undefined) === (padding === undefined))
    throw new OptionError('randomCrop: expected either size or padding');
  if (padding !== undefined && !(Number.isInteger(padding) && padding >= 1 && padding <= 127)) {
    throw new OptionError(`randomCrop: padding is ${padding}, expected a whole number from 1 to 127`);
  }
  const sides = typeof size === 'number' ? ([size, size] as const) : (size ?? ([1, 1] as const));
  const first = bounds('randomCrop', 'size', sides, 0, 0.01, 1);
  return transform('randomCrop', options, () =>
    padding === undefined
      ? { kind: 'crop', first, second: none }
      : { kind: 'shift', first: [padding, padding], second: none },
  );
}

/** All colours plus an amount, in fractions of the range: 0.2 is 51 of 255. */
export function brightness(options: Chance & { readonly delta: Amount }): ImageTransform {
  checkOptions('brightness', options, ['delta', 'probability']);
  const [low, high] = bounds('brightness', 'delta', options.delta, 0, -1, 1);
  return transform(
    'brightness',
    options,
    (_, [least, most]) => ({ kind: 'brightness', first: [low * (most - least), high * (most - least)], second: none }),
    true,
  );
}

/** Colours' distance from the middle of the range times a factor. A number v means factors from 1 − v to 1 + v. */
export function contrast(options: Chance & { readonly factor: Amount }): ImageTransform {
  checkOptions('contrast', options, ['factor', 'probability']);
  const first = bounds('contrast', 'factor', options.factor, 1, 0, 100);
  return transform(
    'contrast',
    options,
    (_, [least, most]) => ({ kind: 'contrast', first, second: [(least + most) / 2, (least + most) / 2] }),
    true,
  );
}

function needColours(name: string, { channels }: ImageSize): void {
  if (channels === 3) return;
  throw new OptionError(`${name}: the images have ${channels} channels, expected the three of colour images`);
}

/**
 * Colours' distance from their grey times a factor, 0 for grey images (CSS's saturate(), by the same matrix). A number v means
 * factors from 1 − v to 1 + v.
 */
export function saturation(options: Chance & { readonly factor: Amount }): ImageTransform {
  checkOptions('saturation', options, ['factor', 'probability']);
  const first = bounds('saturation', 'factor', options.factor, 1, 0, 100);
  return transform(
    'saturation',
    options,
    (size) => {
      needColours('saturation', size);
      return { kind: 'saturation', first, second: none };
    },
    true,
  );
}

/** Colours turned round their grey (CSS's hue-rotate(), by the same matrix). */
export function hue(options: Chance & { readonly degrees: Amount }): ImageTransform {
  checkOptions('hue', options, ['degrees', 'probability']);
  const [low, high] = bounds('hue', 'degrees', options.degrees, 0, -360, 360);
  return transform(
    'hue',
    options,
    (size) => {
      needColours('hue', size);
      return { kind: 'hue', first: [(low * Math.PI) / 180, (high * Math.PI) / 180], second: none };
    },
    true,
  );
}

/** Plus a normal number for each value, of standard deviation `stddev` in fractions of the range. */
export function noise(options: Chance & { readonly stddev: number }): ImageTransform {
  checkOptions('noise', options, ['stddev', 'probability']);
  const { stddev } = options;
  checkNumber('noise', 'stddev', stddev, 0, 1);
  return transform(
    'noise',
    options,
    (_, [least, most]) => ({ kind: 'noise', first: [stddev * (most - least), stddev * (most - least)], second: none }),
    true,
  );
}
