// The clock of a page's steps, by a clock that is not waited for.

import { afterEach, expect, test, vi } from 'vitest';

import { createStepper, type StepState } from '../../demos/shared/stepper.ts';

afterEach(() => void vi.useRealTimers());

test.each([
  ['0.25', 4000],
  ['0.5', 2000],
  ['1', 1000],
  ['8', 125],
] as const)('at speed %s a step is taken every %i ms, until the last', (speed, every) => {
  vi.useFakeTimers();
  let state: StepState = { step: 0, play: true, speed };
  const stepper = createStepper(
    () => state,
    () => 3,
    (change) => {
      state = { ...state, ...change };
      stepper.follow();
    },
  );
  stepper.follow();
  const seen: number[] = [];
  for (let i = 0; i < 4; i++) {
    vi.advanceTimersByTime(every - 1);
    seen.push(state.step);
    vi.advanceTimersByTime(1);
    seen.push(state.step);
  }
  expect(seen).toEqual([0, 1, 1, 2, 2, 2, 2, 2]);
  expect(state.play).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test('a speed chosen while it plays is kept at once', () => {
  vi.useFakeTimers();
  let state: StepState = { step: 0, play: true, speed: '0.25' };
  const stepper = createStepper(
    () => state,
    () => 100,
    (change) => {
      state = { ...state, ...change };
      stepper.follow();
    },
  );
  stepper.follow();
  vi.advanceTimersByTime(4000);
  for (let i = 0; i < 9; i++) stepper.faster();
  expect(state.speed).toBe('8');
  vi.advanceTimersByTime(1000);
  expect(state.step).toBe(9);
});
