// Every layer × every option that holds weights: each is refused by an OptionError, or obeyed as its formula says in double precision.

import { describe, expect, it } from 'vitest';

import {
  createCpuDevice,
  dataset,
  dense,
  flatten,
  l1l2,
  l2,
  type Model,
  OptionError,
  sequential,
  sgd,
} from '../../src/index.ts';
import { layerFromConfig, layerTypes } from '../../src/nn/layers/from_config.ts';
import type { Json } from '../../src/nn/layer.ts';

type Config = Record<string, Json>;
type Case = { readonly config: Config; readonly shape: readonly number[] };

/** All layers with weights, each small. */
const weighted: Record<string, Case> = {
  Dense: { config: { units: 3 }, shape: [4] },
  Conv1d: { config: { filters: 2, kernelSize: 2 }, shape: [4, 3] },
  Conv2d: { config: { filters: 2, kernelSize: 2 }, shape: [3, 3, 2] },
  Conv3d: { config: { filters: 2, kernelSize: 2 }, shape: [3, 2, 2, 1] },
  Conv1dTranspose: { config: { filters: 2, kernelSize: 2 }, shape: [3, 3] },
  Conv2dTranspose: { config: { filters: 2, kernelSize: 2 }, shape: [2, 2, 3] },
  Conv3dTranspose: { config: { filters: 2, kernelSize: 2 }, shape: [2, 2, 2, 1] },
  DepthwiseConv1d: { config: { kernelSize: 2, depthMultiplier: 2 }, shape: [4, 3] },
  DepthwiseConv2d: { config: { kernelSize: 2, depthMultiplier: 2 }, shape: [3, 3, 2] },
  SeparableConv1d: { config: { filters: 2, kernelSize: 2 }, shape: [4, 3] },
  SeparableConv2d: { config: { filters: 2, kernelSize: 2 }, shape: [3, 3, 2] },
  SimpleRNN: { config: { units: 2 }, shape: [3, 2] },
  LSTM: { config: { units: 2, returnSequences: true }, shape: [3, 2] },
  GRU: { config: { units: 2 }, shape: [3, 2] },
  Bidirectional: { config: { layer: { type: 'GRU', config: { units: 2 } } }, shape: [3, 2] },
  Embedding: { config: { inputDim: 4, outputDim: 3 }, shape: [5] },
  MultiHeadAttention: { config: { numHeads: 2, keyDim: 3 }, shape: [3, 4] },
  BatchNormalization: { config: {}, shape: [3] },
  LayerNormalization: { config: {}, shape: [3] },
  GroupNormalization: { config: { groups: 2 }, shape: [3, 4] },
  InstanceNormalization: { config: {}, shape: [3, 2] },
  RMSNormalization: { config: {}, shape: [3] },
  BayesianDense: { config: { units: 3, klWeight: 0 }, shape: [4] },
  BayesianConv2d: { config: { filters: 2, kernelSize: 2, klWeight: 0 }, shape: [3, 3, 1] },
  PReLU: { config: {}, shape: [4] },
};

const roles = [
  'kernel',
  'depthwise',
  'pointwise',
  'recurrent',
  'bias',
  'embeddings',
  'alpha',
  'gamma',
  'beta',
] as const;
type Role = (typeof roles)[number];
/** Of a weight's name within its layer. */
const weightsOf: Record<Role, RegExp> = {
  kernel: /(^|\/)(kernel|kernelMean)$/,
  depthwise: /^(depthwiseKernel|kernel)$/,
  pointwise: /^pointwiseKernel$/,
  recurrent: /^recurrentKernel$/,
  bias: /(^|\/)(bias|biasMean)$/,
  embeddings: /^embeddings$/,
  alpha: /^alpha$/,
  gamma: /^gamma$/,
  beta: /^beta$/,
};
const options = [
  ...roles.flatMap((role) => [`${role}Regularizer`, `${role}Constraint`]),
  'activityRegularizer',
  'trainable',
];
const rates = Object.fromEntries(
  [...roles, 'activity'].map((role, i) => [`${role}Regularizer`, l1l2({ l1: 0.01 + 0.01 * i, l2: 0.2 - 0.02 * i })]),
);
const limit = 0.2;

