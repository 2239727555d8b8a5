// The options of every op, in levels. The compiler wants each attribute of an op's type and each word of a union here, so
// an option that is added to an op must be given levels, and its pairs then samples.

import type { AdagradAttrs } from '../../src/ops/adagrad.ts';
import type { AdamAttrs } from '../../src/ops/adam.ts';
import type { EpilogueActivation } from '../../src/ops/activations.ts';
import type { AugmentBatchAttrs } from '../../src/ops/augment_batch.ts';
import type { AugmentParametersAttrs } from '../../src/ops/augment_parameters.ts';
import { transformKinds } from '../../src/ops/augment_transforms.ts';
import type { AveragePool2dAttrs, AveragePool2dGradAttrs } from '../../src/ops/average_pool_2d.ts';
import type { BroadcastAttrs } from '../../src/ops/broadcast_kernels.ts';
import type { CastAttrs } from '../../src/ops/cast.ts';
import type { CastHalfAttrs } from '../../src/ops/cast_half.ts';
import type { ConcatAttrs, SplitAttrs } from '../../src/ops/concat.ts';
import type { Conv2dAttrs, Conv2dGradAttrs, Conv2dGradInputAttrs } from '../../src/ops/conv2d_sizes.ts';
import type { ConvNdAttrs, ConvNdGradFilterAttrs, ConvNdGradInputAttrs } from '../../src/ops/conv_nd_sizes.ts';
import type { CumulativeSumAttrs } from '../../src/ops/cumulative_sum.ts';
import type { DropoutAttrs } from '../../src/ops/dropout.ts';
import type { FullAttrs } from '../../src/ops/full.ts';
import { type FusedAttrs, numbersOf, sizeOfGroup, totalOf, wholeOutputs } from '../../src/ops/fused_text.ts';
import type { GatherBatchAttrs } from '../../src/ops/gather_batch.ts';
import type { GruAttrs, GruGradAttrs } from '../../src/ops/gru_grad.ts';
import type { Col2imAttrs } from '../../src/ops/im2col.ts';
import { halfRows } from '../../src/ops/half_rows.ts';
import { ops } from '../../src/ops/index.ts';
import type { ClipNormAttrs, ClipValueAttrs } from '../../src/ops/gradient_clip.ts';
import type { LossScaleAttrs } from '../../src/ops/loss_scale.ts';
import type { MarkAttrs } from '../../src/ops/mark_non_finite.ts';
import type { MaxNormAttrs } from '../../src/ops/max_norm.ts';
import type { LstmGradAttrs } from '../../src/ops/lstm_grad.ts';
import type { MaskedSoftmaxAttrs } from '../../src/ops/masked_softmax.ts';
import type { MaxPool2dGradAttrs } from '../../src/ops/max_pool_2d_grad.ts';
import type { MatmulAttrs } from '../../src/ops/matmul_sizes.ts';
import type { movingAverageOp } from '../../src/ops/moving_average.ts';
import type { NormalizeAttrs } from '../../src/ops/normalize_sizes.ts';
import type { normalizeWithOp } from '../../src/ops/normalize_with.ts';
import type { OneHotAttrs } from '../../src/ops/one_hot.ts';
import type { PackAttrs } from '../../src/ops/pack.ts';
import type { PadAttrs, PadGradAttrs } from '../../src/ops/pad_kernels.ts';
import type { AveragePool3dAttrs, AveragePool3dGradAttrs, LpPool3dAttrs, Pool3dAttrs } from '../../src/ops/pool_3d.ts';
import type { PoolCount } from '../../src/ops/pool_3d_kernels.ts';
import type { randomPermutationOp } from '../../src/ops/random_permutation.ts';
import type { MaskStepsAttrs } from '../../src/ops/recurrent.ts';
import type { Walk } from '../../src/ops/recurrent_steps.ts';
import type { AxisAttrs } from '../../src/ops/reduction.ts';
import type { ResampleAttrs } from '../../src/ops/resample.ts';
import type { Coordinates, Interpolation, Rounding } from '../../src/ops/resample_rows.ts';
import type { ReshapeAttrs } from '../../src/ops/reshape.ts';
import type { RmspropAttrs } from '../../src/ops/rmsprop_kernels.ts';
import type { RnnActivation, RnnAttrs, RnnGradAttrs } from '../../src/ops/rnn_grad.ts';
import type { RowIndicesAttrs } from '../../src/ops/row_indices.ts';
import type { ScatterAttrs } from '../../src/ops/scatter.ts';
import type { ScatterAddAttrs } from '../../src/ops/scatter_add.ts';
import type { SgdAttrs, SgdMomentumAttrs } from '../../src/ops/sgd.ts';
import type { SliceAttrs, SliceGradAttrs } from '../../src/ops/slice_kernels.ts';
import type { TileAttrs } from '../../src/ops/tile.ts';
import type { TopKAttrs } from '../../src/ops/top_k.ts';
import type { TransposeAttrs } from '../../src/ops/transpose.ts';
import type { UpsampleAttrs } from '../../src/ops/upsample.ts';
import type { WindowNd } from '../../src/ops/window.ts';
import type { PaddingMode } from '../../src/ops/window_padding.ts';
import type { Op } from '../../src/graph/op.ts';
import type { TensorType } from '../../src/graph/tensor.ts';
import { equal, sizeOf } from '../../src/core/shape.ts';
import {
  amount,
  axisOf,
  type Call,
  count,
  dtypeOf,
  fact,
  factor,
  flag,
  type Levels,
  noChoice,
  type NoChoice,
  type Option,
  options,
  type Options,
  perAxis,
  sign,
  sorted,
  type Sorting,
  words,
} from './options.ts';

