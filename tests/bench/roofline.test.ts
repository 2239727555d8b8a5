// Which of the measured ceilings binds a row.

import { expect, test } from 'vitest';
import { ops } from '../../src/ops/index.ts';
import { callTypes } from '../../demos/bench/core/check.ts';
import { leastTime } from '../../demos/bench/core/roofline.ts';

const roofs = { flopsPerSecond: 1000, bytesPerSecond: 100, loadsPerSecond: 500, exponentialsPerSecond: 10 };

test('a row is bound by what takes longest', () => {
  const least = (flops: number, bytes: number, exponentials: number) =>
    leastTime({ flops, bytes, counts: { exponentials } }, roofs);
  expect(least(3000, 200, 10)).toEqual({ seconds: 3, bound: 'multiply-add' });
  expect(least(1000, 200, 10)).toEqual({ seconds: 2, bound: 'copy' });
  expect(least(1000, 200, 40)).toEqual({ seconds: 4, bound: 'exponentials' });
  expect(leastTime({ flops: 1, bytes: 100, counts: {} }, roofs)).toEqual({ seconds: 1, bound: 'copy' });
  const older = { ...roofs, exponentialsPerSecond: null };
  expect(leastTime({ flops: 1, bytes: 100, counts: { exponentials: 1e9 } }, older).bound).toBe('copy');
});

test('ops tell how many exponentials they take', () => {
  const shape = [6, 8];
  const labels = { shape: [6], dtype: 'i32' as const };
  const told = (name: string, inputs: readonly { shape: readonly number[]; dtype?: 'i32' }[]) =>
    ops[name]!.cost!(callTypes(ops[name]!, { inputs, attrs: {} })).exponentials;
  expect(told('softmax', [{ shape }])).toBe(48);
  expect(told('log_softmax_grad', [{ shape }, { shape }])).toBe(48);
  expect(told('softmax_grad', [{ shape }, { shape }])).toBe(0);
  expect(told('sparse_softmax_cross_entropy', [{ shape }, labels])).toBe(48);
  expect(told('tanh', [{ shape }])).toBe(48);
  expect(told('pow', [{ shape }, { shape }])).toBe(96);
  expect(told('relu', [{ shape }])).toBe(0);
});