function valueOf(option: string): Json {
  if (option === 'trainable') return false;
  return option.endsWith('Constraint') ? { maxNorm: limit } : { ...rates[option]! };
}

/** Without which a layer without weights is refused for another reason. */
const required = (type: string): Config =>
  type.startsWith('LpPool') ? { p: 2 } : type.startsWith('Adaptive') ? { outputSize: 1 } : {};

/** Null where the layer takes it. */
function refusal(type: string, option: string): string | null {
  const { config, shape } = weighted[type] ?? { config: required(type), shape: [2] };
  try {
    const layer = layerFromConfig(type, 'own', {
      ...config,
      ...(weighted[type] ? { inputShape: shape } : {}),
      [option]: valueOf(option),
    });
    sequential([layer, flatten(), dense({ units: 1 })]);
    return null;
  } catch (error) {
    expect(error, `${type}, ${option}`).toBeInstanceOf(OptionError);
    return (error as Error).message;
  }
}
const taken = (type: string) => options.filter((option) => refusal(type, option) === null);

/** Evenly spread over ±1 without a pattern, and never near 0, where |w| has a kink. */
const draw = (i: number) =>
  (i % 2 === 0 ? 1 : -1) * (0.25 + 0.75 * ((Math.sin(12.9898 * (i + 1)) * 43758.5453) % 1) ** 2);

const size = 6;
function dataOf({ shape }: Case, type: string) {
  const count = shape.reduce((a, b) => a * b, size);
  const x = Float32Array.from({ length: count }, (_, i) => (type === 'Embedding' ? (7 * i) % 4 : draw(i)));
  return dataset({ x, shape: [...shape], y: Float32Array.from({ length: size }, (_, i) => draw(i + 99)) });
}

const learningRate = 0.05;
async function modelOf(type: string, held: Config): Promise<Model<unknown>> {
  const { config, shape } = weighted[type]!;
  const layer = layerFromConfig(type, 'own', { ...config, inputShape: shape, ...held });
  const model = sequential([layer, flatten(), dense({ units: 1, name: 'head' })], { seed: 5 });
  await model.compile({ optimizer: sgd({ learningRate }), loss: 'meanSquaredError', device: createCpuDevice() });
  const weights = await model.getWeights();
  for (const { name, shape: of } of model.parameters.list) {
    const count = of.reduce((a, b) => a * b, 1);
    if (!name.endsWith('Rho'))
      weights.set(name, { shape: of, data: Float32Array.from({ length: count }, (_, i) => draw(i)) });
  }
  model.setWeights(weights);
  return model;
}

/** After one step on all data. */
async function stepped(type: string, held: Config) {
  const model = await modelOf(type, held);
  const before = await model.getWeights();
  const { history } = await model.fit(dataOf(weighted[type]!, type), { batchSize: size, shuffle: false });
  return { before, after: await model.getWeights(), history, model };
}

/** A depthwise layer's kernel has a name of its own among options. */
const roleOf = (weight: string, own: readonly string[]): Role | undefined =>
  roles.find((role) => own.includes(`${role}Regularizer`) && weightsOf[role].test(weight.replace('own/', '')));
const value = ({ l1, l2: second }: { l1: number; l2: number }, of: ArrayLike<number>) =>
  Array.from(of).reduce((sum, w) => sum + l1 * Math.abs(w) + second * w * w, 0);

