// Callbacks that change how training goes on: a smaller learning rate on a plateau, an end at a loss that is no number.

import { checkNumber, checkOptions, checkTypes, OptionError } from '../core/errors.ts';
import type { Json } from '../nn/layer.ts';
import type { Callback } from './callbacks.ts';
import type { Model } from './model.ts';
import { monitorOf, type MonitorOptions } from './monitor.ts';

export interface PlateauOptions extends MonitorOptions {
  /** What the learning rate is multiplied by, above 0 and below 1; 0.1 unless given (Keras). */
  readonly factor?: number;
  /** Epochs without improvement after which it is; 10 unless given (Keras). */
  readonly patience?: number;
  /** An improvement must be larger than this; 1e-4 unless given (Keras). */
  readonly minDelta?: number;
  /** Epochs after a reduction that do not count (PyTorch); 0 unless given. */
  readonly cooldown?: number;
  /** The learning rate never falls below it; 0 unless given. */
  readonly minLearningRate?: number;
  /** Told of each new learning rate, from `epoch` + 1 on. */
  readonly onReduce?: (learningRate: number, epoch: number) => void;
}

/**
 * Multiplies the learning rate by `factor` when a metric has not improved for `patience` epochs. A schedule is replaced by
 * what it gave at that step. OptionError: an unknown option, or one out of range.
 */
export function reduceLROnPlateau(options: PlateauOptions = {}): Callback {
  const where = 'reduceLROnPlateau';
  const own = ['factor', 'patience', 'cooldown', 'minLearningRate', 'onReduce'];
  checkOptions(where, options, ['monitor', 'mode', 'minDelta', ...own]);
  const { factor = 0.1, patience = 10, cooldown = 0, minLearningRate = 0, minDelta = 1e-4, onReduce } = options;
  if (!(typeof factor === 'number' && factor > 0 && factor < 1))
    throw new OptionError(`${where}: factor is ${factor}, expected above 0 and below 1`);
  checkNumber(where, 'patience', patience, 0, Infinity);
  checkNumber(where, 'cooldown', cooldown, 0, Infinity);
  checkNumber(where, 'minLearningRate', minLearningRate);
  checkTypes(where, 'function', { onReduce });
  const monitor = monitorOf(where, { ...options, minDelta });
  let model: Model;
  let without = 0;
  let cooling = 0;
  return {
    onTrainBegin(info) {
      model = info.model;
      monitor.set(null);
      without = cooling = 0;
    },
    onEpochEnd(epoch, logs) {
      const better = monitor.improves(logs);
      if (better || cooling > 0) without = 0;
      else without++;
      if (cooling > 0) cooling--;
      if (without >= Math.max(1, patience)) {
        const { optimizer, learningRate, step } = model.optimizer!;
        const before = learningRate ?? optimizer.schedule(step);
        const after = Math.max(before * factor, minLearningRate);
        cooling = cooldown;
        without = 0;
        if (after >= before) return;
        model.setLearningRate(after);
        onReduce?.(after, epoch);
      }
    },
    state: {
      name: `reduceLROnPlateau ${monitor.name}`,
      save: () => ({ values: [monitor.best(), without, cooling] }),
      load({ values }) {
        const [best, counted, left] = values as readonly Json[];
        monitor.set(typeof best === 'number' ? best : null);
        without = Number(counted);
        cooling = Number(left);
      },
    },
  };
}

/** Ends training as stopped at the first loss or gradient that is NaN or infinite, where fit would reject. */
export function terminateOnNaN(): Callback {
  return { onNonFinite: (error) => error.message.replace(/^fit: /, '') };
}
