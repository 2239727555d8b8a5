// Activations as layers of their own, and as the option `activation` of other layers.

import { checkOptions, OptionError, suggestion } from '../../core/errors.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { activations, type ActivationName } from '../../ops/activations.ts';
import { elu as eluOf, gelu as geluOf, leakyRelu as leakyReluOf } from '../../ops/unary.ts';
import { commonFields, layerOptions, type Json, type Layer, type LayerOptions } from '../layer.ts';
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
  name: ActivationName,
  options: LayerOptions,
  own: Readonly<Record<string, Json>>,
  apply: (x: Tensor) => Tensor,
): Layer {
  return callable({
    type: types[name],
    kind: types[name].toLowerCase(),
    config: own,
    activation: name,
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

function checkNumber(where: string, name: string, value: number): void {
  if (!(value >= 0) || !Number.isFinite(value)) {
    throw new OptionError(`${where}: ${name} is ${value}, expected a number of at least 0`);
  }
}
