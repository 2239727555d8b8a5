// The data that fit, evaluate and predict accept, checked against a model before anything runs.

import type { DType } from '../core/dtype.ts';
import { DataError, ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf, type Shape } from '../core/shape.ts';
import { dataset, type Dataset, type DatasetOptions } from '../data/dataset.ts';
import type { Compiled, Network } from './core.ts';

/** A data set, or plain arrays that make one. */
export type TrainingData = Dataset | Pick<DatasetOptions, 'x' | 'y' | 'scale' | 'offset'>;

/** A data set's targets as the loss takes them. */
export interface Targets {
  readonly data: Int32Array | Float32Array | Uint8Array;
  readonly dtype: DType;
  /** Of one example. */
  readonly shape: Shape;
}

/**
 * `data` as a data set whose examples have the network's input shape. Plain arrays may change between two calls, so
 * they are copied to the device each time; a data set is copied once.
 */
export function resolveData(where: string, data: TrainingData, { inputShape }: Network): Dataset {
  const found = isDataset(data)
    ? data
    : dataset({ ...data, ...(ArrayBuffer.isView(data.x) ? { shape: inputShape } : {}) });
  const { shape } = found.x;
  // [28,28] is [28,28,1], and nothing else is: a silent reshape would hide a wrong axis order.
  if (!equal(shape, inputShape) && !equal([...shape, 1], inputShape)) {
    throw new ShapeError(`${where}: the examples are ${format(shape)}, but the model takes ${format(inputShape)}`);
  }
  return equal(shape, inputShape) ? found : reshaped(found, inputShape);
}

export function isDataset(data: TrainingData): data is Dataset {
  return 'size' in data;
}

const reshapedOf = new WeakMap<Dataset, Dataset>();

function reshaped(from: Dataset, shape: Shape): Dataset {
  const known = reshapedOf.get(from);
  if (known && equal(known.x.shape, shape)) return known;
  const made = { ...from, x: { ...from.x, shape } };
  reshapedOf.set(from, made);
  return made;
}

/** The targets as the loss takes them; labels are all checked here, because a device would not say which is wrong. */
export function resolveTargets(where: string, { y }: Dataset, { outputShape }: Network, { loss }: Compiled): Targets {
  const { data, shape } = y;
  if (loss.target === 'any') return { data, shape, dtype: dtypeOf(data) };
  if (loss.target === 'values') {
    const bare = (lengths: Shape) => lengths.filter((length) => length !== 1);
    if (!equal(bare(shape), bare(outputShape))) {
      const hint =
        loss.name === 'categoricalCrossentropy' && shape.length === 0
          ? "; 'sparseCategoricalCrossentropy' takes labels"
          : '';
      throw new ShapeError(
        `${where}: the targets are ${format(shape)} for each example, but the model gives ${format(outputShape)}${hint}`,
      );
    }
    if (loss.name === 'binaryCrossentropy') checkBetween(where, data, 0, 1);
    return data instanceof Int32Array
      ? { data: Float32Array.from(data), shape, dtype: 'f32' }
      : { data, shape, dtype: dtypeOf(data) };
  }
  const classes = outputShape.at(-1) ?? 1;
  const positions = sizeOf(outputShape.slice(0, -1));
  if (sizeOf(shape) !== positions) {
    throw new ShapeError(
      `${where}: the labels are ${format(shape)} for each example, expected ${positions === 1 ? 'one' : positions}: ` +
        `the model gives ${format(outputShape)}`,
    );
  }
  for (let i = 0; i < data.length; i++) {
    const label = data[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new DataError(
        `${where}: label ${label} at index ${i} is outside 0..${classes - 1}: the model has ${classes} outputs`,
      );
    }
  }
  return { data: data instanceof Int32Array ? data : Int32Array.from(data), shape, dtype: 'i32' };
}

function dtypeOf(data: Dataset['y']['data']): DType {
  if (data instanceof Int32Array) return 'i32';
  return data instanceof Uint8Array ? 'u8' : 'f32';
}

function checkBetween(where: string, data: ArrayLike<number>, least: number, most: number): void {
  for (let i = 0; i < data.length; i++) {
    if (!(data[i]! >= least && data[i]! <= most)) {
      throw new DataError(`${where}: target ${data[i]} at index ${i} is outside ${least}..${most}`);
    }
  }
}
