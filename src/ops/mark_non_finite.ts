// The first of many tensors that is not finite, found without reading any.

import shader from '../../shaders/mark_non_finite.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';

export interface MarkAttrs {
  /** A whole number below 0xffffffff. */
  readonly mark: number;
}

/** x of any shape, found u32 [1] -> u32 [1]. */
export const markNonFiniteOp: Op<MarkAttrs> = {
  name: 'mark_non_finite',
  infer([x, found]) {
    expectDType('markNonFinite', 'x', x!, 'f32');
    expectDType('markNonFinite', 'found', found!, 'u32');
    if (!equal(found!.shape, [1]))
      throw new ShapeError(`markNonFinite: found is ${format(found!.shape)}, expected [1]`);
    return [{ shape: [1], dtype: 'u32' }];
  },
  cpu([x, found], [y], { attrs: { mark } }) {
    y![0] = x!.every((value: number) => Number.isFinite(value)) ? found![0]! : Math.min(found![0]!, mark);
  },
  kernels: {
    naive: {
      plan({ inputs, attrs: { mark } }) {
        const size = sizeOf(inputs[0]!.shape);
        return {
          dispatches: [
            dispatch(shader, 'mark_start', { bindings: { found: input(1), start: output(0) }, workgroups: [1] }),
            dispatch(shader, 'mark_non_finite', {
              bindings: { x: input(0), y: output(0) },
              params: { size, mark },
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  },
  grad: null, // a count, of which nothing is differentiated
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [[1], [67], [1, 5], [3, 44]].flatMap((shape, at) =>
    [[], [0], [4, 66]].flatMap((bad) =>
      [0xffffffff, 3].map((found): Sample<MarkAttrs> => {
        // As large as f32 or f16 may be.
        const largest = at % 2 === 0 ? 3e38 : 65504;
        const values = Array.from({ length: sizeOf(shape) }, (_, i) =>
          bad.includes(i) ? [NaN, Infinity, -Infinity][i % 3]! : largest * (1 - i / 256),
        );
        const before = { shape: [1], dtype: 'u32' as const, fill: { values: [found] } };
        return { inputs: [{ shape, fill: { values } }, before], attrs: { mark: 7 } };
      }),
    ),
  ),
};

/** `mark` where an element of `x`, f32, is NaN or infinite and `found` [1] is above it; else what `found` is. No gradient. */
export function markNonFinite(x: Tensor, found: Tensor, mark: number): Tensor {
  return applyOne(markNonFiniteOp, [x, found], { mark });
}
