// Models from what a file says about them: nothing there is believed.

import { DataError } from '../core/errors.ts';
import type { Shape } from '../core/shape.ts';
import type { Json, Layer } from '../nn/layer.ts';
import { layerFromConfig } from '../nn/layers/from_config.ts';
import { input, isSymbolic, type SymbolicTensor } from '../nn/symbolic.ts';
import { asLayer } from './as_layer.ts';
import { model as graphModel } from './functional.ts';
import { sequential, type Model } from './model.ts';

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
    throw new DataError(`loadModel: the model is of kind ${JSON.stringify(kind)}, expected sequential or graph`);
  const inputs = listOf('inputs', topology['inputs']).map((saved) => inputOf(recordOf('input', saved)));
  const values = [...inputs];
  const byName = new Map<string, Layer>();
  layers.forEach((saved: Json, i) => {
    const entry = recordOf(`layer ${i}`, saved);
    const { shares, from } = entry;
    const layer = typeof shares === 'string' ? byName.get(shares) : layerOf(entry, i);
    if (!layer)
      throw new DataError(
        `loadModel: layer ${i} shares weights with ${JSON.stringify(shares)}, which does not come before it`,
      );
    byName.set(layer.name!, layer);
    const called = listOf(`layer ${i}: from`, from).map((at) => placeOf(`layer ${i}`, values, at));
    // Of several outputs the further ones are layers of their own in the file.
    const given: SymbolicTensor | readonly SymbolicTensor[] = layer(called);
    values.push(isSymbolic(given) ? given : (given as readonly SymbolicTensor[])[0]!);
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
  if (typeof type !== 'string' || typeof name !== 'string') {
    throw new DataError(`loadModel: layer ${i} has no type or name`);
  }
  const options = recordOf(`layer ${i}`, config);
  if (type !== 'Model') return layerFromConfig(type, name, options);
  const trainable = options['trainable'] !== false;
  return asLayer(modelOf(recordOf(`layer ${i}`, options['model'])), { name, trainable });
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
