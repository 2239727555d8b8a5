// Adam and AdamW over whole arenas, with the forms and names of PyTorch.

import shader from '../../shaders/adam.wgsl';
import { checkOptions } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { Op } from '../graph/op.ts';
import { attrsOf } from '../graph/live.ts';
import { apply, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import {
  accuracy,
  checkNumber,
  inferStep,
  type OptimizerArenas,
  skipped,
  step,
  stepKernels,
  withBad,
} from './optimizer_step.ts';

export interface AdamAttrs {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** True: w shrinks by learningRate·weightDecay·w (AdamW). False: weightDecay·w is added to the gradient (Adam). */
  readonly decoupled: boolean;
}

/** How samples draw m and v; a mean square is positive. */
const drawn = ['normal', 'positive'] as const;

export const adamOp: Op<AdamAttrs> = {
  name: 'adam',
  infer: (inputs) => inferStep('adam', inputs, ['params', 'grads', 'm', 'v']),
  cpu([params, grads, means, squares, scalars, firstBad], [w, m, v, bad], { attrs }) {
    const { beta1, beta2, epsilon, weightDecay, decoupled } = attrs;
    const [learningRate, correction1, correction2, scale] = scalars as ArrayLike<number> as [
      number,
      number,
      number,
      number,
    ];
    let lowest = firstBad![0]!;
    for (let i = 0; i < params!.length; i++) {
      const p = params![i]!;
      const mean = means![i]!;
      const square = squares![i]!;
      if (scale === 0 || !Number.isFinite(grads![i]!)) {
        if (scale !== 0) lowest = Math.min(lowest, i);
        w![i] = p;
        m![i] = mean;
        v![i] = square;
        continue;
      }
      const g = grads![i]! * scale + (decoupled ? 0 : weightDecay * p);
      const nextMean = beta1 * mean + (1 - beta1) * g;
      const nextSquare = beta2 * square + (1 - beta2) * g * g;
      const direction = (nextMean * correction1) / (Math.sqrt(nextSquare * correction2) + epsilon);
      m![i] = nextMean;
      v![i] = nextSquare;
      w![i] = p - learningRate * (direction + (decoupled ? weightDecay * p : 0));
    }
    bad![0] = lowest;
  },
  kernels: stepKernels(
    (attrs, size) =>
      dispatch(shader, 'adam_vec4', {
        bindings: {
          w4: output(0),
          grads4: input(1),
          m4: output(1),
          v4: output(2),
          scalars: input(4),
          first_bad: output(3),
        },
        params: adamParams(attrs, size),
        workgroups: flatGrid(size, 64),
      }),
    (attrs, size) =>
      dispatch(shader, 'adam', {
        bindings: {
          w: output(0),
          grads: input(1),
          m: output(1),
          v: output(2),
          scalars: input(4),
          first_bad: output(3),
        },
        params: adamParams(attrs, size),
        workgroups: flatGrid(size, 64),
      }),
  ),
  grad: null, // a step is not differentiated
  inPlace: { 0: 0, 1: 2, 2: 3, 3: 5 },
  cost: (types) => ({ flops: 17 * sizeOf(types.inputs[0]!.shape), bytes: bytesMoved(types) }),
  accuracy,
  samples: [
    step(1, drawn, adamAttrs({})),
    step(131, drawn, adamAttrs({ weightDecay: 0.1 })),
    step(70, drawn, adamAttrs({ weightDecay: 0.01, decoupled: true })),
    step(64, drawn, adamAttrs({})),
    step(300, drawn, adamAttrs({ beta1: 0.5, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.1, decoupled: true })),
    step(68, drawn, adamAttrs({ weightDecay: 0.01 })),
    step(8, drawn, adamAttrs({ beta1: 0, weightDecay: 0.1 })),
    step(7, drawn, adamAttrs({ beta2: 0, epsilon: 0.1, decoupled: true })),
    step(4, drawn, adamAttrs({ beta1: 0, beta2: 0, epsilon: 0.1, decoupled: true })),
    step(5, drawn, adamAttrs({ beta2: 0, epsilon: 0.1, weightDecay: 0.1 })),
    step(9, drawn, adamAttrs({ weightDecay: 0.1 }), withBad(7)),
    step(16, drawn, adamAttrs({ weightDecay: 0.1, decoupled: true }), withBad(2)),
    ...skipped(drawn, adamAttrs({ weightDecay: 0.1 })),
  ],
};

function adamParams({ beta1, beta2, epsilon, weightDecay, decoupled }: AdamAttrs, size: number) {
  return {
    size,
    beta1,
    one_minus_beta1: 1 - beta1,
    beta2,
    one_minus_beta2: 1 - beta2,
    epsilon,
    weight_decay: decoupled ? 0 : weightDecay,
    decoupled_decay: decoupled ? weightDecay : 0,
  };
}

function adamAttrs(attrs: Partial<AdamAttrs>): AdamAttrs {
  return attrsOf({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false }, attrs);
}

/**
 * One step of Adam (Kingma and Ba, 2015) in PyTorch's form, in place: with g = grads·scalars[3], plus weightDecay·w
 * unless decoupled, m = beta1·m + (1 − beta1)·g, v = beta2·v + (1 − beta2)·g²,
 * w −= learningRate·(m·scalars[1]) / (√(v·scalars[2]) + epsilon), and with `decoupled` (AdamW, Loshchilov and Hutter,
 * 2019) also w −= learningRate·weightDecay·w. Elements with a NaN or infinite gradient stay as they are and `firstBad`
 * keeps the lowest of their indices. All arenas f32 [T]. ShapeError: shapes or dtypes differ. OptionError: a number out
 * of range. Defaults: PyTorch's, beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0, coupled.
 */
export function adamStep(
  { params, grads, m, v, scalars, firstBad }: OptimizerArenas & { m: Tensor; v: Tensor },
  options: Partial<AdamAttrs> = {},
): { params: Tensor; m: Tensor; v: Tensor; firstBad: Tensor } {
  checkOptions('adam', options, ['beta1', 'beta2', 'epsilon', 'weightDecay', 'decoupled']);
  const attrs = adamAttrs(options);
  checkNumber('adam', 'beta1', attrs.beta1, 0, 1);
  checkNumber('adam', 'beta2', attrs.beta2, 0, 1);
  checkNumber('adam', 'epsilon', attrs.epsilon, 2 ** -126);
  checkNumber('adam', 'weightDecay', attrs.weightDecay, 0);
  const [w, mean, square, bad] = apply(adamOp, [params, grads, m, v, scalars, firstBad], attrs);
  return { params: w!, m: mean!, v: square!, firstBad: bad! };
}
