// The training loop: submits steps without waiting for their results, and makes epochs, history and errors of what arrives.

import { checkOptions, NonFiniteError, OptionError, StateError } from '../core/errors.ts';
import { shuffleOrder } from '../data/split.ts';
import { NO_BAD_INDEX } from '../nn/optimizer_state.ts';
import { parameterAt } from '../nn/parameters.ts';
import { type AugmentOption, resolveAugment } from './augment_option.ts';
import { submit, type BatchProgram } from './batches.ts';
import { orderedBatchHooks } from './batch_hooks.ts';
import type { BatchLogs, Callback, FitParams, Logs } from './callbacks.ts';
import { compiledOf, networkOf, nextTurn, checkAlive, together, type Core } from './core.ts';
import { measure, programsFor } from './evaluate.ts';
import type { Model } from './model.ts';
import { FIRST_BAD, LOSS_SCALE, SKIPPED_STEPS } from './program.ts';
import { resolveData, type TrainingData } from './targets.ts';
import type { Weighting } from './weights.ts';

export interface FitOptions extends Weighting {
  /** Passes over the data; 1 unless given (Keras). */
  readonly epochs?: number;
  /** 32 unless given (Keras). The last batch of an epoch has the rest. */
  readonly batchSize?: number;
  /** Measured after each epoch, without training on it. */
  readonly validation?: TrainingData;
  /** A new order of the examples for each epoch, from the seed; true unless given. */
  readonly shuffle?: boolean;
  /**
   * Done to the images of every training batch as it is put together, anew in each epoch: `[rotation({ degrees: 15 }), flip()]`,
   * or `augmentation([...], options)`; by input name where a model has several. Targets stay as they are, and so do
   * the images that are validated on.
   */
  readonly augment?: AugmentOption;
  readonly callbacks?: readonly Callback[];
  /** The number of the first epoch; 0 unless given. */
  readonly initialEpoch?: number;
  /** Steps whose losses are read at once; 16 unless given, and 1 on the CPU. */
  readonly trackEvery?: number;
  /** Aborted, it ends training after the step that is running. */
  readonly signal?: AbortSignal;
}

export interface FitResult {
  /** A value for each whole epoch: `loss, accuracy, val_loss, val_accuracy`. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** Whole epochs done. An epoch that was stopped before its end is in neither. */
  readonly epochs: number;
  /** Why training ended before its last epoch. */
  readonly stopped?: string;
  readonly params: FitParams;
}

/** The longest that pages and key presses wait. */
const turnEvery = 50; // milliseconds

const known = [
  'epochs',
  'batchSize',
  'validation',
  'shuffle',
  'augment',
  'callbacks',
  'initialEpoch',
  'trackEvery',
  'signal',
  'sampleWeight',
  'classWeight',
];

