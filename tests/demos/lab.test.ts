// The lab's own arithmetic: its link, its order of rows, what it copies, what it compares, how it counts.

import { expect, test } from 'vitest';

import { differences, compared, needsConsent, pairsOf } from '../../demos/bench/compare.ts';
import { cellOf } from './lab_rows.ts';
import { formulaOf } from '../../demos/bench/formulas.ts';
import { layoutOf } from '../../demos/bench/roofline_layout.ts';
import { numbered, shownRows } from '../../demos/bench/rows.ts';
import { fields, ownRequest, requestOf } from '../../demos/bench/state.ts';
import { csvOf, markdownOf } from '../../demos/bench/table_text.ts';
import { familyCases } from '../../demos/bench/core/cases.ts';
import { callTypes } from '../../demos/bench/core/check.ts';
import { familyNames, familyShapes } from '../../demos/bench/core/families.ts';
import { evaluate } from '../../demos/bench/core/own_kernel.ts';
import { casesOf } from '../../demos/bench/core/run.ts';
import { defaults, serialise } from '../../demos/shared/state.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { resultOf, rowOf } from './lab_rows.ts';

const start = defaults(fields);
const asked = { device: 'webgpu', source: { version: '0', commit: null, dirty: false }, command: '' } as const;

test('a link of the lab is readable', () => {
  expect(serialise(fields, { ...start, suites: ['gemm', 'conv'], gemm: '64x64x64;8x9x10' })).toBe(
    'v=1&suites=gemm,conv&gemm=64x64x64;8x9x10',
  );
});

test('the state asks for families on its shapes, by words of kernels’ names, in its storage', () => {
  const state = { ...start, suites: ['gemm', 'steps'], gemm: '8x9x10; 1x2x3', variants: 'tiled, plain' } as const;
  const request = requestOf(state, asked);
  expect(request).toMatchObject({ suites: ['shapes', 'steps'], variants: ['tiled', 'plain'], quick: true });
  expect(casesOf(request).map(({ shape }) => shape)).toEqual(['8x9x10', '1x2x3']);
  expect(requestOf(state, { ...asked, device: 'cpu' }).variants, 'the CPU has the reference alone').toEqual([]);
  expect(casesOf(requestOf({ ...state, dtype: 'f16' }, asked))[0]!.op.name).toBe('matmul_f16');
  expect(ownRequest({ ...start, ownshape: '4x5x6' }, asked)).toMatchObject({ ops: ['matmul'], shapes: ['4x5x6'] });
});

const rows = [
  rowOf({ variant: 'slow', samplesNs: [4e6, 4e6, 4e6] }),
  rowOf({ variant: 'fast', samplesNs: [1e6, 1e6, 1e6] }),
  rowOf({ variant: 'wrong', samplesNs: [1e3, 1e3, 1e3], wrong: 'output 0, element 3: got 0' }),
  rowOf({ variant: 'short', samplesNs: [10, 10, 10], flags: ['below resolution'] }),
  rowOf({ variant: 'other', shape: '2x2x2', samplesNs: [2e6, 2e6, 2e6], flags: ['disturbed'] }),
];
const variants = (of: readonly { row: { variant: string } }[]): string[] => of.map(({ row }) => row.variant);

test('rows are sorted, wrong ones last, and found by words', () => {
  expect(variants(shownRows(rows, start))).toEqual(['slow', 'fast', 'wrong', 'short', 'other']);
  expect(variants(shownRows(rows, { ...start, sort: 'median' }))).toEqual(['short', 'fast', 'other', 'slow', 'wrong']);
  expect(variants(shownRows(rows, { ...start, sort: 'median', down: true }))).toEqual([
    'slow',
    'other',
    'fast',
    'short',
    'wrong',
  ]);
  expect(variants(shownRows(rows, { ...start, find: '2x2 matmul' }))).toEqual(['other']);
  expect(variants(shownRows(rows, { ...start, show: 'wrong' }))).toEqual(['wrong']);
  expect(variants(shownRows(rows, { ...start, show: 'flagged' }))).toEqual(['short', 'other']);
  expect(numbered(rows)[0], 'a wrong time is no best one').toMatchObject({ number: 1, best: 10 });
});

