// Cases to rows: for each, every kernel that fits is compiled, checked against the reference, and timed in turns with the
// others.

import type { Values } from '../../../src/core/dtype.ts';
import { OptionError, suggestion } from '../../../src/core/errors.ts';
import type { Cost } from '../../../src/graph/op.ts';
import { workName, workOf, type Case } from './cases.ts';
import { bounds, callTypes, checkOutputs, notChecked, reference, sampleValues } from './check.ts';
import { kernelsFor, lackingKernels, preferredKernel, prepareKernel, type Prepared } from './prepare.ts';
import { blankRow, type Method, type Row } from './result.ts';
import { longestMs, speedKey, tooLong, type Speeds } from './safety.ts';
import { sampleInTurns } from './sampling.ts';
import type { Session } from './session.ts';
import { summarize } from './statistics.ts';

export type { Speeds } from './safety.ts';

export interface MeasureOptions {
  readonly method: Method;
  /** Only these kernels, or only the one that a plan takes; all that fit unless given. */
  readonly kernels?: readonly string[] | 'preferred' | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly hidden?: (() => boolean) | undefined;
  /** Why a kernel could not be run, in words; the error's own unless given. */
  readonly why?: ((variant: string, error: Error) => Promise<string>) | undefined;
}

/** A row before it is timed; without `prepared` it stays as it is. */
interface Entry {
  readonly one: Case;
  readonly row: Row;
  readonly prepared: Prepared | null;
}

/** A row for each kernel of one case. */
export function measureCase(session: Session, one: Case, options: MeasureOptions, speeds: Speeds): Promise<Row[]> {
  return measureTogether(session, [one], options, speeds);
}

/** The same of several cases, whose kernels all take turns with each other: for times that are compared across ops. */
export async function measureTogether(
  session: Session,
  cases: readonly Case[],
  options: MeasureOptions,
  speeds: Speeds,
): Promise<Row[]> {
  const entries: Entry[] = [];
  try {
    for (const one of cases) {
      for await (const entry of checkedKernels(session, one, options, speeds)) entries.push(entry);
    }
    const { method, signal, hidden } = options;
    const timed = await sampleInTurns(
      entries.flatMap(({ prepared }) => prepared ?? []),
      { method, clock: session.clock, signal, ...(hidden ? { hidden } : {}) },
    );
    return entries.map(({ one, row, prepared }) => {
      if (!prepared) return row;
      const samples = timed.shift()!;
      const summary = summarize(samples.samplesNs);
      if (summary.median > 0) speeds.set(speedKey(one.op, row.variant), workOf(one) / summary.median);
      return { ...row, ...samples, summary, ...rates(row, summary.median) };
    });
  } finally {
    for (const { prepared } of entries) prepared?.dispose();
  }
}

/** Each kernel compiled, run once and compared with the reference, unless it would take too long. */
async function* checkedKernels(
  session: Session,
  one: Case,
  options: MeasureOptions,
  speeds: Speeds,
): AsyncGenerator<Entry> {
  const { device, instruments, clock } = session;
  const { op, sample } = one;
  const call = callTypes(op, sample);
  const names = chosenKernels(session, one, options.kernels);
  const { flops, bytes, exponentials }: Cost = op.cost?.(call) ?? { flops: 0, bytes: 0 };
  const rowOf = (variant: string, preferred: boolean): Row =>
    blankRow({
      suite: one.suite,
      work: workName(one),
      subject: op.name,
      variant,
      preferred,
      shape: one.shape,
      dtype: call.outputs[0]!.dtype,
      flops,
      bytes,
      counts: exponentials ? { exponentials } : {},
    });
  for (const [variant, feature] of lackingKernels(op, call, device.target)) {
    if (options.kernels && !options.kernels.includes(variant)) continue;
    const skipped = `needs ${feature}, which this device lacks`;
    yield { one, row: { ...rowOf(variant, false), skipped }, prepared: null };
  }
  if (names.length === 0) return;
  const preferred = preferredKernel(op, sample, device.target);
  const x = sample.inputs.map((input, i) => sampleValues(input, 101 + i));
  const copies = (): Values[] => x.map((values) => values.slice());
  const expected = reference(op, call, copies());
  const bound = bounds(op, call, copies(), expected);
  for (const variant of names) {
    options.signal?.throwIfAborted();
    const row = rowOf(variant, variant === preferred);
    instruments?.compileMs();
    try {
      const skipped = await tooLong(session, one, variant, x, speeds, longestMs(session, options.method.quick));
      if (skipped !== '') {
        yield { one, row: { ...row, skipped }, prepared: null };
        continue;
      }
      const prepared = await prepareKernel(device, op, sample, variant, x, clock.emptySubmitNs);
      const compileMs = instruments?.compileMs() ?? null;
      const check = checkOutputs(prepared.outputs, expected, bound);
      const counts = { ...row.counts, dispatches: prepared.dispatches };
      yield { one, row: { ...row, compileMs, check, counts }, prepared };
    } catch (error) {
      const { message } = error as Error;
      const said = options.why ? await options.why(variant, error as Error) : message;
      const check = { ...notChecked(said), state: 'wrong' } as const;
      yield { one, row: { ...row, check, skipped: 'it could not be run' }, prepared: null };
    }
  }
}

export function rates({ flops, bytes }: { readonly flops: number; readonly bytes: number }, nanoseconds: number) {
  return {
    gflops: flops > 0 && nanoseconds > 0 ? flops / nanoseconds : null,
    gigabytesPerSecond: bytes > 0 && nanoseconds > 0 ? bytes / nanoseconds : null,
  };
}

/** OptionError for a kernel that the op does not have; one that only does not fit here is left out. */
function chosenKernels({ device }: Session, { op, sample }: Case, wanted: MeasureOptions['kernels']): string[] {
  const fitting = kernelsFor(op, callTypes(op, sample), device.target);
  if (!wanted) return fitting;
  if (wanted === 'preferred') return [preferredKernel(op, sample, device.target)];
  const known = Object.keys(op.kernels);
  const wrong = wanted.find((name) => !known.includes(name));
  if (wrong !== undefined) {
    throw new OptionError(`${op.name} has no kernel '${wrong}'${suggestion(wrong, known)}; known: ${known.join(', ')}`);
  }
  return wanted.filter((name) => fitting.includes(name));
}
