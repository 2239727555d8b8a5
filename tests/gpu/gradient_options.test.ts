// Clipped gradients, and updates made of several batches, trained on the GPU and on the CPU alike.

import { expect, test } from 'vitest';

import { createCpuDevice } from '../../src/cpu/device.ts';
import { moons } from '../../src/data/synthetic.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import type { Optimizer } from '../../src/nn/optimizer_state.ts';
import type { Device } from '../../src/plan/device.ts';
import { sequential } from '../../src/train/model.ts';
import { sharedDevice } from './device.ts';

const data = moons({ size: 50, seed: 3 });

async function trained(optimizer: Optimizer, device: Device) {
  const model = sequential([dense({ units: 9, activation: 'tanh', inputShape: [2] }), dense({ units: 2 })], {
    seed: 6,
  });
  await model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', device });
  const { history } = await model.fit(data, { epochs: 3, batchSize: 8 });
  const weights = await model.getWeights();
  model.dispose();
  return { history, weights };
}

test.each([
  ['the norm of all, four batches', () => adam({ globalClipNorm: 0.2, gradientAccumulationSteps: 4 })],
  ['the norm of each, with momentum', () => sgd({ learningRate: 0.1, momentum: 0.9, clipNorm: 0.1 })],
  ['values, three batches', () => sgd({ learningRate: 0.1, clipValue: 0.02, gradientAccumulationSteps: 3 })],
] as const)('%s: CPU and GPU agree', { timeout: 120_000 }, async (_, optimizer) => {
  const gpu = await trained(optimizer(), await sharedDevice());
  const cpu = await trained(optimizer(), createCpuDevice());
  for (const [key, values] of Object.entries(cpu.history)) {
    values.forEach((value, i) => expect(gpu.history[key]![i]! / value, `${key} of epoch ${i}`).toBeCloseTo(1, 4));
  }
  // 21 steps whose gradients differ in the last bits.
  for (const [name, { data: values }] of cpu.weights) {
    gpu.weights.get(name)!.data.forEach((value, i) => expect(value, name).toBeCloseTo(values[i]!, 3));
  }
});
