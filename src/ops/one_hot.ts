// Classes as vectors.

import shader from '../../shaders/one_hot.wgsl';
import { checkOptions, OptionError } from '../core/errors.ts';
import { resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import type { Fill, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { reductionOf } from './reduction.ts';

export interface OneHotAttrs {
  readonly depth: number;
  /** Of the result; non-negative. */
  readonly axis: number;
  readonly on: number;
  readonly off: number;
}

export const oneHotOp: Op<OneHotAttrs> = {
  name: 'one_hot',
  infer([indices], { depth, axis }) {
    expectDType('oneHot', 'indices', indices!, 'i32');
    return [{ shape: [...indices!.shape.slice(0, axis), depth, ...indices!.shape.slice(axis)], dtype: 'f32' }];
  },
  cpu([indices], [y], { outputs, attrs: { axis, depth, on, off } }) {
    const { inner } = reductionOf(outputs[0]!.shape, axis);
    y!.fill(off);
    indices!.forEach((index, at) => {
      if (index < -depth || index >= depth) return;
      const v = index < 0 ? index + depth : index;
      y![(Math.floor(at / inner) * depth + v) * inner + (at % inner)] = on;
    });
  },
  kernels: {
    naive: {
      plan: ({ outputs, attrs: { axis, depth, on, off } }) => {
        const size = sizeOf(outputs[0]!.shape);
        const params = { size, depth, inner: reductionOf(outputs[0]!.shape, axis).inner, on, off };
        const bindings = { indices: input(0), y: output(0) };
        return { dispatches: [dispatch(shader, 'one_hot', { bindings, params, workgroups: flatGrid(size, 64) })] };
      },
    },
  },
  grad: null, // of whole numbers
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    sample([5], 1, 4, { below: 4 }),
    sample([], 0, 3, { values: [1] }),
    sample([3, 2], 2, 7, { values: [0, -1, 6, -7, 7, -8] }),
    sample([3, 4], 1, 5, { below: 5 }, 2.5, -1),
    sample([2, 3], 0, 1, { below: 2 }),
    sample([67], 1, 10, { below: 10 }),
    sample([4, 4], 2, 1, { below: 1 }, 2.5, -1),
    sample([4, 4], 1, 1, { below: 1 }),
    sample([4, 4], 0, 3, { below: 3 }, 1, -1),
    sample([], 0, 1, { below: 1 }, 2.5, 0),
    sample([4, 4], 0, 3, { below: 3 }, 2.5, -1),
    sample([], 0, 1, { below: 1 }, 2.5, -1),
  ],
};

function sample(shape: Shape, axis: number, depth: number, fill: Fill, on = 1, off = 0): Sample<OneHotAttrs> {
  return { inputs: [{ shape, dtype: 'i32', fill }], attrs: { axis, depth, on, off } };
}

/**
 * `onValue` (1 unless given) where the new axis of length `depth` meets the index, else `offValue` (0): i32 [N] ->
 * f32 [N, depth], the new axis being the last unless `axis` says which of the result. Negative indices count from the
 * end (ONNX); an index outside is nowhere, so all its numbers are `offValue`. No gradient. OptionError: a depth that is
 * no positive integer or numbers that are not finite. ShapeError: dtype or axis.
 */
export function oneHot(
  indices: Tensor,
  depth: number,
  options: { readonly axis?: number; readonly onValue?: number; readonly offValue?: number } = {},
): Tensor {
  checkOptions('oneHot', options, ['axis', 'onValue', 'offValue']);
  const { axis = -1, onValue = 1, offValue = 0 } = options;
  if (!Number.isInteger(depth) || depth < 1 || depth >= 2 ** 31) {
    throw new OptionError(`oneHot: depth is ${depth}, expected a positive integer`);
  }
  for (const [name, value] of Object.entries({ onValue, offValue })) {
    if (!Number.isFinite(Math.fround(value))) {
      throw new OptionError(`oneHot: ${name} is ${value}, expected a finite number`);
    }
  }
  const at = resolveAxis('oneHot', axis, indices.shape.length + 1);
  return applyOne(oneHotOp, [indices], { axis: at, depth, on: Math.fround(onValue), off: Math.fround(offValue) });
}
