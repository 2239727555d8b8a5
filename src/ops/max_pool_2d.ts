// The largest value of each window.

import shader from '../../shaders/max_pool_2d.wgsl';
import { sizeOf } from '../core/shape.ts';
import type { CallTypes, KernelPlan, Op, Sample } from '../graph/op.ts';
import { applyOne } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { bytesMoved } from './copy.ts';
import { maxPool2dGradOp } from './max_pool_2d_grad.ts';
import {
  eachWindowElement,
  imageOf,
  isNine,
  isSquares,
  poolCall,
  poolCases,
  pooledShape,
  windowOf,
} from './max_pool_2d_sizes.ts';
import { checkImage, checkPool, type Window2d } from './window.ts';

type Entry = 'max_pool_2d_squares_vec4' | 'max_pool_2d_nine_vec4' | 'max_pool_2d_vec4';

function inFours(entry: Entry, { inputs, outputs, attrs }: CallTypes<Window2d>): KernelPlan {
  const rest = poolCall(4, { image: imageOf(inputs[0]!.shape), attrs }, sizeOf(outputs[0]!.shape));
  return { dispatches: [dispatch(shader, entry, { bindings: { x4: input(0), y4: output(0) }, ...rest })] };
}

export const maxPool2dOp: Op<Window2d> = {
  name: 'max_pool_2d',
  infer([x], window) {
    const image = checkImage('maxPool2d', x!, window);
    checkPool('maxPool2d', window);
    return [{ shape: pooledShape(image, window), dtype: 'f32' }];
  },
  cpu([x], [y], { inputs, attrs }) {
    y!.fill(-Infinity);
    eachWindowElement(imageOf(inputs[0]!.shape), attrs, (to, from) => {
      if (x![from]! > y![to]! || Number.isNaN(x![from]!)) y![to] = x![from]!;
    });
  },
  kernels: {
    squares_vec4: {
      fits: ({ inputs, attrs }) => isSquares(imageOf(inputs[0]!.shape), attrs),
      plan: (types) => inFours('max_pool_2d_squares_vec4', types),
    },
    nine_vec4: {
      fits: ({ inputs, attrs }) => isNine(imageOf(inputs[0]!.shape), attrs),
      plan: (types) => inFours('max_pool_2d_nine_vec4', types),
    },
    vec4: {
      fits: ({ inputs }) => inputs[0]!.shape[3]! % 4 === 0,
      plan: (types) => inFours('max_pool_2d_vec4', types),
    },
    naive: {
      plan({ inputs, outputs, attrs }) {
        const rest = poolCall(1, { image: imageOf(inputs[0]!.shape), attrs }, sizeOf(outputs[0]!.shape));
        return { dispatches: [dispatch(shader, 'max_pool_2d', { bindings: { x: input(0), y: output(0) }, ...rest })] };
      },
    },
  },
  grad: ({ dy, x, attrs }) => [applyOne(maxPool2dGradOp, [dy[0]!, x[0]!], attrs)],
  cost: (types) => ({
    flops: sizeOf(types.outputs[0]!.shape) * types.attrs.kernel[0] * types.attrs.kernel[1],
    bytes: bytesMoved(types),
  }),
  accuracy: { kind: 'exact' },
  // Without ties, where the maximum has no derivative; the gradient kernel's samples have them.
  samples: poolCases.map((one): Sample<Window2d> => ({
    inputs: [{ shape: one.shape, fill: 'distinct' }],
    attrs: windowOf(one),
  })),
};

export const maxPool2dOps = [maxPool2dOp, maxPool2dGradOp] as const;
