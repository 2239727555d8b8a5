// Trainings that are ended at some step and continued, in Node and in Chrome: their weights are to have the same bits as if
// they had never ended.

import {
  adam,
  adamW,
  batchNormalization,
  type Callback,
  cosineDecay,
  type Dataset,
  dense,
  type Device,
  dropout,
  earlyStopping,
  flatten,
  glyphs,
  type FitOptions,
  loadModel,
  memoryStore,
  metrics,
  type Model,
  modelCheckpoint,
  moons,
  type Optimizer,
  reduceLROnPlateau,
  rotation,
  sequential,
  sgd,
  type Store,
  translation,
} from '../../src/index.ts';

export interface ResumeCase {
  readonly optimizer: () => Optimizer;
  readonly dropout?: boolean;
  /** Trains on pictures, each turned and shifted anew in every epoch. */
  readonly augmentation?: boolean;
  readonly callbacks?: () => Callback[];
}

export const resumeCases: Readonly<Record<string, ResumeCase>> = {
  SGD: { optimizer: () => sgd({ learningRate: 0.1 }) },
  'SGD with momentum and dropout': { optimizer: () => sgd({ learningRate: 0.05, momentum: 0.9 }), dropout: true },
  'Adam on a cosine': { optimizer: () => adam({ learningRate: cosineDecay({ learningRate: 0.02, steps: 32 }) }) },
  'Adam on augmented images, with dropout': {
    optimizer: () => adam({ learningRate: 0.02 }),
    dropout: true,
    augmentation: true,
  },
  'AdamW with dropout, and numbers set on the way': {
    optimizer: () => adamW({ learningRate: 0.02 }),
    dropout: true,
    callbacks: () => [settingNumbers()],
  },
  'Adam with dropout, and callbacks that count': {
    optimizer: () => adam({ learningRate: 0.02 }),
    dropout: true,
    callbacks: () => [
      earlyStopping({ monitor: 'val_loss', patience: 1, minDelta: 0.02 }),
      reduceLROnPlateau({ monitor: 'loss', patience: 1, minDelta: 0.2 }),
    ],
  },
};

/** Twice, in steps after which trainings are killed and continued. */
function settingNumbers(): Callback {
  let model: Model;
  return {
    onTrainBegin: (begin) => void ({ model } = begin),
    onStepEnd({ step }) {
      if (step === 4) model.setScalars({ beta1: 0.5, 'dropout_1/rate': 0.6 });
      if (step === 10) model.setScalars({ weightDecay: 0.2, epsilon: 1e-4 });
    },
  };
}

const data = moons({ size: 60, seed: 5 });
const held = moons({ size: 30, seed: 6 });
const images = glyphs({ size: 60, seed: 7 });
const heldImages = glyphs({ size: 20, seed: 8 });
// 60 examples by 8: eight steps an epoch, the last of four.
export const stepsInAll = 32;

function make({ dropout: dropping = false, augmentation = false }: ResumeCase): Model {
  const drops = dropping ? [dropout({ rate: 0.3 })] : [];
  const layers = augmentation
    ? [flatten({ inputShape: [28, 28, 1] }), ...drops, dense({ units: 10 })]
    : [dense({ units: 12, inputShape: [2] }), batchNormalization(), ...drops, dense({ units: 1 })];
  return sequential(layers, { seed: 4 });
}

const compileFor = (model: Model, { optimizer, augmentation }: ResumeCase, device: Device): Promise<void> =>
  model.compile({
    optimizer: optimizer(),
    loss: augmentation ? 'sparseCategoricalCrossentropy' : 'binaryCrossentropy',
    metrics: ['accuracy', ...(augmentation ? [] : [metrics.auc()])],
    device,
  });

const dataFor = ({ augmentation }: ResumeCase): Dataset => (augmentation ? images : data);

const fitOptions = (one: ResumeCase, more: readonly Callback[]): FitOptions => ({
  epochs: 4,
  batchSize: 8,
  validation: one.augmentation ? heldImages : held,
  ...(one.augmentation ? { augment: [rotation({ degrees: 15 }), translation({ x: 0.1, y: 0.1 })] } : {}),
  callbacks: [...(one.callbacks?.() ?? []), ...more],
});

export interface Ended {
  /** SHA-256 of all weights and what layers keep, then of the optimizer's moments. */
  readonly weights: string;
  readonly moments: string;
  readonly history: Readonly<Record<string, readonly number[]>>;
}

export async function uninterrupted(one: ResumeCase, device: Device): Promise<Ended> {
  const model = make(one);
  await compileFor(model, one, device);
  await model.fit(dataFor(one), fitOptions(one, []));
  return end(model);
}

/** Takes up what `store` holds, or begins, with a checkpoint every `every` steps; `watcher` may end it, `onError` hears of writes. */
export async function continued(
  one: ResumeCase,
  every: 'epoch' | number,
  device: Device,
  store: Store,
  watcher: Callback,
  onError?: (error: Error) => void,
): Promise<Ended> {
  const saved = await store.read('run');
  const model = saved ? loadModel(saved) : make(one);
  await compileFor(model, one, device);
  const options = fitOptions(one, [
    modelCheckpoint({ store, name: 'run', every, ...(onError && { onError }) }),
    watcher,
  ]);
  await model.fit(dataFor(one), { ...options, resume: true });
  return end(model);
}

/** Trains with a checkpoint every `every` steps; after step number `at` `kill` ends it, and `again`'s device continues. */
export async function killed(
  one: ResumeCase,
  every: 'epoch' | number,
  kills: readonly number[],
  devices: () => Promise<{ device: Device; kill: () => void }>,
  store: Store = memoryStore(),
): Promise<Ended> {
  for (const at of [...kills, Infinity]) {
    const { device, kill } = await devices();
    const killer: Callback = {
      onStepEnd({ step }) {
        if (step === at) kill();
      },
    };
    try {
      const ended = await continued(one, every, device, store, killer);
      if (at === Infinity) return ended;
    } catch (error) {
      if (at === Infinity) throw error;
      continue;
    }
    throw new Error(`training was to end at step ${at}`);
  }
  throw new Error('never reached');
}

async function end(model: Model): Promise<Ended> {
  const weights = await model.getWeights();
  const { moments } = (await model.getTraining())!;
  const history = model.history;
  const ended = {
    weights: await sha256([...weights.values()].map(({ data: values }) => values)),
    moments: await sha256([...moments.values()].flatMap((all) => [...all.values()].map(({ data: values }) => values))),
    history,
  };
  model.dispose();
  return ended;
}

async function sha256(arrays: readonly Float32Array[]): Promise<string> {
  const all = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    all.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += byteLength;
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', all));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
