// Checked training: what is not finite is told as layer, op, tensor and step.

import { describe, expect, it } from 'vitest';

import { createCpuDevice, NonFiniteError, OptionError } from '../../src/index.ts';
import { checkedModel, failuresInMixed, failuresOfUses, fitChecked, injected } from './checked_cases.ts';

describe('compile({ checked: true })', () => {
  it.each(Object.keys(injected))('tells of %s exactly', async (name) => {
    const { inject, expected } = injected[name]!;
    const model = await checkedModel(createCpuDevice());
    const error = await fitChecked(model, inject).then(
      () => null,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(NonFiniteError);
    const { step, tensor, origin, message } = error as NonFiniteError;
    expect({ step, tensor, layer: origin?.layer, op: origin?.op }).toEqual(expected);
    expect(message).toMatch(/^fit: step 12: /);
  });

  it('trains as without, where all is finite', async () => {
    const checked = await checkedModel(createCpuDevice());
    const plain = await checkedModel(createCpuDevice(), false);
    await fitChecked(checked, () => {});
    await fitChecked(plain, () => {});
    // Its ops are not fused, so that they round more often.
    checked.history['loss']!.forEach((loss, i) => expect(loss).toBeCloseTo(plain.history['loss']![i]!, 5));
  });

  it('tells of what is not finite in evaluate, predict and validation too', async () => {
    expect(await failuresOfUses(createCpuDevice())).toHaveLength(3);
  });

  it('in mixed precision tells of what halves cannot hold, and of gradients where no smaller scale helps', async () => {
    expect(await failuresInMixed(createCpuDevice())).toHaveLength(3);
  });

  it('is refused with another value', async () => {
    const model = await checkedModel(createCpuDevice());
    const options = { optimizer: 'sgd', loss: 'meanSquaredError', device: createCpuDevice() } as const;
    await expect(model.compile({ ...options, checked: 1 as never })).rejects.toThrow(OptionError);
  });
});
