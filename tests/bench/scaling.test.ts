// The curves of a step's cost: what is measured, what is left out, how steep they are, and where the result is kept.

import { expect, test } from 'vitest';
import { flopsOf } from '../../demos/bench/core/networks.ts';
import { exponent, scalingCases, tooLong } from '../../demos/bench/core/scaling.ts';
import { keptName } from '../../tools/bench/source.ts';

test('the points of a curve grow, from one end of what was asked for to the other', () => {
  const cases = scalingCases(false);
  const names = [...new Set(cases.map(({ series }) => series!.name))];
  const curve = (name: string) => cases.filter(({ series }) => series!.name === name);
  expect(names).toHaveLength(6);
  for (const points of names.map(curve)) {
    const works = points.map(({ network, batch }) => flopsOf(network) * batch);
    expect(works.length).toBeGreaterThan(3);
    expect(works).toEqual([...new Set(works)].sort((a, b) => a - b));
  }
  const batches = curve('CNN by batch').map(({ batch }) => batch);
  expect([batches[0], batches.at(-1)]).toEqual([16, 1024]);
});

test('a step that would hold the GPU for seconds is left out, by the rate of the point before it', () => {
  const [small, large] = scalingCases(false);
  expect(tooLong(small!, 'software', new Map())).toBe('');
  const flops = flopsOf(large!.network) * large!.batch;
  const rate = (milliseconds: number) => new Map([['CNN by batch', flops / (1e6 * milliseconds)]]);
  expect(tooLong(large!, 'software', rate(9_000))).toBe('');
  expect(tooLong(large!, 'software', rate(12_000))).toBe('would take about 12000 ms a step, more than 10000 ms');
  expect(tooLong(large!, 'discrete', rate(9_000))).toBe('would take about 9000 ms a step, more than 2000 ms');
});

test('the exponent of a power is that power, also of noisy points around it', () => {
  const xs = [1, 2, 4, 8, 16];
  expect(exponent(xs.map((x) => ({ x, y: 3 * x ** 1.5 })))).toBeCloseTo(1.5, 12);
  expect(exponent(xs.map((x, i) => ({ x, y: x ** 2 * (i % 2 ? 1.05 : 0.95) })))).toBeCloseTo(2, 1);
  expect(exponent(xs.map((x) => ({ x, y: 7 })))).toBeCloseTo(0, 12);
});

test('scaling alone is kept in a file of its own', () => {
  const device = { vendor: 'Maker', architecture: 'One', kind: 'webgpu' } as Parameters<typeof keptName>[1];
  expect(keptName(['scaling'], device)).toBe('scaling-maker-one.json');
  expect(keptName(['steps', 'scaling'], device)).toBe('bench-maker-one.json');
});
