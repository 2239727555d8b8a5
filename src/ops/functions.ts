// The functions that add ops to a graph, for users; the records behind them stay in index.ts.

export { type Activation, type ActivationName, activations } from './activations.ts';
export {
  add,
  addN,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  maximumN,
  meanN,
  minimum,
  minimumN,
  mul,
  notEqual,
  type Operand,
  pow,
  sigmoidCrossEntropy,
  sub,
} from './binary.ts';
export {
  conv1d,
  type Conv1dOptions,
  conv2d,
  type Conv2dOptions,
  conv3d,
  type Conv3dOptions,
  depthwiseConv1d,
  depthwiseConv2d,
  separableConv1d,
  separableConv2d,
} from './convolution.ts';
export { conv1dTranspose, conv2dTranspose, conv3dTranspose } from './conv_transpose.ts';
export { assign, copy } from './copy.ts';
export { dropout } from './dropout.ts';
export { full } from './full.ts';
export { gatherBatch } from './gather_batch.ts';
export { col2im, im2col } from './im2col.ts';
export {
  binaryCrossEntropy,
  categoricalCrossEntropy,
  correctPredictions,
  meanAbsoluteError,
  meanSquaredError,
  nll,
  sparseSoftmaxCrossEntropy,
} from './loss.ts';
export {
  categoricalHinge,
  hinge,
  huber,
  klDivergence,
  logCosh,
  type LogitsOption,
  poisson,
  type SmoothingOption,
  squaredHinge,
} from './losses.ts';
export { matmul } from './matmul.ts';
export {
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3dWithIndices,
  maxPool1dWithIndices,
  maxPool2dWithIndices,
  maxPool3dWithIndices,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  type MaxUnpoolOptions,
  type WithIndices,
} from './max_pool_indices.ts';
export {
  adaptiveAveragePool1d,
  adaptiveAveragePool2d,
  adaptiveAveragePool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  type AdaptivePoolOptions,
  averagePool1d,
  averagePool2d,
  averagePool3d,
  type CountOption,
  type ExponentOption,
  globalAveragePool1d,
  globalAveragePool2d,
  globalAveragePool3d,
  globalMaxPool1d,
  globalMaxPool2d,
  globalMaxPool3d,
  type GlobalPoolOptions,
  globalSumPool1d,
  globalSumPool2d,
  globalSumPool3d,
  l2Pool1d,
  l2Pool2d,
  l2Pool3d,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type PoolOptions1d,
  type PoolOptions2d,
  type PoolOptions3d,
  sumPool1d,
  sumPool2d,
  sumPool3d,
} from './pool.ts';
export type { PoolOptions } from './pool_window.ts';
export { adagradStep } from './adagrad.ts';
export { adamStep } from './adam.ts';
export type { OptimizerArenas } from './optimizer_step.ts';
export { rmspropStep } from './rmsprop.ts';
export { sgdStep } from './sgd.ts';
export {
  type AxesOption,
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  type NormalizationOptions,
  rmsNormalization,
} from './normalization.ts';
export type { Normalized } from './normalize.ts';
export { normalizeWith } from './normalize_with.ts';
export { movingAverage } from './moving_average.ts';
export { pack } from './pack.ts';
export { type DrawOptions, randomBernoulli, randomNormal, randomUniform } from './random.ts';
export { randomPermutation } from './random_permutation.ts';
export { crop, pad, type PadOptions } from './pad.ts';
export {
  argmax,
  argmin,
  type ArgOptions,
  broadcastTo,
  max,
  mean,
  min,
  type ReduceOptions,
  sum,
  sumTo,
} from './reduce.ts';
export {
  gru,
  lstm,
  type RecurrentOptions,
  type RecurrentResult,
  type RecurrentWeights,
  rnn,
} from './recurrent_functions.ts';
export { reshape } from './reshape.ts';
export {
  resize,
  type ResizeOptions,
  upSampling1d,
  type UpSampling1dOptions,
  upSampling2d,
  type UpSampling2dOptions,
  upSampling3d,
  type UpSampling3dOptions,
} from './resize.ts';
export type { Coordinates, Interpolation, Rounding } from './resample_rows.ts';
export { isInf, isNaN, logicalAnd, logicalNot, logicalOr, logicalXor } from './logic.ts';
export {
  celu,
  hardSigmoid,
  hardSwish,
  hardTanh,
  logSigmoid,
  mish,
  prelu,
  relu6,
  shrink,
  softsign,
  thresholdedRelu,
} from './rectifiers.ts';
export { ceil, floor, fmod, mod, round, trunc } from './rounding.ts';
export { acos, acosh, asin, asinh, atan, atanh, cosh, sinh, tan } from './trigonometry.ts';
export { logSoftmax, softmax } from './softmax.ts';
export {
  abs,
  clip,
  cos,
  elu,
  erf,
  exp,
  expm1,
  gelu,
  leakyRelu,
  log,
  log1p,
  neg,
  reciprocal,
  relu,
  rsqrt,
  selu,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from './unary.ts';
export {
  type PaddingMode,
  type Window2d,
  window2d,
  type WindowNd,
  windowNd,
  type WindowNdOptions,
  type WindowOptions,
} from './window.ts';

// Shapes
export { concat, split } from './concat.ts';
export { gather, gatherNd, takeAlongAxis } from './gather.ts';
export { scatterElements, scatterNd, type ScatterOptions, type ScatterReduction } from './scatter.ts';
export { scatterAdd } from './scatter_add.ts';
export {
  type AttentionOptions,
  attentionWeights,
  multiHeadAttention,
  type MultiHeadInputs,
  type MultiHeadWeights,
  type Projection,
  scaledDotProductAttention,
} from './attention.ts';
export { cast, stopGradient } from './cast.ts';
export { oneHot } from './one_hot.ts';
export { where } from './where.ts';
export { cumulativeProd } from './cumulative_prod.ts';
export { cumulativeSum, type CumulativeSumOptions } from './cumulative_sum.ts';
export { type BlockOptions, depthToSpace, spaceToDepth } from './depth_to_space.ts';
export { einsum } from './einsum.ts';
export { gridSample, type GridSampleOptions } from './grid_sample.ts';
export { localResponseNormalization, type LocalResponseOptions } from './local_response.ts';
export { prod } from './prod.ts';
export { all, any, logSumExp, norm, type NormOptions, std, variance, type VarianceOptions } from './statistics.ts';
export { sort, type SortOptions, topK, type TopKOptions } from './top_k.ts';
export { sinusoidalEncoding } from './positional_encoding.ts';
export { flip, slice, type SliceOptions } from './slice.ts';
export { stack, unstack } from './stack.ts';
export { confusionAdd, recordRows } from './tally.ts';
export { expandDims, repeat, squeeze, tile } from './tile.ts';
export { transpose } from './transpose.ts';
