// A runner replays a plan: values, tracked rows, and what it may allocate while doing so.

import { expect, test } from 'vitest';
import type { TrackedRow } from '../../src/plan/device.ts';
import { dispatch, input, output, type Entry } from '../../src/kernel/shader.ts';
import { filled, placeAt, planOf, shaderOf, stepOf, tinyPlan } from '../plan/tiny_plan.ts';
import { sharedDevice } from './device.ts';

test('run, read and the variable agree with the arithmetic', async () => {
  const device = await sharedDevice();
  const { plan, w } = tinyPlan();
  const runner = await device.createRunner(plan);
  runner.run({ x: filled(16, 2) });
  expect([...(await runner.read('total'))]).toEqual([16 * 2 + 0.5]);
  runner.run({}); // keeps its last x
  expect(await runner.read('w')).toEqual(filled(16, 3));
  const reading = device.readVariable(w);
  runner.run({});
  expect(await reading).toEqual(filled(16, 3));
  expect(await device.readVariable(w)).toEqual(filled(16, 4));
  device.writeVariable(w, filled(16, 10));
  runner.run({ x: filled(16, -2) });
  expect(await runner.read('w')).toEqual(filled(16, 9));
  expect(() => device.releaseVariable(w)).toThrow(/variable 'w' is used by 1 program/);
  runner.dispose();
  device.releaseVariable(w);
});

// Inputs above 256 bytes are written between steps, so each step is a submit of its own; smaller ones stand in a table.
test.each([
  [16, 'small inputs: up to 32 steps a submit'],
  [65, 'large inputs: one submit a step'],
])('100 tracked steps of size %i make no buffer and no pipeline; %s', async (size) => {
  const device = await sharedDevice();
  const { plan, w } = tinyPlan({ size });
  const rows: TrackedRow[] = [];
  const lengths: number[] = [];
  const runner = await device.createRunner(plan, {
    track: { outputs: ['total'], every: 7 },
    onRows: (batch) => {
      lengths.push(batch.length);
      rows.push(...batch);
    },
  });
  runner.run({ x: filled(size, 2) });
  await runner.ready();
  const before = device.stats();
  for (let i = 1; i < 100; i++) {
    const wait = runner.ready();
    if (wait) await wait;
    runner.run(i % 3 ? { x: filled(size, 2 * i) } : {});
  }
  await runner.flush();
  expect(device.stats()).toEqual(before);
  const { submits, ...counts } = runner.stats();
  expect(counts).toEqual({ runs: 100, dispatches: 2, mapCalls: Math.ceil(100 / 7) });
  expect(submits).toBeLessThanOrEqual(100);
  expect(submits).toBeGreaterThanOrEqual(size === 16 ? Math.ceil(100 / 7) : 67);
  expect(lengths).toEqual([...Array.from({ length: 14 }, () => 7), 2]);
  let w0 = 1;
  const expected = Array.from({ length: 100 }, (_, run) => {
    w0 += run === 0 ? 1 : run % 3 ? run : run - 1;
    return { run, values: { total: size * w0 + 0.5 } };
  });
  expect(rows).toEqual(expected);
  runner.dispose();
  device.releaseVariable(w);
});

test.each([
  [0, 20, 'each by itself'],
  [60_000, 2, 'the first, and what is left at the end'],
])('20 tracked steps whose reads are %i ms apart are read %i times: %s', async (apart, reads) => {
  const device = await sharedDevice();
  const { plan, w } = tinyPlan();
  const runs: number[] = [];
  const runner = await device.createRunner(plan, {
    track: { outputs: ['total'], every: 64, apart },
    onRows: (rows) => void runs.push(...rows.map(({ run }) => run)),
  });
  for (let i = 0; i < 20; i++) {
    const wait = runner.ready();
    if (wait) await wait;
    runner.run(i === 0 ? { x: filled(16, 2) } : {});
  }
  await runner.flush();
  expect(runner.stats().mapCalls).toBe(reads);
  expect(runs).toEqual(Array.from({ length: 20 }, (_, i) => i));
  runner.dispose();
  device.releaseVariable(w);
});

test('steps of two programs that change one variable keep their order, and so do writes between them', async () => {
  const device = await sharedDevice();
  const { plan, w } = tinyPlan();
  const runners = await Promise.all([device.createRunner(plan), device.createRunner(plan)]);
  const totals: number[] = [];
  const tracked = await device.createRunner(plan, {
    track: { outputs: ['total'], every: 32 },
    onRows: (rows) => totals.push(...rows.map(({ values }) => values['total']!)),
  });
  runners.forEach((runner) => runner.run({ x: filled(16, 0) }));
  tracked.run({ x: filled(16, 0) });
  await tracked.flush();
  let value = 1;
  const expected = [16.5];
  for (let i = 0; i < 100; i++) {
    if (i % 10 === 9) {
      device.writeVariable(w, filled(16, i));
      value = i;
    }
    const runner = i % 4 === 3 ? tracked : runners[i % 2]!;
    const wait = runner.ready();
    if (wait) await wait;
    runner.run({ x: filled(16, 2 * i) });
    value += i;
    if (runner === tracked) expected.push(16 * value + 0.5);
  }
  await tracked.flush();
  expect(totals).toEqual(expected);
  expect(await device.readVariable(w)).toEqual(filled(16, value));
  const submits = [...runners, tracked].reduce((sum, runner) => sum + runner.stats().submits, 0);
  expect(submits).toBeLessThanOrEqual(103);
  for (const runner of [...runners, tracked]) runner.dispose();
  device.releaseVariable(w);
});

