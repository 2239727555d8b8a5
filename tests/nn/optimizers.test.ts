// Optimizers against PyTorch's formulas, computed here in double precision.

import { describe, expect, it } from 'vitest';

import {
  adam,
  adamW,
  cosineDecay,
  createCpuDevice,
  ops,
  parameters,
  program,
  sgd,
  type Optimizer,
} from '../../src/index.ts';

const start = [1, -2, 0.5];
const slopes = [3, 0.5, -1]; // the gradient of Σ slope·w

async function run(optimizer: Optimizer, steps: number): Promise<number[]> {
  const net = parameters({ w: { shape: [3], initializer: { name: 'fixed', values: () => Float32Array.from(start) } } });
  const device = createCpuDevice();
  const step = await program({ slope: [3] }, ({ slope }) => ({ loss: ops.sum(ops.mul(net.get('w'), slope!)) }), {
    parameters: net,
    optimizer,
    device,
  });
  await step.prepare();
  for (let i = 0; i < steps; i++) step.run({ slope: Float32Array.from(slopes) });
  return Array.from((await device.readVariable(net.arena)).subarray(0, 3));
}

const near = (values: readonly number[]): number[] => values.map((value) => expect.closeTo(value, 6) as number);

describe('sgd', () => {
  it.each([
    [{ momentum: 0, nesterov: false, weightDecay: 0 }],
    [{ momentum: 0, nesterov: false, weightDecay: 0.1 }],
    [{ momentum: 0.9, nesterov: false, weightDecay: 0 }],
    [{ momentum: 0.9, nesterov: true, weightDecay: 0.1 }],
  ])('%j', async ({ momentum, nesterov, weightDecay }) => {
    const w = [...start];
    const v = [0, 0, 0];
    for (let step = 0; step < 4; step++) {
      slopes.forEach((slope, i) => {
        const g = slope + weightDecay * w[i]!;
        v[i] = momentum * v[i]! + g;
        w[i]! -= 0.1 * (nesterov ? g + momentum * v[i]! : v[i]!);
      });
    }
    expect(await run(sgd({ learningRate: 0.1, momentum, nesterov, weightDecay }), 4)).toEqual(near(w));
  });
});

describe('adam and adamW', () => {
  it.each([
    [adam, 0, false],
    [adam, 0.1, false],
    [adamW, 0.1, true],
  ] as const)('%o, decay %f', async (make, weightDecay, decoupled) => {
    const w = [...start];
    const m = [0, 0, 0];
    const v = [0, 0, 0];
    for (let t = 1; t <= 5; t++) {
      slopes.forEach((slope, i) => {
        const g = slope + (decoupled ? 0 : weightDecay * w[i]!);
        if (decoupled) w[i]! -= 0.01 * weightDecay * w[i]!;
        m[i] = 0.9 * m[i]! + 0.1 * g;
        v[i] = 0.999 * v[i]! + 0.001 * g * g;
        w[i]! -= (0.01 * (m[i]! / (1 - 0.9 ** t))) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
      });
    }
    expect(await run(make({ learningRate: 0.01, weightDecay }), 5)).toEqual(near(w));
  });
});

it('a learning rate may be a function of the step', async () => {
  const rate = cosineDecay({ learningRate: 0.1, steps: 4, warmupSteps: 2 });
  const total = [0, 1, 2].reduce((sum, step) => sum + rate(step), 0);
  expect(await run(sgd({ learningRate: rate }), 3)).toEqual(near(start.map((value, i) => value - total * slopes[i]!)));
});
