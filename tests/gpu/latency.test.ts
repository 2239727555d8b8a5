// How soon a trainer in a worker answers, of the long tests, on a machine that does little else: a pause, live weights and a stop
// within 300 ms, or three steps where a step takes over 100 ms, because what was submitted cannot be taken back.
import { expect, onTestFinished, test } from 'vitest';

import { adam, cnnS, glyphs, mlp } from '../../src/index.ts';
import { trainer } from '../../src/trainer.ts';

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function timed(work: () => Promise<unknown> | void): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

test.runIf(import.meta.env.VITE_LONG === '1').each([
  ['mlp', mlp, 'nll'],
  ['cnn-s', cnnS, 'sparseCategoricalCrossentropy'],
] as const)('%s: pause, weights and stop', { timeout: 300_000 }, async (name, make, loss) => {
  const data = glyphs({ size: 1280, seed: 1 });
  const made = await trainer({ model: make(), worker: true, prefer: ['webgpu'] });
  onTestFinished(() => made.dispose());
  await made.compile({ optimizer: adam(), loss });
  await made.fit(data, { epochs: 2, batchSize: 64 }); // compiles
  const times = { pause: [] as number[], weights: [] as number[], stop: [] as number[], step: [] as number[] };
  for (let round = 0; round < 7; round++) {
    let batches = 0;
    const running = made.fit(data, {
      epochs: 10_000,
      batchSize: 64,
      trackEvery: 1, // so that steps can be counted
      callbacks: [{ onBatchEnd: () => void batches++ }],
    });
    while (batches < 20) await new Promise((done) => setTimeout(done, 1));
    const before = batches;
    const passed = await timed(() => new Promise((done) => setTimeout(done, 1500)));
    times.step.push(passed / Math.max(1, batches - before));
    times.weights.push(await timed(() => made.getWeights()));
    times.pause.push(await timed(() => made.pause()));
    made.resume();
    await new Promise((done) => setTimeout(done, 500));
    made.stopTraining();
    times.stop.push(await timed(() => running.then(() => undefined)));
  }
  const step = median(times.step);
  const text = Object.entries(times).map(
    ([what, all]) => `${what} ${median(all).toFixed(0)} (${Math.max(...all).toFixed(0)})`,
  );
  console.log(`${name} on ${made.deviceName}: median (most) of 7, in ms: ${text.join(', ')}`);
  for (const what of ['pause', 'weights', 'stop'] as const) {
    expect(median(times[what]), what).toBeLessThan(Math.max(300, 3 * step));
  }
});
