// The training loop: submits steps without waiting for their results, and makes epochs, history and errors of what arrives.

import type { TypedArray } from '../core/dtype.ts';
import { checkOptions, NonFiniteError, OptionError, StateError } from '../core/errors.ts';
import { nextTurn } from '../core/turn.ts';
import { NO_BAD_INDEX } from '../nn/optimizer_state.ts';
import { type AugmentOption, resolveAugment } from './augment_option.ts';
import { submit, type BatchProgram } from './batch_program.ts';
import { orderedBatchHooks } from './batch_hooks.ts';
import type { BatchLogs, Callback, FitParams, Logs } from './callbacks.ts';
import { placeIn } from './batch_place.ts';
import { compiledOf, networkOf, checkAlive, together, type Core } from './core.ts';
import { released, startOf, statesOf, type Cursor } from './cursor.ts';
import { asError, checkWhole, paceOf } from './fit_checks.ts';
import { measure, programsFor } from './evaluate.ts';
import type { Model } from './model.ts';
import { GRADIENT_NORM, LOSS_SCALE, SKIPPED_STEPS } from './program.ts';
import { trainingPass, type Feed } from './feed.ts';
import { resolveData, type TrainingData } from './targets.ts';
import { watchSteps } from './watch_steps.ts';
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
  /**
   * Goes on with the batch after the one where the saved training (`loadModel`, `setTraining`), or this model's fit that
   * was stopped, was: with the same data and options the weights have the same bits as if it had never ended. `epochs` counts
   * from the first fit's beginning. Where nothing was saved, training begins. false unless given.
   */
  readonly resume?: boolean;
  /** Steps whose losses are read at once; 16 unless given, and 1 on the CPU. */
  readonly trackEvery?: number;
  /** In its place: losses are read at most once in so many milliseconds, however many steps they are of (up to 1024). */
  readonly trackMilliseconds?: number;
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
  'resume',
  'trackEvery',
  'trackMilliseconds',
  'signal',
  'sampleWeight',
  'classWeight',
];

