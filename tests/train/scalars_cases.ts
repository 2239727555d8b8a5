// Trainings whose numbers are set while they run, in Node and in Chrome: from then on they are to have the same bits as one that
// was compiled with these numbers.

import {
  activation,
  adagrad,
  adam,
  adamW,
  alphaDropout,
  asLayer,
  bayesianDense,
  type Callback,
  type CompileOptions,
  dataset,
  dense,
  type Device,
  dropout,
  flatten,
  gaussianDropout,
  gaussianNoise,
  input,
  type LayerRecord,
  l1l2,
  l2,
  losses,
  type Model,
  model,
  namedDataset,
  rmsprop,
  sequential,
  sgd,
  spatialDropout2d,
  type TrainingData,
} from '../../src/index.ts';

type Numbers = Readonly<Record<string, number>>;

export interface ScalarsCase {
  /** Of each number what the model is compiled with, and what it is set to. */
  readonly numbers: Readonly<Record<string, readonly [number, number]>>;
  readonly make: (numbers: Numbers) => Model<never>;
  readonly compile: (numbers: Numbers) => CompileOptions;
}

const shape = { inputShape: [3, 3, 2] } as const;
const chain = (...layers: readonly LayerRecord[]) =>
  sequential([flatten(shape), ...layers], { seed: 4 }) as unknown as Model<never>;
const sparse = 'sparseCategoricalCrossentropy';

export const scalarsCases: Readonly<Record<string, ScalarsCase>> = {
  'SGD, dropout, penalties': {
    numbers: {
      momentum: [0.9, 0.5],
      weightDecay: [0, 0.1],
      clipValue: [0.5, 0.001],
      'dropout_1/rate': [0.3, 0.6],
      'dense_1/kernel/l1': [0.001, 0.01],
      'dense_1/kernel/l2': [0.01, 0.03],
      'dense_1/activity/l2': [0.02, 0.2],
      labelSmoothing: [0.1, 0.3],
    },
    make: (n) =>
      chain(
        dropout({ rate: n['dropout_1/rate']! }),
        dense({
          units: 10,
          kernelRegularizer: l1l2({ l1: n['dense_1/kernel/l1']!, l2: n['dense_1/kernel/l2']! }),
          activityRegularizer: l2(n['dense_1/activity/l2']),
        }),
      ),
    compile: (n) => ({
      optimizer: sgd({
        learningRate: 0.05,
        momentum: n['momentum']!,
        weightDecay: n['weightDecay']!,
        clipValue: n['clipValue']!,
      }),
      loss: losses.sparseCategoricalCrossentropy({ labelSmoothing: n['labelSmoothing']! }),
    }),
  },
  'Adam, a norm of all gradients, noise': {
    numbers: {
      beta1: [0.9, 0.7],
      beta2: [0.999, 0.9],
      epsilon: [1e-8, 1e-3],
      weightDecay: [0, 0.05],
      globalClipNorm: [10, 0.5],
      'gaussiannoise_1/stddev': [0.1, 0.4],
      'gaussiandropout_1/rate': [0.2, 0.5],
    },
    make: (n) =>
      chain(
        gaussianNoise({ stddev: n['gaussiannoise_1/stddev']! }),
        dense({ units: 12, activation: 'tanh' }),
        gaussianDropout({ rate: n['gaussiandropout_1/rate']! }),
        dense({ units: 10 }),
      ),
    compile: (n) => ({
      optimizer: adam({
        beta1: n['beta1']!,
        beta2: n['beta2']!,
        epsilon: n['epsilon']!,
        weightDecay: n['weightDecay']!,
        globalClipNorm: n['globalClipNorm']!,
      }),
      loss: sparse,
    }),
  },
  'AdamW in mixed precision, summed over batches': {
    numbers: {
      beta1: [0.9, 0.6],
      beta2: [0.99, 0.9],
      weightDecay: [0.01, 0.2],
      'dropout_1/rate': [0.2, 0.5],
      'dense_2/kernel/l2': [0.01, 0.05],
    },
    make: (n) =>
      chain(
        dense({ units: 16, activation: 'relu' }),
        dropout({ rate: n['dropout_1/rate']! }),
        dense({ units: 10, kernelRegularizer: l2(n['dense_2/kernel/l2']) }),
      ),
    compile: (n) => ({
      optimizer: adamW({
        beta1: n['beta1']!,
        beta2: n['beta2']!,
        weightDecay: n['weightDecay']!,
        gradientAccumulationSteps: 2,
      }),
      loss: sparse,
      precision: 'mixed',
    }),
  },
  'RMSprop, the norm of each gradient, other dropouts': {
    numbers: {
      rho: [0.9, 0.5],
      momentum: [0.5, 0.2],
      epsilon: [1e-7, 1e-3],
      weightDecay: [0.01, 0.1],
      clipNorm: [1, 0.1],
      'dropout_1/rate': [0.2, 0.4],
      'alphadropout_1/rate': [0.1, 0.3],
    },
    make: (n) =>
      sequential(
        [
          spatialDropout2d({ ...shape, rate: n['dropout_1/rate']! }),
          flatten(),
          dense({ units: 12, activation: 'selu' }),
          alphaDropout({ rate: n['alphadropout_1/rate']! }),
          dense({ units: 10 }),
        ],
        { seed: 4 },
      ) as unknown as Model<never>,
    compile: (n) => ({
      optimizer: rmsprop({
        centered: true,
        rho: n['rho']!,
        momentum: n['momentum']!,
        epsilon: n['epsilon']!,
        weightDecay: n['weightDecay']!,
        clipNorm: n['clipNorm']!,
      }),
      loss: sparse,
    }),
  },
  'Adagrad, two outputs, a model within, drawn weights': {
    numbers: {
      epsilon: [1e-7, 0.01],
      weightDecay: [0, 0.05],
      'trunk/dropout_1/rate': [0.2, 0.5],
      'drawn/klWeight': [0.001, 0.01],
      'labels/lossWeight': [1, 0.25],
      'other/lossWeight': [0.5, 2],
    },
    make(n) {
      const inner = sequential(
        [flatten(shape), dense({ units: 12, activation: 'relu' }), dropout({ rate: n['trunk/dropout_1/rate']! })],
        { name: 'trunk' },
      );
      const x = input({ shape: shape.inputShape });
      const trunk = asLayer(inner)(x);
      const drawn = bayesianDense({ units: 10, name: 'drawn', klWeight: n['drawn/klWeight']! })(trunk);
      const outputs = {
        labels: activation('linear', { name: 'labels' })(drawn),
        other: dense({ units: 10, name: 'other' })(trunk),
      };
      return model({ inputs: x, outputs, seed: 4 }) as unknown as Model<never>;
    },
    compile: (n) => ({
      optimizer: adagrad({ learningRate: 0.05, epsilon: n['epsilon']!, weightDecay: n['weightDecay']! }),
      loss: { labels: sparse, other: sparse },
      lossWeights: { labels: n['labels/lossWeight']!, other: n['other/lossWeight']! },
    }),
  },
};

