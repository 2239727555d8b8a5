// What each step over a data set is given: a resident set once an epoch; of a larger one, part after part in a ring of device
// tensors, each part read while the one before it is trained on.

import { allocate, byteLength, type TypedArray } from '../core/dtype.ts';
import { sizeOf } from '../core/shape.ts';
import { shuffleOrder } from '../data/split.ts';
import type { Target } from '../kernel/target.ts';
import type { DeviceTensor } from '../plan/device.ts';
import type { Resident } from './residents.ts';
import type { Arrays, Targets } from './targets.ts';

export type StepInputs = Readonly<Record<string, TypedArray | DeviceTensor>>;

/** One pass over a data set. */
export interface Pass {
  /** The examples' numbers in the order of the pass. */
  readonly order: Uint32Array;
  /** From 0; what an iterator is told. */
  readonly epoch: number;
  /** Of an iterator's shuffle buffer; null where it is to give its own order. */
  readonly shuffleSeed: number | null;
  /** Other inputs of the pass. */
  readonly more?: StepInputs;
  /** Whether programs tell images apart by their numbers (augmentation). */
  readonly numbered?: boolean;
}

/** An epoch of training: `seed` and `epoch` decide its order and what is drawn for images. */
export function trainingPass(
  size: number,
  { shuffle, numbered, seed, epoch }: { shuffle: boolean; numbered: boolean; seed: number; epoch: number },
): Pass {
  return {
    order: shuffle ? shuffleOrder(size, seed, epoch) : Uint32Array.from({ length: size }, (_, i) => i),
    epoch,
    shuffleSeed: shuffle ? seed : null,
    numbered,
    ...(numbered ? { more: { augmentation: Uint32Array.of(seed, epoch, 0, 0) } } : {}),
  };
}

export interface Feed {
  /** What the step that begins at place `start` of the order must be given to `program`; places grow, by whole batches. */
  inputs(program: object, start: number): StepInputs | Promise<StepInputs>;
  /** To be called however the pass ends. */
  close(): Promise<void>;
}

/** Of a set that lies on the device as a whole. */
export function residentFeed(tensors: Resident, { order, more }: Pass): Feed {
  const begun = new Set<object>();
  return {
    inputs(program, start) {
      const cursor = Uint32Array.of(start);
      if (begun.has(program)) return { cursor };
      begun.add(program);
      return { cursor, order, ...more, ...tensors };
    },
    close: async () => {},
  };
}

/**
 * `data` with as many rows as the device is to hold at a time, for whole batches of this size: all of them, or where an array
 * exceeds what one binding may have, or the set is to be streamed, those of a part. `example` are the arrays of one example.
 */
export function placed(
  data: Arrays,
  batch: number,
  example: Readonly<Record<string, Targets>>,
  target: Target | null,
): Arrays {
  const sizes = Object.values(example).map(({ dtype, shape }) => byteLength(dtype, sizeOf(shape)));
  const { maxBufferSize = Infinity, maxStorageBufferBindingSize = Infinity } = target?.limits ?? {};
  const fits = Math.max(...sizes) * data.size <= Math.min(maxBufferSize, maxStorageBufferBindingSize);
  if (fits && data.streamed === undefined) return data;
  const { streamed = 16 * 2 ** 20 } = data;
  const bytes = sizes.reduce((sum, one) => sum + one, 0);
  const most = Math.ceil(data.size / batch);
  return { ...data, streamed, rows: batch * Math.min(most, Math.max(1, Math.floor(streamed / (batch * bytes)))) };
}

/** Parts on the device: one that steps read, and one that the next part is written to. */
export const ringLength = 2;

export interface StreamParts {
  readonly data: Arrays;
  readonly ring: readonly Resident[];
  /** By name, of `data.rows` examples each. */
  arraysOf(data: Arrays): Readonly<Record<string, Targets>>;
}

/** Of a set that comes in parts of `data.rows` examples: row r of a part is place part·rows + r of the order. */
export function streamFeed({ data, ring, arraysOf }: StreamParts, pass: Pass): Feed {
  const { size, rows, open } = data;
  const { order, more, numbered = false } = pass;
  const whole = arraysOf(data);
  const staged = Object.fromEntries(
    Object.entries(whole).map(([name, { dtype, shape }]) => [name, allocate(dtype, sizeOf(shape))]),
  );
  const reader = open?.(pass.epoch, pass.shuffleSeed);
  const places = Uint32Array.from({ length: size }, (_, place) => place % rows);
  // An iterator's examples have no numbers but their places.
  const ids: Record<string, Uint32Array> = numbered
    ? { ids: reader ? Uint32Array.from(order, (_, place) => place) : order }
    : {};
  let current = -1;
  let next: { part: number; read: Promise<void> } | null = null;
  let begun = new Set<object>();

  async function read(part: number): Promise<void> {
    await Promise.resolve(); // steps of the part before go first
    const first = part * rows;
    const count = Math.min(rows, size - first);
    if (reader) {
      // Training that goes on within an epoch passes over what it has seen.
      while (reader.position() < first) await reader.read(Math.min(rows, first - reader.position()));
      const found = arraysOf(await reader.read(count));
      for (const [name, { data: values }] of Object.entries(found)) staged[name]!.set(values);
      return;
    }
    for (const [name, { data: values, shape }] of Object.entries(whole)) {
      const length = sizeOf(shape) / rows;
      for (let row = 0; row < count; row++) {
        const at = order[first + row]! * length;
        staged[name]!.set(values.subarray(at, at + length), row * length);
      }
    }
  }

  function begin(part: number): Promise<void> {
    const started = read(part);
    started.catch(() => {}); // told where the part is wanted
    next = { part, read: started };
    return started;
  }

  async function load(part: number): Promise<void> {
    await (next?.part === part ? next.read : begin(part));
    for (const [name, tensor] of Object.entries(ring[part % ring.length]!)) tensor.write(staged[name]!);
    current = part;
    begun = new Set();
    if ((part + 1) * rows < size) void begin(part + 1);
  }

  function given(program: object, start: number): StepInputs {
    const cursor = Uint32Array.of(start);
    if (begun.has(program)) return { cursor };
    begun.add(program);
    return { cursor, order: places, ...ids, ...more, ...ring[current % ring.length]! };
  }

  return {
    inputs(program, start) {
      const part = Math.floor(start / rows);
      return part === current ? given(program, start) : load(part).then(() => given(program, start));
    },
    async close() {
      await next?.read.catch(() => {});
      await reader?.close();
    },
  };
}
