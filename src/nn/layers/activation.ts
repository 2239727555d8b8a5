// Activations as layers of their own, and as the option `activation` of other layers.

import { checkOptions, OptionError, suggestion } from '../../core/errors.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { activations, type ActivationName } from '../../ops/activations.ts';
import {
  celu as celuOf,
  hardSigmoid as hardSigmoidOf,
  hardTanh as hardTanhOf,
  shrink as shrinkOf,
  thresholdedRelu as thresholdedReluOf,
} from '../../ops/rectifiers.ts';
import { elu as eluOf, gelu as geluOf, leakyRelu as leakyReluOf } from '../../ops/unary.ts';
import { commonFields, layerOptions, type Json, type Layer, type LayerOptions } from '../layer.ts';
import { keepsMask } from '../masking.ts';
import { callable } from '../symbolic.ts';

const types: Readonly<Record<ActivationName, string>> = {
  linear: 'Linear',
  relu: 'ReLU',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  leakyRelu: 'LeakyReLU',
  elu: 'ELU',
  selu: 'SELU',
  softplus: 'Softplus',
  silu: 'SiLU',
  gelu: 'GELU',
  relu6: 'ReLU6',
  celu: 'CELU',
  hardSigmoid: 'HardSigmoid',
  hardSwish: 'HardSwish',
  hardTanh: 'HardTanh',
  mish: 'Mish',
  softsign: 'Softsign',
  logSigmoid: 'LogSigmoid',
  softmax: 'Softmax',
  logSoftmax: 'LogSoftmax',
};

/** The activation called `name`, or an OptionError with the nearest known one. */
export function resolveActivation(where: string, name: ActivationName): (x: Tensor) => Tensor {
  if (Object.hasOwn(activations, name)) return activations[name].apply;
  const known = Object.keys(activations);
  throw new OptionError(
    `${where}: unknown activation '${String(name)}'${suggestion(String(name), known)}; known: ${known.join(', ')}`,
  );
}

function activationLayer(
  name: ActivationName | 'thresholdedRelu' | 'shrink',
  options: LayerOptions,
  own: Readonly<Record<string, Json>>,
  apply: (x: Tensor) => Tensor,
): Layer {
  const type = name === 'thresholdedRelu' ? 'ThresholdedReLU' : name === 'shrink' ? 'Shrink' : types[name];
  return callable({
    type,
    kind: type.toLowerCase(),
    config: own,
    ...(name === 'thresholdedRelu' || name === 'shrink' ? {} : { activation: name }),
    masking: keepsMask,
    ...commonFields(name, options),
    build: (inputShape) => ({ outputShape: inputShape, weights: {}, flopsPerSample: 0 }),
    apply: (x) => apply(x),
  });
}

/** The activation called `name` as a layer, with its default options. The shape stays. OptionError: an unknown name. */
export function activation(name: ActivationName, options: LayerOptions = {}): Layer {
  checkOptions('activation', options, layerOptions);
  return activationLayer(name, options, {}, resolveActivation('activation', name));
}

function simple(name: ActivationName) {
  return (options: LayerOptions = {}): Layer => {
    checkOptions(name, options, layerOptions);
    return activationLayer(name, options, {}, activations[name].apply);
  };
}

/** max(x, 0) as a layer. */
export const relu = /* @__PURE__ */ simple('relu');
/** 1 / (1 + e⁻ˣ) as a layer. */
export const sigmoid = /* @__PURE__ */ simple('sigmoid');
/** tanh x as a layer. */
export const tanh = /* @__PURE__ */ simple('tanh');
/** 1.0507·(x where x > 0, else 1.6733·(eˣ − 1)) as a layer (Klambauer et al. 2017). */
export const selu = /* @__PURE__ */ simple('selu');
/** log(1 + eˣ) as a layer. */
export const softplus = /* @__PURE__ */ simple('softplus');
/** x·sigmoid(x) as a layer. */
export const silu = /* @__PURE__ */ simple('silu');
/** eˣ / Σeˣ over the last axis as a layer. Losses take logits by default, so training seldom needs it. */
export const softmax = /* @__PURE__ */ simple('softmax');
/** x − log Σeˣ over the last axis as a layer: what the loss 'nll' expects. */
export const logSoftmax = /* @__PURE__ */ simple('logSoftmax');

/** x where x > 0, else negativeSlope·x; 0.01 unless given (PyTorch). */
export function leakyRelu(options: LayerOptions & { readonly negativeSlope?: number } = {}): Layer {
  checkOptions('leakyRelu', options, [...layerOptions, 'negativeSlope']);
  const { negativeSlope = 0.01 } = options;
  checkNumber('leakyRelu', 'negativeSlope', negativeSlope);
  return activationLayer('leakyRelu', options, { negativeSlope }, (x) => leakyReluOf(x, { negativeSlope }));
}

