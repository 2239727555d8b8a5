// Marks that pictures of curves share: the document's head, panels with their axes, paths, and words.

import { axisTicks, tickText } from './ticks.ts';

export const ink = '#1a1a1a';
const faint = '#d9d9d9';

export interface Panel {
  title: string;
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The opening tag, what it is called and shows in words, and its title; `</svg>` is to follow. */
export function documentHead(width: number, height: number, title: string, summary: string): string[] {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title summary" font-family="system-ui, sans-serif" font-size="12" fill="${ink}">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="summary">${escape(summary)}</desc>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${width / 2}" y="24" text-anchor="middle" font-size="16" font-weight="600">${escape(title)}</text>`,
  ];
}

/** What runs along the bottom where that is no count of epochs: places as epochs are counted, each with its words. */
export interface Along {
  readonly label: string;
  readonly ticks: readonly (readonly [place: number, words: string])[];
}

/** A group, to be closed, with the axes for `values` (finite) over epochs from 1; and where a point goes. */
export function axes(
  { title, left, top, width, height }: Panel,
  values: readonly number[],
  epochs: number,
  along: Along = { label: 'epoch', ticks: epochTicks(epochs, width).map((epoch) => [epoch, String(epoch)]) },
) {
  const ticks = axisTicks(least(values), -least(values.map((value) => -value)), Math.max(2, Math.floor(height / 45)));
  const low = ticks[0]!;
  const high = ticks.at(-1)!;
  const xOf = (epoch: number): number => round(left + (epochs === 1 ? 0.5 : (epoch - 1) / (epochs - 1)) * width);
  const yOf = (value: number): number => round(top + ((high - value) / (high - low)) * height);
  const marks = [
    `<g><text x="${round(left + width / 2)}" y="${top - 12}" text-anchor="middle" font-weight="600">${escape(title)}</text>`,
  ];
  for (const tick of ticks) {
    const y = yOf(tick);
    marks.push(`<line x1="${round(left)}" y1="${y}" x2="${round(left + width)}" y2="${y}" stroke="${faint}"/>`);
    marks.push(text(left - 8, y + 4, tickText(tick, ticks), 'end'));
  }
  for (const [place, words] of along.ticks) {
    const x = xOf(place);
    marks.push(`<line x1="${x}" y1="${top + height}" x2="${x}" y2="${top + height + 5}" stroke="${ink}"/>`);
    marks.push(text(x, top + height + 19, words));
  }
  const axis = `M${round(left)} ${top}V${top + height}H${round(left + width)}`;
  marks.push(`<path d="${axis}" fill="none" stroke="${ink}"/>`);
  marks.push(text(left + width / 2, top + height + 37, along.label));
  return { marks, xOf, yOf };
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);

/** A path with a new beginning after every value that is not finite. */
export function pathOf(
  curve: readonly number[],
  xOf: (epoch: number) => number,
  yOf: (value: number) => number,
): string {
  let path = '';
  let drawing = false;
  curve.forEach((value, i) => {
    const here = drawable(value);
    if (here) path += `${drawing ? 'L' : 'M'}${xOf(i + 1)} ${yOf(value)}`;
    drawing = here;
  });
  return path;
}

export function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end' = 'middle'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escape(words)}</text>`;
}

/** Whole epochs at steps of 1, 2 or 5 times a power of ten, about 45 pixels apart. */
function epochTicks(epochs: number, width: number): number[] {
  const least = epochs / Math.max(1, width / 45);
  let step = 1;
  for (let i = 0; step < least; i++) step *= i % 3 === 1 ? 2.5 : 2;
  const ticks = Array.from({ length: Math.floor(epochs / step) }, (_, i) => (i + 1) * step);
  return step > 1 ? [1, ...ticks] : ticks;
}

export const drawable = (value: number): boolean => Math.abs(value) < 1e300; // false for NaN; larger ranges would overflow
export const finite = (curve: readonly number[]): number[] => curve.filter(drawable);
export const round = (value: number): number => Math.round(value * 100) / 100;

/** For element content and attributes; characters that XML does not allow become `?`. */
function escape(words: string): string {
  return words
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
