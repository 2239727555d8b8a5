// What every optimizer can do to gradients before its own step: clip them, and sum them over batches.

import { ABOVE_ZERO, checkNumber, OptionError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { Scalar } from '../graph/live.ts';
import type { Tensor } from '../graph/tensor.ts';
import { clipNorm, clipValue } from '../ops/gradient_clip.ts';
import type { Parameters } from './parameters.ts';

export interface GradientOptions {
  /** Each weight's gradient is made no longer than this (Keras); one of the three at most. */
  readonly clipNorm?: number;
  /** Each number of a gradient is kept within ± this. */
  readonly clipValue?: number;
  /** All gradients together are made no longer than this; their norm before that is logged as `gradientNorm`. */
  readonly globalClipNorm?: number;
  /**
   * Batches whose gradients make one update, 1 unless given: as of one batch of all their examples, each counted once. A group
   * ends with the epoch: what is left over there makes an update of its own, the mean over its examples.
   */
  readonly gradientAccumulationSteps?: number;
}

export const gradientOptions = ['clipNorm', 'clipValue', 'globalClipNorm', 'gradientAccumulationSteps'] as const;

export interface Clipping {
  readonly by: 'clipNorm' | 'clipValue' | 'globalClipNorm';
  readonly limit: number;
}

/** An optimizer's fields for these options. OptionError: two ways of clipping, or a number out of range. */
export function gradientFields(
  where: string,
  options: GradientOptions,
): { readonly clipping?: Clipping; readonly accumulation?: number } {
  const given = (['clipNorm', 'clipValue', 'globalClipNorm'] as const).filter((name) => options[name] !== undefined);
  if (given.length > 1) throw new OptionError(`${where}: ${given.join(' and ')} are given, expected one of them`);
  const [by] = given;
  const limit = by && options[by]!;
  if (by) checkNumber(where, by, limit, ABOVE_ZERO);
  const { gradientAccumulationSteps: accumulation = 1 } = options;
  checkNumber(where, 'gradientAccumulationSteps', accumulation, 1, Number.MAX_VALUE, 'whole number');
  return { ...(by ? { clipping: { by, limit: limit! } } : {}), ...(accumulation > 1 ? { accumulation } : {}) };
}

/** Clipped gradients in the arena of `list`, and for `globalClipNorm` how long all were, [1]. */
export function clipped(
  { by }: Clipping,
  limit: Scalar,
  gradients: Tensor,
  scalars: Tensor,
  list: Parameters['list'],
): { gradients: Tensor; norm?: Tensor } {
  if (by === 'clipValue') return { gradients: clipValue(gradients, scalars, limit) };
  if (by === 'globalClipNorm') {
    const found = clipNorm(gradients, scalars, limit, [{ offset: 0, size: sizeOf(gradients.shape) }]);
    return { gradients: found.gradients, norm: found.norms };
  }
  const segments = list.map(({ offset, shape }) => ({ offset, size: sizeOf(shape) }));
  return { gradients: clipNorm(gradients, scalars, limit, segments).gradients };
}
