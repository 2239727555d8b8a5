// The page's half of a worker's fit: its callbacks, schedules and abort signal.

import { NonFiniteError, OptionError, StateError } from '../../core/errors.ts';
import type { OptimizerState } from '../../nn/optimizer_state.ts';
import type { BatchLogs, Callback, CallbackState, FitParams, Logs } from '../callbacks.ts';
import { statesOf } from '../cursor.ts';
import type { FitOptions, FitResult } from '../fit.ts';
import type { Model } from '../model.ts';
import type { TrainingData } from '../targets.ts';
import type { TrainingState } from '../training_state.ts';
import type { Line } from './line.ts';
import {
  receivedError,
  type HookName,
  type Mirror,
  type Response,
  type SentError,
  type SentTransform,
} from './messages.ts';

interface Running {
  readonly model: Model<unknown>;
  readonly callbacks: readonly Callback[];
  readonly resume: boolean;
  /** The first that a callback threw, itself. */
  failure: Error | null;
  stopped: string | undefined;
  params: FitParams | null;
  epochs: number;
}

/** Asked for always: they bring what fit's result says when training failed. */
const always: readonly HookName[] = ['onTrainBegin', 'onTrainEnd', 'onEpochEnd'];
const asWanted: readonly HookName[] = ['onEpochBegin', 'onBatchBegin', 'onBatchEnd', 'onStepEnd'];

export function createFits(
  call: Line['call'],
  tell: Line['tell'],
  latest: () => Mirror,
  state: () => OptimizerState | null,
) {
  let running: Running | null = null;
  let queue: Promise<unknown> = Promise.resolve();
  /** Of the fit before, or of a file: what one with `resume` begins with. */
  let saved: ReadonlyMap<string, CallbackState> = new Map();

  async function handle(now: Running, name: string, given: readonly unknown[]): Promise<void> {
    const { callbacks } = now;
    if (now.failure && name !== 'onTrainEnd') throw now.failure;
    if (name === 'onTrainBegin') {
      const info = given[0] as Parameters<NonNullable<Callback['onTrainBegin']>>[0];
      now.params = info.params;
      for (const callback of callbacks) await callback.onTrainBegin?.({ ...info, model: now.model as Model });
      for (const { state: own } of now.resume ? callbacks : []) {
        const found = own && saved.get(own.name);
        if (found) own.load(found);
      }
    } else if (name === 'onEpochBegin') {
      for (const callback of callbacks) await callback.onEpochBegin?.(given[0] as number);
    } else if (name === 'onEpochEnd') {
      now.epochs++;
      for (const callback of callbacks) await callback.onEpochEnd?.(given[0] as number, given[1] as Logs);
    } else if (name === 'onBatchBegin') {
      for (const callback of callbacks) await callback.onBatchBegin?.(given[0] as number);
    } else if (name === 'onStepEnd') {
      for (const callback of callbacks) {
        await callback.onStepEnd?.(given[0] as Parameters<NonNullable<Callback['onStepEnd']>>[0]);
      }
    } else {
      await ended(now, given[0] as { readonly stopped?: string; readonly error?: SentError });
    }
  }

  async function ended(now: Running, told: { readonly stopped?: string; readonly error?: SentError }): Promise<void> {
    const { callbacks } = now;
    let error = now.failure ?? (told.error && receivedError(told.error));
    if (error instanceof NonFiniteError) {
      for (const callback of callbacks) now.stopped ??= callback.onNonFinite?.(error) ?? undefined;
      if (now.stopped !== undefined) error = undefined;
    }
    const stopped = now.stopped ?? told.stopped;
    const end = {
      model: now.model as Model,
      ...(stopped === undefined ? {} : { stopped }),
      ...(error ? { error } : {}),
    };
    for (const callback of callbacks) {
      try {
        await callback.onTrainEnd?.(end);
      } catch (caught) {
        now.failure ??= caught as Error; // the first failure is the cause
      }
    }
  }

  return {
    running: () => running !== null,

    async fit(model: Model<unknown>, data: TrainingData, options: FitOptions): Promise<FitResult> {
      if (running) throw new StateError('fit: this model is being trained already; await that fit first');
      const { callbacks = [], signal, augment, resume = false, ...rest } = options;
      const hooks = [...always, ...asWanted.filter((name) => callbacks.some((callback) => callback[name]))];
      const sent = augment === undefined ? {} : { augment: sentAugment(augment) };
      const now: Running = { model, callbacks, resume, failure: null, stopped: undefined, params: null, epochs: 0 };
      running = now;
      const abort = (): void => {
        tell('stopTraining', 'aborted');
      };
      try {
        const result = call('fit', data, { ...rest, ...sent, resume, hooks });
        signal?.addEventListener('abort', abort);
        if (signal?.aborted) abort();
        const done = (await result) as FitResult;
        if (now.failure) throw now.failure;
        return done;
      } catch (error) {
        if (now.failure) throw now.failure;
        if (now.stopped === undefined || !now.params) throw error;
        return { history: latest().history ?? {}, epochs: now.epochs, stopped: now.stopped, params: now.params };
      } finally {
        signal?.removeEventListener('abort', abort);
        running = null;
        saved = statesOf(callbacks);
      }
    },

    /** A hook of the worker's fit, after all that was told before it. */
    asked(name: string, given: readonly unknown[]): Promise<unknown> {
      if (name === 'rates') {
        const [first, count] = given as [number, number];
        const { schedule } = state()!.optimizer;
        return Promise.resolve(Float64Array.from({ length: Math.max(1, count) }, (_, i) => schedule(first + i)));
      }
      const now = running;
      const result = queue.then(() => (now ? handle(now, name, given) : undefined));
      queue = result.catch((error: unknown) => {
        if (now) now.failure ??= error as Error;
      });
      return result;
    },

    batches(logs: Extract<Response, { kind: 'batches' }>['logs']): void {
      const now = running;
      queue = queue.then(async () => {
        if (!now || now.failure) return;
        try {
          for (const [batch, values] of logs) {
            for (const callback of now.callbacks) await callback.onBatchEnd?.(batch, values as BatchLogs);
          }
        } catch (error) {
          now.failure = error as Error;
          tell('fail', now.failure.message);
        }
      });
    },

    /** The training as saved, with what the page's callbacks keep. */
    withCallbacks(training: TrainingState | null): TrainingState | null {
      if (!training?.cursor) return training;
      return { ...training, cursor: { ...training.cursor, callbacks: running ? statesOf(running.callbacks) : saved } };
    },

    restore(training: TrainingState | null): void {
      saved = training?.cursor?.callbacks ?? new Map();
    },
  };
}

/** Transformations by their names and options, which is all that crosses. */
function sentAugment(augment: NonNullable<FitOptions['augment']>): unknown {
  if (Array.isArray(augment)) {
    return augment.map(({ name, ...given }: { readonly name: string }): SentTransform => {
      const known = Object.entries(given).filter(([key, value]) => key !== 'colour' && typeof value !== 'function');
      return { transform: name, options: Object.fromEntries(known) };
    });
  }
  if ('apply' in augment) {
    throw new OptionError(
      'fit: augment is an augmentation, which cannot cross to a worker; give its list of transformations',
    );
  }
  return Object.fromEntries(
    Object.entries(augment).map(([name, list]) => [name, sentAugment(list as NonNullable<FitOptions['augment']>)]),
  );
}
