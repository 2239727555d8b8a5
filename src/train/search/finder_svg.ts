// The picture of a learning-rate finder: the loss of each step over its rate in decades, and which rates come of it.

import { checkNumber, checkOptions, checkTypes } from '../../core/errors.ts';
import { axes, documentHead, drawable, finite, ink, pathOf, text, type Panel } from '../svg_marks.ts';
import type { LearningRates } from './learning_rate_finder.ts';

export interface FinderSvgOptions {
  /** Above the panel; `Learning-rate finder` unless given. */
  readonly title?: string;
  /** In pixels; 860 × 420 unless given, at least 320 × 240. */
  readonly width?: number;
  readonly height?: number;
}

const [blue, orange] = ['#0072B2', '#D55E00'];

/**
 * An SVG document of what `learningRateFinder` gave: the losses as points, their smoothed curve, and a line at the suggested rate and
 * at that of the least loss. Losses that explode leave the picture: it ends a quarter above those before the least one. Dark on white, no
 * script, no outside reference.
 */
export function finderSvg(found: LearningRates, options: FinderSvgOptions = {}): string {
  checkOptions('finderSvg', options, ['title', 'width', 'height']);
  const { title = 'Learning-rate finder', width: asked = 860, height: tall = 420 } = options;
  checkTypes('finderSvg', 'string', { title });
  checkNumber('finderSvg', 'width', asked);
  checkNumber('finderSvg', 'height', tall);
  const [width, height] = [Math.max(320, asked), Math.max(240, tall)];
  const { rates, losses, smoothed, suggestion, minimum, stopped } = found;
  const end = minimum === null ? -1 : rates.indexOf(minimum);
  const before = finite(smoothed.slice(0, end + 1));
  const say = (rate: number) => Number(rate.toPrecision(3)).toExponential().replace('e+', 'e');
  const head = documentHead(
    width,
    height,
    title,
    before.length === 0
      ? 'No losses.'
      : `${rates.length} steps, rates from ${say(rates[0]!)} to ${say(rates.at(-1)!)}: the loss falls fastest at ${suggestion === null ? 'none' : say(suggestion)} and is least at ${say(minimum!)}${stopped === undefined ? '' : `; ended: ${stopped}`}.`,
  );
  if (before.length === 0) return [...head, text(width / 2, height / 2, 'no values yet'), '</svg>', ''].join('\n');

  const low = Math.min(...before);
  const high = Math.max(...before);
  const top = high + Math.max(0.25 * (high - low), 1e-6 * Math.abs(high));
  const inside = (value: number): number => (value <= top ? value : NaN);
  const [points, curve] = [losses.map(inside), smoothed.map(inside)];
  const panel: Panel = { title: 'loss', left: 62, top: 58, width: width - 92, height: height - 150 };
  // The rate rises by one factor a step, so that steps are evenly apart in its logarithm.
  const factor = rates.length > 1 ? Math.log(rates[1]! / rates[0]!) : 1;
  const placeOf = (rate: number): number => 1 + Math.log(rate / rates[0]!) / factor;
  const decades = Array.from(
    { length: Math.floor(Math.log10(rates.at(-1)!) + 1e-9) - Math.ceil(Math.log10(rates[0]!) - 1e-9) + 1 },
    (_, i) => Math.ceil(Math.log10(rates[0]!) - 1e-9) + i,
  );
  const along = {
    label: 'learning rate',
    ticks: decades.map((decade) => [placeOf(10 ** decade), `1e${decade}`] as const),
  };
  const { marks, xOf, yOf } = axes(panel, finite([...points, ...curve]), rates.length, along);
  points.forEach((value, i) => {
    if (drawable(value))
      marks.push(`<circle cx="${xOf(i + 1)}" cy="${yOf(value)}" r="1.6" fill="${blue}" fill-opacity="0.5"/>`);
  });
  marks.push(
    `<path d="${pathOf(curve, xOf, yOf)}" fill="none" stroke="${blue}" stroke-width="2" stroke-linejoin="round"/>`,
  );
  const lines = [
    { rate: suggestion, label: 'falls fastest', colour: orange, dash: '' },
    { rate: minimum, label: 'least', colour: ink, dash: ' stroke-dasharray="6 4"' },
  ];
  const bottom = height - 16;
  lines.forEach(({ rate, label, colour, dash }, i) => {
    if (rate === null) return;
    const x = xOf(placeOf(rate));
    const stroke = `stroke="${colour}" stroke-width="1.5"${dash}`;
    marks.push(`<line x1="${x}" y1="${panel.top}" x2="${x}" y2="${panel.top + panel.height}" ${stroke}/>`);
    const left = 62 + i * 220;
    marks.push(`<line x1="${left}" y1="${bottom - 4}" x2="${left + 28}" y2="${bottom - 4}" ${stroke}/>`);
    marks.push(text(left + 34, bottom, `${label}: ${say(rate)}`, 'start'));
  });
  return [...head, ...marks, '</g>', '</svg>', ''].join('\n');
}
