// Checked training on the GPU: found by bits, without a read per op.

import { expect, test } from 'vitest';

import { NonFiniteError } from '../../src/core/errors.ts';
import { checkedModel, failuresInMixed, failuresOfUses, fitChecked, injected } from '../train/checked_cases.ts';
import { sharedDevice } from './device.ts';

test.each(Object.keys(injected))('tells of %s exactly', { timeout: 120_000 }, async (name) => {
  const { inject, expected } = injected[name]!;
  const model = await checkedModel(await sharedDevice());
  const error = await fitChecked(model, inject).then(
    () => null,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(NonFiniteError);
  const { step, tensor, origin } = error as NonFiniteError;
  expect({ step, tensor, layer: origin?.layer, op: origin?.op }).toEqual(expected);
  model.dispose();
});

test('in evaluate, predict and validation too', { timeout: 120_000 }, async () => {
  expect(await failuresOfUses(await sharedDevice())).toHaveLength(3);
});

test('in mixed precision', { timeout: 120_000 }, async () => {
  expect(await failuresInMixed(await sharedDevice())).toHaveLength(3);
});
