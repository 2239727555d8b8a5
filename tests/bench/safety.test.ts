// No dispatch is begun that would hold a device for long.

import { expect, test } from 'vitest';

import { grownMs } from '../../demos/bench/core/safety.ts';

/** Launches take 2 ms, and a whole `whole` ms beside; what was run is in `tried`. */
async function grown(whole: number, limit: number, lanes = 1) {
  const tried: number[] = [];
  const found = await grownMs(async (share) => {
    tried.push(share);
    return 2 + whole * Math.max(share, lanes);
  }, limit);
  return { found, tried, longest: Math.max(...tried.map((share) => 2 + whole * Math.max(share, lanes))) };
}

test('what is short is tried on a share of its workgroups once', async () => {
  expect(await grown(10, 250, 0)).toMatchObject({ tried: [1 / 64] });
});

test('what is long is told so before it is run, and no try passes the limit', async () => {
  for (const whole of [300, 1000, 5000, 15_000]) {
    const { found, longest } = await grown(whole, 250, 0);
    expect(found, `${whole} ms`).toBeGreaterThan(250);
    expect(longest, `${whole} ms`).toBeLessThanOrEqual(250);
  }
});

test('a small share that leaves most of the device idle does not make the whole look long', async () => {
  // Below an eighth of the workgroups the time does not fall: 1/64 of them looks like 8 times the whole.
  const { found, tried } = await grown(200, 250, 1 / 8);
  expect(found).toBeLessThanOrEqual(250);
  expect(tried).toEqual([1 / 64, 1 / 16, 1 / 4]);
});
