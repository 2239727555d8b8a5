// Normalization as layers of models: statistics worked by hand, evaluation, partial batches, saving.

import { describe, expect, it, test } from 'vitest';
import {
  batchNormalization,
  createCpuDevice,
  dense,
  groupNormalization,
  input,
  instanceNormalization,
  layerNormalization,
  loadModel,
  model as graphModel,
  type Layer,
  OptionError,
  rmsNormalization,
  saveModel,
  sequential,
  type Model,
  sgd,
  ShapeError,
} from '../../src/index.ts';

async function compiled(model: Model, learningRate = 0): Promise<Model> {
  await model.compile({ optimizer: sgd({ learningRate }), loss: 'mse', device: createCpuDevice() });
  return model;
}

const valueOf = async (model: Model, name: string) => [...(await model.getWeights()).get(name)!.data];

describe('batchNormalization', () => {
  it('keeps running statistics: three batches by hand, the last of them smaller', async () => {
    // With a learning rate of 0 only the statistics move. Momentum 0.5, mean 0 and variance 1 at first.
    const model = await compiled(sequential([batchNormalization({ momentum: 0.5, inputShape: [2] })]));
    const x = Float32Array.of(1, 10, 3, 30, 5, 50, 7, 70, 4, 20);
    const y = new Float32Array(10);
    await model.fit({ x: { shape: [5, 2], data: x }, y: { shape: [5, 2], data: y } }, { batchSize: 2, shuffle: false });
    // Means 2, 6, 4 and 20, 60, 20; variances 1, 1, 0 and 100, 100, 0.
    // mean: 0 -> 1 -> 3.5 -> 3.75 and 0 -> 10 -> 35 -> 27.5; variance: 1 -> 1 -> 1 -> 0.5 and 1 -> 50.5 -> 75.25 -> 37.625
    expect(await valueOf(model, 'batchnorm_1/movingMean')).toEqual([3.75, 27.5]);
    expect(await valueOf(model, 'batchnorm_1/movingVariance')).toEqual([0.5, 37.625]);
    // Evaluation and prediction use them and leave them alone.
    const { data } = await model.predict(Float32Array.of(3.75, 27.5, 4.75, 37.5));
    expect(data[0]).toBe(0);
    expect(data[1]).toBe(0);
    expect(data[2]).toBeCloseTo(1 / Math.sqrt(0.5 + 1e-5), 5);
    expect(data[3]).toBeCloseTo(10 / Math.sqrt(37.625 + 1e-5), 5);
    await model.evaluate({ x: { shape: [5, 2], data: x }, y: { shape: [5, 2], data: y } });
    expect(await valueOf(model, 'batchnorm_1/movingMean')).toEqual([3.75, 27.5]);
  });

  it('has the default momentum of 0.9 of the old, and epsilon 1e-5', async () => {
    const model = await compiled(sequential([batchNormalization({ inputShape: [1] })]));
    const data = { x: { shape: [2, 1], data: Float32Array.of(4, 6) }, y: { shape: [2, 1], data: new Float32Array(2) } };
    await model.fit(data, { batchSize: 2 });
    expect((await valueOf(model, 'batchnorm_1/movingMean'))[0]).toBeCloseTo(0.5, 6);
    expect((await valueOf(model, 'batchnorm_1/movingVariance'))[0]).toBeCloseTo(1, 6);
    expect(model.layers[0]!.layer.config).toEqual({
      momentum: 0.9,
      axis: -1,
      epsilon: 1e-5,
      center: true,
      scale: true,
    });
  });

  it('gives beta for a batch of one, and trains on', async () => {
    const model = await compiled(
      sequential([batchNormalization({ inputShape: [3], betaInitializer: 'ones' }), dense({ units: 1 })]),
      0.1,
    );
    const data = {
      x: { shape: [1, 3], data: Float32Array.of(5, -7, 100) },
      y: { shape: [1, 1], data: Float32Array.of(2) },
    };
    const { history } = await model.fit(data, { epochs: 3, batchSize: 1 });
    expect(history['loss']!.every(Number.isFinite)).toBe(true);
    expect(history['loss']![2]).toBeLessThan(history['loss']![0]!);
    // gamma has no gradient where x̂ is 0.
    expect(await valueOf(model, 'batchnorm_1/gamma')).toEqual([1, 1, 1]);
  });

  it('lets the loss of training differ from that of evaluation until statistics have settled', async () => {
    const x = Float32Array.from({ length: 40 }, (_, i) => 50 + 3 * Math.sin(i));
    const data = { x: { shape: [40, 1], data: x }, y: { shape: [40, 1], data: new Float32Array(40) } };
    const model = await compiled(sequential([batchNormalization({ inputShape: [1] })]));
    const early = await model.fit(data, { batchSize: 40, validation: data });
    expect(early.history['val_loss']![0]!).toBeGreaterThan(100 * early.history['loss']![0]!);
    const late = await model.fit(data, { batchSize: 40, epochs: 200, validation: data });
    expect(late.history['val_loss']!.at(-1)! / late.history['loss']!.at(-1)!).toBeCloseTo(1, 4);
  });

  it('counts statistics as parameters that are not trained, and saves them', async () => {
    const make = () =>
      sequential([dense({ units: 4, inputShape: [3] }), batchNormalization({ name: 'bn' }), dense({ units: 2 })], {
        seed: 7,
      });
    const model = await compiled(make(), 0.05);
    const { totals, text } = model.summary();
    expect(totals).toMatchObject({ trainable: 16 + 8 + 10, frozen: 8 });
    expect(text).toContain('34 trainable, 8 frozen');
    expect(model.parameters.list.map(({ name }) => name)).not.toContain('bn/movingMean');
    expect(model.state!.list.map(({ name }) => name)).toEqual(['bn/movingMean', 'bn/movingVariance']);
    expect((await model.plan()).state).toBe(2 * 256); // parts begin at multiples of 256 bytes, the last one full

    const x = Float32Array.from({ length: 30 }, (_, i) => Math.sin(3 * i) + 2);
    const y = Float32Array.from({ length: 20 }, (_, i) => Math.cos(i));
    const data = { x: { shape: [10, 3], data: x }, y: { shape: [10, 2], data: y } };
    await model.fit(data, { epochs: 3, batchSize: 4 });
    const copy = loadModel(await saveModel(model)) as Model;
    expect(await copy.getWeights()).toEqual(await model.getWeights());
    expect((await copy.getWeights()).get('bn/movingMean')!.data.some((value) => value !== 0)).toBe(true);
    const own = await compiled(copy, 0.05);
    expect(await own.predict(x)).toEqual(await model.predict(x));
    // Both go on alike.
    const more = { epochs: 5, initialEpoch: 3, batchSize: 4 };
    expect((await own.fit(data, more)).history).toEqual((await model.fit(data, more)).history);
    expect(await own.getWeights()).toEqual(await model.getWeights());
    // And to another device.
    const before = await own.predict(x);
    await compiled(own);
    expect(await own.predict(x)).toEqual(before);
  });

  it('used at two places of a graph updates its statistics twice, in order', async () => {
    const shared = batchNormalization({ momentum: 0.5, name: 'bn' });
    const [a, b] = [input({ shape: [1], name: 'a' }), input({ shape: [1], name: 'b' })];
    const [first, second] = [shared(a), shared(b)];
    const model = graphModel({ inputs: { a, b }, outputs: { first, second } });
    await model.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'mse', device: createCpuDevice() });
    const zero = { shape: [2, 1], data: new Float32Array(2) };
    await model.fit(
      {
        x: { a: { shape: [2, 1], data: Float32Array.of(3, 5) }, b: { shape: [2, 1], data: Float32Array.of(10, 10) } },
        y: { first: zero, second: zero },
      },
      { batchSize: 2 },
    );
    // mean 0 -> 2 -> 6; variance 1 -> 1 -> 0.5
    expect([...(await model.getWeights()).get('bn/movingMean')!.data]).toEqual([6]);
    expect([...(await model.getWeights()).get('bn/movingVariance')!.data]).toEqual([0.5]);
  });

  it('says what does not fit', () => {
    expect(() => batchNormalization({ momentum: 1.5 })).toThrow(
      new OptionError('batchNormalization: momentum is 1.5, expected a number from 0 to 1'),
    );
    expect(() => batchNormalization({ epsilon: -1 })).toThrow('batchNormalization: epsilon is -1');
    expect(() => batchNormalization({ momentun: 1 } as object)).toThrow(/did you mean 'momentum'/);
    expect(() => sequential([batchNormalization({ axis: 1, inputShape: [4, 4, 3] })])).toThrow(
      new ShapeError('batchnorm_1 (BatchNormalization): axis is 1, expected the last one: 3 or -1'),
    );
    expect(() => sequential([batchNormalization({ axis: 3, inputShape: [4, 4, 3] })])).not.toThrow();
  });
});

