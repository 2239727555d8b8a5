// The registry: every op by name, for tests, benchmarks and the op browser; and the functions that add ops to a graph.

import type { Op } from '../graph/op.ts';
import { argOps } from './arg_reduce.ts';
import { averagePool2dOps } from './average_pool_2d.ts';
import { binaryOps } from './binary.ts';
import { copyOps } from './copy.ts';
import { dropoutOps } from './dropout.ts';
import { convOps } from './conv2d.ts';
import { fullOp } from './full.ts';
import { gatherBatchOps } from './gather_batch.ts';
import { im2colOps } from './im2col.ts';
import { lossOps } from './loss.ts';
import { maxPool2dOps } from './max_pool_2d.ts';
import { optimizerOps } from './optimizer.ts';
import { packOps } from './pack.ts';
import { matmulOp } from './matmul.ts';
import { reduceOps } from './reduce.ts';
import { reshapeOp } from './reshape.ts';
import { softmaxOps } from './softmax.ts';
import { unaryOps } from './unary.ts';

const all: readonly (readonly Op[])[] = [
  // Elementwise, reductions, losses
  [fullOp, reshapeOp],
  binaryOps,
  unaryOps,
  reduceOps,
  argOps,
  softmaxOps,
  lossOps,
  // Windows, data movement, optimizers
  im2colOps,
  maxPool2dOps,
  averagePool2dOps,
  dropoutOps,
  gatherBatchOps,
  copyOps,
  packOps,
  optimizerOps,
  // Products
  [matmulOp],
  convOps,
];

export const ops: Readonly<Record<string, Op>> = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ all.flat().map((op) => [op.name, op]),
);

// Products
export { conv2d, type Conv2dOptions } from './conv2d.ts';
export { matmul } from './matmul.ts';

// Elementwise, reductions, losses
export { type Activation, type ActivationName, activations } from './activations.ts';
export {
  add,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  minimum,
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
export { averagePool2d, type AveragePool2dOptions } from './average_pool_2d.ts';
export { assign, copy } from './copy.ts';
export { dropout } from './dropout.ts';
export { gatherBatch } from './gather_batch.ts';
export { col2im, im2col } from './im2col.ts';
export { maxPool2d, type MaxPool2dOptions } from './max_pool_2d.ts';
export { adamStep, type OptimizerArenas, sgdStep } from './optimizer.ts';
export { pack } from './pack.ts';
export { type Window2d, window2d, type WindowOptions } from './window.ts';
