// How weights begin: each initializer is a function from a shape and a place in the random sequence to values.

import { OptionError, checkOptions, ShapeError } from '../core/errors.ts';
import { randomNormal, randomUniform } from '../core/random.ts';
import { format, sizeOf, type Shape } from '../core/shape.ts';

/** `stream` tells the weights of one model apart; `seed` is the model's, unless the initializer was given its own. */
export interface Initializer {
  readonly name: string;
  values(shape: Shape, seed: number, stream: number): Float32Array;
}

export interface SeedOption {
  /** Takes the place of the model's seed. */
  readonly seed?: number;
}

/**
 * Fan-in and fan-out as Keras counts them: a matrix [in, out]; filters [KH, KW, C, OC] with fan-in KH·KW·C and
 * fan-out KH·KW·OC; a vector has its length as both.
 */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: sizeOf(shape), fanOut: sizeOf(shape) };
  const receptive = sizeOf(shape.slice(0, -2));
  return { fanIn: receptive * shape.at(-2)!, fanOut: receptive * shape.at(-1)! };
}

export function zeros(): Initializer {
  return constantValue(0, 'zeros');
}

export function ones(): Initializer {
  return constantValue(1, 'ones');
}

function constantValue(value: number, name: string): Initializer {
  return { name, values: (shape) => new Float32Array(sizeOf(shape)).fill(value) };
}

/** Uniform in ±√(6 / (fan-in + fan-out)) (Glorot and Bengio 2010); Keras's default. */
export function glorotUniform(options: SeedOption = {}): Initializer {
  return uniformWithin('glorotUniform', options, ({ fanIn, fanOut }) => Math.sqrt(6 / (fanIn + fanOut)));
}

/** Normal with variance 2 / (fan-in + fan-out). */
export function glorotNormal(options: SeedOption = {}): Initializer {
  return normalWith('glorotNormal', options, ({ fanIn, fanOut }) => Math.sqrt(2 / (fanIn + fanOut)));
}

/** Uniform in ±√(6 / fan-in) (He et al. 2015): for layers followed by ReLU. */
export function heUniform(options: SeedOption = {}): Initializer {
  return uniformWithin('heUniform', options, ({ fanIn }) => Math.sqrt(6 / fanIn));
}

/** Normal with variance 2 / fan-in. */
export function heNormal(options: SeedOption = {}): Initializer {
  return normalWith('heNormal', options, ({ fanIn }) => Math.sqrt(2 / fanIn));
}

/** Uniform in ±√(1 / fan-in): what PyTorch's Linear and Conv2d draw their weights from. */
export function torchDefault(options: SeedOption = {}): Initializer {
  return uniformWithin('torchDefault', options, ({ fanIn }) => Math.sqrt(1 / fanIn));
}

/** Uniform in [min, max); ±0.05 unless given (Keras). */
export function uniform(options: SeedOption & { min?: number; max?: number } = {}): Initializer {
  checkOptions('uniform', options, ['seed', 'min', 'max']);
  const { min = -0.05, max = 0.05 } = options;
  return {
    name: 'uniform',
    values: (shape, seed, stream) =>
      randomUniform(sizeOf(shape), options.seed ?? seed, stream).map((value) => min + (max - min) * value),
  };
}

/** Normal with the given mean and standard deviation; 0 and 0.05 unless given (Keras). */
export function normal(options: SeedOption & { mean?: number; stddev?: number } = {}): Initializer {
  checkOptions('normal', options, ['seed', 'mean', 'stddev']);
  const { mean = 0, stddev = 0.05 } = options;
  return {
    name: 'normal',
    values: (shape, seed, stream) =>
      randomNormal(sizeOf(shape), options.seed ?? seed, stream).map((value) => mean + stddev * value),
  };
}

/**
 * Rows or columns, whichever are shorter, orthonormal and random (Saxe et al. 2014): the Q of a normal matrix with R's
 * diagonal made positive, times `gain` (1 unless given), as Keras does; all axes but the last count as rows. Keras's
 * default for recurrent kernels. ShapeError: a shape of fewer than two axes.
 */
export function orthogonal(options: SeedOption & { gain?: number } = {}): Initializer {
  checkOptions('orthogonal', options, ['seed', 'gain']);
  const { gain = 1 } = options;
  return {
    name: 'orthogonal',
    values(shape, seed, stream) {
      if (shape.length < 2) {
        throw new ShapeError(`orthogonal: expected a shape of two axes or more, got ${format(shape)}`);
      }
      const columns = shape.at(-1)!;
      const rows = sizeOf(shape) / columns;
      const [length, count] = [Math.max(rows, columns), Math.min(rows, columns)];
      const basis = orthonormal(randomNormal(length * count, options.seed ?? seed, stream), length, count);
      const values = new Float32Array(rows * columns);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          values[i * columns + j] = gain * (rows < columns ? basis[i]![j]! : basis[j]![i]!);
        }
      }
      return values;
    },
  };
}

/** `count` orthonormal vectors from the columns of a matrix [length, count], by Gram and Schmidt's method done twice. */
function orthonormal(matrix: Float32Array, length: number, count: number): Float64Array[] {
  const basis: Float64Array[] = [];
  for (let j = 0; j < count; j++) {
    const vector = Float64Array.from({ length }, (_, i) => matrix[i * count + j]!);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) {
        let along = 0;
        for (let i = 0; i < length; i++) along += vector[i]! * other[i]!;
        for (let i = 0; i < length; i++) vector[i]! -= along * other[i]!;
      }
    }
    const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    basis.push(vector.map((value) => value / norm));
  }
  return basis;
}

type Scale = (fan: { fanIn: number; fanOut: number }) => number;

function uniformWithin(name: string, options: SeedOption, limit: Scale): Initializer {
  checkOptions(name, options, ['seed']);
  return {
    name,
    values(shape, seed, stream) {
      const bound = limit(fans(shape));
      return randomUniform(sizeOf(shape), options.seed ?? seed, stream).map((value) => bound * (2 * value - 1));
    },
  };
}

function normalWith(name: string, options: SeedOption, deviation: Scale): Initializer {
  checkOptions(name, options, ['seed']);
  return {
    name,
    values(shape, seed, stream) {
      const stddev = deviation(fans(shape));
      return randomNormal(sizeOf(shape), options.seed ?? seed, stream).map((value) => stddev * value);
    },
  };
}

const byName: Readonly<Record<string, () => Initializer>> = {
  zeros,
  ones,
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  torchDefault,
  uniform,
  normal,
  orthogonal,
};

/** An initializer given by name or as a record. */
export function resolveInitializer(where: string, initializer: Initializer | string): Initializer {
  if (typeof initializer !== 'string') return initializer;
  if (Object.hasOwn(byName, initializer)) return byName[initializer]!();
  throw new OptionError(`${where}: unknown initializer '${initializer}'; known: ${Object.keys(byName).join(', ')}`);
}
