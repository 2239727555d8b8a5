// Every schedule, optimizer, callback, data function and transformation: an unknown option, and a value that makes no sense, is an
// OptionError on the line that gives it.

import { describe, expect, it } from 'vitest';

import * as retrograd from '../../src/index.ts';
import { dataset, memoryStore, moons, OptionError, rotation, zipEntries } from '../../src/index.ts';
import * as csv from '../../src/data/csv.ts';
import * as datasets from '../../src/data/dataset.ts';
import * as folding from '../../src/data/folds.ts';
import * as glyph from '../../src/data/glyphs.ts';
import * as idx from '../../src/data/idx.ts';
import * as images from '../../src/data/images.ts';
import * as named from '../../src/data/named.ts';
import * as normalize from '../../src/data/normalize.ts';
import * as splitting from '../../src/data/split.ts';
import * as stream from '../../src/data/stream.ts';
import * as synthetic from '../../src/data/synthetic.ts';
import * as optimizers from '../../src/nn/optimizers.ts';
import * as regularizers from '../../src/nn/regularizers.ts';
import * as schedules from '../../src/nn/schedules.ts';
import * as augmentations from '../../src/train/augmentation.ts';
import * as callbacks from '../../src/train/callbacks.ts';
import * as transforms from '../../src/train/image_transforms.ts';
import * as checkpoints from '../../src/train/model_checkpoint.ts';
import * as plateau from '../../src/train/plateau.ts';
import * as progresses from '../../src/train/progress.ts';

type Given = Record<string, unknown>;

/** What makes no sense for each kind of option. */
const nonsense = {
  /** Numbers of at least 0. */
  amount: [-1, NaN, Infinity, '3', null],
  /** As amount, but unlimited. */
  patience: [-1, NaN, '3', null],
  positive: [0, -1, NaN, Infinity, '3', null],
  number: [NaN, Infinity, '3', null],
  /** At least 0 and below 1. */
  fraction: [1, -0.1, NaN, '0.5', null],
  /** Above 0 and below 1. */
  share: [0, 1, -0.1, NaN, '0.5', null],
  probability: [1.1, -0.1, NaN, '0.5', null],
  /** Positive whole numbers. */
  count: [0, -1, 1.5, NaN, Infinity, '3', null],
  seed: [-1, 1.5, 2 ** 32, NaN, '3', null],
  flag: ['yes', 1, null],
  call: [3, 'call', {}],
  text: [3, {}, null],
  /** Bounds of an amount that is drawn. */
  bounds: [NaN, Infinity, '3', null, [2, 1], [NaN, 1], [0], {}],
} as const;
type Kind = keyof typeof nonsense;

interface Case {
  readonly make: (options: never) => unknown;
  readonly valid: Given;
  readonly kinds: Readonly<Record<string, Kind | readonly unknown[]>>;
}
const data = moons({ size: 20 });
const gradient = {
  clipNorm: 'positive',
  clipValue: 'positive',
  globalClipNorm: 'positive',
  gradientAccumulationSteps: 'count',
} as const;
const common = { learningRate: 'amount', weightDecay: 'amount', ...gradient } as const;
const points = { size: 'count', noise: 'amount', seed: 'seed' } as const;
const monitor = { monitor: 'text', mode: ['best', 1, null], minDelta: 'amount' } as const;
const chance = { probability: 'probability' } as const;
const table = retrograd.readCsv('a,b\n1,2\n');
const file = { path: 'cat/1.png', bytes: new Uint8Array(4) };
const picture = {
  valid: { height: 2, width: 2 },
  kinds: {
    height: 'count',
    width: 'count',
    channels: [2, 4, '3', null],
    classNames: [[], ['cat', 'cat'], 'cat', 3],
    decode: 'call',
  },
} as const;

