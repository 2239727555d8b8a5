// A tensor filled with one number.

import shader from '../../shaders/full.wgsl';
import { OptionError } from '../core/errors.ts';
import { type Shape, sizeOf } from '../core/shape.ts';
import type { Op } from '../graph/op.ts';
import { applyOne, type Tensor } from '../graph/tensor.ts';
import { dispatch, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

export interface FullAttrs {
  readonly shape: Shape;
  readonly value: number;
}

export const fullOp: Op<FullAttrs> = {
  name: 'full',
  infer(_, { shape, value }) {
    if (!Number.isFinite(Math.fround(value))) throw new OptionError(`full: value must be finite in f32, got ${value}`);
    return [{ shape, dtype: 'f32' }];
  },
  cpu(_, [y], { attrs }) {
    y!.fill(attrs.value);
  },
  kernels: {
    vec4: {
      fits: ({ attrs }) => sizeOf(attrs.shape) % 4 === 0,
      plan: ({ attrs }) => {
        const size = sizeOf(attrs.shape) / 4;
        const call = {
          bindings: { y4: output(0) },
          params: { size, value: attrs.value },
          workgroups: flatGrid(size, 64),
        };
        return { dispatches: [dispatch(shader, 'full_vec4', call)] };
      },
    },
    naive: {
      plan: ({ attrs }) => {
        const size = sizeOf(attrs.shape);
        const call = {
          bindings: { y: output(0) },
          params: { size, value: attrs.value },
          workgroups: flatGrid(size, 64),
        };
        return { dispatches: [dispatch(shader, 'full', call)] };
      },
    },
  },
  grad: () => [],
  cost: ({ attrs }) => ({ flops: 0, bytes: 4 * sizeOf(attrs.shape) }),
  accuracy: { kind: 'exact' },
  samples: [
    { inputs: [], attrs: { shape: [], value: -1.5 } },
    { inputs: [], attrs: { shape: [3, 5, 7], value: 0.25 } },
    { inputs: [], attrs: { shape: [1, 4], value: 0 } },
    { inputs: [], attrs: { shape: [67, 12], value: 2 ** 127 } },
    { inputs: [], attrs: { shape: [2, 4], value: -3 } },
  ],
};

/**
 * y[i] = value, an f32 tensor of `shape`. Throws an OptionError where `value` is not finite in f32 and a ShapeError
 * where `shape` is not one.
 */
export function full(shape: Shape, value: number): Tensor {
  return applyOne(fullOp, [], { shape: [...shape], value: Math.fround(value) });
}
