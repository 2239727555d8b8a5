// Every call that can fail is made to fail, each time it is made: promises settle, errors are typed, memory comes back.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DeviceError } from '../../src/core/errors.ts';
import { createWebGPUDevice, type WebGPUDevice } from '../../src/gpu/device.ts';
import { chaosDevice, type ChaosDevice, type Fault } from './chaos_device.ts';
import { filled, tinyPlan } from './tiny_plan.ts';

const steps = 12;

/** A whole working life: upload, compile, train with tracked rows and without, read, free. Adds what is wrong to `complaints`. */
async function life(device: WebGPUDevice, chaos: ChaosDevice, complaints: string[]): Promise<void> {
  const start = chaos.live();
  const { plan, w } = tinyPlan();
  const x = await device.upload(filled(16, 1), { shape: [16], dtype: 'f32' });
  try {
    for (const track of [{ outputs: ['total'], every: 2 }, undefined]) {
      const before = chaos.live();
      const runner = await device.createRunner(plan, track ? { track } : {}).catch((error: unknown) => {
        const left = chaos.live();
        // A device that ended has freed, or is about to free, all it had.
        const right = hasEnded(error) ? left <= before : left === before;
        if (!right) complaints.push(`${left} buffers after a failed createRunner, ${before} before`);
        throw error;
      });
      try {
        for (let i = 0; i < steps; i++) {
          const wait = runner.ready();
          if (wait) await wait;
          runner.run({ x: track ? x : filled(16, 1) });
        }
        await runner.flush();
        await runner.read('total');
        device.writeVariable(w, filled(16, 3));
        await device.readVariable(w);
      } finally {
        runner.dispose();
      }
    }
  } finally {
    device.releaseVariable(w);
    x.dispose();
    const left = chaos.live();
    if (left > start) complaints.push(`${left} buffers after everything is disposed of, ${start} before`);
  }
}

function hasEnded(error: unknown): boolean {
  return error instanceof DeviceError && (error.reason === 'lost' || error.reason === 'hung');
}

/** What became of `promise` while fake time passes: null when all went well. */
async function outcome(promise: Promise<unknown>): Promise<Error | null> {
  let settled = false;
  let error: Error | null = null;
  promise.then(
    () => (settled = true),
    (reason: Error) => {
      settled = true;
      error = reason;
    },
  );
  for (let i = 0; i < 2000 && !settled; i++) await vi.advanceTimersByTimeAsync(20);
  return settled ? error : new Error('never settled');
}

/** Plays a life with one fault: whether the fault's call was made at all, and what was not as it must be. */
async function play(method: string, nth: number, fault: Fault): Promise<{ struck: boolean; complaints: string[] }> {
  const chaos = chaosDevice(method, nth, fault);
  const device = await createWebGPUDevice({ device: chaos.gpu, hangTimeout: 1000 });
  const complaints: string[] = [];
  const first = await outcome(life(device, chaos, complaints));
  const struck = chaos.struck();
  if (first !== null && !(struck && first instanceof DeviceError)) complaints.push(`ended with ${String(first)}`);
  if (struck) {
    if (fault === 'hang' || fault.startsWith('lose')) await checkEnd(device, fault, first, complaints);
    else await checkRecovery(device, chaos, complaints);
  }
  device.dispose();
  if (chaos.live() > 0) complaints.push(`${chaos.live()} buffers after the device is disposed of`);
  return { struck, complaints: complaints.map((complaint) => `${method} ${nth}, ${fault}: ${complaint}`) };
}

/** A device that ended stays so, whatever the unlucky call itself had to say. */
async function checkEnd(device: WebGPUDevice, fault: Fault, first: Error | null, complaints: string[]): Promise<void> {
  const wanted = fault === 'hang' ? 'hung' : 'lost';
  await outcome(device.lost);
  const later = await outcome(device.createRunner(tinyPlan().plan));
  for (const error of first === null ? [later] : [first, later]) {
    const reason = (error as DeviceError | null)?.reason;
    if (reason !== wanted) complaints.push(`${String(error)}: the reason is '${reason}', expected '${wanted}'`);
  }
}

/** What does not end the device is told once, at the latest to the next job, and then all is well. */
async function checkRecovery(device: WebGPUDevice, chaos: ChaosDevice, complaints: string[]): Promise<void> {
  const next = await outcome(life(device, chaos, complaints));
  const last = next === null ? null : await outcome(life(device, chaos, complaints));
  if (last !== null) complaints.push(`a job after it: ${String(last)}`);
}

const faults: Record<string, Fault[]> = {
  createBuffer: ['throw', 'out-of-memory', 'validation', 'lose', 'lose silently'],
  createShaderModule: ['validation', 'lose'],
  createComputePipelineAsync: ['reject', 'validation', 'internal', 'hang', 'lose', 'lose late', 'lose silently'],
  createBindGroup: ['validation', 'lose'],
  popErrorScope: ['reject', 'hang', 'lose', 'lose late', 'lose silently'],
  writeBuffer: ['throw', 'validation', 'lose'],
  submit: ['validation', 'lose', 'lose silently'],
  mapAsync: ['reject', 'hang', 'lose', 'lose late'],
  onSubmittedWorkDone: ['reject', 'hang', 'lose', 'lose late', 'lose silently'],
};

describe('chaos', () => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    process.on('unhandledRejection', listen);
  });
  afterEach(() => {
    vi.useRealTimers();
    process.off('unhandledRejection', listen);
  });

  test('without a fault all is well', async () => {
    const chaos = chaosDevice();
    const device = await createWebGPUDevice({ device: chaos.gpu });
    const complaints: string[] = [];
    expect(await outcome(life(device, chaos, complaints))).toBeNull();
    expect(complaints).toEqual([]);
    for (const method of Object.keys(faults)) expect(chaos.calls[method], method).toBeGreaterThan(0);
    device.dispose();
  });

  for (const [method, kinds] of Object.entries(faults)) {
    test.each(kinds)(`${method}: %s`, async (fault) => {
      const complaints: string[] = [];
      let nth = 0;
      for (let struck = true; struck; nth++) {
        const played = await play(method, nth + 1, fault);
        struck = played.struck;
        complaints.push(...played.complaints);
      }
      // Real time: an unhandled rejection is told after the microtasks are done.
      await new Promise((resolve) => setImmediate(resolve));
      expect(complaints).toEqual([]);
      expect(unhandled.splice(0)).toEqual([]);
      expect(nth).toBeGreaterThan(1);
    });
  }
});
