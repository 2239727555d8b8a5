// Data sets that do not fit on the device, or not in memory: examples that come one after another.

import { checkOptions, DataError, OptionError } from '../core/errors.ts';
import { checkWord, philoxInto } from '../core/random.ts';
import { checkShape, format, sizeOf, type Shape } from '../core/shape.ts';
import { checkClasses, type Dataset, type NamedDataset } from './dataset.ts';

/** One example, or several one after another in `x` and in `y`. */
export interface StreamItem {
  readonly x: Float32Array | Uint8Array;
  readonly y: number | ArrayLike<number>;
}

type Items = AsyncIterable<StreamItem> | Iterable<StreamItem>;

export interface DataStreamOptions {
  /** Examples in an epoch. The iterator must give so many; it is closed after them. */
  size: number;
  /** Of one example of x. */
  shape: Shape;
  /** 'u8' unless given: bytes, which are copied as such and become numbers in the batch. */
  type?: 'u8' | 'f32';
  /** Called for each pass; `epoch` counts from 0, and is 0 for evaluations and predictions. */
  examples: (epoch: number) => Items;
  /** Of one example's target: `[]`, one label or number, unless given. */
  targetShape?: Shape;
  /** 'i32', labels, unless given. */
  targetType?: 'i32' | 'f32' | 'u8';
  classes?: number;
  /** As of `dataset`. */
  scale?: number;
  offset?: number;
  /**
   * How many examples wait in memory for a `fit` that shuffles: each step takes one of them at random, and the next from the
   * iterator takes its place (as tf.data's shuffle). An example is so moved forward by as many places at most. 0 unless
   * given: the order is the iterator's, which knows the epoch and may shuffle what it reads from.
   */
  shuffleBuffer?: number;
  /** Bytes of a part, of which two lie on the device: 16 MiB unless given; a part has one batch at least. */
  partBytes?: number;
}

/** Large beside a step's, small beside a device's. */
const usualPart = 16 * 2 ** 20;

function checkPart(where: string, bytes: number): void {
  if (Number.isInteger(bytes) && bytes >= 1) return;
  throw new OptionError(`${where}: partBytes is ${bytes}, expected a positive whole number`);
}

/** Examples that are read while others are trained on. */
export type DataStream = Readonly<Required<Omit<DataStreamOptions, 'classes'>> & { classes: number | undefined }>;

/** A data set of examples that an iterator gives, for fit, evaluate and predict: two parts of it lie on the device. */
export function dataStream(options: DataStreamOptions): DataStream {
  const known = ['size', 'shape', 'type', 'examples', 'targetShape', 'targetType', 'classes', 'scale', 'offset'];
  checkOptions('dataStream', options, [...known, 'shuffleBuffer', 'partBytes']);
  const { size, shape, type = 'u8', examples, targetShape = [], targetType = 'i32', classes } = options;
  const { scale = type === 'u8' ? 1 / 255 : 1, offset = 0, shuffleBuffer = 0, partBytes = usualPart } = options;
  checkPart('dataStream', partBytes);
  checkShape('dataStream', shape);
  checkShape('dataStream', targetShape);
  checkWord('dataStream', 'size', size);
  checkWord('dataStream', 'shuffleBuffer', shuffleBuffer);
  checkClasses('dataStream', classes);
  if (size === 0) throw new OptionError('dataStream: size is 0, expected the number of examples in an epoch');
  if (type !== 'u8' && type !== 'f32') {
    throw new OptionError(`dataStream: type is '${String(type)}', expected 'u8' or 'f32'`);
  }
  if (!['i32', 'f32', 'u8'].includes(targetType)) {
    throw new OptionError(`dataStream: targetType is '${targetType}', expected 'i32', 'f32' or 'u8'`);
  }
  if (typeof examples !== 'function') {
    throw new OptionError(`dataStream: examples is ${typeof examples}, expected a function that returns an iterable`);
  }
  if (!Number.isFinite(scale) || scale === 0 || !Number.isFinite(offset)) {
    throw new OptionError(
      `dataStream: scale ${scale} and offset ${offset}, expected finite numbers and a scale other than 0`,
    );
  }
  const rest = { scale, offset, shuffleBuffer, partBytes };
  return Object.freeze({ size, shape, type, examples, targetShape, targetType, classes, ...rest });
}

/**
 * The same data set, brought to the device in parts of `partBytes` (16 MiB unless given), two of which lie there at a time, however
 * little the whole may need. A set of which an array exceeds the largest binding of the device is brought so anyway.
 */
export function streamed<D extends Dataset | NamedDataset>(
  data: D,
  options: { partBytes?: number } = {},
): D & { readonly streamed: number } {
  checkOptions('streamed', options, ['partBytes']);
  const { partBytes = usualPart } = options;
  checkPart('streamed', partBytes);
  return Object.freeze(Object.assign({}, data, { streamed: partBytes }));
}

