// Layers from what a file says about them.

import { DataError, suggestion } from '../../core/errors.ts';
import type { Json, Layer } from '../layer.ts';
import {
  elu,
  gelu,
  leakyRelu,
  logSoftmax,
  relu,
  selu,
  sigmoid,
  silu,
  softmax,
  softplus,
  tanh,
  activation,
} from './activation.ts';
import { averagePool2d } from './average_pool_2d.ts';
import { conv2d } from './conv2d.ts';
import { dense } from './dense.ts';
import { dropout } from './dropout.ts';
import { flatten } from './flatten.ts';
import { maxPool2d } from './max_pool_2d.ts';
import { reshape } from './reshape.ts';

// Options come from a file: each function checks its own, so nothing is believed here but the type's name.
const byType = {
  Dense: dense,
  Conv2d: conv2d,
  MaxPool2d: maxPool2d,
  AveragePool2d: averagePool2d,
  Flatten: flatten,
  Reshape: reshape,
  Dropout: dropout,
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
} as unknown as Readonly<Record<string, (options: Readonly<Record<string, Json>>) => Layer>>;

/** The layer that `type` and `config` describe, named `name`. DataError: an unknown type; OptionError: a bad config. */
export function layerFromConfig(type: string, name: string, config: Readonly<Record<string, Json>>): Layer {
  if (!Object.hasOwn(byType, type)) {
    const known = Object.keys(byType);
    throw new DataError(
      `layer '${name}': unknown type '${type}'${suggestion(type, known)}; known: ${known.join(', ')}`,
    );
  }
  return byType[type]!({ ...config, name });
}
