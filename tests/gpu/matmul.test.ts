// The kernels that each class of adapter gets by default, run here whatever this device is: with cut sums, ragged edges,
// batches and epilogues. Every kernel on every sample is tested with the registry.

import { describe, expect, test } from 'vitest';
import type { Target } from '../../src/kernel/target.ts';
import type { Sample } from '../../src/graph/op.ts';
import { applyOne, inputTensor } from '../../src/graph/tensor.ts';
import { matmulOp } from '../../src/ops/matmul.ts';
import type { MatmulAttrs } from '../../src/ops/matmul_sizes.ts';
import { makePlan } from '../../src/plan/build.ts';
import { bounds, callTypes, firstMismatch, reference, sampleValues } from '../ops/table.ts';
import { sharedDevice } from './device.ts';

const plain: MatmulAttrs = {
  transposeA: false,
  transposeB: false,
  bias: false,
  residual: false,
  slope: null,
  activation: null,
};

const cases: Record<string, Sample<MatmulAttrs>> = {
  'a product that fills tiles': { inputs: [{ shape: [140, 72] }, { shape: [72, 132] }], attrs: plain },
  'one of odd sizes': {
    inputs: [{ shape: [67, 39] }, { shape: [67, 131] }, { shape: [131] }],
    attrs: { ...plain, transposeA: true, bias: true },
  },
  'a weight gradient, its sum cut into slices': {
    inputs: [{ shape: [1300, 60] }, { shape: [1300, 56] }, { shape: [60, 56] }],
    attrs: { ...plain, transposeA: true, residual: true, activation: 'relu' },
  },
  'the same of odd sizes': {
    inputs: [{ shape: [61, 1027] }, { shape: [59, 1027] }, { shape: [59] }, { shape: [61, 59] }],
    attrs: { ...plain, transposeB: true, bias: true, residual: true },
  },
  'a batch of small matrices': {
    inputs: [{ shape: [37, 20, 8] }, { shape: [37, 24, 8] }, { shape: [37, 20, 24] }],
    attrs: { ...plain, transposeB: true, residual: true },
  },
  'a batch whose sums are cut': { inputs: [{ shape: [3, 17, 600] }, { shape: [3, 600, 20] }], attrs: plain },
  'one row': { inputs: [{ shape: [1, 640] }, { shape: [640, 12] }, { shape: [12] }], attrs: { ...plain, bias: true } },
};

const adapters: Target['adapter'][] = ['discrete', 'integrated', 'unknown', 'software'];
const seen = new Set<string>();

describe.each(adapters)('what a %s adapter runs by default', (adapter) => {
  test.each(Object.keys(cases))('%s', async (name) => {
    const { inputs: shapes, attrs } = cases[name]!;
    const device = await sharedDevice();
    const call = callTypes(matmulOp, cases[name]!);
    const x = shapes.map((input, i) => sampleValues(input, 17 + i));
    const expected = reference(matmulOp, call, x);
    const inputs = shapes.map(({ shape }, i) => inputTensor(`x${i}`, shape));
    const plan = makePlan({ c: applyOne(matmulOp, inputs, attrs) }, [], {
      target: { ...device.target, adapter },
      fuse: false,
    });
    seen.add(`${plan.steps[0]!.kernel} in ${plan.steps[0]!.dispatches.length}`);
    const runner = await device.createRunner(plan);
    try {
      runner.run(Object.fromEntries(x.map((values, i) => [`x${i}`, Float32Array.from(values)])));
      const mismatch = firstMismatch(await runner.read('c'), expected[0]!, bounds(matmulOp, call, x, expected)[0]!);
      expect(mismatch).toBeNull();
    } finally {
      runner.dispose();
    }
  });
});

test('tiles were used, in one pass and in two', () => {
  expect([...seen].filter((name) => /^tiled_.* in 1$/.test(name))).not.toHaveLength(0);
  expect([...seen].filter((name) => /^tiled_.* in 2$/.test(name))).not.toHaveLength(0);
  expect([...seen].filter((name) => /^tiled_scalar.* in 2$/.test(name))).not.toHaveLength(0);
});
