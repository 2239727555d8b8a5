// Tensors side by side in one arena: all gradients in one buffer, so that an optimizer is one dispatch.

import { ShapeError } from '../core/errors.ts';
import { format, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { input, output, type Dispatch } from '../kernel/shader.ts';
import { bytesMoved, copyWords } from './copy.ts';

export interface PackAttrs {
  /** Element of the arena at which each input begins; ascending, without overlap. */
  readonly offsets: readonly number[];
  /** Elements of the arena. */
  readonly size: number;
}

/** Dispatch i copies input i, because the planner drops the copies of inputs written in place. */
function copies(call: CallTypes<PackAttrs>, lanesOf: typeof lanes): Dispatch[] {
  return call.inputs.map(({ shape }, i) =>
    copyWords(input(i), output(0), sizeOf(shape), call.attrs.offsets[i]!, lanesOf(call, i)),
  );
}

function lanes({ inputs, attrs }: CallTypes<PackAttrs>, i: number): 1 | 4 {
  return sizeOf(inputs[i]!.shape) % 4 === 0 && attrs.offsets[i]! % 4 === 0 ? 4 : 1;
}

export const packOp: Op<PackAttrs> = {
  name: 'pack',
  infer(inputs, { offsets, size }) {
    if (inputs.length === 0) throw new ShapeError('pack: no inputs, expected at least one');
    if (offsets.length !== inputs.length) {
      throw new ShapeError(`pack: ${offsets.length} offsets for ${inputs.length} inputs, expected one each`);
    }
    let end = 0;
    inputs.forEach((x, i) => {
      expectDType('pack', `input ${i}`, x, 'f32');
      const offset = offsets[i]!;
      if (!Number.isInteger(offset) || offset < end) {
        throw new ShapeError(`pack: input ${i} has offset ${offset}, expected an integer of at least ${end}`);
      }
      end = offset + sizeOf(x.shape);
      if (!(end <= size)) {
        throw new ShapeError(
          `pack: input ${i} of shape ${format(x.shape)} at offset ${offset} ends at ${end}, expected at most ${size}`,
        );
      }
    });
    return [{ shape: [size], dtype: 'f32' }];
  },
  cpu(inputs, [y], { attrs }) {
    // Only the gaps are cleared: a planner may have let an input's producer write into y already.
    let end = 0;
    inputs.forEach((x, i) => {
      const offset = attrs.offsets[i]!;
      y!.fill(0, end, offset);
      y!.set(x, offset);
      end = offset + x.length;
    });
    y!.fill(0, end);
  },
  kernels: {
    vec4: {
      fits: (call) => call.inputs.some((_, i) => lanes(call, i) === 4),
      plan: (call) => ({ dispatches: copies(call, lanes) }),
    },
    naive: { plan: (call) => ({ dispatches: copies(call, () => 1) }) },
  },
  packs: ({ offsets }) => offsets,
  grad: null, // packs gradients for an optimizer, behind which nothing is differentiated
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    { inputs: [{ shape: [1] }], attrs: { offsets: [0], size: 1 } },
    { inputs: [{ shape: [3, 5] }, { shape: [7] }], attrs: { offsets: [0, 15], size: 22 } },
    { inputs: [{ shape: [3, 4] }], attrs: { offsets: [4], size: 20 } },
    { inputs: [{ shape: [8] }, { shape: [4] }], attrs: { offsets: [0, 8], size: 12 } },
    { inputs: [{ shape: [2, 3] }, { shape: [1] }, { shape: [65] }], attrs: { offsets: [1, 64, 70], size: 140 } },
    { inputs: [{ shape: [8, 9] }, { shape: [4] }], attrs: { offsets: [0, 128], size: 192 } },
    { inputs: [{ shape: [4, 65] }, { shape: [12] }, { shape: [1, 20] }], attrs: { offsets: [4, 264, 320], size: 340 } },
  ],
};

/**
 * y[offsets[i] + j] = tensors[i][j], zero elsewhere: f32 tensors of any shape -> [size]. Each tensor is laid out flat;
 * offsets count elements, and where they are multiples of 64 (256 bytes) tensors can be computed in place. On a GPU
 * the gaps keep what the buffer began with, which is zeros. ShapeError: an offset that overlaps or leaves the arena, or
 * a tensor that is not f32. No gradient.
 */
export function pack(tensors: readonly Tensor[], offsets: readonly number[], size: number): Tensor {
  return applyOne(packOp, tensors, { offsets: [...offsets], size });
}

export const packOps = [packOp] as const;
