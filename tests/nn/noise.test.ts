// Layers that draw: what they do while training, that they rest otherwise, and that predictions may ask for them.

import { describe, expect, it, test } from 'vitest';
import {
  alphaDropout,
  createCpuDevice,
  dense,
  dropout,
  evaluateGraph,
  gaussianDropout,
  gaussianNoise,
  inputTensor,
  type Layer,
  loadModel,
  type Model,
  ones,
  OptionError,
  saveModel,
  sequential,
  ShapeError,
  spatialDropout1d,
  spatialDropout2d,
} from '../../src/index.ts';
import { constantTensor } from '../../src/graph/tensor.ts';
import { layerContext } from '../../src/nn/layer.ts';

/** The layer applied to x while training, with `random` fed. */
function drawn(layer: Layer, shape: number[], x: ArrayLike<number>, step = 0): number[] {
  const tensor = inputTensor('x', shape);
  const random = constantTensor(Uint32Array.of(5, step, 0, 0), [4], 'u32');
  const y = layer.apply(tensor, () => tensor, layerContext({ training: true, random, stream: 3 }));
  return [...evaluateGraph([y], new Map([[tensor, Float64Array.from(x)]]))[0]!];
}

const mean = (x: readonly number[]) => x.reduce((sum, value) => sum + value, 0) / x.length;
const variance = (x: readonly number[]) => {
  const center = mean(x);
  return mean(x.map((value) => (value - center) ** 2));
};
const size = 20_000;

describe('while training', () => {
  test('gaussianNoise adds its deviation', () => {
    const y = drawn(gaussianNoise({ stddev: 0.5 }), [size], new Float64Array(size).fill(3));
    expect(mean(y)).toBeCloseTo(3, 1);
    expect(Math.abs(variance(y) / 0.25 - 1)).toBeLessThan(0.05);
    expect(drawn(gaussianNoise({ stddev: 0.5 }), [size], new Float64Array(size).fill(3), 1)).not.toEqual(y);
  });

  test('gaussianDropout multiplies by mean 1 and variance rate / (1 − rate)', () => {
    const y = drawn(gaussianDropout({ rate: 0.2 }), [size], new Float64Array(size).fill(-2));
    expect(mean(y)).toBeCloseTo(-2, 1);
    expect(Math.abs(variance(y) / (4 * 0.25) - 1)).toBeLessThan(0.05);
  });

  test('alphaDropout keeps mean 0 and variance 1, and sets to the saturation of SELU', () => {
    const x = Array.from({ length: size }, (_, i) => (i % 2 === 0 ? 1 : -1)); // mean 0, variance 1
    const y = drawn(alphaDropout({ rate: 0.3 }), [size], x);
    expect(mean(y)).toBeCloseTo(0, 1);
    expect(Math.abs(variance(y) - 1)).toBeLessThan(0.05);
    const saturation = -1.7580993408473766;
    const scale = 1 / Math.sqrt(0.7 * (1 + 0.3 * saturation ** 2));
    const dropped = scale * saturation - scale * saturation * 0.3;
    const count = y.filter((value) => Math.abs(value - dropped) < 1e-6).length;
    expect(count / size).toBeCloseTo(0.3, 1);
  });

  test('spatialDropout2d drops whole channels of an example, not the same ones of each', () => {
    const shape = [6, 3, 2, 50];
    const y = drawn(spatialDropout2d({ rate: 0.4 }), shape, new Float64Array(6 * 300).fill(1));
    const masks: string[] = [];
    for (let n = 0; n < 6; n++) {
      const at = (place: number) => y.slice((n * 6 + place) * 50, (n * 6 + place + 1) * 50);
      for (let place = 1; place < 6; place++) expect(at(place)).toEqual(at(0));
      masks.push(at(0).join());
      for (const value of at(0)) expect(value === 0 || Math.abs(value - 1 / 0.6) < 1e-6).toBe(true);
    }
    expect(new Set(masks).size).toBe(6);
    expect(mean(y)).toBeCloseTo(1, 0);
  });
});