type AttrsOf<O> = O extends Op<infer A> ? A : never;

// --- what ops share

const activation = words<EpilogueActivation | null>({ null: true, relu: true, sigmoid: true, tanh: true });
const mode = words<PaddingMode>({ zeros: true, replicate: true, reflect: true, circular: true });
const sides = sorted<readonly number[]>({
  none: (v) => v.every((n) => n === 0),
  equal: (v) => v.every((n) => n === v[0]),
  unequal: () => true,
});
const counted = words<PoolCount>({ inside: true, padded: true, one: true });

const follows = noChoice('follows from the inputs and the other attributes');
const places = noChoice('a shape; see the sizes that samples must have');

const window: Sorting<WindowNd> = {
  kernel: perAxis,
  strides: perAxis,
  dilation: perAxis,
  padBefore: sides,
  padAfter: sides,
  paddingMode: mode,
  ceilMode: flag,
  output: follows,
};
const epilogue = { bias: flag, residual: flag, slope: activation, activation };

/** Windows or parts of the whole: the union is sorted as the record of all its members. */
const regions = { adaptive: flag, window, output: follows } as unknown as Sorting<Pool3dAttrs['regions']>;
const overRegions = <A extends Pool3dAttrs>(rest: Sorting<Omit<A, 'regions'>>): Options =>
  options({ regions, ...rest } as unknown as Sorting<A>, {}, { 'regions.window': ['regions.adaptive', 'false'] });

const groups: Record<string, ReturnType<typeof fact>> = {
  grouping: fact(['one', 'several', 'each channel'], ({ inputs, attrs }: Call) => {
    const channels = (attrs.inputShape ?? inputs[0]!.shape).at(-1)!;
    return attrs.groups === 1 ? 'one' : attrs.groups === channels ? 'each channel' : 'several';
  }),
  rank: fact(['1', '2', '3'], ({ attrs }) => String(attrs.window.kernel.length)),
};
const groupsAbove = noChoice('see grouping');

const walk = {
  backwards: flag,
  aligned: flag,
  masking: words<Walk['masking']>({ null: true, lengths: true, mask: true }),
} satisfies Sorting<Walk>;
const maskType: Options = {
  maskType: fact(
    ['i32', 'u32', 'f32'],
    ({ inputs, attrs }) => (attrs.masking === 'mask' ? inputs.at(-1)!.dtype : null),
    ['masking', 'mask'],
  ),
};

