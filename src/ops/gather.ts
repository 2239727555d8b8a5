// Elements picked along an axis by indices that a tensor holds; scatter.ts has the gradients.

import shader from '../../shaders/gather.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, resolveAxis, type Shape, sizeOf } from '../core/shape.ts';
import type { CallTypes, Fill, Kernel, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';
import { type AxisAttrs, reductionOf } from './reduction.ts';
import { reshape } from './reshape.ts';
import { rowIndices, wrapped } from './row_indices.ts';
import { scatterAddOp } from './scatter_add.ts';

interface Sizes {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly count: number;
}

function sizesOf({ inputs, attrs: { axis } }: CallTypes<AxisAttrs>, count: number): Sizes {
  const { outer, reduced, inner } = reductionOf(inputs[0]!.shape, axis);
  return { outer, length: reduced, inner, count };
}

function gatherDispatch({ outer, length, inner, count }: Sizes, lanes: 1 | 4, perElement: boolean) {
  const size = (outer * count * inner) / lanes;
  const call = {
    params: { size, inner: inner / lanes, count, length },
    constants: { PER_ELEMENT: perElement },
    workgroups: flatGrid(size, 64),
  };
  return lanes === 4
    ? dispatch(shader, 'gather_vec4', { bindings: { x4: input(0), indices: input(1), y4: output(0) }, ...call })
    : dispatch(shader, 'gather', { bindings: { x: input(0), indices: input(1), y: output(0) }, ...call });
}

const rowSizes = (call: CallTypes<AxisAttrs>) => sizesOf(call, sizeOf(call.inputs[1]!.shape));

function rowKernel(lanes: 1 | 4): Kernel<AxisAttrs> {
  return {
    fits: (call) => rowSizes(call).inner % lanes === 0,
    plan: (call) => ({ dispatches: [gatherDispatch(rowSizes(call), lanes, false)] }),
  };
}

function checkIndexed(where: string, [x, indices]: readonly TensorType[], axis: number): void {
  expectDType(where, 'x', x!, 'f32', 'i32', 'u32');
  expectDType(where, 'indices', indices!, 'i32');
  resolveAxis(where, axis, x!.shape.length);
}

export const gatherOp: Op<AxisAttrs> = {
  name: 'gather',
  infer(inputs, { axis }) {
    const [x, indices] = inputs as [TensorType, TensorType];
    checkIndexed('gather', inputs, axis);
    return [{ shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], dtype: x.dtype }];
  },
  cpu([x, indices], [y], call) {
    const { outer, length, inner, count } = rowSizes(call);
    let to = 0;
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < count; k++) {
        const row = (o * length + wrapped(indices![k]!, length)) * inner;
        for (let c = 0; c < inner; c++) y![to++] = x![row + c]!;
      }
    }
  },
  kernels: { vec4: rowKernel(4), naive: rowKernel(1) },
  grad({ dy: [dy], x: [x, indices], attrs: { axis } }) {
    if (!dy) return [null, null];
    const { outer, reduced, inner } = reductionOf(x!.shape, axis);
    const rows = reshape(dy, [outer, sizeOf(indices!.shape), inner]);
    const flat = reshape(indices!, [sizeOf(indices!.shape)]);
    return [reshape(applyOne(scatterAddOp, [rows, flat], { axis: 1, length: reduced }), x!.shape), null];
  },
  cost: ({ inputs, outputs }) => ({ flops: 0, bytes: 8 * sizeOf(outputs[0]!.shape) + 4 * sizeOf(inputs[1]!.shape) }),
  accuracy: { kind: 'exact' },
  samples: [
    sample([5, 3], [4], 0, { values: [4, 0, -1, 2] }),
    sample([1], [1], 0, { values: [0] }),
    sample([6], [], 0, { values: [-6] }),
    sample([7, 8], [2, 3], 0, { below: 7 }),
    sample([3, 5, 4], [6], 1, { below: 5 }),
    sample([2, 3, 7], [3], 2, { values: [-1, -7, 3] }),
    sample([2, 4, 3], [5], 1, { values: [99, -99, 4, -5, 1] }), // those outside are clamped
    sample([4, 3], [3], 0, { below: 4 }, 'i32'),
    sample([4, 4], [2], 0, { below: 4 }, 'u32'),
    sample([67, 20], [130], 0, { below: 67 }),
    sample([1, 5], [3], 1, { below: 5 }),
    sample([4, 2, 4], [], 1, { below: 2 }, 'i32'),
    sample([3, 3, 3], [2, 2], 2, { below: 3 }, 'i32'),
    sample([3, 3, 3], [2, 2], 1, { below: 3 }, 'u32'),
    sample([3, 3, 3], [], 2, { below: 3 }, 'u32'),
    sample([4], [2, 2], 0, { below: 4 }, 'i32'),
    sample([3, 3, 3], [], 0, { below: 3 }, 'u32'),
    sample([4], [2, 2], 0, { below: 4 }, 'u32'),
  ],
};

