// The benchmark's core on a GPU: roofs are right, times are found, and a kernel that is wrong on purpose is struck and named.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { shapedCase, type Case } from '../../demos/bench/core/cases.ts';
import { measureData } from '../../demos/bench/core/data.ts';
import { layerRatios } from '../../demos/bench/core/layer_ratios.ts';
import { measureLayer } from '../../demos/bench/core/layers.ts';
import { measureCase } from '../../demos/bench/core/measure.ts';
import { ranked } from '../../demos/bench/core/result.ts';
import { roofCases } from '../../demos/bench/core/roofs.ts';
import { roofsOf, withRoof } from '../../demos/bench/core/roofline.ts';
import { tooLong } from '../../demos/bench/core/safety.ts';
import { openSession, type Session } from '../../demos/bench/core/session.ts';
import { networks } from '../../demos/bench/core/networks.ts';
import { measureStep } from '../../demos/bench/core/steps.ts';
import { measureTransfers } from '../../demos/bench/core/transfers.ts';
import type { Kernel, SampleInput } from '../../src/graph/op.ts';
import type { Shader } from '../../src/kernel/shader.ts';

const method = { quick: true, leastSamples: 3, mostMs: 50, sampleNs: 1e5, text: '' };
let session: Session;
beforeAll(async () => {
  session = await openSession('webgpu');
});
afterAll(() => session.dispose());

/** `relu` on 68 numbers with kernels whose WGSL is changed by `change`. */
function withWrong(change: (code: string) => string): Case {
  const one = shapedCase('relu', '68', null);
  const naive = one.op.kernels['naive']!;
  const wrong: Kernel<unknown> = {
    plan(call, target) {
      const planned = naive.plan(call, target);
      const dispatches = planned.dispatches.map((dispatch) => {
        const shader: Shader = { ...dispatch.shader, code: change(dispatch.shader.code) };
        expect(shader.code).not.toBe(dispatch.shader.code);
        return { ...dispatch, shader };
      });
      return { ...planned, dispatches };
    },
  };
  return { ...one, op: { ...one.op, kernels: { wrong, naive } } };
}

describe('the core', () => {
  test('measures every roof, and rows as shares of them', { timeout: 120_000 }, async () => {
    const rows = [];
    for (const one of roofCases(session.device.target!))
      rows.push(...(await measureCase(session, one, { method }, new Map())));
    expect(rows.map(({ subject, variant, check }) => `${subject} ${variant} ${check.state}`)).toEqual([
      'multiply_add scalar ok',
      'multiply_add vec4 ok',
      'exponentials scalar ok',
      'exponentials vec4 ok',
      'stream_copy scalar ok',
      'stream_copy vec4 ok',
      'storage_loads scalar ok',
      'storage_loads vec4 ok',
    ]);
    const roofs = roofsOf(rows)!;
    const [row] = await measureCase(
      session,
      shapedCase('matmul', '64x64x64', null),
      { method, kernels: ['naive'] },
      new Map(),
    );
    const { roof, summary, flops, bytes, counts } = withRoof(row!, roofs);
    const least = {
      'multiply-add': flops / roofs.flopsPerSecond,
      copy: bytes / roofs.bytesPerSecond,
      exponentials: (counts['exponentials'] ?? 0) / roofs.exponentialsPerSecond!,
    };
    const most = Math.max(...Object.values(least));
    expect(roof!.share).toBeCloseTo(most / (summary!.median / 1e9), 9);
    expect(least[roof!.bound]).toBe(most);
  });

  test('gives each kernel its samples, its check and its compile time', { timeout: 60_000 }, async () => {
    const one = shapedCase('matmul', '36x40x44', null);
    const rows = await measureCase(session, one, { method, kernels: ['register', 'naive'] }, new Map());
    expect(rows.map(({ variant }) => variant)).toEqual(['register', 'naive']);
    for (const row of rows) {
      expect(row.check.state).toBe('ok');
      expect(row.check.worst).toBeLessThanOrEqual(1);
      expect(row.summary!.n).toBe(row.samplesNs.length);
      expect(row.summary!.median).toBeGreaterThan(0);
      expect(row.gflops).toBeCloseTo((2 * 36 * 40 * 44) / row.summary!.median, 9);
    }
    expect(rows[0]!.compileMs).toBeGreaterThan(0);
    const [again] = await measureCase(session, one, { method, kernels: ['register'] }, new Map());
    expect(again!.compileMs).toBeNull();
    await expect(measureCase(session, one, { method, kernels: ['registr'] }, new Map())).rejects.toThrow(
      "matmul has no kernel 'registr', did you mean 'register'?",
    );
  });

  test.each([
    ['writes zeros', (code: string) => code.replace(/^( +)y\[i\] = [^;]+;/m, '$1y[i] = 0.0;')],
    [
      'has one element off',
      (code: string) => code.replace(/^( +y\[i\] = [^;]+);/m, '$1 + select(0.0, 0.001, i == 67u);'),
    ],
  ])('strikes and names a kernel that %s', { timeout: 60_000 }, async (what, change) => {
    const rows = await measureCase(session, withWrong(change), { method }, new Map());
    const [wrong, right] = rows;
    expect(wrong!.check.state, what).toBe('wrong');
    expect(wrong!.check.message).toMatch(/^output 0, element \d+: got .* expected .* within/);
    if (what === 'has one element off') expect(wrong!.check.message).toContain('element 67:');
    expect(right!.check.state).toBe('ok');
    expect(ranked(rows)).toEqual([right]);
  });

  test('names the line of a kernel that does not compile, and measures the others', { timeout: 60_000 }, async () => {
    const rows = await measureCase(
      session,
      withWrong((code) => code.replace(/^( +)y\[i\] = [^;]+;/m, '$1y[i] = 1u;')),
      { method },
      new Map(),
    );
    expect(rows[0]!.check.state).toBe('wrong');
    expect(rows[0]!.check.message).toMatch(/unary\.wgsl:\d+:\d+: entry/);
    expect(rows[0]!.summary).toBeNull();
    expect(ranked(rows)).toEqual([rows[1]]);
  });

  test('skips what would take too long, with the time it would take', async () => {
    // As slow as one operation in a second.
    const speeds = new Map([['matmul naive', 1e-9]]);
    const [row] = await measureCase(
      session,
      shapedCase('matmul', '8x8x8', null),
      { method, kernels: ['naive'] },
      speeds,
    );
    expect(row!.summary).toBeNull();
    expect(row!.skipped).toMatch(/^would take about \d+ ms a dispatch/);
  });
});

