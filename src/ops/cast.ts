// A tensor's numbers as another type; and a tensor through which no gradient flows.

import shader from '../../shaders/cast.wgsl';
import { sizeOf } from '../core/shape.ts';
import type { CallTypes, Op } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { castHalf, castHalfOp } from './cast_half.ts';
import { bytesMoved } from './copy.ts';

export interface CastAttrs {
  readonly dtype: 'f32' | 'i32' | 'u32';
}

function castDispatch({ inputs, attrs: { dtype } }: CallTypes<CastAttrs>) {
  const size = sizeOf(inputs[0]!.shape);
  const call = { params: { size }, workgroups: flatGrid(size, 64) };
  const [x, y] = [input(0), output(0)];
  switch (`${inputs[0]!.dtype} ${dtype}`) {
    case 'f32 i32':
      return dispatch(shader, 'cast_f32_to_i32', { bindings: { x_f32: x, y_i32: y }, ...call });
    case 'f32 u32':
      return dispatch(shader, 'cast_f32_to_u32', { bindings: { x_f32: x, y_u32: y }, ...call });
    case 'i32 f32':
      return dispatch(shader, 'cast_i32_to_f32', { bindings: { x_i32: x, y_f32: y }, ...call });
    case 'u32 f32':
      return dispatch(shader, 'cast_u32_to_f32', { bindings: { x_u32: x, y_f32: y }, ...call });
    default:
      return dispatch(shader, 'cast_bits', { bindings: { x_u32: x, y_u32: y }, ...call });
  }
}

const limits = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;

export const castOp: Op<CastAttrs> = {
  name: 'cast',
  elementwise: {
    numbers: () => [],
    // As in shaders/cast.wgsl.
    wgsl([x], _, { inputs, attrs: { dtype } }) {
      if (inputs[0]!.dtype !== 'f32') return dtype === 'f32' ? `f32(${x})` : `bitcast<${dtype}>(${x})`;
      return dtype === 'i32'
        ? `select(i32(clamp(${x}, -2147483648.0, 2147483520.0)), 2147483647, ${x} >= 2147483648.0)`
        : `select(u32(clamp(${x}, 0.0, 4294967040.0)), 4294967295u, ${x} >= 4294967296.0)`;
    },
  },
  infer([x], { dtype }) {
    expectDType('cast', 'x', x!, 'f32', 'i32', 'u32');
    return [{ shape: x!.shape, dtype }];
  },
  cpu([x], [y], { inputs, attrs: { dtype } }) {
    const fraction = inputs[0]!.dtype === 'f32' && dtype !== 'f32';
    const [lowest, highest] = dtype === 'f32' ? [0, 0] : limits[dtype];
    for (let i = 0; i < y!.length; i++) {
      y![i] = fraction ? Math.min(highest, Math.max(lowest, Math.trunc(x![i]!))) : x![i]!;
    }
  },
  kernels: { naive: { plan: (call) => ({ dispatches: [castDispatch(call)] }) } },
  grad: () => [null], // whole numbers do not change a little
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'ulp', ulp: 1 }, // beyond 2^24 an adapter may round a whole number to either neighbour
  samples: [
    { inputs: [{ shape: [3, 5] }], attrs: { dtype: 'i32' } },
    { inputs: [{ shape: [1, 6] }], attrs: { dtype: 'u32' } },
    {
      inputs: [{ shape: [9], fill: { values: [-2.5, 2.75, -0.5, 0, 3e9, -3e9, 8388607.5] } }],
      attrs: { dtype: 'i32' },
    },
    { inputs: [{ shape: [7], fill: { values: [-1.5, 0.5, 4194304.5, 5e9, 1.75] } }], attrs: { dtype: 'u32' } },
    {
      inputs: [{ shape: [70], dtype: 'i32', fill: { values: [-3, 0, 16777216, -2147483648] } }],
      attrs: { dtype: 'f32' },
    },
    { inputs: [{ shape: [5], dtype: 'u32', fill: { values: [0, 7, 4294967040] } }], attrs: { dtype: 'f32' } },
    { inputs: [{ shape: [4], dtype: 'i32', fill: { values: [-1, 5] } }], attrs: { dtype: 'u32' } },
    { inputs: [{ shape: [4], dtype: 'u32', fill: { values: [4294967295, 5] } }], attrs: { dtype: 'i32' } },
  ],
};

/**
 * x as `dtype`: f32, i32, u32 or f16. To whole numbers the fraction is dropped, and what does not fit becomes the nearest
 * that does; i32 and u32 keep each other's bits. No gradient flows through them. To f16 the nearest half is taken, ties to
 * even, infinite from 65,520 on; the gradient passes as if nothing were rounded. ShapeError: x is u8.
 */
export function cast(x: Tensor, dtype: CastAttrs['dtype'] | 'f16'): Tensor {
  if (x.dtype === dtype) return x;
  // f16 has casts from and to f32 only.
  if (dtype === 'f16') return castHalf(cast(x, 'f32'), 'f16');
  if (x.dtype === 'f16') return cast(castHalf(x, 'f32'), dtype);
  return applyOne(castOp, [x], { dtype });
}

export const stopGradientOp: Op<Record<never, never>> = {
  name: 'stop_gradient',
  view: true,
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  cpu([x], [y]) {
    y!.set(x!);
  },
  kernels: {},
  grad: () => [null],
  accuracy: { kind: 'exact' },
  samples: (['f32', 'i32', 'u32', 'f16', 'u8'] as const).map((dtype, i) => ({
    inputs: [{ shape: [1 + (i % 2), 3], dtype, fill: { below: 9 } }],
    attrs: {},
  })),
};

/** x itself, at no cost, but as a constant to every gradient. */
export function stopGradient(x: Tensor): Tensor {
  return applyOne(stopGradientOp, [x], {});
}

export const castOps = [castOp, castHalfOp, stopGradientOp] as const;
