// Whole training steps: how long one takes, how much of that the GPU is at work and how much is JavaScript; what memory it
// takes against what was predicted; and how all of it grows with the work.

import type { DispatchTime } from '../../../src/plan/device.ts';
import { notChecked } from './check.ts';
import { javaScriptOf } from './javascript.ts';
import { rates, type MeasureOptions, type Speeds } from './measure.ts';
import { flopsOf, networks, type Network } from './networks.ts';
import type { Check, Part, Row, SuiteName } from './result.ts';
import { sampleInTurns, type Timed } from './sampling.ts';
import { tooLong } from './scaling.ts';
import type { Session } from './session.ts';
import { checkSteps, firstLosses, weightsOf } from './step_check.ts';
import { median, summarize } from './statistics.ts';
import { trainingOf, type NetworkTraining } from './training.ts';

export interface StepCase {
  readonly suite: 'steps' | 'memory' | 'scaling';
  readonly network: Network;
  readonly batch: number;
  /** Which curve the point is of, where on it, and whether that counts layers, which is what JavaScript's share grows with. */
  readonly series?: { readonly name: string; readonly x: number; readonly layers: boolean };
}

const standard: readonly [Network, number][] = [
  [networks.cnn, 64],
  [networks.cnn, 128],
  [networks.mlp, 128],
  [networks.tiny, 32],
];

export function stepCases(suite: 'steps' | 'memory'): StepCase[] {
  return standard.map(([network, batch]) => ({ suite, network, batch }));
}

/** Steps are timed by the wall clock until they are finished, as `bench:peers` does. */
const leastSampleNs = 6e7;

/** `speeds`: FLOP a nanosecond of each curve's point before, by which one that would take too long is left out. */
export async function measureStep(
  session: Session,
  one: StepCase,
  options: MeasureOptions,
  speeds: Speeds = new Map(),
): Promise<Row> {
  const { device, instruments, clock } = session;
  const skipped = tooLong(one, device.target?.adapter, speeds);
  if (skipped) return { ...blank(one, device.kind), skipped };
  const before = instruments?.liveBytes() ?? device.stats().liveBytes;
  instruments?.compileMs();
  const training = await trainingOf(device, one.network, one.batch, { resident: one.suite !== 'memory' });
  try {
    const compileMs = instruments?.compileMs() ?? null;
    const losses = await firstLosses(training);
    const row = blank(one, device.kind);
    const { plan } = training.program;
    if (one.suite === 'memory') {
      const live = (instruments?.liveBytes() ?? device.stats().liveBytes) - before;
      const { bytes } = plan;
      const predicted = device.runnerBytes(plan);
      const counts = {
        predictedBytes: predicted,
        liveBytes: live,
        slotsBytes: bytes.slots,
        slotsLowerBound: bytes.slotsLowerBound,
      };
      return { ...row, compileMs, counts, check: memoryCheck(predicted, live) };
    }
    const check =
      device.kind === 'cpu'
        ? notChecked('this is the reference')
        : await checkSteps(
            { ...one, mayBeLarge: one.suite === 'scaling' },
            { losses, weights: await weightsOf(device, training) },
          );
    const countsBefore = { ...training.program.stats(), ...device.stats() };
    const timed = await timedSteps(training);
    const [samples] = await sampleInTurns([timed], {
      // A wait takes as long as a small step, and varies: a sample is many of them.
      method: { ...options.method, sampleNs: Math.max(options.method.sampleNs, leastSampleNs) },
      clock: { quantumNs: clock.kind === 'wall' ? clock.quantumNs : 5000 },
      signal: options.signal,
      ...(options.hidden ? { hidden: options.hidden } : {}),
    });
    const summary = summarize(samples!.samplesNs);
    if (one.series) speeds.set(one.series.name, row.flops / summary.median);
    const after = { ...training.program.stats(), ...device.stats() };
    const runs = after.runs - countsBefore.runs;
    const parts = await partsOf(training, one.suite === 'scaling' ? 1 : 5);
    const busyNs = parts.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0);
    const javaScriptNs = one.suite === 'steps' || one.series?.layers ? await javaScriptOf(device, one.network) : null;
    return {
      ...row,
      ...samples!,
      check,
      compileMs,
      summary,
      ...rates(row, summary.median),
      parts,
      counts: {
        stepsPerSecond: 1e9 / summary.median,
        imagesPerSecond: (one.batch * 1e9) / summary.median,
        dispatches: after.dispatches,
        submitsPerStep: (after.submits - countsBefore.submits) / runs,
        buffersCreated: after.buffersCreated - countsBefore.buffersCreated,
        pipelinesCreated: after.pipelinesCreated - countsBefore.pipelinesCreated,
        ...(javaScriptNs === null ? {} : { javaScriptNs, javaScriptInRowNs: timed.javaScriptNs() }),
        ...(parts.length > 0 ? { gpuNs: busyNs, gpuShare: busyNs / summary.median } : {}),
        ...(one.series ? { x: one.series.x } : {}),
      },
    };
  } finally {
    training.dispose();
    device.releaseVariable(training.weights.arena);
  }
}

