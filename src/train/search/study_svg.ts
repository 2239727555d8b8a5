// The curves of a study's settings over one another: means over their runs, with bands of a standard deviation.

import { checkOptions, OptionError } from '../../core/errors.ts';
import { axes, documentHead, drawable, finite, pathOf, round, text, type Panel } from '../svg_marks.ts';
import {
  isRow,
  paramsText,
  statistic,
  statisticText,
  type Params,
  type Statistic,
  type StudyResult,
} from './results.ts';

export interface StudySvgOptions {
  /** Above the panels; `Study` unless given. */
  readonly title?: string;
  /** History keys, a panel for each; 'val_loss' and 'val_accuracy', those that were measured, unless given. */
  readonly metrics?: readonly string[];
  /** In pixels; 1000 unless given, at least 400. The height follows from the number of settings. */
  readonly width?: number;
}

// Okabe and Ito's colours that stand out on white. Numbers at the curves' ends and dashes tell them apart without colour.
const colours = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#1a1a1a'];
const dashes = ['', '7 4', '2 3'];

/** Of a setting's name, in pixels. */
const labelWidth = 470;

interface Curve {
  readonly label: string;
  readonly stroke: string;
  readonly colour: string;
  /** By metric, for each epoch that a run has. */
  readonly points: Readonly<Record<string, readonly Statistic[]>>;
}

/**
 * An SVG document of `result`, one curve for each setting: at each epoch the mean over the runs that have it, in a band
 * of one standard deviation to either side; beside the settings' names what is monitored. Runs that failed are not drawn. Dark on white, no script, no outside reference.
 */
