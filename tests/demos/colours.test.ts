// The theme's colours as numbers: series told apart by whoever sees no red or green light apart, and a diverging map from
// blue to orange over a neutral middle.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('../../demos/shared/theme.css', import.meta.url), 'utf8');

/** The hexadecimal colours that a rule of the theme sets. */
function coloursOf(selector: string): Readonly<Record<string, string>> {
  const start = css.indexOf(`\n${selector} {`);
  const body = css.slice(start, css.indexOf('\n}', start));
  return Object.fromEntries([...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, hex!]));
}

type Triple = readonly [number, number, number];

/** Linear light of sRGB (IEC 61966-2-1). */
const linear = (hex: string): Triple =>
  [1, 3, 5].map((at) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as never as Triple;

const times = (matrix: readonly Triple[], v: Triple): Triple =>
  matrix.map((row) => row.reduce((sum, m, i) => sum + m * v[i]!, 0)) as never as Triple;

/** Machado, Oliveira and Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency": severity 1. */
const deuteranopia: readonly Triple[] = [
  [0.367322, 0.860646, -0.227968],
  [0.280085, 0.672501, 0.047413],
  [-0.01182, 0.04294, 0.968881],
];

/** Oklab (Ottosson, 2020), in which distances are as they are seen. */
function oklab(rgb: Triple): Triple {
  const lms = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  ).map(Math.cbrt) as never as Triple;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    lms,
  );
}
const distance = (one: Triple, other: Triple): number => Math.hypot(...one.map((v, i) => v - other[i]!));

describe.each([':root', ":root[data-theme='dark']"])('%s', (selector) => {
  const colours = coloursOf(selector);
  const runs = Object.keys(colours).filter((name) => name.startsWith('run-'));

  test('has at most eight colours of series, each apart from each also under deuteranopia', () => {
    expect(runs).toEqual(['run-1', 'run-2', 'run-3', 'run-4', 'run-5', 'run-6', 'run-7', 'run-8']);
    // Neighbouring greys that just differ are about 0.02 apart.
    for (const see of [linear, (hex: string) => times(deuteranopia, linear(hex))])
      runs.forEach((one, i) => {
        for (const other of runs.slice(i + 1))
          expect(
            distance(oklab(see(colours[one]!)), oklab(see(colours[other]!))),
            `${one} and ${other}`,
          ).toBeGreaterThan(0.045);
      });
  });

  test('has a diverging map of blue and orange with a neutral middle', () => {
    const hue = (name: string): number => {
      const [, a, b] = oklab(linear(colours[name]!));
      return (Math.atan2(b, a) * 180) / Math.PI;
    };
    const chroma = (name: string): number => Math.hypot(...oklab(linear(colours[name]!)).slice(1));
    expect(hue('plus')).toBeGreaterThan(40);
    expect(hue('plus')).toBeLessThan(90);
    expect(hue('minus')).toBeGreaterThan(-140);
    expect(hue('minus')).toBeLessThan(-100);
    expect(chroma('zero')).toBeLessThan(0.01);
    for (const end of ['plus', 'minus']) expect(chroma(end)).toBeGreaterThan(0.06);
    const [plus, minus] = ['plus', 'minus'].map((name) => oklab(times(deuteranopia, linear(colours[name]!))));
    expect(distance(plus!, minus!), 'under deuteranopia').toBeGreaterThan(0.12);
  });
});
