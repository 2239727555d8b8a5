// Activation memory on the reference models: near the bound that no assignment can beat.

import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import type { Device } from '../../src/plan/device.ts';
import { referenceModels } from './reference_models.ts';

const targets: Record<string, Target | null> = {
  'a software adapter': { ...baseTarget, adapter: 'software' },
  'the CPU': null,
};

/** A device on which plans for `target` can be made, though not run. */
function planningDevice(target: Target | null): Device {
  return { ...createCpuDevice(), target };
}

describe.each(Object.entries(targets))('on %s', (_, target) => {
  test.each(referenceModels)('$name: slots are at most 10 % above the lower bound', async ({ batch, loss, build }) => {
    const model = build();
    await model.compile({ optimizer: 'adam', loss, metrics: ['accuracy'], device: planningDevice(target) });
    const { activations, activationsLowerBound } = await model.plan({ batchSize: batch });
    expect(activations).toBeGreaterThanOrEqual(activationsLowerBound);
    expect(activations / activationsLowerBound).toBeLessThanOrEqual(1.1);
  });
});
