import { describe, expect, it } from 'vitest';

import {
  adam,
  createCpuDevice,
  dense,
  loadModel,
  memoryStore,
  modelCheckpoint,
  OptionError,
  saveModel,
  sequential,
  sgd,
  StateError,
  xor,
  type Model,
} from '../../src/index.ts';
import { killed, resumeCases, stepsInAll, uninterrupted } from './resume_cases.ts';

/** Ends as a device does that is lost: whatever is asked of it next fails. */
const devices = async () => {
  const device = createCpuDevice();
  return { device, kill: () => device.dispose() };
};

describe.each(Object.entries(resumeCases))('%s, killed and continued', (_, one) => {
  it('ends with the weights, moments and curves of a training that was not', async () => {
    const whole = await uninterrupted(one, createCpuDevice());
    expect(whole.history['val_loss']!.length).toBeGreaterThan(1);
    // In the first step, before and after a checkpoint, in the middle of an epoch, in its last, smaller batch.
    for (const [every, kills] of [
      [1, [0, 7, 8]],
      [3, [1, 9, 15]],
      ['epoch', [9, 11]],
    ] as const) {
      const continued = await killed(one, every, kills, devices);
      expect(continued, `every ${every}, killed at ${kills.join(', ')}`).toEqual(whole);
    }
  });
});

it('any step may be the last', async () => {
  const one = resumeCases['Adam on a cosine']!;
  const whole = await uninterrupted(one, createCpuDevice());
  for (let at = 1; at < stepsInAll; at += 3) {
    const continued = await killed(one, 5, [at], devices);
    expect(continued, `killed at ${at}`).toEqual(whole);
  }
});

async function compiled(model: Model, optimizer = adam()): Promise<Model> {
  await model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', device: createCpuDevice() });
  return model;
}
const small = (): Model => sequential([dense({ units: 2, inputShape: [2] })], { seed: 2 });
const data = xor({ size: 40 });

describe('resume', () => {
  it('goes on after stopTraining, and for more epochs after the last', async () => {
    const whole = await compiled(small());
    await whole.fit(data, { epochs: 3, batchSize: 8 });
    const parts = await compiled(small());
    const stopping = { onStepEnd: ({ batch }: { batch: number }) => batch === 2 && parts.stopTraining('pause') };
    const first = await parts.fit(data, { epochs: 1, batchSize: 8, callbacks: [stopping as never] });
    expect(first).toMatchObject({ epochs: 0, stopped: 'pause' });
    expect(await parts.fit(data, { epochs: 1, batchSize: 8, resume: true })).toMatchObject({ epochs: 1 });
    const last = await parts.fit(data, { epochs: 3, batchSize: 8, resume: true });
    expect(last.epochs).toBe(2);
    expect(last.history).toEqual(whole.history);
    expect(await parts.getWeights()).toEqual(await whole.getWeights());
  });

  it('begins where nothing was saved', async () => {
    const model = await compiled(small());
    expect((await model.fit(data, { resume: true })).epochs).toBe(1);
  });

  it('refuses other data, other options and another optimizer', async () => {
    const model = await compiled(small());
    await model.fit(data, { batchSize: 8 });
    await expect(model.fit(data, { epochs: 2, batchSize: 16, resume: true })).rejects.toThrow(
      new OptionError('fit: resume: batchSize is 16, but the training saved had 8'),
    );
    await expect(model.fit(xor({ size: 48 }), { epochs: 2, batchSize: 8, resume: true })).rejects.toThrow(
      'samples is 48, but the training saved had 40',
    );
    await expect(model.fit(data, { epochs: 2, resume: true, initialEpoch: 1 })).rejects.toThrow(OptionError);
    const other = await compiled(loadModel(await saveModel(model)) as Model, sgd());
    await expect(other.fit(data, { epochs: 2, batchSize: 8, resume: true })).rejects.toThrow(StateError);
  });

  it('keeps the learning rate that was set', async () => {
    const model = await compiled(small());
    model.setLearningRate(0.25);
    const copy = await compiled(loadModel(await saveModel(model)) as Model);
    expect(copy.optimizer!.learningRate).toBe(0.25);
  });

  it('a file saved while training runs is of one moment', async () => {
    const model = await compiled(small());
    const running = model.fit(data, { epochs: 40, batchSize: 1 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(model.isTraining).toBe(true);
    const file = await saveModel(model);
    await running;
    const copy = await compiled(loadModel(file) as Model);
    await copy.fit(data, { epochs: 40, batchSize: 1, resume: true });
    expect(copy.optimizer!.step).toBe(1600);
    expect(await copy.getWeights()).toEqual(await model.getWeights());
  });
});

describe('modelCheckpoint', () => {
  it('keeps only the best epoch where asked to', async () => {
    const store = memoryStore();
    const model = await compiled(small(), sgd({ learningRate: 0.5 }));
    const rates = [0.5, 0.5, 500, 0.5];
    const found: number[] = [];
    await model.fit(data, {
      epochs: 4,
      batchSize: 40,
      validation: data,
      callbacks: [
        modelCheckpoint({ store, saveBestOnly: true }),
        {
          onEpochBegin: (epoch) => model.setLearningRate(rates[epoch]!),
          onEpochEnd: (_, logs) => void found.push(logs['val_loss']!),
        },
      ],
    });
    const best = loadModel((await store.read('checkpoint'))!) as Model;
    await compiled(best);
    expect((await best.evaluate(data))['loss']).toBeCloseTo(Math.min(...found), 6);
    expect(found.at(-1)).toBeGreaterThan(Math.min(...found));
  });

  it('tells of a write that fails, or ends training', async () => {
    const store = { ...memoryStore(), write: () => Promise.reject(new Error('the disk is full')) };
    const model = await compiled(small());
    const told: string[] = [];
    const onError = ({ message }: Error) => void told.push(message);
    await model.fit(data, { epochs: 2, callbacks: [modelCheckpoint({ store, onError })] });
    expect(told).toEqual(['the disk is full', 'the disk is full']);
    await expect(model.fit(data, { callbacks: [modelCheckpoint({ store })] })).rejects.toThrow('the disk is full');
  });

  it.each([
    [{ every: 0 }, "every is 0, expected 'epoch' or a number of steps"],
    [{ every: 10, saveBestOnly: true }, 'saveBestOnly needs'],
    [{ monitor: 'loss' }, 'need saveBestOnly'],
    [{ stores: 1 }, "did you mean 'store'"],
  ])('refuses %j', (options, message) => {
    expect(() => modelCheckpoint({ store: memoryStore(), ...options })).toThrow(message);
  });
});