/** x where x > 0, else alpha·(eˣ − 1); 1 unless given (Clevert et al. 2015). */
export function elu(options: LayerOptions & { readonly alpha?: number } = {}): Layer {
  checkOptions('elu', options, [...layerOptions, 'alpha']);
  const { alpha = 1 } = options;
  checkNumber('elu', 'alpha', alpha);
  return activationLayer('elu', options, { alpha }, (x) => eluOf(x, { alpha }));
}

/** x·Φ(x), Φ the normal distribution function; with `approximate` (false unless given) its tanh form. */
export function gelu(options: LayerOptions & { readonly approximate?: boolean } = {}): Layer {
  checkOptions('gelu', options, [...layerOptions, 'approximate']);
  const { approximate = false } = options;
  return activationLayer('gelu', options, { approximate }, (x) => geluOf(x, { approximate }));
}

/** min(max(x, 0), 6) as a layer. */
export const relu6 = /* @__PURE__ */ simple('relu6');
/** x·hardSigmoid(x) as a layer (Howard et al. 2019). */
export const hardSwish = /* @__PURE__ */ simple('hardSwish');
/** x·tanh(log(1 + eˣ)) as a layer (Misra 2019). */
export const mish = /* @__PURE__ */ simple('mish');
/** x / (1 + |x|) as a layer. */
export const softsign = /* @__PURE__ */ simple('softsign');
/** log(1 / (1 + e⁻ˣ)) as a layer. */
export const logSigmoid = /* @__PURE__ */ simple('logSigmoid');

/** x where x > 0, else alpha·(e^(x / alpha) − 1); 1 unless given (Barron 2017, PyTorch). */
export function celu(options: LayerOptions & { readonly alpha?: number } = {}): Layer {
  checkOptions('celu', options, [...layerOptions, 'alpha']);
  const { alpha = 1 } = options;
  checkNumber('celu', 'alpha', alpha);
  if (alpha === 0) throw new OptionError('celu: alpha is 0, expected a number above 0');
  return activationLayer('celu', options, { alpha }, (x) => celuOf(x, { alpha }));
}

/** alpha·x + beta held between 0 and 1; 1/6 and 1/2 unless given (PyTorch, Keras 3). */
export function hardSigmoid(options: LayerOptions & { readonly alpha?: number; readonly beta?: number } = {}): Layer {
  checkOptions('hardSigmoid', options, [...layerOptions, 'alpha', 'beta']);
  const { alpha = 1 / 6, beta = 0.5 } = options;
  checkFinite('hardSigmoid', { alpha, beta });
  return activationLayer('hardSigmoid', options, { alpha, beta }, (x) => hardSigmoidOf(x, { alpha, beta }));
}

/** x held between min and max; −1 and 1 unless given (PyTorch). */
export function hardTanh(options: LayerOptions & { readonly min?: number; readonly max?: number } = {}): Layer {
  checkOptions('hardTanh', options, [...layerOptions, 'min', 'max']);
  const { min = -1, max = 1 } = options;
  checkFinite('hardTanh', { min, max });
  if (min > max) throw new OptionError(`hardTanh: min is ${min} and max ${max}, expected min to be at most max`);
  return activationLayer('hardTanh', options, { min, max }, (x) => hardTanhOf(x, { min, max }));
}

/** x where x > theta, else 0; 1 unless given (Konda et al. 2014, ONNX). */
export function thresholdedRelu(options: LayerOptions & { readonly theta?: number } = {}): Layer {
  checkOptions('thresholdedRelu', options, [...layerOptions, 'theta']);
  const { theta = 1 } = options;
  checkFinite('thresholdedRelu', { theta });
  return activationLayer('thresholdedRelu', options, { theta }, (x) => thresholdedReluOf(x, { theta }));
}

/** x + bias where x < −lambda, x − bias where x > lambda, else 0; lambda 0.5 and bias 0 unless given (ONNX, PyTorch). */
export function shrink(options: LayerOptions & { readonly lambda?: number; readonly bias?: number } = {}): Layer {
  checkOptions('shrink', options, [...layerOptions, 'lambda', 'bias']);
  const { lambda = 0.5, bias = 0 } = options;
  checkNumber('shrink', 'lambda', lambda);
  checkFinite('shrink', { bias });
  return activationLayer('shrink', options, { lambda, bias }, (x) => shrinkOf(x, { lambda, bias }));
}

function checkFinite(where: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(Math.fround(value)))
      throw new OptionError(`${where}: ${name} is ${value}, expected a finite number`);
  }
}

function checkNumber(where: string, name: string, value: number): void {
  if (!(value >= 0) || !Number.isFinite(value)) {
    throw new OptionError(`${where}: ${name} is ${value}, expected a number of at least 0`);
  }
}
