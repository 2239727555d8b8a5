// Taking samples: warm until the times are steady, batch until the clock can see them, and take turns, so that whatever
// the machine does meanwhile happens to every candidate alike.

import type { Clock, Method } from './result.ts';
import { drift, DRIFT_LIMIT, median } from './statistics.ts';

/** Something that can be timed: nanoseconds of `repeats` repetitions, all of them finished. */
export interface Timed {
  sample(repeats: number): Promise<number>;
}

export interface Samples {
  /** Of one repetition. */
  readonly samplesNs: number[];
  readonly repeats: number;
  readonly flags: string[];
}

export interface SamplingOptions {
  readonly method: Pick<Method, 'leastSamples' | 'mostMs' | 'sampleNs'>;
  readonly clock: Pick<Clock, 'quantumNs'>;
  readonly signal?: AbortSignal | undefined;
  /** Whether nobody sees the page: browsers slow such pages down. */
  readonly hidden?: () => boolean;
  /** The wall clock in milliseconds; another one in tests. */
  readonly now?: () => number;
}

/** A sample must be this many of the clock's steps long. */
export const QUANTA = 20;
const mostRepeats = 4096;
/** Warming up ends after this long, or when a kernel's samples would. */
const longestWarmUpMs = 1000;
const leastWarmUps = 3;

/** Samples of every candidate, in turns, each beginning one later than the last round. */
export async function sampleInTurns(candidates: readonly Timed[], options: SamplingOptions): Promise<Samples[]> {
  const { method, signal, hidden = () => false, now = () => performance.now() } = options;
  const runs = [];
  for (const timed of candidates) {
    const repeats = await warm(timed, options, now);
    runs.push({ timed, repeats, samplesNs: [] as number[], spentMs: 0, wasHidden: false });
  }
  for (let round = 0; ; round++) {
    const open = runs.filter(
      ({ samplesNs, spentMs }) =>
        samplesNs.length === 0 || (samplesNs.length < method.leastSamples && spentMs < method.mostMs),
    );
    if (open.length === 0) break;
    for (let i = 0; i < open.length; i++) {
      signal?.throwIfAborted();
      const run = open[(i + round) % open.length]!;
      const began = now();
      const nanoseconds = await run.timed.sample(run.repeats);
      run.spentMs += now() - began;
      run.wasHidden ||= hidden();
      run.samplesNs.push(nanoseconds / run.repeats);
    }
  }
  return runs.map(({ samplesNs, repeats, wasHidden }) => {
    const flags = [];
    if (median(samplesNs) * repeats < QUANTA * options.clock.quantumNs) flags.push('below resolution');
    if (drift(samplesNs) > DRIFT_LIMIT) flags.push('disturbed');
    if (wasHidden) flags.push('hidden');
    return { samplesNs, repeats, flags };
  });
}

/** Finds how many repetitions make a sample long enough, and runs them until two medians in a row are alike. */
async function warm(timed: Timed, { method, clock, signal }: SamplingOptions, now: () => number): Promise<number> {
  const target = Math.max(method.sampleNs, QUANTA * clock.quantumNs);
  const began = now();
  let repeats = 1;
  let last = Infinity;
  let recent: number[] = [];
  for (let count = 1; ; count++) {
    signal?.throwIfAborted();
    const nanoseconds = await timed.sample(repeats);
    const enough = nanoseconds >= target || repeats === mostRepeats;
    // First runs are slow, so the number of repetitions is looked at again while it still grows.
    if (!enough) {
      const wanted = Math.ceil((repeats * target * 1.1) / Math.max(nanoseconds, 1));
      repeats = Math.min(mostRepeats, Math.max(repeats + 1, Math.min(wanted, repeats * 16)));
      recent = [];
    } else recent.push(nanoseconds);
    const spent = now() - began;
    if (enough && count >= leastWarmUps && spent > Math.min(longestWarmUpMs, method.mostMs)) return repeats;
    if (recent.length < leastWarmUps) continue;
    const middle = median(recent);
    if (Math.abs(middle - last) < 0.05 * middle) return repeats;
    last = middle;
    recent = [];
  }
}
