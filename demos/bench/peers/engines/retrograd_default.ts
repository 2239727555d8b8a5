// Retrograd by its upper door, on the device that it chooses: what a tiny model gets without anybody asking.

import { adam as adamOptimizer, dataset, type Dataset, dense, sequential } from '../../../../src/index.ts';
import {
  adam,
  batchOf,
  comparedSteps,
  firstWeights,
  learningRate,
  networks,
  weightShapes,
} from '../../core/networks.ts';
import type { Engine, Task } from '../engine.ts';

/** Steps in an epoch of a timed fit. */
const stepsInEpoch = 1024;

export function retrogradDefault(version: string): Engine {
  return {
    version,
    train: null,
    task: async ({ network, batch }) => (network === 'tiny' ? tinyTask(batch!) : null),
  };
}

async function tinyTask(batch: number): Promise<Task> {
  const model = sequential([
    dense({ name: 'hidden', units: 16, activation: 'relu', inputShape: [2] }),
    dense({ name: 'output', units: 1 }),
  ]);
  const values = firstWeights(networks.tiny);
  const names = ['hidden/kernel', 'hidden/bias', 'output/kernel', 'output/bias'];
  model.setWeights(
    new Map(
      Object.entries(weightShapes(networks.tiny)).map(([key, shape], i) => [names[i]!, { shape, data: values[key]! }]),
    ),
  );
  await model.compile({ optimizer: adamOptimizer({ learningRate, ...adam }), loss: 'meanSquaredError' });
  const { x, y } = batchOf(networks.tiny, batch);
  const repeated = (times: number): Dataset => {
    const copies = (one: Float32Array) =>
      Float32Array.from({ length: times * one.length }, (_, i) => one[i % one.length]!);
    return dataset({
      x: { shape: [times * batch, 2], data: copies(x) },
      y: { shape: [times * batch, 1], data: copies(y) },
    });
  };
  const fit = (data: Dataset, epochs: number) => model.fit(data, { epochs, batchSize: batch, shuffle: false });
  const many = repeated(stepsInEpoch);
  let losses: readonly number[] = [];
  return {
    async run() {
      if (losses.length > 0) return;
      await fit(repeated(1), comparedSteps);
      losses = model.history['loss']!;
    },
    async repeat(count) {
      const epochs = Math.max(1, Math.ceil(count / stepsInEpoch));
      await fit(many, epochs);
      return epochs * stepsInEpoch;
    },
    finish: async () => undefined,
    read: async () => Float32Array.from(losses),
    dispose: () => model.dispose(),
  };
}
