// What a running step calls of WebGPU itself: it creates nothing, writes its small inputs at most once a submit, and is
// submitted once or together with others.

import { expect, onTestFinished, test, vi } from 'vitest';
import type { Optimizer } from '../../src/nn/optimizer_state.ts';
import { adam } from '../../src/nn/optimizers.ts';
import type { ProgramOptions } from '../../src/train/program.ts';
import { sharedDevice } from './device.ts';
import { trainer } from './small_networks.ts';

const kinds: [string, Optimizer, ProgramOptions][] = [
  ['f32', adam(), {}],
  ['gradients summed over two batches', adam({ gradientAccumulationSteps: 2 }), {}],
  ['mixed precision', adam(), { precision: 'mixed' }],
];

const creators = [
  'createBuffer',
  'createTexture',
  'createShaderModule',
  'createComputePipeline',
  'createComputePipelineAsync',
  'createBindGroupLayout',
  'createQuerySet',
] as const;

test.each(kinds)('%s: nothing is created, and a submit carries one step or several', async (_, optimizer, options) => {
  const device = await sharedDevice();
  const rows = 7;
  const { step, losses } = await trainer('mlp', device, optimizer, rows, options);
  const x = await device.upload(new Float32Array(16 * 784).fill(0.5), { shape: [16, 28, 28, 1], dtype: 'f32' });
  const y = await device.upload(new Int32Array(16), { shape: [16], dtype: 'i32' });
  onTestFinished(() => {
    step.dispose();
    x.dispose();
    y.dispose();
    vi.restoreAllMocks();
  });
  step.run({ x, y });
  await step.flush();

  const { gpu } = device;
  const created = creators.map((name) => vi.spyOn(gpu, name));
  const writes = vi.spyOn(gpu.queue, 'writeBuffer');
  const submits = vi.spyOn(gpu.queue, 'submit');
  const encoders = vi.spyOn(gpu, 'createCommandEncoder');
  const steps = async (count: number, { alone }: { alone: boolean }) => {
    for (let i = 0; i < count; i++) {
      const wait = step.ready();
      if (wait) await wait;
      step.run({ x, y });
      if (alone) await step.flush();
    }
    await step.flush();
  };

  const before = step.stats();
  await steps(10, { alone: true });
  expect(step.stats().submits - before.submits).toBe(10);
  // Steps gather behind one that is at work, unless it takes long: the first ones tell how long.
  for (let tries = 0; tries < 20 && step.stats().submits === step.stats().runs; tries++) {
    await steps(3 * rows, { alone: false });
  }
  const { runs, submits: carried } = step.stats();
  expect(carried).toBeLessThan(runs);
  expect(losses).toHaveLength(runs);
  for (const spy of created) expect(spy).not.toHaveBeenCalled();
  expect(submits).toHaveBeenCalledTimes(carried - before.submits);
  expect(encoders).toHaveBeenCalledTimes(carried - before.submits);
  expect(writes.mock.calls.length).toBeLessThanOrEqual(carried - before.submits);
});
