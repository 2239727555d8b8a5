// A regular part of a tensor, forwards or backwards, and its gradient: the part put back among zeros.

import { checkOptions, ShapeError } from '../core/errors.ts';
import { equal, format, resolveAxis, type Shape, sizeOf, stridesOf } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { bytesMoved } from './copy.ts';
import { gradAxes, maxGradAxes, type SliceAttrs, type SliceGradAttrs, sliceGradKernels } from './slice_kernels.ts';
import { checkStrided, eachElement, type StridedView, stridedKernels } from './strided.ts';

/** Where the elements of a slice stand in a tensor of `shape`. */
function viewOf(shape: Shape, { starts, sizes, steps }: SliceAttrs): StridedView {
  const strides = stridesOf(shape);
  return {
    shape: sizes,
    strides: strides.map((stride, axis) => stride * steps[axis]!),
    offset: strides.reduce((sum, stride, axis) => sum + stride * starts[axis]!, 0),
  };
}

function checkSlice(where: string, shape: Shape, { starts, sizes, steps }: SliceAttrs): void {
  if (starts.length !== shape.length || sizes.length !== shape.length || steps.length !== shape.length) {
    throw new ShapeError(`${where}: starts, sizes and steps need a number for each axis of ${format(shape)}`);
  }
  shape.forEach((length, axis) => {
    const last = starts[axis]! + (sizes[axis]! - 1) * steps[axis]!;
    const inside = [starts[axis]!, last].every((at) => Number.isInteger(at) && at >= 0 && at < length);
    if (
      !inside ||
      !Number.isInteger(sizes[axis]) ||
      sizes[axis]! < 1 ||
      !Number.isInteger(steps[axis]) ||
      steps[axis] === 0
    ) {
      throw new ShapeError(
        `${where}: axis ${axis} of ${format(shape)} has no ${sizes[axis]} elements from ${starts[axis]} in steps of ${steps[axis]}`,
      );
    }
  });
}

export const sliceOp: Op<SliceAttrs> = {
  name: 'slice',
  infer([x], attrs) {
    checkSlice('slice', x!.shape, attrs);
    checkStrided('slice', x!, viewOf(x!.shape, attrs));
    return [{ shape: attrs.sizes, dtype: x!.dtype }];
  },
  cpu([x], [y], { inputs, attrs }) {
    eachElement(viewOf(inputs[0]!.shape, attrs), (to, at) => (y![to] = x![at]!));
  },
  kernels: stridedKernels(({ inputs, attrs }) => viewOf(inputs[0]!.shape, attrs)),
  grad: ({ dy: [dy], x: [x], attrs }) => [dy ? applyOne(sliceGradOp, [dy], { ...attrs, shape: x!.shape }) : null],
  cost: ({ outputs }) => ({ flops: 0, bytes: 8 * sizeOf(outputs[0]!.shape) }),
  accuracy: { kind: 'exact' },
  samples: cases(({ shape, dtype, attrs }) => ({ inputs: [{ shape, ...dtype }], attrs })),
};

/** dy put where a slice of a tensor of `shape` was taken from, 0 elsewhere. */
export const sliceGradOp: Op<SliceGradAttrs> = {
  name: 'slice_grad',
  infer([dy], attrs) {
    checkSlice('slice gradient', attrs.shape, attrs);
    expectDType('slice gradient', 'dy', dy!, 'f32', 'i32', 'u32');
    if (!equal(dy!.shape, attrs.sizes)) {
      throw new ShapeError(`slice gradient: dy is ${format(dy!.shape)}, expected ${format(attrs.sizes)}`);
    }
    const { length } = gradAxes(attrs).axes;
    if (length > maxGradAxes) {
      throw new ShapeError(
        `slice gradient: ${format(attrs.shape)} takes ${length} axes apart, expected ${maxGradAxes} at most`,
      );
    }
    return [{ shape: attrs.shape, dtype: dy!.dtype }];
  },
  cpu([dy], [dx], { attrs }) {
    dx!.fill(0);
    eachElement(viewOf(attrs.shape, attrs), (from, at) => (dx![at] = dy![from]!));
  },
  kernels: sliceGradKernels,
  grad: ({ dy: [dy], attrs: { starts, sizes, steps } }) => [
    dy ? applyOne(sliceOp, [dy], { starts, sizes, steps }) : null,
  ],
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: cases(({ shape, dtype, attrs }) => ({
    inputs: [{ shape: attrs.sizes, ...dtype }],
    attrs: { ...attrs, shape },
  })),
};

interface Case {
  readonly shape: Shape;
  readonly dtype: { dtype?: 'i32' | 'u32'; fill?: { below: number } };
  readonly attrs: SliceAttrs;
}

