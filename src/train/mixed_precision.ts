// Mixed precision as an option of `compile` and `program`.

import { lossScaling, type LossScaleOptions } from '../nn/loss_scaling.ts';
import type { Precision } from '../nn/precision.ts';
import { mixedStorage } from '../plan/mixed.ts';

/**
 * Products (dense layers, convolutions, attention) read weights and activations as f16 and add in f32; what lies between
 * them is kept as f16 where every op that reads it can. Weights, moments, losses, softmax, statistics and sums stay f32.
 * The loss is scaled before it is differentiated, and a step with a NaN or infinite gradient changes nothing but the scale.
 * OptionError: a number out of range.
 */
export function mixedPrecision(options: LossScaleOptions = {}): Precision {
  return { name: 'mixed', storage: mixedStorage, scaler: lossScaling('mixedPrecision', options) };
}
