// The layer that says which steps of a sequence of tokens are there.

import { checkOptions, OptionError } from '../../core/errors.ts';
import { notEqual } from '../../ops/binary.ts';
import { cast } from '../../ops/cast.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { callable } from '../symbolic.ts';

export interface PaddingMaskOptions extends LayerOptions {
  /** The token that stands for padding; 0 unless given (what Keras's `mask_zero` masks). */
  readonly value?: number;
}

/**
 * y = 1 where x is not `value`, else 0: [N, …] -> [N, …], without weights or gradient, for `masked: 'mask'`:
 * `lstm({ units, masked: 'mask' })([embedding({ … })(tokens), paddingMask()(tokens)])`. OptionError: a value that is no
 * whole number.
 */
export function paddingMask(options: PaddingMaskOptions = {}): Layer {
  checkOptions('paddingMask', options, [...layerOptions, 'value']);
  const { value = 0 } = options;
  if (!Number.isInteger(value)) throw new OptionError(`paddingMask: value is ${value}, expected a whole number`);
  return callable({
    type: 'PaddingMask',
    kind: 'mask',
    config: { value },
    ...commonFields('paddingMask', options),
    build: (inputShape) => ({ outputShape: inputShape, weights: {}, flopsPerSample: 0 }),
    apply: (x) => notEqual(cast(x, 'f32'), value),
  });
}
