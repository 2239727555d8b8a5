// The learning-rate finder: a short training whose rate rises with every step, and where its loss fell fastest.

import { NonFiniteError, OptionError } from '../../core/errors.ts';
import { checkWord } from '../../core/random.ts';
import type { Dataset } from '../../data/dataset.ts';
import { resolveOptimizer } from '../../nn/optimizers.ts';
import type { Callback, Logs } from '../callbacks.ts';
import { restoreModel } from '../checkpoint.ts';
import { isDataset } from '../targets.ts';
import { fingerprint, openKept } from './kept.ts';
import { runProgress } from './run.ts';
import { checkStudy, type StudyData, type StudyModel, type StudyOptions } from './study.ts';

export interface LearningRateFinderOptions extends Pick<
  StudyOptions,
  'name' | 'store' | 'config' | 'seed' | 'onProgress' | 'signal'
> {
  /** The first step's rate; 1e-6 unless given. */
  readonly from?: number;
  /** The last step's rate; 1 unless given. */
  readonly to?: number;
  /** 100 unless given. */
  readonly steps?: number;
  /** How much of the mean of losses a step keeps; 0.9 unless given. */
  readonly smoothing?: number;
  /** Ends once the mean is so many times its least; 4 unless given. */
  readonly stopFactor?: number;
}

export interface LearningRates {
  /** Of each step that was done. */
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  /** The decaying mean of the losses, without its bias towards 0. */
  readonly smoothed: readonly number[];
  /** Where the mean falls fastest per decade, before its least value; null where it never falls. */
  readonly suggestion: number | null;
  /** Where the mean is least. A tenth of it is another rule of thumb. */
  readonly minimum: number | null;
  /** Why it ended before its last step. */
  readonly stopped?: string;
}

/**
 * Trains `setup`'s model for `steps` steps whose learning rate rises by one factor from `from` to `to` (Smith 2017; the
 * smoothed loss and the rule to stop are fastai's). The optimizer is the setup's with another schedule; its `fit` gives
 * the batch size. With a store a finder that has ended is not run again, and one that was cut short goes on with the epoch
 * that it was in, or with the next step where `signal` ended it.
 */
export async function learningRateFinder<D extends StudyData = Dataset>(
  setup: (run: { readonly seed: number; readonly train: D }) => StudyModel | Promise<StudyModel>,
  data: D,
  options: LearningRateFinderOptions = {},
): Promise<LearningRates> {
  checkFinder(options);
  const { name = 'learningRateFinder', store, config = null, seed = 0, onProgress, signal } = options;
  const { from = 1e-6, to = 1, steps = 100, smoothing = 0.9, stopFactor = 4 } = options;
  const plan = { study: 'learningRateFinder', config, seed, from, to, steps, smoothing, stopFactor };
  const kept = await openKept('learningRateFinder', store, name, { ...plan, data: store ? fingerprint(data) : null });
  const found = await kept.read<LearningRates>('result');
  if (found) return found;

  const { model, compile, fit = {}, train = data } = await setup({ seed, train: data });
  const schedule = (step: number): number => from * (to / from) ** (Math.min(step, steps - 1) / Math.max(1, steps - 1));
  const optimizer = { ...resolveOptimizer('learningRateFinder', compile.optimizer), schedule };
  const losses: number[] = [];
  const smoothed: number[] = [];
  let least = Infinity;
  let mean = 0;
  let stopped: string | undefined;
  function add(loss: number): void {
    losses.push(loss);
    mean = smoothing * mean + (1 - smoothing) * loss;
    const value = mean / (1 - smoothing ** losses.length);
    smoothed.push(value);
    least = Math.min(least, value);
    if (losses.length > steps / 10 && value > stopFactor * least)
      stopped = `the loss is over ${stopFactor} times its least`;
  }
  const watch: Callback = {
    onBatchEnd(_, { loss }) {
      // Steps that were under way when training was asked to stop.
      if (losses.length === steps || stopped !== undefined) return;
      add(loss);
      if (stopped !== undefined || losses.length === steps) model.stopTraining('the finder has ended');
    },
    state: {
      name: '$finder',
      save: () => ({ values: losses }),
      load: ({ values }) => (values as number[]).forEach(add),
    },
  };
  const size = isDataset(train) ? train.size : data.size;
  const epochs = Math.ceil(steps / Math.ceil(size / Math.min(fit.batchSize ?? 32, size)));
  const slot = kept.slot('finder', {});
  const onEpoch = (epoch: number, logs: Logs) => onProgress?.({ type: 'epoch', key: 'finder', epoch, epochs, logs });
  try {
    const saved = (await slot?.read()) ?? null;
    if (saved) restoreModel(model, saved);
    await model.compile({ ...compile, optimizer });
    await model.fit(train, {
      ...fit,
      epochs,
      ...(saved ? { resume: true } : {}),
      ...(signal ? { signal } : {}),
      callbacks: [runProgress(slot, onEpoch, signal).callback, ...(fit.callbacks ?? []), watch],
    });
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    stopped ??= error.message;
  } finally {
    model.dispose();
  }
  if (signal?.aborted) stopped = 'aborted';
  const rates = losses.map((_, step) => schedule(step));
  const result: LearningRates = { rates, losses, smoothed, ...pick(rates, smoothed), ...(stopped ? { stopped } : {}) };
  if (stopped !== 'aborted') {
    await kept.write('result', result);
    await slot?.remove();
  }
  return result;
}

/** Where the smoothed loss is least, and where before that its slope against log(rate), over two steps, is. */
export function pick(
  rates: readonly number[],
  smoothed: readonly number[],
): Pick<LearningRates, 'suggestion' | 'minimum'> {
  let at = -1;
  smoothed.forEach((value, i) => {
    if (Number.isFinite(value) && !(value >= smoothed[at]!)) at = i;
  });
  let steepest = 0;
  let suggestion: number | null = null;
  for (let i = 1; i < at; i++) {
    const slope = (smoothed[i + 1]! - smoothed[i - 1]!) / Math.log(rates[i + 1]! / rates[i - 1]!);
    if (slope < steepest) [steepest, suggestion] = [slope, rates[i]!];
  }
  return { suggestion, minimum: rates[at] ?? null };
}

function checkFinder(options: LearningRateFinderOptions): void {
  const where = 'learningRateFinder';
  checkStudy(where, options, ['from', 'to', 'steps', 'smoothing', 'stopFactor']);
  for (const unused of ['repeats', 'monitor', 'mode']) {
    if (unused in options)
      throw new OptionError(`${where}: unknown option '${unused}'; it trains once and compares nothing`);
  }
  const { from = 1e-6, to = 1, steps = 100, smoothing = 0.9, stopFactor = 4, seed = 0 } = options;
  checkWord(where, 'seed', seed);
  if (!(from > 0 && from < to && to < Infinity)) {
    throw new OptionError(`${where}: from ${from} to ${to}, expected two numbers above 0, the smaller first`);
  }
  if (!Number.isInteger(steps) || steps < 10) {
    throw new OptionError(`${where}: steps is ${steps}, expected a whole number of at least 10`);
  }
  if (!(smoothing >= 0 && smoothing < 1) || !(stopFactor > 1)) {
    throw new OptionError(
      `${where}: smoothing is ${smoothing} and stopFactor ${stopFactor}, expected at least 0 and below 1, and above 1`,
    );
  }
}
