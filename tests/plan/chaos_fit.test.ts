// A whole training on a device whose calls fail, each time one is made: fit settles with a typed error, memory comes back, and
// the model, compiled again, trains.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { DeviceError } from '../../src/core/errors.ts';
import { createWebGPUDevice, type WebGPUDevice } from '../../src/gpu/device.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import { chaosDevice, type Fault } from './chaos_device.ts';

const data = { x: new Float32Array(10), y: new Float32Array(10) };

async function trains(model: Model, device: WebGPUDevice): Promise<unknown> {
  await model.compile({ optimizer: sgd(), loss: 'meanSquaredError', device });
  return model.fit(data, { epochs: 2, batchSize: 4, validation: data });
}

/** Steps give a loss of 0 and no bad gradient: the two numbers of each row. */
const rows = (bytes: number) =>
  Uint32Array.from({ length: bytes / 4 }, (_, i) => (i % 2 === 0 ? 0 : 0xffffffff)).buffer;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Null where all went well, while fake time passes. */
async function outcome(work: Promise<unknown>): Promise<Error | null> {
  let settled: { error: Error | null } | null = null;
  work.then(
    () => (settled = { error: null }),
    (error: Error) => (settled = { error }),
  );
  for (let i = 0; i < 3000 && !settled; i++) {
    await vi.advanceTimersByTimeAsync(20);
    await new Promise((done) => setImmediate(done)); // what passes by way of messages
  }
  return settled ? (settled as { error: Error | null }).error : new Error('never settled');
}

test.each([
  ['createBuffer', 'out-of-memory'],
  ['createComputePipelineAsync', 'validation'],
  ['mapAsync', 'reject'],
  ['mapAsync', 'lose'],
  ['mapAsync', 'hang'],
  ['submit', 'lose silently'],
  ['onSubmittedWorkDone', 'lose late'],
] as const satisfies [string, Fault][])('%s: %s', async (method, fault) => {
  const complaints: string[] = [];
  let nth = 0;
  let failed = 0;
  for (let struck = true; struck;) {
    const chaos = chaosDevice(method, ++nth, fault, rows);
    const device = await createWebGPUDevice({ device: chaos.gpu, hangTimeout: 1000 });
    const model = sequential([dense({ units: 1, inputShape: [1] })], { seed: 1 });
    const complain = (text: string) => complaints.push(`${method} ${nth}, ${fault}: ${text}`);
    const error = await outcome(trains(model, device));
    struck = chaos.struck();
    // What fails while the next programs are made beside the first steps is made once more where it is wanted.
    if (error !== null && !(struck && error instanceof DeviceError)) complain(`ended with ${String(error)}`);
    if (model.isTraining) complain('the model believes that it is trained still');
    failed += error === null ? 0 : 1;
    if (struck && (fault === 'out-of-memory' || fault === 'validation')) {
      // What nobody waited for is told once to the next job; then all is well.
      const again = (await outcome(trains(model, device))) && (await outcome(trains(model, device)));
      if (again !== null) complain(`then with ${String(again)}`);
    }
    model.dispose();
    device.dispose();
    if (chaos.live() > 0) complain(`${chaos.live()} buffers are left`);
  }
  expect(complaints).toEqual([]);
  expect(failed).toBeGreaterThan(1);
});
