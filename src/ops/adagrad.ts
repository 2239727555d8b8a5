// Adagrad over whole arenas.

import shader from '../../shaders/adagrad.wgsl';
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
  epsilons,
  inferStep,
  type OptimizerArenas,
  skipped,
  step,
  stepKernels,
  withBad,
} from './optimizer_step.ts';

export interface AdagradAttrs {
  readonly epsilon: number;
  /** True: √(accumulator + epsilon). False: √accumulator + epsilon. */
  readonly epsilonInsideRoot: boolean;
  /** Coupled: added to the gradient as weightDecay·w. */
  readonly weightDecay: number;
}

export const adagradOp: Op<AdagradAttrs> = {
  name: 'adagrad',
  infer: (inputs) => inferStep('adagrad', inputs, ['params', 'grads', 'accumulator']),
  cpu([params, grads, accumulator, scalars, firstBad], [w, sums, bad], { attrs }) {
    const { epsilon, epsilonInsideRoot, weightDecay } = attrs;
    const [learningRate, , , scale] = scalars as ArrayLike<number> as [number, number, number, number];
    let lowest = firstBad![0]!;
    for (let i = 0; i < params!.length; i++) {
      const p = params![i]!;
      const old = accumulator![i]!;
      if (scale === 0 || !Number.isFinite(grads![i]!)) {
        if (scale !== 0) lowest = Math.min(lowest, i);
        w![i] = p;
        sums![i] = old;
        continue;
      }
      const g = grads![i]! * scale + weightDecay * p;
      const sum = old + g * g;
      sums![i] = sum;
      w![i] = p - (learningRate * g) / (epsilonInsideRoot ? Math.sqrt(sum + epsilon) : Math.sqrt(sum) + epsilon);
    }
    bad![0] = lowest;
  },
  kernels: stepKernels(
    (attrs, size) =>
      dispatch(shader, 'adagrad_vec4', {
        bindings: {
          w4: output(0),
          grads4: input(1),
          accumulator4: output(1),
          scalars: input(3),
          first_bad: output(2),
        },
        params: { size, ...epsilons(attrs), weight_decay: attrs.weightDecay },
        workgroups: flatGrid(size, 64),
      }),
    (attrs, size) =>
      dispatch(shader, 'adagrad', {
        bindings: { w: output(0), grads: input(1), accumulator: output(1), scalars: input(3), first_bad: output(2) },
        params: { size, ...epsilons(attrs), weight_decay: attrs.weightDecay },
        workgroups: flatGrid(size, 64),
      }),
  ),
  grad: null, // a step is not differentiated
  inPlace: { 0: 0, 1: 2, 2: 4 },
  cost: (types) => ({ flops: 9 * sizeOf(types.inputs[0]!.shape), bytes: bytesMoved(types) }),
  accuracy,
  samples: [
    step(1, ['positive'], adagradAttrs({})),
    step(131, ['positive'], adagradAttrs({ weightDecay: 0.1 })),
    step(70, ['positive'], adagradAttrs({ epsilon: 0.1, epsilonInsideRoot: false })),
    step(64, ['positive'], adagradAttrs({ epsilon: 0.1 })),
    step(300, ['positive'], adagradAttrs({ epsilon: 0.1, epsilonInsideRoot: false, weightDecay: 0.01 })),
    step(9, ['positive'], adagradAttrs({ weightDecay: 0.1 }), withBad(7)),
    step(16, ['positive'], adagradAttrs({}), withBad(2)),
    ...skipped(['positive'], adagradAttrs({ weightDecay: 0.1 })),
    step(5, ['positive'], adagradAttrs({}), withBad(3), 1), // an earlier find stays
  ],
};

function adagradAttrs(attrs: Partial<AdagradAttrs>): AdagradAttrs {
  return attrsOf({ epsilon: 1e-7, epsilonInsideRoot: true, weightDecay: 0 }, attrs);
}

/**
 * One step of Adagrad (Duchi, Hazan and Singer, 2011), in place: with g = grads·scalars[3] + weightDecay·w,
 * accumulator += g² and w −= learningRate·g / √(accumulator + epsilon), or with `epsilonInsideRoot: false`
 * w −= learningRate·g / (√accumulator + epsilon). Elements with a NaN or infinite gradient stay as they are and
 * `firstBad` keeps the lowest of their indices. All arenas f32 [T]; the accumulator must not be negative. ShapeError:
 * shapes or dtypes differ. OptionError: a number out of range. Defaults: Keras's, epsilon 1e-7 inside the root;
 * weightDecay 0.
 */
export function adagradStep(
  { params, grads, accumulator, scalars, firstBad }: OptimizerArenas & { accumulator: Tensor },
  options: Partial<AdagradAttrs> = {},
): { params: Tensor; accumulator: Tensor; firstBad: Tensor } {
  checkOptions('adagrad', options, ['epsilon', 'epsilonInsideRoot', 'weightDecay']);
  const attrs = adagradAttrs(options);
  checkNumber('adagrad', 'epsilon', attrs.epsilon, 2 ** -126);
  checkNumber('adagrad', 'weightDecay', attrs.weightDecay, 0);
  const [w, sums, bad] = apply(adagradOp, [params, grads, accumulator, scalars, firstBad], attrs);
  return { params: w!, accumulator: sums!, firstBad: bad! };
}
