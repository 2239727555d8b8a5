// The sizes and edges that an op's samples must have among them.

import type { Op, Sample } from '../../src/graph/op.ts';
import type { Values } from '../../src/core/dtype.ts';
import { sizeOf, type Shape } from '../../src/core/shape.ts';
import { positionsOf, type Regions, regionOutput } from '../../src/ops/pool_regions.ts';
import { ops } from '../../src/ops/index.ts';
import type { SliceAttrs } from '../../src/ops/slice_kernels.ts';
import { sourcePosition, type WindowNd } from '../../src/ops/window.ts';
import { baseOf, optionTable } from './option_table.ts';
import type { Call } from './options.ts';
import { callTypes, sampleValues } from './table.ts';

/** Whether a sample has it. */
type Test = (call: Call, sample: Sample<unknown>) => boolean;

interface Wanted {
  readonly name: string;
  readonly test: Test;
  /** Ops that cannot have it, and why. */
  readonly except: readonly (readonly [ops: RegExp, because: string])[];
}

const shapesOf = ({ inputs, outputs }: Call): Shape[] => [...inputs, ...outputs].map(({ shape }) => shape);
const most = ({ outputs }: Call) => Math.max(...outputs.map(({ shape }) => sizeOf(shape)));

const flat = /^(sgd|adam|adagrad|rmsprop|find_non_finite|clip_value|clip_norm|sum_gradients|max_norm)/;
const stepsOnly = 'parameters and gradients are one row';

/** What every op must have. */
export const sizes: readonly Wanted[] = [
  {
    name: 'an odd length above 1',
    test: (call) => shapesOf(call).some((shape) => shape.some((n) => n > 1 && n % 2 === 1)),
    except: [],
  },
  {
    name: 'a length of 1, or a single number',
    test: (call) => shapesOf(call).some((shape) => shape.length === 0 || shape.includes(1)),
    except: [],
  },
  {
    name: 'a batch of 1',
    test: (call) => shapesOf(call).some((shape) => shape.length > 1 && shape[0] === 1),
    except: [
      [flat, stepsOnly],
      [/^random_permutation$/, 'its result is one row'],
      [/^update_loss_scale$/, 'its inputs are a few numbers'],
    ],
  },
  {
    name: 'a batch of several',
    test: (call) => shapesOf(call).some((shape) => shape.length > 1 && shape[0]! > 1),
    except: [
      [flat, stepsOnly],
      [/^random_permutation$/, 'its result is one row'],
      [/^update_loss_scale$/, 'its inputs are a few numbers'],
    ],
  },
  {
    name: 'a result whose size 4 does not divide',
    test: ({ outputs }) => outputs.some(({ shape }) => sizeOf(shape) % 4 !== 0),
    except: [[/^augment_parameters$/, 'an image has 24 numbers']],
  },
  {
    name: 'a result above 64 that neither 16 nor 64 divides',
    test: (call) => most(call) > 64 && call.outputs.some(({ shape }) => sizeOf(shape) > 64 && sizeOf(shape) % 16 !== 0),
    except: [
      [/^stop_gradient$/, 'it does nothing'],
      [/^(update_loss_scale|find_non_finite|mark_non_finite)$/, 'its results are a few numbers'],
    ],
  },
];

// --- edges

const lengthAlong = (call: Call, input: number): number => call.inputs[input]!.shape[call.attrs.axis]!;
const axisOfOne = (input: number): Edges => ({
  'an axis of length 1': (call) => lengthAlong(call, input) === 1,
  'an axis longer than a workgroup': (call) => lengthAlong(call, input) > 64,
});
const lastAxis: Edges = {
  'rows of one element': ({ inputs }) => inputs[0]!.shape.at(-1) === 1,
  'one row': ({ inputs }) => sizeOf(inputs[0]!.shape.slice(0, -1)) === 1,
  'rows longer than a workgroup': ({ inputs }) => inputs[0]!.shape.at(-1)! > 64,
};

