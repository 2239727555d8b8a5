// Another engine's rows beside ours, by a reader's adapter: right ones are timed, wrong ones struck, failures named.

import { expect, test } from 'vitest';

import type { Adapter, AdapterTask } from '../../demos/bench/adapters/adapter.ts';
import { measureAdapters } from '../../demos/bench/adapters/measure.ts';
import { familyCases } from '../../demos/bench/core/cases.ts';
import type { Row } from '../../demos/bench/core/result.ts';

const method = { quick: true, leastSamples: 3, mostMs: 20, sampleNs: 1000, text: '' };

/** Softmax of rows as another engine would have it; `spoil` changes a result. */
function softmaxAdapter(spoil: (y: Float32Array) => void): Adapter & { disposed: number } {
  const adapter = {
    name: 'other',
    disposed: 0,
    open: () =>
      Promise.resolve({
        version: '1.2',
        task: ({ op, inputs }: { op: string; inputs: readonly { shape: readonly number[]; values: unknown }[] }) => {
          if (op === 'softmax_grad') throw new Error('out of memory');
          if (op !== 'softmax') return Promise.resolve(null);
          const [rows, columns] = inputs[0]!.shape as [number, number];
          const x = inputs[0]!.values as Float32Array;
          const y = new Float32Array(x.length);
          const task: AdapterTask = {
            run() {
              for (let row = 0; row < rows; row++) {
                const powers = x.subarray(row * columns, (row + 1) * columns).map(Math.exp);
                const sum = powers.reduce((a, b) => a + b, 0);
                y.set(
                  powers.map((power) => power / sum),
                  row * columns,
                );
              }
              spoil(y);
            },
            finish: () => Promise.resolve(),
            read: () => Promise.resolve([y]),
            dispose: () => void adapter.disposed++,
          };
          return Promise.resolve(task);
        },
      }),
  };
  return adapter;
}

async function rowsOf(...adapters: Adapter[]): Promise<Row[]> {
  const rows: Row[] = [];
  const emit = (found: readonly Row[]): void => void rows.push(...found);
  await measureAdapters(adapters, familyCases('softmax', ['7x11']), { method, hidden: () => false, emit });
  return rows;
}

test('rows are checked and timed, what fails is a wrong row, and what the engine lacks is none', async () => {
  const adapter = softmaxAdapter(() => undefined);
  const [right, failed, ...rest] = await rowsOf(adapter);
  expect(right).toMatchObject({ subject: 'softmax', variant: 'other 1.2', shape: '7x11', check: { state: 'ok' } });
  expect(right!.samplesNs.length).toBeGreaterThanOrEqual(1);
  expect(failed).toMatchObject({
    subject: 'softmax_grad',
    summary: null,
    check: { state: 'wrong', message: 'out of memory' },
  });
  expect(rest).toEqual([]);
  expect(adapter.disposed).toBe(1);
});

test('an element that is off strikes the row', async () => {
  const [row] = await rowsOf(softmaxAdapter((y) => (y[5]! += 1e-3)));
  expect(row!.check).toMatchObject({ state: 'wrong' });
  expect(row!.check.message).toContain('element 5');
});

test('one that cannot be opened says why, and holds up no other', async () => {
  const broken: Adapter = { name: 'broken', open: () => Promise.reject(new Error('no WebGPU backend')) };
  const rows = await rowsOf(
    broken,
    softmaxAdapter(() => undefined),
  );
  expect(rows[0]).toMatchObject({
    variant: 'broken',
    summary: null,
    check: { state: 'wrong', message: 'no WebGPU backend' },
  });
  expect(rows[1]).toMatchObject({ variant: 'other 1.2', check: { state: 'ok' } });
});