async function compiled(model: Model): Promise<Model> {
  await model.compile({ optimizer: 'sgd', loss: 'mse', device: createCpuDevice() });
  return model;
}

describe('afterwards', () => {
  const x = Float32Array.from({ length: 24 }, (_, i) => i + 1);
  const layers: [string, (training?: boolean) => Layer, number[]][] = [
    ['dropout', (training) => dropout({ rate: 0.5, ...(training ? { training } : {}) }), [8]],
    ['gaussianNoise', (training) => gaussianNoise({ stddev: 1, ...(training ? { training } : {}) }), [8]],
    ['gaussianDropout', (training) => gaussianDropout({ rate: 0.5, ...(training ? { training } : {}) }), [8]],
    ['alphaDropout', (training) => alphaDropout({ rate: 0.5, ...(training ? { training } : {}) }), [8]],
    ['spatialDropout1d', (training) => spatialDropout1d({ rate: 0.5, ...(training ? { training } : {}) }), [2, 4]],
    ['spatialDropout2d', (training) => spatialDropout2d({ rate: 0.5, ...(training ? { training } : {}) }), [1, 2, 4]],
  ];

  test.each(layers)('%s rests, unless predict or the layer asks for draws', async (_, make, shape) => {
    // A layer with a weight makes it a model; with ones it passes numbers on.
    const unit = () => dense({ units: 1, kernelInitializer: ones(), useBias: false });
    const still = await compiled(sequential([make(), unit()]).build(shape));
    const rest = await still.predict(x);
    expect(await still.predict(x)).toEqual(rest);
    const plain = await compiled(sequential([unit()]).build(shape));
    expect(rest).toEqual(await plain.predict(x));
    const first = await still.predict(x, { training: true });
    expect(first).not.toEqual(rest);
    expect(await still.predict(x, { training: true })).not.toEqual(first);
    expect(await still.predict(x)).toEqual(rest);

    const always = sequential([make(true), unit()]).build(shape);
    const copy = await compiled(loadModel(await saveModel(always)) as Model);
    const one = await copy.predict(x);
    expect(one).not.toEqual(rest);
    expect(await copy.predict(x)).not.toEqual(one);
  });

  it('dropout kept on spreads as it should: T passes of Σ w·x·mask / (1 − rate)', async () => {
    const model = await compiled(
      sequential([
        dropout({ rate: 0.25, training: true, inputShape: [8] }),
        dense({ units: 1, kernelInitializer: ones(), useBias: false }),
      ]),
    );
    const row = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const passes: number[] = [];
    for (let t = 0; t < 600; t++) passes.push((await model.predict(row)).data[0]!);
    // E = Σx = 36; Var = Σx²·rate / (1 − rate) = 204 / 3 = 68
    expect(Math.abs(mean(passes) - 36)).toBeLessThan(4 * Math.sqrt(68 / 600));
    expect(Math.abs(variance(passes) / 68 - 1)).toBeLessThan(0.25);
  });
});

test('messages', () => {
  expect(() => gaussianNoise({ stddev: -1 })).toThrow(
    new OptionError('gaussianNoise: stddev is -1, expected a number of at least 0'),
  );
  expect(() => gaussianDropout({ rate: 1 })).toThrow('gaussianDropout: rate is 1, expected at least 0 and below 1');
  expect(() => alphaDropout({ rat: 1 } as never)).toThrow(/unknown option 'rat', did you mean 'rate'/);
  expect(() => dropout({ rate: 0.5, training: 1 as never })).toThrow('dropout: training is 1, expected true or false');
  expect(() => sequential([spatialDropout2d({ rate: 0.5, inputShape: [4, 3] })])).toThrow(
    new ShapeError('dropout_1 (SpatialDropout2d): expected examples [H,W,C], got [4,3]'),
  );
});
