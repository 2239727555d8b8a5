// The comparison as text for a terminal.

import { ratiosOf } from '../../demos/bench/peers/ratios.ts';
import type { Row } from '../../demos/bench/core/result.ts';
import { alignColumns, digits, duration } from './table.ts';

/** One piece of work: a line for each engine. */
export function peersTable(rows: readonly Row[]): string {
  const own = rows.find(({ preferred }) => preferred)?.summary?.median;
  const lines = rows.map((row) => {
    const { summary, check } = row;
    if (!summary) return [row.variant, '', '', '', '', check.message || row.skipped];
    const rate = row.counts['imagesPerSecond']
      ? `${digits(row.counts['imagesPerSecond'])} images/s`
      : row.gflops
        ? `${digits(row.gflops)} GFLOP/s, ${digits(row.gigabytesPerSecond ?? 0)} GB/s`
        : '';
    const ratio = own && !row.preferred ? `${(summary.median / own).toFixed(2)}×` : '';
    const wrong = check.state === 'wrong' ? `WRONG: ${check.message}` : row.flags.join(', ');
    const name = check.state === 'wrong' ? `✗ ${row.variant}` : row.variant;
    return [name, duration(summary.median), `${summary.n}×${row.repeats}`, rate, ratio, wrong];
  });
  return alignColumns([['engine', 'median', 'n×batch', 'rate', 'its time', ''], ...lines]);
}

/** How much faster Retrograd is than the fastest peer of each kind. */
export function ratioLines(rows: readonly Row[]): string[] {
  const lines = ratiosOf(rows).map(({ work, against, peer, ratio, interval, aim }) => [
    work,
    `${ratio.toFixed(2)}×`,
    `${interval.low.toFixed(2)}–${interval.high.toFixed(2)}`,
    aim === null ? '' : `aim ${aim}×${ratio >= aim ? '' : ' MISSED'}`,
    `${peer.variant} (fastest ${against})`,
  ]);
  return [alignColumns([['Retrograd on WebGPU', 'faster', '95 %', '', 'than'], ...lines])];
}
