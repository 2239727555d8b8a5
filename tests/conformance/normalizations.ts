// ONNX's normalizations, and dropout where nothing is drawn.

import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import { type Adapter, channelsFirst, channelsLast, type Given, range, type Result, Skip } from './case.ts';

const lastly = (tensor: Tensor): Result => ({ tensor, axes: channelsFirst(tensor.shape.length) });
const image = (given: Given): Tensor => given.x(0, channelsLast(given.shape(0).length));
const epsilonOf = (given: Given): number => given.number('epsilon', 1e-5);

/** The axes from `axis` to the last. */
function trailing(given: Given): number[] {
  const rank = given.shape(0).length;
  const axis = given.number('axis', -1);
  return range(axis < 0 ? axis + rank : axis, rank);
}

export const normalizations: Readonly<Record<string, Adapter>> = {
  BatchNormalization(given) {
    const x = image(given);
    const [gamma, beta, mean, variance] = [given.x(1), given.x(2), given.x(3), given.x(4)];
    const epsilon = epsilonOf(given);
    if (given.number('training_mode', 0) === 0) {
      return [lastly(ops.normalizeWith(x, { mean, variance, gamma, beta }, { epsilon }))];
    }
    // The biased variance goes into the running one, as here.
    const kept = given.number('momentum', 0.9);
    const batch = ops.batchNormalization(x, { gamma, beta, epsilon });
    const moved = (old: Tensor, now: Tensor) => ops.add(ops.mul(old, kept), ops.mul(now, 1 - kept));
    return [lastly(batch.y), moved(mean, batch.mean), moved(variance, batch.variance)];
  },
  Dropout(given) {
    const ratio = given.has(1) ? given.numbers(1)[0]! : given.number('ratio', 0.5);
    const training = given.has(2) && given.numbers(2)[0] === 1;
    if (training && ratio !== 0) throw new Skip('not deterministic');
    const x = given.x(0);
    return [ops.copy(x), ops.full(x.shape, 1)];
  },
  GroupNormalization: (given) => [
    lastly(
      ops.groupNormalization(image(given), {
        groups: given.number('num_groups', 1),
        gamma: given.x(1),
        beta: given.x(2),
        epsilon: epsilonOf(given),
      }),
    ),
  ],
  InstanceNormalization: (given) => [
    lastly(ops.instanceNormalization(image(given), { gamma: given.x(1), beta: given.x(2), epsilon: epsilonOf(given) })),
  ],
  LayerNormalization(given) {
    const x = given.x(0);
    const axes = trailing(given);
    const epsilon = epsilonOf(given);
    const y = ops.layerNormalization(x, { axes, gamma: given.x(1), beta: given.x(2), epsilon });
    const kept = { axes, keepDims: true };
    return [y, ops.mean(x, kept), ops.rsqrt(ops.add(ops.variance(x, kept), epsilon))];
  },
  LpNormalization(given) {
    const x = given.x(0);
    const axes = given.number('axis', -1);
    const length = ops.norm(x, { axes, order: given.number('p', 2), keepDims: true });
    // Of zeros, zeros.
    return [ops.div(x, ops.where(ops.equal(length, 0), 1, length))];
  },
  MeanVarianceNormalization(given) {
    const x = given.x(0);
    const kept = { axes: given.list('axes') ?? [0, 2, 3], keepDims: true };
    return [ops.div(ops.sub(x, ops.mean(x, kept)), ops.std(x, kept))];
  },
  RMSNormalization: (given) => [
    ops.rmsNormalization(given.x(0), { axes: trailing(given), gamma: given.x(1), epsilon: epsilonOf(given) }),
  ],
};