const once = async (layer: Layer, shape: number[], x: number[]): Promise<number[]> => {
  const model = await compiled(sequential([layer]).build(shape));
  return [...(await model.predict(Float32Array.from(x))).data];
};
/** The largest difference. */
const apart = (actual: number[], expected: number[]) =>
  Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value)), Math.abs(actual.length - expected.length));

describe('the others', () => {
  test('by hand', async () => {
    const three = Math.sqrt(3 / 2);
    expect(
      apart(await once(layerNormalization({ epsilon: 0 }), [3], [1, 2, 3, 10, 10, 40]), [
        -three,
        0,
        three,
        -0.7071068,
        -0.7071068,
        1.4142136,
      ]),
    ).toBeLessThan(1e-5);
    const wide = await once(
      layerNormalization({ axis: [1, 2], epsilon: 0, betaInitializer: 'ones' }),
      [2, 2],
      [1, 3, 1, 3],
    );
    expect(apart(wide, [0, 2, 0, 2])).toBeLessThan(1e-5);
    expect(
      apart(await once(rmsNormalization({ epsilon: 0 }), [2], [3, 4]), [3 / Math.sqrt(12.5), 4 / Math.sqrt(12.5)]),
    ).toBeLessThan(1e-5);
    // [L,C] = [2,4], groups of 2 channels: 1 2 5 6 / 3 4 7 8 -> means 2.5 and 6.5, variances 1.25
    const s = Math.sqrt(1.25);
    expect(
      apart(
        await once(groupNormalization({ groups: 2, epsilon: 0 }), [2, 4], [1, 2, 5, 6, 3, 4, 7, 8]),
        [-1.5, -0.5, -1.5, -0.5, 0.5, 1.5, 0.5, 1.5].map((value) => value / s),
      ),
    ).toBeLessThan(1e-5);
    expect(
      apart(await once(instanceNormalization({ epsilon: 0 }), [2, 2], [1, 10, 3, 30]), [-1, -1, 1, 1]),
    ).toBeLessThan(1e-5);
  });

  test('options are kept in files', async () => {
    const model = sequential([
      layerNormalization({ inputShape: [2, 4], axis: [-2, -1], epsilon: 0.5, center: false }),
      rmsNormalization({ scale: false }),
      groupNormalization({ groups: 2, scale: false }),
      instanceNormalization({ center: false, epsilon: 0.25 }),
      dense({ units: 1 }),
    ]);
    const copy = loadModel(await saveModel(model)) as Model;
    expect(copy.layers.map(({ layer }) => layer.config)).toEqual(model.layers.map(({ layer }) => layer.config));
    expect(copy.parameters.list.map(({ name, shape }) => [name, shape])).toEqual([
      ['layernorm_1/gamma', [2, 4]],
      ['groupnorm_1/beta', [4]],
      ['instancenorm_1/gamma', [4]],
      ['dense_1/kernel', [4, 1]],
      ['dense_1/bias', [1]],
    ]);
    const x = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));
    expect(await copy.predict(x)).toEqual(await model.predict(x));
  });

  test('messages', () => {
    expect(() => groupNormalization({} as { groups: number })).toThrow(
      new OptionError('groupNormalization: groups is undefined, expected a positive integer'),
    );
    expect(() => sequential([groupNormalization({ groups: 4, inputShape: [5, 6] })])).toThrow(
      'groupnorm_1 (GroupNormalization): groups is 4, expected a divisor of the 6 channels',
    );
    expect(() => sequential([instanceNormalization({ inputShape: [6] })])).toThrow(
      new ShapeError('instancenorm_1 (InstanceNormalization): expected examples [places,…,C], got [6]'),
    );
    expect(() => sequential([layerNormalization({ inputShape: [5, 6], axis: 1 })])).toThrow('are not the last ones');
    expect(() => sequential([layerNormalization({ inputShape: [5, 6], axis: [0, 1, 2] })])).toThrow(
      /includes the batch/,
    );
  });
});
