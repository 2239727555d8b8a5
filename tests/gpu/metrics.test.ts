import { expect, test } from 'vitest';

import { checkMetrics } from '../nn/metric_cases.ts';
import { sharedDevice } from './device.ts';

// Each case is three runs that are read back; tests/nn/metrics.test.ts has a thousand on the CPU every time.
const count = import.meta.env.VITE_LONG === '1' ? 1000 : 250;

test(`every metric on ${count} random cases`, { timeout: 240_000 }, async () => {
  expect(await checkMetrics(await sharedDevice(), count)).toBe(3 * count);
});
