// What a file says of a model's layers: a list for sequential models, for others a graph by number.

import { DataError } from '../core/errors.ts';
import type { Shape } from '../core/shape.ts';
import type { Json, Layer } from '../nn/layer.ts';
import { layerFromConfig } from '../nn/layers/from_config.ts';
import { input, type SymbolicTensor } from '../nn/symbolic.ts';
import { model as graphModel } from './functional.ts';
import { sequential, type Model } from './model.ts';

export function topologyOf(model: Model<unknown>): Json {
  const { name, seed, inputs, outputs, named } = model;
  const chain =
    !named && inputs[0]!.name === 'x' && model.layers.every(({ from }, i) => from.length === 1 && from[0] === i);
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

/** The model that `topologyOf` described. DataError where it does not fit itself. */
export function modelOf(topology: Readonly<Record<string, Json>>): Model<unknown> {
  const { kind, name, seed, layers } = topology;
  if (!Array.isArray(layers) || typeof name !== 'string' || typeof seed !== 'number') {
    throw new DataError('loadModel: the metadata holds no model');
  }
  if (kind === 'sequential') {
    const made = layers.map((saved: Json, i) => layerOf(recordOf(`layer ${i}`, saved), i));
    return sequential(made, { name, seed }).build(shapeOf('model', topology['inputShape']));
  }
  if (kind !== 'graph')
    throw new DataError(`loadModel: the model is of kind '${String(kind)}', expected sequential or graph`);
  const inputs = listOf('inputs', topology['inputs']).map((saved) => inputOf(recordOf('input', saved)));
  const values = [...inputs];
  const byName = new Map<string, Layer>();
  layers.forEach((saved: Json, i) => {
    const entry = recordOf(`layer ${i}`, saved);
    const { shares, from } = entry;
    const layer = typeof shares === 'string' ? byName.get(shares) : layerOf(entry, i);
    if (!layer)
      throw new DataError(
        `loadModel: layer ${i} shares weights with '${String(shares)}', which does not come before it`,
      );
    byName.set(layer.name!, layer);
    const called = listOf(`layer ${i}: from`, from).map((at) => placeOf(`layer ${i}`, values, at));
    values.push(layer(called));
  });
  const outputs = listOf('outputs', topology['outputs']).map((saved): [string, SymbolicTensor] => {
    const { name: own, at } = recordOf('output', saved);
    if (typeof own !== 'string') throw new DataError('loadModel: an output has no name');
    return [own, placeOf(`output '${own}'`, values, at)];
  });
  const made = topology['named'] === true ? Object.fromEntries(outputs) : outputs[0]![1];
  return graphModel({ inputs, outputs: made, name, seed });
}

function layerOf({ type, name, config }: Readonly<Record<string, Json>>, i: number): Layer {
  if (typeof type === 'string' && typeof name === 'string')
    return layerFromConfig(type, name, recordOf(`layer ${i}`, config));
  throw new DataError(`loadModel: layer ${i} has no type or name`);
}

function inputOf({ name, shape, dtype }: Readonly<Record<string, Json>>): SymbolicTensor {
  if (typeof name === 'string' && (dtype === 'f32' || dtype === 'i32')) {
    return input({ name, shape: shapeOf(`input '${name}'`, shape), dtype });
  }
  throw new DataError('loadModel: an input has no name or dtype');
}

function placeOf(where: string, values: readonly SymbolicTensor[], at: Json | undefined): SymbolicTensor {
  const found = typeof at === 'number' ? values[at] : undefined;
  if (found) return found;
  throw new DataError(`loadModel: ${where} refers to place ${JSON.stringify(at)}, expected one before it`);
}

export function recordOf(name: string, value: Json | undefined): Record<string, Json> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DataError(`loadModel: '${name}' is no record`);
  }
  return value as Record<string, Json>;
}

function listOf(name: string, value: Json | undefined): readonly Json[] {
  if (Array.isArray(value) && value.length > 0) return value as readonly Json[];
  throw new DataError(`loadModel: '${name}' is no list`);
}

function shapeOf(name: string, value: Json | undefined): Shape {
  if (Array.isArray(value) && value.every((length) => typeof length === 'number')) return value as Shape;
  throw new DataError(`loadModel: '${name}' has no shape`);
}
