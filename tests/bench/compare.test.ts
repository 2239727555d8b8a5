// Results beside each other in a terminal: what is claimed, what is only said, and what needs a word first.

import { describe, expect, test } from 'vitest';

import { layerRatios } from '../../demos/bench/core/layer_ratios.ts';
import { blankRow, type BenchResult, type Row } from '../../demos/bench/core/result.ts';
import { generator, summarize } from '../../demos/bench/core/statistics.ts';
import { comparisonText } from '../../tools/bench/comparison.ts';
import { layerText } from '../../tools/bench/table.ts';
import { benchResult } from './results.ts';

const random = generator(11);

function timed(variant: string, milliseconds: number, more: Partial<Row> = {}): Row {
  const samplesNs = Array.from({ length: 20 }, () => 1e6 * milliseconds * (1 + 0.04 * (random() - 0.5)));
  return blankRow({
    suite: 'shapes',
    subject: 'matmul',
    shape: '64x64x64',
    variant,
    samplesNs,
    repeats: 1,
    summary: summarize(samplesNs),
    check: { state: 'ok', maxAbsolute: 0, maxRelative: 0, worst: 0, tolerance: 1e-6, message: '' },
    ...more,
  });
}
const wrong = { state: 'wrong', maxAbsolute: 1, maxRelative: 1, worst: 9, message: 'element 3' } as const;

describe('two results as text', () => {
  const base = benchResult('bench', [timed('quad', 10), timed('naive', 99), timed('register', 5)]);
  const current = benchResult('bench', [
    timed('quad', 8),
    timed('mine.wgsl', 9),
    timed('register', 5.05, { flags: ['disturbed'] }),
    timed('naive', 1, { check: wrong }),
  ]);

  test('claim a difference only where the whole interval lies beyond 2 %, and strike what is wrong', () => {
    const text = comparisonText(base, current, false);
    expect(text).toMatch(/shapes: matmul 64x64x64 · quad .* −(19|20|21)\.\d % +−\d+\.\d % to −\d+\.\d % +faster/);
    expect(text).toMatch(/· register .* to .* no difference shown, current disturbed/);
    expect(text).toContain(
      '1 faster, 0 slower, 1 no difference shown; without a right time in the other: 1 rows of base, 2',
    );
    expect(text).toContain('✗ matmul 64x64x64: naive: element 3');
    expect(text).not.toContain('note ');
  });

  test('say in what the two differ', () => {
    const other = { ...current, source: { ...current.source, commit: '0123456789abcdef' } };
    expect(comparisonText(base, other, false)).toContain('note     they differ in version');
  });

  test('of software and hardware are given only to who asks for that', () => {
    const device = { ...current.device, description: 'rasterizer', adapter: 'software', fallback: true } as const;
    const software: BenchResult = { ...current, device };
    const reason = 'is software, whose times say nothing about hardware';
    for (const [a, b] of [[base, software] as const, [software, base] as const]) {
      expect(() => comparisonText(a, b, false)).toThrow(reason);
      expect(comparisonText(a, b, true)).toContain(reason);
    }
    expect(comparisonText(software, software, false)).toContain('3 no difference shown');
  });
});

test('gradients of layers as shares of their forward pass', () => {
  const layer = (subject: string, milliseconds: number, more: Partial<Row> = {}) =>
    timed('quad', milliseconds, { suite: 'layers', subject, shape: '2x3', work: `${subject} 2x3`, ...more });
  const rows = [layer('conv2d', 10), layer('conv2d_grad_filter', 21), layer('conv2d_grad_input', 14)];
  const ratios = layerRatios(rows);
  expect(ratios.map(({ row, limit }) => [row.subject, limit])).toEqual([
    ['conv2d_grad_filter', 2],
    ['conv2d_grad_input', 1.5],
  ]);
  expect(ratios[0]!.ratio).toBeCloseTo(2.1, 1);
  const [dW, dX] = layerText(rows).split('\n');
  expect(dW).toMatch(/^conv2d_grad_filter 2x3: 2\.\d\d× the forward pass .*ABOVE the 2×/);
  expect(dX).toMatch(/^conv2d_grad_input 2x3: 1\.4\d× the forward pass .*at most 1\.5× is asked/);
  expect(layerRatios([layer('conv2d', 10, { check: wrong }), rows[1]!])).toEqual([]);
  expect(layerText([])).toBe('');
});