export async function fit(core: Core, model: Model, data: TrainingData, options: FitOptions = {}): Promise<FitResult> {
  const compiled = compiledOf(core, 'fit');
  const network = networkOf(core, 'fit');
  if (core.fitting) throw new StateError('fit: this model is being trained already; await that fit first');
  checkOptions('fit', options, known);
  const { validation, shuffle = true, callbacks = [], signal } = options;
  const { epochs = 1, batchSize = 32, initialEpoch = 0, trackEvery = core.device!.kind === 'cpu' ? 1 : 16 } = options;
  checkWhole('epochs', epochs, 0);
  checkWhole('batchSize', batchSize, 1);
  checkWhole('initialEpoch', initialEpoch, 0);
  checkWhole('trackEvery', trackEvery, 1);

  const train = resolveData('fit', data, network, compiled, options);
  const held = validation && resolveData('fit: validation', validation, network, compiled);
  const augment = resolveAugment(options.augment, network.inputs);
  const { size } = train;
  const batch = Math.min(batchSize, size);
  const params: FitParams = { epochs, initialEpoch, batchSize, steps: Math.ceil(size / batch), samples: size };

  core.fitting = true;
  core.stopRequest = null;
  const { state, keys } = compiled;
  const device = core.device!;
  const batches = core.batches!;
  const history: Record<string, number[]> = {};
  core.history = history;
  const watch = watchSteps(core);
  const hooks = orderedBatchHooks(callbacks);
  let stopped: string | undefined;
  let error: Error | undefined;
  let done = 0;
  let lastTurn = performance.now();

  async function programs() {
    const compiling = batches.train(train, batch, trackEvery, augment);
    await nextTurn(); // so that compilers are at work while data are copied
    const [full, resident] = await together(compiling, batches.resident(train));
    return { resident, full };
  }

  const partialProgram = () => batches.train(train, size % batch, trackEvery, augment);
  /** What an epoch wants at its end is compiled once the first losses have arrived, so as not to delay those. */
  let later = null as Promise<unknown> | null;
  function prepareLater(): Promise<unknown> {
    if (later || core.disposed) return later ?? Promise.resolve();
    const partial = size % batch === 0 ? null : partialProgram();
    later = together(partial, held ? programsFor(core, held, batchSize) : null);
    later.catch(() => {}); // told where the program is wanted
    return later;
  }

  /** Uploads and compiles before the clocks of callbacks begin. */
  async function prepare(): Promise<{ pipelines: number; seconds: number }> {
    const before = { pipelines: device.stats().pipelinesCreated, time: performance.now() };
    await programs();
    // Kernels are not to be timed while others train.
    if (compiled.tune) await prepareLater();
    const pipelines = device.stats().pipelinesCreated - before.pipelines;
    return { pipelines, seconds: (performance.now() - before.time) / 1000 };
  }

  async function runEpoch(): Promise<Record<string, number> | null> {
    const { resident, full } = await programs();
    const order = shuffle
      ? shuffleOrder(size, compiled.seed, core.epochs)
      : Uint32Array.from({ length: size }, (_, i) => i);
    const drawing = Object.keys(augment).length > 0;
    const draws: Record<string, Uint32Array> = drawing
      ? { augmentation: Uint32Array.of(compiled.seed, core.epochs, 0, 0) }
      : {};
    const sums: Record<string, number> = {};
    const scaling: Record<string, number> = {};
    const begun = new Set<BatchProgram>();
    const tallies = batches.tallies('train', size);
    tallies.clear();

    for (let start = 0, index = 0; start < size && !stopping(); start += batch, index++) {
      const current = start + batch <= size ? full : await partialProgram();
      const room = current.program.ready();
      if (room) await room;
      if (hooks.waiting() > 0) await hooks.drain();
      if (performance.now() - lastTurn > turnEvery) {
        await nextTurn();
        lastTurn = performance.now();
      }
      checkAlive(core, 'fit');
      watch.check();
      if (stopping()) break;
      const step = state.step;
      current.waiting.push((values) => {
        const logs: Record<string, number> = { loss: values['loss']! };
        for (const name of [...keys, ...current.terms]) logs[name] = values[name]! / current.batch;
        watch.arrived(step, logs['loss']!, values[FIRST_BAD]!);
        for (const [name, value] of Object.entries(logs)) sums[name] = (sums[name] ?? 0) + value * current.batch;
        if (state.scaler) {
          scaling['lossScale'] = values[LOSS_SCALE]!;
          scaling['skippedSteps'] = values[SKIPPED_STEPS]!;
        }
        hooks.arrived(index, { ...logs, ...scaling } as BatchLogs);
        void prepareLater();
      });
      const cursor = Uint32Array.of(start);
      submit(current, begun.has(current) ? { cursor } : { cursor, order, ...draws, ...resident });
      begun.add(current);
    }
    for (const { program } of begun) await program.flush();
    await hooks.drain();
    watch.check();
    if (stopping()) return null;
    const means = Object.entries(sums).map(([name, sum]) => [name, sum / size]);
    return { ...Object.fromEntries(means), ...scaling, ...(await tallies.results()) };
  }

  function stopping(): boolean {
    if (signal?.aborted) core.stopRequest ??= 'aborted';
    return core.stopRequest !== null;
  }

  try {
    device.writeVariable(state.firstBad, Uint32Array.of(NO_BAD_INDEX));
    const compiling = await prepare();
    for (const callback of callbacks) await callback.onTrainBegin?.({ model, params, compiled: compiling });
    for (let epoch = initialEpoch; epoch < epochs && !stopping(); epoch++) {
      hooks.reset();
      for (const callback of callbacks) await callback.onEpochBegin?.(epoch);
      const logs = await runEpoch();
      if (!logs) break;
      core.epochs++;
      if (held) {
        const measured = await measure(core, held, batchSize);
        for (const [name, value] of Object.entries(measured)) logs[`val_${name}`] = value;
      }
      for (const [name, value] of Object.entries(logs)) (history[name] ??= []).push(value);
      done++;
      for (const callback of callbacks) await callback.onEpochEnd?.(epoch, logs as Logs);
    }
    if (core.stopRequest !== null && initialEpoch + done < epochs) stopped = core.stopRequest;
  } catch (caught) {
    error = asError(caught);
  }
  const end = { model, ...(stopped === undefined ? {} : { stopped }), ...(error === undefined ? {} : { error }) };
  for (const callback of callbacks) {
    try {
      await callback.onTrainEnd?.(end);
    } catch (caught) {
      error ??= asError(caught); // the first failure is the cause
    }
  }
  if (later) await Promise.allSettled([later]); // training may have ended before
  if (!core.disposed) {
    if (train.source !== data) batches.release(train);
    if (held && held.source !== validation) batches.release(held);
  }
  core.fitting = false;
  if (error !== undefined) throw error;
  return { history, epochs: done, ...(stopped === undefined ? {} : { stopped }), params };
}

/** Remembers the last finite loss and throws, in the loop, what the first bad step was. */
function watchSteps(core: Core) {
  let last: { loss: number; step: number } | null = null;
  let failure: NonFiniteError | null = null;
  return {
    arrived(step: number, loss: number, firstBad: number): void {
      if (failure) return;
      if (Number.isFinite(loss) && firstBad === NO_BAD_INDEX) {
        last = { loss, step };
        return;
      }
      const parameter = firstBad === NO_BAD_INDEX ? null : parameterAt(core.network!.parameters, firstBad);
      const tensor = parameter ? `${parameter.name} gradient` : 'loss';
      const range = core.compiled?.precision ? ' (in mixed precision what exceeds 65504 is infinite)' : '';
      const what = Number.isFinite(loss) ? 'a gradient is not finite' : `loss is ${loss}${range}`;
      const before = last ? ` (last finite ${Number(last.loss.toPrecision(4))} at step ${last.step})` : '';
      failure = new NonFiniteError(
        `fit: step ${step}: ${what}${before}; first non-finite tensor: ${tensor}. Try a smaller learningRate`,
        step,
        tensor,
      );
    },
    check(): void {
      if (failure) throw failure;
    },
  };
}

/** Callbacks may throw anything. */
function asError(caught: unknown): Error {
  return caught instanceof Error
    ? caught
    : new Error(`fit: a callback threw ${JSON.stringify(caught)}`, { cause: caught });
}

function checkWhole(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new OptionError(`fit: ${name} is ${value}, expected a whole number of at least ${least}`);
  }
}
