// One training run, the same in a page and in Node: data, model, fit, test, weights. It tells what happens as events.

import { NonFiniteError } from '../../src/core/errors.ts';
import { adagrad, adam, adamW, rmsprop, sgd } from '../../src/nn/optimizers.ts';
import { cosineDecay, type Schedule } from '../../src/nn/schedules.ts';
import type { Device } from '../../src/plan/device.ts';
import type { Callback } from '../../src/train/callbacks.ts';
import type { Store } from '../../src/io/store.ts';
import { loadModel, saveModel } from '../../src/train/checkpoint.ts';
import { modelCheckpoint } from '../../src/train/model_checkpoint.ts';
import { createDevice } from '../../src/train/device.ts';
import type { Model } from '../../src/train/model.ts';
import { cnn, cnnS, mlp } from '../../src/train/models.ts';
import { progress, type ProgressEvent } from '../../src/train/progress.ts';
import { cpuLine, nonFiniteLine, redrawSeconds } from '../../src/train/terminal.ts';
import { thousands } from '../../src/train/text.ts';
import { parseAugment } from './augment.ts';
import { defaultsFor, full } from './defaults.ts';
import type { EpochEvent, RunEvent, RunOutcome, StartEvent, StepEvent, StopEvent, TrainTask } from './events.ts';
import { loadImages, splitImages, type SplitImages } from './load.ts';
import { transformsOf } from './transforms.ts';

export interface Surroundings {
  /** The contents of a data file. */
  read(name: string): Promise<Uint8Array>;
  emit(event: RunEvent): void;
  /** Where the run is kept while it goes on. */
  readonly store: Store;
  /** Aborted, the run ends after the step it is in. */
  readonly signal: AbortSignal;
}

export interface Trained {
  readonly outcome: RunOutcome;
  /** A safetensors file: of the end, or after a non-finite loss of the last whole epoch, if any. */
  readonly weights: Uint8Array | null;
}

export const models = {
  mlp: { make: mlp, loss: 'nll' },
  cnn: { make: cnn, loss: 'nll' },
  'cnn-s': { make: cnnS, loss: 'sparseCategoricalCrossentropy' },
} as const;
export const optimizers = { adam, adamW, sgd, rmsprop, adagrad };

export async function train(task: TrainTask, { read, emit, store, signal }: Surroundings): Promise<Trained> {
  const { options, source, missingGpu } = task;
  const device = await createDevice({ prefer: [task.device] });
  const images = await loadImages(source, options.seed, read);
  const chosen = defaultsFor(device, options, images.train.size);
  const { seed, split, block } = options;
  const data = splitImages(images, { limit: chosen.limit, seed, split, block });

  const { make, loss } = models[options.model];
  const { shape } = data.train.x;
  const saved = task.resumes ? await store.read('checkpoint') : null;
  const model = saved
    ? loadModel(saved)
    : make({
        inputShape: shape.length === 2 ? [...shape, 1] : shape,
        classes: data.classes,
        seed: options.seed,
      });
  const optimizer = optimizers[options.optimizer]({
    learningRate: scheduleOf(options, chosen.epochs * Math.ceil(data.train.size / options.batchSize)),
  });
  const start = startEvent(task, device, data, model, chosen, optimizer.schedule(0));
  emit(start);
  if (chosen.reduced) emit({ event: 'note', text: limitText(start, images.train.size) });
  await model.compile({ optimizer, loss, metrics: ['accuracy'], device });

  const before = saved ? await epochsBefore(store, model) : [];
  const watch = watchRun(options.logEvery, missingGpu, before, emit);
  const kept = keepEpochs(model, store, watch.epochs);
  const begun = performance.now();
  let stop: StopEvent;
  try {
    const { stopped } = await model.fit(data.train, {
      resume: task.resumes,
      epochs: start.epochs,
      batchSize: start.batchSize,
      validation: data.validation,
      ...(options.augment !== null && { augment: transformsOf(parseAugment(options.augment)) }),
      callbacks: [
        progress({ onEvent: watch.told, every: 0 }),
        kept.callback,
        watch.callback,
        modelCheckpoint({ store, every: options.checkpoint ?? 'epoch' }),
      ],
      signal,
      // Where a step takes long, reading each one's loss costs nothing, and the live line keeps up.
      ...(device.target?.adapter === 'software' && { trackEvery: 1 }),
    });
    stop = { event: 'stop', reason: stopped === undefined ? 'finished' : 'interrupted', epochs: watch.epochs.length };
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    const message = nonFiniteText(error, watch.losses(), kept.latest()?.step, start.learningRate);
    stop = { event: 'stop', reason: 'non-finite', epochs: watch.epochs.length, message };
  }
  const seconds = (performance.now() - begun) / 1000;
  emit(stop);

  const { epochs } = watch;
  const weights = stop.reason === 'non-finite' ? (kept.latest()?.file ?? null) : await saveModel(model);
  if (stop.reason === 'interrupted') await store.write('checkpoint', weights!);
  const measured = stop.reason === 'finished' ? await model.evaluate(data.test, { batchSize: start.batchSize }) : null;
  const test = measured && { loss: measured['loss']!, accuracy: measured['accuracy']! };
  const matrix =
    measured && options.report ? await model.confusionMatrix(data.test, { batchSize: start.batchSize }) : null;
  const confusion = matrix && { classes: matrix.classes, counts: [...matrix.counts] };
  const trainSeconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const imagesPerSecond = epochs.length === 0 ? null : (epochs.length * data.train.size) / trainSeconds;
  device.dispose();
  return { outcome: { start, epochs, stop, test, confusion, imagesPerSecond, seconds }, weights };
}

