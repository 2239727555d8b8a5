// A callback that tells the command line, a worker or a page how training goes: as records, and as the terminal's lines.

import { checkNumber, checkOptions, checkTypes } from '../core/errors.ts';
import type { Callback, FitParams } from './callbacks.ts';
import {
  compiledLine,
  epochLine,
  liveLine,
  redrawSeconds,
  type EpochState,
  type LiveState,
  type Metrics,
} from './terminal.ts';

export type ProgressEvent =
  | { readonly type: 'start'; readonly params: FitParams; readonly pipelines: number; readonly seconds: number }
  /** The running epoch; metrics are means over its batches so far. */
  | ({ readonly type: 'step' } & LiveState)
  | ({ readonly type: 'epoch' } & EpochState)
  | { readonly type: 'end'; readonly stopped?: string; readonly error?: string };

export interface ProgressOptions {
  readonly onEvent?: (event: ProgressEvent) => void;
  /** `live` lines replace one another; the others stay. */
  readonly onLine?: (line: string, live: boolean) => void;
  /** Of live lines, in columns; 80 unless given. */
  readonly width?: number;
  /** Only ASCII characters; false unless given. */
  readonly ascii?: boolean;
  /** What a sample is called: 'img' unless given. */
  readonly unit?: string;
  /** The key whose best epoch is marked; 'val_loss' where there is one, else 'loss'. */
  readonly monitor?: string;
  /** Steps are told no more often than this many seconds apart; 0.1 unless given. */
  readonly every?: number;
}

/** Tells of steps at most ten times a second, of every epoch, and of the end. OptionError: an unknown option. */
export function progress(options: ProgressOptions): Callback {
  checkOptions('progress', options, ['onEvent', 'onLine', 'width', 'ascii', 'unit', 'monitor', 'every']);
  const { onEvent, onLine, width = 80, ascii = false, unit = 'img', every = redrawSeconds } = options;
  checkTypes('progress', 'function', { onEvent, onLine });
  checkTypes('progress', 'string', { unit, monitor: options.monitor });
  checkTypes('progress', 'boolean', { ascii });
  checkNumber('progress', 'width', width, 1, Infinity);
  checkNumber('progress', 'every', every);
  let params: FitParams;
  let current = 0;
  let begun = 0;
  let latest = 0;
  let told = 0;
  let sums: Record<string, number> = {};
  let best = Infinity;
  const seconds = () => performance.now() / 1000;

  return {
    onTrainBegin(info) {
      params = info.params;
      best = Infinity;
      onEvent?.({ type: 'start', params, ...info.compiled });
      if (info.compiled.pipelines > 0) onLine?.(compiledLine(info.compiled), false);
    },
    onEpochBegin(epoch) {
      current = epoch;
      begun = latest = seconds();
      sums = {};
    },
    onBatchEnd(batch, logs) {
      latest = seconds();
      const size = Math.min(params.batchSize, params.samples - batch * params.batchSize);
      for (const [name, value] of Object.entries(logs)) sums[name] = (sums[name] ?? 0) + value * size;
      if (latest - told < every) return;
      told = latest;
      const step = batch + 1;
      const examples = Math.min(step * params.batchSize, params.samples);
      const metrics = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / examples]));
      const { epochs, steps } = params;
      const state: LiveState = { epoch: current + 1, epochs, step, steps, seconds: latest - begun, metrics };
      onEvent?.({ type: 'step', ...state });
      onLine?.(liveLine(state, width, { ascii }), true);
    },
    onEpochEnd(epoch, logs) {
      const trained = Math.max(1e-9, latest - begun);
      const state: EpochState = {
        epoch: epoch + 1,
        epochs: params.epochs,
        seconds: trained,
        samplesPerSecond: params.samples / trained,
        unit,
        metrics: logs,
        best: isBest(logs),
      };
      onEvent?.({ type: 'epoch', ...state });
      onLine?.(epochLine(state), false);
    },
    onTrainEnd({ stopped, error }) {
      const failed = error === undefined ? {} : { error: error.message };
      onEvent?.({ type: 'end', ...(stopped === undefined ? {} : { stopped }), ...failed });
    },
  };

  function isBest(logs: Metrics): boolean {
    const monitor = options.monitor ?? ('val_loss' in logs ? 'val_loss' : 'loss');
    const value = (logs[monitor] ?? Infinity) * (monitor.endsWith('accuracy') ? -1 : 1);
    if (!(value < best)) return false;
    best = value;
    return true;
  }
}
