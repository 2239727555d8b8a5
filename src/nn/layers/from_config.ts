// Layers from what a file says about them.

import { DataError, suggestion } from '../../core/errors.ts';
import type { Json, Layer } from '../layer.ts';
import { laterOutput } from '../symbolic.ts';
import {
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  hardTanh,
  leakyRelu,
  logSigmoid,
  logSoftmax,
  mish,
  relu,
  relu6,
  selu,
  shrink,
  softsign,
  thresholdedRelu,
  sigmoid,
  silu,
  softmax,
  softplus,
  tanh,
  activation,
} from './activation.ts';
import {
  adaptiveAveragePool1d,
  adaptiveAveragePool2d,
  adaptiveAveragePool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from './adaptive_pool.ts';
import { averagePool1d, averagePool2d, averagePool3d, sumPool1d, sumPool2d, sumPool3d } from './average_pool.ts';
import { cropping1d, cropping2d, cropping3d, zeroPadding1d, zeroPadding2d, zeroPadding3d } from './border.ts';
import { batchNormalization } from './batch_normalization.ts';
import { bayesianConv2d, bayesianDense } from './bayesian.ts';
import { bidirectional, type MergeMode } from './bidirectional.ts';
import { conv1d, conv2d, conv3d } from './conv.ts';
import { conv1dTranspose, conv2dTranspose, conv3dTranspose } from './conv_transpose.ts';
import { dense } from './dense.ts';
import { depthwiseConv1d, depthwiseConv2d, separableConv1d, separableConv2d } from './depthwise_conv.ts';
import { dropout, spatialDropout1d, spatialDropout2d, spatialDropout3d } from './dropout.ts';
import { embedding } from './embedding.ts';
import { flatten } from './flatten.ts';
import {
  globalAveragePool1d,
  globalAveragePool2d,
  globalAveragePool3d,
  globalMaxPool1d,
  globalMaxPool2d,
  globalMaxPool3d,
  globalSumPool1d,
  globalSumPool2d,
  globalSumPool3d,
} from './global_pool.ts';
import { groupNormalization, instanceNormalization } from './group_normalization.ts';
import { gru } from './gru.ts';
import { l2Pool1d, l2Pool2d, l2Pool3d, lpPool1d, lpPool2d, lpPool3d } from './lp_pool.ts';
import { layerNormalization, rmsNormalization } from './layer_normalization.ts';
import { lstm } from './lstm.ts';
import { maxPool1d, maxPool2d, maxPool3d } from './max_pool.ts';
import { add, average, maximum, minimum, multiply, subtract } from './merge.ts';
import { concatenate } from './concatenate.ts';
import { dot } from './dot.ts';
import { alphaDropout, gaussianDropout, gaussianNoise } from './noise.ts';
import { multiHeadAttention } from './multi_head_attention.ts';
import { paddingMask } from './padding_mask.ts';
import { permute, repeatVector } from './permute.ts';
import { positionalEncoding } from './positional_encoding.ts';
import { prelu } from './prelu.ts';
import { reshape } from './reshape.ts';
import { upSampling1d, upSampling2d, upSampling3d } from './up_sampling.ts';
import { simpleRnn } from './simple_rnn.ts';

/** Options come from a file: each function checks its own, so nothing is believed here but the type's name. */
export const layerTypes = {
  Dense: dense,
  Conv1d: conv1d,
  Conv2d: conv2d,
  Conv3d: conv3d,
  Conv1dTranspose: conv1dTranspose,
  Conv2dTranspose: conv2dTranspose,
  Conv3dTranspose: conv3dTranspose,
  DepthwiseConv1d: depthwiseConv1d,
  DepthwiseConv2d: depthwiseConv2d,
  SeparableConv1d: separableConv1d,
  SeparableConv2d: separableConv2d,
  UpSampling1d: upSampling1d,
  UpSampling2d: upSampling2d,
  UpSampling3d: upSampling3d,
  MaxPool1d: maxPool1d,
  MaxPool2d: maxPool2d,
  MaxPool3d: maxPool3d,
  AveragePool1d: averagePool1d,
  AveragePool2d: averagePool2d,
  AveragePool3d: averagePool3d,
  SumPool1d: sumPool1d,
  SumPool2d: sumPool2d,
  SumPool3d: sumPool3d,
  L2Pool1d: l2Pool1d,
  L2Pool2d: l2Pool2d,
  L2Pool3d: l2Pool3d,
  LpPool1d: lpPool1d,
  LpPool2d: lpPool2d,
  LpPool3d: lpPool3d,
  GlobalAveragePool1d: globalAveragePool1d,
  GlobalAveragePool2d: globalAveragePool2d,
  GlobalAveragePool3d: globalAveragePool3d,
  GlobalMaxPool1d: globalMaxPool1d,
  GlobalMaxPool2d: globalMaxPool2d,
  GlobalMaxPool3d: globalMaxPool3d,
  GlobalSumPool1d: globalSumPool1d,
  GlobalSumPool2d: globalSumPool2d,
  GlobalSumPool3d: globalSumPool3d,
  AdaptiveAveragePool1d: adaptiveAveragePool1d,
  AdaptiveAveragePool2d: adaptiveAveragePool2d,
  AdaptiveAveragePool3d: adaptiveAveragePool3d,
  AdaptiveMaxPool1d: adaptiveMaxPool1d,
  AdaptiveMaxPool2d: adaptiveMaxPool2d,
  AdaptiveMaxPool3d: adaptiveMaxPool3d,
  Cropping1d: cropping1d,
  Cropping2d: cropping2d,
  Cropping3d: cropping3d,
  ZeroPadding1d: zeroPadding1d,
  ZeroPadding2d: zeroPadding2d,
  ZeroPadding3d: zeroPadding3d,
  SimpleRNN: simpleRnn,
  LSTM: lstm,
  GRU: gru,
  Bidirectional: bidirectionalFromConfig,
  LaterOutput: laterOutput,
  PaddingMask: paddingMask,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  Embedding: embedding,
  MultiHeadAttention: multiHeadAttention,
  PositionalEncoding: positionalEncoding,
  Dropout: dropout,
  SpatialDropout1d: spatialDropout1d,
  SpatialDropout2d: spatialDropout2d,
  SpatialDropout3d: spatialDropout3d,
  GaussianNoise: gaussianNoise,
  GaussianDropout: gaussianDropout,
  AlphaDropout: alphaDropout,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  RMSNormalization: rmsNormalization,
  BayesianDense: bayesianDense,
  BayesianConv2d: bayesianConv2d,
  Add: add,
  Subtract: subtract,
  Multiply: multiply,
  Average: average,
  Maximum: maximum,
  Minimum: minimum,
  Concatenate: concatenate,
  Dot: dot,
  Linear: (options: { name?: string }) => activation('linear', options),
  ReLU: relu,
  Sigmoid: sigmoid,
  Tanh: tanh,
  SELU: selu,
  Softplus: softplus,
  SiLU: silu,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  LeakyReLU: leakyRelu,
  ELU: elu,
  GELU: gelu,
  ReLU6: relu6,
  CELU: celu,
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  HardTanh: hardTanh,
  Mish: mish,
  Softsign: softsign,
  LogSigmoid: logSigmoid,
  ThresholdedReLU: thresholdedRelu,
  Shrink: shrink,
  PReLU: prelu,
} as unknown as Readonly<Record<string, (options: Readonly<Record<string, Json>>) => Layer>>;

/** The layer that `type` and `config` describe, named `name`. DataError: an unknown type; OptionError: a bad config. */
export function layerFromConfig(type: string, name: string, config: Readonly<Record<string, Json>>): Layer {
  if (!Object.hasOwn(layerTypes, type)) {
    const known = Object.keys(layerTypes);
    throw new DataError(
      `layer '${name}': unknown type '${type}'${suggestion(type, known)}; known: ${known.join(', ')}`,
    );
  }
  return layerTypes[type]!({ ...config, name });
}

function bidirectionalFromConfig({ layer, ...rest }: Readonly<Record<string, Json>>): Layer {
  const inner = layer as { type?: unknown; config?: Readonly<Record<string, Json>> } | null | undefined;
  if (typeof inner?.type !== 'string' || typeof inner.config !== 'object') {
    throw new DataError(`bidirectional: its layer is ${JSON.stringify(layer)}, expected type and config`);
  }
  const options = rest as { name?: string; mergeMode?: MergeMode };
  return bidirectional({ ...options, layer: layerFromConfig(inner.type, 'layer', inner.config) });
}
