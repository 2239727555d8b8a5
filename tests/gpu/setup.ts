// Runs before each test file in Chrome: a test fails on a WebGPU error that no call of its own has reported.

import { afterEach } from 'vitest';
import { sharedDeviceErrors } from './device.ts';

afterEach(async () => {
  const errors = await sharedDeviceErrors();
  if (errors.length > 0) throw new Error(`uncaptured WebGPU errors:\n${errors.join('\n')}`);
});
