// The curves of a run as a picture that stands alone: loss and accuracy by epoch, training and validation.

import { checkOptions } from '../core/errors.ts';
import { axes, documentHead, drawable, finite, ink, pathOf, round, text, type Panel } from './svg_marks.ts';

export interface CurvesOptions {
  /** Above the panels; `Training curves` unless given. */
  title?: string;
  /** In pixels; 860 × 380 unless given, at least 320 × 200. */
  width?: number;
  height?: number;
}

// Okabe and Ito's blue and vermillion; dash and marker tell the series apart without colour.
const series = [
  { prefix: '', label: 'training', colour: '#0072B2', dash: '', square: false },
  { prefix: 'val_', label: 'validation', colour: '#D55E00', dash: '6 4', square: true },
] as const;

/**
 * An SVG document of `history`, one value an epoch for each of `loss, val_loss, accuracy, val_accuracy`; other keys are
 * not drawn, and a panel without values is left out. NaN, infinities and magnitudes from 1e300 leave gaps. A star marks the best epoch: the
 * lowest val_loss, or loss where there is none. Dark on white, no script, no outside reference.
 */
export function curvesSvg(history: Readonly<Record<string, readonly number[]>>, options: CurvesOptions = {}): string {
  checkOptions('curvesSvg', options, ['title', 'width', 'height']);
  const { title = 'Training curves' } = options;
  const width = Math.max(320, options.width ?? 860);
  const height = Math.max(200, options.height ?? 380);
  const drawn = ['loss', 'accuracy'].filter((metric) =>
    series.some(({ prefix }) => finite(values(history, prefix + metric)).length > 0),
  );
  const epochs = Math.max(
    1,
    ...drawn.flatMap((metric) => series.map(({ prefix }) => values(history, prefix + metric).length)),
  );
  const best = bestEpoch(history);

  const share = width / Math.max(1, drawn.length);
  const panels = drawn.map((metric, i): Panel => ({
    title: metric,
    left: i * share + 62,
    top: 58,
    width: share - 82,
    height: height - 138,
  }));
  return [
    ...documentHead(width, height, title, describe(history, epochs, best)),
    ...panels.flatMap((panel) => panelMarks(panel, history, epochs, best)),
    ...(panels.length > 0 ? legend(width, height, history, best) : [text(width / 2, height / 2, 'no values yet')]),
    '</svg>',
    '',
  ].join('\n');
}

function panelMarks(
  panel: Panel,
  history: Readonly<Record<string, readonly number[]>>,
  epochs: number,
  best: number,
): string[] {
  const { title: metric, width } = panel;
  const all = series.flatMap(({ prefix }) => finite(values(history, prefix + metric)));
  const { marks, xOf, yOf } = axes(panel, all, epochs);

  const everyEpoch = epochs <= Math.max(12, width / 12); // markers at every epoch while they stay apart
  for (const { prefix, colour, dash, square } of series) {
    const curve = values(history, prefix + metric);
    if (finite(curve).length === 0) continue;
    const stroke = `stroke="${colour}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`;
    marks.push(`<path d="${pathOf(curve, xOf, yOf)}" fill="none" ${stroke} stroke-linejoin="round"/>`);
    const step = everyEpoch ? 1 : Math.ceil(epochs / 12);
    curve.forEach((value, i) => {
      const alone = !drawable(curve[i - 1] ?? NaN) && !drawable(curve[i + 1] ?? NaN);
      if (drawable(value) && (alone || i % step === 0 || i === curve.length - 1))
        marks.push(marker(xOf(i + 1), yOf(value), colour, square));
    });
  }
  const starred = values(history, `val_${metric}`)[best - 1] ?? values(history, metric)[best - 1];
  if (starred !== undefined && drawable(starred)) marks.push(star(xOf(best), yOf(starred)));
  return [...marks, '</g>'];
}

function legend(
  width: number,
  height: number,
  history: Readonly<Record<string, readonly number[]>>,
  best: number,
): string[] {
  const y = height - 16;
  const entryWidth = 112;
  const present = series.filter(({ prefix }) =>
    ['loss', 'accuracy'].some((metric) => finite(values(history, prefix + metric)).length > 0),
  );
  const left = Math.max(8, (width - entryWidth * (present.length + (best > 0 ? 1 : 0))) / 2);
  const marks = present.flatMap(({ label, colour, dash, square }, i) => {
    const x = round(left + i * entryWidth);
    const stroke = `stroke="${colour}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`;
    const line = `<line x1="${x}" y1="${y - 4}" x2="${x + 28}" y2="${y - 4}" ${stroke}/>`;
    return [line, marker(x + 14, y - 4, colour, square), text(x + 34, y, label, 'start')];
  });
  const x = round(left + present.length * entryWidth);
  if (best > 0) marks.push(star(x + 12, y - 4), text(x + 26, y, `best epoch (${best})`, 'start'));
  return marks;
}

function marker(x: number, y: number, colour: string, square: boolean): string {
  const place = square
    ? `<rect x="${round(x - 3.5)}" y="${round(y - 3.5)}" width="7" height="7"`
    : `<circle cx="${x}" cy="${y}" r="3.5"`;
  return `${place} fill="#ffffff" stroke="${colour}" stroke-width="1.5"/>`;
}

function star(x: number, y: number): string {
  const points = Array.from({ length: 10 }, (_, i) => {
    const radius = i % 2 === 0 ? 9 : 3.8;
    const angle = (Math.PI * i) / 5;
    return `${round(x + radius * Math.sin(angle))},${round(y - radius * Math.cos(angle))}`;
  });
  return `<polygon points="${points.join(' ')}" fill="#F0E442" stroke="${ink}"/>`;
}

/** From 1; 0 where no loss is finite. */
function bestEpoch(history: Readonly<Record<string, readonly number[]>>): number {
  const validation = values(history, 'val_loss');
  const losses = finite(validation).length > 0 ? validation : values(history, 'loss');
  const known = finite(losses);
  return known.length === 0 ? 0 : losses.indexOf(Math.min(...known)) + 1;
}

/** The picture in a sentence, for those who do not see it. */
function describe(history: Readonly<Record<string, readonly number[]>>, epochs: number, best: number): string {
  const ends = ['loss', 'val_loss', 'accuracy', 'val_accuracy'].flatMap((key) => {
    const curve = values(history, key);
    return finite(curve).length === 0 ? [] : [`${key} from ${short(curve[0]!)} to ${short(curve.at(-1)!)}`];
  });
  return `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}${best > 0 ? `, best epoch ${best}` : ''}: ${ends.join(', ') || 'no values'}.`;
}

function values(history: Readonly<Record<string, readonly number[]>>, key: string): readonly number[] {
  return Object.hasOwn(history, key) ? history[key]! : [];
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
