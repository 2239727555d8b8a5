// A callback that keeps the training in a store while it goes on, so that whatever ends it costs little.

import { checkOptions, checkTypes, OptionError } from '../core/errors.ts';
import type { Store } from '../io/store.ts';
import type { Callback, Logs } from './callbacks.ts';
import { saveModel } from './checkpoint.ts';
import type { Model } from './model.ts';
import { monitorOf, type MonitorOptions } from './monitor.ts';

export interface ModelCheckpointOptions extends MonitorOptions {
  /** `opfsStore('run')` or `indexedDbStore('run')` in a page, `memoryStore()`, or the caller's own. */
  readonly store: Store;
  /** Under which name; 'checkpoint' unless given. */
  readonly name?: string;
  /** 'epoch' unless given: after every epoch; a number: after so many steps of an epoch each. */
  readonly every?: 'epoch' | number;
  /** Keeps only epochs whose metric is the best so far; false unless given. */
  readonly saveBestOnly?: boolean;
  /**
   * Told of a write that failed, such as a StoreError where no space is left, after which training goes on and the file before
   * stands; without it, fit rejects with that error.
   */
  readonly onError?: (error: Error) => void;
}

/**
 * Writes `saveModel`'s file to a store as training goes on. To continue, after whatever ended it: `loadModel` of what
 * `store.read(name)` gives, `compile` as before, and `fit` as before with `resume: true`. OptionError: an unknown option, or
 * `saveBestOnly` with steps, which have no metrics.
 */
export function modelCheckpoint(options: ModelCheckpointOptions): Callback {
  const where = 'modelCheckpoint';
  const names = ['store', 'name', 'every', 'saveBestOnly', 'onError', 'monitor', 'mode', 'minDelta'];
  checkOptions(where, options, names);
  const { store, name = 'checkpoint', every = 'epoch', saveBestOnly = false, onError } = options;
  checkTypes(where, 'string', { name });
  checkTypes(where, 'boolean', { saveBestOnly });
  checkTypes(where, 'function', { onError });
  if (typeof store?.write !== 'function')
    throw new OptionError(`${where}: store is missing, expected one like memoryStore()`);
  if (every !== 'epoch' && !(Number.isInteger(every) && every >= 1)) {
    throw new OptionError(`${where}: every is ${String(every)}, expected 'epoch' or a number of steps`);
  }
  if (saveBestOnly && every !== 'epoch') {
    throw new OptionError(
      `${where}: saveBestOnly needs every: 'epoch', because steps have no '${options.monitor ?? 'val_loss'}'`,
    );
  }
  if (!saveBestOnly && (options.monitor ?? options.mode ?? options.minDelta) !== undefined) {
    throw new OptionError(`${where}: monitor, mode and minDelta need saveBestOnly: true`);
  }
  const monitor = monitorOf(where, options);
  let model: Model;

  async function save(): Promise<void> {
    try {
      await store.write(name, await saveModel(model));
    } catch (error) {
      // A device that is lost ends the training by itself.
      if (!onError) throw error;
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  return {
    onTrainBegin(info) {
      model = info.model;
      monitor.set(null);
    },
    ...(every === 'epoch'
      ? {
          async onEpochEnd(_: number, logs: Logs) {
            if (!saveBestOnly || monitor.improves(logs)) await save();
          },
        }
      : {
          async onStepEnd({ batch }: { readonly batch: number }) {
            if ((batch + 1) % every === 0) await save();
          },
        }),
    state: {
      name: `modelCheckpoint ${name}`,
      save: () => ({ values: monitor.best() }),
      load: ({ values }) => monitor.set(typeof values === 'number' ? values : null),
    },
  };
}
