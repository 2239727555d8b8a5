// The layer that puts tensors one after another along an axis.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { concat } from '../../ops/concat.ts';
import { full } from '../../ops/full.ts';
import { logicalAnd } from '../../ops/logic.ts';
import { commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { anyMask } from '../masking.ts';
import { callable } from '../symbolic.ts';
import { checkInputs } from './merge.ts';

/**
 * Two or more inputs one after another along `axis`, -1 unless given; axes count the batch as 0 (Keras). [H,W,C] and
 * [H,W,D] give [H,W,C+D]. Of inputs with masks of padding, the result has a step where all that have a mask have it, or
 * along the steps' axis the masks one after another (Keras). OptionError: fewer than two inputs, or the batch's axis. ShapeError: other axes that differ.
 */
export function concatenate(options: LayerOptions & { readonly axis?: number } = {}): Layer {
  checkOptions('concatenate', options, [...layerOptions, 'axis']);
  const { axis = -1 } = options;
  if (!Number.isInteger(axis) || axis === 0) {
    throw new OptionError(`concatenate: axis is ${axis}, expected a whole number other than 0, which is the batch`);
  }
  return callable({
    type: 'Concatenate',
    kind: 'concatenate',
    config: { axis },
    several: true,
    masking: anyMask,
    ...commonFields('concatenate', options),
    build(inputShape, where, others = []) {
      const shapes = [inputShape, ...others];
      checkInputs(where, shapes);
      const at = exampleAxis(where, axis, inputShape);
      const fits = ({ length }: Shape, shape: Shape) => length === shape.length;
      for (const shape of others) {
        if (fits(shape, inputShape) && shape.every((n, i) => i === at || n === inputShape[i])) continue;
        throw new ShapeError(
          `${where}: the inputs are ${shapes.map(format).join(' and ')}, expected the same but along axis ${axis}`,
        );
      }
      const total = shapes.reduce((sum, shape) => sum + shape[at]!, 0);
      const outputShape = inputShape.map((n, i) => (i === at ? total : n));
      return { outputShape, weights: {}, flopsPerSample: 0 };
    },
    apply(x, _weights, { masks, giveMask }, others = []) {
      const all = [x, ...others];
      const known = [...new Set(masks.filter((mask) => mask !== null))];
      if (axis === 1 || axis === 1 - x.shape.length) {
        const there = ({ shape }: Tensor) => full([shape[0]!, shape[1]!], 1);
        if (known.length > 0) giveMask(concat(all.map((one, i) => masks[i] ?? there(one)), 1)); // prettier-ignore
      } else if (known.length > 0) giveMask(known.reduce((a, b) => logicalAnd(a, b)));
      return concat(all, axis);
    },
  });
}

/** Which axis of one example `axis` is, which counts the batch as 0, or from the end. */
export function exampleAxis(where: string, axis: number, shape: Shape): number {
  const at = axis < 0 ? axis + shape.length : axis - 1;
  if (at >= 0 && at < shape.length) return at;
  throw new ShapeError(
    `${where}: axis ${axis} is none of [${['N', ...shape].join(',')}], expected 1 to ${shape.length}, or -1 to -${shape.length}`,
  );
}
