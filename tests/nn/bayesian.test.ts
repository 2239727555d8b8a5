// Layers with distributions for weights: the divergence against its integral, gradients with the draw fixed, the loss's
// parts, spread away from the data.

import { describe, expect, it, test } from 'vitest';
import {
  adam,
  bayesianConv2d,
  bayesianDense,
  createCpuDevice,
  conv2d,
  dense,
  evaluateGraph,
  flatten,
  gradcheck,
  input,
  inputTensor,
  loadModel,
  model as graphModel,
  type Model,
  normalDivergence,
  OptionError,
  ops,
  readSafetensors,
  saveModel,
  sequential,
  sgd,
} from '../../src/index.ts';
import { randomNormal } from '../../src/ops/random.ts';
import { constantTensor, type Tensor } from '../../src/graph/tensor.ts';
import { layerContext, streamStep } from '../../src/nn/layer.ts';

const value = (tensor: Tensor, feeds: ReadonlyMap<Tensor, Float64Array>) => evaluateGraph([tensor], feeds)[0]!;

test('normalDivergence is the integral of q·log(q / p)', () => {
  for (const [mean, sigma, prior] of [
    [0.3, 0.5, 1],
    [-2, 0.1, 0.7],
    [0, 2, 2],
  ] as const) {
    const density = (w: number, m: number, s: number) =>
      Math.exp(-(((w - m) / s) ** 2) / 2) / (s * Math.sqrt(2 * Math.PI));
    let integral = 0;
    const [low, high, steps] = [mean - 12 * sigma, mean + 12 * sigma, 20_000];
    for (let i = 0; i < steps; i++) {
      const w = low + ((i + 0.5) * (high - low)) / steps;
      const q = density(w, mean, sigma);
      if (q > 0) integral += ((q * (high - low)) / steps) * Math.log(q / density(w, 0, prior));
    }
    const [m, s] = [inputTensor('m', [1]), inputTensor('s', [1])];
    const kl = value(
      normalDivergence(m, s, prior),
      new Map([
        [m, Float64Array.of(mean)],
        [s, Float64Array.of(sigma)],
      ]),
    );
    expect(kl[0]).toBeCloseTo(integral, 6);
  }
});

describe('bayesianDense', () => {
  const layer = bayesianDense({ units: 2, klWeight: 0.125, priorSigma: 0.5, activation: 'tanh' });
  const shapes = { kernelMean: [3, 2], kernelRho: [3, 2], biasMean: [2], biasRho: [2], x: [4, 3] };
  const random = constantTensor(Uint32Array.of(9, 4, 0, 0), [4], 'u32');

  it('has mean and rho for each weight; σ begins at 0.05', () => {
    const { weights, outputShape } = layer.build([3], 'layer');
    expect(outputShape).toEqual([2]);
    expect(Object.entries(weights).map(([name, { shape }]) => [name, shape])).toEqual(
      Object.entries(shapes).slice(0, 4),
    );
    const rho = weights['kernelRho']!.initializer.values([1], 0, 0)[0]!;
    expect(Math.log1p(Math.exp(rho))).toBeCloseTo(0.05, 6);
  });

  it('is dense with w = mean + softplus(rho)·n, and its loss term the divergence', () => {
    const given = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(3 * i + name.length)),
      ]),
    );
    const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, inputTensor(name, shape)]));
    const feeds = new Map(Object.keys(shapes).map((name) => [tensors[name]!, given[name]!]));
    const terms: Tensor[] = [];
    const context = layerContext({
      training: true,
      random,
      stream: 6,
      addLoss(name, term) {
        expect(name).toBe('kl');
        terms.push(term);
      },
    });
    const y = value(
      layer.apply(tensors['x']!, (name) => tensors[name]!, context),
      feeds,
    );
    const noise = (stream: number, shape: number[]) => value(randomNormal(shape, random, { stream }), new Map());
    const softplus = (rho: number) => Math.log1p(Math.exp(rho));
    const drawnOf = (name: string, n: ArrayLike<number>) =>
      given[`${name}Mean`]!.map((mean, i) => mean + softplus(given[`${name}Rho`]![i]!) * n[i]!);
    const kernel = drawnOf('kernel', noise(6, [3, 2]));
    const bias = drawnOf('bias', noise(6 + streamStep, [2]));
    for (let n = 0; n < 4; n++) {
      for (let u = 0; u < 2; u++) {
        let sum = bias[u]!;
        for (let i = 0; i < 3; i++) sum += given['x']![n * 3 + i]! * kernel[i * 2 + u]!;
        expect(y[n * 2 + u]).toBeCloseTo(Math.tanh(sum), 10);
      }
    }
    let expected = 0;
    for (const name of ['kernel', 'bias']) {
      given[`${name}Mean`]!.forEach((mean, i) => {
        const sigma = softplus(given[`${name}Rho`]![i]!);
        expected += Math.log(0.5 / sigma) + (sigma ** 2 + mean ** 2) / (2 * 0.25) - 0.5;
      });
    }
    const total = terms.reduce((sum, term) => sum + value(term, feeds)[0]!, 0);
    expect(total).toBeCloseTo(0.125 * expected, 7); // constants of a graph are f32
  });

  it('has the gradients of finite differences, the draw being fixed', () => {
    const f = (given: Record<string, Tensor>) => {
      const terms: Tensor[] = [];
      const context = layerContext({ training: true, random, stream: 6, addLoss: (_, term) => terms.push(term) });
      const y = layer.apply(given['x']!, (name) => given[name]!, context);
      return terms.reduce((sum, term) => ops.add(sum, term), ops.sum(ops.square(y)));
    };
    const at = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        { shape, values: Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.cos(2 * i + 1)) },
      ]),
    );
    const result = gradcheck(f, at);
    expect(result.worst, JSON.stringify(result)).toBeLessThanOrEqual(1);
  });
});

