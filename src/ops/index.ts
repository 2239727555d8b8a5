// The registry: every op by name, for tests, benchmarks and the op browser; and the functions that add ops to a graph.

import type { Op } from '../graph/op.ts';
import { argOps } from './arg_reduce.ts';
import { averagePool2dOps } from './average_pool_2d.ts';
import { binaryOps } from './binary.ts';
import { concatOps } from './concat.ts';
import { copyOps } from './copy.ts';
import { dropoutOps } from './dropout.ts';
import { convOps } from './conv2d.ts';
import { convNdOps } from './conv_nd.ts';
import { fullOp } from './full.ts';
import { gatherBatchOps } from './gather_batch.ts';
import { gruOps } from './gru.ts';
import { im2colOps } from './im2col.ts';
import { logicOps } from './logic.ts';
import { lossOps } from './loss.ts';
import { lstmOps } from './lstm.ts';
import { maxPool2dOps } from './max_pool_2d.ts';
import { adagradOp } from './adagrad.ts';
import { adamOp } from './adam.ts';
import { rmspropOps } from './rmsprop.ts';
import { sgdOps } from './sgd.ts';
import { movingAverageOp } from './moving_average.ts';
import { normalizeOps } from './normalize.ts';
import { normalizeWithOp } from './normalize_with.ts';
import { packOps } from './pack.ts';
import { randomOps } from './random.ts';
import { randomPermutationOp } from './random_permutation.ts';
import { padOps } from './pad.ts';
import { matmulOp } from './matmul.ts';
import { lpPool3dOps } from './lp_pool_3d.ts';
import { averageAndMaxPool3dOps } from './pool_3d.ts';
import { rectifierOps } from './rectifiers.ts';
import { recurrentOps } from './recurrent.ts';
import { reduceOps } from './reduce.ts';
import { resampleOp } from './resample.ts';
import { upsampleOps } from './upsample.ts';
import { reshapeOp } from './reshape.ts';
import { rnnOps } from './rnn.ts';
import { roundingOps } from './rounding.ts';
import { sliceOps } from './slice.ts';
import { softmaxOps } from './softmax.ts';
import { gatherOps } from './gather.ts';
import { rowIndicesOp } from './row_indices.ts';
import { scatterOps } from './scatter.ts';
import { maskedSoftmaxOp } from './masked_softmax.ts';
import { castOps } from './cast.ts';
import { oneHotOp } from './one_hot.ts';
import { whereOp } from './where.ts';
import { cumulativeSumOp } from './cumulative_sum.ts';
import { prodOps } from './prod.ts';
import { topKOp } from './top_k.ts';
import { tileOp } from './tile.ts';
import { transposeOp } from './transpose.ts';
import { trigonometryOps } from './trigonometry.ts';
import { unaryOps } from './unary.ts';

const all: readonly (readonly Op[])[] = [
  // Elementwise, reductions, losses
  [fullOp, reshapeOp],
  binaryOps,
  unaryOps,
  trigonometryOps,
  roundingOps,
  logicOps,
  rectifierOps,
  reduceOps,
  argOps,
  softmaxOps,
  lossOps,
  // Windows, data movement, optimizers
  im2colOps,
  maxPool2dOps,
  averagePool2dOps,
  averageAndMaxPool3dOps,
  lpPool3dOps,
  upsampleOps,
  [resampleOp],
  dropoutOps,
  gatherBatchOps,
  copyOps,
  padOps,
  packOps,
  sgdOps,
  [adamOp, adagradOp],
  rmspropOps,
  // Shapes
  sliceOps,
  concatOps,
  [tileOp, transposeOp],
  prodOps,
  [cumulativeSumOp, topKOp],
  [oneHotOp, whereOp],
  castOps,
  [maskedSoftmaxOp],
  scatterOps,
  [rowIndicesOp],
  gatherOps,
  // Recurrent networks
  recurrentOps,
  rnnOps,
  lstmOps,
  gruOps,
  // Normalization, random numbers
  normalizeOps,
  [normalizeWithOp, movingAverageOp],
  randomOps,
  [randomPermutationOp],
  // Products
  [matmulOp],
  convOps,
  convNdOps,
];

export const ops: Readonly<Record<string, Op>> = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ all.flat().map((op) => [op.name, op]),
);

// Products
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

// Elementwise, reductions, losses
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
export { full } from './full.ts';
export {
  binaryCrossEntropy,
  categoricalCrossEntropy,
  correctPredictions,
  meanAbsoluteError,
  meanSquaredError,
  nll,
  sparseSoftmaxCrossEntropy,
} from './loss.ts';
export { argmax, argmin, type ArgOptions } from './arg_reduce.ts';
export { broadcastTo, max, mean, min, type ReduceOptions, sum, sumTo } from './reduce.ts';
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

// Windows, data movement, optimizers
export { assign, copy } from './copy.ts';
export { dropout } from './dropout.ts';
export { gatherBatch } from './gather_batch.ts';
export { col2im, im2col } from './im2col.ts';
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
  type PoolOptions,
  type PoolOptions1d,
  type PoolOptions2d,
  type PoolOptions3d,
  sumPool1d,
  sumPool2d,
  sumPool3d,
} from './pool.ts';
export { adagradStep } from './adagrad.ts';
export { adamStep } from './adam.ts';
export type { OptimizerArenas } from './optimizer_step.ts';
export { rmspropStep } from './rmsprop.ts';
export { sgdStep } from './sgd.ts';
export { pack } from './pack.ts';
export { type Window2d, window2d, type WindowOptions } from './window.ts';

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
export { cumulativeSum, type CumulativeSumOptions } from './cumulative_sum.ts';
export { prod } from './prod.ts';
export { all, any, logSumExp, norm, type NormOptions, std, variance, type VarianceOptions } from './statistics.ts';
export { sort, type SortOptions, topK, type TopKOptions } from './top_k.ts';
export { sinusoidalEncoding } from './positional_encoding.ts';
export { flip, slice, type SliceOptions } from './slice.ts';
export { stack, unstack } from './stack.ts';
export { expandDims, repeat, squeeze, tile } from './tile.ts';
export { transpose } from './transpose.ts';
