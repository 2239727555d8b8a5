// The parametric rectifier: a slope of negative numbers that is learned.

import { checkOptions, OptionError } from '../../core/errors.ts';
import { prelu as rectify } from '../../ops/rectifiers.ts';
import { resolveInitializer, type Initializer } from '../initializers.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions, type LayerRecord } from '../layer.ts';
import { keepsMask } from '../masking.ts';
import { holdingWeights, weightOptions, type WeightOptions } from '../regularizers.ts';
import { callable } from '../symbolic.ts';

export interface PreluOptions extends LayerOptions, WeightOptions<'alpha'> {
  /**
   * Axes along which one slope is shared, counted with the batch as axis 0 (Keras); none unless given. After a
   * convolution, [1, 2] leaves a slope for each channel, as PyTorch has them.
   */
  readonly sharedAxes?: readonly number[];
  /** 'zeros' unless given (Keras). */
  readonly alphaInitializer?: Initializer | string;
}

/**
 * x where x > 0, else alpha·x, for a learned alpha of an example's shape with length 1 along shared axes (He et al.
 * 2015). The shape stays. OptionError: an unknown option, or a shared axis that an example does not have.
 */
export function prelu(options: PreluOptions = {}): Layer {
  checkOptions('prelu', options, [...layerOptions, 'sharedAxes', 'alphaInitializer', ...weightOptions('alpha')]);
  const { sharedAxes = [] } = options;
  if (!Array.isArray(sharedAxes) || !sharedAxes.every((axis) => Number.isInteger(axis) && axis >= 1)) {
    throw new OptionError(
      `prelu: sharedAxes is ${JSON.stringify(sharedAxes)}, expected axes from 1, the first after the batch`,
    );
  }
  const initializer = resolveInitializer('prelu', options.alphaInitializer ?? 'zeros');
  const record: LayerRecord = {
    type: 'PReLU',
    kind: 'prelu',
    config: { sharedAxes: [...sharedAxes] },
    masking: keepsMask,
    ...commonFields('prelu', options),
    build(inputShape, where) {
      const missing = sharedAxes.find((axis) => axis > inputShape.length);
      if (missing !== undefined) {
        throw new OptionError(`${where}: sharedAxes has ${missing}, but examples have ${inputShape.length} axes`);
      }
      const shape = inputShape.map((length, i) => (sharedAxes.includes(i + 1) ? 1 : length));
      return { outputShape: inputShape, weights: { alpha: { shape, initializer } }, flopsPerSample: 0 };
    },
    apply: (x, weights) => rectify(x, weights('alpha')),
  };
  return callable(holdingWeights('prelu', options, record, ['alpha']));
}
