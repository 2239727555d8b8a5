// The data that fit, evaluate and predict accept, checked against a model before anything runs.

import type { DType } from '../core/dtype.ts';
import { DataError, OptionError, ShapeError, suggestion } from '../core/errors.ts';
import { equal, format, sizeOf, type Shape } from '../core/shape.ts';
import { dataset, isOne, type Dataset, type DatasetOptions, type NamedDataset } from '../data/dataset.ts';
import { namedDataset, type NamedOptions } from '../data/named.ts';
import { type DataStream, emptyRows, openStream, type StreamRows } from '../data/stream.ts';
import type { Compiled, Head, InputPort, Network } from './core.ts';
import { weightsFor, type Weighting } from './weights.ts';

/**
 * A data set, or plain arrays that make one. Models of several inputs or outputs take records by name, `{ x: { a, b },
 * y: { age, sex } }`.
 */
export type TrainingData =
  | Dataset
  | NamedDataset
  | DataStream
  | Pick<DatasetOptions, 'x' | 'y' | 'scale' | 'offset'>
  | NamedOptions;

/** An array of examples as an input takes it. */
export interface Features {
  readonly data: Float32Array | Uint8Array | Int32Array;
  readonly dtype: DType;
  /** Of one example. */
  readonly shape: Shape;
  /** The value used is `stored · scale + offset`. */
  readonly scale: number;
  readonly offset: number;
}

/** A data set's targets as a loss takes them. */
export interface Targets {
  readonly data: Int32Array | Float32Array | Uint8Array;
  readonly dtype: DType;
  /** Of one example. */
  readonly shape: Shape;
}

/** A data set as a model takes it. */
export interface Arrays {
  /** What it is known by on the device: the data set itself, or this call's own. */
  readonly source: object;
  readonly size: number;
  /** Examples on the device at a time: `size`, or those of a part. */
  readonly rows: number;
  /** Bytes of a part where it is to come in parts, though it may fit. */
  readonly streamed?: number | undefined;
  /** Where an iterator gives the examples: one pass over them, each read checked. The arrays here then only say what types they have. */
  readonly open?: (epoch: number, shuffleSeed: number | null) => ArraysReader;
  /** One for each of the network's inputs. */
  readonly x: readonly Features[];
  /** One for each output that is trained. */
  readonly y: readonly Targets[];
  /** What each loss of those counts; null where all count alike. */
  readonly weights: readonly (Targets | null)[];
}

export interface ArraysReader {
  position(): number;
  read(count: number): Promise<Arrays>;
  close(): Promise<void>;
}

/** A stream's types as arrays, and its examples as arrays where they are read. */
function resolveStream(
  where: string,
  stream: DataStream,
  network: Network,
  compiled: Pick<Compiled, 'heads'>,
  weighting: Weighting,
): Arrays {
  if (weighting.sampleWeight) {
    throw new OptionError(
      `${where}: sampleWeight is for data sets; a stream's examples have no numbers to give them by`,
    );
  }
  const { shape, targetShape, classes, scale, offset } = stream;
  const arraysOf = ({ x, y }: StreamRows): Arrays => {
    const count = x.length / sizeOf(shape);
    const parts = { x: { shape: [count, ...shape], data: x }, y: { shape: [count, ...targetShape], data: y } };
    const checked = dataset({ ...parts, scale, offset, ...(classes === undefined ? {} : { classes }) });
    return resolveData(where, checked, network, compiled, weighting);
  };
  const open: Arrays['open'] = (epoch, seed) => {
    const { read, position, close } = openStream(stream, epoch, seed);
    return { position, close, read: async (count) => arraysOf(await read(count)) };
  };
  return {
    ...arraysOf(emptyRows(stream, 1)),
    source: stream,
    size: stream.size,
    rows: stream.size,
    streamed: stream.partBytes,
    open,
  };
}

/**
 * `data` as arrays in the network's shapes, all checked. Plain arrays may change between two calls, so they are copied
 * to the device each time; a data set is copied once.
 */
export function resolveData(
  where: string,
  data: TrainingData,
  network: Network,
  compiled: Pick<Compiled, 'heads'>,
  weighting: Weighting = {},
): Arrays {
  if (isStream(data)) return resolveStream(where, data, network, compiled, weighting);
  const { heads } = compiled;
  const { inputs, outputs } = network;
  const shapeOf = (name: string | null) => inputs.find((input) => name === null || input.name === name)?.shape;
  const found = isDataset(data)
    ? data
    : isOne(data.x) && isOne(data.y)
      ? plain(data, shapeOf(null)!)
      : namedDataset(data as NamedOptions, shapeOf);
  const targets = byName(where, 'y', outputs, found.y);
  const several = outputs.length > 1;
  if (weighting.classWeight && heads.length > 1) {
    throw new OptionError(`${where}: classWeight is for models with one output, this one trains ${heads.length}`);
  }
  const y = heads.map((head) => {
    const given = targets[outputs.indexOf(head.output)];
    if (given) return targetsFor(several ? `${where}: ${head.output.name}` : where, given, head);
    throw new DataError(
      `${where}: y has no '${head.output.name}', which has a loss; expected ${namesOf(heads.map(({ output }) => output))}`,
    );
  });
  const weights = heads.map((head, i) => weightsFor(where, weighting, found.size, y[i]!, head));
  return {
    // Weights are this call's own, so the arrays with them are too.
    source: weights.some((weight) => weight !== null) ? {} : found,
    size: found.size,
    rows: found.size,
    streamed: 'streamed' in found ? (found.streamed as number) : undefined,
    x: byName(where, 'x', inputs, found.x).map((x, i) => {
      if (x) return featuresFor(where, inputs[i]!, x, inputs.length > 1);
      throw new DataError(`${where}: x has no '${inputs[i]!.name}'; the model's inputs are ${namesOf(inputs)}`);
    }),
    y,
    weights,
  };
}

