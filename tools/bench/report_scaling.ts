// The scaling suite as a picture and a table: how long a step takes and what it costs JavaScript, as the work grows.

import { plotSvg, plotted, type Curve } from '../../demos/bench/core/plot.ts';
import type { Row } from '../../demos/bench/core/result.ts';
import { exponent } from '../../demos/bench/core/scaling.ts';
import { markdown } from './report_tables.ts';
import { digits, duration } from './table.ts';

interface Series {
  readonly name: string;
  readonly xName: string;
  /** In the order of x; two or more. */
  readonly rows: readonly Row[];
}

/** Right and measured points, by their curves. */
function seriesOf(rows: readonly Row[]): Series[] {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.suite !== 'scaling' || !row.summary || row.check.state === 'wrong') continue;
    const own = found.get(row.subject);
    if (own) own.push(row);
    else found.set(row.subject, [row]);
  }
  return [...found]
    .map(([name, own]) => ({ name, xName: name.split(' by ')[1]!.split(',')[0]!, rows: own }))
    .filter(({ rows: own }) => own.length > 1);
}

const xOf = ({ counts }: Row): number => counts['x']!;
const hasJavaScript = ({ rows }: Series): boolean => rows.every(({ counts }) => counts['javaScriptNs'] !== undefined);

function curvesOf(all: readonly Series[]): Curve[] {
  const growing = (of: Series, unit: number, y: (row: Row) => number, work: (row: Row) => number) => {
    const [first] = of.rows as [Row];
    return of.rows.map((row) => ({
      x: xOf(row),
      y: y(row) / unit,
      ...(work(first) > 0 ? { ideal: ((y(first) / unit) * work(row)) / work(first) } : {}),
    }));
  };
  const times = all.map((of) => ({
    title: of.name,
    xName: of.xName,
    yName: 'ms a step',
    points: growing(
      of,
      1e6,
      ({ summary }) => summary!.median,
      ({ flops }) => flops,
    ),
  }));
  const scripts = all.filter(hasJavaScript).map((of) => ({
    title: `${of.name.split(',')[0]}: JavaScript`,
    xName: of.xName,
    yName: 'µs a step',
    points: growing(
      of,
      1e3,
      ({ counts }) => counts['javaScriptNs']!,
      ({ counts }) => counts['dispatches'] ?? 0,
    ),
  }));
  return plotted([...times, ...scripts]);
}

/** Null without two points of one curve. */
export function scalingPlot(rows: readonly Row[]): string | null {
  const all = seriesOf(rows);
  if (all.length === 0) return null;
  const sentences = all.map(
    ({ name, xName, rows: own }) =>
      `${name}: from ${time(own[0]!)} at ${xName} ${xOf(own[0]!)} to ${time(own.at(-1)!)} at ${xOf(own.at(-1)!)}.`,
  );
  return plotSvg(curvesOf(all), 'The cost of a training step as the work grows', sentences.join(' '));
}

const time = ({ summary }: Row): string => duration(summary!.median);

/** From the first point of each curve to its last, and the powers of x that time and work grow with. */
export function scalingTable(rows: readonly Row[]): string {
  const span = (of: readonly Row[], text: (row: Row) => string): string => `${text(of[0]!)} to ${text(of.at(-1)!)}`;
  const power = (of: readonly Row[], y: (row: Row) => number): string =>
    of.every((row) => y(row) > 0) ? exponent(of.map((row) => ({ x: xOf(row), y: y(row) }))).toFixed(2) : '';
  const lines = seriesOf(rows).map((series) => {
    const own = series.rows;
    const script = hasJavaScript(series);
    return [
      series.name,
      span(own, (row) => String(xOf(row))),
      span(own, time),
      power(own, ({ summary }) => summary!.median),
      power(own, ({ flops }) => flops),
      own.every(({ counts }) => counts['imagesPerSecond'] !== undefined)
        ? span(own, ({ counts }) => duration(1e9 / counts['imagesPerSecond']!))
        : '',
      own.every(({ gflops }) => gflops !== null) ? span(own, ({ gflops }) => digits(gflops!)) : '',
      script ? span(own, ({ counts }) => String(counts['dispatches'])) : '',
      script ? span(own, ({ counts }) => duration(counts['javaScriptNs']!)) : '',
    ];
  });
  const headings = [
    'curve',
    'from, to',
    'a step',
    'time grows with the power',
    'multiply-adds with',
    'an example',
    'GFLOP/s',
    'dispatches',
    'JavaScript a step',
  ];
  return markdown(headings, lines);
}

/** What was left out, and why. */
export function scalingNotes(rows: readonly Row[]): string {
  const left = rows.filter(({ suite, skipped, check }) => suite === 'scaling' && (skipped || check.state === 'wrong'));
  return left.map(({ work, skipped, check }) => `${work}: ${skipped || check.message}.`).join(' ');
}
