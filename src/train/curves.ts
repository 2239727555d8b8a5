// The curves of a run as a picture that stands alone: loss and accuracy by epoch, training and validation.

import { checkOptions } from '../core/errors.ts';
import { axisTicks, tickText } from './ticks.ts';

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

const ink = '#1a1a1a';
const faint = '#d9d9d9';

interface Panel {
  metric: string;
  left: number;
  top: number;
  width: number;
  height: number;
}

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
    metric,
    left: i * share + 62,
    top: 58,
    width: share - 82,
    height: height - 138,
  }));
  const summary = describe(history, epochs, best);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title summary" font-family="system-ui, sans-serif" font-size="12" fill="${ink}">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="summary">${escape(summary)}</desc>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${width / 2}" y="24" text-anchor="middle" font-size="16" font-weight="600">${escape(title)}</text>`,
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
  const { metric, left, top, width, height } = panel;
  const all = series.flatMap(({ prefix }) => finite(values(history, prefix + metric)));
  const ticks = axisTicks(Math.min(...all), Math.max(...all), Math.max(2, Math.floor(height / 45)));
  const low = ticks[0]!;
  const high = ticks.at(-1)!;
  const xOf = (epoch: number): number => round(left + (epochs === 1 ? 0.5 : (epoch - 1) / (epochs - 1)) * width);
  const yOf = (value: number): number => round(top + ((high - value) / (high - low)) * height);

  const marks = [
    `<g><text x="${round(left + width / 2)}" y="${top - 12}" text-anchor="middle" font-weight="600">${metric}</text>`,
  ];
  for (const tick of ticks) {
    const y = yOf(tick);
    marks.push(`<line x1="${round(left)}" y1="${y}" x2="${round(left + width)}" y2="${y}" stroke="${faint}"/>`);
    marks.push(text(left - 8, y + 4, tickText(tick, ticks), 'end'));
  }
  for (const epoch of epochTicks(epochs, width)) {
    const x = xOf(epoch);
    marks.push(`<line x1="${x}" y1="${top + height}" x2="${x}" y2="${top + height + 5}" stroke="${ink}"/>`);
    marks.push(text(x, top + height + 19, String(epoch)));
  }
  const axis = `M${round(left)} ${top}V${top + height}H${round(left + width)}`;
  marks.push(`<path d="${axis}" fill="none" stroke="${ink}"/>`);
  marks.push(text(left + width / 2, top + height + 37, 'epoch'));

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

/** A path with a new beginning after every value that is not finite. */
function pathOf(curve: readonly number[], xOf: (epoch: number) => number, yOf: (value: number) => number): string {
  let path = '';
  let drawing = false;
  curve.forEach((value, i) => {
    const here = drawable(value);
    if (here) path += `${drawing ? 'L' : 'M'}${xOf(i + 1)} ${yOf(value)}`;
    drawing = here;
  });
  return path;
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

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end' = 'middle'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escape(words)}</text>`;
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

/** Whole epochs at steps of 1, 2 or 5 times a power of ten, about 45 pixels apart. */
function epochTicks(epochs: number, width: number): number[] {
  const least = epochs / Math.max(1, width / 45);
  let step = 1;
  for (let i = 0; step < least; i++) step *= i % 3 === 1 ? 2.5 : 2;
  const ticks = Array.from({ length: Math.floor(epochs / step) }, (_, i) => (i + 1) * step);
  return step > 1 ? [1, ...ticks] : ticks;
}

function values(history: Readonly<Record<string, readonly number[]>>, key: string): readonly number[] {
  return Object.hasOwn(history, key) ? history[key]! : [];
}

const drawable = (value: number): boolean => Math.abs(value) < 1e300; // false for NaN; larger ranges would overflow
const finite = (curve: readonly number[]): number[] => curve.filter(drawable);
const round = (value: number): number => Math.round(value * 100) / 100;
const short = (value: number): string => String(Number(value.toPrecision(4)));

/** For element content and attributes; characters that XML does not allow become `?`. */
function escape(words: string): string {
  return words
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
