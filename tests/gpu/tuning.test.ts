// Kernels measured on this device, and a training that goes on elsewhere with the kernels it had.

import { expect, test } from 'vitest';
import { failureOf } from '../../demos/shared/failures.ts';
import { glyphs } from '../../src/data/glyphs.ts';
import { createWebGPUDevice } from '../../src/gpu/device.ts';
import { inputTensor } from '../../src/graph/tensor.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { makePlan } from '../../src/plan/build.ts';
import { loadModel, saveModel } from '../../src/train/checkpoint.ts';
import { mlp } from '../../src/train/models.ts';
import type { Measured } from '../../src/plan/tuning.ts';
import { program } from '../../src/train/program.ts';
import type { Model } from '../../src/train/model.ts';
import { sharedDevice } from './device.ts';

function memoryStore() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  };
}

test('tune times the kernels that fit, keeps the fastest, and leaves nothing on the device', async () => {
  const tuning = memoryStore();
  const device = await createWebGPUDevice({ tuning });
  const x = Float32Array.from({ length: 64 * 96 }, (_, i) => Math.sin(i));
  const w = Float32Array.from({ length: 96 * 32 }, (_, i) => Math.cos(i));
  const trace = { x: [64, 96], w: [96, 32] };
  const run = async (tune: boolean) => {
    const step = await program(trace, (given) => ({ y: matmul(given['x']!, given['w']!) }), { device, tune });
    await step.prepare();
    step.run({ x, w });
    const y = await step.read('y');
    const text = step.print();
    step.dispose();
    return { y, text };
  };
  const plain = await run(false);
  const { liveBuffers } = device.stats();
  const tuned = await run(true);
  expect(device.stats().liveBuffers).toBe(liveBuffers);
  expect(plain.text).not.toContain('tuned');
  expect(tuned.text).toMatch(/matmul .* \w+ \(tuned: \w+ [\d.]+ µs, \w+ [\d.]+ µs/);
  tuned.y.forEach((value, i) => expect(Math.abs(value - plain.y[i]!)).toBeLessThan(1e-4));
  const [[key, text]] = [...tuning.items] as [[string, string]];
  expect(key).toBe(`retrograd/tuning/1/${device.description}`);
  const [measured] = Object.values(JSON.parse(text) as Record<string, { microseconds: Record<string, number> }>);
  const times = Object.values(measured!.microseconds);
  expect(times.length).toBeGreaterThan(1);
  for (const time of times) expect(time).toBeGreaterThan(0);
  const next = await createWebGPUDevice({ tuning });
  const later = await program(trace, (given) => ({ y: matmul(given['x']!, given['w']!) }), { device: next });
  expect(later.print()).toContain('(tuned: ');
  later.dispose();
  next.dispose();
  device.dispose();
});

test('without timestamps the clock is used, and tells a long kernel from a short one', async () => {
  const device = await createWebGPUDevice({ baseline: true });
  expect(device.target.features.has('timestamp-query')).toBe(false);
  const least = async (size: number) => {
    const y = matmul(inputTensor('a', [size, size]), inputTensor('b', [size, size]));
    const measured = await device.tune(makePlan({ y }, [], { target: device.target }));
    const [{ microseconds }] = [...measured.values()] as [Measured];
    expect(Object.keys(microseconds).length).toBeGreaterThan(1);
    return Math.min(...Object.values(microseconds));
  };
  const short = await least(16);
  expect(short).toBeGreaterThan(0);
  expect(await least(384)).toBeGreaterThan(short);
  const plan = makePlan({ y: matmul(inputTensor('a', [4, 4]), inputTensor('b', [4, 4])) }, [], {
    target: device.target,
  });
  const runner = await device.createRunner(plan);
  runner.run({ a: new Float32Array(16), b: new Float32Array(16) });
  // The pages' word for it, at its true cause: none of them has an option that needs the feature.
  const refused = await runner.profile!().then(
    () => null,
    (error: unknown) => failureOf(error),
  );
  expect(refused).toMatchObject({ code: 'E5', values: { feature: 'timestamp-query' } });
  runner.dispose();
  device.dispose();
});

test('a saved training goes on with the kernels it had, bit for bit', { timeout: 120_000 }, async () => {
  const device = await sharedDevice();
  const images = glyphs({ size: 96, seed: 3 });
  const options = { optimizer: 'adam', loss: 'nll', device } as const;
  const fit = (model: Model) => model.fit(images, { epochs: 1, batchSize: 32 });
  const products = async (model: Model) => (await model.plan()).text.match(/matmul .*/g)!;

  const model = mlp({ seed: 2 });
  await model.compile({ ...options, kernels: { matmul: 'naive' } });
  await fit(model);
  const saved = await saveModel(model);
  const expected = (await fit(model)).history;

  const resumed = loadModel(saved);
  await resumed.compile(options);
  for (const line of await products(resumed)) expect(line).toContain('naive (restored)');
  expect((await fit(resumed)).history).toEqual(expected);

  // A model that was trained already takes up the kernels of what is put into it, and names them in turn.
  const other = mlp({ seed: 2 });
  await other.compile(options);
  await fit(other);
  for (const line of await products(other)) expect(line).not.toContain('restored');
  other.setWeights(await loadModel(saved).getWeights());
  other.setTraining((await loadModel(saved).getTraining())!);
  const { kernels } = (await other.getTraining())!;
  expect(kernels!.device).toBe(device.description);
  const chosen = Object.entries(kernels!.choices).filter(([key]) => key.startsWith('matmul '));
  expect(chosen.length).toBeGreaterThan(3);
  for (const [, { kernel }] of chosen) expect(kernel).toBe('naive');
  expect((await fit(other)).history).toEqual(expected);

  // Another device's kernels say nothing here.
  const elsewhere = { ...(await loadModel(saved).getTraining())!, kernels: { ...kernels!, device: 'another card' } };
  other.setTraining(elsewhere);
  for (const line of await products(other)) expect(line).not.toContain('restored');
  for (const each of [model, resumed, other]) each.dispose();
});
