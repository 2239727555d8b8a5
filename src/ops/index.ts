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
import { fusedElementwiseOp } from './fused_elementwise.ts';
import { augmentBatchOp } from './augment_batch.ts';
import { augmentParametersOp } from './augment_parameters.ts';
import { gatherBatchOps } from './gather_batch.ts';
import { gruOps } from './gru.ts';
import { halfOp } from './half_op.ts';
import { halfRows } from './half_rows.ts';
import { im2colOps } from './im2col.ts';
import { logicOps } from './logic.ts';
import { lossOps } from './loss.ts';
import { gradientClipOps } from './gradient_clip.ts';
import { sumGradientsOp } from './gradient_sum.ts';
import { markNonFiniteOp } from './mark_non_finite.ts';
import { maxNormOp } from './max_norm.ts';
import { lossScaleOps } from './loss_scale.ts';
import { lstmOps } from './lstm.ts';
import { maxPool2dOps } from './max_pool_2d.ts';
import { maxPool3dIndicesOp } from './max_pool_indices.ts';
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
import { matmulWithSumsOp } from './matmul_with_sums.ts';
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
import { cumulativeProdOps } from './cumulative_prod.ts';
import { cumulativeSumOp } from './cumulative_sum.ts';
import { prodOps } from './prod.ts';
import { topKOp } from './top_k.ts';
import { confusionAddOp, recordRowsOp } from './tally.ts';
import { tileOp } from './tile.ts';
import { transposeOp } from './transpose.ts';
import { trigonometryOps } from './trigonometry.ts';
import { unaryOps } from './unary.ts';

const all: readonly (readonly Op[])[] = [
  // Elementwise, reductions, losses
  [fullOp, reshapeOp, fusedElementwiseOp],
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
  [maxPool3dIndicesOp],
  lpPool3dOps,
  upsampleOps,
  [resampleOp],
  dropoutOps,
  gatherBatchOps,
  [augmentParametersOp, augmentBatchOp],
  copyOps,
  padOps,
  packOps,
  sgdOps,
  [adamOp, adagradOp],
  rmspropOps,
  lossScaleOps,
  gradientClipOps,
  [sumGradientsOp, maxNormOp, markNonFiniteOp],
  // Shapes
  sliceOps,
  concatOps,
  [tileOp, transposeOp],
  prodOps,
  [cumulativeSumOp, topKOp],
  cumulativeProdOps,
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
  [confusionAddOp, recordRowsOp],
  randomOps,
  [randomPermutationOp],
  // Products
  [matmulOp, matmulWithSumsOp],
  convOps,
  convNdOps,
];

/** Those that mixed precision keeps as halves, which are the same ops over other storage. */
const half = /* @__PURE__ */ all
  .flat()
  .filter(({ name }) => Object.hasOwn(halfRows, name))
  .map(halfOp);

export const ops: Readonly<Record<string, Op>> = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ [...all.flat(), ...half].map((op) => [op.name, op]),
);

export * from './functions.ts';
