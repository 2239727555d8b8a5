// The picture of the learning-rate finder.

import { expect, test } from 'vitest';

import { OptionError } from '../../src/core/errors.ts';
import { finderSvg } from '../../src/train/search/finder_svg.ts';
import { pick } from '../../src/train/search/learning_rate_finder.ts';

const steps = 61;
const rates = Array.from({ length: steps }, (_, i) => 1e-6 * 10 ** (i / 10));
/** Falls fastest at 1e-3 (a logistic curve of log rate), is least where 3e-6/r³ = 4r³/0.3⁴, r = 0.043, then explodes. */
const smoothed = rates.map((rate) => 2 - 1.5 / (1 + (1e-3 / rate) ** 2) + (rate / 0.3) ** 4);
const losses = smoothed.map((value, i) => value + 0.01 * Math.sin(9 * i));
const found = { rates, losses, smoothed, ...pick(rates, smoothed) };

test('draws losses and their curve over decades, with the rates that come of them', () => {
  const svg = finderSvg(found, { title: 'finder: mlp on 100 images', width: 900, height: 400 });
  expect(svg).toContain('width="900" height="400"');
  expect(svg).toContain('finder: mlp on 100 images');
  for (let decade = -6; decade <= 0; decade++) expect(svg).toContain(`>1e${decade}</text>`);
  expect(svg).toContain('>learning rate</text>');
  expect(svg).not.toContain('epoch');
  const [, words] = /<desc[^>]*>(.*)<\/desc>/.exec(svg)!;
  expect(words).toBe('61 steps, rates from 1e-6 to 1e0: the loss falls fastest at 1e-3 and is least at 3.98e-2.');
  expect(svg).toContain('falls fastest: 1e-3');
  expect(svg).not.toMatch(/NaN|undefined|<script|href/);

  // A decade is ten steps of 750 / 60: the line of the suggestion stands at its rate.
  const x = (rate: number) => 62 + ((900 - 92) * Math.log10(rate / 1e-6)) / 6;
  const lines = [...svg.matchAll(/<line x1="([\d.]+)" y1="58" x2="\1"/g)].map(([, at]) => Number(at));
  expect(lines[0]).toBeCloseTo(x(found.suggestion!), 1);
  expect(lines[1]).toBeCloseTo(x(found.minimum!), 1);
  // The explosion is left out: a point for each step before it, inside the panel.
  const circles = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.-]+)"/g)];
  expect(circles.length).toBeGreaterThan(50);
  expect(circles.length).toBeLessThan(steps);
  for (const [, , cy] of circles) {
    expect(Number(cy)).toBeGreaterThanOrEqual(58);
    expect(Number(cy)).toBeLessThanOrEqual(400 - 92);
  }
});

test.each([
  ['nothing', { rates: [], losses: [], smoothed: [], suggestion: null, minimum: null }],
  ['one step', { rates: [1e-3], losses: [2], smoothed: [2], suggestion: null, minimum: 1e-3 }],
  [
    'a loss that never falls',
    { rates: [1e-3, 1e-2], losses: [1, 2], smoothed: [1, 2], suggestion: null, minimum: 1e-3 },
  ],
  ['the same loss', { rates: [1e-3, 1e-2], losses: [1, 1], smoothed: [1, 1], suggestion: null, minimum: 1e-3 }],
  [
    'a loss that is no number',
    { rates: [1e-3, 1e-2], losses: [1, NaN], smoothed: [1, NaN], suggestion: null, minimum: 1e-3, stopped: 'NaN' },
  ],
])('%s is drawn as well', (_, result) => {
  const svg = finderSvg(result);
  expect(svg.endsWith('</svg>\n')).toBe(true);
  expect(svg.replace('ended: NaN', '')).not.toMatch(/NaN|undefined|Infinity/);
});

test('refuses unknown options', () => {
  expect(() => finderSvg(found, { widht: 3 } as never)).toThrow(
    "finderSvg: unknown option 'widht', did you mean 'width'?",
  );
  expect(() => finderSvg(found, { width: NaN })).toThrow(OptionError);
});