/** The learning rate of each of the run's `steps`. */
export function scheduleOf(
  { lr, optimizer, schedule }: Pick<TrainTask['options'], 'lr' | 'optimizer' | 'schedule'>,
  steps: number,
): Schedule {
  const learningRate = lr ?? optimizers[optimizer]().schedule(0);
  return schedule === 'cosine' ? cosineDecay({ learningRate, steps }) : () => learningRate;
}

function startEvent(
  { options, source, run }: TrainTask,
  device: Device,
  { train, validation, test }: SplitImages,
  model: Model,
  { epochs, limit }: { epochs: number; limit: number | null },
  learningRate: number,
): StartEvent {
  const flops = model.layers.reduce((sum, { flopsPerSample }) => sum + flopsPerSample, 0);
  return {
    event: 'start',
    device: device.description,
    data: { name: source.name, train: train.size, validation: validation.size, test: test.size },
    model: options.model,
    params: model.parameters.count,
    mflopPerSample: flops / 1e6,
    epochs,
    batchSize: options.batchSize,
    stepsPerEpoch: Math.ceil(train.size / options.batchSize),
    limit,
    learningRate,
    optimizer: options.optimizer,
    schedule: options.schedule,
    augment: options.augment,
    seed: options.seed,
    split: options.split,
    block: options.block,
    report: options.report,
    run,
  };
}

function limitText({ limit, epochs }: StartEvent, all: number): string {
  const images =
    limit === null ? `all ${thousands(all)} images` : `the first ${thousands(limit)} of ${thousands(all)} images`;
  const times = epochs === 1 ? '1 epoch' : `${epochs} epochs`;
  const more = `--limit ${all} --epochs ${full.epochs}`;
  return `limit   ${images}, ${times}: what takes minutes without a hardware GPU; for all of it add ${more}`;
}

/** The epochs that the checkpoint's run had done, as they were told. */
async function epochsBefore(store: Store, model: Model): Promise<EpochEvent[]> {
  const kept = await store.read('epochs');
  const all = kept ? (JSON.parse(new TextDecoder().decode(kept)) as EpochEvent[]) : [];
  return all.slice(0, model.history['loss']?.length ?? 0);
}

