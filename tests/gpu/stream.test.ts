// Data sets in parts on the GPU: as one that is resident, and one that exceeds what a binding may have.

import { expect, test } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { glyphs } from '../../src/data/glyphs.ts';
import { streamed } from '../../src/data/stream.ts';
import { createWebGPUDevice } from '../../src/gpu/device.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { flatten } from '../../src/nn/layers/flatten.ts';
import { flip } from '../../src/train/image_transforms.ts';
import { sequential } from '../../src/train/model.ts';
import { sharedDevice } from './device.ts';

test('parts train as the resident set does, bit for bit', { timeout: 120_000 }, async () => {
  const device = await sharedDevice();
  const data = glyphs({ size: 90 });
  const weights = async (set: typeof data) => {
    const model = sequential([flatten({ inputShape: [28, 28, 1] }), dense({ units: 10 })], { seed: 2 });
    await model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', device });
    await model.fit(set, { epochs: 3, batchSize: 16, augment: [flip()], validation: set });
    const found = await model.getWeights();
    model.dispose();
    return found;
  };
  expect(await weights(streamed(data, { partBytes: 30_000 }))).toEqual(await weights(data));
});

test('a set beyond the largest binding comes in parts', { timeout: 300_000 }, async () => {
  const device = await createWebGPUDevice({ baseline: true });
  const { maxStorageBufferBindingSize: limit } = device.target.limits;
  const side = 256;
  const size = Math.ceil((limit + 1) / side ** 2);
  const x = new Uint8Array(size * side * side);
  const y = new Int32Array(size);
  // What tells the classes apart is the last byte of each image, which no other image shows.
  for (let i = 0; i < size; i++) x[(i + 1) * side * side - 1] = (y[i] = (i * 7919) % 2) * 255;
  const model = sequential([flatten({ inputShape: [side, side, 1] }), dense({ units: 1, kernelInitializer: 'ones' })]);
  await model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', metrics: ['meanAbsoluteError'], device });
  const data = dataset({ x, y: Float32Array.from(y), shape: [side, side, 1] });
  const before = device.stats().liveBytes;
  expect((await model.evaluate(data, { batchSize: 256 }))['meanAbsoluteError']).toBe(0);
  expect(device.stats().liveBytes - before).toBeLessThan(limit);
  const { params } = await model.fit(data, { batchSize: 256 });
  expect(params.samples).toBe(size);
  model.dispose();
  device.dispose();
});
