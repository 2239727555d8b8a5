// The step of a clock, found by reading clocks that the test makes.

import { describe, expect, test } from 'vitest';

import { measureQuantum, wallQuantum } from '../../demos/bench/core/clock.ts';
import { sampleInTurns } from '../../demos/bench/core/sampling.ts';
import { generator } from '../../demos/bench/core/statistics.ts';

/** A device that takes about so many nanoseconds a repetition, read by a clock that rounds down to `step`. */
function device(nanoseconds: number, step: number, noise = 0) {
  const random = generator(3);
  let time = 12_345;
  return async (repeats: number): Promise<number> => {
    const began = time;
    time += repeats * nanoseconds * (1 + noise * (random() - 0.5)) + 700;
    return step * (Math.floor(time / step) - Math.floor(began / step));
  };
}

describe('the step of a clock', () => {
  test.each([
    ['65,536 ns, as browsers round', 65_536, 800],
    ['100 µs', 100_000, 50],
    ['1 ns', 1, 5000],
    ['32 ns', 32, 900],
  ])('of %s is found', async (_, step, nanoseconds) => {
    expect(await measureQuantum(device(nanoseconds, step, 0.5))).toBe(step);
  });

  test('is a wall clock’s least', () => {
    let reads = 0;
    // A reading takes 0.3 ms, and the clock moves by 0.1 ms, at times by more.
    const now = () => Math.floor((reads++ * 0.3) / 5) * 0.1 + (reads % 97 === 0 ? 1 : 0);
    expect(wallQuantum(now)).toBeCloseTo(1e5, 0);
  });

  test('makes samples long: of a rounding clock the median is still right', async () => {
    const sample = device(7000, 65_536, 0.02);
    const quantumNs = await measureQuantum(sample);
    let milliseconds = 0;
    const [only] = await sampleInTurns([{ sample }], {
      method: { leastSamples: 21, mostMs: 1e9, sampleNs: 1e5 },
      clock: { quantumNs },
      now: () => (milliseconds += 1),
    });
    expect(only!.repeats * 7000).toBeGreaterThanOrEqual(20 * 65_536);
    expect(only!.flags).toEqual([]);
    // One step of at least twenty: 5 %, and the noise.
    for (const found of only!.samplesNs) expect(Math.abs(found - 7000) / 7000).toBeLessThan(0.07);
  });
});