/** The model as a file after each epoch, since a non-finite loss leaves nothing else worth keeping. */
function keepEpochs(model: Model, store: Store, epochs: readonly EpochEvent[]) {
  let latest: { file: Uint8Array; step: number } | null = null;
  const callback: Callback = {
    async onEpochEnd() {
      latest = { file: await saveModel(model), step: model.optimizer!.step };
      await store.write('epochs', new TextEncoder().encode(JSON.stringify(epochs)));
    },
  };
  return { callback, latest: () => latest };
}

interface Losses {
  lastFinite?: { loss: number; step: number };
  bad?: number;
}

/** Makes this run's events of the engine's, and remembers the losses around a non-finite one. */
function watchRun(
  logEvery: number | null,
  missingGpu: string | null,
  before: readonly EpochEvent[],
  emit: (event: RunEvent) => void,
) {
  const epochs: EpochEvent[] = [...before];
  const losses: Losses = {};
  let steps = 0;
  // Losses arrive several steps at a time, so the latest is told and not the first of a burst.
  let latest: StepEvent | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let toldAt = 0;
  const tellLater = (event: StepEvent): void => {
    latest = event;
    timer ??= setTimeout(
      () => {
        timer = null;
        toldAt = performance.now();
        if (latest) emit(latest);
      },
      Math.max(0, toldAt + 1000 * redrawSeconds - performance.now()),
    );
  };
  const told = (event: ProgressEvent): void => {
    if (event.type === 'start' && event.pipelines > 0) {
      emit({ event: 'compile', pipelines: event.pipelines, seconds: event.seconds });
    } else if (event.type === 'step') {
      const { epoch, epochs: all, step, steps: ofEpoch, seconds, metrics } = event;
      if (missingGpu !== null && epoch === 1 && step === Math.min(3, ofEpoch)) {
        emit({ event: 'note', text: cpuLine({ reason: missingGpu, secondsPerEpoch: (seconds / step) * ofEpoch }) });
      }
      const logged = logEvery !== null && step % logEvery === 0;
      const { loss, accuracy } = metrics as Record<'loss' | 'accuracy', number>;
      const told: StepEvent = {
        event: 'step',
        epoch,
        epochs: all,
        step,
        steps: ofEpoch,
        seconds,
        loss,
        accuracy,
        logged,
      };
      if (logged) emit(told);
      else tellLater(told);
    } else if (event.type === 'end') {
      latest = null;
    } else if (event.type === 'epoch') {
      latest = null;
      const { epoch, epochs: all, seconds, samplesPerSecond, metrics, best = false } = event;
      const { loss, accuracy, val_loss, val_accuracy } = metrics as Record<
        'loss' | 'accuracy' | 'val_loss' | 'val_accuracy',
        number
      >;
      const values = { loss, accuracy, val_loss, val_accuracy, best };
      epochs.push({ event: 'epoch', epoch, epochs: all, seconds, imagesPerSecond: samplesPerSecond, ...values });
      emit(epochs.at(-1)!);
    }
  };
  const callback: Callback = {
    onBatchEnd(_, { loss }) {
      if (Number.isFinite(loss)) losses.lastFinite = { loss, step: steps };
      else losses.bad ??= loss;
      steps++;
    },
  };
  return { told, callback, epochs, losses: () => losses };
}

function nonFiniteText(
  error: NonFiniteError,
  { bad, lastFinite }: Losses,
  checkpointStep: number | undefined,
  learningRate: number,
): string {
  // A gradient can be non-finite where the loss is not; the engine's own sentence says so.
  if (bad === undefined) return error.message.replace(/^fit: /, '');
  const line = nonFiniteLine({
    step: error.step,
    loss: bad,
    ...(lastFinite && { lastFinite }),
    ...(error.tensor !== null && { tensor: error.tensor }),
    ...(checkpointStep !== undefined && { checkpointStep }),
    learningRate,
  });
  // The command has no option for clipping, so it does not suggest it.
  return line.replace(' or --clip-norm 1.', '.');
}
