// Stochastic gradient descent over whole arenas, with the forms and names of PyTorch.

import shader from '../../shaders/sgd.wgsl';
import { checkOptions, OptionError } from '../core/errors.ts';
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

export interface SgdAttrs {
  /** Coupled: added to the gradient as weightDecay·w. */
  readonly weightDecay: number;
}

export interface SgdMomentumAttrs extends SgdAttrs {
  readonly momentum: number;
  readonly nesterov: boolean;
}

export const sgdOp: Op<SgdAttrs> = {
  name: 'sgd',
  infer: (inputs) => inferStep('sgd', inputs, ['params', 'grads']),
  cpu([params, grads, scalars, firstBad], [w, bad], { attrs }) {
    const [learningRate, , , scale] = scalars as ArrayLike<number> as [number, number, number, number];
    let lowest = firstBad![0]!;
    for (let i = 0; i < params!.length; i++) {
      const p = params![i]!;
      if (scale === 0 || !Number.isFinite(grads![i]!)) {
        if (scale !== 0) lowest = Math.min(lowest, i);
        w![i] = p;
      } else w![i] = p - learningRate * (grads![i]! * scale + attrs.weightDecay * p);
    }
    bad![0] = lowest;
  },
  kernels: stepKernels(
    (attrs, size) =>
      dispatch(shader, 'sgd_vec4', {
        bindings: { w4: output(0), grads4: input(1), scalars: input(2), first_bad: output(1) },
        params: { size, weight_decay: attrs.weightDecay, momentum: 0 },
        workgroups: flatGrid(size, 64),
      }),
    (attrs, size) =>
      dispatch(shader, 'sgd', {
        bindings: { w: output(0), grads: input(1), scalars: input(2), first_bad: output(1) },
        params: { size, weight_decay: attrs.weightDecay, momentum: 0 },
        workgroups: flatGrid(size, 64),
      }),
  ),
  grad: null, // a step is not differentiated
  inPlace: { 0: 0, 1: 3 },
  cost: (types) => ({ flops: 5 * sizeOf(types.inputs[0]!.shape), bytes: bytesMoved(types) }),
  accuracy,
  samples: [
    step(1, [], { weightDecay: 0 }),
    step(67, [], { weightDecay: 0 }),
    step(130, [], { weightDecay: 0.1 }),
    step(64, [], { weightDecay: 0 }),
    step(260, [], { weightDecay: 0.01 }),
    step(9, [], { weightDecay: 0.1 }, withBad(5)),
    step(16, [], { weightDecay: 0.1 }, withBad(4)),
    ...skipped([], { weightDecay: 0.1 }),
    step(20, [], { weightDecay: 0 }, withBad(9), 3), // an earlier find stays
  ],
};

export const sgdMomentumOp: Op<SgdMomentumAttrs> = {
  name: 'sgd_momentum',
  infer: (inputs) => inferStep('sgd', inputs, ['params', 'grads', 'velocity']),
  cpu([params, grads, velocity, scalars, firstBad], [w, v, bad], { attrs }) {
    const { momentum, nesterov, weightDecay } = attrs;
    const [learningRate, , , scale] = scalars as ArrayLike<number> as [number, number, number, number];
    let lowest = firstBad![0]!;
    for (let i = 0; i < params!.length; i++) {
      const p = params![i]!;
      const old = velocity![i]!;
      if (scale === 0 || !Number.isFinite(grads![i]!)) {
        if (scale !== 0) lowest = Math.min(lowest, i);
        w![i] = p;
        v![i] = old;
        continue;
      }
      const g = grads![i]! * scale + weightDecay * p;
      const next = momentum * old + g;
      v![i] = next;
      w![i] = p - learningRate * (nesterov ? g + momentum * next : next);
    }
    bad![0] = lowest;
  },
  kernels: stepKernels(
    (attrs, size) =>
      dispatch(shader, 'sgd_momentum_vec4', {
        bindings: { w4: output(0), grads4: input(1), v4: output(1), scalars: input(3), first_bad: output(2) },
        params: { size, weight_decay: attrs.weightDecay, momentum: attrs.momentum },
        constants: { NESTEROV: attrs.nesterov },
        workgroups: flatGrid(size, 64),
      }),
    (attrs, size) =>
      dispatch(shader, 'sgd_momentum', {
        bindings: { w: output(0), grads: input(1), v: output(1), scalars: input(3), first_bad: output(2) },
        params: { size, weight_decay: attrs.weightDecay, momentum: attrs.momentum },
        constants: { NESTEROV: attrs.nesterov },
        workgroups: flatGrid(size, 64),
      }),
  ),
  grad: null, // a step is not differentiated
  inPlace: { 0: 0, 1: 2, 2: 4 },
  cost: (types) => ({ flops: 7 * sizeOf(types.inputs[0]!.shape), bytes: bytesMoved(types) }),
  accuracy,
  samples: [
    step(1, ['normal'], { momentum: 0.9, nesterov: false, weightDecay: 0 }),
    step(131, ['normal'], { momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    step(68, ['normal'], { momentum: 0.5, nesterov: false, weightDecay: 0.1 }),
    step(300, ['normal'], { momentum: 0.9, nesterov: true, weightDecay: 0 }),
    step(9, ['normal'], { momentum: 0.9, nesterov: true, weightDecay: 0.1 }, withBad(8)),
    step(16, ['normal'], { momentum: 0.9, nesterov: false, weightDecay: 0 }, withBad(6)),
    ...skipped(['normal'], { momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
  ],
};

/**
 * One step of stochastic gradient descent in PyTorch's form, in place: with g = grads·scalars[3] + weightDecay·w,
 * v = momentum·v + g and w −= learningRate·v, or with `nesterov` w −= learningRate·(g + momentum·v). `velocity` is given
 * when momentum > 0 and only then. Elements with a NaN or infinite gradient stay as they are and `firstBad` keeps the
 * lowest of their indices. All arenas f32 [T]. ShapeError: shapes or dtypes differ. OptionError: a number out of range,
 * nesterov without momentum, velocity missing or not wanted. Defaults: PyTorch's, momentum 0, nesterov false,
 * weightDecay 0.
 */
export function sgdStep(
  { params, grads, velocity, scalars, firstBad }: OptimizerArenas & { velocity?: Tensor },
  options: { momentum?: number; nesterov?: boolean; weightDecay?: number } = {},
): { params: Tensor; velocity?: Tensor; firstBad: Tensor } {
  checkOptions('sgd', options, ['momentum', 'nesterov', 'weightDecay']);
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  checkNumber('sgd', 'momentum', momentum, 0, 1);
  checkNumber('sgd', 'weightDecay', weightDecay, 0);
  if (nesterov && momentum === 0) throw new OptionError('sgd: nesterov needs a momentum above 0, got 0');
  if (momentum > 0 !== (velocity !== undefined)) {
    throw new OptionError(`sgd: momentum is ${momentum}, expected ${momentum > 0 ? 'a' : 'no'} velocity`);
  }
  if (!velocity) {
    const [w, bad] = apply(sgdOp, [params, grads, scalars, firstBad], attrsOf({ weightDecay }, options));
    return { params: w!, firstBad: bad! };
  }
  const inputs = [params, grads, velocity, scalars, firstBad];
  const [w, v, bad] = apply(sgdMomentumOp, inputs, attrsOf({ momentum, nesterov, weightDecay }, options));
  return { params: w!, velocity: v!, firstBad: bad! };
}

export const sgdOps = [sgdOp, sgdMomentumOp] as const;
