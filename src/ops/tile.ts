// A tensor repeated along its axes, and shapes with axes of length 1 put in or taken out.

import { ShapeError } from '../core/errors.ts';
import { format, resolveAxis, type Shape, stridesOf } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { applyOne, type Tensor } from '../graph/tensor.ts';
import { bytesMoved } from './copy.ts';
import { sum } from './reduce.ts';
import { reshape } from './reshape.ts';
import { checkStrided, type StridedView, stridedKernels } from './strided.ts';

export interface TileAttrs {
  /** For every axis, how often x stands along it. */
  readonly repeats: readonly number[];
}

/** y as [repeats0, length0, repeats1, length1, …]. */
function viewOf(shape: Shape, { repeats }: TileAttrs): StridedView {
  const strides = stridesOf(shape);
  return {
    shape: shape.flatMap((length, axis) => [repeats[axis]!, length]),
    strides: strides.flatMap((stride) => [0, stride]),
    offset: 0,
  };
}

export const tileOp: Op<TileAttrs> = {
  name: 'tile',
  infer([x], attrs) {
    const { repeats } = attrs;
    if (repeats.length !== x!.shape.length || repeats.some((n) => !Number.isInteger(n) || n < 1)) {
      throw new ShapeError(
        `tile: repeats are ${format(repeats)}, expected a positive integer for each axis of ${format(x!.shape)}`,
      );
    }
    checkStrided('tile', x!, viewOf(x!.shape, attrs));
    return [{ shape: x!.shape.map((length, axis) => length * repeats[axis]!), dtype: x!.dtype }];
  },
  cpu([x], [y], { inputs, outputs }) {
    const from = inputs[0]!.shape;
    const [toStrides, fromStrides] = [stridesOf(outputs[0]!.shape), stridesOf(from)];
    for (let i = 0; i < y!.length; i++) {
      let at = 0;
      from.forEach((length, axis) => {
        const coordinate = Math.floor(i / toStrides[axis]!) % outputs[0]!.shape[axis]!;
        at += (coordinate % length) * fromStrides[axis]!;
      });
      y![i] = x![at]!;
    }
  },
  kernels: stridedKernels(({ inputs, attrs }) => viewOf(inputs[0]!.shape, attrs)),
  grad: ({ dy: [dy], x: [x], attrs }) => {
    if (!dy) return [null];
    const { shape } = viewOf(x!.shape, attrs);
    const repeated = shape.flatMap((length, axis) => (axis % 2 === 0 && length > 1 ? [axis] : []));
    return [reshape(sum(reshape(dy, shape), { axes: repeated }), x!.shape)];
  },
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    sample([], []),
    sample([1], [1]),
    sample([5], [3]),
    sample([3, 1], [1, 7]),
    sample([2, 3], [3, 2]),
    sample([4, 8], [5, 1]),
    sample([3, 8], [1, 2]),
    sample([1, 5], [1, 14]),
    sample([2, 3, 5], [2, 1, 3]),
    sample([2, 1, 3, 2], [1, 4, 3, 2]),
    sample([3, 2], [2, 2], 'i32'),
    sample([4], [9], 'u32'),
    sample([4, 4, 2], [1, 1, 1], 'i32'),
    sample([4, 4, 2], [1, 1, 1], 'u32'),
    sample([4, 4, 2], [1, 2, 3], 'i32'),
    sample([4, 4, 2], [3, 2, 3], 'u32'),
  ],
};

function sample(shape: Shape, repeats: number[], dtype?: 'i32' | 'u32'): Sample<TileAttrs> {
  return { inputs: [{ shape, ...(dtype ? { dtype, fill: { below: 1000 } } : {}) }], attrs: { repeats } };
}

/**
 * x side by side repeats[k] times along axis k (NumPy's tile with a number for each axis): [n0, …] -> [n0·repeats0, …].
 * Any dtype but u8. ShapeError: not a positive integer for each axis.
 */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  if (repeats.length === x.shape.length && repeats.every((n) => n === 1)) return x;
  return applyOne(tileOp, [x], { repeats: [...repeats] });
}

/** Each element along `axis` `repeats` times in a row (NumPy's repeat): [a, b] twice is [a, a, b, b]. Any dtype but u8. */
export function repeat(x: Tensor, repeats: number, axis: number): Tensor {
  const at = resolveAxis('repeat', axis, x.shape.length);
  const tiled = tile(
    expandDims(x, at + 1),
    [...x.shape, 1].map((_, i) => (i === at + 1 ? repeats : 1)),
  );
  return reshape(
    tiled,
    x.shape.map((length, i) => (i === at ? length * repeats : length)),
  );
}

/** x with an axis of length 1 before `axis` (of the result; -1 is the last): no work on any device. Any dtype. */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = resolveAxis('expandDims', axis, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** x without the axes of length 1 (all of them, or those given): no work on any device. ShapeError: an axis of another length. */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  const given = axes === undefined ? null : typeof axes === 'number' ? [axes] : axes;
  const dropped = given?.map((axis) => resolveAxis('squeeze', axis, x.shape.length));
  for (const axis of dropped ?? []) {
    if (x.shape[axis] !== 1) {
      throw new ShapeError(`squeeze: axis ${axis} of ${format(x.shape)} has length ${x.shape[axis]}, expected 1`);
    }
  }
  return reshape(
    x,
    x.shape.filter((length, axis) => (dropped ? !dropped.includes(axis) : length !== 1)),
  );
}