function sample(shape: Shape, indices: Shape, axis: number, fill: Fill, dtype?: 'i32' | 'u32'): Sample<AxisAttrs> {
  const x = { shape, ...(dtype ? { dtype, fill: { below: 1000 } } : {}) };
  return { inputs: [x, { shape: indices, dtype: 'i32', fill }], attrs: { axis } };
}

const elementSizes = (call: CallTypes<AxisAttrs>) => sizesOf(call, call.inputs[1]!.shape[call.attrs.axis]!);

export const takeAlongAxisOp: Op<AxisAttrs> = {
  name: 'take_along_axis',
  infer(inputs, { axis }) {
    const [x, indices] = inputs as [TensorType, TensorType];
    checkIndexed('takeAlongAxis', inputs, axis);
    const others = (shape: Shape) => shape.filter((_, i) => i !== axis);
    if (x.shape.length !== indices.shape.length || !equal(others(x.shape), others(indices.shape))) {
      throw new ShapeError(
        `takeAlongAxis: indices are ${format(indices.shape)}, expected ${format(x.shape)} except along axis ${axis}`,
      );
    }
    return [{ shape: indices.shape, dtype: x.dtype }];
  },
  cpu([x, indices], [y], call) {
    const { length, inner, count } = elementSizes(call);
    for (let i = 0; i < y!.length; i++) {
      const o = Math.floor(i / (count * inner));
      y![i] = x![(o * length + wrapped(indices![i]!, length)) * inner + (i % inner)]!;
    }
  },
  kernels: { naive: { plan: (call) => ({ dispatches: [gatherDispatch(elementSizes(call), 1, true)] }) } },
  grad({ dy: [dy], x: [x, indices], attrs: { axis } }) {
    if (!dy) return [null, null];
    const { outer, reduced, inner } = reductionOf(x!.shape, axis);
    const shape = [outer, indices!.shape[axis]!, inner];
    const sums = applyOne(scatterAddOp, [reshape(dy, shape), reshape(indices!, shape)], { axis: 1, length: reduced });
    return [reshape(sums, x!.shape), null];
  },
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    sample([3, 5], [3, 2], 1, { values: [4, 0, -1, 2, 2] }),
    sample([3, 5], [4, 5], 0, { below: 3 }),
    sample([1], [3], 0, { values: [0, -1, 5] }),
    sample([2, 3, 4], [2, 5, 4], 1, { below: 3 }),
    sample([2, 3, 1], [2, 3, 3], 2, { values: [0] }),
    sample([5, 4], [5, 4], 1, { below: 4 }, 'i32'),
    sample([33, 9], [33, 7], 1, { below: 9 }),
    sample([2, 4, 3], [2, 1, 3], 1, { below: 4 }, 'u32'),
    sample([2, 4, 3], [2, 1, 3], 1, { below: 4 }, 'i32'),
    sample([4, 2, 3], [1, 2, 3], 0, { below: 4 }, 'u32'),
    sample([3, 3, 2], [2, 3, 2], 0, { below: 3 }, 'i32'),
    sample([3, 2, 3], [3, 2, 2], 2, { below: 3 }, 'u32'),
    sample([4], [4], 0, { below: 4 }, 'u32'),
    sample([4], [4], 0, { below: 4 }, 'i32'),
  ],
};

/**
 * y[…, k…, …] = x[…, indices[k…], …]: the elements or rows of x along `axis` (0 unless given) that `indices` (i32, of any
 * shape) names; the indices' shape stands in the axis's place. Any dtype but u8. Negative indices count from the end
 * (ONNX); those outside are taken as the nearest inside, since a GPU cannot report them. The gradient adds where an
 * element was picked several times. ShapeError: dtypes or an axis that does not exist.
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return applyOne(gatherOp, [x, indices], { axis: resolveAxis('gather', axis, x.shape.length) });
}

/**
 * y[…, k, …] = x[…, indices[…, k, …], …] (NumPy's take_along_axis, ONNX's GatherElements): `indices` i32 of x's shape except
 * along `axis` (-1 unless given). Any dtype but u8; indices as in `gather`. ShapeError: shapes, dtypes or axis.
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis = -1): Tensor {
  return applyOne(takeAlongAxisOp, [x, indices], { axis: resolveAxis('takeAlongAxis', axis, x.shape.length) });
}

/**
 * y[i…] = x[indices[i…, 0], …, indices[i…, d − 1], …] (ONNX's GatherND without batch): indices i32 […, d] name d axes of x;
 * the rest of x's axes follow. Any dtype but u8; indices as in `gather`. ShapeError: d above x's rank.
 */
export function gatherNd(x: Tensor, indices: Tensor): Tensor {
  const { rows, named, rest } = rowIndices('gatherNd', x.shape, indices);
  const y = gather(reshape(x, [sizeOf(named), ...rest]), rows, 0);
  return reshape(y, [...indices.shape.slice(0, -1), ...rest]);
}

export const gatherOps = [gatherOp, takeAlongAxisOp] as const;
