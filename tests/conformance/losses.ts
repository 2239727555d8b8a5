// ONNX's losses and optimizer steps.

import { sizeOf } from '../../src/core/shape.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import { type Adapter, channelsFirst, channelsLast, type Given, range, type Result } from './case.ts';
import { constant } from './shapes.ts';

/** −weight[label]·logProbability[label] of rows, without those of `ignore_index`, reduced as asked. */
function reduced(given: Given, logs: Tensor): Tensor {
  const labelShape = given.shape(1);
  const count = sizeOf(labelShape);
  const labels = ops.reshape(given.whole(1), [count]);
  const own = ops.nll(ops.reshape(logs, [count, logs.shape.at(-1)!]), labels);
  let weights = given.has(2) ? ops.gather(given.x(2), labels) : ops.full([count], 1);
  if (given.attribute('ignore_index') !== undefined) {
    const counted = ops.notEqual(ops.reshape(given.x(1), [count]), given.number('ignore_index', 0));
    weights = ops.where(counted, weights, 0);
  }
  const weighted = ops.mul(own, weights);
  switch (given.text('reduction', 'mean')) {
    case 'none':
      return ops.reshape(weighted, labelShape);
    case 'sum':
      return ops.sum(weighted);
    default:
      return ops.div(ops.sum(weighted), ops.sum(weights));
  }
}

/** X, G and each moment of all tensors end to end, as arenas have them; the results cut apart again. */
function optimizer(
  given: Given,
  moments: number,
  step: (
    arenas: readonly Tensor[],
    common: { scalars: (rate: number) => Tensor; firstBad: Tensor },
  ) => readonly Tensor[],
): (Result | null)[] {
  const count = (given.count - 2) / (2 + moments);
  const sizes = range(0, count).map((i) => sizeOf(given.shape(2 + i)));
  const joined = range(0, 2 + moments).map((kind) =>
    ops.concat(range(0, count).map((i) => ops.reshape(given.x(2 + kind * count + i), [sizes[i]!]))),
  );
  const scalars = (rate: number) => constant([rate, 1, 1, 1], [4]);
  const [params, ...after] = step(joined, { scalars, firstBad: ops.cast(constant([0], [1], 'i32'), 'u32') });
  return [params!, ...after].flatMap((arena) => (count === 1 ? [arena] : ops.split(arena, sizes)));
}

export const losses: Readonly<Record<string, Adapter>> = {
  NegativeLogLikelihoodLoss: (given) => [reduced(given, given.x(0, channelsLast(given.shape(0).length)))],
  SoftmaxCrossEntropyLoss(given) {
    const rank = given.shape(0).length;
    const logs = ops.logSoftmax(given.x(0, channelsLast(rank)));
    return [reduced(given, logs), { tensor: logs, axes: channelsFirst(rank) }];
  },
  // The rate decays by the step.
  Adagrad: (given) =>
    optimizer(given, 1, ([params, grads, accumulator], { scalars, firstBad }) => {
      const rate = given.numbers(0)[0]! / (1 + given.numbers(1)[0]! * given.number('decay_factor', 0));
      const next = ops.adagradStep(
        { params: params!, grads: grads!, accumulator: accumulator!, scalars: scalars(rate), firstBad },
        {
          epsilon: given.number('epsilon', 1e-6),
          epsilonInsideRoot: false,
          weightDecay: given.number('norm_coefficient', 0),
        },
      );
      return [next.params, next.accumulator];
    }),
  // Bias correction is a factor of the learning rate there.
  Adam: (given) =>
    optimizer(given, 2, ([params, grads, m, v], { scalars, firstBad }) => {
      const [beta1, beta2] = [given.number('alpha', 0.9), given.number('beta', 0.999)];
      const t = given.numbers(1)[0]!;
      const corrected = t > 0 ? Math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t) : 1;
      const next = ops.adamStep(
        { params: params!, grads: grads!, m: m!, v: v!, scalars: scalars(given.numbers(0)[0]! * corrected), firstBad },
        { beta1, beta2, epsilon: given.number('epsilon', 1e-6), weightDecay: given.number('norm_coefficient', 0) },
      );
      return [next.params, next.m, next.v];
    }),
  Momentum: (given) =>
    optimizer(given, 1, ([params, grads, velocity], { scalars, firstBad }) => {
      // beta is a dampening of the gradient after the first step.
      const beta = given.number('beta', 1);
      if (given.numbers(1)[0]! > 0 && beta !== 1) throw new Error('no dampening after the first step');
      const next = ops.sgdStep(
        { params: params!, grads: grads!, velocity: velocity!, scalars: scalars(given.numbers(0)[0]!), firstBad },
        {
          momentum: given.number('alpha', 0),
          nesterov: given.text('mode', 'standard') === 'nesterov',
          weightDecay: given.number('norm_coefficient', 0),
        },
      );
      return [next.params, next.velocity!];
    }),
};
