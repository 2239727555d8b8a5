// The examples of one batch, picked from a data set on the device by a shuffled index, with bytes scaled to f32.

import shader from '../../shaders/gather_batch.wgsl';
import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { byteLength } from '../core/dtype.ts';
import { format, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';

export interface GatherBatchAttrs {
  readonly batch: number;
  readonly scale: number;
  readonly offset: number;
  /** f32 for features, i32 for labels, which are neither scaled nor moved. */
  readonly dtype: 'f32' | 'i32';
}

const order = { order: input(1), cursor: input(2) };

function params({ inputs, outputs, attrs }: CallTypes<GatherBatchAttrs>, lanes: 1 | 4) {
  const [examples, ...example] = inputs[0]!.shape as [number, ...number[]];
  const size = sizeOf(outputs[0]!.shape) / lanes;
  const counts = { size, example_size: sizeOf(example) / lanes, examples, length: inputs[1]!.shape[0]! };
  return { counts, scaled: { ...counts, scale: attrs.scale, offset: attrs.offset }, workgroups: flatGrid(size, 64) };
}

export const gatherBatchOp: Op<GatherBatchAttrs> = {
  name: 'gather_batch',
  infer([data, indices, cursor], { batch, scale, offset, dtype }) {
    if (data!.shape.length === 0) throw new ShapeError('gatherBatch: data is [], expected [examples, ...example]');
    expectDType('gatherBatch', 'order', indices!, 'u32');
    expectDType('gatherBatch', 'cursor', cursor!, 'u32');
    if (indices!.shape.length !== 1) {
      throw new ShapeError(`gatherBatch: order is ${format(indices!.shape)}, expected [length]`);
    }
    if (sizeOf(cursor!.shape) !== 1)
      throw new ShapeError(`gatherBatch: cursor is ${format(cursor!.shape)}, expected [1]`);
    if (batch > indices!.shape[0]!) {
      throw new ShapeError(`gatherBatch: batch ${batch} exceeds the ${indices!.shape[0]} entries of order`);
    }
    if (dtype === 'f32') expectDType('gatherBatch', 'data for an f32 batch', data!, 'u8', 'f32');
    else expectDType('gatherBatch', 'data for an i32 batch', data!, 'u8', 'i32', 'u32');
    if (dtype === 'i32' && (scale !== 1 || offset !== 0)) {
      throw new OptionError(`gatherBatch: scale is ${scale} and offset ${offset}, expected 1 and 0 for an i32 batch`);
    }
    return [{ shape: [batch, ...data!.shape.slice(1)], dtype }];
  },
  cpu([data, indices, cursor], [y], { inputs, attrs }) {
    const size = sizeOf(inputs[0]!.shape.slice(1));
    for (let b = 0; b < attrs.batch; b++) {
      const at = Math.min(cursor![0]! + b, indices!.length - 1);
      const example = Math.min(indices![at]!, inputs[0]!.shape[0]! - 1);
      for (let e = 0; e < size; e++) y![b * size + e] = data![example * size + e]! * attrs.scale + attrs.offset;
    }
  },
  kernels: {
    vec4: {
      fits: ({ inputs, attrs }) => attrs.dtype === 'f32' && sizeOf(inputs[0]!.shape.slice(1)) % 4 === 0,
      plan(types) {
        const { scaled, workgroups } = params(types, 4);
        const call = { params: scaled, workgroups };
        return {
          dispatches: [
            types.inputs[0]!.dtype === 'u8'
              ? dispatch(shader, 'gather_batch_bytes_vec4', {
                  bindings: { bytes: input(0), ...order, y4: output(0) },
                  ...call,
                })
              : dispatch(shader, 'gather_batch_vec4', {
                  bindings: { data4: input(0), ...order, y4: output(0) },
                  ...call,
                }),
          ],
        };
      },
    },
    naive: {
      plan(types) {
        const { counts, scaled, workgroups } = params(types, 1);
        const { dtype } = types.inputs[0]!;
        if (types.attrs.dtype === 'i32') {
          const call = { params: counts, workgroups };
          return {
            dispatches: [
              dtype === 'u8'
                ? dispatch(shader, 'gather_batch_byte_labels', {
                    bindings: { bytes: input(0), ...order, labels: output(0) },
                    ...call,
                  })
                : dispatch(shader, 'gather_batch_labels', {
                    bindings: { words: input(0), ...order, labels: output(0) },
                    ...call,
                  }),
            ],
          };
        }
        const call = { params: scaled, workgroups };
        return {
          dispatches: [
            dtype === 'u8'
              ? dispatch(shader, 'gather_batch_bytes', {
                  bindings: { bytes: input(0), ...order, y: output(0) },
                  ...call,
                })
              : dispatch(shader, 'gather_batch', { bindings: { data: input(0), ...order, y: output(0) }, ...call }),
          ],
        };
      },
    },
  },
  grad: null, // data sets are not trained
  cost({ inputs, outputs, attrs }) {
    const size = sizeOf(outputs[0]!.shape);
    return {
      flops: attrs.dtype === 'f32' ? 2 * size : 0,
      bytes: byteLength(inputs[0]!.dtype, size) + byteLength('u32', attrs.batch + 1) + 4 * size,
    };
  },
  // a·scale + offset, with scale and offset rounded to f32: 3u·(|a·scale| + |offset|); u8 data are at most 255, and
  // standard normal samples less than 6.
  accuracy({ inputs, attrs: { scale, offset, dtype } }) {
    if (dtype === 'i32' || (scale === 1 && offset === 0)) return { kind: 'exact' };
    const largest = inputs[0]!.dtype === 'u8' ? 255 : 6;
    return {
      kind: 'mixed',
      absolute: 3 * 2 ** -24 * (Math.abs(largest * scale) + Math.abs(offset)),
      relative: 2 ** -22,
    };
  },
  samples: [
    sample([7, 5, 3], 'u8', 7, 2, { batch: 3, scale: 1 / 255 }),
    sample([9, 28, 28, 1], 'u8', 9, 4, { batch: 5, scale: 1 / 255 / 0.3081, offset: -0.1307 / 0.3081 }),
    sample([5, 3], 'u8', 4, 0, { batch: 4 }),
    sample([1, 1], 'u8', 1, 0, { batch: 1, scale: -2, offset: 0.5 }),
    sample([6, 7], 'f32', 6, 1, { batch: 5 }),
    sample([6, 3, 4], 'f32', 6, 1, { batch: 4, scale: 0.25, offset: -1 }),
    sample([11], 'u8', 11, 3, { batch: 6, dtype: 'i32' }),
    sample([13], 'i32', 13, 4, { batch: 8, dtype: 'i32' }),
    sample([6, 5], 'u32', 6, 0, { batch: 3, dtype: 'i32' }),
    sample([3, 2, 4], 'f32', 3, 1, { batch: 1 }),
    sample([5, 23], 'u8', 5, 2, { batch: 3, scale: 0.5, offset: 3 }),
    sample([4, 2, 3], 'u32', 4, 1, { batch: 1, dtype: 'i32' }),
    sample([4, 2, 3], 'f32', 4, 1, { batch: 3, offset: -1 }),
    sample([4, 2, 3], 'i32', 4, 1, { batch: 1, dtype: 'i32' }),
    // a cursor and entries of order beyond the end are clamped
    sample([4, 6], 'f32', 9, 6, { batch: 9 }),
    sample([3, 8], 'u8', 5, 4294967295, { batch: 2, scale: 0.5 }),
  ],
};

function sample(
  shape: readonly number[],
  dtype: 'u8' | 'f32' | 'i32' | 'u32',
  length: number,
  cursor: number,
  attrs: Partial<GatherBatchAttrs> & { batch: number },
): Sample<GatherBatchAttrs> {
  return {
    inputs: [
      { shape, dtype, ...(dtype === 'i32' || dtype === 'u32' ? { fill: { below: 10 } } : {}) },
      { shape: [length], dtype: 'u32', fill: { below: length } },
      { shape: [1], dtype: 'u32', fill: { values: [cursor] } },
    ],
    attrs: { scale: 1, offset: 0, dtype: 'f32', ...attrs },
  };
}

/**
 * y[b, …] = data[order[cursor + b], …]·scale + offset: data [D, …example], order u32 [L] (indices of examples, usually
 * shuffled), cursor u32 [1] (the place in `order` where the batch begins) -> [batch, …example]. u8 and f32 data give an
 * f32 batch; i32 and u32 data, and u8 data with `dtype: 'i32'`, give i32 labels as they are. `scale` defaults to 1,
 * `offset` to 0. Indices beyond the end are read as the last one. ShapeError: dtypes or shapes that do not fit, a batch
 * larger than `order`. OptionError: a batch that is no positive integer, numbers that are not finite, scaled labels. No
 * gradient.
 */
export function gatherBatch(
  data: Tensor,
  order: Tensor,
  cursor: Tensor,
  options: { batch: number; scale?: number; offset?: number; dtype?: 'f32' | 'i32' },
): Tensor {
  checkOptions('gatherBatch', options, ['batch', 'scale', 'offset', 'dtype']);
  const {
    batch,
    scale = 1,
    offset = 0,
    dtype = data.dtype === 'i32' || data.dtype === 'u32' ? 'i32' : 'f32',
  } = options;
  if (!Number.isInteger(batch) || batch < 1) {
    throw new OptionError(`gatherBatch: batch is ${batch}, expected a positive integer`);
  }
  for (const [name, value] of Object.entries({ scale, offset })) {
    if (!Number.isFinite(Math.fround(value)))
      throw new OptionError(`gatherBatch: ${name} is ${value}, expected a finite number`);
  }
  return applyOne(gatherBatchOp, [data, order, cursor], { batch, scale, offset, dtype });
}

export const gatherBatchOps = [gatherBatchOp] as const;
