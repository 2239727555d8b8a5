// A training goes on without the device's buffers growing in number; `npm run soak` looks at the heap as well.

import { expect, test } from 'vitest';

import { moons } from '../../src/data/synthetic.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { dropout } from '../../src/nn/layers/dropout.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { sequential } from '../../src/train/model.ts';
import { sharedDevice } from './device.ts';

const steps = import.meta.env.VITE_LONG === '1' ? 10_000 : 400;

test(`${steps} steps leave the live buffers as they were`, { timeout: 600_000 }, async () => {
  const device = await sharedDevice();
  const model = sequential([
    dense({ units: 16, activation: 'relu', inputShape: [2] }),
    dropout({ rate: 0.1 }),
    dense({ units: 2 }),
  ]);
  await model.compile({
    optimizer: adam({ globalClipNorm: 1, gradientAccumulationSteps: 2 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    device,
  });
  const seen: unknown[] = [];
  let done = 0;
  await model.fit(moons({ size: 150, seed: 1 }), {
    epochs: steps / 10,
    batchSize: 16,
    validation: moons({ size: 50, seed: 2 }),
    callbacks: [
      {
        onStepEnd: () => void done++,
        onEpochEnd() {
          const { liveBuffers, liveBytes } = device.stats();
          seen.push({ liveBuffers, liveBytes });
        },
      },
    ],
  });
  expect(done).toBe(steps);
  // The first epoch makes what an epoch wants at its end.
  expect(new Set(seen.slice(1).map((look) => JSON.stringify(look))).size).toBe(1);
  model.dispose();
});
