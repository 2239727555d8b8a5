// Two results as text for a terminal: what differs between them, and for each row how much, as far as it can be told.

import { compared, differences, needsConsent, pairsOf, type Pair } from '../../demos/bench/compare.ts';
import type { BenchResult } from '../../demos/bench/core/result.ts';
import { LEAST_COMPARED } from '../../demos/bench/core/statistics.ts';
import { OptionError } from '../../src/core/errors.ts';
import { alignColumns, duration, wrongRows } from './table.ts';

const headings = ['row', 'base', 'current', 'change', '95 % interval', ''];
const verdicts = ['faster', 'slower', 'no difference shown'] as const;

/** OptionError where a software adapter meets hardware and `confirmed` is false. */
export function comparisonText(base: BenchResult, current: BenchResult, confirmed: boolean): string {
  const mixed = needsConsent(base, current)
    ? [
        `one of ${base.device.description} and ${current.device.description} is software, whose times say nothing about hardware`,
      ]
    : [];
  if (mixed.length > 0 && !confirmed) throw new OptionError(`${mixed[0]}; --across-kinds compares them all the same`);
  const pairs = pairsOf(base.rows, current.rows);
  const unlike = differences(base, current, pairs);
  const counts = verdicts.map((one) => `${pairs.filter((pair) => compared(pair).verdict === one).length} ${one}`);
  const others = [base, current].map(({ rows }) => rows.length - pairs.length);
  const struck = [...wrongRows(base.rows), ...wrongRows(current.rows)];
  return [
    `base     ${said(base)}`,
    `current  ${said(current)}`,
    ...[...mixed, ...(unlike.length > 0 ? [`they differ in ${unlike.join(', ')}`] : [])].map(
      (note) => `note     ${note}`,
    ),
    '',
    pairs.length === 0 ? 'no row has a time in both' : alignColumns([headings, ...pairs.map(cells)]),
    '',
    `${counts.join(', ')}; without a right time in the other: ${others[0]} rows of base, ${others[1]} of current`,
    ...struck.map((row) => `✗ ${row}`),
  ].join('\n');
}

function said({ device, created, source, command }: BenchResult): string {
  const commit = source.commit ? source.commit.slice(0, 12) : 'no commit';
  return `${device.description}, ${created}, ${source.version} (${commit}${source.dirty ? ' with changes' : ''}), ${command}`;
}

function cells(pair: Pair): string[] {
  const { base, current } = pair;
  const { ratio, low, high, verdict } = compared(pair);
  const flags = [...base.flags.map((flag) => `base ${flag}`), ...current.flags.map((flag) => `current ${flag}`)];
  const few = Math.min(base.samplesNs.length, current.samplesNs.length) < LEAST_COMPARED;
  return [
    `${base.suite}: ${base.work} · ${base.variant}`,
    duration(base.summary!.median),
    duration(current.summary!.median),
    percent(ratio),
    `${percent(low)} to ${percent(high)}`,
    [verdict, ...(few ? [`fewer than ${LEAST_COMPARED} samples`] : []), ...flags].join(', '),
  ];
}

const percent = (ratio: number): string => {
  const change = 100 * (ratio - 1);
  return `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)} %`;
};
