// Data sets as plain records in memory: made and checked once, then only read.

import { DataError, OptionError, checkNumber, checkOptions } from '../core/errors.ts';
import { checkShape, format, sizeOf, type Shape } from '../core/shape.ts';

export interface Dataset {
  /** The number of examples. */
  readonly size: number;
  readonly x: {
    /** `size` examples one after another. Bytes stay bytes; they become numbers where a batch is put together. */
    readonly data: Float32Array | Uint8Array;
    /** Of one example. */
    readonly shape: Shape;
    /** The value used is `stored · scale + offset`. */
    readonly scale: number;
    readonly offset: number;
  };
  readonly y: {
    /** Labels (Int32Array), or targets: numbers, or bytes of rank 1 and above, used as they are. */
    readonly data: Int32Array | Float32Array | Uint8Array;
    /** Of one example; `[]` for one label or number each. */
    readonly shape: Shape;
  };
  /** Labels are 0 to classes − 1. */
  readonly classes?: number;
}

/** Examples of several inputs, or with several targets: an array for each, by its name in the model. */
export interface NamedDataset {
  readonly size: number;
  readonly x: Dataset['x'] | Readonly<Record<string, Dataset['x']>>;
  readonly y: Dataset['y'] | Readonly<Record<string, Dataset['y']>>;
}

/** Numbers, or numbers with the shape of the whole, whose first axis counts the examples: what `readIdx` gives. */
type Source<T> = T | { readonly shape: Shape; readonly data: T };

export interface DatasetOptions {
  x: Source<Float32Array | Uint8Array>;
  /** An array without a shape is one label or number for each example. */
  y: Source<Int32Array | Float32Array | Uint8Array>;
  /** Of one example of x; otherwise from x's own shape, or all numbers of an example in one axis. */
  shape?: Shape;
  classes?: number;
  /** 1/255 for bytes and 1 for floats, unless given. */
  scale?: number;
  /** 0 unless given. With mean m and standard deviation s: `scale: 1 / (255 · s), offset: −m / s`. */
  offset?: number;
}

/**
 * A data set of the examples `x` and labels or targets `y`. The arrays are kept, not copied, but for byte labels,
 * which become Int32Array. Throws a DataError where lengths disagree, a float is NaN or infinite, or a label is
 * outside 0 to classes − 1.
 */
export function dataset(options: DatasetOptions): Dataset {
  checkOptions('dataset', options, ['x', 'y', 'shape', 'classes', 'scale', 'offset']);
  const [x, xShape] = unpack('x', options.x);
  const [y, yShape] = unpack('y', options.y);
  const { classes, scale = x instanceof Uint8Array ? 1 / 255 : 1, offset = 0 } = options;
  if (!Number.isFinite(scale) || scale === 0 || !Number.isFinite(offset)) {
    throw new OptionError(
      `dataset: scale ${scale} and offset ${offset}, expected finite numbers and a scale other than 0`,
    );
  }
  checkClasses('dataset', classes);
  if (options.shape) checkShape('dataset', options.shape);

  const size = xShape?.[0] ?? (options.shape ? x.length / sizeOf(options.shape) : (yShape?.[0] ?? y.length));
  if (!Number.isInteger(size) || size < 1) {
    throw new DataError(
      `dataset: ${x.length} numbers in x are no whole number of examples of ${format(options.shape ?? [])}`,
    );
  }
  const shape = options.shape ?? xShape?.slice(1) ?? [x.length / size];
  const targetShape = yShape?.slice(1) ?? [];
  if (size * sizeOf(shape) !== x.length || (xShape === undefined && x.length % size !== 0)) {
    throw new DataError(`dataset: x has ${x.length} numbers, expected ${size} examples of ${format(shape)}`);
  }
  const count = yShape?.[0] ?? y.length;
  if (count !== size)
    throw new DataError(`dataset: x has ${size} examples and y has ${count}, expected the same number`);

  checkFinite('x', x);
  checkFinite('y', y);
  const targets = y instanceof Uint8Array && targetShape.length === 0 ? Int32Array.from(y) : y;
  if (classes !== undefined) checkLabels(targets, classes);
  return freeze(size, { data: x, shape, scale, offset }, { data: targets, shape: targetShape }, classes);
}

/**
 * The first `count` examples, or those at `indices` in that order (repeats allowed), as a data set with arrays of its
 * own. Throws a DataError for an index outside the data set.
 */
