import { describe, expect, it } from 'vitest';

import { cyclic, exponentialDecay, linearDecay, oneCycle, stepDecay } from '../../src/index.ts';

const at = (schedule: (step: number) => number, steps: readonly number[]): number[] => steps.map(schedule);
const near = (values: readonly number[]): number[] => values.map((value) => expect.closeTo(value, 9) as number);

describe('schedules', () => {
  it('fall linearly, by steps and exponentially', () => {
    const linear = linearDecay({ learningRate: 1, steps: 4, minimum: 0.2 });
    expect(at(linear, [0, 1, 2, 4, 9])).toEqual(near([1, 0.8, 0.6, 0.2, 0.2]));
    expect(at(stepDecay({ learningRate: 1, rate: 0.5, every: 3 }), [0, 2, 3, 5, 6])).toEqual([1, 1, 0.5, 0.5, 0.25]);
    expect(at(exponentialDecay({ learningRate: 1, rate: 0.25, steps: 2 }), [0, 1, 2])).toEqual(near([1, 0.5, 0.25]));
  });

  it('cyclic rises and falls in straight lines, and shrinks where asked to', () => {
    const plain = cyclic({ minimum: 1, maximum: 3, stepSize: 2 });
    expect(at(plain, [0, 1, 2, 3, 4, 5, 6])).toEqual(near([1, 2, 3, 2, 1, 2, 3]));
    const shrinking = cyclic({ minimum: 1, maximum: 3, stepSize: 2, rate: 0.5 });
    expect(at(shrinking, [2, 4, 6, 10])).toEqual(near([3, 1, 2, 1.5]));
  });

  it("oneCycle is PyTorch's: up over the first three tenths, down to almost nothing at the last step", () => {
    const rate = oneCycle({ maximum: 0.1, steps: 10 });
    expect(at(rate, [0, 1, 2, 9, 20])).toEqual(near([0.004, 0.052, 0.1, 4e-7, 4e-7]));
    // Halfway down a cosine is the mean of its ends.
    expect(oneCycle({ maximum: 1, steps: 6, warmupShare: 0.5, divFactor: 10, finalDivFactor: 2 })(3.5)).toBeCloseTo(
      (1 + 0.05) / 2,
      9,
    );
  });
});
