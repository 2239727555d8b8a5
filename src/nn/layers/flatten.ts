// The layer that makes each example a vector.

import { checkOptions } from '../../core/errors.ts';
import { sizeOf } from '../../core/shape.ts';
import { reshape } from '../../ops/reshape.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { callable } from '../symbolic.ts';

/** Each example as one vector, row-major: [N, …] -> [N, size]. */
export function flatten(options: LayerOptions = {}): Layer {
  checkOptions('flatten', options, layerOptions);
  return callable({
    type: 'Flatten',
    kind: 'flatten',
    config: {},
    ...commonFields('flatten', options),
    build: (inputShape) => ({ outputShape: [sizeOf(inputShape)], weights: {}, flopsPerSample: 0 }),
    apply: (x) => reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]),
  });
}