it('the table of layers and what of their weights can be held', () => {
  const withWeights = Object.keys(weighted);
  const rows = withWeights.map((type) => {
    const own = taken(type);
    const held = roles.filter((role) => own.includes(`${role}Regularizer`));
    expect(own, type).toContain('activityRegularizer');
    expect(own, type).toContain('trainable');
    const constrained = roles.filter((role) => own.includes(`${role}Constraint`));
    return `${type}: ${held.join(', ')}${String(held) === String(constrained) ? '' : ` (constraints: ${constrained.join(', ')})`}`;
  });
  expect(rows).toMatchInlineSnapshot(`
    [
      "Dense: kernel, bias",
      "Conv1d: kernel, bias",
      "Conv2d: kernel, bias",
      "Conv3d: kernel, bias",
      "Conv1dTranspose: kernel, bias (constraints: bias)",
      "Conv2dTranspose: kernel, bias (constraints: bias)",
      "Conv3dTranspose: kernel, bias (constraints: bias)",
      "DepthwiseConv1d: depthwise, bias",
      "DepthwiseConv2d: depthwise, bias",
      "SeparableConv1d: depthwise, pointwise, bias",
      "SeparableConv2d: depthwise, pointwise, bias",
      "SimpleRNN: kernel, recurrent, bias",
      "LSTM: kernel, recurrent, bias",
      "GRU: kernel, recurrent, bias",
      "Bidirectional: ",
      "Embedding: embeddings",
      "MultiHeadAttention: kernel, bias",
      "BatchNormalization: gamma, beta",
      "LayerNormalization: gamma, beta",
      "GroupNormalization: gamma, beta",
      "InstanceNormalization: gamma, beta",
      "RMSNormalization: gamma",
      "BayesianDense: kernel, bias",
      "BayesianConv2d: kernel, bias",
      "PReLU: alpha",
    ]
  `);
});

it('layers without weights refuse all of them by name', () => {
  for (const type of Object.keys(layerTypes)) {
    if (weighted[type]) continue;
    for (const option of options) expect(refusal(type, option), `${type}, ${option}`).toContain(option);
  }
});

describe.each(Object.keys(weighted))('%s', (type) => {
  const own = taken(type);
  const regularizers = own.filter((option) => option.endsWith('Regularizer'));
  const constraints = own.filter((option) => option.endsWith('Constraint'));
  const given = (list: readonly string[]): Config =>
    Object.fromEntries(list.map((option) => [option, valueOf(option)]));

  it('penalties are added to the loss, and pull each weight by their slope', async () => {
    const data = dataOf(weighted[type]!, type);
    const ofWeights = regularizers.filter((option) => option !== 'activityRegularizer');
    const [plain, held] = [await stepped(type, {}), await stepped(type, given(ofWeights))];
    let penalty = 0;
    for (const [name, { data: before }] of plain.before) {
      const role = name.startsWith('own/') ? roleOf(name, own) : undefined;
      const rate = role && ofWeights.includes(`${role}Regularizer`) ? rates[`${role}Regularizer`]! : { l1: 0, l2: 0 };
      penalty += value(rate, before);
      before.forEach((w, i) => {
        const slope = rate.l1 * Math.sign(w) + 2 * rate.l2 * w;
        const moved = plain.after.get(name)!.data[i]! - learningRate * slope;
        expect(held.after.get(name)!.data[i], `${name}[${i}]`).toBeCloseTo(moved, 5);
      });
    }
    if (ofWeights.length > 0) expect(held.history['regularization']![0]).toBeCloseTo(penalty, 4);
    expect(held.history['loss']![0]! - plain.history['loss']![0]!).toBeCloseTo(penalty, 4);

    // What the layer gives is known where nothing is drawn: in evaluation.
    const all = await modelOf(type, given(regularizers));
    const { own: output } = await all.inspect(data.x.data as Float32Array, ['own']);
    const activity = value(rates['activityRegularizer']!, output!.data) / size;
    expect(activity).toBeGreaterThan(0.01);
    const measured = await all.evaluate(data, { batchSize: 4 });
    // Batches of four and of two: the mean over all examples.
    expect(measured['regularization']! / (penalty + activity)).toBeCloseTo(1, 5);
    const pulled = await stepped(type, given(['activityRegularizer']));
    const weight = [...plain.after.keys()].find((name) => name.startsWith('own/'))!;
    expect(pulled.after.get(weight)!.data).not.toEqual(plain.after.get(weight)!.data);
  });

  it.skipIf(constraints.length === 0)('no unit has longer weights than its limit', async () => {
    const [plain, held] = [await stepped(type, {}), await stepped(type, given(constraints))];
    let shortened = 0;
    for (const [name, { shape, data: free }] of plain.after) {
      const role = name.startsWith('own/') ? roleOf(name, own) : undefined;
      const bound = role && constraints.includes(`${role}Constraint`) ? limit : Infinity;
      const two =
        /own\/(query|key|value)\//.test(name) ||
        (/Depthwise|Separable/.test(type) && /own\/(depthwiseK|k)ernel/.test(name));
      const units = shape.slice(two ? -2 : -1).reduce((a, b) => a * b, 1);
      free.forEach((w, i) => {
        const norm = Math.hypot(...free.filter((_, j) => j % units === i % units));
        if (norm > bound) shortened++;
        expect(held.after.get(name)!.data[i], `${name}[${i}]`).toBeCloseTo(w * Math.min(1, bound / norm), 5);
      });
    }
    expect(shortened).toBeGreaterThan(0);
  });

  it('trainable: false leaves its weights as they are, beside what is trained', async () => {
    const { before, after, model } = await stepped(type, { trainable: false });
    expect(model.parameters.list.map(({ name }) => name)).toEqual(['head/kernel', 'head/bias']);
    for (const [name, { data: values }] of before) {
      if (name.startsWith('own/')) expect(after.get(name)!.data, name).toEqual(values);
      else expect(after.get(name)!.data, name).not.toEqual(values);
    }
  });
});

