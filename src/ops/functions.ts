// The functions that add ops to a graph, for users; the records behind them stay in index.ts.

export { type Activation, type ActivationName, activations } from './activations.ts';
export { averagePool2d, type AveragePool2dOptions } from './average_pool_2d.ts';
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
export { conv2d, type Conv2dOptions } from './conv2d.ts';
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
export { matmul } from './matmul.ts';
export { maxPool2d, type MaxPool2dOptions } from './max_pool_2d.ts';
export { adamStep, type OptimizerArenas, sgdStep } from './optimizer.ts';
export { pack } from './pack.ts';
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
export { type Window2d, window2d, type WindowOptions } from './window.ts';
