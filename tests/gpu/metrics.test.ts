import { expect, test } from 'vitest';

import { checkMetrics } from '../nn/metric_cases.ts';
import { sharedDevice } from './device.ts';

test('every metric on 1,000 random cases', { timeout: 240_000 }, async () => {
  expect(await checkMetrics(await sharedDevice(), 1000)).toBe(3000);
});
