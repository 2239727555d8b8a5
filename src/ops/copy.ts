// A tensor's bits in another place: a second tensor, or a variable.

import shader from '../../shaders/copy.wgsl';
import { byteLength } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { CallTypes, Kernel, Op, Sample } from '../graph/op.ts';
import { applyOne, type Tensor, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output, type BufferRef, type Dispatch } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

type None = Record<never, never>;

/** Bytes of a call that reads each input and writes each output once. */
export function bytesMoved({ inputs, outputs }: CallTypes<unknown>): number {
  return [...inputs, ...outputs].reduce((sum, type) => sum + typeBytes(type), 0);
}

function typeBytes({ dtype, shape }: TensorType): number {
  return byteLength(dtype, sizeOf(shape));
}

/** Copies `words` words of 32 bits to word `offset` of `to`, in fours where `lanes` is 4 and both numbers divide by it. */
export function copyWords(from: BufferRef, to: BufferRef, words: number, offset: number, lanes: 1 | 4): Dispatch {
  const params = { size: words / lanes, offset: offset / lanes };
  const workgroups = flatGrid(words / lanes, 64);
  return lanes === 4
    ? dispatch(shader, 'copy_vec4', { bindings: { x4: from, y4: to }, params, workgroups })
    : dispatch(shader, 'copy', { bindings: { x: from, y: to }, params, workgroups });
}

function copyKernels(source: number): Record<string, Kernel<None>> {
  const kernel = (lanes: 1 | 4): Kernel<None> => ({
    fits: ({ outputs }) => (typeBytes(outputs[0]!) / 4) % lanes === 0,
    plan: ({ outputs }) => ({
      dispatches: [copyWords(input(source), output(0), typeBytes(outputs[0]!) / 4, 0, lanes)],
    }),
  });
  return { vec4: kernel(4), naive: kernel(1) };
}

export const copyOp: Op<None> = {
  name: 'copy',
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  cpu([x], [y]) {
    y!.set(x!);
  },
  kernels: copyKernels(0),
  grad: ({ dy }) => [dy[0]!],
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    { inputs: [{ shape: [] }], attrs: {} },
    { inputs: [{ shape: [3, 5, 7] }], attrs: {} },
    { inputs: [{ shape: [67, 4] }], attrs: {} },
    { inputs: [{ shape: [1, 9] }], attrs: {} },
    { inputs: [{ shape: [9], dtype: 'i32', fill: { values: [-3, 0, 2147483647, -2147483648] } }], attrs: {} },
    { inputs: [{ shape: [8], dtype: 'u32', fill: { values: [0, 4294967295, 7] } }], attrs: {} },
    { inputs: [{ shape: [3, 7], dtype: 'u8' }], attrs: {} },
    { inputs: [{ shape: [2, 8], dtype: 'u8' }], attrs: {} },
    { inputs: [{ shape: [5], dtype: 'f16' }], attrs: {} },
    { inputs: [{ shape: [3, 8], dtype: 'f16' }], attrs: {} },
    { inputs: [{ shape: [8], dtype: 'i32', fill: { below: 9 } }], attrs: {} },
  ],
};

export const assignOp: Op<None> = {
  name: 'assign',
  infer([variable, value]) {
    if (!equal(variable!.shape, value!.shape) || variable!.dtype !== value!.dtype) {
      throw new ShapeError(
        `assign: the value is ${value!.dtype} ${format(value!.shape)}, expected ${variable!.dtype} ${format(variable!.shape)}`,
      );
    }
    return [{ shape: variable!.shape, dtype: variable!.dtype }];
  },
  cpu([, value], [y]) {
    y!.set(value!);
  },
  kernels: copyKernels(1),
  grad: null, // a variable's new value is for the next step
  inPlace: { 0: 0 },
  cost: ({ inputs }) => ({ flops: 0, bytes: 2 * typeBytes(inputs[1]!) }),
  accuracy: { kind: 'exact' },
  samples: [
    ...[[1], [1, 9], [3, 5], [12, 12], [130]].map((shape) => ({ shape })),
    ...(['i32', 'u32', 'f16', 'u8'] as const).flatMap((dtype) => [
      { shape: [7], dtype, fill: { below: 9 } },
      { shape: [2, 16], dtype, fill: { below: 9 } },
    ]),
  ].map((input): Sample<None> => ({ inputs: [input, { ...input }], attrs: {} })),
};

/** y = x in memory of its own: any shape and dtype. */
export function copy(x: Tensor): Tensor {
  return applyOne(copyOp, [x], {});
}

/**
 * Overwrites `variable` (a whole variable or a part of one) with `value` after its other readers have run, and gives
 * the new contents. ShapeError: shapes or dtypes differ. No gradient.
 */
export function assign(variable: Tensor, value: Tensor): Tensor {
  return applyOne(assignOp, [variable, value], {});
}

export const copyOps = [copyOp, assignOp] as const;
