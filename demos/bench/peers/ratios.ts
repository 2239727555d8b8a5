// The comparison in numbers: Retrograd beside the fastest peer of each kind, as a ratio of medians with its interval.

import { byWork, ranked, type Row } from '../core/result.ts';
import { ratioInterval, type Interval } from '../core/statistics.ts';
import { engines, type EngineEntry } from './engines.ts';
import { works } from './work.ts';

export interface Ratio {
  readonly work: string;
  readonly suite: Row['suite'];
  readonly own: Row;
  /** The fastest right peer of the kind. */
  readonly peer: Row;
  readonly against: 'WebGPU' | 'no GPU';
  /** The peer's time by Retrograd's: above 1, Retrograd is faster. */
  readonly ratio: number;
  readonly interval: Interval;
  /** What it wants to be at least; null where nothing is promised. */
  readonly aim: number | null;
}

const entryOf = (row: Row): EngineEntry => engines.find(({ name }) => name === row.variant)!;

/** For each piece of work Retrograd on WebGPU against the fastest peer on WebGPU, and against the fastest without a GPU. */
export function ratiosOf(rows: readonly Row[]): Ratio[] {
  return [...byWork(ranked(rows)).values()].flatMap((group) => {
    const own = group.find((row) => entryOf(row).id === 'retrograd-webgpu');
    if (!own) return [];
    return (['WebGPU', 'no GPU'] as const).flatMap((against): Ratio[] => {
      const peers = group.filter((row) => !entryOf(row).own && entryOf(row).gpu === (against === 'WebGPU'));
      if (peers.length === 0) return [];
      const peer = peers.reduce((best, row) => (row.summary!.median < best.summary!.median ? row : best));
      return [
        {
          work: own.work,
          suite: own.suite,
          own,
          peer,
          against,
          ratio: peer.summary!.median / own.summary!.median,
          interval: ratioInterval(peer.samplesNs, own.samplesNs),
          aim: aimOf(own, against),
        },
      ];
    });
  });
}

/** Sooner is enough for a start; a step of the CNN at least twice as fast as anything without a GPU. */
function aimOf({ suite, work }: Row, against: Ratio['against']): number | null {
  if (suite === 'start') return against === 'WebGPU' ? 1 : null;
  if (against === 'WebGPU') return works.find(({ id }) => id === work)?.aim ?? null;
  return work.startsWith('CNN step') ? 2 : null;
}