const cases: Record<string, Case> = {
  cosineDecay: {
    make: retrograd.cosineDecay,
    valid: { learningRate: 0.1, steps: 10, warmupSteps: 2, minimum: 0.01 },
    kinds: {
      learningRate: 'amount',
      steps: 'positive',
      warmupSteps: [-1, 11, NaN, '2', null],
      minimum: [-1, 0.2, NaN, null],
    },
  },
  linearDecay: {
    make: retrograd.linearDecay,
    valid: { learningRate: 0.1, steps: 10, minimum: 0.01 },
    kinds: { learningRate: 'amount', steps: 'positive', minimum: [-1, 0.2, NaN, null] },
  },
  stepDecay: {
    make: retrograd.stepDecay,
    valid: { learningRate: 0.1, rate: 0.5, every: 3 },
    kinds: { learningRate: 'amount', rate: 'positive', every: 'positive' },
  },
  exponentialDecay: {
    make: retrograd.exponentialDecay,
    valid: { learningRate: 0.1, rate: 0.5, steps: 3 },
    kinds: { learningRate: 'amount', rate: 'positive', steps: 'positive' },
  },
  cyclic: {
    make: retrograd.cyclic,
    valid: { minimum: 0.1, maximum: 1, stepSize: 5, rate: 0.5 },
    kinds: {
      minimum: [-1, NaN, null],
      maximum: [-1, 0.01, NaN, Infinity],
      stepSize: 'positive',
      rate: [0, 2, NaN, null],
    },
  },
  oneCycle: {
    make: retrograd.oneCycle,
    valid: { maximum: 1, steps: 5, warmupShare: 0.3, divFactor: 25, finalDivFactor: 1e4 },
    kinds: {
      maximum: 'amount',
      steps: 'positive',
      warmupShare: 'probability',
      divFactor: [0.5, 0, -1, NaN, Infinity, null],
      finalDivFactor: 'positive',
    },
  },
  sgd: {
    make: retrograd.sgd,
    valid: { momentum: 0.9 },
    kinds: { ...common, momentum: 'fraction', nesterov: 'flag' },
  },
  adam: {
    make: retrograd.adam,
    valid: {},
    kinds: { ...common, beta1: 'fraction', beta2: 'fraction', epsilon: 'positive' },
  },
  adamW: {
    make: retrograd.adamW,
    valid: {},
    kinds: { ...common, beta1: 'fraction', beta2: 'fraction', epsilon: 'positive' },
  },
  rmsprop: {
    make: retrograd.rmsprop,
    valid: {},
    kinds: {
      ...common,
      rho: 'fraction',
      momentum: 'fraction',
      centered: 'flag',
      epsilon: 'positive',
      epsilonInsideRoot: 'flag',
    },
  },
  adagrad: {
    make: retrograd.adagrad,
    valid: {},
    kinds: { ...common, initialAccumulator: 'amount', epsilon: 'positive', epsilonInsideRoot: 'flag' },
  },
  l1l2: { make: retrograd.l1l2, valid: {}, kinds: { l1: 'amount', l2: 'amount' } },
  earlyStopping: {
    make: retrograd.earlyStopping,
    valid: {},
    kinds: { ...monitor, patience: 'patience', restoreBestWeights: 'flag' },
  },
  reduceLROnPlateau: {
    make: retrograd.reduceLROnPlateau,
    valid: {},
    kinds: {
      ...monitor,
      factor: 'share',
      patience: 'patience',
      cooldown: 'patience',
      minLearningRate: 'amount',
      onReduce: 'call',
    },
  },
  modelCheckpoint: {
    make: retrograd.modelCheckpoint,
    valid: { store: memoryStore(), saveBestOnly: true },
    kinds: {
      ...monitor,
      store: [undefined, null, {}, 'disk'],
      name: 'text',
      every: ['step', 'steps', 0, -1, 1.5, NaN, null],
      saveBestOnly: 'flag',
      onError: 'call',
    },
  },
  csvLogger: {
    make: retrograd.csvLogger,
    valid: { write: () => {} },
    kinds: { write: [undefined, null, 3, 'file'], append: 'flag' },
  },
  progress: {
    make: retrograd.progress,
    valid: {},
    kinds: {
      onEvent: 'call',
      onLine: 'call',
      width: [0, -1, NaN, '80', null],
      ascii: 'flag',
      unit: 'text',
      monitor: 'text',
      every: 'amount',
    },
  },
  dataset: {
    make: dataset,
    valid: { x: new Float32Array(6), y: new Int32Array(3) },
    kinds: { classes: 'count', scale: [0, NaN, Infinity, '1', null], offset: 'number' },
  },
  namedDataset: { make: retrograd.namedDataset, valid: { x: { a: data.x }, y: { b: data.y } }, kinds: {} },
  split: {
    make: (options) => retrograd.split(data, options),
    valid: { validation: 0.2, test: 0.2 },
    kinds: { validation: 'share', test: 'share', seed: 'seed', stratified: 'flag' },
  },
  splitIndices: {
    make: (options) => retrograd.splitIndices(data, options),
    valid: { validation: 0.2, test: 0.2 },
    kinds: { validation: 'share', test: 'share', seed: 'seed', stratified: 'flag' },
  },
  foldIndices: {
    make: (options) => retrograd.foldIndices(data, options),
    valid: { k: 3 },
    kinds: { k: [...nonsense.count, 1, 256, undefined], seed: 'seed', stratified: 'flag' },
  },
  folds: {
    make: (options) => [...retrograd.folds(data, options)],
    valid: { k: 3 },
    kinds: { k: [...nonsense.count, 1, 256, undefined], seed: 'seed', stratified: 'flag' },
  },
  standardize: {
    make: (options) => retrograd.standardize(data, options),
    valid: {},
    kinds: { per: ['feature', 1, null] },
  },
  scaleToUnit: {
    make: (options) => retrograd.scaleToUnit(data, options),
    valid: {},
    kinds: { per: ['feature', 1, null] },
  },
  readCsv: {
    make: (options) => retrograd.readCsv('a,b\n1,2\n', options),
    valid: {},
    kinds: { separator: ['', ',,', '"', '\n', 3], header: 'flag', decimal: [';', 1, null] },
  },
  csvDataset: {
    make: (options) => retrograd.csvDataset(table, options),
    valid: { target: 'b' },
    kinds: { features: [[], ['c']], target: ['c', undefined], kind: ['label', 1, null] },
  },
  glyphs: {
    make: retrograd.glyphs,
    valid: { size: 3 },
    kinds: { ...points, classes: [1, 11, 2.5, NaN, '3', null], noise: [-1, 256, NaN, '3', null] },
  },
  moons: { make: moons, valid: {}, kinds: points },
  circles: { make: retrograd.circles, valid: {}, kinds: { ...points, factor: 'share' } },
  xor: { make: retrograd.xor, valid: {}, kinds: points },
  spirals: {
    make: retrograd.spirals,
    valid: {},
    kinds: { ...points, classes: [1, 11, 2.5, NaN, '3', null], turns: 'number' },
  },
  blobs: { make: retrograd.blobs, valid: {}, kinds: { ...points, classes: [1, 11, 2.5, NaN, '3', null] } },
  dataStream: {
    make: retrograd.dataStream,
    valid: { size: 4, shape: [2], examples: () => [] },
    kinds: {
      size: 'count',
      type: ['bytes', 1, null],
      examples: [undefined, null, 3, []],
      targetType: ['bytes', 1, null],
      classes: 'count',
      scale: [0, NaN, Infinity, '1', null],
      offset: 'number',
      shuffleBuffer: 'seed',
      partBytes: 'count',
    },
  },
  streamed: { make: (options) => retrograd.streamed(data, options), valid: {}, kinds: { partBytes: 'count' } },
  imageFolder: { make: (options) => retrograd.imageFolder([file], options), ...picture },
  imageStream: {
    make: (options) => retrograd.imageStream([file], options),
    valid: picture.valid,
    kinds: { ...picture.kinds, order: 'call' },
  },
  loadIdx: {
    make: (options) => retrograd.loadIdx(Uint8Array.of(0x1f, 0x8b), options),
    valid: {},
    kinds: { maxBytes: [-1, 1.5, NaN, Infinity, '3', null] },
  },
  augmentation: {
    make: (options) => retrograd.augmentation([rotation({ degrees: 3 })], options),
    valid: {},
    kinds: { fill: ['zeros', 1, null], fillValue: 'number', range: [[1, 0], [0], [NaN, 1], 3] },
  },
  rotation: { make: rotation, valid: { degrees: 3 }, kinds: { degrees: 'bounds', ...chance } },
  translation: { make: retrograd.translation, valid: {}, kinds: { x: 'bounds', y: 'bounds', ...chance } },
  zoom: { make: retrograd.zoom, valid: { factor: 0.1 }, kinds: { factor: 'bounds', ...chance } },
  shear: { make: retrograd.shear, valid: {}, kinds: { x: 'bounds', y: 'bounds', ...chance } },
  flip: { make: retrograd.flip, valid: {}, kinds: { direction: ['up', 1, null], ...chance } },
  randomCrop: {
    make: retrograd.randomCrop,
    valid: { padding: 2 },
    kinds: { padding: [0, 1.5, 128, NaN, '3', null], ...chance },
  },
  brightness: { make: retrograd.brightness, valid: { delta: 0.1 }, kinds: { delta: 'bounds', ...chance } },
  contrast: { make: retrograd.contrast, valid: { factor: 0.1 }, kinds: { factor: 'bounds', ...chance } },
  saturation: { make: retrograd.saturation, valid: { factor: 0.1 }, kinds: { factor: 'bounds', ...chance } },
  hue: { make: retrograd.hue, valid: { degrees: 3 }, kinds: { degrees: 'bounds', ...chance } },
  noise: { make: retrograd.noise, valid: { stddev: 0.1 }, kinds: { stddev: [-1, 2, NaN, '3', null], ...chance } },
};

