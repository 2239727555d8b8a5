// Padding in sequences of tokens: a mask, f32 [N, T], that is 1 where a step is there and 0 at padding. An embedding with
// maskZero makes one, and models hand it on from layer to layer beside the values, as Keras does. It goes as far as steps
// stay where they are; a layer that neither hands a mask on nor heeds it is refused, where Keras would take padding for data.

import { OptionError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { div, maximum, mul } from '../ops/binary.ts';
import { sum } from '../ops/reduce.ts';

/**
 * Whether what a layer gives has a mask, by which of its inputs have one; an OptionError where it cannot go by them. A
 * layer that gives one hands on its first input's unless it calls `context.giveMask`.
 */
export type Masking = (masked: readonly boolean[], where: string) => boolean;

/** Of layers that leave each step at its place. */
export const keepsMask: Masking = ([first]) => first ?? false;

/** Of layers that join their inputs and give a mask of their own where one of these has one. */
export const anyMask: Masking = (masked) => masked.includes(true);

/** `layer.masking`, or an OptionError where there is a mask and the layer has none. */
export function maskedAfter(
  { masking }: { readonly masking?: Masking },
  masked: readonly boolean[],
  where: string,
): boolean {
  if (masking) return masking(masked, where);
  if (!masked.includes(true)) return false;
  throw new OptionError(
    `${where}: what it is called on has a mask, from an embedding with maskZero, and this layer would take padding for data; ` +
      `expected layers that keep the steps, or a recurrent layer, attention or globalAveragePool1d, which heed it`,
  );
}

/** By which to multiply what [N, T] steps give, so that their mean is that of the steps that are there (Keras). */
export function maskWeights(mask: Tensor): Tensor {
  return div(mul(mask, sizeOf(mask.shape)), maximum(sum(mask), 1));
}
