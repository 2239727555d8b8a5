// Augmented batches on the GPU against the CPU's: within one grey level for every kind and way of filling, and the same again.

import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { augmentation, type Augmentation, type ImageTransform } from '../../src/train/augmentation.ts';
import { flip, noise, rotation } from '../../src/train/image_transforms.ts';
import { sequential } from '../../src/train/model.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { flatten } from '../../src/nn/layers/flatten.ts';
import { anyImages, batchOf, colourImages, largestDifference, roughImages } from '../train/augmentation_cases.ts';
import { sharedDevice } from './device.ts';

const grey = roughImages(7, [28, 28, 1]);
const coloured = roughImages(5, [31, 33, 3]);
const cpu = createCpuDevice();

async function difference(one: Augmentation, images = coloured): Promise<number> {
  const order = Array.from({ length: images.size }, (_, i) => images.size - 1 - i);
  const draws = { seed: 11, epoch: 4 };
  const [a, b] = [
    await batchOf(await sharedDevice(), one, images, order, draws),
    await batchOf(cpu, one, images, order, draws),
  ];
  return largestDifference(a, b);
}

describe('within one grey level of the CPU', () => {
  const named = (list: readonly ImageTransform[]) => list.map((one) => [JSON.stringify(one), one] as const);
  test.each(named([...anyImages, ...colourImages]))('%s', async (_, one) => {
    expect(await difference(augmentation([one]))).toBeLessThan(1);
  });

  test.each(['constant', 'replicate', 'reflect', 'circular'] as const)(
    'all together, beyond the image: %s',
    async (fill) => {
      expect(await difference(augmentation([...anyImages, ...colourImages], { fill, fillValue: 77 }))).toBeLessThan(1);
      expect(await difference(augmentation(anyImages, { fill }), grey)).toBeLessThan(1);
    },
  );
});

test('the same seed gives the same batch, bit for bit', async () => {
  const device = await sharedDevice();
  const all = augmentation([...anyImages, ...colourImages]);
  const first = await batchOf(device, all, coloured, [3, 1, 4], { seed: 5 });
  expect(await batchOf(device, all, coloured, [3, 1, 4], { seed: 5 })).toEqual(first);
  const alone = await batchOf(device, all, coloured, [0, 4], { seed: 5, batch: 1, cursor: 1 });
  expect(alone).toEqual(first.subarray(2 * 31 * 33 * 3));
  expect(largestDifference(await batchOf(device, all, coloured, [3, 1, 4], { seed: 6 }), first)).toBeGreaterThan(9);
});

test('fit augments alike on both devices', { timeout: 60_000 }, async () => {
  const losses = async (device: Awaited<ReturnType<typeof sharedDevice>> | typeof cpu, augment?: ImageTransform[]) => {
    const model = sequential([flatten({ inputShape: [28, 28, 1] }), dense({ units: 2 })], { seed: 1 });
    await model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', device });
    const { history } = await model.fit(grey, { epochs: 2, batchSize: 3, ...(augment ? { augment } : {}) });
    model.dispose();
    return history['loss']!;
  };
  const augment = [rotation({ degrees: 30 }), flip(), noise({ stddev: 0.2 })];
  const [gpu, reference, plain] = [
    await losses(await sharedDevice(), augment),
    await losses(cpu, augment),
    await losses(cpu),
  ];
  gpu.forEach((loss, i) => expect(loss).toBeCloseTo(reference[i]!, 4));
  expect(largestDifference(plain, reference)).toBeGreaterThan(1e-3);
});