describe('activityRegularizer', () => {
  it('has the gradient of rate·Σy² / N: dW = 2·rate/N·xᵀ·y', async () => {
    const { config, shape } = weighted['Dense']!;
    expect([config, shape]).toEqual([{ units: 3 }, [4]]);
    const [plain, held] = [await stepped('Dense', {}), await stepped('Dense', { activityRegularizer: { ...l2(0.5) } })];
    const x = dataOf(weighted['Dense']!, 'Dense').x.data;
    const kernel = plain.before.get('own/kernel')!.data;
    const bias = plain.before.get('own/bias')!.data;
    const y = (n: number, u: number) =>
      [0, 1, 2, 3].reduce((sum, i) => sum + x[n * 4 + i]! * kernel[i * 3 + u]!, bias[u]!);
    for (let i = 0; i < 4; i++) {
      for (let u = 0; u < 3; u++) {
        let slope = 0;
        for (let n = 0; n < size; n++) slope += (2 * 0.5 * x[n * 4 + i]! * y(n, u)) / size;
        const free = plain.after.get('own/kernel')!.data[i * 3 + u]!;
        expect(held.after.get('own/kernel')!.data[i * 3 + u]).toBeCloseTo(free - learningRate * slope, 5);
      }
    }
  });

  it('of a wrapped layer is refused: it belongs to the wrapper', () => {
    const layer = { type: 'LSTM', config: { units: 2, activityRegularizer: { ...l2() } } };
    expect(() => layerFromConfig('Bidirectional', 'both', { layer })).toThrow(
      "bidirectional: layer has an activityRegularizer, expected it among bidirectional's own options",
    );
  });

  it('a wrapped layer holds its weights in both directions', async () => {
    const layer = { type: 'GRU', config: { units: 2, recurrentRegularizer: { ...rates['recurrentRegularizer']! } } };
    const model = await modelOf('Bidirectional', { layer });
    const weights = await model.getWeights();
    const both = ['forward', 'backward'].map((way) => weights.get(`own/${way}/recurrentKernel`)!.data);
    const { regularization } = await model.evaluate(dataOf(weighted['Bidirectional']!, 'Bidirectional'));
    const expected = both.reduce((sum, data) => sum + value(rates['recurrentRegularizer']!, data), 0);
    expect(regularization! / expected).toBeCloseTo(1, 5);
  });
});
