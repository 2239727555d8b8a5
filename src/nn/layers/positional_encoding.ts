// The layer that tells places of a sequence apart, for attention, which does not.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import { add } from '../../ops/binary.ts';
import { sinusoidalEncoding } from '../../ops/positional_encoding.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { keepsMask } from '../masking.ts';
import { callable } from '../symbolic.ts';

export interface PositionalEncodingOptions extends LayerOptions {
  /** 10000 unless given (Vaswani et al. 2017). */
  readonly maxWavelength?: number;
}

/**
 * x + sinusoidalEncoding(T, D): [N, T, D] -> [N, T, D], without weights (Vaswani et al. 2017, section 3.5).
 * OptionError: maxWavelength is not above 1. ShapeError: examples that are not [T, D].
 */
export function positionalEncoding(options: PositionalEncodingOptions = {}): Layer {
  checkOptions('positionalEncoding', options, [...layerOptions, 'maxWavelength']);
  const { maxWavelength = 10000 } = options;
  if (!(maxWavelength > 1 && Number.isFinite(maxWavelength))) {
    throw new OptionError(`positionalEncoding: maxWavelength is ${maxWavelength}, expected a number above 1`);
  }
  return callable({
    type: 'PositionalEncoding',
    kind: 'positions',
    config: { maxWavelength },
    masking: keepsMask,
    ...commonFields('positionalEncoding', options),
    build(inputShape, where) {
      if (inputShape.length !== 2)
        throw new ShapeError(`${where}: expected sequences [T, D], got ${format(inputShape)}`);
      return { outputShape: inputShape, weights: {}, flopsPerSample: inputShape[0]! * inputShape[1]! };
    },
    apply: (x) => add(x, sinusoidalEncoding(x.shape[1]!, x.shape[2]!, { maxWavelength })),
  });
}
