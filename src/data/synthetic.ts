// Made-up data sets that need no file: points in the plane. Each is decided by its seed; values are of order 1.

import { OptionError, checkNumber, checkOptions } from '../core/errors.ts';
import { checkWord, permutation, randomNormal, randomUniform } from '../core/random.ts';
import { dataset, type Dataset } from './dataset.ts';

// Streams of the generator.
const PLACE = 1;
const NOISE = 2;
const ORDER = 3;

export interface PointsOptions {
  /** The number of points; 500 unless given. */
  size?: number;
  /** Standard deviation of the normal noise added to both coordinates; each set states its own default. */
  noise?: number;
  /** An integer from 0 to 2³² − 1; 0 unless given. */
  seed?: number;
}

const own = ['size', 'noise', 'seed'];

/**
 * Two interleaved half circles of radius 1 (as scikit-learn's make_moons): class 0 above, around (0, 0); class 1 below,
 * around (1, 0.5). Noise 0.1. x: `[2]`, two classes of equal size.
 */
export function moons(options: PointsOptions = {}): Dataset {
  checkOptions('moons', options, own);
  return points('moons', options, 2, 0.1, (label, t) => {
    const angle = Math.PI * t;
    return label === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
  });
}

/** Two circles around (0, 0): class 0 of radius 1, class 1 of radius `factor` (0.5, between 0 and 1). Noise 0.1. */
export function circles(options: PointsOptions & { factor?: number } = {}): Dataset {
  checkOptions('circles', options, [...own, 'factor']);
  const { factor = 0.5 } = options;
  if (!(typeof factor === 'number' && factor > 0 && factor < 1))
    throw new OptionError(`circles: factor is ${factor}, expected above 0 and below 1`);
  return points('circles', options, 2, 0.1, (label, t) => {
    const radius = label === 0 ? 1 : factor;
    return [radius * Math.cos(2 * Math.PI * t), radius * Math.sin(2 * Math.PI * t)];
  });
}

/** Four squares of a chessboard in [−1, 1]²: class 0 where the coordinates' signs agree, 1 where they differ. Noise 0. */
export function xor(options: PointsOptions = {}): Dataset {
  checkOptions('xor', options, own);
  return points('xor', options, 2, 0, (label, t, u) => {
    const x = 2 * t - 1;
    const sign = (x < 0 ? -1 : 1) * (label === 0 ? 1 : -1);
    return [x, sign * u];
  });
}

/**
 * Spiral arms from the centre to radius 1, one for each of `classes` (2, at most 10), each making `turns` (1.5) turns.
 * Noise 0.02.
 */
export function spirals(options: PointsOptions & { classes?: number; turns?: number } = {}): Dataset {
  checkOptions('spirals', options, [...own, 'classes', 'turns']);
  const { classes = 2, turns = 1.5 } = options;
  if (!Number.isFinite(turns)) throw new OptionError(`spirals: turns is ${turns}, expected a finite number`);
  return points('spirals', options, classes, 0.02, (label, t) => {
    const angle = 2 * Math.PI * (turns * t + label / classes);
    return [t * Math.cos(angle), t * Math.sin(angle)];
  });
}

/** Round clouds, one for each of `classes` (3, at most 10), centred evenly on the circle of radius 1. Noise 0.25. */
export function blobs(options: PointsOptions & { classes?: number } = {}): Dataset {
  checkOptions('blobs', options, [...own, 'classes']);
  const { classes = 3 } = options;
  return points('blobs', options, classes, 0.25, (label) => {
    const angle = (2 * Math.PI * label) / classes;
    return [Math.cos(angle), Math.sin(angle)];
  });
}

/** `place` gives the point of a class for two uniform numbers. Class sizes differ by one at most; the order is random. */
function points(
  where: string,
  options: PointsOptions,
  classes: number,
  defaultNoise: number,
  place: (label: number, t: number, u: number) => [number, number],
): Dataset {
  const { size = 500, noise = defaultNoise, seed = 0 } = options;
  checkWord(where, 'seed', seed);
  if (!Number.isInteger(classes) || classes < 2 || classes > 10) {
    throw new OptionError(`${where}: classes is ${classes}, expected an integer from 2 to 10`);
  }
  if (!Number.isInteger(size) || size < 1 || size > 1e7) {
    throw new OptionError(`${where}: size is ${size}, expected an integer from 1 to 10000000`);
  }
  checkNumber(where, 'noise', noise);

  const order = permutation(size, seed, ORDER);
  const uniform = randomUniform(2 * size, seed, PLACE);
  const x = randomNormal(2 * size, seed, NOISE);
  const y = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const label = order[i]! % classes;
    const at = place(label, uniform[2 * i]!, uniform[2 * i + 1]!);
    x[2 * i] = x[2 * i]! * noise + at[0];
    x[2 * i + 1] = x[2 * i + 1]! * noise + at[1];
    y[i] = label;
  }
  return dataset({ x, y, shape: [2], classes });
}
