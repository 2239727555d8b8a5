// What metrics gather over an epoch in variables: counts of confused classes, and rows kept for the host.

import shader from '../../shaders/tally.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

/** counts u32 [C, C], predicted i32 and actual i32 of one shape -> counts. */
export const confusionAddOp: Op<void> = {
  name: 'confusion_add',
  infer([counts, predicted, actual]) {
    expectDType('confusionAdd', 'counts', counts!, 'u32');
    expectDType('confusionAdd', 'predicted', predicted!, 'i32');
    expectDType('confusionAdd', 'actual', actual!, 'i32');
    const { shape } = counts!;
    if (shape.length !== 2 || shape[0] !== shape[1]) {
      throw new ShapeError(`confusionAdd: counts are ${format(shape)}, expected [classes, classes]`);
    }
    if (!equal(predicted!.shape, actual!.shape)) {
      throw new ShapeError(
        `confusionAdd: predicted is ${format(predicted!.shape)} and actual ${format(actual!.shape)}, expected one shape`,
      );
    }
    return [{ shape, dtype: 'u32' }];
  },
  cpu([counts, predicted, actual], [y], { inputs }) {
    const classes = inputs[0]!.shape[0]!;
    const isClass = (value: number) => value >= 0 && value < classes;
    for (let i = 0; i < y!.length; i++) y![i] = counts![i]!;
    for (let i = 0; i < actual!.length; i++) {
      if (!isClass(actual![i]!) || !isClass(predicted![i]!)) continue;
      const at = actual![i]! * classes + predicted![i]!;
      y![at] = y![at]! + 1;
    }
  },
  kernels: {
    atomic: {
      plan({ inputs }) {
        const size = sizeOf(inputs[1]!.shape);
        return {
          dispatches: [
            dispatch(shader, 'confusion_add', {
              bindings: { predicted: input(1), actual: input(2), counts: output(0) },
              params: { size, classes: inputs[0]!.shape[0]! },
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  },
  grad: null, // counts of whole numbers
  inPlace: { 0: 0 },
  cost: ({ inputs }) => ({ flops: sizeOf(inputs[1]!.shape), bytes: 12 * sizeOf(inputs[1]!.shape) }),
  accuracy: { kind: 'exact' },
  samples: [
    [[1], 1],
    [[7], 2],
    [[65], 3],
    [[5, 13], 10],
    [[300], 4],
  ].map(([shape, classes]): Sample<void> => {
    const labels = { shape: shape as number[], dtype: 'i32', fill: { below: (classes as number) + 1 } } as const;
    const counts = { shape: [classes as number, classes as number], dtype: 'u32', fill: { below: 9 } } as const;
    return { inputs: [counts, labels, labels], attrs: undefined };
  }),
};

/** rows f32 [L, …], values f32 [B, …], cursor u32 [1] -> rows. */
export const recordRowsOp: Op<void> = {
  name: 'record_rows',
  infer([rows, values, cursor]) {
    expectDType('recordRows', 'rows', rows!, 'f32');
    expectDType('recordRows', 'values', values!, 'f32');
    expectDType('recordRows', 'cursor', cursor!, 'u32');
    if (rows!.shape.length === 0 || !equal(rows!.shape.slice(1), values!.shape.slice(1))) {
      throw new ShapeError(
        `recordRows: values are ${format(values!.shape)}, expected [batch, …] like ${format(rows!.shape)}`,
      );
    }
    if (sizeOf(cursor!.shape) !== 1)
      throw new ShapeError(`recordRows: cursor is ${format(cursor!.shape)}, expected [1]`);
    return [{ shape: rows!.shape, dtype: 'f32' }];
  },
  cpu([rows, values, cursor], [y], { inputs }) {
    const width = sizeOf(inputs[0]!.shape.slice(1));
    for (let i = 0; i < y!.length; i++) y![i] = rows![i]!;
    for (let i = 0; i < values!.length; i++) {
      const at = cursor![0]! * width + i;
      if (at < y!.length) y![at] = values![i]!;
    }
  },
  kernels: {
    naive: {
      plan({ inputs }) {
        const size = sizeOf(inputs[1]!.shape);
        const [length, ...row] = inputs[0]!.shape as [number, ...number[]];
        return {
          dispatches: [
            dispatch(shader, 'record_rows', {
              bindings: { values: input(1), cursor: input(2), rows: output(0) },
              params: { size, width: sizeOf(row), length },
              workgroups: flatGrid(size, 64),
            }),
          ],
        };
      },
    },
  },
  grad: null, // what is kept is for the host
  inPlace: { 0: 0 },
  cost: ({ inputs }) => ({ flops: 0, bytes: 8 * sizeOf(inputs[1]!.shape) }),
  accuracy: { kind: 'exact' },
  samples: [
    record([1], [1], 0),
    record([7, 3], [2, 3], 2),
    record([1, 3], [1, 3], 0),
    // the last batch, and one that begins beyond the end
    record([7, 3], [4, 3], 5),
    record([5], [3], 4294967295),
    record([130], [65], 65),
  ],
};

function record(rows: readonly number[], values: readonly number[], cursor: number): Sample<void> {
  const at = { shape: [1], dtype: 'u32', fill: { values: [cursor] } } as const;
  return { inputs: [{ shape: rows }, { shape: values }, at], attrs: undefined };
}

/**
 * Overwrites the variable `counts` u32 [C, C] with counts[a, p] + how often an example of class a was taken for p, and
 * gives it: `predicted` and `actual` are i32 of one shape; what is no class from 0 to C − 1 is not counted. ShapeError:
 * shapes or dtypes. No gradient.
 */
export function confusionAdd(counts: Tensor, predicted: Tensor, actual: Tensor): Tensor {
  return applyOne(confusionAddOp, [counts, predicted, actual], undefined);
}

/**
 * Overwrites rows cursor, cursor + 1, … of the variable `rows` f32 [L, …] with `values` f32 [B, …], as far as it goes,
 * and gives it; cursor is u32 [1]. ShapeError: shapes or dtypes. No gradient.
 */
export function recordRows(rows: Tensor, values: Tensor, cursor: Tensor): Tensor {
  return applyOne(recordRowsOp, [rows, values, cursor], undefined);
}