const anything = dtypeOf(0, 'f32', 'i32', 'u32', 'f16', 'u8');
const moving = dtypeOf(0, 'f32', 'i32', 'u32');
const labels = (input: number): Options => ({ labels: dtypeOf(input, 'i32', 'u32') });
const axis = noChoice('see where the axis lies');
const along = (input: number): Options => ({ axis: axisOf(input) });
const rmsprop = options<RmspropAttrs>({
  rho: amount,
  epsilon: noChoice('a positive number in a sum'),
  epsilonInsideRoot: flag,
  momentum: noChoice('see the op with momentum and the one without'),
  weightDecay: amount,
});
const epsilon = noChoice('a positive number in a sum');
const stream = amount;

/** How the indices of a scatter or gather stand to the values. */
const perElement = (values: number, indices: number): Options => ({
  index: fact(['a place', 'an element'], ({ inputs }) =>
    inputs[values]!.shape.length > 1 && equal(inputs[values]!.shape, inputs[indices]!.shape) ? 'an element' : 'a place',
  ),
});
const steps = sorted<readonly number[]>({
  ones: (v) => v.every((n) => n === 1),
  forwards: (v) => v.every((n) => n > 0),
  backwards: (v) => v.every((n) => n < 0),
  'both ways': () => true,
});
const slice = { starts: places, sizes: places, steps } satisfies Sorting<SliceAttrs>;
const cut = (input: (call: Call) => readonly number[]): Options => ({
  cut: fact(['nothing', 'in front', 'behind', 'both sides'], (call) => {
    const shape = input(call);
    const { starts, sizes, steps: by } = call.attrs as SliceAttrs;
    const ends = starts.map((start, i) => [start, start + (sizes[i]! - 1) * by[i]!].toSorted((a, b) => a - b));
    const front = ends.some(([low]) => low! > 0);
    const behind = ends.some(([, high], i) => high! < shape[i]! - 1);
    return front ? (behind ? 'both sides' : 'in front') : behind ? 'behind' : 'nothing';
  }),
});

// --- the table