test('a step that still waits runs though its program, or a tensor it reads, is disposed of at once', async () => {
  const device = await sharedDevice();
  const { plan, w } = tinyPlan();
  const runner = await device.createRunner(plan);
  const other = await device.createRunner(plan);
  const two = await device.upload(filled(16, 2), { shape: [16], dtype: 'f32' });
  runner.run({ x: filled(16, 2) });
  await runner.ready();
  for (let i = 0; i < 20; i++) runner.run({ x: i % 2 ? two : filled(16, 4) });
  two.dispose();
  other.run({ x: filled(16, 2) });
  runner.dispose();
  expect(await device.readVariable(w)).toEqual(filled(16, 2 + 10 + 20 + 1));
  other.dispose();
  device.releaseVariable(w);
});

test('a run beyond the ring of reads is refused, and ready says when there is room', async () => {
  const device = await sharedDevice();
  const { plan, w } = tinyPlan();
  const runner = await device.createRunner(plan, { track: { outputs: ['total'], every: 1 } });
  runner.run({ x: filled(16, 0) });
  runner.run({});
  runner.run({});
  expect(() => runner.run({})).toThrow(/await ready\(\) first/);
  expect(runner.ready()).toBeInstanceOf(Promise);
  await runner.ready();
  runner.run({});
  await runner.flush();
  expect(runner.stats().runs).toBe(4);
  runner.dispose();
  device.releaseVariable(w);
});

test('an error thrown by onRows surfaces in flush, once', async () => {
  const device = await sharedDevice();
  const { plan, w } = tinyPlan();
  const runner = await device.createRunner(plan, {
    track: { outputs: ['total'], every: 1 },
    onRows: () => {
      throw new Error('no room for rows');
    },
  });
  runner.run({ x: filled(16, 0) });
  await expect(runner.flush()).rejects.toThrow('no room for rows');
  await runner.flush();
  expect(runner.ready()).toBeNull();
  runner.dispose();
  device.releaseVariable(w);
});

test('untracked steps may run ahead only so far', async () => {
  const device = await sharedDevice();
  const { plan, w } = tinyPlan();
  const runner = await device.createRunner(plan);
  runner.run({ x: filled(16, 0) });
  await runner.ready();
  let waits = 0;
  for (let i = 0; i < 600; i++) {
    const wait = runner.ready();
    if (wait) await wait.then(() => waits++);
    runner.run({});
  }
  expect(waits).toBeGreaterThan(0);
  await runner.flush();
  runner.dispose();
  device.releaseVariable(w);
});

test('an uploaded tensor is bound in place of the input, which then has no memory of its own', async () => {
  const device = await sharedDevice();
  const { plan, w } = tinyPlan({ size: 1000 });
  const type = { shape: [1000], dtype: 'f32' } as const;
  const two = await device.upload(filled(1000, 2), type);
  const four = await device.upload(filled(1000, 4), type);
  const runner = await device.createRunner(plan);
  const { buffersCreated } = device.stats();
  runner.run({ x: two });
  runner.run({});
  runner.run({ x: four });
  expect((await runner.read('w'))[999]).toBe(1 + 1 + 1 + 2);
  expect(device.stats().buffersCreated - buffersCreated).toBe(1); // the staging of the read
  runner.run({ x: filled(1000, 6) });
  runner.run({ x: two });
  expect((await runner.read('w'))[0]).toBe(5 + 3 + 1);
  expect(device.stats().buffersCreated - buffersCreated).toBe(2);
  // One that is not bound is nobody's concern.
  const other = await device.upload(filled(1000, 0), type);
  other.dispose();
  runner.run({ x: two });
  two.dispose();
  expect(() => runner.run({})).toThrow(/the tensor was disposed of/);
  expect(() => runner.run({ x: two })).toThrow(/the tensor was disposed of/);
  runner.run({ x: four });
  expect((await runner.read('w'))[0]).toBe(12);
  four.dispose();
  runner.dispose();
  device.releaseVariable(w);
});

