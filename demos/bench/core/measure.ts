// Cases to rows: for each, every kernel that fits is compiled, checked against the reference, and timed in turns with the
// others.

import type { Values } from '../../../src/core/dtype.ts';
import { OptionError, suggestion } from '../../../src/core/errors.ts';
import type { Cost } from '../../../src/graph/op.ts';
import { workName, workOf, type Case } from './cases.ts';
import { bounds, callTypes, checkOutputs, notChecked, reference, sampleValues } from './check.ts';
import { kernelsFor, preferredKernel, prepareKernel, type Prepared } from './prepare.ts';
import type { Check, Method, Row } from './result.ts';
import { sampleInTurns, type SamplingOptions } from './sampling.ts';
import type { Session } from './session.ts';
import { summarize } from './statistics.ts';

export interface MeasureOptions {
  readonly method: Method;
  /** Only these kernels; all that fit unless given. */
  readonly kernels?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly hidden?: (() => boolean) | undefined;
}

/** How fast each kernel of each op was so far: what a dispatch will take is told from it before it is run. */
export type Speeds = Map<string, number>;

// Windows resets a GPU that is busy for about 2 s with one dispatch; nothing resets a software adapter.
const longestDispatchMs = { software: 5000, other: 250 };

export async function measureCase(
  session: Session,
  one: Case,
  options: MeasureOptions,
  speeds: Speeds,
): Promise<Row[]> {
  const { device, instruments, clock } = session;
  const { op, sample } = one;
  const call = callTypes(op, sample);
  const names = chosenKernels(one, options.kernels, kernelsFor(op, call, device.target));
  if (names.length === 0) return [];
  const preferred = preferredKernel(op, sample, device.target);
  const x = sample.inputs.map((input, i) => sampleValues(input, 101 + i));
  const copies = (): Values[] => x.map((values) => values.slice());
  const expected = reference(op, call, copies());
  const bound = bounds(op, call, copies(), expected);
  const work = workOf(one);
  const { flops, bytes, exponentials }: Cost = op.cost?.(call) ?? { flops: 0, bytes: 0 };
  const blank = (variant: string): Row => ({
    suite: one.suite,
    work: workName(one),
    subject: op.name,
    variant,
    preferred: variant === preferred,
    shape: one.shape,
    dtype: call.outputs[0]!.dtype,
    flops,
    bytes,
    samplesNs: [],
    repeats: 0,
    summary: null,
    compileMs: null,
    gflops: null,
    gigabytesPerSecond: null,
    roof: null,
    check: notChecked(''),
    counts: exponentials ? { exponentials } : {},
    parts: [],
    flags: [],
    skipped: '',
  });

  const rows: Row[] = [];
  const ready: { prepared: Prepared; row: Row }[] = [];
  try {
    for (const variant of names) {
      options.signal?.throwIfAborted();
      const row = blank(variant);
      const speed = speeds.get(`${op.name} ${variant}`);
      const limit = device.target?.adapter === 'software' ? longestDispatchMs.software : longestDispatchMs.other;
      const predicted = speed ? work / speed / 1e6 : 0;
      if (predicted > limit) {
        rows.push({
          ...row,
          skipped: `would take about ${Math.round(predicted)} ms a dispatch, more than ${limit} ms`,
        });
        continue;
      }
      instruments?.compileMs();
      try {
        const prepared = await prepareKernel(device, op, sample, variant, x, clock.emptySubmitNs);
        const compileMs = instruments?.compileMs() ?? null;
        const check: Check = checkOutputs(prepared.outputs, expected, bound);
        ready.push({
          prepared,
          row: { ...row, compileMs, check, counts: { ...row.counts, dispatches: prepared.dispatches } },
        });
      } catch (error) {
        const { message } = error as Error;
        rows.push({ ...row, check: { ...notChecked(message), state: 'wrong' }, skipped: 'it could not be run' });
      }
    }
    const sampling: SamplingOptions = { method: options.method, clock, signal: options.signal, ...hiddenOf(options) };
    const timed = await sampleInTurns(
      ready.map(({ prepared }) => prepared),
      sampling,
    );
    timed.forEach((samples, i) => {
      const { row } = ready[i]!;
      const summary = summarize(samples.samplesNs);
      if (summary.median > 0) speeds.set(`${op.name} ${row.variant}`, work / summary.median);
      rows.push({ ...row, ...samples, summary, ...rates(row, summary.median) });
    });
  } finally {
    for (const { prepared } of ready) prepared.dispose();
  }
  return names.map((name) => rows.find(({ variant }) => variant === name)!);
}

function hiddenOf({ hidden }: MeasureOptions): { hidden?: () => boolean } {
  return hidden ? { hidden } : {};
}

export function rates({ flops, bytes }: { readonly flops: number; readonly bytes: number }, nanoseconds: number) {
  return {
    gflops: flops > 0 && nanoseconds > 0 ? flops / nanoseconds : null,
    gigabytesPerSecond: bytes > 0 && nanoseconds > 0 ? bytes / nanoseconds : null,
  };
}

/** OptionError for a kernel that the op does not have; one that only does not fit here is left out. */
function chosenKernels({ op }: Case, wanted: readonly string[] | undefined, fitting: readonly string[]): string[] {
  if (!wanted) return [...fitting];
  const known = Object.keys(op.kernels);
  const wrong = wanted.find((name) => !known.includes(name));
  if (wrong !== undefined) {
    throw new OptionError(`${op.name} has no kernel '${wrong}'${suggestion(wrong, known)}; known: ${known.join(', ')}`);
  }
  return wanted.filter((name) => fitting.includes(name));
}
