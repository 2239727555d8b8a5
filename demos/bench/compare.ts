// Two runs against each other: rows of the same work by the same kernel, with how sure their ratio is.

import type { BenchResult, Row } from './core/result.ts';
import { ratioInterval, verdict, type Interval, type Verdict } from './core/statistics.ts';

export interface Pair {
  readonly base: Row;
  readonly current: Row;
}

export interface Compared extends Interval {
  /** median(current) / median(base). */
  readonly ratio: number;
  readonly verdict: Verdict;
}

/** The same op over halves is the same work in another dtype. */
const keyOf = ({ suite, subject, shape, variant }: Row): string =>
  JSON.stringify([suite, subject.replace(/_f16$/, ''), shape, variant]);

const comparable = ({ check, summary, flags }: Row): boolean =>
  check.state !== 'wrong' && summary !== null && summary.median > 0 && !flags.includes('below resolution');

/** Rows that both runs have, right and long enough for the clock in both, in the current run's order. */
export function pairsOf(base: readonly Row[], current: readonly Row[]): Pair[] {
  const before = new Map(base.filter(comparable).map((row) => [keyOf(row), row]));
  return current.filter(comparable).flatMap((row) => {
    const found = before.get(keyOf(row));
    return found ? [{ base: found, current: row }] : [];
  });
}

export type Difference = 'adapter' | 'clock' | 'dtype' | 'version' | 'method';

/** What makes two runs unlike, so that a ratio may not be of the kernels alone. */
export function differences(base: BenchResult, current: BenchResult, pairs: readonly Pair[]): Difference[] {
  const adapter = ({ device, host }: BenchResult): string =>
    [device.kind, device.vendor, device.architecture, device.name, device.description, host.runtime].join(' ');
  const version = ({ source }: BenchResult): string => `${source.version} ${source.commit} ${source.dirty}`;
  const found: [Difference, boolean][] = [
    ['adapter', adapter(base) !== adapter(current)],
    ['clock', base.clock.kind !== current.clock.kind],
    ['dtype', pairs.some((pair) => pair.base.dtype !== pair.current.dtype)],
    ['version', version(base) !== version(current)],
    ['method', base.method.quick !== current.method.quick],
  ];
  return found.filter(([, unlike]) => unlike).map(([name]) => name);
}

export const isSoftware = ({ device }: BenchResult): boolean => device.fallback || device.adapter === 'software';

/** A software GPU beside hardware: such a comparison has to be asked for. */
export const needsConsent = (base: BenchResult, current: BenchResult): boolean =>
  isSoftware(base) !== isSoftware(current);

const known = new WeakMap<Row, WeakMap<Row, Compared>>();

/** Takes a millisecond or more, so it is kept. */
export function compared({ base, current }: Pair): Compared {
  const made = known.get(current) ?? new WeakMap<Row, Compared>();
  known.set(current, made);
  let found = made.get(base);
  if (!found) {
    const interval = ratioInterval(current.samplesNs, base.samplesNs);
    const ratio = current.summary!.median / base.summary!.median;
    const samples = Math.min(base.samplesNs.length, current.samplesNs.length);
    made.set(base, (found = { ...interval, ratio, verdict: verdict(interval, samples) }));
  }
  return found;
}

export const isCompared = ({ base, current }: Pair): boolean => known.get(current)?.has(base) ?? false;