/** Scores of -Infinity, which masks are made of: whatever a kernel takes as a row's reference, it may meet them first. */
const masked = (input: number): Edges => {
  const some = (test: (row: Values) => boolean): Test => {
    return (call, sample) => {
      const columns = call.inputs[input]!.shape.at(-1)!;
      const x = sampleValues(sample.inputs[input]!, 17 + input);
      return Array.from({ length: x.length / columns }, (_, r) => x.subarray(r * columns, (r + 1) * columns)).some(
        test,
      );
    };
  };
  return {
    'a row that is masked first': some((row) => row[0] === -Infinity && row[1]! > -Infinity),
    'a row that is masked in between': some((row) => row[0]! > -Infinity && row.includes(-Infinity as never)),
    'a long row whose last score alone is not masked': some(
      (row) => row.length > 64 && row.indexOf(row.at(-1)! as never) === row.length - 1 && row.at(-2) === -Infinity,
    ),
    'a row that is masked altogether': some((row) => row.every((value) => value === -Infinity)),
  };
};

/** For each axis and window: the elements of the image that it reads. */
function readsOf(lengths: readonly number[], window: WindowNd): number[][][] {
  return lengths.map((length, axis) =>
    Array.from({ length: window.output[axis]! }, (_, o) =>
      Array.from({ length: window.kernel[axis]! }, (__, k) => {
        const t = o * window.strides[axis]! + k * window.dilation[axis]! - window.padBefore[axis]!;
        return sourcePosition(t, length, window.paddingMode);
      }).filter((position) => position >= 0),
    ),
  );
}

const windowOf = ({ attrs }: Call): WindowNd => attrs.window ?? attrs;
const imageOf = ({ inputs, attrs }: Call): Shape => attrs.inputShape ?? inputs[0]!.shape;
const lengthsOf = (call: Call) => imageOf(call).slice(1, -1);

const convolution: Edges = {
  'a window wholly in padding of zeros': (call) =>
    windowOf(call).paddingMode === 'zeros' &&
    readsOf(lengthsOf(call), windowOf(call))
      .flat()
      .some((r) => r.length === 0),
  'an element that no window reads': (call) =>
    readsOf(lengthsOf(call), windowOf(call)).some((axis, i) => new Set(axis.flat()).size < lengthsOf(call)[i]!),
  'one window for the whole image': (call) =>
    windowOf(call).output.every((n) => n === 1) && lengthsOf(call).some((n) => n > 1),
  'reflected padding as wide as there is': (call) => widest(call, 'reflect', 1),
  'circular padding as wide as there is': (call) => widest(call, 'circular', 0),
  'an image of one element along an axis': (call) => lengthsOf(call).includes(1),
  'one channel': (call) => imageOf(call).at(-1) === 1,
};

function widest(call: Call, mode: WindowNd['paddingMode'], less: number): boolean {
  const { paddingMode, padBefore, padAfter } = windowOf(call);
  return (
    paddingMode === mode &&
    lengthsOf(call).some((n, i) => Math.max(padBefore[i]!, padAfter[i]!) === n - less && n > less)
  );
}

const regionsOf = ({ attrs }: Call): Regions => attrs.regions ?? { window: attrs.window ?? attrs };
const pooled = (input: number): Edges => ({
  'a window with a single element on the image': (call) =>
    eachRegion(call, input).some((positions, _, all) => positions.length === 1 && all.length > 1),
  'one region for the whole image': (call) => {
    const lengths = pooledLengths(call, input);
    const windows = eachRegion(call, input);
    return windows.length === lengths.length && windows.every((positions, i) => positions.length === lengths[i]);
  },
  'an element that no window reads': (call) => {
    const lengths = pooledLengths(call, input);
    const output = regionOutput(regionsOf(call));
    return lengths.some((length, axis) => {
      const read = Array.from({ length: output[axis]! }, (_, o) => positions(call, axis, o, length));
      return new Set(read.flat()).size < length;
    });
  },
  'one channel': (call) => (call.attrs.inputShape ?? call.inputs[input]!.shape).at(-1) === 1,
});

