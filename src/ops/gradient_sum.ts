// Gradients summed over batches, so that one step is made of several.

import shader from '../../shaders/gradient_sum.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { apply, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';

/** grads [T], sum [T], place [4], scalars [4] -> sum in place, and the scalars that the step is given. */
export const sumGradientsOp: Op<Record<never, never>> = {
  name: 'sum_gradients',
  infer([grads, sum, place, scalars]) {
    for (const [name, type] of Object.entries({ grads, sum, place, scalars })) {
      expectDType('sumGradients', name, type!, 'f32');
    }
    if (!equal(grads!.shape, sum!.shape))
      throw new ShapeError(`sumGradients: grads is ${format(grads!.shape)}, expected the sum's ${format(sum!.shape)}`);
    for (const { shape } of [place!, scalars!]) {
      if (!equal(shape, [4])) throw new ShapeError(`sumGradients: place or scalars is ${format(shape)}, expected [4]`);
    }
    return [sum!, scalars!].map(({ shape }) => ({ shape, dtype: 'f32' }));
  },
  cpu([grads, sum, place, given], [y, scalars]) {
    const [keep, share, ready] = place as ArrayLike<number> as [number, number, number];
    for (let i = 0; i < y!.length; i++) y![i] = (keep === 0 ? 0 : sum![i]!) + share * grads![i]!;
    for (let i = 0; i < 4; i++) scalars![i] = given![i]! * (i === 3 ? ready : 1);
  },
  kernels: {
    vec4: {
      fits: ({ inputs }) => sizeOf(inputs[0]!.shape) % 4 === 0,
      plan({ inputs }) {
        const size = sizeOf(inputs[0]!.shape) / 4;
        const bindings = { place: input(2), grads4: input(0), sum4: output(0) };
        const add = dispatch(shader, 'add_gradients_vec4', {
          bindings,
          params: { size },
          workgroups: flatGrid(size, 64),
        });
        return { dispatches: [add, gate()] };
      },
    },
    naive: {
      plan({ inputs }) {
        const size = sizeOf(inputs[0]!.shape);
        const bindings = { place: input(2), grads: input(0), sum: output(0) };
        const add = dispatch(shader, 'add_gradients', { bindings, params: { size }, workgroups: flatGrid(size, 64) });
        return { dispatches: [add, gate()] };
      },
    },
  },
  grad: null, // of gradients, behind which nothing is differentiated
  inPlace: { 0: 1 },
  cost: (call) => ({ flops: 2 * sizeOf(call.inputs[0]!.shape), bytes: bytesMoved(call) }),
  accuracy: { kind: 'mixed', absolute: 16 * 2 ** -24, relative: 2 ** -22 }, // of two terms below 8
  samples: [1, 67, 132].flatMap((size) =>
    [
      [0, 0.25, 0],
      [1, 0.5, 0],
      [1, 0.125, 1],
    ].map(([keep, share, ready]): Sample<Record<never, never>> => ({
      inputs: [
        { shape: [size] },
        // What lies there before the first batch is not read.
        keep === 0 ? { shape: [size], fill: { values: Array.from({ length: size }, () => NaN) } } : { shape: [size] },
        { shape: [4], fill: { values: [keep!, share!, ready!, 0] } },
        { shape: [4], fill: { values: [0.01, 1.25, 1.5, 0.5] } },
      ],
      attrs: {},
    })),
  ),
};

const gate = () =>
  dispatch(shader, 'gate_step', {
    bindings: { place: input(2), given: input(3), scalars: output(1) },
    workgroups: [1],
  });

/**
 * `sum` overwritten with (place[0] ≠ 0 ? sum : 0) + place[1]·grads, and scalars whose last number, the gradients' factor, is
 * multiplied by place[2]: 0 before the last batch of a group, so that the step changes nothing, and 1 then. ShapeError: grads
 * and sum of two shapes, or place or scalars not [4]. No gradient.
 */
export function sumGradients(
  grads: Tensor,
  sum: Tensor,
  place: Tensor,
  scalars: Tensor,
): { gradients: Tensor; scalars: Tensor } {
  const [gradients, gated] = apply(sumGradientsOp, [grads, sum, place, scalars], {});
  return { gradients: gradients!, scalars: gated! };
}
