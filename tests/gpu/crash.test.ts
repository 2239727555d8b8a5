// The GPU process dies in the middle of training: a typed error, no handle that could take the tab along, and a new
// device that goes on where the old one was read last.

import { cdp } from '@vitest/browser/context';
import { expect, test } from 'vitest';
import { DeviceError } from '../../src/core/errors.ts';
import { createWebGPUDevice } from '../../src/gpu/device.ts';
import { filled, tinyPlan } from '../plan/tiny_plan.ts';
import { expectLoss } from './device.ts';

test('a GPU process crash mid-run', async () => {
  // Chrome gives no adapter after two crashes, so this file crashes it once, for all devices of the page.
  const sharedLost = expectLoss();
  const unhandled: unknown[] = [];
  const listen = (event: PromiseRejectionEvent): void => void unhandled.push(event.reason);
  window.addEventListener('unhandledrejection', listen);

  const old = await createWebGPUDevice();
  const type = { shape: [16], dtype: 'f32' } as const;
  const oldTensor = await old.upload(filled(16, 2), type);
  const { plan, w } = tinyPlan();
  const oldRunner = await old.createRunner(plan, { track: { outputs: ['total'], every: 4 } });
  oldRunner.run({ x: oldTensor });
  const checkpoint = await old.readVariable(w);
  const training = (async () => {
    for (;;) {
      await oldRunner.ready();
      oldRunner.run({});
    }
  })();
  const reading = old.readVariable(w).then(() => 'read before the crash', reasonOf);
  const crash = cdp() as unknown as { send(method: string): Promise<unknown> };
  await Promise.all([
    crash.send('Browser.crashGpuProcess').catch(() => {}),
    expect(training).rejects.toMatchObject({ reason: 'lost' }),
  ]);
  expect(['lost', 'read before the crash']).toContain(await reading);
  expect(await old.lost).toMatchObject({ reason: 'lost' });
  await sharedLost;

  const device = await createWebGPUDevice();
  const runner = await device.createRunner(plan);
  device.writeVariable(w, checkpoint);
  expect(() => runner.run({ x: oldTensor })).toThrow(expect.objectContaining({ reason: 'stale' }) as Error);
  for (const dead of [oldRunner.read('total'), oldRunner.flush(), old.upload(filled(16, 1), type)]) {
    expect(await dead.then(() => 'resolved', reasonOf)).toBe('lost');
  }
  expect(() => oldRunner.run({})).toThrow(DeviceError);
  expect(() => old.writeVariable(w, checkpoint)).toThrow(DeviceError);
  oldTensor.dispose();
  oldRunner.dispose();
  old.releaseVariable(w);
  old.dispose();

  runner.run({ x: filled(16, 2) });
  expect(await runner.read('w')).toEqual(filled(16, 3));
  device.dispose();
  window.removeEventListener('unhandledrejection', listen);
  expect(unhandled).toEqual([]);
});

function reasonOf(error: unknown): string {
  return error instanceof DeviceError ? error.reason : String(error);
}