const pooledLengths = (call: Call, input: number): readonly number[] =>
  ((call.attrs.inputShape as Shape | undefined) ?? call.inputs[input]!.shape).slice(1, -1);
const positions = (call: Call, axis: number, o: number, length: number) =>
  positionsOf(regionsOf(call), axis, o, length);
function eachRegion(call: Call, input: number): number[][] {
  const output = regionOutput(regionsOf(call));
  return pooledLengths(call, input).flatMap((length, axis) =>
    Array.from({ length: output[axis]! }, (_, o) => positions(call, axis, o, length)),
  );
}

/** First and last element that a slice takes of each axis. */
function ends({ starts, sizes: counts, steps }: SliceAttrs): [first: number, last: number][] {
  return starts.map((start, i) => {
    const end = start + (counts[i]! - 1) * steps[i]!;
    return [Math.min(start, end), Math.max(start, end)];
  });
}
const slicing = (shapeOf: (call: Call) => Shape): Edges => ({
  'the first element alone of a longer axis': (call) =>
    ends(call.attrs).some(([first, last], i) => first === 0 && last === 0 && shapeOf(call)[i]! > 1),
  'the last element alone of a longer axis': (call) =>
    ends(call.attrs).some(([first, last], i) => first === last && last === shapeOf(call)[i]! - 1 && last > 0),
  'both ends of an axis, but not all of it': (call) =>
    ends(call.attrs).some(
      ([first, last], i) => first === 0 && last === shapeOf(call)[i]! - 1 && call.attrs.sizes[i] < shapeOf(call)[i]!,
    ),
  'neither end of an axis': (call) =>
    ends(call.attrs).some(([first, last], i) => first > 0 && last < shapeOf(call)[i]! - 1),
});

const indexed = (indices: number, length: (call: Call) => number): Edges => {
  const some = (test: (index: number, length: number) => boolean): Test => {
    return (call, sample) =>
      Array.from(sampleValues(sample.inputs[indices]!, 17 + indices), Number).some((i) => test(i, length(call)));
  };
  return {
    'the first index': some((i) => i === 0),
    'the last index': some((i, n) => i === n - 1 && n > 1),
    'an index from the end': some((i) => i === -1),
    'one index': ({ inputs }) => sizeOf(inputs[indices]!.shape) === 1,
  };
};
const indexOutside = (indices: number, length: (call: Call) => number): Edges => ({
  'an index outside': (call, sample) =>
    Array.from(sampleValues(sample.inputs[indices]!, 17 + indices), Number).some(
      (i) => i >= length(call) || i < -length(call),
    ),
});

const steps = (input: number): Edges => ({
  'one step': ({ inputs }) => inputs[input]!.shape[1] === 1,
  'one example': ({ inputs }) => inputs[input]!.shape[0] === 1,
  'one unit': ({ outputs }) => outputs[0]!.shape.at(-1)! <= 4,
  'an example without any step': ({ attrs, inputs }, sample) =>
    attrs.masking === 'lengths' && sampleValues(sample.inputs[inputs.length - 1]!, 17).includes(0 as never),
});

const optimizer: Edges = {
  'one parameter': ({ inputs }) => inputs[0]!.shape[0] === 1,
  'a bad gradient': (_, sample) => !sampleValues(sample.inputs[1]!, 18).every(Number.isFinite as never),
};