const line = (size: number) => {
  const x = Float32Array.from({ length: size }, (_, i) => -1 + (2 * i) / (size - 1));
  const y = x.map((v, i) => Math.sin(3 * v) + 0.05 * Math.sin(77 * i));
  return { x: { shape: [size, 1], data: x }, y: { shape: [size, 1], data: y } };
};

async function compiled(model: Model, learningRate: number): Promise<Model> {
  await model.compile({ optimizer: adam({ learningRate }), loss: 'mse', device: createCpuDevice() });
  return model;
}

describe('in models', () => {
  it('the loss is the data’s and kl, which is logged; evaluation has the data’s alone', async () => {
    // Without a step, at σ = 1e-3 hardly a draw: loss − kl is what evaluation finds.
    const model = sequential([bayesianDense({ units: 3, initialSigma: 1e-3, inputShape: [1] }), dense({ units: 1 })]);
    await model.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'mse', device: createCpuDevice() });
    const data = line(40);
    const { history } = await model.fit(data, { batchSize: 16, validation: data });
    expect(Object.keys(history)).toEqual(['loss', 'kl', 'val_loss']);
    const kernel = (await model.getWeights()).get('bayesian_1/kernelMean')!.data;
    // Three kernel weights and three biases of mean 0: log(1 / σ) + (σ² + mean²) / 2 − ½ each, over 40 examples.
    const kl = (6 * (Math.log(1000) - 0.5 + 5e-7) + kernel.reduce((sum, w) => sum + (w * w) / 2, 0)) / 40;
    expect(history['kl']![0]).toBeCloseTo(kl, 4);
    expect(history['loss']![0]! - history['kl']![0]!).toBeCloseTo(history['val_loss']![0]!, 2);
    expect(Object.keys(await model.evaluate(data))).toEqual(['loss']);
  });

  it('the prior alone is found again: without data, means go to 0 and deviations to the prior’s', async () => {
    const model = sequential([
      bayesianDense({ units: 2, klWeight: 1, priorSigma: 0.3, inputShape: [1], kernelInitializer: 'ones' }),
    ]);
    await compiled(model, 0.05);
    const nothing = {
      x: { shape: [8, 1], data: new Float32Array(8) },
      y: { shape: [8, 2], data: new Float32Array(16) },
    };
    const { history } = await model.fit(nothing, { epochs: 400, batchSize: 8 });
    const weights = await model.getWeights();
    for (const mean of weights.get('bayesian_1/kernelMean')!.data) expect(Math.abs(mean)).toBeLessThan(0.02);
    for (const rho of weights.get('bayesian_1/kernelRho')!.data) {
      expect(Math.log1p(Math.exp(rho))).toBeCloseTo(0.3, 1);
    }
    expect(history['kl']!.at(-1)).toBeLessThan(0.05 * history['kl']![0]!);
  });

  it('predictions spread more away from the data, and not at all from the means', { timeout: 60_000 }, async () => {
    const model = sequential(
      [
        bayesianDense({ units: 16, activation: 'tanh', inputShape: [1], klWeight: 2e-4 }),
        bayesianDense({ units: 1, klWeight: 2e-4 }),
      ],
      { seed: 2 },
    );
    await compiled(model, 0.02);
    await model.fit(line(64), { epochs: 200, batchSize: 16 });
    expect((await model.evaluate(line(64)))['loss']).toBeLessThan(0.1);
    const places = Float32Array.of(-0.5, 0, 0.5, 4, -5);
    expect(await model.predict(places)).toEqual(await model.predict(places));
    const passes: Float32Array[] = [];
    for (let t = 0; t < 200; t++) passes.push((await model.predict(places, { training: true })).data);
    const spread = [...places].map((_, i) => {
      const values = passes.map((pass) => pass[i]!);
      const mean = values.reduce((a, b) => a + b) / values.length;
      return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    });
    const inside = Math.max(...spread.slice(0, 3));
    const outside = Math.min(...spread.slice(3));
    console.log(`Bayesian regression: deviation at the data ${inside.toFixed(3)}, away from it ${outside.toFixed(3)}`);
    expect(inside).toBeGreaterThan(0);
    expect(outside).toBeGreaterThan(1.5 * inside);
  });

  it('used at two places, a layer’s divergence counts once', async () => {
    const shared = bayesianDense({ units: 1, name: 'shared', klWeight: 0.5 });
    const [a, b] = [input({ shape: [1], name: 'a' }), input({ shape: [1], name: 'b' })];
    const twice = graphModel({ inputs: { a, b }, outputs: { first: shared(a), second: shared(b) } });
    const plain = sequential([bayesianDense({ units: 1, name: 'shared', klWeight: 0.5, inputShape: [1] })]);
    const zero = { shape: [2, 1], data: new Float32Array(2) };
    const options = { optimizer: sgd({ learningRate: 0 }), loss: 'mse' as const, device: createCpuDevice() };
    await twice.compile(options);
    await plain.compile(options);
    plain.setWeights(await twice.getWeights());
    const both = await twice.fit({ x: { a: zero, b: zero }, y: { first: zero, second: zero } });
    const one = await plain.fit({ x: zero, y: zero });
    expect(both.history['kl']).toEqual(one.history['kl']);
  });

  it('convolution obeys the options of conv2d, and files keep all', async () => {
    const options = {
      filters: 4,
      kernelSize: [3, 2],
      strides: 2,
      padding: 'same',
      dilationRate: 1,
      groups: 2,
    } as const;
    const model = sequential([
      bayesianConv2d({ ...options, inputShape: [7, 6, 2], priorSigma: 0.5, klWeight: 0.01, useBias: false }),
      flatten(),
      bayesianDense({ units: 2, training: true }),
    ]);
    const bytes = await saveModel(model);
    expect(Object.keys(readSafetensors(bytes).tensors)).toEqual([
      'bayesian_1/kernelMean',
      'bayesian_1/kernelRho',
      'bayesian_2/kernelMean',
      'bayesian_2/kernelRho',
      'bayesian_2/biasMean',
      'bayesian_2/biasRho',
    ]);
    const copy = loadModel(bytes) as Model;
    expect(copy.layers.map(({ layer }) => layer.config)).toEqual(model.layers.map(({ layer }) => layer.config));
    expect(await copy.getWeights()).toEqual(await model.getWeights());
    const x = Float32Array.from({ length: 3 * 84 }, (_, i) => Math.sin(i));
    // With the means it is the plain convolution.
    const plain = sequential([conv2d({ ...options, inputShape: [7, 6, 2], useBias: false })]);
    const mean = (await model.getWeights()).get('bayesian_1/kernelMean')!;
    plain.setWeights(new Map([['conv_1/kernel', mean]]));
    await plain.compile({ optimizer: 'sgd', loss: 'mse', device: createCpuDevice() });
    await compiled(copy, 0.01);
    expect((await copy.inspect(x, ['bayesian_1']))['bayesian_1']).toEqual(await plain.predict(x));
    expect(await copy.predict(x)).not.toEqual(await copy.predict(x));
    const y = { shape: [3, 2], data: new Float32Array(6) };
    const { history } = await copy.fit({ x: { shape: [3, 7, 6, 2], data: x }, y }, { epochs: 3, batchSize: 2 });
    expect(history['loss']!.every(Number.isFinite)).toBe(true);
  });

  test('messages', () => {
    expect(() => bayesianDense({ units: 0 })).toThrow(
      new OptionError('bayesianDense: units is 0, expected a positive integer'),
    );
    expect(() => bayesianDense({ units: 1, priorSigma: 0 })).toThrow(
      'bayesianDense: priorSigma is 0, expected a number above 0',
    );
    expect(() => bayesianConv2d({ filters: 1, kernelSize: 1, klWeigth: 1 } as never)).toThrow(
      /^bayesianConv2d: unknown option 'klWeigth'.*klWeight, training$/,
    );
  });
});
