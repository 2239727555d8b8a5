// The dispatches of RMSprop: each combination of moments has its own entries, because a dispatch binds what it uses.

import shader from '../../shaders/rmsprop.wgsl';
import type { Op } from '../graph/op.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { epsilons, stepKernels } from './optimizer_step.ts';

export interface RmspropAttrs {
  readonly rho: number;
  readonly epsilon: number;
  /** True: √(square + epsilon). False: √square + epsilon. */
  readonly epsilonInsideRoot: boolean;
  readonly momentum: number;
  /** Coupled: added to the gradient as weightDecay·w. */
  readonly weightDecay: number;
}

export type Kernels = Op<RmspropAttrs>['kernels'];

export const plain: Kernels = stepKernels(
  (attrs, size) =>
    dispatch(shader, 'rmsprop_vec4', {
      bindings: { w4: output(0), grads4: input(1), square4: output(1), scalars: input(3), first_bad: output(2) },
      ...gridOf(attrs, size),
    }),
  (attrs, size) =>
    dispatch(shader, 'rmsprop', {
      bindings: { w: output(0), grads: input(1), square: output(1), scalars: input(3), first_bad: output(2) },
      ...gridOf(attrs, size),
    }),
);

export const withMomentum: Kernels = stepKernels(
  (attrs, size) =>
    dispatch(shader, 'rmsprop_momentum_vec4', {
      bindings: {
        w4: output(0),
        grads4: input(1),
        square4: output(1),
        velocity4: output(2),
        scalars: input(4),
        first_bad: output(3),
      },
      ...gridOf(attrs, size),
    }),
  (attrs, size) =>
    dispatch(shader, 'rmsprop_momentum', {
      bindings: {
        w: output(0),
        grads: input(1),
        square: output(1),
        velocity: output(2),
        scalars: input(4),
        first_bad: output(3),
      },
      ...gridOf(attrs, size),
    }),
);

export const centered: Kernels = stepKernels(
  (attrs, size) =>
    dispatch(shader, 'rmsprop_centered_vec4', {
      bindings: {
        w4: output(0),
        grads4: input(1),
        square4: output(1),
        mean4: output(2),
        scalars: input(4),
        first_bad: output(3),
      },
      ...gridOf(attrs, size),
    }),
  (attrs, size) =>
    dispatch(shader, 'rmsprop_centered', {
      bindings: {
        w: output(0),
        grads: input(1),
        square: output(1),
        mean: output(2),
        scalars: input(4),
        first_bad: output(3),
      },
      ...gridOf(attrs, size),
    }),
);

export const centeredWithMomentum: Kernels = stepKernels(
  (attrs, size) =>
    dispatch(shader, 'rmsprop_centered_momentum_vec4', {
      bindings: {
        w4: output(0),
        grads4: input(1),
        square4: output(1),
        mean4: output(2),
        velocity4: output(3),
        scalars: input(5),
        first_bad: output(4),
      },
      ...gridOf(attrs, size),
    }),
  (attrs, size) =>
    dispatch(shader, 'rmsprop_centered_momentum', {
      bindings: {
        w: output(0),
        grads: input(1),
        square: output(1),
        mean: output(2),
        velocity: output(3),
        scalars: input(5),
        first_bad: output(4),
      },
      ...gridOf(attrs, size),
    }),
);

function gridOf({ rho, momentum, weightDecay, ...rest }: RmspropAttrs, size: number) {
  return {
    params: { size, rho, one_minus_rho: 1 - rho, ...epsilons(rest), momentum, weight_decay: weightDecay },
    workgroups: flatGrid(size, 64),
  };
}
