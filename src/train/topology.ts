// What a file says of a model's layers: a list for sequential models, for others a graph by number.

import type { BuiltLayer, Json } from '../nn/layer.ts';
import type { Model } from './model.ts';

export function topologyOf(model: Model<unknown>): Json {
  const { name, seed, inputs, outputs, named } = model;
  const follows = ({ from, layer }: BuiltLayer, i: number) => from.length === 1 && from[0] === i && !layer.part;
  const chain = !named && inputs[0]!.name === 'x' && model.layers.every(follows);
  if (chain && outputs[0]!.at === model.layers.length) {
    const layers = model.layers.map(({ name: own, type, layer }) => ({ name: own, type, config: layer.config }));
    return { kind: 'sequential', name, seed, inputShape: inputs[0]!.shape, layers };
  }
  return {
    kind: 'graph',
    name,
    seed,
    named,
    inputs: inputs.map((port) => ({ name: port.name, shape: port.shape, dtype: port.dtype })),
    outputs: outputs.map((port) => ({ name: port.name, at: port.at })),
    layers: model.layers.map(({ name: own, owner, type, layer, from }): Json =>
      own === owner ? { name: own, type, config: layer.config, from } : { shares: owner, from },
    ),
  };
}
