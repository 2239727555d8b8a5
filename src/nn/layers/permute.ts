// Layers that reorder or repeat what an example holds.

import { checkOptions, OptionError, ShapeError } from '../../core/errors.ts';
import { format } from '../../core/shape.ts';
import { expandDims, repeat } from '../../ops/tile.ts';
import { transpose } from '../../ops/transpose.ts';
import { checkCount, commonFields, layerOptions, type Layer, type LayerOptions } from '../layer.ts';
import { callable } from '../symbolic.ts';

/**
 * Each example's axes in another order: `dims` counts them from 1 (Keras), so [2, 1] makes [N, A, B] -> [N, B, A].
 * OptionError: not a permutation of 1 to n. ShapeError: examples of another rank.
 */
export function permute(options: LayerOptions & { readonly dims: readonly number[] }): Layer {
  checkOptions('permute', options, [...layerOptions, 'dims']);
  const { dims } = options;
  const sorted = Array.isArray(dims) ? [...dims].sort((a, b) => a - b) : [];
  if (sorted.length === 0 || sorted.some((axis, i) => axis !== i + 1)) {
    throw new OptionError(`permute: dims are ${JSON.stringify(dims)}, expected the axes 1 to n in some order`);
  }
  return callable({
    type: 'Permute',
    kind: 'permute',
    config: { dims: [...dims] },
    ...commonFields('permute', options),
    build(inputShape, where) {
      if (inputShape.length !== dims.length) {
        throw new ShapeError(`${where}: dims are ${format(dims)}, which examples of ${format(inputShape)} do not have`);
      }
      return { outputShape: dims.map((axis) => inputShape[axis - 1]!), weights: {}, flopsPerSample: 0 };
    },
    apply: (x) => transpose(x, [0, ...dims]),
  });
}

/** Each example n times: [N, F] -> [N, n, F] (Keras). OptionError: n. ShapeError: examples that are no vectors. */
export function repeatVector(options: LayerOptions & { readonly n: number }): Layer {
  checkOptions('repeatVector', options, [...layerOptions, 'n']);
  const { n } = options;
  checkCount('repeatVector', 'n', n);
  return callable({
    type: 'RepeatVector',
    kind: 'repeat',
    config: { n },
    ...commonFields('repeatVector', options),
    build(inputShape, where) {
      if (inputShape.length !== 1) throw new ShapeError(`${where}: expected vectors [F], got ${format(inputShape)}`);
      return { outputShape: [n, ...inputShape], weights: {}, flopsPerSample: 0 };
    },
    apply: (x) => repeat(expandDims(x, 1), n, 1),
  });
}