test('wrong inputs and outputs are refused by name before anything is written', async () => {
  const device = await sharedDevice();
  const { plan, w } = tinyPlan();
  const runner = await device.createRunner(plan);
  expect(() => runner.run({})).toThrow("input 'x' [16] was given no value yet");
  expect(() => runner.run({ xs: filled(16, 1) })).toThrow(/no input 'xs', did you mean 'x'\?/);
  expect(() => runner.run({ x: filled(15, 1) })).toThrow(/expected 16 values, got Float32Array of 15/);
  expect(() => runner.run({ x: new Float64Array(16) as never })).toThrow(/got Float64Array of 16/);
  expect(() => runner.run({ x: new Int32Array(16) })).toThrow(/got Int32Array/);
  await expect(runner.read('total')).rejects.toThrow(/no value before the first run/);
  runner.run({ x: filled(16, 1) });
  await expect(runner.read('totl')).rejects.toThrow(/did you mean 'total'/);
  expect(runner.stats().runs).toBe(1);
  await expect(device.createRunner(plan, { track: { outputs: ['w'], every: 1 } })).rejects.toThrow(/only single/);
  runner.dispose();
  runner.dispose();
  expect(() => runner.run({})).toThrow(/was disposed of/);
  await expect(runner.flush()).rejects.toThrow(/was disposed of/);
  device.releaseVariable(w);
});

test('bytes are packed and padded; integers come back as integers', async () => {
  const device = await sharedDevice();
  const code = `@group(0) @binding(4) var<storage, read> bytes: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@compute @workgroup_size(8)
fn unpack(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < 7u) { y[id.x] = -i32(extractBits(bytes[id.x / 4u], 8u * (id.x % 4u), 8u)); }
}`;
  const entry: Entry = {
    bindings: { bytes: { index: 4, access: 'read' }, y: { index: 1, access: 'read_write' } },
    params: null,
  };
  const unpack = dispatch(shaderOf('unpack.wgsl', code, { unpack: entry }), 'unpack', {
    bindings: { bytes: input(0), y: output(0) },
    params: {},
    workgroups: [1],
  });
  const bytes = placeAt(0, { shape: [7], dtype: 'u8' });
  const y = placeAt(1, { shape: [7], dtype: 'i32' });
  const plan = planOf(
    [stepOf('unpack', [bytes], [y], unpack)],
    [
      { kind: 'input', name: 'bytes', type: bytes.type, bytes: 8 },
      { kind: 'slot', bytes: 28 },
    ],
    { bytes },
    { y, bytes },
  );
  const runner = await device.createRunner(plan);
  runner.run({ bytes: Uint8Array.of(1, 2, 3, 250, 255, 6, 7) });
  expect(await runner.read('y')).toEqual(Int32Array.of(-1, -2, -3, -250, -255, -6, -7));
  expect(await runner.read('bytes')).toEqual(Uint8Array.of(1, 2, 3, 250, 255, 6, 7));
  const resident = await device.upload(Uint8Array.of(9, 8, 7, 6, 5, 4, 3), bytes.type);
  runner.run({ bytes: resident });
  expect(await runner.read('y')).toEqual(Int32Array.of(-9, -8, -7, -6, -5, -4, -3));
  resident.dispose();
  runner.dispose();
});

test('equal sources share a pipeline, and a disposed runner leaves nothing but its variables', async () => {
  const device = await sharedDevice();
  const first = tinyPlan();
  const progress: string[] = [];
  const onProgress = (done: number, total: number): void => void progress.push(`${done}/${total}`);
  (await device.createRunner(first.plan, { onProgress })).dispose();
  const before = device.stats();
  const runner = await device.createRunner(tinyPlan({ rate: 3 }).plan, { track: { outputs: ['total'], every: 5 } });
  expect(device.stats().pipelinesCreated).toBe(before.pipelinesCreated);
  runner.run({ x: filled(16, 1) });
  await runner.flush();
  await runner.read('w');
  runner.dispose();
  expect(device.stats().liveBuffers).toBe(before.liveBuffers + 1);
  expect(device.stats().liveBytes).toBe(before.liveBytes + 64);
  expect(progress).toEqual(['0/2', '1/2', '2/2']);
});

test('profile times each dispatch of one step', async ({ skip }) => {
  const device = await sharedDevice();
  if (!device.target.features.has('timestamp-query')) skip('no timestamp-query here');
  const { plan, w } = tinyPlan();
  const runner = await device.createRunner(plan);
  runner.run({ x: filled(16, 2) });
  const { liveBuffers } = device.stats();
  const times = await runner.profile!();
  expect(times.map(({ op, label, kernel, entry }) => [op, label, kernel, entry])).toEqual([
    ['accumulate', 'the accumulate', 'naive', 'accumulate'],
    ['sum', 'the sum', 'naive', 'sum'],
  ]);
  for (const { nanoseconds } of times) expect(nanoseconds).toBeGreaterThanOrEqual(0);
  expect(await runner.read('w')).toEqual(filled(16, 3));
  expect(device.stats().liveBuffers).toBe(liveBuffers + 1);
  runner.dispose();
  device.releaseVariable(w);
});
