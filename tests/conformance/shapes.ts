// ONNX's operators on shapes and places: most move numbers without changing them.

import { allocate } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { constantTensor, type Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import { type Adapter, type Given, numbersOf, range, type StoredTensor } from './case.ts';

const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** What is known when a graph is built is a constant of it. */
export function constant(values: readonly number[], shape: readonly number[], dtype: 'f32' | 'i32' = 'f32'): Tensor {
  const array = allocate(dtype, sizeOf(shape));
  array.set(values);
  return constantTensor(array, shape, dtype);
}

/** An ONNX attribute that holds a tensor. */
const value = (given: Given, name: string): number[] | undefined => {
  const found = given.case.attributes[name] as StoredTensor | undefined;
  return found && numbersOf(found);
};

export const shapes: Readonly<Record<string, Adapter>> = {
  CenterCropPad(given) {
    const x = given.x(0);
    const axes = given.list('axes') ?? range(0, x.shape.length);
    const target = given.numbers(1);
    const paddings = x.shape.map((length, axis) => {
      const i = axes.findIndex((a) => positive(a, x.shape.length) === axis);
      const change = i < 0 ? 0 : target[i]! - length;
      // The odd element is added at the end, and taken away at the end too.
      const before = change < 0 ? -Math.floor(-change / 2) : Math.floor(change / 2);
      return [before, change - before] as const;
    });
    return [ops.pad(x, paddings)];
  },
  Concat: (given) => [
    ops.concat(
      given.case.inputs.map((_, i) => given.x(i)),
      given.number('axis', 0),
    ),
  ],
  Constant: (given) => [constant(value(given, 'value')!, given.case.outputs[0]!.dims)],
  ConstantOfShape: (given) => [ops.full(given.numbers(0), value(given, 'value')?.[0] ?? 0)],
  Expand(given) {
    const x = given.x(0);
    const [wanted, own] = [given.numbers(1), [...x.shape]];
    const rank = Math.max(wanted.length, own.length);
    const aligned = (shape: readonly number[]) => [...new Array<number>(rank - shape.length).fill(1), ...shape];
    const [a, b] = [aligned(wanted), aligned(own)];
    return [
      ops.broadcastTo(
        x,
        a.map((length, i) => Math.max(length, b[i]!)),
      ),
    ];
  },
  Flatten(given) {
    const x = given.x(0);
    const axis = positive(given.number('axis', 1), x.shape.length);
    return [ops.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))])];
  },
  Identity: (given) => [ops.copy(given.x(0))],
  Pad(given) {
    const x = given.x(0);
    const rank = x.shape.length;
    const axes = given.has(3) ? given.numbers(3).map((axis) => positive(axis, rank)) : range(0, rank);
    const pads = given.numbers(1);
    const paddings = range(0, rank).map((axis): [number, number] => {
      const i = axes.indexOf(axis);
      return i < 0 ? [0, 0] : [pads[i]!, pads[i + axes.length]!];
    });
    const mode = given.text('mode', 'constant');
    if (mode === 'constant') {
      return [ops.pad(x, paddings, { paddingMode: 'constant', value: given.has(2) ? given.numbers(2)[0]! : 0 })];
    }
    const names = { edge: 'replicate', reflect: 'reflect', wrap: 'circular' } as const;
    return [ops.pad(x, paddings, { paddingMode: names[mode as keyof typeof names] })];
  },
  Reshape(given) {
    const x = given.x(0);
    const copies = given.number('allowzero', 0) === 0;
    return [
      ops.reshape(
        x,
        given.numbers(1).map((length, i) => (length === 0 && copies ? x.shape[i]! : length)),
      ),
    ];
  },
  Shape(given) {
    const { shape } = given.x(0);
    const part = shape.slice(given.number('start', 0), given.number('end', shape.length));
    return [constant(part, [part.length], 'i32')];
  },
  Size: (given) => [constant([sizeOf(given.x(0).shape)], [], 'i32')],
  Slice(given) {
    const x = given.x(0);
    const optional = (input: number) => (given.has(input) ? given.numbers(input) : undefined);
    const [axes, steps] = [optional(3), optional(4)];
    return [
      ops.slice(x, {
        starts: given.numbers(1),
        ends: given.numbers(2),
        ...(axes && { axes }),
        ...(steps && { steps }),
      }),
    ];
  },
  Split(given) {
    const x = given.x(0);
    const axis = positive(given.number('axis', 0), x.shape.length);
    const length = x.shape[axis]!;
    // Without sizes: as equal as possible, the last part the smaller one.
    const count = given.number('num_outputs', given.case.outputs.length);
    const part = Math.ceil(length / count);
    const sizes = given.has(1) ? given.numbers(1) : range(0, count).map((i) => Math.min(part, length - i * part));
    return ops.split(x, sizes, axis);
  },
  Squeeze: (given) => [ops.squeeze(given.x(0), given.has(1) ? given.numbers(1) : undefined)],
  Tile: (given) => [ops.tile(given.x(0), given.numbers(1))],
  Transpose: (given) => [ops.transpose(given.x(0), given.list('perm'))],
  Unsqueeze(given) {
    const x = given.x(0);
    const rank = x.shape.length + given.numbers(1).length;
    const axes = given.numbers(1).map((axis) => positive(axis, rank));
    return [axes.sort((a, b) => a - b).reduce((y, axis) => ops.expandDims(y, axis), x)];
  },
};
