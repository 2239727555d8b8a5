// The max-norm constraint: no unit's incoming weights longer than a limit (Srebro and Shraibman 2005; Hinton et al. 2012).

import shader from '../../shaders/max_norm.wgsl';
import { OptionError, ShapeError } from '../core/errors.ts';
import { format } from '../core/shape.ts';
import type { Op } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

export interface MaxNormAttrs {
  /** The weight is [rows, columns], from this element of the arena on. */
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly limit: number;
}

export const maxNormOp: Op<MaxNormAttrs> = {
  name: 'max_norm',
  infer([arena], { offset, rows, columns }) {
    expectDType('maxNorm', 'the arena', arena!, 'f32');
    if (arena!.shape.length !== 1 || offset < 0 || offset + rows * columns > arena!.shape[0]!) {
      throw new ShapeError(
        `maxNorm: the arena is ${format(arena!.shape)}, expected one dimension with room for [${rows},${columns}] at ${offset}`,
      );
    }
    return [{ shape: arena!.shape, dtype: 'f32' }];
  },
  cpu([arena], [y], { attrs: { offset, rows, columns, limit } }) {
    for (let i = 0; i < y!.length; i++) y![i] = arena![i]!;
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let r = 0; r < rows; r++) sum += arena![offset + r * columns + column]! ** 2;
      const norm = Math.sqrt(sum);
      if (norm <= limit) continue;
      for (let r = 0; r < rows; r++) {
        const at = offset + r * columns + column;
        y![at] = arena![at]! * (limit / norm);
      }
    }
  },
  kernels: {
    naive: {
      plan({ attrs }) {
        const { offset, rows, columns, limit } = attrs;
        return {
          dispatches: [
            dispatch(shader, 'max_norm', {
              bindings: { w: output(0) },
              params: { offset, rows, columns, limit },
              workgroups: flatGrid(columns, 64),
            }),
          ],
        };
      },
    },
  },
  grad: null, // a step is not differentiated
  inPlace: { 0: 0 },
  cost: ({ attrs: { rows, columns } }) => ({ flops: 3 * rows * columns, bytes: 12 * rows * columns }),
  // A sum of at most 70 squares in sequence, of which the root passes half; then the root's, a product's and a quotient's own.
  accuracy: { kind: 'mixed', absolute: 0, relative: 60 * 2 ** -24 },
  samples: [
    { inputs: [{ shape: [1] }], attrs: { offset: 0, rows: 1, columns: 1, limit: 0.01 } },
    { inputs: [{ shape: [140] }], attrs: { offset: 0, rows: 2, columns: 70, limit: 1 } },
    { inputs: [{ shape: [150] }], attrs: { offset: 64, rows: 70, columns: 1, limit: 3 } },
    { inputs: [{ shape: [69] }], attrs: { offset: 5, rows: 1, columns: 64, limit: 0.5 } },
    { inputs: [{ shape: [67] }], attrs: { offset: 3, rows: 9, columns: 7, limit: 1e9 } },
  ],
};

/**
 * In the arena, the columns of the weight [rows, columns] from `offset` on that are longer than `limit` made so long; overwrites
 * the arena after its other readers and gives its new contents. OptionError: a limit that is not above 0. ShapeError: a weight
 * that leaves the arena. No gradient.
 */
export function maxNormStep(arena: Tensor, attrs: MaxNormAttrs): Tensor {
  if (!(attrs.limit > 0 && Number.isFinite(Math.fround(attrs.limit)))) {
    throw new OptionError(`maxNorm: the limit is ${attrs.limit}, expected a finite number above 0`);
  }
  return applyOne(maxNormOp, [arena], { ...attrs });
}
