// The same elements in the same order under another shape: no work on any device.

import { ShapeError } from '../core/errors.ts';
import { format, type Shape, sizeOf } from '../core/shape.ts';
import type { Op } from '../graph/op.ts';
import { applyOne, type Tensor } from '../graph/tensor.ts';

export interface ReshapeAttrs {
  readonly shape: Shape;
}

export const reshapeOp: Op<ReshapeAttrs> = {
  name: 'reshape',
  view: true,
  infer([x], { shape }) {
    if (sizeOf(x!.shape) !== sizeOf(shape)) {
      throw new ShapeError(
        `reshape: ${format(x!.shape)} has ${sizeOf(x!.shape)} elements, ${format(shape)} has ${sizeOf(shape)}`,
      );
    }
    return [{ shape, dtype: x!.dtype }];
  },
  cpu([x], [y]) {
    y!.set(x!);
  },
  kernels: {},
  grad: ({ dy, x }) => [dy[0] ? reshape(dy[0], x[0]!.shape) : null],
  accuracy: { kind: 'exact' },
  samples: [
    { inputs: [{ shape: [3, 5] }], attrs: { shape: [15] } },
    { inputs: [{ shape: [15, 5] }], attrs: { shape: [5, 3, 5] } },
    { inputs: [{ shape: [2, 3, 4] }], attrs: { shape: [4, 6] } },
    { inputs: [{ shape: [1] }], attrs: { shape: [] } },
    { inputs: [{ shape: [6], dtype: 'i32', fill: { below: 9 } }], attrs: { shape: [2, 1, 3] } },
    ...(['u32', 'f16', 'u8'] as const).map((dtype) => ({
      inputs: [{ shape: [1, 8], dtype }],
      attrs: { shape: [4, 2] },
    })),
  ],
};

/**
 * The elements of x, row-major, under `shape`; one length may be -1 and is then what the others leave. Any dtype.
 * Throws a ShapeError where the numbers of elements differ or more than one length is -1.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const resolved = resolveShape(x.shape, shape);
  if (x.shape.length === resolved.length && x.shape.every((length, i) => length === resolved[i])) return x;
  return applyOne(reshapeOp, [x], { shape: resolved });
}

function resolveShape(from: Shape, shape: Shape): Shape {
  const unknown = shape.indexOf(-1);
  if (unknown < 0) return [...shape];
  if (shape.indexOf(-1, unknown + 1) >= 0)
    throw new ShapeError(`reshape: only one length may be -1, got ${format(shape)}`);
  const known = sizeOf(shape.filter((_, i) => i !== unknown));
  const length = sizeOf(from) / known;
  if (!Number.isInteger(length) || length < 1) {
    throw new ShapeError(
      `reshape: ${sizeOf(from)} elements of ${format(from)} do not divide by the ${known} of ${format(shape)}`,
    );
  }
  return shape.map((value, i) => (i === unknown ? length : value));
}
