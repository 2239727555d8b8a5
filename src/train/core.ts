// What a model is inside: what its methods in fit.ts, evaluate.ts and predict.ts share and users do not see.

import type { TypedArray } from '../core/dtype.ts';
import { OptionError, ShapeError, StateError } from '../core/errors.ts';
import { format, sizeOf, type Shape } from '../core/shape.ts';
import { labelled, type Tensor, type Variable } from '../graph/tensor.ts';
import { applyLayer, layerContext, type BuiltLayer, type Given } from '../nn/layer.ts';
import type { Loss } from '../nn/losses.ts';
import type { EpochMetric, MeanMetric } from '../nn/metrics.ts';
import { fixedNumbers, type NumberReader } from '../nn/numbers.ts';
import type { OptimizerState } from '../nn/optimizer_state.ts';
import type { Parameters } from '../nn/parameters.ts';
import { penalty } from '../nn/regularizers.ts';
import type { Precision } from '../nn/precision.ts';
import { add } from '../ops/binary.ts';
import { reshape } from '../ops/reshape.ts';
import type { KernelChoices } from '../plan/choices.ts';
import type { Device } from '../plan/device.ts';
import type { Batches } from './batches.ts';
import type { Cursor } from './cursor.ts';
import type { TrainingState } from './training_state.ts';

/** An array of numbers with its shape, on the host. */
export interface HostTensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** An array that every example brings. */
export interface InputPort {
  readonly name: string;
  /** Of one example. */
  readonly shape: Shape;
  readonly dtype: 'f32' | 'i32';
}

/** An array that the model gives for every example. */
export interface OutputPort {
  readonly name: string;
  readonly shape: Shape;
  /** The layer that gives it, counted over the model's inputs and then its layers. */
  readonly at: number;
}

/** Layers built for input shapes, with the weights they use. */
export interface Network {
  readonly inputs: readonly InputPort[];
  readonly outputs: readonly OutputPort[];
  /** Whether predictions are a record by the outputs' names; else there is one output, and they are its numbers. */
  readonly named: boolean;
  readonly layers: readonly BuiltLayer[];
  readonly parameters: Parameters;
  /** What layers keep without training it; null where none does. */
  readonly state: Parameters | null;
}

/** An output that is trained. */
export interface Head {
  readonly output: OutputPort;
  readonly loss: Loss;
  /** What the loss is multiplied by in the sum of all. */
  readonly weight: number;
  /** Whether the weight was given, so that it may change. */
  readonly weighted?: true;
  /** Those that every step gives, and those that an epoch does. */
  readonly metrics: readonly MeanMetric[];
  readonly epochMetrics: readonly EpochMetric[];
  /** What the loss is logged as where there are several outputs. */
  readonly lossKey: string | null;
}

/** What `compile` decides. */
export interface Compiled {
  readonly state: OptimizerState;
  readonly heads: readonly Head[];
  /** What is logged beside `loss`. */
  readonly keys: readonly string[];
  readonly seed: number;
  readonly kernels: Readonly<Record<string, string>> | undefined;
  /** Whether, or for which layers, values are computed again for the gradients. */
  readonly recompute: boolean | readonly string[];
  /** Whether kernels are measured before programs are made. */
  readonly tune: boolean;
  /** Null for f32. */
  readonly precision: Precision | null;
  /** Whether every value is tested. */
  readonly checked: boolean;
}

/** The kernels that a model's programs use, and the device they were chosen for. */
export interface UsedKernels {
  readonly device: string;
  readonly choices: KernelChoices;
}

/** Everything of a model that changes. */
export interface Core {
  readonly name: string;
  readonly seed: number;
  network: Network | null;
  compiled: Compiled | null;
  device: Device | null;
  /** Why it is that one, for people. */
  deviceReason: string;
  /** Arenas given before there was a device. */
  readonly hostWeights: Map<Variable, TypedArray>;
  batches: Batches | null;
  /** Those that a saved training used, for the same device. */
  savedKernels: UsedKernels | null;
  /** Epochs trained since `compile`: what the shuffled order is drawn from, so that a second fit continues. */
  epochs: number;
  /** Of the latest fit. */
  history: Record<string, number[]>;
  /** Loaded before there was an optimizer to continue. */
  savedTraining: TrainingState | null;
  fitting: boolean;
  /** Where the training that runs is in its data; null while none runs. */
  cursor: (() => Promise<Cursor>) | null;
  /** Where the latest fit ended, or the one that was saved. */
  savedCursor: Cursor | null;
  /** While it is there, no further step begins until it has settled. */
  held: Promise<unknown> | null;
  stopRequest: string | null;
  disposed: boolean;
  /** The end of the queue of evaluations and predictions, which run one after another. */
  queue: Promise<unknown>;
}

export function checkAlive(core: Core, where: string): void {
  if (core.disposed) throw new StateError(`${where}: the model was disposed of`);
}

export function networkOf(core: Core, where: string): Network {
  checkAlive(core, where);
  if (core.network) return core.network;
  throw new StateError(`${where}: the model has no input shape; give its first layer inputShape, or call build([...])`);
}

export function compiledOf(core: Core, where: string): Compiled {
  checkAlive(core, where);
  if (core.compiled) return core.compiled;
  throw new StateError(`${where}: the model is not compiled; await compile({ optimizer, loss }) first`);
}

// Layers draw from streams of their own, far from those of initializers, which count from 0.
const LAYER_STREAM = 0xd0000;