function plain(data: TrainingData, shape: Shape): Dataset {
  const options = data as DatasetOptions;
  return dataset({ ...options, ...(ArrayBuffer.isView(options.x) ? { shape } : {}) });
}

export function isDataset(data: TrainingData): data is Dataset | NamedDataset {
  return 'size' in data && !('examples' in data);
}

export function isStream(data: object): data is DataStream {
  return 'examples' in data && 'shuffleBuffer' in data;
}

/** What is given for each port, in their order: by name, or one thing alone for the only port. */
export function byName<T>(
  where: string,
  what: string,
  ports: readonly { readonly name: string }[],
  given: T | Readonly<Record<string, T>>,
): (T | undefined)[] {
  if (isOne(given)) {
    if (ports.length === 1) return [given as T];
    throw new DataError(`${where}: ${what} is one array, expected a record of ${namesOf(ports)}`);
  }
  const record = given as Readonly<Record<string, T>>;
  const names = ports.map(({ name }) => name);
  for (const name of Object.keys(record)) {
    if (names.includes(name)) continue;
    throw new OptionError(
      `${where}: ${what} has '${name}'${suggestion(name, names)}; the model knows ${namesOf(ports)}`,
    );
  }
  return names.map((name) => (Object.hasOwn(record, name) ? record[name] : undefined));
}

function namesOf(ports: readonly { readonly name: string }[]): string {
  return ports.map(({ name }) => name).join(', ');
}

/** `x` in the input's shape and type. */
export function featuresFor(where: string, input: InputPort, x: Dataset['x'], several: boolean): Features {
  const what = several ? `${where}: ${input.name}` : where;
  // [28,28] is [28,28,1], and nothing else is: a silent reshape would hide a wrong axis order.
  if (!equal(x.shape, input.shape) && !equal([...x.shape, 1], input.shape)) {
    throw new ShapeError(`${what}: the examples are ${format(x.shape)}, but the model takes ${format(input.shape)}`);
  }
  const { shape } = input;
  if (input.dtype === 'f32') return { ...x, shape, dtype: x.data instanceof Uint8Array ? 'u8' : 'f32' };
  // Tokens are numbers as they are stored, bytes among them.
  return { data: wholeNumbers(what, x.data), dtype: 'i32', shape, scale: 1, offset: 0 };
}

function wholeNumbers(where: string, data: Float32Array | Uint8Array): Int32Array {
  const whole = Int32Array.from(data);
  const at = whole.findIndex((value, i) => value !== data[i]);
  if (at === -1) return whole;
  throw new DataError(`${where}: ${data[at]} at index ${at} is no whole number, which the input takes`);
}

/** The targets as the loss takes them; labels are all checked here, because a device would not say which is wrong. */
function targetsFor(where: string, y: Dataset['y'], { loss, output: { shape: outputShape } }: Head): Targets {
  const { data, shape } = y;
  if (loss.target === 'any') return { data, shape, dtype: dtypeOf(data) };
  if (loss.target === 'values' || loss.target === 'signs') {
    const bare = (lengths: Shape) => lengths.filter((length) => length !== 1);
    if (!equal(bare(shape), bare(outputShape))) {
      const hint =
        loss.name === 'categoricalCrossentropy' && shape.length === 0
          ? "; 'sparseCategoricalCrossentropy' takes labels"
          : '';
      throw new ShapeError(
        `${where}: the targets are ${format(shape)} for each example, but the model gives ${format(outputShape)}${hint}`,
      );
    }
    if (loss.name === 'binaryCrossentropy') checkBetween(where, data, 0, 1);
    if (loss.target === 'signs') return { data: signsOf(where, data), shape, dtype: 'f32' };
    return data instanceof Int32Array
      ? { data: Float32Array.from(data), shape, dtype: 'f32' }
      : { data, shape, dtype: dtypeOf(data) };
  }
  const classes = outputShape.at(-1) ?? 1;
  const positions = sizeOf(outputShape.slice(0, -1));
  if (sizeOf(shape) !== positions) {
    throw new ShapeError(
      `${where}: the labels are ${format(shape)} for each example, expected ${positions === 1 ? 'one' : positions}: ` +
        `the model gives ${format(outputShape)}`,
    );
  }
  for (let i = 0; i < data.length; i++) {
    const label = data[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new DataError(
        `${where}: label ${label} at index ${i} is outside 0..${classes - 1}: the model has ${classes} outputs`,
      );
    }
  }
  return { data: data instanceof Int32Array ? data : Int32Array.from(data), shape, dtype: 'i32' };
}

/** Targets of −1 and 1; those of 0 and 1 become these (Keras). */
function signsOf(where: string, data: ArrayLike<number>): Float32Array {
  const signs = Float32Array.from(data);
  const truths = signs.every((value) => value === 0 || value === 1);
  const at = truths ? -1 : signs.findIndex((value) => value !== -1 && value !== 1);
  if (at !== -1) throw new DataError(`${where}: target ${signs[at]} at index ${at}, expected −1 and 1, or 0 and 1`);
  return truths ? signs.map((value) => 2 * value - 1) : signs;
}

function dtypeOf(data: Dataset['y']['data']): DType {
  if (data instanceof Int32Array) return 'i32';
  return data instanceof Uint8Array ? 'u8' : 'f32';
}

function checkBetween(where: string, data: ArrayLike<number>, least: number, most: number): void {
  for (let i = 0; i < data.length; i++) {
    if (!(data[i]! >= least && data[i]! <= most)) {
      throw new DataError(`${where}: target ${data[i]} at index ${i} is outside ${least}..${most}`);
    }
  }
}
