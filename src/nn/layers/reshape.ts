// The layer that gives each example another shape.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format, sizeOf, type Shape } from '../../core/shape.ts';
import { reshape as reshaped } from '../../ops/reshape.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { callable } from '../symbolic.ts';

/**
 * The same numbers, row-major, under `targetShape` (without the batch): [N, …] -> [N, …targetShape]. One length may be
 * -1 and is then what the others leave. ShapeError: another number of elements.
 */
export function reshape(options: LayerOptions & { readonly targetShape: Shape }): Layer {
  checkOptions('reshape', options, [...layerOptions, 'targetShape']);
  const { targetShape } = options;
  const valid = Array.isArray(targetShape) && targetShape.every((n) => Number.isInteger(n) && (n >= 1 || n === -1));
  if (!valid || targetShape.filter((n) => n === -1).length > 1) {
    throw new OptionError(
      `reshape: targetShape is ${JSON.stringify(targetShape)}, expected positive integers and at most one -1`,
    );
  }
  return callable({
    type: 'Reshape',
    kind: 'reshape',
    config: { targetShape: [...targetShape] },
    ...commonFields('reshape', options),
    build(inputShape, where) {
      const size = sizeOf(inputShape);
      const known = sizeOf(targetShape.filter((n) => n !== -1));
      const outputShape = targetShape.map((n) => (n === -1 ? size / known : n));
      if (sizeOf(outputShape) !== size || outputShape.some((n) => !Number.isInteger(n))) {
        throw new ShapeError(
          `${where}: ${format(inputShape)} has ${size} elements, which do not fill ${format(targetShape)}`,
        );
      }
      return { outputShape, weights: {}, flopsPerSample: 0 };
    },
    apply: (x) => reshaped(x, [x.shape[0]!, ...targetShape]),
  });
}
