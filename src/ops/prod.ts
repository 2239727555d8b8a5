// Products over axes, whose gradient is right where elements are zero.

import shader from '../../shaders/prod.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, type Shape, sizeOf } from '../core/shape.ts';
import type { Fill, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { over, type ReduceOptions } from './reduce.ts';
import { reduceKernels } from './reduce_kernels.ts';
import { type AxisAttrs, inferAxis, reductionOf } from './reduction.ts';

const shapes: readonly [Shape, number, Fill?][] = [
  [[3, 5], 1],
  [[3, 5], 0],
  [[1], 0],
  [[4, 7, 3], 1, 'ties'], // 0, 1 and -1: several zeros to a line, one, or none
  [[6, 2], 1, 'ties'],
  [[1, 2, 67], 1],
  [[2, 9, 12], 1, 'positive'],
  [[9, 129], 1, 'positive'],
  [[2, 257, 4], 1, 'positive'],
];

export const prodOp: Op<AxisAttrs> = {
  name: 'prod',
  infer([x], { axis }) {
    expectDType('prod', 'x', x!, 'f32');
    return [{ shape: inferAxis('prod', x!.shape, axis), dtype: 'f32' }];
  },
  cpu([x], [y], { inputs, attrs }) {
    const { reduced, inner } = reductionOf(inputs[0]!.shape, attrs.axis);
    for (let i = 0; i < y!.length; i++) {
      let product = 1;
      for (let r = 0; r < reduced; r++) product *= x![(Math.floor(i / inner) * reduced + r) * inner + (i % inner)]!;
      y![i] = product;
    }
  },
  kernels: reduceKernels({ wgsl: 'a * b', identity: 1, scale: () => 1 }),
  grad: ({ dy: [dy], x: [x], attrs }) => [dy ? applyOne(prodGradOp, [dy, x!], attrs) : null],
  cost: (call) => ({ flops: sizeOf(call.inputs[0]!.shape), bytes: bytesMoved(call) }),
  // A rounding for each factor: K·u of the result, and as much again for what a device may round worse.
  accuracy: ({ inputs, attrs: { axis } }) => ({
    kind: 'mixed',
    absolute: 2 ** -126,
    relative: 2 * inputs[0]!.shape[axis]! * 2 ** -24,
  }),
  samples: shapes.map(([shape, axis, fill]): Sample<AxisAttrs> => ({
    inputs: [{ shape, ...(fill ? { fill } : {}) }],
    attrs: { axis },
  })),
};

/** dy [outer…, inner…] and x [outer…, length, inner…] -> dx: dy times the product of the other elements. */
export const prodGradOp: Op<AxisAttrs> = {
  name: 'prod_grad',
  infer([dy, x], { axis }) {
    expectDType('prod gradient', 'dy', dy!, 'f32');
    expectDType('prod gradient', 'x', x!, 'f32');
    const expected = inferAxis('prod gradient', x!.shape, axis);
    if (!equal(dy!.shape, expected)) {
      throw new ShapeError(`prod gradient: dy is ${format(dy!.shape)}, expected ${format(expected)}`);
    }
    return [{ shape: x!.shape, dtype: 'f32' }];
  },
  cpu([dy, x], [dx], { inputs, attrs }) {
    const { reduced, inner } = reductionOf(inputs[1]!.shape, attrs.axis);
    for (let i = 0; i < x!.length; i++) {
      const line = Math.floor(i / (reduced * inner));
      const [first, column] = [line * reduced * inner, i % inner];
      let product = dy![line * inner + column]!;
      for (let at = first + column; at < first + reduced * inner; at += inner) if (at !== i) product *= x![at]!;
      dx![i] = product;
    }
  },
  kernels: {
    naive: {
      plan: ({ inputs, attrs }) => {
        const { outer, reduced, inner } = reductionOf(inputs[1]!.shape, attrs.axis);
        const bindings = { dy: input(0), x: input(1), dx: output(0) };
        const call = { bindings, params: { outer, length: reduced, inner }, workgroups: flatGrid(outer * inner, 64) };
        return { dispatches: [dispatch(shader, 'prod_grad', call)] };
      },
    },
  },
  grad: null, // a second derivative, which nothing asks for
  cost: (call) => ({ flops: 3 * sizeOf(call.inputs[1]!.shape), bytes: bytesMoved(call) }),
  accuracy: ({ inputs, attrs: { axis } }) => ({
    kind: 'mixed',
    absolute: 2 ** -126,
    relative: 2 * (inputs[1]!.shape[axis]! + 1) * 2 ** -24,
  }),
  samples: shapes.map(([shape, axis, fill]): Sample<AxisAttrs> => ({
    inputs: [{ shape: shape.filter((_, i) => i !== axis) }, { shape, ...(fill ? { fill } : {}) }],
    attrs: { axis },
  })),
};

/** Π x over `axes`, f32; options as for sums. The gradient is right where elements are 0. */
export const prod = (x: Tensor, options: ReduceOptions = {}): Tensor => over(prodOp, x, options);

export const prodOps = [prodOp, prodGradOp] as const;