/** Of the product of two matrices; `transposed` says how they lie. */
const matrices = (transposed: (call: Call) => { transposeA: boolean; transposeB: boolean }): Edges => {
  const sizesOf = (call: Call): [m: number, n: number, k: number] => {
    const [a, b] = call.inputs;
    const { transposeA, transposeB } = transposed(call);
    return [a!.shape.at(transposeA ? -1 : -2)!, b!.shape.at(transposeB ? -2 : -1)!, a!.shape.at(transposeA ? -2 : -1)!];
  };
  return {
    'one row': (call) => sizesOf(call)[0] === 1,
    'one column': (call) => sizesOf(call)[1] === 1,
    'one term': (call) => sizesOf(call)[2] === 1,
    'one more than a tile of 16, 32 or 64 along m, n and k': (call) =>
      sizesOf(call).every((size) => [17, 33, 65].includes(size)),
    'no multiple of 4 along m, n and k': ({ inputs: [a, b] }) => [...a!.shape, ...b!.shape].every((n) => n % 4 !== 0),
  };
};

export type Edges = Readonly<Record<string, Test>>;

const group = (names: readonly string[], edges: Edges) => Object.fromEntries(names.map((name) => [name, edges]));

/** What an op's own samples must have beyond sizes. Elementwise ops have `elementwise`. */
export const edgeTable: Readonly<Record<string, Edges>> = {
  ...group(
    [
      'sum',
      'mean',
      'max',
      'min',
      'prod',
      'argmax',
      'argmin',
      'cumulative_sum',
      'cumulative_prod',
      'cumulative_prod_grad',
      'top_k',
    ],
    axisOfOne(0),
  ),
  prod_grad: axisOfOne(1),
  ...group(['softmax', 'log_softmax', 'sparse_softmax_cross_entropy', 'sparse_softmax_cross_entropy_with_grad'], {
    ...lastAxis,
    ...masked(0),
  }),
  softmax_grad: lastAxis,
  log_softmax_grad: { ...lastAxis, ...masked(1) },
  ...group(['nll', 'correct_predictions'], lastAxis),
  sparse_softmax_cross_entropy_grad: { 'one class': ({ inputs }) => inputs[1]!.shape.at(-1) === 1, ...masked(1) },
  nll_grad: { 'one class': ({ attrs }) => attrs.columns === 1 },
  pick_grad: {
    'an axis of length 1': ({ attrs }) => attrs.length === 1,
    'an axis longer than a workgroup': ({ attrs }) => attrs.length > 64,
  },
  masked_softmax: {
    ...lastAxis,
    ...masked(0),
    'a row that allows nothing': ({ attrs, outputs }, sample) =>
      attrs.mask === 'keep' &&
      outputs[0]!.shape.length > 1 &&
      sampleValues(sample.inputs[1]!, 18).every((v) => v === 0),
    'a causal row that allows one place': ({ attrs }) => attrs.causal,
  },
  ...group(['im2col', 'col2im', 'conv2d', 'conv2d_grad_input', 'conv2d_grad_filter'], convolution),
  ...group(['conv_nd', 'conv_nd_grad_input', 'conv_nd_grad_filter'], convolution),
  ...group(['max_pool_2d', 'average_pool_2d', 'average_pool_2d_grad'], pooled(0)),
  ...group(['max_pool_3d', 'max_pool_3d_indices', 'average_pool_3d', 'average_pool_3d_grad', 'lp_pool_3d'], pooled(0)),
  ...group(['max_pool_3d_grad', 'lp_pool_3d_grad'], pooled(1)),
  max_pool_2d_grad: {
    ...pooled(1),
    ...Object.fromEntries(
      ['relu', 'leakyRelu', 'elu', 'selu', 'sigmoid', 'tanh'].map((row) => [
        `through ${row}`,
        ({ attrs }: Call) => attrs.slope?.row === row,
      ]),
    ),
  },
  ...group(['upsample', 'upsample_grad'], { 'one copy': ({ attrs }) => attrs.size.every((n: number) => n === 1) }),
  resample: {
    'one element made many': ({ attrs: { from, to } }) => from === 1 && to > 1,
    'many elements made one': ({ attrs: { from, to } }) => from > 1 && to === 1,
    'one element made one': ({ attrs: { from, to } }) => from === 1 && to === 1,
  },
  gather_batch: {
    'a cursor beyond the end': (_, sample) =>
      Number(sampleValues(sample.inputs[2]!, 19)[0]) >= sample.inputs[1]!.shape[0]!,
    'a batch as long as the order': ({ inputs, attrs }) => inputs[1]!.shape[0] === attrs.batch,
    'one example in all': ({ inputs }) => inputs[0]!.shape[0] === 1,
  },
  augment_batch: {
    'a cursor beyond the end': (_, sample) => Number(sampleValues(sample.inputs[2]!, 19)[0]) >= 4,
    'an image of one row': ({ inputs }) => inputs[0]!.shape[1] === 1,
    'an image of one column': ({ inputs }) => inputs[0]!.shape[2] === 1,
    'more channels than words of a draw': ({ inputs, attrs }) => attrs.noise && inputs[0]!.shape[3]! > 4,
  },
  augment_parameters: {
    'a cursor beyond the end': ({ inputs }, sample) =>
      Number(sampleValues(sample.inputs[1]!, 19)[0]) >= inputs[0]!.shape[0]!,
    'more images than a workgroup': ({ attrs }) => attrs.batch > 64,
  },
  ...group(['copy', 'assign'], { 'a size in bytes that 4 does not divide': ({ inputs }) => ['u8', 'f16'].includes(inputs[0]!.dtype) && sizeOf(inputs[0]!.shape) % 4 !== 0 }), // prettier-ignore
  pad: {
    'all but one element taken away': ({ inputs, outputs }) =>
      sizeOf(outputs[0]!.shape) === 1 && sizeOf(inputs[0]!.shape) > 1,
    'reflected as wide as there is': ({ inputs, attrs }) => widestPad(inputs[0]!.shape, attrs, 'reflect', 1),
    'circular as wide as there is': ({ inputs, attrs }) => widestPad(inputs[0]!.shape, attrs, 'circular', 0),
    'an axis of one repeated': ({ inputs, attrs }) => attrs.mode === 'replicate' && inputs[0]!.shape.includes(1),
  },
  pad_grad: {
    'reflected as wide as there is': ({ outputs, attrs }) =>
      attrs.mode === 'reflect' && Math.max(...attrs.padding) === outputs[0]!.shape[attrs.axis]! - 1,
    'circular as wide as there is': ({ outputs, attrs }) =>
      attrs.mode === 'circular' && Math.max(...attrs.padding) === outputs[0]!.shape[attrs.axis],
  },
  pack: {
    'an input of one element': ({ inputs }) => inputs.some(({ shape }) => sizeOf(shape) === 1),
    'a gap in front': ({ attrs }) => attrs.offsets[0] > 0,
    'a gap behind': ({ inputs, attrs }) => attrs.offsets.at(-1) + sizeOf(inputs.at(-1)!.shape) < attrs.size,
  },
  ...group(['sgd', 'sgd_momentum', 'adam', 'adagrad'], optimizer),
  ...group(['rmsprop', 'rmsprop_momentum', 'rmsprop_centered', 'rmsprop_centered_momentum'], optimizer),
  slice: slicing(({ inputs }) => inputs[0]!.shape),
  slice_grad: slicing(({ attrs }) => attrs.shape),
  concat: {
    'a part of length 1': ({ inputs, attrs }) =>
      inputs.length > 1 && inputs.some(({ shape }) => shape[attrs.axis] === 1),
  },
  split: {
    'a part of length 1': ({ outputs, attrs }) =>
      outputs.length > 1 && outputs.some(({ shape }) => shape[attrs.axis] === 1),
  },
  tile: {
    'an axis of length 1 repeated': ({ inputs, attrs }) =>
      inputs[0]!.shape.some((n, i) => n === 1 && attrs.repeats[i] > 1),
  },
  transpose: { 'one element': ({ inputs }) => sizeOf(inputs[0]!.shape) === 1 },
  one_hot: {
    'the first and the last class, an index from the end and one outside': ({ attrs }, sample) => {
      const found = Array.from(sampleValues(sample.inputs[0]!, 17), Number);
      return [0, attrs.depth - 1, -1, -attrs.depth, attrs.depth, -attrs.depth - 1].every((i) => found.includes(i));
    },
  },
  scatter_add: { ...indexed(1, ({ attrs }) => attrs.length), ...indexOutside(1, ({ attrs }) => attrs.length) },
  scatter: { ...indexed(1, (call) => lengthAlong(call, 0)), ...indexOutside(1, (call) => lengthAlong(call, 0)) },
  scatter_combine: {
    'the first and the last index, one from the end, one twice': (call, sample) => {
      const found = Array.from(sampleValues(sample.inputs[1]!, 18), Number);
      return (
        [0, lengthAlong(call, 0) - 1, -1].every((i) => new Set(found).has(i) || i === lengthAlong(call, 0) - 1) &&
        new Set(found).size < found.length
      );
    },
  },
  gather: { ...indexed(1, (call) => lengthAlong(call, 0)), ...indexOutside(1, (call) => lengthAlong(call, 0)) },
  take_along_axis: {
    'an axis of length 1': (call) => lengthAlong(call, 0) === 1,
    ...indexOutside(1, (call) => lengthAlong(call, 0)),
  },
  row_indices: {
    'one axis of one row': ({ inputs, attrs }) => attrs.lengths.length === 1 && sizeOf(inputs[0]!.shape) === 1,
  },
  mask_steps: { 'an example without any step': steps(0)['an example without any step']! },
  previous_states: { 'one step': steps(0)['one step']!, 'one example': steps(0)['one example']! },
  ...group(['rnn', 'lstm', 'gru'], steps(0)),
  ...group(['rnn_grad', 'lstm_grad', 'gru_grad'], steps(1)),
  ...group(['normalize', 'normalize_grad'], {
    'statistics of a single element': ({ attrs: { rows, depth } }) => rows * depth === 1,
    'statistics of more than a workgroup': ({ attrs: { rows, depth } }) => rows * depth > 64,
  }),
  matmul: matrices(({ attrs }) => attrs),
  matmul_with_sums: matrices(() => ({ transposeA: true, transposeB: false })),
  confusion_add: {
    'one class': ({ inputs }) => inputs[0]!.shape[0] === 1,
    'one label': ({ inputs }) => sizeOf(inputs[1]!.shape) === 1,
    'a label that is no class': ({ inputs }, sample) =>
      sampleValues(sample.inputs[1]!, 18).some((value: number) => value >= inputs[0]!.shape[0]!),
  },
  record_rows: {
    'one row': ({ inputs }) => inputs[0]!.shape[0] === 1,
    'a batch that ends beyond the end': ({ inputs }, sample) =>
      Number(sampleValues(sample.inputs[2]!, 19)[0]) + inputs[1]!.shape[0]! > inputs[0]!.shape[0]!,
  },
  mark_non_finite: {
    'one number': ({ inputs }) => sizeOf(inputs[0]!.shape) === 1,
    none: (_, sample) => !badIn(sample),
    'a bad number, the first of all': (_, sample) => !Number.isFinite(sampleValues(sample.inputs[0]!, 17)[0]),
    'an earlier find': (_, sample) => sampleValues(sample.inputs[1]!, 18)[0] === 3,
  },
  clip_value: {
    'one gradient': ({ inputs }) => sizeOf(inputs[0]!.shape) === 1,
    'gradients that are not finite': (_, sample) => badIn(sample),
    'a step that is skipped': (_, sample) => sampleValues(sample.inputs[1]!, 18)[3] === 0,
  },
  clip_norm: {
    'one gradient': ({ inputs }) => sizeOf(inputs[0]!.shape) === 1,
    'gradients that are not finite': (_, sample) => badIn(sample),
    'a step that is skipped': (_, sample) => sampleValues(sample.inputs[1]!, 18)[3] === 0,
    'a segment of several chunks': ({ attrs }) =>
      attrs.segments.some(({ size }: { size: number }) => size > 4096 && size % 4096 !== 0),
    'a segment of whole chunks': ({ attrs }) => attrs.segments.some(({ size }: { size: number }) => size % 4096 === 0),
    'a gap between segments': ({ attrs: { segments } }) =>
      segments.some(
        ({ offset }: { offset: number }, i: number) => i > 0 && offset > segments[i - 1].offset + segments[i - 1].size,
      ),
  },
  sum_gradients: {
    'one gradient': ({ inputs }) => sizeOf(inputs[0]!.shape) === 1,
    'the first batch of a group, over what is no number': (_, sample) =>
      Number.isNaN(sampleValues(sample.inputs[1]!, 18)[0]),
    'the last batch of a group': (_, sample) => sampleValues(sample.inputs[2]!, 19)[2] === 1,
  },
  max_norm: {
    'one weight': ({ inputs }) => sizeOf(inputs[0]!.shape) === 1,
    'more columns than a workgroup has threads': ({ attrs }) => attrs.columns > 64,
    'weights behind it': ({ inputs, attrs: { offset, rows, columns } }) =>
      sizeOf(inputs[0]!.shape) > offset + rows * columns,
  },
  find_non_finite: {
    'one gradient': ({ inputs }) => sizeOf(inputs[0]!.shape) === 1,
    'a bad gradient, the first of all': (_, sample) => !Number.isFinite(sampleValues(sample.inputs[0]!, 17)[0]),
    none: (_, sample) => sampleValues(sample.inputs[0]!, 17).every(Number.isFinite as never),
  },
};