/**
 * Steps until the last one is finished, less the wait where there is nothing to wait for. `javaScriptNs`: of a step, what `ready` and
 * `run` took of it; the median of the samples' means, since steps that follow one another share submits.
 */
async function timedSteps(training: NetworkTraining): Promise<Timed & { javaScriptNs(): number }> {
  const { program, feeds } = training;
  const scripts: number[] = [];
  const elapsed = async (repeats: number): Promise<number> => {
    const began = performance.now();
    let script = 0;
    let resumed = began;
    for (let i = 0; i < repeats; i++) {
      const wait = program.ready();
      if (wait) {
        script += performance.now() - resumed;
        await wait;
        resumed = performance.now();
      }
      program.run(feeds);
    }
    script += performance.now() - resumed;
    await program.flush();
    if (repeats > 0) scripts.push((script * 1e6) / repeats);
    return (performance.now() - began) * 1e6;
  };
  const waits = [];
  for (let i = 0; i < 9; i++) waits.push(await elapsed(0));
  const waitNs = median(waits);
  return {
    sample: async (repeats) => Math.max(1, (await elapsed(repeats)) - waitNs),
    javaScriptNs: () => median(scripts),
  };
}

/** Each dispatch's median time on the GPU's own clock, of so many steps; nothing where it has none. */
export async function partsOf({ program }: Pick<NetworkTraining, 'program'>, steps = 5): Promise<Part[]> {
  const profiles: (readonly DispatchTime[])[] = [];
  for (let i = 0; i < steps; i++) {
    try {
      const profile = await program.profile();
      if (profile) profiles.push(profile);
    } catch {
      return []; // no timestamp queries
    }
  }
  return (profiles[0] ?? []).map(({ op, label, kernel, entry }, i) => ({
    op,
    label,
    kernel,
    entry,
    nanoseconds: median(profiles.map((profile) => profile[i]!.nanoseconds)),
  }));
}

function memoryCheck(predicted: number, live: number): Check {
  const difference = Math.abs(live - predicted);
  return {
    state: difference === 0 ? 'ok' : 'wrong',
    maxAbsolute: difference,
    maxRelative: difference / predicted,
    worst: difference,
    tolerance: 0,
    message: difference === 0 ? '' : `${live} bytes are live, ${predicted} were predicted`,
  };
}

/** What its row calls the work. */
export const workOfStep = ({ network, batch, series }: StepCase): string =>
  series ? `${series.name}: ${series.x}` : `${network.name} step, batch ${batch}`;

function blank(one: StepCase, kind: string): Row {
  const { suite, network, batch, series } = one;
  return {
    suite: suite as SuiteName,
    work: workOfStep(one),
    subject: series?.name ?? network.name,
    variant: kind,
    preferred: true,
    shape: `${network.name}, batch ${batch}`,
    dtype: 'f32',
    flops: flopsOf(network) * batch,
    bytes: 0,
    samplesNs: [],
    repeats: 0,
    summary: null,
    compileMs: null,
    gflops: null,
    gigabytesPerSecond: null,
    roof: null,
    check: notChecked(''),
    counts: {},
    parts: [],
    flags: [],
    skipped: '',
  };
}
