// What goes wrong on a GPU comes back as a typed error that says what to do, and leaves nothing behind.

import { expect, test } from 'vitest';
import { DeviceError } from '../../src/core/errors.ts';
import { adapterClass } from '../../src/gpu/adapter.ts';
import { createWebGPUDevice } from '../../src/gpu/device.ts';
import { checkPlan } from '../../src/gpu/limits.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { accumulateCode, filled, tinyPlan } from '../plan/tiny_plan.ts';
import { sharedDevice } from './device.ts';

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DeviceError);
  return `${(error as DeviceError).reason}: ${(error as DeviceError).message}`;
}

test('without WebGPU, and without an adapter', async () => {
  const noAdapter = { requestAdapter: async () => null } as unknown as GPU;
  expect(await reasonOf(createWebGPUDevice({ gpu: noAdapter }))).toMatch(/^no-adapter: no GPU adapter/);
  const refuses = {
    requestAdapter: async () => ({
      features: new Set(),
      limits: {},
      requestDevice: () => Promise.reject(new Error('not today')),
    }),
  } as unknown as GPU;
  expect(await reasonOf(createWebGPUDevice({ gpu: refuses }))).toMatch(/^unavailable: .*not today/);
  await expect(createWebGPUDevice({ powerPreferences: 'low-power' } as object)).rejects.toThrow(
    /did you mean 'powerPreference'/,
  );
});

test('a refused wish is asked again with less, of a new adapter', async () => {
  let adapters = 0;
  const gpu = {
    async requestAdapter() {
      adapters++;
      const adapter = await navigator.gpu.requestAdapter();
      return new Proxy(adapter!, {
        get(target, name) {
          if (name === 'requestDevice') {
            return (wish: GPUDeviceDescriptor) =>
              wish.requiredLimits || wish.requiredFeatures
                ? Promise.reject(new DOMException('refused', 'OperationError'))
                : target.requestDevice(wish);
          }
          return target[name as keyof GPUAdapter];
        },
      });
    },
  } as unknown as GPU;
  const device = await createWebGPUDevice({ gpu });
  expect(adapters).toBe(3);
  expect(device.target.limits.maxStorageBufferBindingSize).toBe(2 ** 27);
  expect(await firstTotal(device)).toBe(32.5);
  device.dispose();
});

test('adapters are classed by what they say of themselves', async () => {
  expect(adapterClass(undefined, false)).toBe('unknown');
  expect(adapterClass({}, true)).toBe('software');
  expect(adapterClass({ vendor: 'google', architecture: 'swiftshader' }, false)).toBe('software');
  expect(adapterClass({ vendor: 'mesa', description: 'llvmpipe (LLVM 15)' }, false)).toBe('software');
  expect(adapterClass({ vendor: 'apple' }, false)).toBe('integrated');
  expect(adapterClass({ vendor: 'nvidia', architecture: 'hopper' }, false)).toBe('discrete');
  const device = await sharedDevice();
  expect(device.description).toMatch(/ · WebGPU$/);
  expect(device.description.includes('(software)')).toBe(device.target.adapter === 'software');
});

test('a shader error shows file, line, message and source, and is not kept', async () => {
  const device = await sharedDevice();
  const before = device.stats();
  const broken = accumulateCode.replace('params.rate * x', 'params.speed * x');
  const expected =
    /^shader: accumulate\.wgsl:7:\d+: entry 'accumulate': .*speed.*\n {3} +6 \| fn accumulate.*\n> +7 \| .*\n {3} +8 \| \}$/;
  const wrong = tinyPlan({ code: broken });
  expect(await reasonOf(device.createRunner(wrong.plan))).toMatch(expected);
  expect(await reasonOf(device.createRunner(wrong.plan))).toMatch(expected);
  const right = tinyPlan();
  const [bad, good] = await Promise.allSettled([device.createRunner(wrong.plan), device.createRunner(right.plan)]);
  expect([bad.status, good.status]).toEqual(['rejected', 'fulfilled']);
  if (good.status === 'fulfilled') good.value.dispose();
  device.releaseVariable(right.w);
  expect(device.stats().liveBuffers).toBe(before.liveBuffers);
});