/** Everything that the values at `wanted` depend on, themselves included: places of inputs and layers. */
export function placesFor({ inputs, layers }: Network, wanted: readonly number[]): Set<number> {
  const needed = new Set(wanted);
  for (let i = layers.length - 1; i >= 0; i--) {
    if (needed.has(inputs.length + i)) for (const at of layers[i]!.from) needed.add(at);
  }
  return needed;
}

/** What a network becomes in one program. */
export interface Forward {
  /** In the order in which they were wanted. */
  readonly values: readonly Tensor[];
  /** Which steps of them are no padding, where that is known. */
  readonly masks: readonly (Tensor | null)[];
  /** Calls that overwrite what layers keep. */
  readonly effects: readonly Tensor[];
  /** Scalars that layers add to the loss, by name. */
  readonly terms: Readonly<Record<string, Tensor>>;
}

/** How a network is used: see LayerContext. */
export interface Use {
  readonly training: boolean;
  /** As `training` unless given. */
  readonly drawing?: boolean;
  readonly random: Tensor;
  readonly examples?: number;
  /** The numbers that may change, by `<layer>/<name>`; none unless given. */
  readonly read?: NumberReader;
  /** Called for each layer with what applies it. */
  readonly around?: <T>(layer: string, apply: () => T) => T;
}

/** Adds what the values at `wanted` need to a graph, each layer's output labelled as the layer. */
export function forward(
  network: Network,
  inputs: Readonly<Record<string, Tensor>>,
  wanted: readonly number[],
  use: Use,
): Forward {
  const { layers, parameters } = network;
  const { read = fixedNumbers } = use;
  const kept = new Map<string, Tensor>();
  const seen = new Set<string>();
  const effects: Tensor[] = [];
  const terms: Record<string, Tensor> = {};
  const addTerm = (term: string, value: Tensor): void => {
    terms[term] = Object.hasOwn(terms, term) ? add(terms[term]!, value) : value;
  };
  const stateOf = (key: string): Tensor => {
    const found = kept.get(key) ?? network.state?.get(key);
    if (found) return found;
    throw new OptionError(`state: no layer keeps '${key}'`);
  };
  const own = new Set(parameters.list.map(({ name }) => name));
  const needed = placesFor(network, wanted);
  const given = network.inputs.map(
    ({ name }): Given | undefined => inputs[name] && { outputs: [inputs[name]], mask: null },
  );
  layers.forEach((place, i) => {
    const { name, owner } = place;
    if (!needed.has(given.length)) return void given.push(undefined);
    const weights = (weight: string) =>
      (own.has(`${owner}/${weight}`) ? parameters : network.state!).get(`${owner}/${weight}`);
    const context = layerContext({
      training: use.training && !isFrozen(place),
      drawing: use.drawing ?? use.training,
      random: use.random,
      examples: use.examples ?? null,
      first: !seen.has(owner),
      stream: LAYER_STREAM + i,
      state: (own) => stateOf(`${owner}/${own}`),
      update(own, value) {
        stateOf(`${owner}/${own}`);
        kept.set(`${owner}/${own}`, value);
        effects.push(value);
      },
      number: (own, fixed) => read(`${owner}/${own}`, fixed),
      addLoss(term, value) {
        if (sizeOf(value.shape) !== 1) {
          throw new ShapeError(`${name}: the loss '${term}' must be one number, got shape ${format(value.shape)}`);
        }
        addTerm(term, reshape(value, []));
      },
    });
    seen.add(owner);
    const apply = () => applyLayer(place, given, weights, context);
    const { outputs, mask } = use.around ? use.around(name, apply) : apply();
    const [first, ...further] = outputs;
    given.push({ outputs: [labelled(first!, name), ...further], mask });
  });
  for (const { name, regularizer, tensor } of parameters.list) {
    if (!regularizer || !seen.has(name.slice(0, name.indexOf('/')))) continue;
    const value = penalty(regularizer, tensor, (strength, fixed) => read(`${name}/${strength}`, fixed));
    if (value) addTerm('regularization', value);
  }
  const found = wanted.map((at) => given[at]!);
  return {
    values: found.map(({ outputs }) => outputs[0]!),
    masks: found.map(({ mask }) => mask),
    effects,
    terms,
  };
}

/** Whether it has weights, and none of them is trained. */
function isFrozen({ weights }: BuiltLayer): boolean {
  const specs = Object.values(weights);
  return specs.length > 0 && specs.every(({ trainable }) => trainable === false);
}

/** Everything of a network that lasts. */
export function arenasOf({ parameters, state }: Network): Parameters[] {
  return state ? [parameters, state] : [parameters];
}

/** Runs `task` after every evaluation and prediction before it, whether or not those succeeded. */
export function enqueue<T>(core: Core, task: () => Promise<T>): Promise<T> {
  const result = core.queue.then(task, task);
  core.queue = result.then(
    () => undefined,
    () => undefined,
  );
  return result;
}

/** An arena's values: from the device where there is one. */
export async function readParameters(core: Core, { arena }: Parameters): Promise<TypedArray> {
  if (core.device) return await core.device.readVariable(arena);
  return core.hostWeights.get(arena) ?? arena.initial();
}

/** Promise.all, but settled only when all are: nothing goes on behind a failure's back. */
export async function together<T extends readonly unknown[]>(
  ...given: T
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(given);
  return Promise.all(given);
}
