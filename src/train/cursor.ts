// Where in its data a training is, so that another fit can go on with the very next batch.

import type { TypedArray } from '../core/dtype.ts';
import { DataError, OptionError, StateError } from '../core/errors.ts';
import type { SavedTensor } from '../io/safetensors.ts';
import type { Json } from '../nn/layer.ts';
import type { Callback, CallbackState } from './callbacks.ts';
import type { Core, HostTensor } from './core.ts';
import { recordOf } from './from_topology.ts';

export interface Cursor {
  /** The epoch that is running, or the next one; from 0. */
  readonly epoch: number;
  /** Its batches that are done. */
  readonly batch: number;
  /** What the fit was given: one that continues must be given the same. */
  readonly batchSize: number;
  readonly samples: number;
  readonly shuffle: boolean;
  /** Batches that make an update. */
  readonly accumulation: number;
  /** Over the examples of the batches done: what the epoch's logs are the means of. */
  readonly sums: Readonly<Record<string, number>>;
  /** What metrics of the whole epoch have gathered on the device, by the tallies' keys. */
  readonly tallies: ReadonlyMap<string, TypedArray>;
  /** What callbacks keep, by their states' names. */
  readonly callbacks: ReadonlyMap<string, CallbackState>;
}

/** Runs `task`, which begins at once, between two steps of a training: the next one waits until it has ended. */
export function hold<T>(core: Core, task: () => Promise<T>): Promise<T> {
  const running = task();
  const settled = Promise.allSettled([running, core.held]);
  core.held = settled;
  void settled.then(() => {
    if (core.held === settled) core.held = null;
  });
  return running;
}

/** Resolves when nothing holds the training. */
export async function released(core: Core): Promise<void> {
  while (core.held) await core.held;
}

/**
 * Where a fit with `resume` begins; null where nothing was saved. OptionError: it was given something else than the fit
 * that it continues. StateError: what was saved is not of this optimizer.
 */
export function startOf(
  core: Core,
  given: Pick<Cursor, 'batchSize' | 'samples' | 'shuffle' | 'accumulation'>,
): Cursor | null {
  const { savedTraining, savedCursor } = core;
  if (savedTraining) {
    throw new StateError(
      `fit: resume: the training that was saved is of the optimizer '${savedTraining.optimizer}', ` +
        `but the model was compiled with '${core.compiled!.state.optimizer.name}'`,
    );
  }
  if (!savedCursor) return null;
  for (const name of ['batchSize', 'samples', 'shuffle', 'accumulation'] as const) {
    if (savedCursor[name] === given[name]) continue;
    throw new OptionError(`fit: resume: ${name} is ${given[name]}, but the training saved had ${savedCursor[name]}`);
  }
  return savedCursor;
}

/** What callbacks keep. OptionError: two of one name. */
export function statesOf(callbacks: readonly Callback[]): Map<string, CallbackState> {
  const states = callbacks.flatMap(({ state }) => state ?? []);
  states.forEach(({ name }, i) => {
    if (states.findIndex((other) => other.name === name) === i) return;
    throw new OptionError(`fit: two callbacks are '${name}', expected one of them`);
  });
  return new Map(states.map((state) => [state.name, state.save()]));
}

const TALLIES = 'metrics/';
const CALLBACKS = 'callbacks/';

/** As JSON, and the tensors that go beside it. */
export function saveCursor({ tallies, callbacks, ...rest }: Cursor): {
  json: Json;
  tensors: Record<string, SavedTensor>;
} {
  const tensors = [...tallies].map(([key, data]): [string, SavedTensor] => {
    const dtype = data instanceof Float32Array ? 'f32' : data instanceof Int32Array ? 'i32' : 'u32';
    return [TALLIES + key, { shape: [data.length], data, dtype }];
  });
  for (const [name, { weights }] of callbacks) {
    for (const [weight, { shape, data }] of weights ?? [])
      tensors.push([`${CALLBACKS}${name}/${weight}`, { shape, data, dtype: 'f32' }]);
  }
  const kept = [...callbacks].map(([name, { values }]) => [name, values]);
  const json: Json = { ...rest, sums: { ...rest.sums }, callbacks: Object.fromEntries(kept) as Json };
  return { json, tensors: Object.fromEntries(tensors) };
}

/** What `saveCursor` gave, checked. */
export function loadCursor(json: Json, tensors: Readonly<Record<string, SavedTensor>>): Cursor {
  const { epoch, batch, batchSize, samples, shuffle, accumulation, sums, callbacks } = recordOf('cursor', json);
  const counts = [epoch, batch, batchSize, samples, accumulation];
  const values = Object.entries(recordOf('cursor: sums', sums));
  if (
    !counts.every((count) => Number.isSafeInteger(count) && (count as number) >= 0) ||
    typeof shuffle !== 'boolean' ||
    !values.every(([, sum]) => typeof sum === 'number')
  ) {
    throw new DataError('loadModel: the cursor into the data is incomplete');
  }
  const [e, b, size, n, k] = counts as [number, number, number, number, number];
  const under = (prefix: string) =>
    Object.entries(tensors).flatMap(([key, tensor]): [string, SavedTensor][] =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), tensor]] : [],
    );
  const states = Object.entries(recordOf('callbacks', callbacks)).map(([name, values]): [string, CallbackState] => {
    const weights = under(`${CALLBACKS}${name}/`).map(([weight, { shape, data }]): [string, HostTensor] => {
      if (data instanceof Float32Array) return [weight, { shape, data }];
      throw new DataError(`loadModel: '${CALLBACKS}${name}/${weight}' is no f32`);
    });
    return [name, { values, ...(weights.length > 0 ? { weights: new Map(weights) } : {}) }];
  });
  return {
    epoch: e,
    batch: b,
    batchSize: size,
    samples: n,
    shuffle,
    accumulation: k,
    sums: Object.fromEntries(values) as Record<string, number>,
    tallies: new Map(under(TALLIES).map(([key, { data }]) => [key, data])),
    callbacks: new Map(states),
  };
}

/** Tensors of a file that belong to a cursor. */
export const isOfCursor = (name: string): boolean => name.startsWith(TALLIES) || name.startsWith(CALLBACKS);