test('gradients of a layer are timed in turns with its forward pass, each with the kernel a plan takes', async () => {
  const rows = await measureLayer(session, '2x6x6x4,k3,f8,same', { method }, new Map());
  expect(rows.map(({ subject, suite, preferred, check }) => [subject, suite, preferred, check.state])).toEqual([
    ['conv2d', 'layers', true, 'ok'],
    ['conv2d_grad_filter', 'layers', true, 'ok'],
    ['conv2d_grad_input', 'layers', true, 'ok'],
  ]);
  expect(layerRatios(rows).length).toBe(2);
});

test('large work of unknown speed is tried on a share of its workgroups, and is right when it is run', async () => {
  const one = shapedCase('relu', String(2 ** 24), null);
  const skipped = await tooLong(session, one, 'vec4', one.sample.inputs.map(zeros), new Map(), 1e-6);
  expect(skipped).toMatch(/^would take about \d+ ms a dispatch, more than 0\.000001 ms$/);
  expect(await tooLong(session, one, 'vec4', one.sample.inputs.map(zeros), new Map(), 1e6)).toBe('');
});

const zeros = ({ shape }: SampleInput): Float64Array => new Float64Array(shape.reduce((a, b) => a * b, 1));

describe('training steps', () => {
  const tiny = { network: networks.tiny, batch: 32 };

  test('agree with the CPU, and make nothing on the way', { timeout: 60_000 }, async () => {
    const row = await measureStep(session, { suite: 'steps', ...tiny }, { method });
    expect(row.check).toMatchObject({ state: 'ok', message: '' });
    // Rounding alone is a thousandth of what is allowed.
    expect(row.check.tolerance).toBeGreaterThan(0);
    expect(row.check.worst).toBeLessThan(0.05);
    const { counts, parts, summary } = row;
    expect(counts).toMatchObject({ buffersCreated: 0, pipelinesCreated: 0 });
    expect(counts['submitsPerStep']).toBeLessThanOrEqual(1);
    expect(counts['stepsPerSecond']).toBeCloseTo(1e9 / summary!.median, 6);
    expect(counts['javaScriptNs']).toBeGreaterThan(0);
    expect(counts['javaScriptInRowNs']).toBeGreaterThan(0);
    expect(parts.length).toBe(counts['dispatches']);
  });

  test.each([
    ['tiny', 32],
    ['mlp', 16],
    ['cnn', 2],
  ] as const)('of the %s take the bytes that were predicted', { timeout: 60_000 }, async (name, batch) => {
    const one = { suite: 'memory', network: networks[name], batch } as const;
    const { counts, check } = await measureStep(session, one, { method });
    expect(check.message).toBe('');
    expect(counts['liveBytes']).toBe(counts['predictedBytes']);
    expect(counts['slotsBytes']).toBeGreaterThanOrEqual(counts['slotsLowerBound']!);
  });

  test('steps from data on the device, with and without augmentation', { timeout: 120_000 }, async () => {
    const rows = await measureData(session.device, { method });
    expect(rows.map(({ variant, check }) => [variant, check.state])).toEqual([
      ['as they are', 'not checked'],
      ['moved', 'not checked'],
      ['moved and coloured', 'not checked'],
      ['moved, coloured, with noise', 'not checked'],
    ]);
    for (const { counts } of rows) expect(counts['imagesPerSecond']).toBeGreaterThan(0);
    for (const { parts } of rows.slice(1)) {
      if (parts.length > 0) expect(parts.map(({ op }) => op)).toContain('augment_batch');
    }
  });

  test('and transfers have rows of their own', { timeout: 60_000 }, async () => {
    const rows = await measureTransfers(session.device, { method });
    expect(rows.map(({ subject }) => subject)).toEqual(['upload', 'step', 'readback', 'readback']);
    for (const { summary } of rows) expect(summary!.median).toBeGreaterThan(0);
  });
});
