// Every kernel that uses workgroup memory, for every sample that it fits: no invocation may read or write what another one
// writes without a barrier between them, and all reach the same barriers. The first and the last workgroup of each dispatch
// run; where those are all of them, the results are compared with the reference too.

import { describe, expect, test } from 'vitest';
import { ops } from '../../src/ops/index.ts';
import { runKernel, runnable } from './kernel_run.ts';
import { describeSample } from './table.ts';

const kernels = Object.values(ops).flatMap((op) =>
  Object.keys(op.kernels).flatMap((kernel) => {
    const { samples, shares } = runnable(op, kernel);
    return shares ? [{ op, kernel, samples }] : [];
  }),
);
const named = kernels.map((one) => [`${one.op.name} ${one.kernel}`, one] as const);

describe('races', () => {
  const total = { samples: 0, dispatches: 0, workgroups: 0, accesses: 0, compared: 0 };

  test.each(named)('%s', { timeout: 120_000 }, (_, { op, kernel, samples }) => {
    for (const sample of samples) {
      const run = runKernel(op, kernel, sample, { all: false });
      expect(run.problems, describeSample(sample)).toEqual([]);
      expect(run.accesses, describeSample(sample)).toBeGreaterThan(0);
      if (run.mismatch !== undefined) {
        expect(run.mismatch, describeSample(sample)).toBeNull();
        total.compared++;
      }
      total.samples++;
      total.dispatches += run.dispatches;
      total.workgroups += run.workgroups;
      total.accesses += run.accesses;
    }
  });

  test('in numbers', () => {
    console.log(
      `races: ${kernels.length} kernels with workgroup memory, ${total.samples} samples, ${total.dispatches} dispatches, ` +
        `${total.workgroups} workgroups, ${total.accesses} words; ${total.compared} results compared`,
    );
    expect(total.samples).toBe(kernels.reduce((sum, { samples }) => sum + samples.length, 0));
  });
});

describe('a barrier that is missing is noticed', () => {
  test.each(named)('%s', { timeout: 120_000 }, (_, { op, kernel, samples }) => {
    const barriers = new Map<string, number>();
    for (const sample of samples) {
      runKernel(op, kernel, sample, {
        all: false,
        change(code) {
          barriers.set(code, code.split('workgroupBarrier();').length - 1);
          return code;
        },
      });
    }
    const unnoticed: string[] = [];
    for (const [source, count] of barriers) {
      for (let removed = 0; removed < count; removed++) {
        const change = (code: string) => {
          if (code !== source) return code;
          const pieces = code.split('workgroupBarrier();');
          return pieces.reduce((text, piece, i) => `${text}${i - 1 === removed ? '' : 'workgroupBarrier();'}${piece}`);
        };
        const found = samples.some(
          (sample) => runKernel(op, kernel, sample, { all: false, change }).problems.length > 0,
        );
        if (!found) unnoticed.push(`${removed} of ${source.slice(0, 80)}`);
      }
    }
    expect(unnoticed).toEqual([]);
  });
});
