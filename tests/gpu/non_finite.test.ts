// NaN and infinity in weights and in what the optimizer keeps, as bits that shaders may not compare: told in the step that reads them
// where the model is checked, and else as soon as the loss or a gradient shows it.

import { expect, test } from 'vitest';

import { NonFiniteError } from '../../src/core/errors.ts';
import { adam } from '../../src/nn/optimizers.ts';
import type { Variable } from '../../src/graph/tensor.ts';
import type { Model } from '../../src/train/model.ts';
import { checkedModel, fitChecked } from '../train/checked_cases.ts';
import { sharedDevice } from './device.ts';

const patterns = [0x7fc00000, 0x7f800000, 0xffc00001];

/** What a fit rejects with where `variable` holds `bits` in one place from step 12 on. */
async function toldOf(model: Model, variable: Variable, bits: number): Promise<unknown> {
  const device = await sharedDevice();
  const inject = async () => {
    const values = Float32Array.from(await device.readVariable(variable));
    new Uint32Array(values.buffer)[5] = bits; // of the first layer's kernel
    device.writeVariable(variable, values);
  };
  return fitChecked(model, inject).then(
    () => null,
    (error: unknown) => error,
  );
}

test.each(['weights', 'first moments', 'second moments'] as const)('in the %s', { timeout: 120_000 }, async (where) => {
  const device = await sharedDevice();
  for (const bits of patterns) {
    for (const checked of [true, false]) {
      const model = await checkedModel(device);
      await model.compile({ optimizer: adam(), loss: 'meanSquaredError', device, checked });
      const variable =
        where === 'weights' ? model.parameters.arena : model.optimizer!.moments[where === 'first moments' ? 0 : 1]!;
      const error = await toldOf(model, variable, bits);
      // An infinite second moment only stops its weight, of which a training that is not checked knows nothing.
      if (where === 'second moments' && bits === 0x7f800000 && !checked) expect(error).toBeNull();
      else {
        expect(error, `${bits.toString(16)}, ${checked ? 'checked' : 'not checked'}`).toBeInstanceOf(NonFiniteError);
        // Else when it has reached the loss or a gradient: from moments through weights, and not through a tanh that saturates.
        const { step } = error as NonFiniteError;
        expect(step).toBeGreaterThanOrEqual(12);
        expect(step).toBeLessThanOrEqual(checked ? 12 : 14);
      }
      model.dispose();
    }
  }
});
