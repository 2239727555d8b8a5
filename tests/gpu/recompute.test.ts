// Recomputation on the GPU: the same losses within rounding, the same in every repeat, and the bytes that were predicted.

import { expect, test } from 'vitest';
import { glorotUniform, parameters, program, randomNormal, sgd } from '../../src/index.ts';
import { add, dropout, matmul, mean, square, tanh } from '../../src/ops/index.ts';
import { sharedDevice } from './device.ts';

async function train(recompute: boolean) {
  const device = await sharedDevice();
  const depth = 16;
  const specs = Array.from({ length: depth }, (_, i) => [`w${i}`, { shape: [16, 16], initializer: glorotUniform() }]);
  const weights = parameters(Object.fromEntries(specs), { seed: 1 });
  const made = await program(
    { x: [64, 16] },
    ({ x }, { random }) => {
      let h = x!;
      for (let i = 0; i < depth; i++) h = dropout(tanh(add(matmul(h, weights.get(`w${i}`)), 0.1)), 0.2, random, i);
      return { loss: mean(square(h)) };
    },
    { parameters: weights, optimizer: sgd({ learningRate: 0.1 }), device, seed: 3, recompute },
  );
  const before = device.stats().liveBytes;
  await made.prepare();
  const losses: number[] = [];
  const x = randomNormal(64 * 16, 5, 0, 0);
  for (let i = 0; i < 5; i++) {
    made.run({ x });
    losses.push((await made.read('loss'))[0]!);
  }
  const live = device.stats().liveBytes - before;
  const predicted = device.runnerBytes(made.plan);
  made.dispose();
  device.releaseVariable(weights.arena);
  return { losses, live, predicted, slots: made.plan.bytes.slots };
}

test('a stack of sixteen layers', { timeout: 120_000 }, async () => {
  const [plain, less, again] = [await train(false), await train(true), await train(true)];
  expect(again.losses).toEqual(less.losses);
  less.losses.forEach((loss, i) => expect(Math.abs(loss - plain.losses[i]!)).toBeLessThan(2e-6));
  expect(less.slots).toBeLessThan(0.7 * plain.slots);
  for (const { live, predicted } of [plain, less]) expect(live).toBe(predicted);
});
