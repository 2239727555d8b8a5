// The images of one batch, picked from a data set on the device by a shuffled index, each moved and coloured in its own way.

import shader from '../../shaders/augment_batch.wgsl';
import { OptionError, ShapeError } from '../core/errors.ts';
import { byteLength, type Values } from '../core/dtype.ts';
import { normalOf, normalTable } from '../core/normal_table.ts';
import { philoxInto } from '../core/random.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { applyOne, constantTensor, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { parametersAnImage } from './augment_parameters.ts';

/** What lies beyond an image: one value, its edge pixels, its mirror image (without the edge itself), or the image again. */
export const fillModes = ['constant', 'replicate', 'reflect', 'circular'] as const;

export interface AugmentBatchAttrs {
  readonly batch: number;
  readonly scale: number;
  readonly offset: number;
  readonly fill: (typeof fillModes)[number];
  readonly fillValue: number;
  /** What colours are kept within; null where they may have any value. */
  readonly range: readonly [number, number] | null;
  readonly noise: boolean;
}

const largest = 3.4028234663852886e38; // of f32

/** The position that stands for `t` on an axis of `n`; below zero where there is none. */
function source(t: number, n: number, fill: AugmentBatchAttrs['fill']): number {
  const turn = (period: number) => ((t % period) + period) % period;
  if (fill === 'replicate') return Math.min(Math.max(t, 0), n - 1);
  if (fill === 'circular') return turn(n);
  if (fill === 'constant') return t >= 0 && t < n ? t : -1;
  const period = Math.max(2 * (n - 1), 1);
  return Math.min(turn(period), period - turn(period));
}

function reference(
  [data, order, cursor, parameters]: readonly Values[],
  y: Values,
  types: CallTypes<AugmentBatchAttrs>,
) {
  const [examples, height, width, channels] = types.inputs[0]!.shape as [number, number, number, number];
  const { batch, scale, offset, fill, fillValue, range, noise } = types.attrs;
  const [low, high] = range ?? [-Infinity, Infinity];
  const words = new Uint32Array(4);
  for (let i = 0; i < batch * height * width; i++) {
    const image = Math.floor(i / (height * width));
    const pixel = i % (height * width);
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    const p = (at: number) => parameters![parametersAnImage * image + at]!;
    const atX = p(0) * column + p(1) * row + p(2);
    const atY = p(4) * column + p(5) * row + p(6);
    const [left, top] = [Math.floor(atX), Math.floor(atY)];
    const place = Math.min(cursor![0]! + image, order!.length - 1);
    const example = Math.min(order![place]!, examples - 1);
    const read = (channel: number): number => {
      let sum = 0;
      for (const [dy, dx] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ] as const) {
        const h = source(top + dy, height, fill);
        const w = source(left + dx, width, fill);
        const weight = (dx === 1 ? atX - left : 1 - atX + left) * (dy === 1 ? atY - top : 1 - atY + top);
        const at = ((example * height + h) * width + w) * channels + channel;
        sum += weight * (h < 0 || w < 0 ? fillValue : data![at]!);
      }
      return sum;
    };
    const before = Array.from({ length: channels }, (_, c) => read(c));
    for (let c = 0; c < channels; c++) {
      const mixed = (at: number) => p(at) * before[0]! + p(at + 1) * before[1]! + p(at + 2) * before[2]! + p(at + 3);
      let value = channels === 3 ? mixed(8 + 4 * c) : p(8) * before[c]! + p(11);
      if (noise) {
        if (c % 4 === 0) philoxInto(words, pixel, c / 4, 0, 0, p(21), p(22));
        value += p(20) * normalOf(words[c % 4]!);
      }
      y[i * channels + c] = Math.min(Math.max(value, low), high) * scale + offset;
    }
  }
}

// Rows of parameters: nothing, a turn with less contrast and some noise, a mirror image half outside with mixed colours.
const rows: readonly (readonly number[])[] = [
  [1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 5, 6, 0],
  [0.8, -0.6, 2.25, 0, 0.6, 0.8, -1.5, 0, 0.5, 0.25, 0, 3, 0.25, 0.5, 0, 2, 0, 0.5, 0.5, 1, 0.75, 16777215, 12345, 0],
  [-1.5, 0, 8, 0, 0.25, 2, -5, 0, 1.25, -0.5, 0.25, -1, 0, 1, 0, 0, -0.25, 0.5, 0.75, 0.5, 0.5, 1, 2 ** 23, 0],
];

function samples(): Sample<AugmentBatchAttrs>[] {
  const shapes = [
    [5, 7, 9, 1],
    [4, 6, 5, 3],
    [3, 1, 8, 2],
    [2, 5, 1, 5],
  ];
  return fillModes.flatMap((fill, f) =>
    (['u8', 'f32'] as const).flatMap((dtype, d) =>
      [true, false].flatMap((noise, n) =>
        [1, 3].map((batch, b): Sample<AugmentBatchAttrs> => {
          const bits = f + 2 * d + n + 3 * b; // spreads the other options
          const shape = shapes[(f + d + n + b) % shapes.length]!;
          const cursor = bits % 5 === 4 ? 4294967295 : bits % 3;
          return {
            inputs: [
              { shape, dtype },
              { shape: [4], dtype: 'u32', fill: { below: 6 } },
              { shape: [1], dtype: 'u32', fill: { values: [cursor] } },
              { shape: [batch, parametersAnImage], fill: { values: [...rows.slice(bits % 3), ...rows].flat() } },
              { shape: [2048], dtype: 'u32', fill: { values: normalTable() as unknown as readonly number[] } },
            ],
            attrs: {
              batch,
              fill,
              noise,
              scale: (f + n) % 2 === 0 ? 1 : 1 / 255,
              offset: [0, -0.5, 2][(f + d + b) % 3]!,
              fillValue: [0, 5, -3][(f + d + 2 * n + b) % 3]!,
              range: (d + b + f) % 2 === 0 ? null : [0, 4],
            },
          };
        }),
      ),
    ),
  );
}

