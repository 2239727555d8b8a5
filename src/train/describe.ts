// A model as the summary needs it.

import { sizeOf } from '../core/shape.ts';
import type { BuiltLayer } from '../nn/layer.ts';
import { networkOf, type Core } from './core.ts';
import type { ModelDescription } from './summary.ts';

export function describe(core: Core): ModelDescription {
  const { inputs, layers } = networkOf(core, 'summary');
  const names = [...inputs, ...layers].map(({ name }) => name);
  const chain = layers.every(({ from }, i) => from.length === 1 && from[0] === i);
  const optimizer = core.compiled?.state;
  const { device, deviceReason } = core;
  return {
    name: core.name,
    inputShape: inputs.length === 1 ? inputs[0]!.shape : inputs.map(({ shape }) => shape),
    ...(inputs.length === 1 ? {} : { inputNames: inputs.map(({ name }) => name) }),
    layers: layers.map(({ name, owner, type, from, outputShape, weights, state, flopsPerSample }) => ({
      name,
      type,
      ...(chain ? {} : { from: from.map((at) => names[at]!) }),
      ...(name === owner ? {} : { shared: owner }),
      output: outputShape,
      params: numbersIn(weights) + numbersIn(state),
      trainable: Object.values(weights).length === 0 || Object.values(weights).some(isTrained),
      ...(state || !Object.values(weights).every(isTrained) ? { trainableParams: trainedIn(weights) } : {}),
      flopsPerSample,
    })),
    ...(optimizer ? { optimizer: { name: optimizer.optimizer.name, slots: optimizer.names.length } } : {}),
    ...(device ? { device: `${device.description}: ${deviceReason}` } : {}),
  };
}

const isTrained = ({ trainable = true }: { readonly trainable?: boolean }): boolean => trainable;

function trainedIn(specs: BuiltLayer['weights']): number {
  return numbersIn(Object.fromEntries(Object.entries(specs).filter(([, spec]) => isTrained(spec))));
}

function numbersIn(specs: BuiltLayer['state'] = {}): number {
  return Object.values(specs).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