test('copies strike wrong rows and say where the clock was too coarse', () => {
  const markdown = markdownOf(shownRows(rows, start)).split('\n');
  expect(markdown).toHaveLength(7);
  expect(markdown[4]).toContain('~~wrong~~');
  expect(markdown[5]).toContain('< resolution');
  const lines = csvOf(shownRows(rows, start)).split('\r\n');
  expect(cellOf(lines, 1, 'median ms')).toBe('4');
  expect(cellOf(lines, 3, 'variant')).toBe('wrong');
  expect(lines[3]).toContain('"wrong: output 0, element 3: got 0"');
});

test('the roofline has a point for each right row, and none for the others', () => {
  const layout = layoutOf(numbered(rows), numbered(rows))!;
  expect(variants(layout.points.map(({ one }) => one))).toEqual(['slow', 'fast', 'other']);
  expect(layout.roofs).toBeNull();
  expect(layout.points.every(({ x, y }) => x > 0 && y > 0)).toBe(true);
});

test('a comparison claims only what the whole interval shows, and asks before it mixes software with hardware', () => {
  const noisy = [1, 1.4, 0.8, 1.2, 0.9, 1.1, 1.3].map((value) => value * 1e6);
  const base = resultOf([
    rowOf({ variant: 'a', samplesNs: Array<number>(6).fill(2e6) }),
    rowOf({ variant: 'b', samplesNs: noisy }),
    rows[2]!,
  ]);
  const current = resultOf(
    [
      rowOf({ variant: 'a', samplesNs: Array<number>(6).fill(1e6) }),
      rowOf({ variant: 'b', samplesNs: noisy.toReversed() }),
      rows[2]!,
    ],
    'discrete',
  );
  const pairs = pairsOf(base.rows, current.rows);
  expect(pairs.map((pair) => compared(pair).verdict)).toEqual(['faster', 'no difference shown']);
  expect(compared(pairs[0]!)).toMatchObject({ ratio: 0.5, low: 0.5, high: 0.5 });
  expect(needsConsent(base, current)).toBe(true);
  expect(needsConsent(base, base)).toBe(false);
  expect(differences(base, current, pairs)).toEqual(['adapter']);
  expect(differences(base, base, pairs)).toEqual([]);
});

test('formulas give the FLOPs that the ops count', () => {
  let known = 0;
  for (const family of familyNames) {
    for (const { op, sample, shape } of familyCases(family, familyShapes.quick[family])) {
      const formula = formulaOf(op.name);
      if (formula === null) continue;
      known++;
      const sizes = shape.split(',')[0]!.split('x').map(Number);
      const call = callTypes(op, sample);
      const inputs = call.inputs.map((type) => sizeOf(type.shape));
      const window = (sample.attrs as { window?: { output: number[] } }).window;
      const numbers: Record<string, number> = {
        ...(family === 'gemm' ? { M: sizes[0]!, K: sizes[1]!, N: sizes[2]! } : { N: sizes[0]! }),
        kH: family === 'conv' ? 3 : 2,
        kW: family === 'conv' ? 3 : 2,
        C_in: sizes[3] ?? 0,
        C_out: 64,
        oH: window?.output[0] ?? 0,
        oW: window?.output[1] ?? 0,
        size_x: op.name === 'normalize_grad' ? inputs[1]! : inputs[0]!,
        size_w: inputs[0]!,
        size_dy: inputs[0]!,
        size_y: sizeOf(call.outputs[0]!.shape),
      };
      const text = formula.replaceAll('·', '*').replaceAll(/size\((\w+)\)/g, 'size_$1');
      expect(evaluate(op.name, text, numbers), `${op.name} ${shape}`).toBe(op.cost!(call).flops);
    }
  }
  expect(known).toBeGreaterThan(12);
});
