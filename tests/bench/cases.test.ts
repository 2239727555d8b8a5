// What the suites hold of the registry: every op, its samples and costs, and every kernel.

import { expect, test } from 'vitest';

import { familyCases, sampleCases, shapeCases, type Case } from '../../demos/bench/core/cases.ts';
import { callTypes } from '../../demos/bench/core/check.ts';
import { kernelsFor, lackingKernels } from '../../demos/bench/core/prepare.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import { ops } from '../../src/ops/index.ts';

const large = { maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupStorageSize: 32_768 };
const targets: readonly Target[] = (['software', 'integrated', 'discrete'] as const).flatMap((adapter) => [
  { ...baseTarget, adapter },
  {
    ...baseTarget,
    adapter,
    features: new Set(['subgroups', 'shader-f16', 'timestamp-query']),
    limits: { ...baseTarget.limits, ...large },
  },
]);

const fittingIn = ({ op, sample }: Case): string[] =>
  targets.flatMap((target) => kernelsFor(op, callTypes(op, sample), target).map((kernel) => `${op.name} ${kernel}`));

test('every op that computes has its samples as cases, with what they cost', () => {
  for (const op of Object.values(ops)) {
    const cases = sampleCases(op, false);
    expect(cases.length, op.name).toBe(op.view ? 0 : op.samples.length);
    for (const one of cases) expect(fittingIn(one).length, `${op.name} ${one.shape}`).toBeGreaterThan(0);
  }
});

test('every kernel of every op is a row somewhere', () => {
  const cases = [
    ...Object.values(ops).flatMap((op) => sampleCases(op, false)),
    ...shapeCases(false),
    ...shapeCases(true),
  ];
  const rows = new Set(cases.flatMap(fittingIn));
  const kernels = Object.values(ops)
    .filter(({ view }) => !view)
    .flatMap((op) => Object.keys(op.kernels).map((kernel) => `${op.name} ${kernel}`));
  expect(kernels.filter((kernel) => !rows.has(kernel))).toEqual([]);
});

test('E5: kernels that a feature is missing for are told apart from those that fit, and no other is', () => {
  const [, rich] = targets;
  const lacking = new Map<string, string>();
  for (const op of Object.values(ops)) {
    for (const { sample } of sampleCases(op, false)) {
      const call = callTypes(op, sample);
      const poor = { ...rich!, features: new Set<string>() };
      const found = lackingKernels(op, call, poor);
      const all = kernelsFor(op, call, rich!);
      expect([...kernelsFor(op, call, poor), ...found.keys()].toSorted(), op.name).toEqual(all.toSorted());
      expect(lackingKernels(op, call, rich!).size).toBe(0);
      for (const [kernel, feature] of found) lacking.set(`${op.name} ${kernel}`, feature);
    }
  }
  expect(lacking.get('matmul quad')).toBe('subgroups');
  expect(new Set(lacking.values()), 'halves are kept without shader-f16 too').toEqual(new Set(['subgroups']));
});

test('convolutions come forward and with both gradients, small shapes first', () => {
  const cases = familyCases('conv', ['4x8x8x4,k3,f8', '8x16x16x4,k3,f8']);
  expect(cases.map(({ op, shape }) => `${op.name} ${shape[0]}`)).toEqual([
    'conv2d 4',
    'conv2d_grad_input 4',
    'conv2d_grad_filter 4',
    'conv2d 8',
    'conv2d_grad_input 8',
    'conv2d_grad_filter 8',
  ]);
});