test('limits are checked before WebGPU is called', async () => {
  const device = await sharedDevice();
  const before = device.stats();
  const { maxBufferSize } = device.target.limits;
  const tooLarge = tinyPlan({ size: maxBufferSize / 4 + 1 });
  expect(await reasonOf(device.createRunner(tooLarge.plan))).toMatch(
    new RegExp(
      `^limit: input 'x' \\[${maxBufferSize / 4 + 1}\\] needs a buffer of \\d+ bytes.* maxBufferSize is ${maxBufferSize}; use a smaller`,
    ),
  );
  const small = { ...device.target.limits, maxStorageBufferBindingSize: 1024 };
  expect(() => checkPlan(tinyPlan({ size: 300 }).plan, { ...device.target, limits: small })).toThrow(
    /accumulate \(the accumulate\): 'x' \[300\] takes 1200 bytes, .* maxStorageBufferBindingSize is 1024; use a smaller batch/,
  );
  expect(await reasonOf(device.createRunner(tinyPlan({ groups: 65536 }).plan))).toMatch(/^limit: .*65536 workgroups/);
  expect(await reasonOf(device.createRunner(tinyPlan({ groups: 1.5 }).plan))).toMatch(/^validation: .*whole numbers/);
  expect(device.stats()).toEqual(before);
});

test('a binding written and bound twice is named', async () => {
  const device = await sharedDevice();
  const { plan } = tinyPlan();
  const [first, second] = plan.steps;
  const aliased: Plan = { ...plan, steps: [{ ...first!, inputs: first!.outputs }, second!] };
  expect(await reasonOf(device.createRunner(aliased))).toMatch(/^validation: .*bound twice: both lie in variable 'w'/);
});

test('wrong params are named', async () => {
  const device = await sharedDevice();
  const withParams = (params: Record<string, number>): Plan => {
    const { plan } = tinyPlan();
    const [first, second] = plan.steps;
    return { ...plan, steps: [{ ...first!, dispatches: [{ ...first!.dispatches[0]!, params }] }, second!] };
  };
  const before = device.stats().liveBuffers;
  expect(await reasonOf(device.createRunner(withParams({ size: 16 })))).toMatch(/params\.rate is missing/);
  expect(await reasonOf(device.createRunner(withParams({ size: 16, rate: 1, seed: 2 })))).toMatch(
    /params\.seed is not/,
  );
  expect(await reasonOf(device.createRunner(withParams({ size: -1, rate: 1 })))).toMatch(/params\.size is u32, got -1/);
  expect(device.stats().liveBuffers).toBe(before);
});

test('out of memory leaves nothing half-built', async () => {
  const device = await createWebGPUDevice();
  // The software adapter refuses exactly its own maximum; a real GPU may have it.
  const size = device.target.limits.maxBufferSize;
  if (device.target.adapter !== 'software') return device.dispose();
  const { plan, w } = tinyPlan();
  const storages = plan.storages.map((storage) => (storage.kind === 'slot' ? { ...storage, bytes: size } : storage));
  expect(await reasonOf(device.createRunner({ ...plan, storages }))).toMatch(
    new RegExp(`^out-of-memory: out of GPU memory: slot 3, .* needs ${size} bytes, and \\d+ bytes are live`),
  );
  expect(device.stats().liveBuffers).toBe(0);
  expect(await firstTotal(device)).toBe(32.5);
  expect(await device.readVariable(w)).toEqual(filled(16, 1));
  device.dispose();
});

test('the first step is verified: a dropped submit is an error, not silence', async () => {
  const device = await createWebGPUDevice();
  const { plan } = tinyPlan();
  const runner = await device.createRunner(plan);
  const submit = device.gpu.queue.submit.bind(device.gpu.queue);
  const broken = device.gpu.createBuffer({ size: 4, usage: 4 });
  device.gpu.queue.submit = () => {
    const encoder = device.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(broken, 0, broken, 0, 4);
    submit([encoder.finish()]);
  };
  runner.run({ x: filled(16, 1) });
  expect(await reasonOf(runner.ready()!)).toMatch(/^validation: the first step: /);
  // Later steps are not scoped; their errors arrive uncaptured and are kept.
  runner.run({});
  device.gpu.queue.submit = submit;
  expect(await reasonOf(runner.flush())).toMatch(/^validation: WebGPU refused a call: /);
  // The encoder's and the submit's error are two events, which may lie on either side of a read.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await runner.flush().catch(() => {});
  await runner.flush();
  device.dispose();
});

