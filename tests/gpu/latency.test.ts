// How soon a trainer in a worker answers, of the long tests, on a machine that does little else: a pause, live weights and a stop
// within 300 ms, or three steps where a step takes over 100 ms, because what was submitted cannot be taken back.
import { expect, onTestFinished, test } from 'vitest';

import { adam, type Callback, cnnS, glyphs, mlp } from '../../src/index.ts';
import { trainer } from '../../src/trainer.ts';

import { longTasks } from './long_tasks.ts';

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
      callbacks: [{ onBatchEnd: () => void batches++ }],
    });
    while (batches < 20) await new Promise((done) => setTimeout(done, 1));
    times.weights.push(await timed(() => made.getWeights()));
    times.pause.push(await timed(() => made.pause()));
    const before = made.optimizer!.step;
    made.resume();
    const resumed = performance.now();
    await new Promise((done) => setTimeout(done, 1500));
    made.stopTraining();
    times.stop.push(await timed(() => running.then(() => undefined)));
    times.step.push((performance.now() - resumed) / (made.optimizer!.step - before));
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

test.runIf(import.meta.env.VITE_LONG === '1').each([
  ['mlp', mlp, 'nll'],
  ['cnn-s', cnnS, 'sparseCategoricalCrossentropy'],
] as const)('%s: stopped at the beginning', { timeout: 300_000 }, async (name, make, loss) => {
  const data = glyphs({ size: 1300, seed: 1 });
  const held = glyphs({ size: 100, seed: 2 });
  const made = await trainer({ model: make(), worker: true, prefer: ['webgpu'] });
  onTestFinished(() => made.dispose());
  const stops: number[] = [];
  for (let round = 0; round < 5; round++) {
    // On a device of its own, for which all is compiled anew: validation and the last, smaller batch while it trains.
    await made.compile({ optimizer: adam(), loss, metrics: ['accuracy'] });
    let begun = Infinity;
    const stop = (): void => {
      if (begun < Infinity) return;
      begun = performance.now();
      made.stopTraining();
    };
    const early: Callback = { onTrainBegin: () => void setTimeout(stop, 50 * (round + 1)), onBatchEnd: stop };
    await made.fit(data, { epochs: 3, batchSize: 64, validation: held, callbacks: [early] });
    stops.push(performance.now() - begun);
  }
  console.log(
    `${name}: stopped 50 to 250 ms after its beginning, or with the first loss, median (most) of 5: ${median(stops).toFixed(0)} (${Math.max(...stops).toFixed(0)}) ms`,
  );
  const begun = performance.now();
  const { params } = await made.fit(data, { epochs: 2, batchSize: 64 });
  const step = (performance.now() - begun) / (2 * params.steps);
  expect(median(stops)).toBeLessThan(Math.max(300, 3 * step));
});

test.runIf(import.meta.env.VITE_LONG === '1').each([
  ['mlp', mlp, 'nll'],
  ['cnn-s', cnnS, 'sparseCategoricalCrossentropy'],
] as const)('%s: the page while its worker trains on WebGPU', { timeout: 300_000 }, async (name, make, loss) => {
  const data = glyphs({ size: 1280, seed: 1 });
  const made = await trainer({ model: make(), worker: true, prefer: ['webgpu'] });
  onTestFinished(() => made.dispose());
  await made.compile({ optimizer: adam(), loss, metrics: ['accuracy'] });
  const tasks: number[][] = [];
  let batches = 0;
  const options = { epochs: 2, batchSize: 64, validation: data, callbacks: [{ onBatchEnd: () => void batches++ }] };
  for (let round = 0; round < 7; round++) tasks.push(await longTasks(() => made.fit(data, options)));
  console.log(
    `${name}: the page's tasks over 50 ms in seven fits of ${batches / 7} steps: ${JSON.stringify(tasks.map((all) => all.map(Math.round)))}`,
  );
  expect(tasks).toContainEqual([]);
});