/** Arrays of so many examples as a stream has them. */
export interface StreamRows {
  readonly x: Float32Array | Uint8Array;
  readonly y: Int32Array | Float32Array | Uint8Array;
}

export function emptyRows({ shape, type, targetShape, targetType }: DataStream, count: number): StreamRows {
  const Y = { i32: Int32Array, f32: Float32Array, u8: Uint8Array }[targetType];
  const X = type === 'u8' ? Uint8Array : Float32Array;
  return { x: new X(count * sizeOf(shape)), y: new Y(count * sizeOf(targetShape)) };
}

export interface StreamReader {
  /** Examples given so far. */
  readonly position: () => number;
  /** The next `count` examples. DataError where the iterator ends before them or gives what the stream has not. */
  read(count: number): Promise<StreamRows>;
  /** Lets the iterator clean up. */
  close(): Promise<void>;
}

const SHUFFLE = 0x5b0ff1e; // a stream of the generator, as in split.ts

/** One pass over a stream; `seed` is null where nothing is shuffled. */
export function openStream(stream: DataStream, epoch: number, seed: number | null): StreamReader {
  const { size, shape, targetShape } = stream;
  const [xLength, yLength] = [sizeOf(shape), sizeOf(targetShape)];
  let iterator: AsyncIterator<StreamItem> | Iterator<StreamItem> | null = null;
  let chunk: { x: StreamItem['x']; y: ArrayLike<number>; rows: number; at: number } | null = null;
  let pulled = 0;
  let given = 0;
  let pool: StreamRows | null = null;
  let pooled = 0;
  const words = new Uint32Array(4);

  async function pull(): Promise<NonNullable<typeof chunk>> {
    if (!iterator) {
      const items = stream.examples(epoch) as Partial<AsyncIterable<StreamItem> & Iterable<StreamItem>>;
      iterator = items[Symbol.asyncIterator]?.() ?? items[Symbol.iterator]?.() ?? null;
      if (!iterator) throw new OptionError('dataStream: examples returned no iterable, expected one of { x, y }');
    }
    const { done, value } = await iterator.next();
    if (done) throw new DataError(`dataStream: the examples ended after ${pulled} of ${size}`);
    const { x, y } = value;
    const targets = typeof y === 'number' ? [y] : y;
    const Type = stream.type === 'u8' ? Uint8Array : Float32Array;
    const rows = x.length / xLength;
    if (!(x instanceof Type) || !Number.isInteger(rows) || rows < 1 || targets?.length !== rows * yLength) {
      throw new DataError(
        `dataStream: after ${pulled} examples x has ${x?.length} numbers and y ${targets?.length}, expected a ${Type.name} of whole examples of ${format(shape)} and as many targets of ${format(targetShape)}`,
      );
    }
    return { x, y: targets, rows, at: 0 };
  }

  /** Copies examples from the iterator to place `to` on. */
  async function take(into: StreamRows, to: number, count: number): Promise<void> {
    for (let row = to; row < to + count;) {
      if (!chunk || chunk.at === chunk.rows) chunk = await pull();
      const { x, y, rows, at } = chunk;
      const some = Math.min(rows - at, to + count - row);
      into.x.set(x.subarray(at * xLength, (at + some) * xLength), row * xLength);
      for (let i = 0; i < some * yLength; i++) into.y[row * yLength + i] = y[at * yLength + i]!;
      chunk.at += some;
      pulled += some;
      row += some;
    }
  }

  function move(into: StreamRows, to: number, source: StreamRows, at: number): void {
    into.x.set(source.x.subarray(at * xLength, (at + 1) * xLength), to * xLength);
    into.y.set(source.y.subarray(at * yLength, (at + 1) * yLength), to * yLength);
  }

  async function shuffled(into: StreamRows, count: number, key: number): Promise<void> {
    if (!pool) {
      pooled = Math.min(stream.shuffleBuffer, size);
      pool = emptyRows(stream, pooled);
      await take(pool, 0, pooled);
    }
    for (let row = 0; row < count; row++) {
      if (row % 4 === 0) philoxInto(words, given + row, epoch, 0, 0, key, SHUFFLE);
      const chosen = Math.floor(words[row % 4]! * 2 ** -32 * pooled);
      move(into, row, pool, chosen);
      if (pulled < size) await take(pool, chosen, 1);
      else move(pool, chosen, pool, --pooled);
    }
  }

  return {
    position: () => given,
    async read(count) {
      const rows = emptyRows(stream, count);
      if (seed === null || stream.shuffleBuffer < 2) await take(rows, 0, count);
      else await shuffled(rows, count, seed);
      given += count;
      return rows;
    },
    async close() {
      await iterator?.return?.();
    },
  };
}
