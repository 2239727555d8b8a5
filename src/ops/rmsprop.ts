// RMSprop over whole arenas: plain, centered, with momentum, and both.

import { checkOptions, OptionError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { Fill, Op, Sample } from '../graph/op.ts';
import { attrsOf } from '../graph/live.ts';
import { apply, type Tensor } from '../graph/tensor.ts';
import { bytesMoved } from './copy.ts';
import { accuracy, checkNumber, inferStep, type OptimizerArenas, skipped, step, withBad } from './optimizer_step.ts';
import * as kernels from './rmsprop_kernels.ts';
import type { RmspropAttrs } from './rmsprop_kernels.ts';

type Moment = 'square' | 'mean' | 'velocity';

/** Inputs: params, grads, `moments`, scalars, firstBad. */
function rmspropOpOf(
  name: string,
  moments: readonly Moment[],
  runs: kernels.Kernels,
  samples: readonly Sample<RmspropAttrs>[],
): Op<RmspropAttrs> {
  const count = moments.length;
  const [meanAt, velocityAt] = [moments.indexOf('mean'), moments.indexOf('velocity')];
  return {
    name,
    infer: (inputs) => inferStep('rmsprop', inputs, ['params', 'grads', ...moments]),
    cpu(x, y, { attrs }) {
      const { rho, epsilon, epsilonInsideRoot, momentum, weightDecay } = attrs;
      const [params, grads] = [x[0]!, x[1]!];
      const [learningRate, , , scale] = x[2 + count] as ArrayLike<number> as [number, number, number, number];
      let lowest = x[3 + count]![0]!;
      for (let i = 0; i < params.length; i++) {
        const p = params[i]!;
        const old = moments.map((_, k) => x[2 + k]![i]!);
        if (scale === 0 || !Number.isFinite(grads[i]!)) {
          if (scale !== 0) lowest = Math.min(lowest, i);
          [p, ...old].forEach((value, k) => (y[k]![i] = value));
          continue;
        }
        const g = grads[i]! * scale + weightDecay * p;
        const square = rho * old[0]! + (1 - rho) * g * g;
        y[1]![i] = square;
        let variance = square;
        if (meanAt > 0) {
          const mean = rho * old[meanAt]! + (1 - rho) * g;
          y[1 + meanAt]![i] = mean;
          variance = Math.max(0, square - mean * mean);
        }
        let direction = g / (epsilonInsideRoot ? Math.sqrt(variance + epsilon) : Math.sqrt(variance) + epsilon);
        if (velocityAt > 0) {
          direction += momentum * old[velocityAt]!;
          y[1 + velocityAt]![i] = direction;
        }
        y[0]![i] = p - learningRate * direction;
      }
      y[1 + count]![0] = lowest;
    },
    kernels: runs,
    grad: null, // a step is not differentiated
    inPlace: { 0: 0, ...Object.fromEntries(moments.map((_, k) => [1 + k, 2 + k])), [1 + count]: 3 + count },
    cost: (types) => ({ flops: (6 + 4 * count) * sizeOf(types.inputs[0]!.shape), bytes: bytesMoved(types) }),
    // A velocity takes up g / √square, at most 1 / √(1 − ρ) = 3.2 in samples, after a division and a root of 5 ULP.
    accuracy: velocityAt > 0 ? { kind: 'mixed', absolute: 4e-6, relative: 2 ** -22 } : accuracy,
    samples,
  };
}

/** Means so small that a 'positive' square stays well above their squares. */
const small: Fill = { values: [0.2, -0.15, 0.05, -0.2, 0.1] };

export const rmspropOp = rmspropOpOf('rmsprop', ['square'], kernels.plain, [
  step(1, ['positive'], rmspropAttrs({})),
  step(67, ['positive'], rmspropAttrs({ rho: 0.5, weightDecay: 0.1 })),
  step(130, ['positive'], rmspropAttrs({ epsilon: 0.1, epsilonInsideRoot: false })),
  step(64, ['positive'], rmspropAttrs({ epsilon: 0.1 })),
  step(260, ['positive'], rmspropAttrs({ epsilon: 0.1, epsilonInsideRoot: false, weightDecay: 0.01 })),
  step(8, ['positive'], rmspropAttrs({ rho: 0, epsilon: 0.1, weightDecay: 0.1 })),
  step(5, ['positive'], rmspropAttrs({ rho: 0, epsilon: 0.1, epsilonInsideRoot: false })),
  step(9, ['positive'], rmspropAttrs({ weightDecay: 0.1 }), withBad(5)),
  step(16, ['positive'], rmspropAttrs({}), withBad(4)),
  ...skipped(['positive'], rmspropAttrs({ weightDecay: 0.1 })),
]);

export const rmspropMomentumOp = rmspropOpOf('rmsprop_momentum', ['square', 'velocity'], kernels.withMomentum, [
  step(1, ['positive', 'normal'], rmspropAttrs({ momentum: 0.9 })),
  step(67, ['positive', 'normal'], rmspropAttrs({ momentum: 0.9, rho: 0.5, weightDecay: 0.1 })),
  step(130, ['positive', 'normal'], rmspropAttrs({ momentum: 0.9, epsilon: 0.1, epsilonInsideRoot: false })),
  step(64, ['positive', 'normal'], rmspropAttrs({ momentum: 0.9, epsilon: 0.1 })),
  step(
    260,
    ['positive', 'normal'],
    rmspropAttrs({ momentum: 0.9, epsilon: 0.1, epsilonInsideRoot: false, weightDecay: 0.01 }),
  ),
  step(8, ['positive', 'normal'], rmspropAttrs({ momentum: 0.9, rho: 0, epsilon: 0.1, weightDecay: 0.1 })),
  step(5, ['positive', 'normal'], rmspropAttrs({ momentum: 0.9, rho: 0, epsilon: 0.1, epsilonInsideRoot: false })),
  step(9, ['positive', 'normal'], rmspropAttrs({ momentum: 0.9, weightDecay: 0.1 }), withBad(5)),
  step(16, ['positive', 'normal'], rmspropAttrs({ momentum: 0.9 }), withBad(4)),
  ...skipped(['positive', 'normal'], rmspropAttrs({ momentum: 0.9 })),
]);

export const rmspropCenteredOp = rmspropOpOf('rmsprop_centered', ['square', 'mean'], kernels.centered, [
  step(1, ['positive', small], rmspropAttrs({})),
  step(67, ['positive', small], rmspropAttrs({ rho: 0.5, weightDecay: 0.1 })),
  step(130, ['positive', small], rmspropAttrs({ epsilon: 0.1, epsilonInsideRoot: false })),
  step(64, ['positive', small], rmspropAttrs({ epsilon: 0.1 })),
  step(260, ['positive', small], rmspropAttrs({ epsilon: 0.1, epsilonInsideRoot: false, weightDecay: 0.01 })),
  step(8, ['positive', small], rmspropAttrs({ rho: 0, epsilon: 0.1, weightDecay: 0.1 })),
  step(5, ['positive', small], rmspropAttrs({ rho: 0, epsilon: 0.1, epsilonInsideRoot: false })),
  step(9, ['positive', small], rmspropAttrs({ weightDecay: 0.1 }), withBad(5)),
  step(16, ['positive', small], rmspropAttrs({}), withBad(4)),
  ...skipped(['positive', small], rmspropAttrs({})),
  step(12, ['positive', { values: [2, -3] }], rmspropAttrs({ epsilon: 0.01 })), // square < mean²: counted as 0
  step(7, ['positive', { values: [2, -3] }], rmspropAttrs({ epsilon: 0.1, epsilonInsideRoot: false })),
]);

export const rmspropCenteredMomentumOp = rmspropOpOf(
  'rmsprop_centered_momentum',
  ['square', 'mean', 'velocity'],
  kernels.centeredWithMomentum,
  [
    step(1, ['positive', small, 'normal'], rmspropAttrs({ momentum: 0.9 })),
    step(67, ['positive', small, 'normal'], rmspropAttrs({ momentum: 0.9, rho: 0.5, weightDecay: 0.1 })),
    step(130, ['positive', small, 'normal'], rmspropAttrs({ momentum: 0.9, epsilon: 0.1, epsilonInsideRoot: false })),
    step(64, ['positive', small, 'normal'], rmspropAttrs({ momentum: 0.9, epsilon: 0.1 })),
    step(
      260,
      ['positive', small, 'normal'],
      rmspropAttrs({ momentum: 0.9, epsilon: 0.1, epsilonInsideRoot: false, weightDecay: 0.01 }),
    ),
    step(8, ['positive', small, 'normal'], rmspropAttrs({ momentum: 0.9, rho: 0, epsilon: 0.1, weightDecay: 0.1 })),
    step(
      5,
      ['positive', small, 'normal'],
      rmspropAttrs({ momentum: 0.9, rho: 0, epsilon: 0.1, epsilonInsideRoot: false }),
    ),
    step(9, ['positive', small, 'normal'], rmspropAttrs({ momentum: 0.9, weightDecay: 0.1 }), withBad(5)),
    step(16, ['positive', small, 'normal'], rmspropAttrs({ momentum: 0.9 }), withBad(4)),
    ...skipped(['positive', small, 'normal'], rmspropAttrs({ momentum: 0.9 })),
  ],
);

function rmspropAttrs(attrs: Partial<RmspropAttrs>): RmspropAttrs {
  return attrsOf({ rho: 0.9, epsilon: 1e-7, epsilonInsideRoot: true, momentum: 0, weightDecay: 0 }, attrs);
}

/**
 * One step of RMSprop (Hinton, 2012), in place: with g = grads·scalars[3] + weightDecay·w and
 * square = rho·square + (1 − rho)·g², d = g / √(square + epsilon), or with `epsilonInsideRoot: false`
 * g / (√square + epsilon), and w −= learningRate·d. Given `mean`, the step is centered (Graves, 2013):
 * mean = rho·mean + (1 − rho)·g, and max(0, square − mean²) takes square's place in the root. `velocity` is given when
 * momentum > 0 and only then: velocity = momentum·velocity + d, w −= learningRate·velocity. Elements with a NaN or
 * infinite gradient stay as they are and `firstBad` keeps the lowest of their indices. All arenas f32 [T]; square must
 * not be negative. ShapeError: shapes or dtypes differ. OptionError: a number out of range, velocity missing or not
 * wanted. Defaults: Keras's, rho 0.9, momentum 0, epsilon 1e-7 inside the root; weightDecay 0.
 */
export function rmspropStep(
  arenas: OptimizerArenas & { square: Tensor; mean?: Tensor; velocity?: Tensor },
  options: Partial<RmspropAttrs> = {},
): { params: Tensor; square: Tensor; mean?: Tensor; velocity?: Tensor; firstBad: Tensor } {
  checkOptions('rmsprop', options, ['rho', 'epsilon', 'epsilonInsideRoot', 'momentum', 'weightDecay']);
  const attrs = rmspropAttrs(options);
  checkNumber('rmsprop', 'rho', attrs.rho, 0, 1);
  checkNumber('rmsprop', 'epsilon', attrs.epsilon, 2 ** -126);
  checkNumber('rmsprop', 'momentum', attrs.momentum, 0, 1);
  checkNumber('rmsprop', 'weightDecay', attrs.weightDecay, 0);
  const { params, grads, square, mean, velocity, scalars, firstBad } = arenas;
  if (attrs.momentum > 0 !== (velocity !== undefined)) {
    throw new OptionError(
      `rmsprop: momentum is ${attrs.momentum}, expected ${attrs.momentum > 0 ? 'a' : 'no'} velocity`,
    );
  }
  const [plain, withMomentum] = mean ? [rmspropCenteredOp, rmspropCenteredMomentumOp] : [rmspropOp, rmspropMomentumOp];
  const moments = [square, ...(mean ? [mean] : []), ...(velocity ? [velocity] : [])];
  const [w, ...rest] = apply(velocity ? withMomentum : plain, [params, grads, ...moments, scalars, firstBad], attrs);
  return {
    params: w!,
    square: rest[0]!,
    ...(mean ? { mean: rest[1]! } : {}),
    ...(velocity ? { velocity: rest.at(-2)! } : {}),
    firstBad: rest.at(-1)!,
  };
}

export const rmspropOps = [rmspropOp, rmspropMomentumOp, rmspropCenteredOp, rmspropCenteredMomentumOp] as const;
