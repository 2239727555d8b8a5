// Callbacks: partial records of hooks that fit calls, and the ones that are shipped.

import { checkOptions, OptionError, suggestion } from '../core/errors.ts';
import type { HostTensor } from './core.ts';
import type { Model } from './model.ts';

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
  onBatchEnd?(batch: number, logs: BatchLogs): void | Promise<void>;
}

export interface EarlyStoppingOptions {
  /** A history key; 'val_loss' unless given. */
  readonly monitor?: string;
  /** Epochs without improvement that are borne; 0 unless given (Keras). */
  readonly patience?: number;
  /** An improvement must be larger than this; 0 unless given. */
  readonly minDelta?: number;
  /** 'auto' unless given: the larger the better for accuracy, the smaller for all else. */
  readonly mode?: 'auto' | 'min' | 'max';
  /** true unless given: the best epoch's weights are put back however training ended. */
  readonly restoreBestWeights?: boolean;
}

/** Stops when a metric no longer improves. OptionError: an unknown option, or a metric that is not in the logs. */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  checkOptions('earlyStopping', options, ['monitor', 'patience', 'minDelta', 'mode', 'restoreBestWeights']);
  const { monitor = 'val_loss', patience = 0, minDelta = 0, mode = 'auto', restoreBestWeights = true } = options;
  if (!['auto', 'min', 'max'].includes(mode)) {
    throw new OptionError(`earlyStopping: mode is '${mode}', expected 'auto', 'min' or 'max'`);
  }
  if (!(patience >= 0) || !(minDelta >= 0)) {
    throw new OptionError(`earlyStopping: patience is ${patience} and minDelta ${minDelta}, expected at least 0`);
  }
  const sign = mode === 'max' || (mode === 'auto' && monitor.endsWith('accuracy')) ? 1 : -1;
  let model: Model;
  let best = -Infinity;
  let bestEpoch = 0;
  let without = 0;
  let bestWeights: ReadonlyMap<string, HostTensor> | null = null;
  return {
    onTrainBegin(info) {
      model = info.model;
      best = -Infinity;
      without = 0;
      bestWeights = null;
    },
    async onEpochEnd(epoch, logs) {
      const value = monitored('earlyStopping', monitor, logs);
      if (sign * value - best > minDelta) {
        best = sign * value;
        bestEpoch = epoch;
        without = 0;
        if (restoreBestWeights) bestWeights = await model.getWeights();
        return;
      }
      without++;
      if (without < Math.max(1, patience)) return;
      const by = minDelta > 0 ? ` by ${minDelta}` : '';
      const restored = bestWeights
        ? `; weights of epoch ${bestEpoch + 1} restored (${monitor} ${Number((sign * best).toPrecision(4))})`
        : '';
      model.stopTraining(`${monitor} has not improved${by} for ${without} epoch${without === 1 ? '' : 's'}${restored}`);
    },
    onTrainEnd() {
      if (bestWeights) model.setWeights(bestWeights);
    },
  };
}

function monitored(where: string, monitor: string, logs: Logs): number {
  const value = logs[monitor];
  if (value !== undefined) return value;
  const known = Object.keys(logs);
  const hint =
    monitor.startsWith('val_') && !known.some((key) => key.startsWith('val_')) ? '; fit was given no validation' : '';
  throw new OptionError(
    `${where}: no metric '${monitor}'${suggestion(monitor, known)}; known: ${known.join(', ')}${hint}`,
  );
}

/**
 * One line of text for each epoch, after a header: `epoch,loss,accuracy,…`, epochs counted from 0 (Keras). `write` is
 * given each line with its line feed.
 */
export function csvLogger(options: { readonly write: (line: string) => void | Promise<void> }): Callback {
  checkOptions('csvLogger', options, ['write']);
  let keys: string[] | null = null;
  return {
    onTrainBegin() {
      keys = null;
    },
    async onEpochEnd(epoch, logs) {
      if (!keys) {
        keys = Object.keys(logs);
        await options.write(`${['epoch', ...keys].join(',')}\n`);
      }
      await options.write(`${[epoch, ...keys.map((key) => logs[key] ?? '')].join(',')}\n`);
    },
  };
}