function badIn({ inputs }: Sample<unknown>): boolean {
  return !sampleValues(inputs[0]!, 17).every(Number.isFinite as never);
}

function widestPad(shape: Shape, attrs: Call['attrs'], mode: string, less: number): boolean {
  return (
    attrs.mode === mode && shape.some((n, i) => n > less && Math.max(...(attrs.paddings[i] as number[])) === n - less)
  );
}

/** One number with one, and with many. */
export const elementwise: Edges = {
  'single numbers': ({ inputs }) => inputs.every(({ shape }) => sizeOf(shape) === 1),
};

/** Ops that have no edges but sizes. */
export const plain: readonly string[] = [
  'broadcast_to',
  'cast',
  'cast_half',
  'dropout',
  'full',
  'fused_elementwise',
  'moving_average',
  'normalize_with',
  'random_bernoulli',
  'random_normal',
  'random_permutation',
  'random_uniform',
  'reshape',
  'stop_gradient',
  'update_loss_scale',
  'where',
];

/** Names of what no sample of `op` has. */
export function lacking(op: Op): string[] {
  const { name } = baseOf(op);
  const missing = sizes.filter(({ test, except }) => !has(op, test) && !except.some(([names]) => names.test(name)));
  const own = edgesOf(name) ?? {};
  return [...missing.map((one) => one.name), ...Object.keys(own).filter((edge) => !has(op, own[edge]!))];
}

/** Whether a sample of `op` has it. */
export function has(op: Op, test: Test): boolean {
  const { inFull } = baseOf(op);
  return op.samples.some((sample) => test(inFull(callTypes(op, sample)), sample));
}

/** The edges of the op of that name; undefined where none are stated. */
export function edgesOf(name: string): Edges | undefined {
  if (name in edgeTable) return edgeTable[name];
  if (plain.includes(name)) return {};
  return optionTable[name] === undefined && 'elementwise' in ops[name]! ? elementwise : undefined;
}
