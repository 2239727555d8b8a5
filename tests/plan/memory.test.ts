// Activation memory on the reference models: near the bound that no assignment can beat.

import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import type { Device } from '../../src/plan/device.ts';
import { checkPlan } from '../../src/gpu/limits.ts';
import { apply, inputTensor, variableTensor } from '../../src/graph/tensor.ts';
import { ops } from '../../src/ops/index.ts';
import { makePlan } from '../../src/plan/build.ts';
import { describeSample, inputType } from '../ops/table.ts';
import { referenceModels } from './reference_models.ts';

const targets: Record<string, Target | null> = {
  'any GPU': baseTarget,
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

const roomy = { ...baseTarget, limits: { ...baseTarget.limits, maxStorageBuffersPerShaderStage: 16 } };

test('no dispatch of any op binds a buffer twice that it writes', () => {
  for (const op of Object.values(ops)) {
    const overwritten = new Set(Object.values(op.inPlace ?? {}));
    for (const sample of op.samples) {
      const inputs = sample.inputs.map((input, i) => {
        const type = inputType(input);
        if (!overwritten.has(i)) return inputTensor(`x${i}`, type.shape, type.dtype);
        return variableTensor({ name: `x${i}`, ...type, initial: () => new Float32Array() });
      });
      const outputs = apply(op, inputs, sample.attrs);
      const plan = makePlan(Object.fromEntries(outputs.map((y, i) => [`y${i}`, y])), outputs, {
        target: baseTarget,
        fuse: false,
      });
      expect(() => checkPlan(plan, roomy), `${op.name} ${describeSample(sample)}`).not.toThrow();
    }
  }
});
