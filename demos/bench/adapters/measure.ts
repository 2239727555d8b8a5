// Rows of the engines that a reader's adapters bring, on the cases of a run: compared with the same reference, timed by the
// wall clock less what it takes to wait for nothing.

import type { Values } from '../../../src/core/dtype.ts';
import type { Case } from '../core/cases.ts';
import { callTypes, checkOutputs, notChecked, reference, sampleValues, toDevice } from '../core/check.ts';
import { wallQuantum } from '../core/clock.ts';
import { rates } from '../core/measure.ts';
import { blankRow, type Method, type Row } from '../core/result.ts';
import { sampleInTurns, type Timed } from '../core/sampling.ts';
import { median, summarize } from '../core/statistics.ts';
import type { Adapter, AdapterTask, Opened } from './adapter.ts';

/**
 * Engines sum in orders of their own, so a result may differ from the reference by some units in the last place of its
 * largest element: 2e-5 of it, as in `npm run bench:peers` (peers/reference.ts).
 */
const share = 2e-5;

export interface AdapterOptions {
  readonly method: Method;
  readonly hidden: () => boolean;
  readonly emit: (rows: readonly Row[]) => void;
}

/** Each adapter's rows; one that cannot be opened, or fails at a case, is a wrong row there and holds up no other. */
export async function measureAdapters(
  adapters: readonly Adapter[],
  cases: readonly Case[],
  { method, hidden, emit }: AdapterOptions,
): Promise<void> {
  const quantumNs = wallQuantum();
  for (const adapter of adapters) {
    const opened = await openedOf(adapter, cases, emit);
    if (!opened) continue;
    try {
      for (const one of cases) {
        const row = await measureOne(`${adapter.name} ${opened.version}`, opened, one, method, quantumNs, hidden);
        if (row) emit([row]);
      }
    } finally {
      opened.dispose?.();
    }
  }
}

/** Null where it cannot be opened, which the row of the first case then says. */
async function openedOf(
  adapter: Adapter,
  [first]: readonly Case[],
  emit: AdapterOptions['emit'],
): Promise<Opened | null> {
  try {
    return await adapter.open();
  } catch (error) {
    if (first) {
      const { suite, op, shape } = first;
      const row = blankRow({ suite, subject: op.name, variant: adapter.name, preferred: false, shape });
      const check = { ...notChecked((error as Error).message), state: 'wrong' } as const;
      emit([{ ...row, check, skipped: 'it could not be opened' }]);
    }
    return null;
  }
}

async function measureOne(
  variant: string,
  opened: Opened,
  { suite, op, sample, shape }: Case,
  method: Method,
  quantumNs: number,
  hidden: () => boolean,
): Promise<Row | null> {
  const call = callTypes(op, sample);
  const { flops, bytes } = op.cost?.(call) ?? { flops: 0, bytes: 0 };
  const dtype = call.outputs[0]!.dtype;
  const row = blankRow({ suite, subject: op.name, variant, preferred: false, shape, dtype, flops, bytes });
  const x = sample.inputs.map((input, i) => sampleValues(input, 101 + i));
  const inputs = x.map((values, i) => ({ shape: call.inputs[i]!.shape, values: toDevice(values, call.inputs[i]!) }));
  let task: AdapterTask | null = null;
  try {
    task = await opened.task({ op: op.name, attrs: sample.attrs, inputs, outputs: call.outputs });
    if (!task) return null;
    await task.run();
    const expected = reference(
      op,
      call,
      x.map((values) => values.slice()),
    );
    const check = checkOutputs((await task.read()) as Values[], expected, expected.map(boundOf));
    const [samples] = await sampleInTurns([await timedOf(task)], { method, clock: { quantumNs }, hidden });
    const summary = summarize(samples!.samplesNs);
    return { ...row, ...samples!, check, summary, ...rates(row, summary.median) };
  } catch (error) {
    return { ...row, check: { ...notChecked((error as Error).message), state: 'wrong' }, skipped: 'it failed' };
  } finally {
    task?.dispose();
  }
}

function boundOf(expected: Values): Float64Array {
  let largest = 0;
  for (const value of expected) largest = Math.max(largest, Math.abs(value));
  return new Float64Array(expected.length).fill(share * largest);
}

async function timedOf(task: AdapterTask): Promise<Timed> {
  const elapsed = async (repeats: number): Promise<number> => {
    const began = performance.now();
    for (let i = 0; i < repeats; i++) await task.run();
    await task.finish();
    return (performance.now() - began) * 1e6;
  };
  const waits = [];
  for (let i = 0; i < 5; i++) waits.push(await elapsed(0));
  const waitNs = median(waits);
  return { sample: async (repeats) => Math.max(1, (await elapsed(repeats)) - waitNs) };
}
