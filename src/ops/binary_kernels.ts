// The ways to run a row of the table of binary.ts on a GPU.

import shader from '../../shaders/binary.wgsl';
import { sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel } from '../graph/op.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { layoutOf, periodOf, rankConstant } from './broadcasting.ts';

export function binaryKernels<A>(
  wgsl: string,
  values: (attrs: A) => readonly [number, number],
): Record<'vec4' | 'scalar' | 'naive', Kernel<A>> {
  const hooks = { combine: wgsl };
  return {
    vec4: {
      fits: (call) => {
        const { size, a, b } = periods(call);
        return a !== null && b !== null && size % 4 === 0 && a % 4 === 0 && b % 4 === 0;
      },
      plan: (call) => {
        const { size, a, b } = periods(call);
        const [p, q] = values(call.attrs);
        return {
          dispatches: [
            dispatch(shader, 'binary_vec4', {
              bindings: { a4: input(0), b4: input(1), y4: output(0) },
              params: { size: size / 4, p, q, a_period: a! / 4, b_period: b! / 4 },
              constants: { A_REPEATS: a !== size, B_REPEATS: b !== size },
              hooks,
              workgroups: flatGrid(size / 4, 64),
            }),
          ],
        };
      },
    },
    scalar: {
      fits: (call) => {
        const { size, a, b } = periods(call);
        return size % 4 === 0 && ((a === size && b === 1) || (a === 1 && b === size));
      },
      plan: (call) => {
        const { size, a } = periods(call);
        const [p, q] = values(call.attrs);
        const [vector, number] = a === 1 ? [1, 0] : [0, 1];
        return {
          dispatches: [
            dispatch(shader, 'binary_scalar', {
              bindings: { a4: input(vector), b: input(number), y4: output(0) },
              params: { size: size / 4, p, q, a_period: 0, b_period: 0 },
              constants: { SCALAR_FIRST: a === 1 },
              hooks,
              workgroups: flatGrid(size / 4, 64),
            }),
          ],
        };
      },
    },
    naive: {
      plan: ({ inputs, outputs, attrs }) => {
        const { shape } = outputs[0]!;
        const size = sizeOf(shape);
        const [p, q] = values(attrs);
        const { lengths, strides } = layoutOf(shape, [inputs[0]!.shape, inputs[1]!.shape]);
        const [a, b] = strides as [number[], number[]];
        return {
          dispatches: [
            dispatch(shader, 'binary', {
              bindings: { a: input(0), b: input(1), y: output(0) },
              params: {
                size,
                p,
                q,
                length_0: lengths[0] ?? 1,
                length_1: lengths[1] ?? 1,
                length_2: lengths[2] ?? 1,
                length_3: lengths[3] ?? 1,
                length_4: lengths[4] ?? 1,
                a_stride_0: a[0] ?? 0,
                a_stride_1: a[1] ?? 0,
                a_stride_2: a[2] ?? 0,
                a_stride_3: a[3] ?? 0,
                a_stride_4: a[4] ?? 0,
                a_stride_5: a[5] ?? 0,
                b_stride_0: b[0] ?? 0,
                b_stride_1: b[1] ?? 0,
                b_stride_2: b[2] ?? 0,
                b_stride_3: b[3] ?? 0,
                b_stride_4: b[4] ?? 0,
                b_stride_5: b[5] ?? 0,
              },
              constants: { RANK: rankConstant(lengths.length) },
              hooks,
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  };
}

/** How often each operand begins again; `size` where it has y's shape. */
function periods({ inputs, outputs }: CallTypes<unknown>): { size: number; a: number | null; b: number | null } {
  const { shape } = outputs[0]!;
  return { size: sizeOf(shape), a: periodOf(shape, inputs[0]!.shape), b: periodOf(shape, inputs[1]!.shape) };
}