export async function fit(core: Core, model: Model, data: TrainingData, options: FitOptions = {}): Promise<FitResult> {
  const compiled = compiledOf(core, 'fit');
  const network = networkOf(core, 'fit');
  if (core.fitting) throw new StateError('fit: this model is being trained already; await that fit first');
  checkOptions('fit', options, known);
  const { validation, shuffle = true, callbacks = [], signal, resume = false } = options;
  const { epochs = 1, batchSize = 32 } = options;
  const pace = paceOf(options, core.device!);
  checkWhole('epochs', epochs, 0);
  checkWhole('batchSize', batchSize, 1);
  checkWhole('initialEpoch', options.initialEpoch ?? 0, 0);
  if (resume && options.initialEpoch !== undefined)
    throw new OptionError('fit: resume and initialEpoch are both given, expected one of them');

  const resolved = resolveData('fit', data, network, compiled, options);
  const held = validation && resolveData('fit: validation', validation, network, compiled);
  const augment = resolveAugment(options.augment, network.inputs);
  const { size } = resolved;
  const batch = Math.min(batchSize, size);
  const train = core.batches!.placed(resolved, batch);
  const { accumulation = 1 } = compiled.state.optimizer;
  const given = { batchSize, samples: size, shuffle, accumulation };
  const from = resume ? startOf(core, given) : null;
  const initialEpoch = from?.epoch ?? options.initialEpoch ?? 0;
  const params: FitParams = { epochs, initialEpoch, batchSize, steps: Math.ceil(size / batch), samples: size };

  core.fitting = true;
  core.stopRequest = null;
  const { state, keys } = compiled;
  const device = core.device!;
  const batches = core.batches!;
  const history: Record<string, number[]> = from ? core.history : {};
  core.history = history;
  const watch = watchSteps(core);
  const hooks = orderedBatchHooks(callbacks);
  /** The epoch that runs or is next, and what its steps so far gave. */
  let current = enter(initialEpoch, from);
  const stepHooks = callbacks.filter(({ onStepEnd }) => onStepEnd);
  const beginHooks = callbacks.filter(({ onBatchBegin }) => onBatchBegin);
  core.cursor = async (): Promise<Cursor> => {
    const { epoch, batch: done, begun, sums } = current;
    // Read as the steps so far left them, while their losses arrive.
    const gathered = done > 0 ? batches.tallies('train', size).values() : new Map<string, TypedArray>();
    const kept = statesOf(callbacks);
    const arrivals = together(...[...begun].map(({ program }) => program.flush()));
    const [tallies] = await together(gathered, arrivals);
    return { epoch, batch: done, ...given, sums: { ...sums }, tallies, callbacks: kept };
  };
  let stopped: string | undefined;
  let error: Error | undefined;
  let done = 0;
  let lastTurn = performance.now();

  const numbered = Object.keys(augment).length > 0;
  const passOf = () => trainingPass(size, { shuffle, numbered, seed: compiled.seed, epoch: core.epochs });

  async function programs() {
    const compiling = batches.train(train, batch, pace, augment);
    await nextTurn(); // so that compilers are at work while data are copied
    const [full, feed] = await together(compiling, batches.feed('train', train, passOf()));
    return { feed, full };
  }

  const partialProgram = () => batches.train(train, size % batch, pace, augment);
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

  /** From the batch that `start` names, or the first. */
  async function runEpoch(start: Cursor | null): Promise<Record<string, number> | null> {
    const { feed, full } = await programs();
    try {
      return await steps(start, full, feed);
    } finally {
      await feed.close();
    }
  }

  async function steps(start: Cursor | null, full: BatchProgram, feed: Feed): Promise<Record<string, number> | null> {
    const scaling: Record<string, number> = {};
    const { sums, begun } = current;
    const tallies = batches.tallies('train', size);
    tallies.clear(start?.tallies);

    while (current.batch * batch < size && !stopping()) {
      const index = current.batch;
      const first = index * batch;
      const using = first + batch <= size ? full : await partialProgram();
      const room = using.program.ready();
      if (room) await room;
      if (hooks.waiting() > 0) await hooks.drain();
      if (performance.now() - lastTurn > turnEvery) {
        await nextTurn();
        lastTurn = performance.now();
      }
      const inputs = feed.inputs(using, first);
      const ready = inputs instanceof Promise ? await inputs : inputs;
      for (const callback of beginHooks) await callback.onBatchBegin!(index);
      await released(core);
      checkAlive(core, 'fit');
      watch.check();
      if (stopping()) break;
      const step = state.step;
      const group = placeIn(size, batch * accumulation, first, using.batch);
      state.place = group;
      using.waiting.push((values) => {
        const logs: Record<string, number> = { loss: values['loss']! };
        for (const name of [...keys, ...using.terms]) logs[name] = values[name]! / using.batch;
        watch.arrived(step, values, using.program.values);
        for (const [name, value] of Object.entries(logs)) sums[name] = (sums[name] ?? 0) + value * using.batch;
        const norm = values[GRADIENT_NORM];
        if (norm !== undefined && group.last) {
          logs['gradientNorm'] = norm;
          sums['gradientNorm'] = (sums['gradientNorm'] ?? 0) + (norm * using.batch) / group.share;
        }
        if (state.scaler) {
          scaling['lossScale'] = values[LOSS_SCALE]!;
          scaling['skippedSteps'] = values[SKIPPED_STEPS]!;
        }
        hooks.arrived(index, { ...logs, ...scaling } as BatchLogs);
        if (!stopping()) void prepareLater();
      });
      submit(using, ready);
      begun.add(using);
      current.batch++;
      for (const callback of stepHooks) await callback.onStepEnd!({ epoch: current.epoch, batch: index, step });
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
    for (const { state: own } of callbacks) {
      const saved = own && from?.callbacks.get(own.name);
      if (saved) own.load(saved);
    }
    for (let epoch = initialEpoch; epoch < epochs && !stopping(); epoch++) {
      hooks.reset(current.batch);
      for (const callback of callbacks) await callback.onEpochBegin?.(epoch);
      const logs = await runEpoch(epoch === initialEpoch ? from : null);
      if (!logs) break;
      if (held) {
        const measured = await measure(core, held, batchSize, 'fit: validation');
        for (const [name, value] of Object.entries(measured)) logs[`val_${name}`] = value;
      }
      await released(core); // what is saved is of the epoch or after it, not in between
      core.epochs++;
      current = enter(epoch + 1);
      for (const [name, value] of Object.entries(logs)) (history[name] ??= []).push(value);
      done++;
      for (const callback of callbacks) await callback.onEpochEnd?.(epoch, logs as Logs);
    }
    if (core.stopRequest !== null && initialEpoch + done < epochs) stopped = core.stopRequest;
  } catch (caught) {
    error = asError(caught);
    if (caught instanceof NonFiniteError) {
      for (const callback of callbacks) stopped ??= callback.onNonFinite?.(caught) ?? undefined;
      if (stopped !== undefined) error = undefined;
    }
  }
  // Nothing can be read of a device that is lost.
  core.savedCursor = await core.cursor().catch(() => null);
  core.cursor = null;
  state.place = null;
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

function enter(epoch: number, at: Cursor | null = null) {
  const sums: Record<string, number> = { ...at?.sums };
  return { epoch, batch: at?.batch ?? 0, sums, begun: new Set<BatchProgram>() };
}
