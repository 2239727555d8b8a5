// Models of any graph of layers: several inputs and outputs, shared layers, branches that meet again.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { checkWord } from '../core/random.ts';
import { equal, format } from '../core/shape.ts';
import { checkName, nameLayers, type BuiltLayer, type Layer, type LayerBuild } from '../nn/layer.ts';
import { isSymbolic, type LayerOrigin, type SymbolicTensor } from '../nn/symbolic.ts';
import type { HostTensor, InputPort, Network, OutputPort } from './core.ts';
import { createModel, type Model } from './model.ts';
import { arenasFor } from './network.ts';

/** One, a list, or a record by name. */
export type SymbolicTensors = SymbolicTensor | readonly SymbolicTensor[] | Readonly<Record<string, SymbolicTensor>>;

export interface ModelOptions<Outputs extends SymbolicTensors = SymbolicTensors> {
  /** What `input` gave; a record's keys are the names that data sets use. */
  readonly inputs: SymbolicTensors;
  /** What layers gave. A record's keys name them in data sets, losses and the history; else their layers' names do. */
  readonly outputs: Outputs;
  /** 'model' unless given. */
  readonly name?: string;
  /** Of the weights' first values, the shuffles and the dropout masks; 0 unless given. */
  readonly seed?: number;
}

/** What a model of such outputs predicts. */
export type PredictionOf<Outputs> = Outputs extends SymbolicTensor
  ? HostTensor
  : Outputs extends readonly SymbolicTensor[]
    ? Record<string, HostTensor>
    : { [K in keyof Outputs]: HostTensor };

/**
 * The model of all layers between `inputs` and `outputs`. A layer that was called several times is one set of weights,
 * named after the layer; its further places are called `<name>_2`, `<name>_3`. Weights belong to a model: another model
 * of the same layers has weights of its own, which `setWeights(await model.getWeights())` makes equal. OptionError:
 * inputs or outputs that are not connected, or names given twice. ShapeError: a shared layer on shapes that need other
 * weights.
 */
export function model<const Outputs extends SymbolicTensors>(
  options: ModelOptions<Outputs>,
): Model<PredictionOf<Outputs>> {
  checkOptions('model', options, ['inputs', 'outputs', 'name', 'seed']);
  const { name = 'model', seed = 0 } = options;
  checkWord('model', 'seed', seed);
  return createModel(name, seed, graphNetwork(options, seed));
}

function graphNetwork(options: ModelOptions, seed: number): Network {
  const inputs = entriesOf('inputs', options.inputs);
  const outputs = entriesOf('outputs', options.outputs);
  const ports = inputPorts(inputs);
  const places = new Map<SymbolicTensor, number>();
  inputs.forEach(([, tensor], at) => {
    if (places.has(tensor)) throw new OptionError(`model: input '${ports[at]!.name}' is given twice`);
    places.set(tensor, at);
  });

  const reached = reachedFrom(outputs, places);
  inputs.forEach(([, tensor], at) => {
    if (!reached.has(tensor)) throw new OptionError(`model: no output depends on input '${ports[at]!.name}'`);
  });
  const calls = [...reached].filter(({ origin }) => origin.kind === 'layer').sort((a, b) => a.id - b.id);
  calls.forEach((call, i) => places.set(call, inputs.length + i));
  const layers = placeLayers(calls, places);

  const chosen = new Set<string>();
  const outputPorts = outputs.map(([key, tensor]): OutputPort => {
    const at = places.get(tensor)!;
    const layer = layers[at - inputs.length];
    if (!layer)
      throw new OptionError(`model: an output is the input '${ports[at]!.name}' itself, expected what a layer gave`);
    const name = key ?? layer.name;
    if (chosen.has(name)) throw new OptionError(`model: two outputs are called '${name}', expected a name for each`);
    chosen.add(name);
    return { name, shape: tensor.shape, at };
  });
  const named = !isSymbolic(options.outputs);
  return { inputs: ports, outputs: outputPorts, named, layers, ...arenasFor(layers, seed) };
}