export const augmentBatchOp: Op<AugmentBatchAttrs> = {
  name: 'augment_batch',
  infer([data, order, cursor, parameters], { batch }) {
    expectDType('augmentBatch', 'data', data!, 'u8', 'f32');
    expectDType('augmentBatch', 'order', order!, 'u32');
    expectDType('augmentBatch', 'cursor', cursor!, 'u32');
    expectDType('augmentBatch', 'parameters', parameters!, 'f32');
    if (data!.shape.length !== 4) {
      throw new ShapeError(
        `augmentBatch: data is ${format(data!.shape)}, expected [examples, height, width, channels]`,
      );
    }
    if (order!.shape.length !== 1)
      throw new ShapeError(`augmentBatch: order is ${format(order!.shape)}, expected [length]`);
    if (sizeOf(cursor!.shape) !== 1)
      throw new ShapeError(`augmentBatch: cursor is ${format(cursor!.shape)}, expected [1]`);
    if (batch > order!.shape[0]!) {
      throw new ShapeError(`augmentBatch: batch ${batch} exceeds the ${order!.shape[0]} entries of order`);
    }
    if (!equal(parameters!.shape, [batch, parametersAnImage])) {
      throw new ShapeError(
        `augmentBatch: parameters is ${format(parameters!.shape)}, expected ${format([batch, parametersAnImage])}`,
      );
    }
    return [{ shape: [batch, ...data!.shape.slice(1)], dtype: 'f32' }];
  },
  cpu: (x, [y], types) => reference(x, y!, types),
  kernels: {
    naive: {
      plan({ inputs, attrs: { batch, scale, offset, fill, fillValue, range, noise } }) {
        const [examples, height, width, channels] = inputs[0]!.shape as [number, number, number, number];
        const size = batch * height * width;
        const [low, high] = range ?? [-largest, largest];
        const bindings = { order: input(1), cursor: input(2), parameters: input(3), table: input(4), y: output(0) };
        const call = {
          params: {
            size,
            height,
            width,
            channels,
            examples,
            length: inputs[1]!.shape[0]!,
            scale,
            offset,
            low,
            high,
            fill_value: fillValue,
          },
          constants: { FILL: fillModes.indexOf(fill), NOISE: noise, COLOURS: channels === 3 },
          workgroups: flatGrid(size, 64),
        };
        return {
          dispatches: [
            inputs[0]!.dtype === 'u8'
              ? dispatch(shader, 'augment_batch_bytes', { bindings: { bytes: input(0), ...bindings }, ...call })
              : dispatch(shader, 'augment_batch', { bindings: { data: input(0), ...bindings }, ...call }),
          ],
        };
      },
    },
  },
  grad: null, // data sets are not trained
  cost({ inputs, outputs, attrs: { batch } }) {
    const size = sizeOf(outputs[0]!.shape);
    return {
      flops: 20 * size,
      bytes: byteLength(inputs[0]!.dtype, size) + byteLength('f32', parametersAnImage * batch) + 4 * size,
    };
  },
  // With u = 2⁻²⁴, for parameters within ±2 (±8 pixels further for what is added to places): a place near 3·(H + W) is off by
  // 6u of itself, and pixels beside each other differ by all there is; colours add four products to noise below 7 · sd.
  accuracy({ inputs, attrs: { scale, offset, fillValue } }) {
    const [, height, width] = inputs[0]!.shape as [number, number, number];
    const most = Math.max(inputs[0]!.dtype === 'u8' ? 255 : 6, Math.abs(fillValue));
    const place = 6 * 2 ** -24 * (3 * (height + width) + 8);
    const value = 2 * (2 * most) * place + 10 * 2 ** -24 * most;
    return {
      kind: 'mixed',
      absolute: Math.abs(scale) * (6 * value + 2 ** -24 * 100 * most) + 2 ** -23 * Math.abs(offset),
      relative: 2 ** -22,
    };
  },
  samples: samples(),
};

/**
 * y[b, h, w, :] = (image order[cursor + b], read at parameters[b]'s place between four pixels and coloured by it)·scale + offset: data
 * u8 or f32 [D, H, W, C], order u32 [L], cursor u32 [1], parameters f32 [batch, 24] of `augmentParameters` -> f32 [batch, H, W,
 * C]. With three channels colours are mixed; otherwise each is multiplied and moved alike. Indices beyond the end are read
 * as the last one. OptionError: numbers that are not finite. ShapeError: dtypes or shapes that do not fit. No gradient.
 */
export function augmentBatch(
  data: Tensor,
  order: Tensor,
  cursor: Tensor,
  parameters: Tensor,
  options: AugmentBatchAttrs,
): Tensor {
  const { scale, offset, fillValue, range } = options;
  for (const [name, value] of Object.entries({ scale, offset, fillValue, low: range?.[0], high: range?.[1] })) {
    if (value === undefined || Number.isFinite(Math.fround(value))) continue;
    throw new OptionError(`augmentBatch: ${name} is ${value}, expected a finite number`);
  }
  const table = constantTensor(normalTable(), [normalTable().length], 'u32');
  return applyOne(augmentBatchOp, [data, order, cursor, parameters, table], options);
}
