// Programs that are ready early: quick kernels stand in for those that compile long, until these are there, and no bit shows it.

import { describe, expect, test } from 'vitest';
import { createWebGPUDevice } from '../../src/gpu/device.ts';
import { applyOne, inputTensor } from '../../src/graph/tensor.ts';
import { specialize } from '../../src/kernel/shader.ts';
import type { Target } from '../../src/kernel/target.ts';
import { glorotUniform, zeros } from '../../src/nn/initializers.ts';
import { parameters } from '../../src/nn/parameters.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { add, matmul, mean, relu, square, sub } from '../../src/ops/functions.ts';
import { matmulOp } from '../../src/ops/matmul.ts';
import type { MatmulAttrs } from '../../src/ops/matmul_sizes.ts';
import { makePlan } from '../../src/plan/build.ts';
import type { Device } from '../../src/plan/device.ts';
import { program } from '../../src/train/program.ts';
import { callTypes, sampleValues } from '../ops/table.ts';
import { sharedDevice } from './device.ts';

const plain: MatmulAttrs = {
  transposeA: false,
  transposeB: false,
  bias: false,
  residual: false,
  slope: null,
  activation: null,
};

const cases: Record<string, { adapter: Target['adapter']; shapes: number[][]; attrs: MatmulAttrs }> = {
  'sums cut into slices': {
    adapter: 'unknown',
    shapes: [[520, 36], [520, 40], [40]],
    attrs: { ...plain, transposeA: true, bias: true, activation: 'relu' },
  },
  'odd sizes': {
    adapter: 'software',
    shapes: [
      [3, 33, 17],
      [3, 65, 17],
      [3, 33, 65],
    ],
    attrs: { ...plain, transposeB: true, residual: true, activation: 'tanh' },
  },
};

const bitsOf = (values: ArrayLike<number>) => [...new Uint32Array(Float32Array.from(values).buffer)];

describe.each(Object.entries(cases))('%s', (_, { adapter, shapes, attrs }) => {
  const sample = { inputs: shapes.map((shape) => ({ shape })), attrs };
  const call = callTypes(matmulOp, sample);

  test.each(Object.keys(matmulOp.kernels).filter((name) => name !== 'naive'))(
    'the bits of %s are those of the kernel that stands in for it',
    { timeout: 60_000 },
    async (kernel) => {
      const device = await createWebGPUDevice();
      try {
        const target = { ...device.target!, adapter };
        if (!(matmulOp.kernels[kernel]!.fits?.(call, target) ?? true)) return;
        const inputs = shapes.map((shape, i) => inputTensor(`x${i}`, shape));
        const options = { target, kernels: { matmul: kernel }, fuse: false };
        const plan = makePlan({ c: applyOne(matmulOp, inputs, attrs) }, [], options);
        expect(plan.steps[0]!.dispatches[0]!.start!.entry).toBe('matmul_naive');
        const runner = await device.createRunner(plan, { early: true });
        const { pipelinesCreated } = device.stats();
        const values = sample.inputs.map((input, i) => [`x${i}`, Float32Array.from(sampleValues(input, 40 + i))]);
        runner.run(Object.fromEntries(values));
        const early = await runner.read('c');
        await runner.replay!(1); // by the kernels themselves
        expect(device.stats().pipelinesCreated).toBe(pipelinesCreated + 1);
        runner.run({});
        expect(bitsOf(await runner.read('c'))).toEqual(bitsOf(early));
        expect(new Set(early).size).toBeGreaterThan(50);
      } finally {
        device.dispose();
      }
    },
  );
});

/** Losses of a perceptron's steps; when it is prepared early, the third waits until its own kernels are there. */
async function lossesOf(device: Device, early: boolean) {
  const weights = parameters(
    {
      w1: { shape: [50, 24], initializer: glorotUniform() },
      b1: { shape: [24], initializer: zeros() },
      w2: { shape: [24, 6], initializer: glorotUniform() },
    },
    { seed: 4 },
  );
  const step = await program(
    { x: [40, 50], y: [40, 6] },
    ({ x, y }) => {
      const hidden = relu(add(matmul(x!, weights.get('w1')), weights.get('b1')));
      return { loss: mean(square(sub(matmul(hidden, weights.get('w2')), y!))) };
    },
    { parameters: weights, optimizer: adam(), device },
  );
  const replaced = step.plan.steps.flatMap(({ dispatches }) => dispatches.filter(({ start }) => start));
  const kernels = new Set(replaced.map(specialize)).size;
  expect(kernels).toBeGreaterThan(1);
  const losses: number[] = [];
  try {
    await step.prepare({ early });
    const atFirst = device.stats().pipelinesCreated;
    for (let i = 0; i < 6; i++) {
      const missing = () => early && device.stats().pipelinesCreated < atFirst + kernels;
      if (i === 0 && early) expect(missing()).toBe(true);
      while (i === 2 && missing()) await new Promise((resolve) => setTimeout(resolve, 5));
      step.run({
        x: Float32Array.from(sampleValues({ shape: [40, 50] }, i)),
        y: Float32Array.from(sampleValues({ shape: [40, 6] }, 90 + i)),
      });
      losses.push((await step.read('loss'))[0]!);
    }
  } finally {
    step.dispose();
    device.releaseVariable(weights.arena);
  }
  return losses;
}

test('training goes on with the same bits when the kernels change', { timeout: 60_000 }, async () => {
  const device = await createWebGPUDevice();
  try {
    const early = await lossesOf(device, true);
    expect(bitsOf(early)).toEqual(bitsOf(await lossesOf(await sharedDevice(), false)));
  } finally {
    device.dispose();
  }
});