function entriesOf(what: string, given: SymbolicTensors): (readonly [string | undefined, SymbolicTensor])[] {
  const list = isSymbolic(given) ? [given] : given;
  const entries: (readonly [string | undefined, SymbolicTensor])[] = Array.isArray(list)
    ? (list as readonly SymbolicTensor[]).map((tensor) => [undefined, tensor])
    : Object.entries((list ?? {}) as Readonly<Record<string, SymbolicTensor>>);
  if (entries.length === 0) throw new OptionError(`model: ${what} is empty, expected at least one symbolic tensor`);
  for (const [name, tensor] of entries) {
    checkName(`model: ${what}`, name);
    if (isSymbolic(tensor)) continue;
    throw new OptionError(`model: ${what} holds something else than what input() and layers give`);
  }
  return entries;
}

function inputPorts(inputs: readonly (readonly [string | undefined, SymbolicTensor])[]): InputPort[] {
  const taken = new Set<string>();
  return inputs.map(([key, { shape, dtype, origin }], i) => {
    if (origin.kind !== 'input') {
      throw new OptionError(
        `model: inputs hold what the layer ${origin.layer.name ?? origin.layer.kind} gives, expected what input() gives`,
      );
    }
    if (key !== undefined && origin.name !== undefined && key !== origin.name) {
      throw new OptionError(`model: inputs.${key} is named '${origin.name}', expected one name`);
    }
    const name = key ?? origin.name ?? `input_${i + 1}`;
    if (taken.has(name)) throw new OptionError(`model: two inputs are called '${name}', expected a name for each`);
    taken.add(name);
    return { name, shape, dtype };
  });
}

/** Everything that the outputs depend on. */
function reachedFrom(
  outputs: readonly (readonly [string | undefined, SymbolicTensor])[],
  inputs: ReadonlyMap<SymbolicTensor, number>,
): Set<SymbolicTensor> {
  const reached = new Set<SymbolicTensor>();
  for (const [name, output] of outputs) {
    const open = [output];
    for (let tensor = open.pop(); tensor; tensor = open.pop()) {
      if (reached.has(tensor)) continue;
      reached.add(tensor);
      if (tensor.origin.kind === 'layer') open.push(...tensor.origin.inputs);
      else if (!inputs.has(tensor)) {
        const called = tensor.origin.name === undefined ? '' : ` '${tensor.origin.name}'`;
        const whose = name === undefined ? 'an output' : `output '${name}'`;
        throw new OptionError(
          `model: ${whose} depends on an input${called} of ${format(tensor.shape)} that is not in inputs`,
        );
      }
    }
  }
  return reached;
}

/** The called layers at their places: each layer has one name, each further place of it a number as well. */
function placeLayers(calls: readonly SymbolicTensor[], places: ReadonlyMap<SymbolicTensor, number>): BuiltLayer[] {
  const origins = calls.map(({ origin }) => origin as LayerOrigin);
  const unique = [...new Set(origins.map(({ layer }) => layer))];
  const names = new Map<Layer, string>();
  nameLayers('model', unique).forEach((name, i) => names.set(unique[i]!, name));
  const taken = new Set(names.values());
  const uses = new Map<Layer, { count: number; first: LayerOrigin }>();
  return origins.map((origin): BuiltLayer => {
    const { layer, inputs, built } = origin;
    const owner = names.get(layer)!;
    const use = uses.get(layer) ?? { count: 0, first: origin };
    use.count++;
    uses.set(layer, use);
    const name = use.count === 1 ? owner : `${owner}_${use.count}`;
    if (use.count > 1) {
      if (taken.has(name)) {
        throw new OptionError(
          `model: two layers are named '${name}', which is place ${use.count} of '${owner}' as well`,
        );
      }
      taken.add(name);
      checkSameWeights(`${owner} (${layer.type})`, use.first, origin);
    }
    const from = inputs.map((tensor) => places.get(tensor)!);
    return { ...built, name, owner, type: layer.type, layer, inputShape: inputs[0]!.shape, from };
  });
}

function checkSameWeights(where: string, first: LayerOrigin, later: LayerOrigin): void {
  const shapes = ({ weights }: LayerBuild) => Object.entries(weights);
  for (const [name, { shape }] of shapes(later.built)) {
    const known = first.built.weights[name]?.shape;
    if (known && equal(known, shape)) continue;
    throw new ShapeError(
      `${where}: is called on ${format(first.inputs[0]!.shape)} and on ${format(later.inputs[0]!.shape)}, but its ` +
        `${name} cannot be ${known ? format(known) : 'absent'} and ${format(shape)} at once; expected two layers`,
    );
  }
}
