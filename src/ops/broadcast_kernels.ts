// The ways to repeat a tensor to a larger shape on a GPU.

import shader from '../../shaders/broadcast_to.wgsl';
import { type Shape, sizeOf } from '../core/shape.ts';
import type { Kernel } from '../graph/op.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { layoutOf, periodOf, rankConstant } from './broadcasting.ts';

export interface BroadcastAttrs {
  readonly shape: Shape;
  readonly scale: number;
}

export const broadcastKernels: Readonly<Record<string, Kernel<BroadcastAttrs>>> = {
  vec4: {
    fits: ({ inputs, attrs }) => {
      const period = periodOf(attrs.shape, inputs[0]!.shape);
      return period !== null && period % 4 === 0;
    },
    plan: ({ inputs, attrs: { shape, scale } }) => {
      const size = sizeOf(shape) / 4;
      const period = periodOf(shape, inputs[0]!.shape)! / 4;
      const call = { bindings: { x4: input(0), y4: output(0) }, params: { size, scale, period } };
      return {
        dispatches: [dispatch(shader, 'broadcast_to_vec4', { ...call, workgroups: flatGrid(size, 64) })],
      };
    },
  },
  scalar: {
    fits: ({ inputs, attrs }) => sizeOf(inputs[0]!.shape) === 1 && sizeOf(attrs.shape) % 4 === 0,
    plan: ({ attrs: { shape, scale } }) => {
      const size = sizeOf(shape) / 4;
      const call = { bindings: { x: input(0), y4: output(0) }, params: { size, scale, period: 0 } };
      return {
        dispatches: [dispatch(shader, 'broadcast_to_scalar', { ...call, workgroups: flatGrid(size, 64) })],
      };
    },
  },
  naive: {
    plan: ({ inputs, attrs: { shape, scale } }) => {
      const size = sizeOf(shape);
      const { lengths, strides } = layoutOf(shape, [inputs[0]!.shape]);
      const steps = strides[0]!;
      const params = {
        size,
        scale,
        length_0: lengths[0] ?? 1,
        length_1: lengths[1] ?? 1,
        length_2: lengths[2] ?? 1,
        length_3: lengths[3] ?? 1,
        length_4: lengths[4] ?? 1,
        stride_0: steps[0] ?? 0,
        stride_1: steps[1] ?? 0,
        stride_2: steps[2] ?? 0,
        stride_3: steps[3] ?? 0,
        stride_4: steps[4] ?? 0,
        stride_5: steps[5] ?? 0,
      };
      const constants = { RANK: rankConstant(lengths.length) };
      const call = { bindings: { x: input(0), y: output(0) }, params, constants, workgroups: flatGrid(size, 64) };
      return { dispatches: [dispatch(shader, 'broadcast_to', call)] };
    },
  },
};