function cases<A>(sample: (one: Case) => Sample<A>): Sample<A>[] {
  // prettier-ignore
  const list: [Shape, number[], number[], number[]?, ('i32' | 'u32')?][] = [
    [[], [], []],
    [[1], [0], [1]],
    [[7], [2], [4]],
    [[9], [8], [9], [-1]],
    [[4, 6], [1, 0], [2, 6]],
    [[5, 12], [0, 4], [5, 8]],
    [[3, 7, 5], [1, 6, 0], [2, 4, 5], [1, -2, 1]],
    [[3, 7, 5], [2, 0, 4], [2, 4, 2], [-2, 2, -3]],
    [[2, 9, 8], [1, 1, 4], [1, 4, 4], [1, 2, 1]],
    [[2, 4, 8], [1, 3, 0], [2, 4, 8], [-1, -1, 1]],
    [[2, 5, 3, 4, 3], [0, 1, 0, 1, 1], [2, 3, 3, 2, 2]],
    [[2, 3, 2, 3, 2, 3], [1, 2, 0, 0, 1, 2], [2, 2, 1, 2, 2, 3], [-1, -2, 1, 2, -1, -1]],
    [[6, 5], [5, 1], [3, 2], [-2, 3], 'i32'],
    [[3, 8], [1, 4], [2, 4], [1, 1], 'u32'],
    [[4, 4], [0, 0], [2, 4], [1, 1], 'i32'],
    [[6, 5], [5, 2], [3, 2], [-2, -2], 'i32'],
    [[3, 2, 5], [1, 0, 1], [1, 1, 1], [2, -1, 1], 'u32'],
    [[4, 8], [2, 3], [2, 4], [-2, -1], 'u32'],
    [[7, 5], [0, 0], [4, 5], [2, 1], 'u32'],
    [[6, 5], [0, 4], [6, 1], [1, 2], 'i32'],
    [[5, 6], [0, 0], [5, 2], [1, 2]],
    [[5, 6], [4, 5], [5, 6], [-1, -1], 'i32'],
    [[5, 3, 2], [4, 2, 1], [5, 3, 1], [-1, -1, -1]],
  ];
  return list.map(([shape, starts, sizes, steps = shape.map(() => 1), dtype]) =>
    sample({ shape, attrs: { starts, sizes, steps }, dtype: dtype ? { dtype, fill: { below: 1000 } } : {} }),
  );
}

export interface SliceOptions {
  /** The axes that the other lists speak of; the first ones unless given. The others are taken whole. */
  readonly axes?: readonly number[];
  /** The first element, from the end where negative. */
  readonly starts: readonly number[];
  /** How many elements; -1 for all that are left. */
  readonly sizes?: readonly number[];
  /** One beyond the last element, from the end where negative, as in NumPy and ONNX; ±Infinity for all. */
  readonly ends?: readonly number[];
  /** How far apart; 1 unless given; negative to go backwards. */
  readonly steps?: readonly number[];
}

/**
 * y[…, i, …] = x[…, start + i·step, …]: a part of x, of any dtype but u8, along the first axes or those named by `axes`.
 * Give `sizes` or `ends`, or neither for all that is left. Starts and ends beyond the edge stop at it (NumPy); a slice
 * that holds nothing is a ShapeError, as is an unknown axis or a list of another length.
 */
export function slice(x: Tensor, options: SliceOptions): Tensor {
  checkOptions('slice', options, ['axes', 'starts', 'sizes', 'ends', 'steps']);
  const { starts, sizes, ends, steps } = options;
  const axes = (options.axes ?? starts.map((_, i) => i)).map((axis) => resolveAxis('slice', axis, x.shape.length));
  for (const [name, list] of Object.entries({ starts, sizes, ends, steps })) {
    if (list && list.length !== axes.length) {
      throw new ShapeError(`slice: ${name} has ${list.length} numbers, expected ${axes.length}, one for each axis`);
    }
  }
  if (new Set(axes).size < axes.length) throw new ShapeError(`slice: axes ${format(axes)} name one axis twice`);
  if (sizes && ends) throw new ShapeError('slice: sizes and ends were both given, expected one of them');
  const attrs = { starts: x.shape.map(() => 0), sizes: [...x.shape], steps: x.shape.map(() => 1) };
  axes.forEach((axis, i) => {
    const part = resolvePart(x.shape, axis, starts[i]!, steps?.[i] ?? 1, sizes?.[i], ends?.[i]);
    [attrs.starts[axis], attrs.sizes[axis], attrs.steps[axis]] = part;
  });
  if (equal(attrs.sizes, x.shape) && attrs.steps.every((step, axis) => step === 1 || x.shape[axis] === 1)) return x;
  return applyOne(sliceOp, [x], attrs);
}

function resolvePart(
  shape: Shape,
  axis: number,
  start: number,
  step: number,
  size: number | undefined,
  end: number | undefined,
): [number, number, number] {
  const length = shape[axis]!;
  const whole = (value: number | undefined) =>
    value === undefined || Number.isInteger(value) || Math.abs(value) === Infinity;
  if (![start, size, end].every(whole) || !Number.isInteger(step) || step === 0) {
    throw new ShapeError(
      `slice: axis ${axis} has start ${start}, ${size === undefined ? `end ${end}` : `size ${size}`}, step ${step}; expected integers and a step other than 0`,
    );
  }
  const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
  const place = (value: number) => Math.min(highest, Math.max(lowest, value < 0 ? value + length : value));
  const first = place(start);
  const stop = end === undefined ? (step > 0 ? length : -1) : place(end);
  const available = Math.max(0, Math.ceil((stop - first) / step));
  const count = size === undefined || size === -1 ? available : size;
  if (count < 1 || count > available) {
    throw new ShapeError(
      `slice: axis ${axis} of ${format(shape)} has ${available} elements from ${start} in steps of ${step}${
        end === undefined ? '' : ` to ${end}`
      }, expected ${size === undefined || size === -1 ? 'at least 1' : size}`,
    );
  }
  return [first, count, count === 1 ? 1 : step];
}

/** x backwards along `axes` (all unless given), any dtype but u8. ShapeError: an axis that does not exist or comes twice. */
export function flip(x: Tensor, axes: number | readonly number[] = x.shape.map((_, axis) => axis)): Tensor {
  const list = typeof axes === 'number' ? [axes] : axes;
  return slice(x, { axes: list, starts: list.map(() => -1), steps: list.map(() => -1) });
}

export const sliceOps = [sliceOp, sliceGradOp] as const;
