// The training itself, loaded with the engine at the first click. It runs in the library's worker; the page hears of it.

import {
  adam,
  cnnS,
  dataset,
  glyphs,
  indexedDbStore,
  loadModel,
  loadWeights,
  saveModel,
  type Callback,
  type Dataset,
  type Model,
} from '../../src/index.ts';
import { trainer } from '../../src/trainer.ts';
import type { Entry } from './log.ts';

export interface Settings {
  readonly images: number;
  readonly rate: number;
  readonly batch: number;
  readonly epochs: number;
  readonly seed: number;
  readonly clip: boolean;
  readonly prefer: readonly ('webgpu' | 'cpu')[];
}

/** A training as `saveModel` writes it. */
export interface Kept {
  readonly bytes: Uint8Array;
  /** Whole epochs done. */
  readonly epoch: number;
  /** With these images, batch size and seed it goes on to the same bits; else its epoch begins anew. */
  readonly place: Pick<Settings, 'images' | 'batch' | 'seed'> | null;
}

export interface Controls {
  pause(): Promise<void>;
  resume(): void;
  stop(): void;
  /** Ends the worker, whatever it does. */
  end(): void;
}

export type Stage = 'data' | 'compiling' | 'training' | 'testing';

/** What the page is told. */
export interface Ears {
  stage(stage: Stage): void;
  ready(controls: Controls): void;
  /** What the terminal would print, as data. */
  entry(entry: Entry): void;
  batch(place: { readonly epoch: number; readonly batch: number; readonly steps: number; readonly loss: number }): void;
  /** After each epoch, and after a stop. */
  kept(kept: Kept): void;
  epoch(epoch: number, accuracy: number): void;
}

interface Data {
  readonly training: Dataset;
  readonly validation: Dataset;
  readonly test: Dataset;
}

/** Milliseconds between two looks at the losses: the page shows them no more often. */
const readEvery = 100;

const drawn = new Map<number, Promise<Data>>();

/** Drawn a few at a time, so that the page goes on answering. */
async function draw(count: number, seed: number): Promise<Dataset> {
  const piece = 100;
  const x = new Uint8Array(count * 28 * 28);
  const y = new Int32Array(count);
  for (let at = 0; at < count; at += piece) {
    const next = glyphs({ size: Math.min(piece, count - at), seed: seed * 1000 + at / piece });
    x.set(next.x.data, at * 28 * 28);
    y.set(next.y.data, at);
    await new Promise((done) => setTimeout(done));
  }
  return dataset({ x: { shape: [count, 28, 28, 1], data: x }, y, classes: 10 });
}

async function drawAll(images: number): Promise<Data> {
  return {
    training: await draw(images, 1),
    validation: await draw(Math.ceil(images / 9), 2),
    test: await draw(Math.ceil(images / 4), 3),
  };
}

/**
 * Trains the small CNN on drawn characters, anew or on from what was kept, in a worker of its own. The accuracy on the test set,
 * or null where it was stopped.
 */
export async function train(settings: Settings, from: Kept | null, ears: Ears): Promise<number | null> {
  const { images, rate, batch: batchSize, epochs, seed, clip, prefer } = settings;
  ears.stage('data');
  const data = drawn.get(images) ?? drawAll(images);
  drawn.set(images, data);
  const { training, validation, test } = await data;
  const model = from ? (loadModel(from.bytes) as Model) : cnnS({ seed });
  ears.stage('compiling');
  const held = await trainer({ model, worker: true, prefer });
  ears.ready({
    pause: () => held.pause(),
    resume: () => held.resume(),
    stop: () => held.stopTraining(),
    end: () => held.dispose(),
  });
  try {
    await held.compile({
      // Of the order of the images, also of a training that began with another one.
      seed,
      optimizer: adam({ learningRate: rate, ...(clip ? { globalClipNorm: 1 } : {}) }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    ears.entry({ of: 'device', name: held.deviceName! });
    if (!from) ears.entry({ of: 'model', model: { name: model.name, ...model.summary() } });
    let epoch = from?.epoch ?? 0;
    const steps = Math.ceil(training.size / batchSize);
    const place = { images, batch: batchSize, seed };
    const keep = async (): Promise<void> => ears.kept({ bytes: await saveModel(held), epoch, place });
    const report: Callback = {
      onTrainBegin: () => ears.stage('training'),
      onBatchEnd: (batch, { loss }) => ears.batch({ epoch, batch, steps, loss }),
      async onEpochEnd(at, { loss, val_loss, val_accuracy }) {
        epoch = at + 1;
        await keep();
        ears.entry({ of: 'epoch', epoch, loss: loss!, validationLoss: val_loss!, accuracy: val_accuracy! });
        ears.epoch(epoch, val_accuracy!);
      },
    };
    const before = from?.place;
    const same = before?.images === images && before.batch === batchSize && before.seed === seed;
    const begin = same ? { resume: true } : { initialEpoch: epoch };
    const { stopped } = await held.fit(training, {
      epochs,
      batchSize,
      validation,
      callbacks: [report],
      trackMilliseconds: readEvery,
      ...begin,
    });
    if (stopped !== undefined) {
      await keep();
      return null;
    }
    ears.stage('testing');
    const { accuracy } = await held.evaluate(test);
    ears.entry({ of: 'test', accuracy: accuracy! });
    return accuracy!;
  } finally {
    held.dispose();
  }
}

/** What a file holds. DataError: it is no saved model, or one with other weights than this page's. */
export async function keptOf(bytes: Uint8Array): Promise<Kept> {
  const model = loadModel(bytes) as Model;
  const own = cnnS();
  try {
    loadWeights(own, bytes, { ignoreExtra: true });
    const training = await model.getTraining();
    const cursor = training?.cursor;
    const place = cursor ? { images: cursor.samples, batch: cursor.batchSize, seed: training.seed } : null;
    return { bytes, epoch: training?.epochs ?? 0, place };
  } finally {
    own.dispose();
    model.dispose();
  }
}

const store = indexedDbStore('retrograd-train-once');

/** Keeps a training in this browser. Rejects where there is no room, or no storage. */
export const keep = ({ bytes }: Kept): Promise<void> => store.write('run', bytes);

export async function lastKept(): Promise<Kept | null> {
  const bytes = await store.read('run');
  return bytes && keptOf(bytes);
}
