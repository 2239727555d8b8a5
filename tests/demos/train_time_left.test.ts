// The time left of a training, from steps at given times.

import { expect, test } from 'vitest';

import { timeLeft } from '../../demos/train_once/time_left.ts';

test('the time left is measured after the first step, and said from the third on', () => {
  const { step } = timeLeft();
  // The first step compiles: that it came at 5000 ms says nothing of the others, which take 200 ms.
  expect([1, 2, 3, 4].map((done) => step(done, 10, 5000 + 200 * (done - 1)))).toEqual([null, null, 1400, 1200]);
});

test('losses that come in bursts measure from burst to burst', () => {
  const { step } = timeLeft();
  // Ten steps, then ten more a second later.
  const first = Array.from({ length: 10 }, (_, i) => step(i + 1, 40, 100 + i));
  expect(first.slice(0, 3)).toEqual([null, null, null]);
  const second = Array.from({ length: 10 }, (_, i) => step(i + 11, 40, 1109));
  expect(first.concat(second).at(-1)).toBe(2000);
});

test('a training that goes on, or is paused, counts its own steps and time only', () => {
  const { step, paused } = timeLeft();
  expect(step(31, 40, 0)).toBeNull();
  expect(step(32, 40, 100)).toBeNull();
  paused(60_000);
  expect(step(33, 40, 60_200)).toBe(700);
});
