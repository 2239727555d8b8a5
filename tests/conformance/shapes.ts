// ONNX's operators on shapes and places: most move numbers without changing them.

import { allocate } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { constantTensor, type Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import {
  type Adapter,
  channelsFirst,
  channelsLast,
  type Given,
  numbersOf,
  range,
  type Result,
  type StoredTensor,
} from './case.ts';

const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** What is known when a graph is built is a constant of it. */
export function constant(values: readonly number[], shape: readonly number[], dtype: 'f32' | 'i32' = 'f32'): Tensor {
  const array = allocate(dtype, sizeOf(shape));
  array.set(values);
  return constantTensor(array, shape, dtype);
}

/** An ONNX attribute that holds a tensor. */
const value = (given: Given, name: string): number[] | undefined => {
  const found = given.attribute(name) as StoredTensor | undefined;
  return found && numbersOf(found);
};

const lastly = (tensor: Tensor): Result => ({ tensor, axes: channelsFirst(4) });

/** Indices as ONNX counts them for one example of a batch: a column that names the example goes before them. */
function withBatch(indices: Tensor): Tensor {
  const column = constant(range(0, indices.shape[0]!), [indices.shape[0]!, 1], 'i32');
  return ops.concat([column, indices], 1);
}

const triangle = (rows: number, columns: number, keep: (row: number, column: number) => boolean): Tensor =>
  constant(
    range(0, rows * columns).map((i) => Number(keep(Math.floor(i / columns), i % columns))),
    [rows, columns],
  );

/** f and the largest's place, the last of equals where asked. */
const place =
  (f: (x: Tensor, options: { axis: number; keepDims: boolean }) => Tensor): Adapter =>
  (given) => {
    const x = given.x(0);
    const axis = given.number('axis', 0);
    const options = { axis, keepDims: given.number('keepdims', 1) === 1 };
    if (given.number('select_last_index', 0) === 0) return [f(x, options)];
    // The first of the reversed axis, counted from its end.
    const fromEnd = ops.cast(f(ops.flip(x, axis), options), 'f32');
    return [ops.cast(ops.sub(x.shape[positive(axis, x.shape.length)]! - 1, fromEnd), 'i32')];
  };

export const shapes: Readonly<Record<string, Adapter>> = {
  ArgMax: place(ops.argmax),
  ArgMin: place(ops.argmin),
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
      given.inputs.map((_, i) => given.x(i)),
      given.number('axis', 0),
    ),
  ],
  Constant: (given) => [constant(value(given, 'value')!, given.outputs[0]!.dims)],
  ConstantOfShape: (given) => [ops.full(given.numbers(0), value(given, 'value')?.[0] ?? 0)],
  CumProd: (given) => [
    ops.cumulativeProd(given.x(0), {
      axis: given.numbers(1)[0]!,
      exclusive: given.number('exclusive', 0) === 1,
      reverse: given.number('reverse', 0) === 1,
    }),
  ],
  CumSum: (given) => [
    ops.cumulativeSum(given.x(0), {
      axis: given.numbers(1)[0]!,
      exclusive: given.number('exclusive', 0) === 1,
      reverse: given.number('reverse', 0) === 1,
    }),
  ],
  DepthToSpace: (given) => [
    lastly(
      ops.depthToSpace(given.x(0, channelsLast(4)), {
        blockSize: given.number('blocksize', 1),
        order: given.text('mode', 'DCR') === 'DCR' ? 'blocks' : 'channels',
      }),
    ),
  ],
  Einsum: (given) => [ops.einsum(given.text('equation', ''), ...given.inputs.map((_, i) => given.x(i)))],
  EyeLike(given) {
    const [rows, columns] = given.x(0).shape as [number, number];
    const k = given.number('k', 0);
    return [
      ops.oneHot(
        constant(
          range(0, rows).map((row) => (row + k < 0 ? columns : row + k)),
          [rows],
          'i32',
        ),
        columns,
      ),
    ];
  },
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
  Gather: (given) => [ops.gather(given.x(0), given.whole(1), given.number('axis', 0))],
  GatherElements: (given) => [ops.takeAlongAxis(given.x(0), given.whole(1), given.number('axis', 0))],
  GatherND: (given) => [
    ops.gatherNd(given.x(0), given.number('batch_dims', 0) === 1 ? withBatch(given.whole(1)) : given.whole(1)),
  ],
  Hardmax(given) {
    const x = given.x(0);
    const axis = positive(given.number('axis', -1), x.shape.length);
    return [ops.oneHot(ops.argmax(x, { axis }), x.shape[axis]!, { axis })];
  },
  Identity: (given) => [ops.copy(given.x(0))],
  OneHot(given) {
    const [offValue, onValue] = given.numbers(2) as [number, number];
    return [ops.oneHot(given.whole(0), given.numbers(1)[0]!, { axis: given.number('axis', -1), onValue, offValue })];
  },
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
  // start + delta·(0, 1, 2, …)
  Range(given) {
    const [start, limit, delta] = [0, 1, 2].map((i) => given.numbers(i)[0]!) as [number, number, number];
    const steps = ops.cumulativeSum(ops.full([Math.ceil((limit - start) / delta)], 1), { exclusive: true });
    return [ops.add(ops.mul(steps, delta), start)];
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
  ReverseSequence(given) {
    const x = given.x(0);
    const [batch, time] = [given.number('batch_axis', 1), given.number('time_axis', 0)];
    const lengths = given.numbers(1);
    const indices = range(0, x.shape[0]! * x.shape[1]!).map((i) => {
      const at = [Math.floor(i / x.shape[1]!), i % x.shape[1]!];
      const length = lengths[at[batch]!]!;
      return at[time]! < length ? length - 1 - at[time]! : at[time]!;
    });
    return [ops.takeAlongAxis(x, constant(indices, x.shape, 'i32'), time)];
  },
  ScatterElements: (given) => [
    ops.scatterElements(given.x(0), given.whole(1), given.x(2), {
      axis: given.number('axis', 0),
      reduction: given.text('reduction', 'none') as 'none',
    }),
  ],
  ScatterND: (given) => [
    ops.scatterNd(given.x(0), given.whole(1), given.x(2), { reduction: given.text('reduction', 'none') as 'none' }),
  ],
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
  SpaceToDepth: (given) => [
    lastly(ops.spaceToDepth(given.x(0, channelsLast(4)), { blockSize: given.number('blocksize', 1) })),
  ],
  Split(given) {
    const x = given.x(0);
    const axis = positive(given.number('axis', 0), x.shape.length);
    const length = x.shape[axis]!;
    // Without sizes: as equal as possible, the last part the smaller one.
    const count = given.number('num_outputs', given.outputs.length);
    const part = Math.ceil(length / count);
    const sizes = given.has(1) ? given.numbers(1) : range(0, count).map((i) => Math.min(part, length - i * part));
    return ops.split(x, sizes, axis);
  },
  Squeeze: (given) => [ops.squeeze(given.x(0), given.has(1) ? given.numbers(1) : undefined)],
  Tile: (given) => [ops.tile(given.x(0), given.numbers(1))],
  TopK(given) {
    const smallest = given.number('largest', 1) === 0;
    if (given.number('sorted', 1) === 0) throw new Error('no case has an order of its own');
    const { values, indices } = ops.topK(given.x(0), given.numbers(1)[0]!, {
      axis: given.number('axis', -1),
      smallest,
    });
    return [values, indices];
  },
  Transpose: (given) => [ops.transpose(given.x(0), given.list('perm'))],
  Trilu(given) {
    const x = given.x(0);
    const k = given.has(1) ? given.numbers(1)[0]! : 0;
    const upper = given.number('upper', 1) === 1;
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    return [
      ops.where(
        triangle(rows, columns, (r, c) => (upper ? c >= r + k : c <= r + k)),
        x,
        0,
      ),
    ];
  },
  Unsqueeze(given) {
    const x = given.x(0);
    const rank = x.shape.length + given.numbers(1).length;
    const axes = given.numbers(1).map((axis) => positive(axis, rank));
    return [axes.sort((a, b) => a - b).reduce((y, axis) => ops.expandDims(y, axis), x)];
  },
  Where: (given) => [ops.where(given.x(0), given.x(1), given.x(2))],
};
