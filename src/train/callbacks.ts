// Callbacks: partial records of hooks that fit calls, and the ones that are shipped.

import { checkNumber, checkOptions, checkTypes, type NonFiniteError, OptionError } from '../core/errors.ts';
import type { Json } from '../nn/layer.ts';
import type { HostTensor } from './core.ts';
import type { Model } from './model.ts';
import { monitorOf, type MonitorOptions } from './monitor.ts';

/**
 * Metrics by history key: `loss`, `accuracy`, `val_loss`, `val_accuracy`; in mixed precision also `lossScale` and
 * `skippedSteps`, as they are after the last step.
 */
export type Logs = Readonly<Record<string, number>>;

/** What a fit was asked to do. */
export interface FitParams {
  /** The last epoch, not included: a fit runs epochs initialEpoch to epochs − 1. */
  readonly epochs: number;
  readonly initialEpoch: number;
  readonly batchSize: number;
  /** Updates in one epoch: ⌈samples / batchSize⌉. */
  readonly steps: number;
  readonly samples: number;
}

export interface BatchLogs extends Logs {
  /** Of this batch: its mean loss and metrics. */
  readonly loss: number;
}

/**
 * Hooks may be asynchronous; fit awaits them. Epochs and batches count from 0. Losses stay on the device until several
 * steps of them are read at once, so `onBatchEnd` comes in order but some steps late.
 */
export interface Callback {
  /** `compiled` says what was made for this fit before its clocks began. */
  onTrainBegin?(info: {
    readonly model: Model;
    readonly params: FitParams;
    readonly compiled: { readonly pipelines: number; readonly seconds: number };
  }): void | Promise<void>;
  /** However training ended: `error` is there when it failed, `stopped` when it was asked to stop. */
  onTrainEnd?(end: { readonly model: Model; readonly stopped?: string; readonly error?: Error }): void | Promise<void>;
  onEpochBegin?(epoch: number): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs): void | Promise<void>;
  /** Before each step is queued: what is set here, `setScalars` or `stopTraining`, is of that step. */
  onBatchBegin?(batch: number): void | Promise<void>;
  onBatchEnd?(batch: number, logs: BatchLogs): void | Promise<void>;
  /**
   * After each step was queued and before the next one is: what is read of the model here is what this step left. Its loss
   * may not have arrived. `step` counts the optimizer's steps from 0, over all fits.
   */
  onStepEnd?(at: { readonly epoch: number; readonly batch: number; readonly step: number }): void | Promise<void>;
  /** Of a loss or gradient that is NaN or infinite: a reason, given, ends training as `stopped`, and fit does not reject. */
  onNonFinite?(error: NonFiniteError): string | null;
  /** What a training that continues must know of it, for callbacks that count or compare. */
  readonly state?: {
    /** Unique among a fit's callbacks: what is saved is found by it. */
    readonly name: string;
    save(): CallbackState;
    /** Called after `onTrainBegin` with what `save` gave. */
    load(state: CallbackState): void;
  };
}

export interface CallbackState {
  readonly values: Json;
  readonly weights?: ReadonlyMap<string, HostTensor>;
}

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement that are borne; 0 unless given (Keras). */
  readonly patience?: number;
  /** true unless given: the best epoch's weights are put back however training ended. */
  readonly restoreBestWeights?: boolean;
}

/** Stops when a metric no longer improves. OptionError: an unknown option, or a metric that is not in the logs. */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  checkOptions('earlyStopping', options, ['monitor', 'patience', 'minDelta', 'mode', 'restoreBestWeights']);
  const { patience = 0, minDelta = 0, restoreBestWeights = true } = options;
  checkNumber('earlyStopping', 'patience', patience, 0, Infinity);
  checkTypes('earlyStopping', 'boolean', { restoreBestWeights });
  const monitor = monitorOf('earlyStopping', options);
  let model: Model;
  let bestEpoch = 0;
  let without = 0;
  let bestWeights: ReadonlyMap<string, HostTensor> | null = null;
  return {
    onTrainBegin(info) {
      model = info.model;
      monitor.set(null);
      without = 0;
      bestWeights = null;
    },
    async onEpochEnd(epoch, logs) {
      if (monitor.improves(logs)) {
        bestEpoch = epoch;
        without = 0;
        if (restoreBestWeights) bestWeights = await model.getWeights();
        return;
      }
      without++;
      if (without < Math.max(1, patience)) return;
      const by = minDelta > 0 ? ` by ${minDelta}` : '';
      const restored = bestWeights
        ? `; weights of epoch ${bestEpoch + 1} restored (${monitor.name} ${Number(monitor.best()!.toPrecision(4))})`
        : '';
      model.stopTraining(
        `${monitor.name} has not improved${by} for ${without} epoch${without === 1 ? '' : 's'}${restored}`,
      );
    },
    onTrainEnd() {
      if (bestWeights) model.setWeights(bestWeights);
    },
    state: {
      name: `earlyStopping ${monitor.name}`,
      save: () => ({ values: [monitor.best(), bestEpoch, without], ...(bestWeights ? { weights: bestWeights } : {}) }),
      load({ values, weights }) {
        const [best, epoch, counted] = values as readonly Json[];
        monitor.set(typeof best === 'number' ? best : null);
        bestEpoch = Number(epoch);
        without = Number(counted);
        bestWeights = weights ?? null;
      },
    },
  };
}

export interface CsvLoggerOptions {
  /** Given each line with its line feed. */
  readonly write: (line: string) => void | Promise<void>;
  /** Whether the lines follow those of an earlier fit, so that there is no header; false unless given. */
  readonly append?: boolean;
}

/** One line of text for each epoch, after a header: `epoch,loss,accuracy,…`, epochs counted from 0 (Keras). */
export function csvLogger(options: CsvLoggerOptions): Callback {
  checkOptions('csvLogger', options, ['write', 'append']);
  const { write, append = false } = options;
  if (write === undefined) throw new OptionError('csvLogger: write is missing, expected a function that takes a line');
  checkTypes('csvLogger', 'function', { write });
  checkTypes('csvLogger', 'boolean', { append });
  let keys: string[] | null = null;
  return {
    onTrainBegin() {
      keys = null;
    },
    async onEpochEnd(epoch, logs) {
      if (!keys) {
        keys = Object.keys(logs);
        if (!append) await write(`${['epoch', ...keys].join(',')}\n`);
      }
      await write(`${[epoch, ...keys.map((key) => logs[key] ?? '')].join(',')}\n`);
    },
  };
}
