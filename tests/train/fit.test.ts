import { describe, expect, it } from 'vitest';

import {
  adam,
  createCpuDevice,
  dataset,
  dense,
  dropout,
  glyphs,
  moons,
  sequential,
  sgd,
  split,
  take,
  xor,
  cnnS,
  type Model,
} from '../../src/index.ts';

function classifier(seed = 1): Model {
  return sequential([dense({ units: 16, activation: 'tanh', inputShape: [2] }), dense({ units: 2 })], { seed });
}

async function compiled(model: Model, learningRate = 0.03): Promise<Model> {
  await model.compile({
    optimizer: adam({ learningRate }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    device: createCpuDevice(),
  });
  return model;
}

describe('fit', () => {
  it('learns the four points of XOR', async () => {
    const model = await compiled(classifier());
    const x = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1);
    const { history } = await model.fit({ x, y: Int32Array.of(0, 1, 1, 0) }, { epochs: 200, batchSize: 4 });
    expect(history['accuracy']!.at(-1)).toBe(1);
    expect(history['loss']!.at(-1)).toBeLessThan(0.05);
    const { shape, data } = await model.predict(x);
    expect(shape).toEqual([4, 2]);
    expect([0, 1, 2, 3].map((i) => (data[2 * i + 1]! > data[2 * i]! ? 1 : 0))).toEqual([0, 1, 1, 0]);
  });

  it('learns moons, where a linear model cannot', async () => {
    const { train, validation } = split(moons({ size: 400, seed: 3 }), { validation: 0.25, stratified: true });
    const { history } = await (await compiled(classifier())).fit(train, { epochs: 40, batchSize: 32, validation });
    expect(history['val_accuracy']!.at(-1)).toBeGreaterThan(0.97);
    expect(Object.keys(history)).toEqual(['loss', 'accuracy', 'val_loss', 'val_accuracy']);
    const linear = await compiled(sequential([dense({ units: 2, inputShape: [2] })]));
    await linear.fit(train, { epochs: 40 });
    expect((await linear.evaluate(validation))['accuracy']).toBeLessThan(0.95);
  });

  it('lowers the loss of a small CNN on bytes', async () => {
    const data = glyphs({ size: 160, classes: 4, noise: 10 });
    const model = await compiled(cnnS({ classes: 4 }), 0.01);
    const { history } = await model.fit(data, { epochs: 3, batchSize: 16 });
    expect(history['loss']![0]).toBeLessThan(1.7);
    expect(history['loss']!.at(-1)).toBeLessThan(0.6 * history['loss']![0]!);
  });

  it('makes ⌈N/b⌉ updates and averages over examples, the last partial batch included', async () => {
    const data = take(moons({ size: 100 }), 10);
    const model = await compiled(classifier(), 0);
    const sizes: number[] = [];
    const { params, history } = await model.fit(data, {
      epochs: 2,
      batchSize: 4,
      callbacks: [{ onBatchEnd: (batch) => void sizes.push(batch) }],
      validation: data,
      trackEvery: 5,
    });
    expect(params.steps).toBe(3);
    expect(model.optimizer!.step).toBe(6);
    expect(sizes).toEqual([0, 1, 2, 0, 1, 2]);
    // With learning rate 0 the epoch's mean is that of the whole set, however it is cut.
    const whole = await model.evaluate(data, { batchSize: 10 });
    expect(history['loss']![0]).toBeCloseTo(whole['loss']!, 6);
    expect(history['accuracy']![1]).toBeCloseTo(whole['accuracy']!, 12);
    expect(history['val_loss']![0]).toBeCloseTo(whole['loss']!, 6);
  });

  it('tells of losses by the clock where it is asked to, and of all of them', async () => {
    const data = take(moons({ size: 100 }), 12);
    for (const [trackMilliseconds, first] of [
      [0, 1],
      [60_000, 1],
    ] as const) {
      const model = await compiled(classifier(), 0);
      const told: number[] = [];
      let queued = 0;
      const batchesBefore: number[] = [];
      await model.fit(data, {
        batchSize: 4,
        trackMilliseconds,
        callbacks: [
          {
            onStepEnd: () => void queued++,
            onBatchEnd(batch) {
              told.push(batch);
              batchesBefore.push(queued);
            },
          },
        ],
      });
      expect(told).toEqual([0, 1, 2]);
      expect(batchesBefore).toEqual(trackMilliseconds === 0 ? [first, 2, 3] : [first, 3, 3]);
    }
    const model = await compiled(classifier());
    await expect(model.fit(data, { trackEvery: 4, trackMilliseconds: 100 })).rejects.toThrow(
      'fit: trackEvery and trackMilliseconds are both given, expected one of them',
    );
    await expect(model.fit(data, { trackMilliseconds: -1 })).rejects.toThrow(
      'fit: trackMilliseconds is -1, expected a number from 0 to 60000',
    );
  });

  it('takes every example once an epoch, in an order that the seed and the epoch decide', async () => {
    const orders: number[][] = [];
    for (const seed of [1, 1, 2]) {
      const model = await compiled(classifier(seed));
      const losses: number[] = [];
      await model.fit(xor({ size: 32 }), {
        epochs: 2,
        batchSize: 8,
        callbacks: [{ onBatchEnd: (_, { loss }) => void losses.push(loss) }],
      });
      orders.push(losses);
    }
    expect(orders[0]).toEqual(orders[1]);
    expect(orders[0]).not.toEqual(orders[2]);
  });

  it('draws the same dropout for the same seed, and none in evaluation', async () => {
    const losses: number[][] = [];
    for (let i = 0; i < 2; i++) {
      const layers = [dense({ units: 8, inputShape: [2] }), dropout({ rate: 0.5 }), dense({ units: 2 })];
      const model = await compiled(sequential(layers, { seed: 5 }));
      const data = xor({ size: 64 });
      losses.push([...(await model.fit(data, { epochs: 3 })).history['loss']!]);
      expect(await model.evaluate(data)).toEqual(await model.evaluate(data));
    }
    expect(losses[0]).toEqual(losses[1]);
  });

  it('goes on where it was in a second fit', async () => {
    const data = xor({ size: 40 });
    const twice = await compiled(classifier());
    const first = await twice.fit(data, { epochs: 2, batchSize: 16 });
    const second = await twice.fit(data, { epochs: 4, initialEpoch: 2, batchSize: 16 });
    const once = await (await compiled(classifier())).fit(data, { epochs: 4, batchSize: 16 });
    expect([...first.history['loss']!, ...second.history['loss']!]).toEqual(once.history['loss']);
  });

  it('stops at a request or a signal after the step that runs, and leaves no half epoch in the history', async () => {
    const model = await compiled(classifier());
    const result = await model.fit(xor({ size: 64 }), {
      epochs: 9,
      batchSize: 8,
      callbacks: [
        {
          onBatchEnd(batch) {
            if (batch === 2 && model.optimizer!.step > 8) model.stopTraining('enough');
          },
        },
      ],
    });
    expect(result.stopped).toBe('enough');
    expect(result.epochs).toBe(1);
    expect(result.history['loss']).toHaveLength(1);
    expect(model.optimizer!.step).toBe(11);

    const aborted = await model.fit(xor({ size: 64 }), { epochs: 9, signal: AbortSignal.abort() });
    expect(aborted).toMatchObject({ stopped: 'aborted', epochs: 0 });
  });

  it('lets timers run while it trains on the CPU', async () => {
    const model = await compiled(classifier());
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await model.fit(moons({ size: 2000 }), { epochs: 40, batchSize: 16 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3); // 5,000 steps take more time than that on any machine
  });

  it('creates nothing after the first epoch', async () => {
    const device = createCpuDevice();
    const model = classifier();
    await model.compile({ optimizer: sgd({ momentum: 0.9 }), loss: 'sparseCategoricalCrossentropy', device });
    const counts: number[] = [];
    await model.fit(xor({ size: 20 }), {
      epochs: 4,
      batchSize: 8,
      validation: take(xor({ size: 20 }), 5),
      callbacks: [{ onEpochEnd: () => void counts.push(device.stats().buffersCreated) }],
    });
    expect(new Set(counts).size).toBe(1);
    model.dispose();
    expect(device.stats()).toMatchObject({ liveBuffers: 0, liveBytes: 0 });
  });
});

describe('regression and other losses', () => {
  it('fits a line by mean squared error, with targets of shape [] for an output [1]', async () => {
    const x = Float32Array.from({ length: 50 }, (_, i) => i / 25 - 1);
    const data = dataset({ x, y: x.map((value) => 3 * value - 1) });
    const model = sequential([dense({ units: 1, inputShape: [1] })]);
    await model.compile({
      optimizer: sgd({ learningRate: 0.3 }),
      loss: 'mse',
      metrics: ['mae'],
      device: createCpuDevice(),
    });
    const { history } = await model.fit(data, { epochs: 60, batchSize: 25 });
    expect(history['meanAbsoluteError']!.at(-1)).toBeLessThan(1e-3);
    const weights = await model.getWeights();
    expect(weights.get('dense_1/kernel')!.data[0]).toBeCloseTo(3, 2);
    expect(weights.get('dense_1/bias')!.data[0]).toBeCloseTo(-1, 2);
  });

  it('takes labels 0 and 1 for binaryCrossentropy, one-hot rows for categoricalCrossentropy', async () => {
    const data = xor({ size: 80 });
    const labels = data.y.data;
    const oneHot = Float32Array.from({ length: 160 }, (_, i) => (labels[i >> 1] === (i & 1) ? 1 : 0));
    for (const [loss, units, y] of [
      ['binaryCrossentropy', 1, labels],
      ['categoricalCrossentropy', 2, oneHot],
    ] as const) {
      const model = sequential([dense({ units: 16, activation: 'tanh', inputShape: [2] }), dense({ units })], {
        seed: 2,
      });
      await model.compile({
        optimizer: adam({ learningRate: 0.05 }),
        loss,
        metrics: ['accuracy'],
        device: createCpuDevice(),
      });
      const targets = { shape: units === 1 ? [80] : [80, 2], data: y };
      const { history } = await model.fit({ x: data.x.data, y: targets }, { epochs: 60, batchSize: 16 });
      expect(history['accuracy']!.at(-1), loss).toBeGreaterThan(0.9);
    }
  });
});
