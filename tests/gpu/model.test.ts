// Whole models on the GPU, through fit: what they log is what the CPU logs.

import { expect, test } from 'vitest';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { glyphs } from '../../src/data/glyphs.ts';
import { spirals } from '../../src/data/synthetic.ts';
import { batchNormalization } from '../../src/nn/layers/batch_normalization.ts';
import { concatenate } from '../../src/nn/layers/concatenate.ts';
import { conv2d } from '../../src/nn/layers/conv.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { dropout } from '../../src/nn/layers/dropout.ts';
import { flatten } from '../../src/nn/layers/flatten.ts';
import { maxPool2d } from '../../src/nn/layers/max_pool.ts';
import { add } from '../../src/nn/layers/merge.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { input } from '../../src/nn/symbolic.ts';
import type { Device } from '../../src/plan/device.ts';
import { model } from '../../src/train/functional.ts';
import { sequential } from '../../src/train/model.ts';
import { cnnS, mlp } from '../../src/train/models.ts';
import { sharedDevice } from './device.ts';

const size = 100;
const images = glyphs({ size, seed: 3 });

/** Largest difference of two histories, relative to the value, over every key and epoch. */
function difference(a: Readonly<Record<string, readonly number[]>>, b: typeof a): number {
  expect(Object.keys(a)).toEqual(Object.keys(b));
  return Math.max(
    ...Object.entries(a).flatMap(([key, values]) =>
      values.map((value, i) => Math.abs(value - b[key]![i]!) / Math.max(Math.abs(value), 1e-3)),
    ),
  );
}

test('the small CNN with Adam: two epochs as on the CPU', { timeout: 180_000 }, async () => {
  const histories = [];
  for (const device of [await sharedDevice(), createCpuDevice()] as Device[]) {
    const net = cnnS({ seed: 4 });
    const optimizer = adam({ learningRate: 2e-3 });
    await net.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], device });
    const { history } = await net.fit(images, { epochs: 2, batchSize: 16, validation: images });
    histories.push(history);
    net.dispose();
  }
  const [gpu, cpu] = histories as [(typeof histories)[0], (typeof histories)[0]];
  expect((await sharedDevice()).kind).toBe('webgpu');
  expect(gpu['loss']![1]!).toBeLessThan(gpu['loss']![0]!);
  const worst = difference(
    { loss: gpu['loss']!, val_loss: gpu['val_loss']! },
    { loss: cpu['loss']!, val_loss: cpu['val_loss']! },
  );
  console.log(`cnn-s, 2 epochs: largest relative difference of losses ${worst.toExponential(1)}`);
  expect(worst).toBeLessThan(1e-3);
});

test('two inputs, a shared branch and two outputs: two epochs as on the CPU', { timeout: 180_000 }, async () => {
  const shape = [size, 28, 28, 1];
  const shifted = { shape, data: images.x.data.map((_, i, all) => all[(i + 28) % all.length]!) };
  const bright = Float32Array.from({ length: size }, (_, i) => {
    const image = (images.x.data as Uint8Array).subarray(784 * i, 784 * (i + 1));
    return image.reduce((sum, value) => sum + value, 0) / 784 / 255;
  });
  const data = { x: { image: { shape, data: images.x.data }, moved: shifted }, y: { kind: images.y.data, bright } };

  const histories = [];
  const moving: Float32Array[] = [];
  for (const device of [await sharedDevice(), createCpuDevice()] as Device[]) {
    const conv = conv2d({ filters: 4, kernelSize: 3, strides: 2, activation: 'relu' });
    const branch = [conv, batchNormalization({ name: 'norm' }), maxPool2d(), flatten()];
    const through = (x: ReturnType<typeof input>) => branch.reduce((value, layer) => layer(value), x);
    const [image, moved] = [input({ shape: [28, 28, 1] }), input({ shape: [28, 28, 1] })];
    const both = concatenate()([through(image), through(moved)]);
    const hidden = dense({ units: 16, activation: 'relu' })(both);
    const again = add()([hidden, dense({ units: 16, activation: 'tanh' })(hidden)]);
    const net = model({
      inputs: { image, moved },
      outputs: { kind: dense({ units: 10 })(again), bright: dense({ units: 1 })(again) },
      seed: 2,
    });
    await net.compile({
      optimizer: adam({ learningRate: 2e-3 }),
      loss: { kind: 'sparseCategoricalCrossentropy', bright: 'mse' },
      lossWeights: { bright: 2 },
      metrics: { bright: ['mae'] },
      device,
    });
    const { history } = await net.fit(data, { epochs: 2, batchSize: 16 });
    histories.push(history);
    moving.push((await net.getWeights()).get('norm/movingMean')!.data);
    const { kind, bright: line } = await net.predict(data.x, { batchSize: 64 });
    expect([kind.shape, line.shape]).toEqual([
      [size, 10],
      [size, 1],
    ]);
    net.dispose();
  }
  const worst = difference(histories[0]!, histories[1]!);
  console.log(`two outputs, 2 epochs: largest relative difference of all logs ${worst.toExponential(1)}`);
  expect(worst).toBeLessThan(1e-3);
  moving[0]!.forEach((value, i) => expect(value).toBeCloseTo(moving[1]![i]!, 4));
  expect(histories[0]!['loss']![1]!).toBeLessThan(histories[0]!['loss']![0]!);
});

test('without a device small models train on the CPU, and larger ones here', async () => {
  const inner = [1, 2, 3].map(() => dense({ units: 32, activation: 'relu' }));
  const small = sequential([dense({ units: 32, inputShape: [16] }), ...inner, dense({ units: 1 })]);
  await small.compile({ optimizer: 'adam', loss: 'mse' });
  const large = mlp();
  await large.compile({ optimizer: 'adam', loss: 'nll' });
  expect(large.device!.kind).toBe('webgpu');
  const { description, target } = large.device!;
  expect(large.summary().text).toContain(`${description}: a step would take about 20 ms on the CPU`);
  // About 0.8 ms there, for 23 calls.
  const software = target!.adapter === 'software';
  expect(small.device!.kind).toBe(software ? 'cpu' : 'webgpu');
  if (software)
    expect(small.summary().text).toMatch(/CPU: a step takes about 0\.8 ms there, less than with .*software/);
  small.dispose();
  large.dispose();
  large.device!.dispose();
});

test('how many steps go in one submit changes no bit', async () => {
  const device = await sharedDevice();
  const histories = [];
  for (const read of [{ trackEvery: 1 }, {}, { trackEvery: 64 }, { trackMilliseconds: 5 }]) {
    const net = sequential([
      dense({ units: 16, activation: 'tanh', inputShape: [2] }),
      dropout({ rate: 0.1 }),
      dense({ units: 2 }),
    ]);
    const optimizer = adam({ learningRate: (step) => 0.02 / (1 + step) });
    await net.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', device });
    const { history } = await net.fit(spirals({ size: 500, seed: 1 }), { epochs: 3, batchSize: 8, ...read });
    histories.push(history);
    net.dispose();
  }
  expect(histories[0]!['loss']![2]!).toBeLessThan(histories[0]!['loss']![0]!);
  for (const history of histories.slice(1)) expect(history).toEqual(histories[0]);
});