export const optionTable: Readonly<Record<string, Options>> = {
  full: options<FullAttrs>({ shape: places, value: sign }),
  reshape: options<ReshapeAttrs>({ shape: places }, { dtype: anything }),
  sum: options<AxisAttrs>({ axis }, along(0)),
  mean: options<AxisAttrs>({ axis }, along(0)),
  max: options<AxisAttrs>({ axis }, along(0)),
  min: options<AxisAttrs>({ axis }, along(0)),
  prod: options<AxisAttrs>({ axis }, along(0)),
  prod_grad: options<AxisAttrs>({ axis }, along(1)),
  argmax: options<AxisAttrs>({ axis }, along(0)),
  argmin: options<AxisAttrs>({ axis }, along(0)),
  pick_grad: options<AxisAttrs & { length: number }>(
    { axis, length: count },
    {
      axis: fact(['only', 'first', 'middle', 'last'], ({ inputs, attrs }) => {
        const rank = inputs[0]!.shape.length + 1;
        return rank === 1 ? 'only' : attrs.axis === 0 ? 'first' : attrs.axis === rank - 1 ? 'last' : 'middle';
      }),
    },
  ),
  broadcast_to: options<BroadcastAttrs>(
    { shape: places, scale: factor },
    {
      repeats: fact(['nothing', 'leading axes', 'an inner axis'], ({ inputs, attrs }) => {
        const { shape } = inputs[0]!;
        const padded = [...new Array<number>(attrs.shape.length - shape.length).fill(1), ...shape];
        const repeated = padded.map((n, i) => n !== attrs.shape[i]);
        const last = repeated.lastIndexOf(true);
        if (last < 0) return 'nothing';
        return repeated.slice(0, last).every((r, i) => r || padded[i] === 1) ? 'leading axes' : 'an inner axis';
      }),
    },
  ),
  nll: labels(1),
  nll_grad: options<{ columns: number }>({ columns: count }, labels(1)),
  sparse_softmax_cross_entropy: labels(1),
  sparse_softmax_cross_entropy_grad: labels(2),
  sparse_softmax_cross_entropy_with_grad: labels(1),
  correct_predictions: labels(1),

  im2col: options<WindowNd>(window),
  col2im: options<Col2imAttrs>({ window, inputShape: places }),
  max_pool_2d: options<WindowNd>(window),
  max_pool_2d_grad: options<MaxPool2dGradAttrs>({
    ...(window as Sorting<Omit<MaxPool2dGradAttrs, 'slope'>>),
    slope: sorted<MaxPool2dGradAttrs['slope']>({
      none: (v) => v === undefined,
      'without numbers': (v) => Object.keys(v!.attrs).length === 0,
      'with numbers': () => true,
    }),
  }),
  average_pool_2d: options<AveragePool2dAttrs>({ window, count: counted }),
  average_pool_2d_grad: options<AveragePool2dGradAttrs>({ window, count: counted, inputShape: places }),
  max_pool_3d: overRegions<Pool3dAttrs>({}),
  max_pool_3d_grad: overRegions<Pool3dAttrs>({}),
  max_pool_3d_indices: overRegions<Pool3dAttrs>({}),
  average_pool_3d: overRegions<AveragePool3dAttrs>({ count: counted }),
  average_pool_3d_grad: overRegions<AveragePool3dGradAttrs>({ count: counted, inputShape: places }),
  lp_pool_3d: overRegions<LpPool3dAttrs>({ p: exponent() }),
  lp_pool_3d_grad: overRegions<LpPool3dAttrs>({ p: exponent() }),
  upsample: options<UpsampleAttrs>({ size: perAxis }),
  upsample_grad: options<UpsampleAttrs>({ size: perAxis }),
  resample: options<ResampleAttrs>(
    {
      axis,
      from: follows,
      to: noChoice('see direction'),
      transposed: flag,
      rule: {
        interpolation: words<Interpolation>({ nearest: true, linear: true, cubic: true }),
        coordinates: words<Coordinates>({
          halfPixel: true,
          alignCorners: true,
          asymmetric: true,
          pytorchHalfPixel: true,
          halfPixelSymmetric: true,
        }),
        rounding: words<Rounding>({ floor: true, roundPreferFloor: true, roundPreferCeil: true, ceil: true }),
        scale: sorted<number | undefined>({ 'the quotient': (v) => v === undefined, given: () => true }),
        cubicCoefficient: sorted<number>({ '-0.75': (v) => v === -0.75, other: () => true }),
        antialias: flag,
        excludeOutside: flag,
      },
    },
    {
      axis: axisOf(0),
      direction: fact(['shrinks', 'stays', 'grows'], ({ attrs: { from, to } }) =>
        to < from ? 'shrinks' : to === from ? 'stays' : 'grows',
      ),
    },
  ),

  dropout: options<DropoutAttrs>({ rate: amount, stream }),
  gather_batch: options<GatherBatchAttrs>(
    { batch: count, scale: factor, offset: amountOfEitherSign(), dtype: words({ f32: true, i32: true }) },
    { data: dtypeOf(0, 'u8', 'f32', 'i32', 'u32') },
  ),
  augment_batch: options<AugmentBatchAttrs>(
    {
      batch: count,
      scale: factor,
      offset: amountOfEitherSign(),
      fill: words({ constant: true, replicate: true, reflect: true, circular: true }),
      fillValue: amountOfEitherSign(),
      range: sorted<AugmentBatchAttrs['range']>({ none: (v) => v === null, some: () => true }),
      noise: flag,
    },
    {
      data: dtypeOf(0, 'u8', 'f32'),
      colours: fact(['three', 'other'], ({ inputs }) => (inputs[0]!.shape[3] === 3 ? 'three' : 'other')),
    },
  ),
  augment_parameters: options<AugmentParametersAttrs>(
    {
      batch: count,
      height: places,
      width: places,
      transforms: sorted<AugmentParametersAttrs['transforms']>({ one: (v) => v.length === 1, several: () => true }),
    },
    {
      kind: fact(transformKinds, ({ attrs }) => attrs.transforms[0].kind),
      chance: fact(['always', 'sometimes'], ({ attrs }) =>
        attrs.transforms[0].probability === 1 ? 'always' : 'sometimes',
      ),
    },
  ),
  copy: { dtype: anything },
  assign: { dtype: anything },
  stop_gradient: { dtype: anything },
  pad: options<PadAttrs>(
    {
      mode: words({ constant: true, replicate: true, reflect: true, circular: true }),
      value: sorted<number>({ zero: (v) => v === 0, other: () => true }),
      paddings: sorted<PadAttrs['paddings']>({
        none: (v) => v.flat().every((n) => n === 0),
        before: (v) => v.every(([b, a]) => b >= 0 && a === 0),
        after: (v) => v.every(([b, a]) => b === 0 && a >= 0),
        'both sides': (v) => v.flat().every((n) => n >= 0),
        less: (v) => v.flat().every((n) => n <= 0),
        'more and less': () => true,
      }),
    },
    { dtype: moving },
  ),
  pad_grad: options<PadGradAttrs>(
    {
      mode: words({ replicate: true, reflect: true, circular: true }),
      axis,
      padding: sorted<PadGradAttrs['padding']>({
        before: ([, a]) => a === 0,
        after: ([b]) => b === 0,
        equal: ([b, a]) => a === b,
        unequal: () => true,
      }),
    },
    along(0),
  ),
  pack: options<PackAttrs>(
    { offsets: places, size: follows },
    {
      inputs: fact(['one', 'several'], ({ inputs }) => (inputs.length === 1 ? 'one' : 'several')),
      gaps: fact(['none', 'some'], ({ inputs, attrs }) =>
        inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0) === attrs.size ? 'none' : 'some',
      ),
    },
  ),

  sgd: options<SgdAttrs>({ weightDecay: amount }),
  sgd_momentum: options<SgdMomentumAttrs>({ momentum: amount, nesterov: flag, weightDecay: amount }),
  adam: options<AdamAttrs>({ beta1: amount, beta2: amount, epsilon, weightDecay: amount, decoupled: flag }),
  adagrad: options<AdagradAttrs>({ epsilon, epsilonInsideRoot: flag, weightDecay: amount }),
  rmsprop,
  rmsprop_momentum: rmsprop,
  rmsprop_centered: rmsprop,
  rmsprop_centered_momentum: rmsprop,

  slice: options<SliceAttrs>(slice, { dtype: moving, ...cut(({ inputs }) => inputs[0]!.shape) }),
  slice_grad: options<SliceGradAttrs>(
    { ...slice, shape: places },
    { dtype: moving, ...cut(({ attrs }) => attrs.shape) },
  ),
  concat: options<ConcatAttrs>(
    { axis },
    {
      axis: axisOf(0),
      dtype: moving,
      parts: fact(['one', 'two', 'more'], ({ inputs }) => ['', 'one', 'two'][inputs.length] ?? 'more'),
    },
  ),
  split: options<SplitAttrs>(
    { axis, sizes: noChoice('see parts') },
    {
      axis: axisOf(0),
      dtype: moving,
      parts: fact(['one', 'two', 'more'], ({ outputs }) => ['', 'one', 'two'][outputs.length] ?? 'more'),
    },
  ),
  tile: options<TileAttrs>({ repeats: perAxis }, { dtype: moving }),
  transpose: options<TransposeAttrs>({ permutation: permutation() }, { dtype: moving }),
  cumulative_sum: options<CumulativeSumAttrs>({ axis, exclusive: flag, reverse: flag }, along(0)),
  cumulative_prod: options<CumulativeSumAttrs>({ axis, exclusive: flag, reverse: flag }, along(0)),
  cumulative_prod_grad: options<CumulativeSumAttrs>({ axis, exclusive: flag, reverse: flag }, along(0)),
  top_k: options<TopKAttrs>(
    { axis, count: noChoice('see how many'), smallest: flag },
    {
      axis: axisOf(0),
      many: fact(['one', 'some', 'all'], ({ inputs, attrs }) =>
        attrs.count === inputs[0]!.shape[attrs.axis] ? 'all' : attrs.count === 1 ? 'one' : 'some',
      ),
    },
  ),
  one_hot: options<OneHotAttrs>(
    {
      depth: count,
      axis,
      on: factor,
      off: sorted<number>({ zero: (v) => v === 0, other: () => true }),
    },
    {
      axis: fact(['only', 'first', 'middle', 'last'], ({ outputs, attrs }) => {
        const rank = outputs[0]!.shape.length;
        return rank === 1 ? 'only' : attrs.axis === 0 ? 'first' : attrs.axis === rank - 1 ? 'last' : 'middle';
      }),
    },
  ),
  where: { condition: dtypeOf(0, 'f32', 'i32', 'u32'), values: dtypeOf(1, 'f32', 'i32', 'u32') },
  cast: options<CastAttrs>(
    { dtype: words({ f32: true, i32: true, u32: true }) },
    { from: dtypeOf(0, 'f32', 'i32', 'u32') },
  ),
  cast_half: options<CastHalfAttrs>({ dtype: words({ f32: true, f16: true }) }),
  masked_softmax: options<MaskedSoftmaxAttrs>(
    { causal: flag, mask: words({ none: true, keep: true, add: true }) },
    {
      queries: fact(['fewer than keys', 'as many', 'more than keys'], ({ inputs }) => {
        const [queries, keys] = inputs[0]!.shape.slice(-2) as [number, number];
        return queries < keys ? 'fewer than keys' : queries === keys ? 'as many' : 'more than keys';
      }),
    },
  ),
  scatter_add: options<ScatterAddAttrs>({ axis, length: count }, { ...along(0), ...perElement(0, 1) }),
  scatter: options<ScatterAttrs>(
    { axis, reduction: words({ none: true, mul: true, max: true, min: true }) },
    { ...along(0), ...perElement(2, 1) },
  ),
  scatter_combine: options<ScatterAttrs>(
    { axis, reduction: words({ none: true, mul: true, max: true, min: true }) },
    { ...along(0), ...perElement(2, 1) },
  ),
  row_indices: options<RowIndicesAttrs>({ lengths: sorted({ one: (v) => v.length === 1, several: () => true }) }),
  gather: options<AxisAttrs>(
    { axis },
    {
      axis: axisOf(0),
      dtype: moving,
      indices: fact(['one', 'a row', 'more'], ({ inputs }) => ['one', 'a row'][inputs[1]!.shape.length] ?? 'more'),
    },
  ),
  take_along_axis: options<AxisAttrs>({ axis }, { axis: axisOf(0), dtype: moving }),

  previous_states: options<Walk>(walk),
  mask_steps: options<MaskStepsAttrs>(
    { ...walk, steps: follows, seen: flag },
    {
      results: fact(['of all steps', 'of the last'], ({ inputs, attrs }) =>
        inputs[0]!.shape[1] === attrs.steps ? 'of all steps' : 'of the last',
      ),
      ...maskType,
    },
  ),
  rnn: options<RnnAttrs>({ ...walk, activation: rnnActivation() }, maskType),
  rnn_grad: options<RnnGradAttrs>({ ...walk, activation: rnnActivation(), sequence: flag }, maskType),
  lstm: options<Walk>(walk, maskType),
  lstm_grad: options<LstmGradAttrs>({ ...walk, sequence: flag }, maskType),
  gru: options<GruAttrs>({ ...walk, resetAfter: flag, bias: flag }, maskType),
  gru_grad: options<GruGradAttrs>({ ...walk, resetAfter: flag, bias: flag, sequence: flag }, maskType),
  normalize: options<NormalizeAttrs>({
    outer: count,
    rows: count,
    groups: count,
    depth: count,
    epsilon,
    centered: flag,
  }),
  normalize_grad: options<NormalizeAttrs>({
    outer: count,
    rows: count,
    groups: count,
    depth: count,
    epsilon,
    centered: flag,
  }),
  normalize_with: options<AttrsOf<typeof normalizeWithOp>>({ epsilon }),
  moving_average: options<AttrsOf<typeof movingAverageOp>>({ momentum: amount }),
  random_uniform: options<{ shape: readonly number[]; stream: number; threshold: number }>({
    shape: places,
    stream,
    threshold: noChoice('of random_bernoulli'),
  }),
  random_bernoulli: options<{ shape: readonly number[]; stream: number; threshold: number }>({
    shape: places,
    stream,
    threshold: sorted<number>({ never: (v) => v === 0, sometimes: (v) => v < 2 ** 24, always: () => true }),
  }),
  random_normal: options<{ shape: readonly number[]; stream: number; threshold: number }>({
    shape: places,
    stream,
    threshold: noChoice('of random_bernoulli'),
  }),
  random_permutation: options<AttrsOf<typeof randomPermutationOp>>({ size: count, stream }),

  matmul: options<MatmulAttrs>(
    { transposeA: flag, transposeB: flag, ...epilogue },
    {
      batch: fact(['none', 'of both', 'of a', 'of b'], ({ inputs: [a, b] }) => {
        const [ofA, ofB] = [a!.shape.length > 2, b!.shape.length > 2];
        return ofA ? (ofB ? 'of both' : 'of a') : ofB ? 'of b' : 'none';
      }),
    },
  ),
  matmul_with_sums: options<Record<never, never>>({}),
  conv2d: options<Conv2dAttrs>({ window, ...epilogue }),
  conv2d_grad_input: options<Conv2dGradInputAttrs>({ window, inputShape: places, ...epilogue }),
  conv2d_grad_filter: options<Conv2dGradAttrs>({ window, inputShape: places }),
  conv_nd: options<ConvNdAttrs>({ window, groups: groupsAbove, ...epilogue }, groups),
  conv_nd_grad_input: options<ConvNdGradInputAttrs>(
    { window, groups: groupsAbove, inputShape: places, ...epilogue },
    groups,
  ),
  conv_nd_grad_filter: options<ConvNdGradFilterAttrs>({ window, groups: groupsAbove }, groups),

  fused_elementwise: options<FusedAttrs>(
    { members: noChoice('any ops; see what they read and write'), outputs: noChoice('see results') },
    {
      results: fact(['0', '1', '2', '3', '4'], ({ attrs }) => String(wholeOutputs(attrs).length)),
      total: fact(['none', 'sum', 'mean'], ({ attrs }) => {
        const total = totalOf(attrs);
        return total ? (attrs as FusedAttrs).members[total.member]!.op.name : 'none';
      }),
      numbers: fact(['none', 'some'], ({ attrs }) => (numbersOf(attrs).length === 0 ? 'none' : 'some')),
      operands: fact(['like the results', 'repeated'], ({ inputs, attrs }) =>
        inputs.every(({ shape }) => sizeOf(shape) === sizeOfGroup(attrs)) ? 'like the results' : 'repeated',
      ),
      dtypes: fact(['f32', 'others too'], ({ inputs, outputs }) =>
        [...inputs, ...outputs].every(({ dtype }) => dtype === 'f32') ? 'f32' : 'others too',
      ),
    },
  ),
  mark_non_finite: options<MarkAttrs>({ mark: noChoice('a number') }),
  clip_value: options<ClipValueAttrs>({ limit: noChoice('a number') }),
  clip_norm: options<ClipNormAttrs>({
    limit: noChoice('a number'),
    segments: sorted<ClipNormAttrs['segments']>({ one: (v) => v.length === 1, several: () => true }),
  }),
  sum_gradients: options<Record<never, never>>({}),
  max_norm: options<MaxNormAttrs>({
    offset: sorted<number>({ 'at the beginning': (v) => v === 0, 'further on': () => true }),
    rows: count,
    columns: count,
    limit: noChoice('a number'),
  }),
  update_loss_scale: options<LossScaleAttrs>({
    growthInterval: noChoice('a number of steps'),
    smallest: noChoice('a power of two'),
    logBetas: sorted<LossScaleAttrs['logBetas']>({ 'the host’s corrections': (v) => v[0] === 0, counted: () => true }),
  }),
};