export function take(from: Dataset, which: number | ArrayLike<number>): Dataset;
export function take(from: NamedDataset, which: number | ArrayLike<number>): NamedDataset;
export function take(from: Dataset | NamedDataset, which: number | ArrayLike<number>): Dataset | NamedDataset {
  const count = typeof which === 'number' ? which : which.length;
  if (!Number.isInteger(count) || count < 1 || (typeof which === 'number' && count > from.size)) {
    throw new DataError(`take: ${count} examples asked of ${from.size}, expected 1 to ${from.size}`);
  }
  const indices = typeof which === 'number' ? Uint32Array.from({ length: count }, (_, i) => i) : which;
  for (let i = 0; i < count; i++) {
    const index = indices[i]!;
    if (Number.isInteger(index) && index >= 0 && index < from.size) continue;
    throw new DataError(`take: index ${index} at place ${i} is outside 0..${from.size - 1}`);
  }
  const taken = {
    size: count,
    x: each(from.x, (x) => Object.freeze({ ...x, data: rows(x, indices) })),
    y: each(from.y, (y) => Object.freeze({ ...y, data: rows(y, indices) })),
  };
  const classes = 'classes' in from ? from.classes : undefined;
  return Object.freeze(classes === undefined ? taken : { ...taken, classes });
}

/** Throws an OptionError unless it is a number of classes, or not given. */
export function checkClasses(where: string, classes: number | undefined): void {
  if (classes !== undefined) checkNumber(where, 'classes', classes, 1, 2 ** 31 - 1, 'whole number');
}

/** Whether `given` is one array, with or without a shape, and not a record of arrays by name. */
export function isOne(given: unknown): boolean {
  return ArrayBuffer.isView(given) || ArrayBuffer.isView((given as { data?: unknown } | null | undefined)?.data);
}

function each<T extends { readonly data: unknown }>(
  given: T | Readonly<Record<string, T>>,
  change: (array: T) => T,
): T | Readonly<Record<string, T>> {
  if (isOne(given)) return change(given as T);
  const entries = Object.entries(given as Readonly<Record<string, T>>);
  return Object.freeze(Object.fromEntries(entries.map(([name, array]) => [name, change(array)])));
}

/** The rows of `data` at `indices`, of the same type. */
function rows<T extends Dataset['x']['data'] | Dataset['y']['data']>(
  { data, shape }: { readonly data: T; readonly shape: Shape },
  indices: ArrayLike<number>,
): T {
  const length = sizeOf(shape);
  const made = emptyLike(data, indices.length * length);
  for (let i = 0; i < indices.length; i++) {
    made.set(data.subarray(indices[i]! * length, (indices[i]! + 1) * length), i * length);
  }
  return made as T;
}

function unpack<T extends Int32Array | Float32Array | Uint8Array>(
  name: string,
  source: Source<T>,
): [T, Shape | undefined] {
  const { data, shape } = ArrayBuffer.isView(source) ? { data: source as T, shape: undefined } : (source ?? {});
  const known = name === 'x' ? [Float32Array, Uint8Array] : [Int32Array, Float32Array, Uint8Array];
  if (!known.some((type) => data instanceof type)) {
    throw new DataError(
      `dataset: ${name} is not a ${known.map((type) => type.name).join(' or ')}, nor { shape, data } of one`,
    );
  }
  if (shape) {
    checkShape(`dataset: ${name}`, shape);
    if (shape.length === 0 || sizeOf(shape) !== data.length) {
      throw new DataError(
        `dataset: ${name} of shape ${format(shape)} has ${data.length} numbers, expected ${sizeOf(shape)}`,
      );
    }
  } else if (data.length === 0) {
    throw new DataError(`dataset: ${name} is empty, expected at least one example`);
  }
  return [data, shape];
}

function checkFinite(name: string, data: ArrayLike<number>): void {
  if (!(data instanceof Float32Array)) return;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i]!))
      throw new DataError(`dataset: ${name} is ${data[i]} at index ${i}, expected a finite number`);
  }
}

function checkLabels(labels: ArrayLike<number>, classes: number): void {
  if (labels instanceof Float32Array) {
    throw new DataError(
      'dataset: y is a Float32Array, expected Int32Array or Uint8Array labels where classes is given',
    );
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label < 0 || label >= classes) {
      throw new DataError(`dataset: label ${label} at index ${i} is outside 0..${classes - 1}`);
    }
  }
}

function emptyLike(data: Dataset['y']['data'], length: number): Dataset['y']['data'] {
  if (data instanceof Int32Array) return new Int32Array(length);
  return data instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
}

function freeze(size: number, x: Dataset['x'], y: Dataset['y'], classes: number | undefined): Dataset {
  const parts = {
    size,
    x: Object.freeze({ ...x, shape: Object.freeze([...x.shape]) }),
    y: Object.freeze({ ...y, shape: Object.freeze([...y.shape]) }),
  };
  return Object.freeze(classes === undefined ? parts : { ...parts, classes });
}
