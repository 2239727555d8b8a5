// A network of built layers: its inputs, outputs, and the arenas of its weights.

import { checkShape, type Shape } from '../core/shape.ts';
import { buildLayers, type BuiltLayer, type LayerRecord } from '../nn/layer.ts';
import { parameters, type ParameterSpec } from '../nn/parameters.ts';
import type { InputPort, Network } from './core.ts';

/** Layers one after another. */
export function chainNetwork(
  layers: readonly LayerRecord[],
  names: readonly string[],
  inputShape: Shape,
  seed: number,
): Network {
  checkShape('inputShape', inputShape);
  const built = buildLayers(layers, names, inputShape);
  const output = { name: names.at(-1)!, shape: built.at(-1)!.outputShape, at: layers.length };
  const input: InputPort = { name: 'x', shape: [...inputShape], dtype: 'f32' };
  return { inputs: [input], outputs: [output], named: false, layers: built, ...arenasFor(built, seed) };
}

/** The weights of all layers, and what they keep; those of a shared one once. */
export function arenasFor(layers: readonly BuiltLayer[], seed: number): Pick<Network, 'parameters' | 'state'> {
  const specs: Record<string, ParameterSpec> = {};
  const kept: Record<string, ParameterSpec> = {};
  for (const { name, owner, weights, state = {} } of layers) {
    if (name !== owner) continue;
    for (const [weight, spec] of Object.entries(weights)) {
      (spec.trainable === false ? kept : specs)[`${name}/${weight}`] = spec;
    }
    for (const [own, spec] of Object.entries(state)) kept[`${name}/${own}`] = spec;
  }
  return {
    parameters: parameters(specs, { seed }),
    state: Object.keys(kept).length === 0 ? null : parameters(kept, { seed, name: 'state' }),
  };
}
