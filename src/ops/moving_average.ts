// The update of running statistics: a variable drawn towards a value, in place.

import shader from '../../shaders/moving_average.wgsl';
import { OptionError, ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Op } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

interface Attrs {
  readonly momentum: number;
}

export const movingAverageOp: Op<Attrs> = {
  name: 'moving_average',
  infer([variable, value]) {
    expectDType('movingAverage', 'the variable', variable!, 'f32');
    expectDType('movingAverage', 'the value', value!, 'f32');
    if (!equal(variable!.shape, value!.shape)) {
      throw new ShapeError(
        `movingAverage: the value is ${format(value!.shape)}, expected the variable's shape ${format(variable!.shape)}`,
      );
    }
    return [{ shape: variable!.shape, dtype: 'f32' }];
  },
  cpu([variable, value], [y], { attrs: { momentum } }) {
    for (let i = 0; i < y!.length; i++) y![i] = momentum * variable![i]! + (1 - momentum) * value![i]!;
  },
  kernels: {
    naive: {
      plan({ outputs, attrs: { momentum } }) {
        const size = sizeOf(outputs[0]!.shape);
        return {
          dispatches: [
            dispatch(shader, 'moving_average', {
              bindings: { x: input(1), y: output(0) },
              params: { size, momentum, fresh: 1 - momentum },
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  },
  grad: null, // a variable's new value is for the next step
  inPlace: { 0: 0 },
  cost: ({ outputs }) => ({ flops: 3 * sizeOf(outputs[0]!.shape), bytes: 12 * sizeOf(outputs[0]!.shape) }),
  accuracy: { kind: 'mixed', absolute: 1e-6, relative: 0 }, // of two terms below 6
  samples: [
    [[1], 0.9],
    [[3, 5], 0.99],
    [[1, 7], 0.9],
    [[64], 0],
    [[130], 0.5],
  ].map(([shape, momentum]) => ({
    inputs: [{ shape: shape as number[] }, { shape: shape as number[] }],
    attrs: { momentum: momentum as number },
  })),
};

/**
 * Overwrites `variable` with momentum·variable + (1 − momentum)·value after its other readers have run, and gives the
 * new contents: `momentum` is the fraction of the old that is kept (Keras). OptionError: momentum outside [0, 1].
 * ShapeError: shapes differ or are not f32. No gradient.
 */
export function movingAverage(variable: Tensor, value: Tensor, momentum: number): Tensor {
  if (!(momentum >= 0 && momentum <= 1)) {
    throw new OptionError(`movingAverage: momentum is ${momentum}, expected a number from 0 to 1`);
  }
  return applyOne(movingAverageOp, [variable, value], { momentum });
}