function exponent(): Levels<number> {
  return sorted<number>({
    '1': (p) => p === 1,
    '2': (p) => p === 2,
    whole: (p) => Number.isInteger(p),
    other: () => true,
  });
}

function amountOfEitherSign(): Levels<number> {
  return sorted<number>({ zero: (v) => v === 0, other: () => true });
}

function rnnActivation(): Levels<RnnActivation> {
  return words<RnnActivation>({ tanh: true, sigmoid: true, relu: true, linear: true });
}

function permutation(): Levels<readonly number[]> {
  return sorted<readonly number[]>({
    identity: (v) => v.every((a, i) => a === i),
    'two matrices': (v) => v.length === 2,
    'the last two': (v) => v.slice(0, -2).every((a, i) => a === i),
    'the last stays': (v) => v.at(-1) === v.length - 1,
    other: () => true,
  });
}

/** The two numbers that an elementwise op may have, by name. */
const numbers: Readonly<Record<string, Levels<number> | NoChoice>> = {
  negativeSlope: amount,
  positive: flagNumber(),
  negative: flagNumber(),
  theta: sign,
  lambda: amount,
  bias: sign,
  beta: sign,
};
const ownNumbers: Readonly<Record<string, Readonly<Record<string, Levels<number>>>>> = {
  elu: { alpha: amount },
  celu: { alpha: sorted<number>({ one: (v) => v === 1, less: (v) => v > 0 && v < 1, more: (v) => v > 1 }) },
  hard_sigmoid: { alpha: sign },
  clip: {
    min: sorted<number>({ none: (v) => v < -3.4e38, some: () => true }),
    max: sorted<number>({ none: (v) => v > 3.4e38, some: () => true }),
  },
  hard_tanh: { min: sign, max: sign },
};

