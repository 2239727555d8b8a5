// Between f32 and f16: storage of half the bytes, rounded where it is written.

import shader from '../../shaders/cast_half.wgsl';
import type { Values } from '../core/dtype.ts';
import { halfBits, halfValue, roundToHalf } from '../core/half.ts';
import { sizeOf } from '../core/shape.ts';
import type { CallTypes, KernelPlan, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';

export interface CastHalfAttrs {
  readonly dtype: 'f32' | 'f16';
}

/** The numbers of an f16 tensor, which is bits when a plan is replayed and numbers already for the oracle. */
export function halfNumbers(values: Values): ArrayLike<number> {
  return values instanceof Uint16Array ? Float64Array.from(values, halfValue) : values;
}

/** Fills an f16 tensor with the halves nearest to `numbers`. */
export function setHalves(y: Values, numbers: ArrayLike<number>): void {
  const rounded = y instanceof Uint16Array ? halfBits : roundToHalf;
  for (let i = 0; i < y.length; i++) y[i] = rounded(numbers[i]!);
}

/** Rounds `size` numbers of `from`, f32, into `to`, f16: in fours where `lanes` is 4, which must divide the size. */
export function narrowing(from: BufferRef, to: BufferRef, size: number, lanes = lanesOf(size)): Dispatch {
  return lanes === 4
    ? dispatch(shader, 'cast_to_half_vec4', { bindings: { x4: from, y_halves4: to }, ...threads(size / 4) })
    : dispatch(shader, 'cast_to_half', {
        bindings: { x: from, y_halves: to },
        params: { size },
        workgroups: flatGrid(Math.ceil(size / 2), 64),
      });
}

/** The numbers of `from`, f16, in `to`, f32. */
export function widening(from: BufferRef, to: BufferRef, size: number, lanes = lanesOf(size)): Dispatch {
  return lanes === 4
    ? dispatch(shader, 'cast_from_half_vec4', { bindings: { x_halves4: from, y4: to }, ...threads(size / 4) })
    : dispatch(shader, 'cast_from_half', { bindings: { x_halves: from, y: to }, ...threads(size) });
}

const threads = (size: number) => ({ params: { size }, workgroups: flatGrid(size, 64) });
const lanesOf = (size: number): 1 | 4 => (size % 4 === 0 ? 4 : 1);

function kernelPlan({ inputs, attrs }: CallTypes<CastHalfAttrs>, lanes: 1 | 4): KernelPlan {
  const size = sizeOf(inputs[0]!.shape);
  const convert = attrs.dtype === 'f16' ? narrowing : widening;
  return { dispatches: [convert(input(0), output(0), size, lanes)] };
}

const shapes = [[], [1], [3, 5], [2, 8], [4, 65], [1, 67]];
const odd = Float32Array.of(
  1 + 2 ** -11,
  1 + 3 * 2 ** -11,
  1 + 2 ** -11 + 2 ** -20,
  2 - 2 ** -12,
  -2049,
  2051,
  -0,
  65504,
  65519.99,
  65520,
  -65520,
  1e9,
  -3e38,
  2 ** -14,
  2 ** -14 - 2 ** -26,
  2 ** -24,
  2 ** -25,
  2 ** -25 + 2 ** -40,
  -3 * 2 ** -25,
  5 * 2 ** -25,
  1e-8,
  1e-30,
);

export const castHalfOp: Op<CastHalfAttrs> = {
  name: 'cast_half',
  infer([x], { dtype }) {
    expectDType('cast', 'x', x!, dtype === 'f16' ? 'f32' : 'f16');
    return [{ shape: x!.shape, dtype }];
  },
  cpu([x], [y], { attrs: { dtype } }) {
    if (dtype === 'f16') setHalves(y!, x!);
    else y!.set(halfNumbers(x!));
  },
  kernels: {
    vec4: {
      fits: ({ inputs }) => lanesOf(sizeOf(inputs[0]!.shape)) === 4,
      plan: (call) => kernelPlan(call, 4),
    },
    naive: { plan: (call) => kernelPlan(call, 1) },
  },
  // As if rounding changed nothing; a gradient is f32 whatever it is the gradient of.
  grad: ({ dy }) => [dy[0]!],
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    ...shapes.flatMap((shape): Sample<CastHalfAttrs>[] => [
      { inputs: [{ shape }], attrs: { dtype: 'f16' } },
      { inputs: [{ shape, dtype: 'f16' }], attrs: { dtype: 'f32' } },
    ]),
    // ties both ways, the largest half, what rounds to it and beyond it, the smallest normal and the smallest of all
    {
      inputs: [{ shape: [odd.length], fill: { values: [...odd] } }],
      attrs: { dtype: 'f16' },
    },
    { inputs: [{ shape: [2 * odd.length], fill: { values: [...odd] } }], attrs: { dtype: 'f16' } },
  ],
};

/** f32 as f16, or f16 as f32. */
export function castHalf(x: Tensor, dtype: CastHalfAttrs['dtype']): Tensor {
  return applyOne(castHalfOp, [x], { dtype });
}
