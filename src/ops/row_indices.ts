// Indices of several axes as one index of rows: what the N-dimensional gathers and scatters are made of.

import shader from '../../shaders/row_indices.wgsl';
import { ShapeError } from '../core/errors.ts';
import { format, type Shape, sizeOf } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { bytesMoved } from './copy.ts';

/** An index from the end where negative; what is outside is taken as the nearest inside. */
export function wrapped(index: number, length: number): number {
  return Math.min(length - 1, Math.max(0, index < 0 ? index + length : index));
}

export interface RowIndicesAttrs {
  /** Of the axes that are named, as many as the last axis of the indices is long. */
  readonly lengths: Shape;
}

const maxDepth = 8;

export const rowIndicesOp: Op<RowIndicesAttrs> = {
  name: 'row_indices',
  infer([indices], { lengths }) {
    expectDType('row_indices', 'indices', indices!, 'i32');
    if (indices!.shape.at(-1) !== lengths.length || lengths.length > maxDepth) {
      throw new ShapeError(
        `row_indices: indices are ${format(indices!.shape)}, expected [..., ${lengths.length}], ${maxDepth} at most`,
      );
    }
    return [{ shape: indices!.shape.slice(0, -1), dtype: 'i32' }];
  },
  cpu([indices], [rows], { attrs: { lengths } }) {
    for (let k = 0; k < rows!.length; k++) {
      let row = 0;
      lengths.forEach((length, a) => {
        row = row * length + wrapped(indices![k * lengths.length + a]!, length);
      });
      rows![k] = row;
    }
  },
  kernels: {
    naive: {
      plan: ({ outputs, attrs: { lengths } }) => {
        const size = sizeOf(outputs[0]!.shape);
        const params = {
          size,
          depth: lengths.length,
          length_0: lengths[0] ?? 1,
          length_1: lengths[1] ?? 1,
          length_2: lengths[2] ?? 1,
          length_3: lengths[3] ?? 1,
          length_4: lengths[4] ?? 1,
          length_5: lengths[5] ?? 1,
          length_6: lengths[6] ?? 1,
          length_7: lengths[7] ?? 1,
        };
        const bindings = { indices: input(0), rows: output(0) };
        return { dispatches: [dispatch(shader, 'row_indices', { bindings, params, workgroups: flatGrid(size, 64) })] };
      },
    },
  },
  grad: null, // whole numbers
  cost: (call) => ({ flops: 0, bytes: bytesMoved(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    sample([1], [4], [-1]),
    sample([5, 2], [3, 7], [2, 6, -1, 0, 0, -7]),
    sample([1, 2], [3, 4], [2, -1]),
    sample([2, 3, 3], [2, 5, 4], [1, 4, 3, 9, -9, 0, -1, -1, -1]),
    sample([67, 8], [2, 1, 3, 2, 1, 2, 3, 2], [0, 0, 2, 1, 0, 1, 1]),
  ],
};

function sample(shape: Shape, lengths: Shape, values: number[]): Sample<RowIndicesAttrs> {
  return { inputs: [{ shape, dtype: 'i32', fill: { values } }], attrs: { lengths } };
}

/** The first axes of `shape`, which `indices` names, as one index of rows, flat; and the axes of a row. */
export function rowIndices(where: string, shape: Shape, indices: Tensor): { rows: Tensor; named: Shape; rest: Shape } {
  expectDType(where, 'indices', indices, 'i32');
  const depth = indices.shape.at(-1);
  if (depth === undefined || depth > shape.length) {
    throw new ShapeError(
      `${where}: indices are ${format(indices.shape)}, expected [..., d] with d at most the ${shape.length} axes of ${format(shape)}`,
    );
  }
  const named = shape.slice(0, depth);
  return { rows: applyOne(rowIndicesOp, [indices], { lengths: named }), named, rest: shape.slice(depth) };
}