function flagNumber(): Levels<number> {
  return sorted<number>({ '0': (v) => v === 0, '1': (v) => v === 1 });
}

/** The options of an op: the table's, those of an elementwise op's numbers, or those of the op that it is over halves. */
export function optionsOf(op: Op): Options | undefined {
  if (op.name in optionTable) return optionTable[op.name];
  const { name, inFull } = baseOf(op);
  if (name !== op.name) return halfOptions(optionsOf(ops[name]!)!, name, inFull);
  const attributes = new Set(op.samples.flatMap(({ attrs }) => Object.keys((attrs as object | undefined) ?? {})));
  const own = ownNumbers[name.replace(/_grad$/, '')] ?? {};
  const known = [...attributes].map((attribute) => [attribute, own[attribute] ?? numbers[attribute]] as const);
  if (known.some(([, levels]) => levels === undefined)) return undefined;
  return options(Object.fromEntries(known as [string, Levels<number>][]));
}

/** The name of the op that an op over halves stands for, and a call of the former as a call of the latter; or its own. */
export function baseOf(op: Op): { name: string; inFull: (call: Call) => Call } {
  const name = op.name.replace(/_f16$/, '');
  if (name === op.name || !Object.hasOwn(halfRows, name)) return { name: op.name, inFull: (call) => call };
  const widened = (type: TensorType): TensorType => (type.dtype === 'f16' ? { ...type, dtype: 'f32' } : type);
  return {
    name,
    inFull: ({ inputs, outputs, attrs }) => ({
      inputs: inputs.map(widened),
      outputs: outputs.map(widened),
      attrs: attrs.of,
    }),
  };
}

/** Those of the op itself, and which of its tensors are halves: factors of products and a lone input always are. */
function halfOptions(own: Options, name: string, inFull: (call: Call) => Call): Options {
  const { operands, reads, writes } = halfRows[name]!;
  const stored = (kind: 'inputs' | 'outputs', index: number) =>
    fact(['f16', 'f32'], (call) => call[kind][index]!.dtype);
  const found: Record<string, Option> = {};
  for (const [key, option] of Object.entries(own)) found[key] = { ...option, of: (call) => option.of(inFull(call)) };
  if (!operands && reads.length > 1) reads.forEach((index) => (found[`input ${index}`] = stored('inputs', index)));
  if (reads.length > 0) writes.forEach((index) => (found[`output ${index}`] = stored('outputs', index)));
  if (reads.length > 2 && ops[name]!.samples.some(({ inputs }) => inputs.length > 2)) {
    found['others'] = fact(['f16', 'f32 or none'], ({ inputs }) =>
      inputs.slice(2).some(({ dtype }) => dtype === 'f16') ? 'f16' : 'f32 or none',
    );
  }
  return found;
}