test('a handle of another device is stale', async () => {
  const device = await sharedDevice();
  const other = await createWebGPUDevice();
  const type = { shape: [16], dtype: 'f32' } as const;
  const tensor = await other.upload(filled(16, 1), type);
  const { plan, w } = tinyPlan();
  const runner = await device.createRunner(plan);
  expect(() => runner.run({ x: tensor })).toThrow(expect.objectContaining({ reason: 'stale' }) as Error);
  other.dispose();
  expect(() => runner.run({ x: tensor })).toThrow(expect.objectContaining({ reason: 'stale' }) as Error);
  tensor.dispose();
  runner.dispose();
  device.releaseVariable(w);
});

test('destroyed mid-run: every method fails with the reason, and nothing is left unhandled', async () => {
  const unhandled: unknown[] = [];
  const listen = (event: PromiseRejectionEvent): void => void unhandled.push(event.reason);
  window.addEventListener('unhandledrejection', listen);
  const device = await createWebGPUDevice();
  const type = { shape: [16], dtype: 'f32' } as const;
  const tensor = await device.upload(filled(16, 1), type);
  const { plan, w } = tinyPlan();
  const runner = await device.createRunner(plan, { track: { outputs: ['total'], every: 2 } });
  for (let i = 0; i < 5; i++) {
    await runner.ready();
    runner.run({ x: tensor });
  }
  const pending = [runner.read('total'), runner.flush(), device.readVariable(w), device.createRunner(tinyPlan().plan)];
  void runner.ready();
  device.gpu.destroy();
  for (const promise of pending) expect(await reasonOf(promise)).toMatch(/^destroyed: /);
  expect(await device.lost).toMatchObject({ reason: 'destroyed' });
  expect(() => runner.run({ x: tensor })).toThrow(DeviceError);
  expect(await reasonOf(runner.ready()!)).toMatch(/^destroyed: /);
  expect(await reasonOf(runner.flush())).toMatch(/^destroyed: /);
  expect(await reasonOf(runner.read('w'))).toMatch(/^destroyed: /);
  expect(await reasonOf(runner.profile!())).toMatch(/^destroyed: /);
  expect(await reasonOf(device.upload(filled(16, 1), type))).toMatch(/^destroyed: /);
  expect(await reasonOf(device.readVariable(w))).toMatch(/^destroyed: /);
  expect(await reasonOf(device.createRunner(plan))).toMatch(/^destroyed: /);
  expect(() => device.writeVariable(w, filled(16, 0))).toThrow(DeviceError);
  tensor.dispose();
  runner.dispose();
  device.releaseVariable(w);
  device.dispose();
  expect(device.stats().liveBuffers).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 150));
  window.removeEventListener('unhandledrejection', listen);
  expect(unhandled).toEqual([]);
});

test('an injected device is used as it is, and outlives its engine device', async () => {
  const gpu = await (await navigator.gpu.requestAdapter())!.requestDevice();
  const device = await createWebGPUDevice({ device: gpu });
  expect(device.target.limits.maxBufferSize).toBe(2 ** 28);
  expect(await firstTotal(device)).toBe(32.5);
  device.dispose();
  expect(device.stats().liveBuffers).toBe(0);
  const again = await createWebGPUDevice({ device: gpu });
  expect(await firstTotal(again)).toBe(32.5);
  again.dispose();
  gpu.destroy();
  await gpu.lost;
  expect(await reasonOf(createWebGPUDevice({ device: gpu }))).toMatch(/^destroyed: /);
});

async function firstTotal(device: Awaited<ReturnType<typeof createWebGPUDevice>>): Promise<number> {
  const runner = await device.createRunner(tinyPlan().plan);
  runner.run({ x: filled(16, 2) });
  const [total] = await runner.read('total');
  runner.dispose();
  return total!;
}
