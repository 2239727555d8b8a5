// One run of a study: trained and measured, and kept while it is under way, so that the next call goes on with the epoch
// that it was in.

import { NonFiniteError, OptionError } from '../../core/errors.ts';
import type { Callback, Logs } from '../callbacks.ts';
import { restoreModel, saveModel } from '../checkpoint.ts';
import type { Model } from '../model.ts';
import type { TrainingData } from '../targets.ts';
import type { StudyRecord } from './results.ts';
import type { StudyModel } from './study.ts';

/** Where the run's training is kept until it has ended. */
export interface RunSlot {
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
  remove(): Promise<void>;
}

export interface RunProgress {
  /** The first of a fit's callbacks. */
  readonly callback: Callback;
  /** Whole epochs, and seconds, of all the fits that the run took. */
  epochs(): number;
  seconds(): number;
}

/**
 * Writes the training to `slot` before every epoch but a fit's first, and where `signal` ended it. Not after an epoch, when
 * a callback may have ended training already, which what continues would not know.
 */
export function runProgress(
  slot: RunSlot | null,
  onEpoch: (epoch: number, logs: Logs) => void,
  signal: AbortSignal | undefined,
): RunProgress {
  const begun = performance.now();
  let secondsBefore = 0;
  let epochs = 0;
  let fresh = true;
  let model: Model;
  const seconds = () => secondsBefore + (performance.now() - begun) / 1000;
  const save = async () => slot?.write(await saveModel(model));
  const callback: Callback = {
    onTrainBegin(info) {
      model = info.model;
    },
    async onEpochBegin() {
      if (!fresh) await save();
      fresh = false;
    },
    onEpochEnd(epoch, logs) {
      epochs++;
      onEpoch(epoch, logs);
    },
    async onTrainEnd({ stopped }) {
      if (stopped === 'aborted' && signal?.aborted) await save();
    },
    state: {
      name: '$study',
      save: () => ({ values: [epochs, seconds()] }),
      load({ values }) {
        [epochs, secondsBefore] = values as [number, number];
      },
    },
  };
  return { callback, epochs: () => epochs, seconds };
}

type Trained = Pick<StudyRecord, 'epochs' | 'seconds' | 'metrics' | 'history'> & { readonly failed?: string };

/**
 * Compiles, trains and measures, from what `slot` holds where it holds something; null where it was aborted. What is no
 * number ends a run, and not the study.
 */
export async function trainOne(
  where: string,
  { model, compile, fit = {}, train, validation }: StudyModel,
  given: { readonly train: TrainingData; readonly validation: TrainingData | null },
  onEpoch: (epoch: number, epochs: number, logs: Logs) => void,
  signal: AbortSignal | undefined,
  slot: RunSlot | null,
): Promise<Trained | null> {
  for (const own of ['validation', 'signal']) {
    if (own in fit) throw new OptionError(`${where}: the setup's fit has '${own}', which the study gives`);
  }
  const held = validation ?? given.validation;
  const { initialEpoch, ...rest } = fit;
  const { epochs = 1, batchSize = 32, callbacks = [] } = rest;
  const saved = (await slot?.read()) ?? null;
  if (saved) restoreModel(model, saved);
  await model.compile(compile);
  const progress = runProgress(slot, (epoch, logs) => onEpoch(epoch, epochs, logs), signal);
  try {
    const { history } = await model.fit(train ?? given.train, {
      ...rest,
      ...(saved ? { resume: true } : initialEpoch === undefined ? {} : { initialEpoch }),
      ...(held ? { validation: held } : {}),
      ...(signal ? { signal } : {}),
      callbacks: [progress.callback, ...callbacks],
    });
    if (signal?.aborted) return null;
    const measured = held ? await model.evaluate(held, { batchSize }) : {};
    const last = Object.entries(history).filter(([key]) => !key.startsWith('val_'));
    const metrics = {
      ...Object.fromEntries(last.map(([key, values]) => [key, values.at(-1)!])),
      ...Object.fromEntries(Object.entries(measured).map(([key, value]) => [`val_${key}`, value])),
    };
    return { epochs: progress.epochs(), seconds: progress.seconds(), metrics, history };
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    const { history } = model;
    const failed = error.message;
    return { epochs: progress.epochs(), seconds: progress.seconds(), metrics: {}, history, failed };
  }
}
