// Every kernel that uses workgroup memory, for every sample that it fits: no invocation may read or write what another one
// writes without a barrier between them, and all reach the same barriers. The first and the last workgroup of each dispatch
// run; where those are all of them, the results are compared with the reference too. The interpreter makes a million
// accesses in some seconds, so of a kernel's samples, spread over all, 8 run, or fewer once they have made 300,000; over halves,
// where loads and stores are others and all else is the same text, 3, or until they have made 100,000, and there no barrier is
// taken out. `npm run test:long` runs every one.

import { describe, expect, test } from 'vitest';
import type { Op, Sample } from '../../src/graph/op.ts';
import { ops } from '../../src/ops/index.ts';
import { runKernel, runnable, sourcesOf } from './kernel_run.ts';
import { describeSample } from './table.ts';

const long = process.env.VITE_LONG === '1';

/** Of a kernel's samples, and of the accesses after which no more of them run. */
const limitsOf = (op: Op): readonly [most: number, enough: number] =>
  long ? [Infinity, Infinity] : op.storageOf ? [3, 100_000] : [8, 300_000];

function spread<T>(list: readonly T[], most: number): T[] {
  const step = Math.max(1, list.length / most);
  return Array.from({ length: Math.min(list.length, most) }, (_, i) => list[Math.floor(i * step)]!);
}

const kernels = Object.values(ops).flatMap((op) =>
  Object.keys(op.kernels).flatMap((kernel) => {
    const { samples, shares } = runnable(op, kernel);
    return shares ? [{ op, kernel, samples: spread(samples, limitsOf(op)[0]), of: samples.length }] : [];
  }),
);
const named = kernels.map((one) => [`${one.op.name} ${one.kernel}`, one] as const);

describe('races', () => {
  const total = { samples: 0, dispatches: 0, workgroups: 0, accesses: 0, compared: 0 };

  test.each(named)('%s', { timeout: 600_000 }, (_, { op, kernel, samples }) => {
    let accesses = 0;
    const [, enough] = limitsOf(op);
    for (const sample of samples) {
      if (accesses > enough) break;
      const run = runKernel(op, kernel, sample, { all: false });
      expect(run.problems, describeSample(sample)).toEqual([]);
      expect(run.accesses, describeSample(sample)).toBeGreaterThan(0);
      if (run.mismatch !== undefined) {
        expect(run.mismatch, describeSample(sample)).toBeNull();
        total.compared++;
      }
      accesses += run.accesses;
      total.samples++;
      total.dispatches += run.dispatches;
      total.workgroups += run.workgroups;
      total.accesses += run.accesses;
    }
  });

  test('in numbers', () => {
    const allSamples = kernels.reduce((sum, { of }) => sum + of, 0);
    console.log(
      `races: ${kernels.length} kernels with workgroup memory, ${total.samples} of their ` +
        `${allSamples} samples, ${total.dispatches} dispatches, ` +
        `${total.workgroups} workgroups, ${total.accesses} words; ${total.compared} results compared`,
    );
    expect(total.samples).toBeGreaterThanOrEqual(long ? allSamples : kernels.length);
  });
});

const barrier = 'workgroupBarrier();';

describe('a barrier that is missing is noticed', () => {
  test.each(named.filter(([, { op }]) => long || !op.storageOf))(
    '%s',
    { timeout: 600_000 },
    (_, { op, kernel, samples }) => {
      // By entry, since an option may leave a barrier nothing to do: a product of one round, a mean that is not taken.
      const uses = new Map<string, { sample: Sample<unknown>; source: string }[]>();
      for (const sample of samples) {
        for (const { entry, source } of sourcesOf(op, kernel, sample)) {
          uses.set(entry, [...(uses.get(entry) ?? []), { sample, source }]);
        }
      }
      const unnoticed: string[] = [];
      for (const [entry, using] of uses) {
        const count = using[0]!.source.split(barrier).length - 1;
        for (let removed = 1; removed <= count; removed++) {
          const found = using.some(({ sample, source }) => {
            const change = (code: string) => (code === source ? withoutBarrier(code, removed) : code);
            return runKernel(op, kernel, sample, { all: false, change, one: true }).problems.length > 0;
          });
          if (!found) unnoticed.push(`${entry}, barrier ${removed}`);
        }
      }
      expect(unnoticed).toEqual([]);
    },
  );
});

function withoutBarrier(code: string, removed: number): string {
  return code.split(barrier).reduce((text, piece, i) => `${text}${i === removed ? '' : barrier}${piece}`);
}