const pick = ({ numbers }: ScalarsCase, at: 0 | 1): Record<string, number> =>
  Object.fromEntries(Object.entries(numbers).map(([name, values]) => [name, values[at]]));

const x = {
  data: Float32Array.from({ length: 56 * 18 }, (_, i) => Math.sin(i * i)),
  shape: [56, ...shape.inputShape],
};
const y = Int32Array.from({ length: 56 }, (_, i) => (i * 7) % 10);

/** Seven steps in each of two epochs, of whole batches, so that nothing is made for a smaller one on the way. */
const options = { epochs: 2, batchSize: 8, resume: true };
const setAfter = 4;

async function compiled(one: ScalarsCase, at: 0 | 1, device: Device): Promise<Model<never>> {
  const numbers = pick(one, at);
  const made = one.make(numbers);
  await made.compile({ ...one.compile(numbers), device });
  return made;
}

async function end(made: Model<never>): Promise<number[][]> {
  const weights = [...(await made.getWeights()).values()].map(({ data: values }) => [...values]);
  made.dispose();
  return weights;
}

/** What a training is after its first steps. */
export async function begun(one: ScalarsCase, device: Device) {
  const made = await compiled(one, 0, device);
  const stop: Callback = {
    onStepEnd: ({ step }) => {
      if (step >= setAfter) made.stopTraining('as planned');
    },
  };
  await made.fit(dataFor(made), { ...options, callbacks: [stop] });
  const [weights, training] = [await made.getWeights(), (await made.getTraining())!];
  made.dispose();
  return { weights, training };
}

const dataFor = ({ outputs }: Model<never>): TrainingData =>
  outputs.length === 1
    ? dataset({ x, y })
    : namedDataset({ x, y: Object.fromEntries(outputs.map(({ name }) => [name, y])) });

/** The weights of a training that goes on from there, compiled with its first numbers or those that they are set to. */
export async function continuedWith(
  one: ScalarsCase,
  at: 0 | 1,
  { weights, training }: Awaited<ReturnType<typeof begun>>,
  device: Device,
  set: readonly string[] = [],
): Promise<number[][]> {
  const made = await compiled(one, at, device);
  made.setWeights(weights);
  made.setTraining(training);
  const all = pick(one, 1);
  made.setScalars(Object.fromEntries(set.map((name) => [name, all[name]!])));
  await made.fit(dataFor(made), options);
  return end(made);
}

/** The weights of a training whose numbers are set between two of its steps, and what was made for that. */
export async function setMidway(one: ScalarsCase, device: Device) {
  const made = await compiled(one, 0, device);
  const first = made.scalars();
  const before = { pipelines: 0, buffers: 0 };
  const counted = () => {
    const { pipelinesCreated, buffersCreated } = device.stats();
    return { pipelines: pipelinesCreated, buffers: buffersCreated };
  };
  let after = before;
  const setting: Callback = {
    async onStepEnd({ step, batch }) {
      if (step >= setAfter && made.scalars()['weightDecay'] === first['weightDecay']) {
        Object.assign(before, counted());
        made.setScalars(pick(one, 1));
      } else if (batch === 6) after = counted();
    },
  };
  await made.fit(dataFor(made), { ...options, callbacks: [setting] });
  const now = made.scalars();
  return { first, now, made: { before, after }, weights: await end(made) };
}
