// The dropout layer.

import { checkOptions, OptionError } from '../../core/errors.ts';
import { dropout as drop } from '../../ops/dropout.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { callable } from '../symbolic.ts';

/**
 * While training, each number is 0 with probability `rate` and otherwise divided by 1 − rate (Srivastava et al. 2014,
 * inverted); at other times x as it is. OptionError: rate outside [0, 1).
 */
export function dropout(options: LayerOptions & { readonly rate: number }): Layer {
  checkOptions('dropout', options, [...layerOptions, 'rate']);
  const { rate } = options;
  if (!(rate >= 0 && rate < 1)) throw new OptionError(`dropout: rate is ${rate}, expected at least 0 and below 1`);
  return callable({
    type: 'Dropout',
    kind: 'dropout',
    config: { rate },
    ...commonFields('dropout', options),
    build: (inputShape) => ({ outputShape: inputShape, weights: {}, flopsPerSample: 0 }),
    apply: (x, _, { training, random, stream }) => (training && rate > 0 ? drop(x, rate, random, stream) : x),
  });
}
