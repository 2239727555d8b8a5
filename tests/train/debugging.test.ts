import { describe, expect, it } from 'vitest';

import {
  adam,
  batchNormalization,
  conv2d,
  createCpuDevice,
  dense,
  dropout,
  flatten,
  glyphs,
  gradientCheck,
  l2,
  moons,
  ops,
  overfitOneBatch,
  sequential,
  sgd,
  take,
  type Model,
} from '../../src/index.ts';

async function compiled(model: Model, optimizer = adam({ learningRate: 0.05 })): Promise<Model> {
  await model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', device: createCpuDevice() });
  return model;
}

describe('overfitOneBatch', () => {
  it('passes a sound model and leaves it as it was', async () => {
    const data = moons({ size: 60, seed: 1 });
    const model = await compiled(
      sequential([
        dense({ units: 24, activation: 'tanh', inputShape: [2] }),
        dropout({ rate: 0.1 }),
        dense({ units: 2 }),
      ]),
    );
    await model.fit(data, { epochs: 2 });
    const before = { weights: await model.getWeights(), history: model.history, step: model.optimizer!.step };
    const { passed, losses } = await overfitOneBatch(model, data);
    expect(passed).toBe(true);
    expect(losses).toHaveLength(200);
    expect({ weights: await model.getWeights(), history: model.history, step: model.optimizer!.step }).toEqual(before);
  });

  it('fails one that cannot learn', async () => {
    const stuck = await compiled(sequential([dense({ units: 2, inputShape: [2] })]), sgd({ learningRate: 0 }));
    expect((await overfitOneBatch(stuck, moons({ size: 60 }), { steps: 5 })).passed).toBe(false);
  });
});

describe('gradientCheck', () => {
  it("passes the library's layers", async () => {
    const model = sequential(
      [
        conv2d({
          filters: 2,
          kernelSize: 5,
          strides: 4,
          activation: 'tanh',
          inputShape: [28, 28, 1],
          kernelRegularizer: l2(),
        }),
        batchNormalization(),
        flatten(),
        dropout({ rate: 0.5 }),
        dense({ units: 10 }),
      ],
      { seed: 2 },
    );
    const result = await gradientCheck(model, take(glyphs({ size: 3, seed: 1 }), 3), {
      loss: 'sparseCategoricalCrossentropy',
      perWeight: 6,
    });
    expect(result.worst).toBeLessThanOrEqual(1);
    expect(result.passed).toBe(true);
  });

  it('names the weight that a wrong gradient is of', async () => {
    // What is stopped has a gradient that autodiff is told not to see.
    const model = sequential([dense({ units: 1, inputShape: [2], name: 'only' })]);
    const loss = (prediction: Parameters<typeof ops.mean>[0]) =>
      ops.mean(ops.mul(ops.stopGradient(prediction), prediction));
    const x = Float32Array.of(1, 2, 3, 4);
    const result = await gradientCheck(model, { x, y: Float32Array.of(0, 0) }, { loss });
    expect(result.passed).toBe(false);
    expect(result.input).toMatch(/^only\//);
  });
});