export function studySvg<P extends Params>(result: StudyResult<P>, options: StudySvgOptions = {}): string {
  checkOptions('studySvg', options, ['title', 'metrics', 'width']);
  const { title = 'Study' } = options;
  const width = Math.max(400, options.width ?? 1000);
  const measured = new Set(result.records.flatMap(({ history }) => Object.keys(history)));
  for (const name of options.metrics ?? []) {
    if (measured.has(name) || measured.size === 0) continue;
    throw new OptionError(`studySvg: no metric '${name}'; known: ${[...measured].join(', ')}`);
  }
  const metrics = (options.metrics ?? ['val_loss', 'val_accuracy']).filter((name) => measured.has(name));
  const curves = curvesOf(result, metrics);
  const columns = Math.max(1, Math.floor((width - 40) / labelWidth));
  const height = 424 + 20 * Math.ceil(curves.length / columns);
  const share = width / Math.max(1, metrics.length);
  const marks = metrics.flatMap((metric, i) =>
    panelMarks({ title: metric, left: i * share + 62, top: 58, width: share - 98, height: 280 }, curves),
  );
  const summary = `${counted(curves.length, 'setting')}, ${counted(result.records.length, 'run')}: ${metrics.join(', ') || 'no values'} by epoch.`;
  return [
    ...documentHead(width, height, title, summary),
    ...(marks.length > 0 ? marks : [text(width / 2, 200, 'no values yet')]),
    ...(marks.length > 0 ? [text(28, 400, noteOn(result), 'start')] : []),
    ...curves.flatMap(({ label, stroke }, i) => {
      const x = 28 + (i % columns) * labelWidth;
      const y = 424 + 20 * Math.floor(i / columns);
      return [
        `<line x1="${x}" y1="${y - 4}" x2="${x + 28}" y2="${y - 4}" ${stroke}/>`,
        text(x + 34, y, label, 'start'),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** What the numbers beside the settings' names and the bands are. */
function noteOn<P extends Params>({ table, monitor }: StudyResult<P>): string {
  const several = table.some(({ metrics }) => (metrics[monitor]?.sd ?? null) !== null);
  return several
    ? `Beside each name: ${monitor}, mean ± standard deviation of its runs; bands: one standard deviation.`
    : `Beside each name: ${monitor}.`;
}

function curvesOf<P extends Params>(
  { table, records, best, monitor }: StudyResult<P>,
  metrics: readonly string[],
): Curve[] {
  return table.map((row, i) => {
    const id = JSON.stringify(row.params);
    const runs = records.filter(
      (record) => record.round === row.round && record.failed === undefined && JSON.stringify(record.params) === id,
    );
    const points = metrics.map((metric) => {
      const histories = runs.map(({ history }) => history[metric] ?? []);
      const epochs = Math.max(0, ...histories.map(({ length }) => length));
      const at = (epoch: number) => statistic(histories.flatMap((values) => values[epoch] ?? []));
      return [metric, Array.from({ length: epochs }, (_, epoch) => at(epoch))] as const;
    });
    const colour = colours[i % colours.length]!;
    const dash = dashes[i % dashes.length]!;
    const monitored = row.metrics[monitor];
    const words = [
      paramsText(row.params) || counted(row.runs, 'run'),
      ...(row.failed > 0 ? [`${row.failed} of ${row.runs} failed`] : []),
      ...(monitored ? [statisticText(monitored)] : []),
    ];
    return {
      label: `${i + 1}: ${words.join(', ')}${table.length > 1 && isRow(row, best) ? ' (best)' : ''}`,
      stroke: `stroke="${colour}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`,
      colour,
      points: Object.fromEntries(points),
    };
  });
}

function panelMarks(panel: Panel, curves: readonly Curve[]): string[] {
  const of = ({ points }: Curve) => points[panel.title] ?? [];
  const epochs = Math.max(1, ...curves.map((curve) => of(curve).length));
  const all = finite(curves.flatMap((curve) => of(curve).flatMap((point) => edges(point))));
  if (all.length === 0) return [];
  const { marks, xOf, yOf } = axes(panel, all, epochs);
  for (const curve of curves) {
    const band = of(curve).flatMap((point, i) => {
      const [low, high] = edges(point);
      return point.sd !== null && drawable(low) && drawable(high) ? [[xOf(i + 1), yOf(low), yOf(high)] as const] : [];
    });
    if (band.length < 2) continue;
    const corners = [...band.map(([x, , y]) => `${x},${y}`), ...band.toReversed().map(([x, y]) => `${x},${y}`)];
    marks.push(`<polygon points="${corners.join(' ')}" fill="${curve.colour}" fill-opacity="0.12"/>`);
  }
  const ends: { readonly name: string; readonly y: number }[] = [];
  curves.forEach((curve, i) => {
    const means = of(curve).map(({ mean }) => mean);
    if (finite(means).length === 0) return;
    marks.push(`<path d="${pathOf(means, xOf, yOf)}" fill="none" ${curve.stroke} stroke-linejoin="round"/>`);
    means.forEach((mean, at) => {
      const alone = !drawable(means[at - 1] ?? NaN) && !drawable(means[at + 1] ?? NaN);
      if (alone && drawable(mean)) {
        marks.push(`<circle cx="${xOf(at + 1)}" cy="${yOf(mean)}" r="3.5" fill="${curve.colour}"/>`);
      }
    });
    ends.push({ name: String(i + 1), y: yOf(means.findLast(drawable)!) });
  });
  const sorted = ends.toSorted((a, b) => a.y - b.y);
  const places = apart(
    sorted.map(({ y }) => y),
    Math.min(12, panel.height / Math.max(1, ends.length)),
    panel,
  );
  sorted.forEach(({ name }, i) => {
    marks.push(text(panel.left + panel.width + 10, round(places[i]! + 4), name, 'start'));
  });
  return [...marks, '</g>'];
}

/** Ordered heights moved as little as may be to be `step` apart and within the panel: neighbours that meet share the way. */
function apart(heights: readonly number[], step: number, { top, height }: Panel): number[] {
  const blocks: { sum: number; count: number }[] = [];
  heights.forEach((y, i) => {
    let block = { sum: y - i * step, count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count >= block.sum / block.count; last = blocks.at(-1)) {
      blocks.pop();
      block = { sum: last.sum + block.sum, count: last.count + block.count };
    }
    blocks.push(block);
  });
  const lowest = top + height - step * (heights.length - 1);
  return blocks
    .flatMap(({ sum, count }) => Array.from({ length: count }, () => Math.max(top, Math.min(sum / count, lowest))))
    .map((y, i) => y + i * step);
}

const edges = ({ mean, sd }: Statistic): [number, number] => [mean - (sd ?? 0), mean + (sd ?? 0)];