/** What the call throws or rejects with; null where it gives something. */
async function failure(make: (options: never) => unknown, options: unknown): Promise<unknown> {
  try {
    await make(options as never);
    return null;
  } catch (error) {
    return error;
  }
}

it('the table holds all of them', () => {
  const modules = [schedules, optimizers, regularizers, callbacks, plateau, checkpoints, progresses];
  modules.push(...([datasets, named, splitting, folding, normalize, csv, glyph, synthetic] as never[]));
  modules.push(...([stream, idx, images, augmentations, transforms] as never[]));
  const found = modules.flatMap((module) => Object.entries(module).filter(([, value]) => typeof value === 'function'));
  // Those without a record of options are below.
  const others = ['take', 'shuffleOrder', 'readIdx', 'zipEntries', 'terminateOnNaN', 'l1', 'l2', 'maxNorm'];
  const expected = found.map(([name]) => name).filter((name) => name in retrograd && !others.includes(name));
  expect(Object.keys(cases).sort()).toEqual(expected.sort());
});

describe.each(Object.entries(cases))('%s', (name, { make, valid, kinds }) => {
  it('takes what makes sense', async () => {
    const error = await failure(make, valid);
    // Of files that there are not.
    expect(error, String(error)).not.toBeInstanceOf(OptionError);
  });

  it('refuses an unknown option, and options that are none', async () => {
    const unknown = await failure(make, { ...valid, bogus: 1 });
    expect(unknown).toBeInstanceOf(OptionError);
    expect((unknown as Error).message).toMatch(/: unknown option 'bogus'.*; known: /);
    for (const options of [null, 3]) expect(await failure(make, options)).toBeInstanceOf(OptionError);
  });

  it.skipIf(Object.keys(kinds).length === 0)('refuses what makes no sense', async () => {
    for (const [option, kind] of Object.entries(kinds)) {
      for (const value of typeof kind === 'string' ? nonsense[kind] : kind) {
        const text = `${name}({ ${option}: ${typeof value === 'number' ? value : JSON.stringify(value)} })`;
        const error = await failure(make, { ...valid, [option]: value });
        expect(error, text).toBeInstanceOf(OptionError);
        expect((error as Error).message, text).toContain(option);
      }
    }
  });
});

it.each([
  ['l1', retrograd.l1],
  ['l2', retrograd.l2],
  ['maxNorm', retrograd.maxNorm],
  ['shuffleOrder', (size: never) => retrograd.shuffleOrder(size, 0, 0)],
  ['shuffleOrder', (seed: never) => retrograd.shuffleOrder(3, seed, 0)],
  ['shuffleOrder', (epoch: never) => retrograd.shuffleOrder(3, 0, epoch)],
] as const)('%s refuses what is no number for it', (_, make) => {
  for (const value of [-1, NaN, '3', null]) expect(() => make(value as never)).toThrow(OptionError);
});

it('what reads data refuses what is none', async () => {
  for (const count of [0, -1, 1.5, NaN, 21]) expect(() => retrograd.take(data, count)).toThrow(retrograd.DataError);
  expect(() => retrograd.readIdx(new Uint8Array(2))).toThrow(retrograd.DataError);
  for (const unzip of [undefined, null, 3]) {
    await expect(zipEntries(new Uint8Array(2), unzip as never)).rejects.toThrow(OptionError);
  }
});
