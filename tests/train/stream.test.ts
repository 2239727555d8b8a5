// Data sets that come in parts: the same training as of a resident set, bit for bit, and what iterators may and may not do.

import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/core/errors.ts';
import { createCpuDevice } from '../../src/cpu/device.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { glyphs } from '../../src/data/glyphs.ts';
import { dataStream, openStream, streamed, type DataStreamOptions, type StreamItem } from '../../src/data/stream.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { flatten } from '../../src/nn/layers/flatten.ts';
import { noise, rotation } from '../../src/train/image_transforms.ts';
import { sequential } from '../../src/train/model.ts';
import type { FitOptions } from '../../src/train/fit.ts';
import type { TrainingData } from '../../src/train/targets.ts';

/** Several images a part, and several parts. */
const partBytes = 5000;

async function trained(data: TrainingData, { batchSize = 1, validation = data, ...options }: FitOptions = {}) {
  const model = sequential([flatten({ inputShape: [28, 28, 1] }), dense({ units: 2 })], { seed: 3 });
  await model.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy', 'auc'],
    device: createCpuDevice(),
  });
  const { history } = await model.fit(data, { epochs: 2, batchSize, validation, ...options });
  const predicted = await model.predict(data as Dataset, { batchSize });
  const weights = await model.getWeights();
  model.dispose();
  return { history, weights, predicted };
}

describe('a data set in parts', () => {
  test('trains, measures and predicts as one that is resident, bit for bit', async () => {
    const data = glyphs({ size: 22, classes: 2 });
    expect(await trained(streamed(data, { partBytes }))).toEqual(await trained(data));
    // parts of two batches, and a last part whose only batch is smaller
    expect(await trained(streamed(data, { partBytes }), { batchSize: 3 })).toEqual(
      await trained(data, { batchSize: 3 }),
    );
    expect(await trained(streamed(data), { batchSize: 8 })).toEqual(await trained(data, { batchSize: 8 }));
  });

  test('is augmented as one that is resident', async () => {
    const data = glyphs({ size: 20, classes: 2 });
    const augment = [rotation({ degrees: 30 }), noise({ stddev: 0.1 })];
    const [parts, whole] = [
      await trained(streamed(data, { partBytes }), { augment }),
      await trained(data, { augment }),
    ];
    expect(parts).toEqual(whole);
    expect((await trained(data)).weights).not.toEqual(whole.weights);
  });
});

function rowsOf(data: Dataset) {
  const length = data.x.data.length / data.size;
  return Array.from({ length: data.size }, (_, i) => ({
    x: data.x.data.slice(i * length, (i + 1) * length),
    y: data.y.data[i]!,
  }));
}

describe('an iterator', () => {
  const data = glyphs({ size: 21, classes: 2 });
  const stream = (options: Partial<DataStreamOptions> = {}) =>
    dataStream({ size: 21, shape: [28, 28, 1], classes: 2, examples: () => rowsOf(data), partBytes, ...options });

  test('trains as the data set in its order does', async () => {
    const unshuffled = await trained(data, { shuffle: false, batchSize: 4 });
    expect(await trained(stream(), { batchSize: 4 })).toEqual(unshuffled);
    async function* several(): AsyncGenerator<StreamItem> {
      yield { x: data.x.data.slice(0, 784 * 5) as Uint8Array, y: data.y.data.slice(0, 5) };
      await new Promise((resolve) => setTimeout(resolve, 1));
      yield { x: data.x.data.slice(784 * 5) as Uint8Array, y: data.y.data.slice(5) };
    }
    expect(await trained(stream({ examples: several }), { batchSize: 4 })).toEqual(unshuffled);
    const weighted = { classWeight: { 1: 3 }, shuffle: false, batchSize: 4 };
    expect((await trained(stream(), weighted)).weights).toEqual((await trained(data, weighted)).weights);
  });

  test('is told the epoch, and closed after its examples', async () => {
    const epochs: number[] = [];
    let closed = 0;
    const endless = function* (epoch: number) {
      epochs.push(epoch);
      try {
        for (;;) yield* rowsOf(data);
      } finally {
        closed++;
      }
    };
    await trained(stream({ examples: endless }), { batchSize: 8, validation: data });
    expect(epochs).toEqual([0, 1, 0]); // two of training, one prediction
    expect(closed).toBe(3);
  });

  test('is shuffled within its buffer, anew in each epoch, by the seed', async () => {
    const numbers = dataStream({
      size: 100,
      shape: [1],
      type: 'f32',
      examples: () => Array.from({ length: 100 }, (_, i) => ({ x: Float32Array.of(i), y: 0 })),
      shuffleBuffer: 10,
    });
    const order = async (epoch: number, seed: number | null) => {
      const reader = openStream(numbers, epoch, seed);
      const parts = [await reader.read(33), await reader.read(7), await reader.read(60)];
      await reader.close();
      return parts.flatMap(({ x }) => [...x]);
    };
    const first = await order(0, 7);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(first.every((number, place) => number - place < 10)).toBe(true);
    expect(first.filter((number, place) => number === place).length).toBeLessThan(40);
    expect(await order(0, 7)).toEqual(first);
    expect(await order(1, 7)).not.toEqual(first);
    expect(await order(0, 8)).not.toEqual(first);
    expect(await order(0, null)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  test('that ends early, or gives something else, fails with what it gave', async () => {
    await expect(trained(stream({ size: 30 }))).rejects.toThrow(
      new DataError('dataStream: the examples ended after 21 of 30'),
    );
    const short = () => [{ x: new Uint8Array(783), y: 0 }];
    await expect(trained(stream({ examples: short }))).rejects.toThrow(
      'dataStream: after 0 examples x has 783 numbers and y 1, expected a Uint8Array of whole examples of [28,28,1] and as many targets of []',
    );
    const wrong = () => rowsOf(data).map(({ x }) => ({ x, y: 5 }));
    await expect(trained(stream({ examples: wrong }))).rejects.toThrow('label 5 at index 0 is outside 0..1');
    const throwing = () => {
      throw new Error('the disk is gone');
    };
    await expect(trained(stream({ examples: throwing }))).rejects.toThrow('the disk is gone');
    await expect(trained(stream(), { sampleWeight: [1] })).rejects.toThrow('sampleWeight is for data sets');
    expect(() => dataStream({ size: 0, shape: [1], examples: () => [] })).toThrow('size is 0');
    expect(() => dataStream({ size: 1, shape: [1], examples: [] as never })).toThrow(
      'a function that returns an iterable',
    );
    expect(() => dataStream({ size: 1, shape: [1], examples: () => [], shufleBuffer: 1 } as never)).toThrow(
      'shufleBuffer',
    );
  });
});
