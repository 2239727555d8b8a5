// Numbers set while a training runs on WebGPU: their kernels' uniforms and operands, without a pipeline or buffer more.

import { describe, expect, test } from 'vitest';

import { begun, continuedWith, scalarsCases, setMidway } from '../train/scalars_cases.ts';
import { sharedDevice } from './device.ts';

describe('numbers set between two steps count as if compiled so', () => {
  test.each(Object.entries(scalarsCases))('%s', async (_, one) => {
    const device = await sharedDevice();
    const { weights, made } = await setMidway(one, device);
    expect(made.before.buffers).toBeGreaterThan(0);
    expect(made.after).toEqual(made.before);
    const start = await begun(one, device);
    expect(weights).toEqual(await continuedWith(one, 1, start, device));
    expect(weights).not.toEqual(await continuedWith(one, 0, start, device));
  });
});
