// What a layer is: a plain record of how it is built for a shape and what it adds to a graph. No layer holds weights or
// touches a device, so one record can be saved as JSON, shown in a table, and applied to any symbolic tensor. Records
// are made callable for graphs of layers by symbolic.ts.

import { OptionError, ShapeError } from '../core/errors.ts';
import { format, type Shape } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { ActivationName } from '../ops/activations.ts';
import { type Masking, maskedAfter } from './masking.ts';
import { fixedNumbers, type NumberReader, type NumberSpec, ownedBy } from './numbers.ts';
import type { ParameterSpec } from './parameters.ts';
import { penalty, type Regularizer, strengthsOf } from './regularizers.ts';
import type { SymbolicTensor } from './symbolic.ts';

/** What JSON can hold: a layer's options as they are saved. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface LayerContext {
  /** Whether dropout and its like are active. */
  readonly training: boolean;
  /** u32 [4], new for every run: what random layers draw from. */
  readonly random: Tensor;
  /** A number of this layer alone, so that no two layers draw the same. More streams: with `streamStep` added. */
  readonly stream: number;
  /** Whether random layers draw: while training, and in predictions that were asked to. */
  readonly drawing: boolean;
  /** Whether the layer is not in the graph yet: what concerns its weights alone is done once, however often it is used. */
  readonly first: boolean;
  /** How many examples a pass over the data has; null where the program is not for a data set. */
  readonly examples: number | null;
  /** Of each input, which steps are there, f32 [N, T]; null or left out where nothing is known to be padding. */
  readonly masks: readonly (Tensor | null)[];
  /** Says so of the output, where that is not as its first input's mask says. */
  giveMask(mask: Tensor): void;
  /** What the layer keeps under `name` (`LayerBuild.state`), as it is now. */
  state(name: string): Tensor;
  /** Gives `name` the value that a call overwriting `state(name)` gave: in every run of the program being traced. */
  update(name: string, value: Tensor): void;
  /** A number of the layer's `numbers` as it may change while training runs; what is given where it cannot. */
  number: NumberReader;
  /** Adds a scalar to the loss, and reports it as `name`: the sum of what all layers add under it. */
  addLoss(name: string, value: Tensor): void;
}

/** Between the streams of one layer: more than a model has layers. */
export const streamStep = 0x100000;

/** A context of which only some is known: without state, and for programs without a loss. */
export function layerContext(
  known: Pick<LayerContext, 'training' | 'random' | 'stream'> & Partial<LayerContext>,
): LayerContext {
  return {
    drawing: known.training,
    first: true,
    examples: null,
    masks: [],
    giveMask() {},
    state(name) {
      throw new OptionError(`state: the layer keeps nothing called '${name}'`);
    },
    update() {},
    addLoss() {},
    number: fixedNumbers,
    ...known,
  };
}

/** What a layer becomes on an input shape; shapes are without the batch. */
export interface LayerBuild {
  readonly outputShape: Shape;
  /** Of the outputs after the first, for layers that give several (`LayerRecord.outputs`). */
  readonly furtherShapes?: readonly Shape[];
  /** By the name they have within the layer: `kernel`, `bias`. */
  readonly weights: Readonly<Record<string, ParameterSpec>>;
  /** What it keeps without training it, `movingMean` and the like, by the name it has within the layer. */
  readonly state?: Readonly<Record<string, ParameterSpec>>;
  /** Multiplications and additions for one example: 2·KH·KW·C·OC·OH·OW for a convolution, 2·in·out for a dense layer. */
  readonly flopsPerSample: number;
}

export interface LayerRecord {
  /** As in summaries and files: `Conv2d`. */
  readonly type: string;
  /** Given by the user; otherwise models count: `conv_1`, `conv_2`. */
  readonly name?: string;
  /** What default names begin with: `conv`, `pool`, `dense`. */
  readonly kind: string;
  /** The layer function's options, as JSON. */
  readonly config: Readonly<Record<string, Json>>;
  /** Of one example; needed on a model's first layer only. */
  readonly inputShape?: Shape;
  /** Of what it gives: added to the loss, divided by the batch. */
  readonly activityRegularizer?: Regularizer;
  /** What of it may be changed while training runs, by option: what `apply` asks `context.number` for. */
  readonly numbers?: Readonly<Record<string, NumberSpec>>;
  /** The last function applied; losses look at it. */
  readonly activation?: ActivationName;
  /**
   * Whether the layer takes several inputs, as `add` does, or one or several, as attention does; the others are given
   * after the first. One unless stated.
   */
  readonly several?: true | 'optional';
  /** What it makes of masks of padding; one that states nothing refuses inputs that have a mask. */
  readonly masking?: Masking;
  /** Which output of the layer before it this one takes, from 0; the first unless stated. */
  readonly part?: number;
  /** Checks the shape and says what comes out; `where` opens every message. */
  build(inputShape: Shape, where: string, others?: readonly Shape[]): LayerBuild;
  /** Adds the layer to the graph: x has the batch as its first axis. */
  apply(x: Tensor, weights: (name: string) => Tensor, context: LayerContext, others?: readonly Tensor[]): Tensor;
  /** Instead of `apply`, for layers that give several: the first and those of `furtherShapes`. */
  outputs?(...given: Parameters<LayerRecord['apply']>): readonly Tensor[];
}

/** A record that can be called: `dense({ units: 10 })(x)` is a place in a graph of layers. A second call shares the weights. */
export interface Layer extends LayerRecord {
  (inputs: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor;
}

/** As `Layer`, for one that gives several outputs: a call gives a symbolic tensor for each. */
export interface MultiOutputLayer<Outputs extends readonly SymbolicTensor[]> extends LayerRecord {
  (inputs: SymbolicTensor | readonly SymbolicTensor[]): Outputs;
}

/** A layer at its place in a model: named, and built for the shape that reaches it. */
export interface BuiltLayer extends LayerBuild {
  /** Unique: the layer's name at its first place, `<name>_2` at the second. */
  readonly name: string;
  /** The layer's own name, which its weights have: `<owner>/kernel`. */
  readonly owner: string;
  readonly type: string;
  readonly layer: LayerRecord;
  /** Of the first input. */
  readonly inputShape: Shape;
  /** Where its inputs come from, counted over the model's inputs and then its layers. */
  readonly from: readonly number[];
}

/** What of a place may change while training runs, by `<owner>/<name>`. */
export function layerNumbers({ layer, owner }: Pick<BuiltLayer, 'layer' | 'owner'>): Record<string, NumberSpec> {
  return { ...ownedBy(owner, layer.numbers), ...ownedBy(`${owner}/activity`, strengthsOf(layer.activityRegularizer)) };
}

/** Options that every layer function takes. */
export interface LayerOptions {
  /** Unique in its model; `<kind>_<n>` unless given. */
  readonly name?: string;
  /** Of one example, without the batch; for a model's first layer. */
  readonly inputShape?: Shape;
}

export const layerOptions = ['name', 'inputShape'] as const;

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** `name` and `inputShape` as fields of a record, left out where they were not given. */
export function commonFields(where: string, { name, inputShape }: LayerOptions): LayerOptions {
  checkName(where, name);
  return {
    ...(name === undefined ? {} : { name }),
    ...(inputShape === undefined ? {} : { inputShape: [...inputShape] }),
  };
}

/** Throws unless `name` can be part of a weight's name in a file. */
export function checkName(where: string, name: string | undefined): void {
  if (name === undefined || namePattern.test(name)) return;
  throw new OptionError(`${where}: name is '${name}', expected letters, digits, _, - and . only`);
}

/** Each layer with its name: its own, or `<kind>_<n>` counted from 1 by kind. Two layers of one name are refused. */
export function nameLayers(where: string, layers: readonly LayerRecord[]): string[] {
  const taken = new Set<string>();
  for (const { name } of layers) {
    if (name === undefined) continue;
    if (taken.has(name)) throw new OptionError(`${where}: two layers are named '${name}', expected a name for each`);
    taken.add(name);
  }
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    const count = (counts.get(layer.kind) ?? 0) + 1;
    counts.set(layer.kind, count);
    if (layer.name !== undefined) return layer.name;
    const name = `${layer.kind}_${count}`;
    if (taken.has(name)) throw new OptionError(`${where}: two layers are named '${name}', expected a name for each`);
    taken.add(name);
    return name;
  });
}

/** Builds layers one after another; a ShapeError names the layer whose input does not fit. */
export function buildLayers(layers: readonly LayerRecord[], names: readonly string[], inputShape: Shape): BuiltLayer[] {
  let shape = inputShape;
  let masked = false;
  return layers.map((layer, i) => {
    const name = names[i]!;
    const where = `${name} (${layer.type})`;
    if (layer.inputShape && i > 0 && format(layer.inputShape) !== format(shape)) {
      throw new ShapeError(
        `${where}: inputShape is ${format(layer.inputShape)}, but ${names[i - 1]} gives ${format(shape)}`,
      );
    }
    if (layer.several === true) {
      throw new OptionError(
        `${where}: takes several inputs, which model({ inputs, outputs }) connects; sequential gives one`,
      );
    }
    const built = layer.build(shape, where);
    if (built.furtherShapes?.length) {
      throw new OptionError(
        `${where}: gives several outputs, which model({ inputs, outputs }) connects; sequential takes one`,
      );
    }
    const result = { ...built, name, owner: name, type: layer.type, layer, inputShape: shape, from: [i] };
    shape = built.outputShape;
    masked = maskedAfter(layer, [masked], where);
    return result;
  });
}

/** What a place of a model gives. */
export interface Given {
  readonly outputs: readonly Tensor[];
  /** Of the first output. */
  readonly mask: Tensor | null;
}

/** Adds a layer to a graph: what it gives, from what every place before it gave. */
export function applyLayer(
  { layer, from, name }: Pick<BuiltLayer, 'layer' | 'from' | 'name'>,
  before: readonly (Given | undefined)[],
  weights: (name: string) => Tensor,
  context: LayerContext,
): Given {
  const [x, ...others] = from.map((at, i) => before[at]!.outputs[i === 0 ? (layer.part ?? 0) : 0]!);
  const masks = from.map((at) => before[at]!.mask);
  let own: Tensor | null = null;
  const inside: LayerContext = { ...context, masks, giveMask: (mask) => (own = mask) };
  const outputs = layer.outputs
    ? layer.outputs(x!, weights, inside, others)
    : [layer.apply(x!, weights, inside, others)];
  const read: NumberReader = (strength, fixed) => context.number(`activity/${strength}`, fixed);
  const activity =
    layer.activityRegularizer && penalty(layer.activityRegularizer, outputs[0]!, read, outputs[0]!.shape[0]);
  if (activity) context.addLoss('regularization', activity);
  const masked = maskedAfter(
    layer,
    masks.map((mask) => mask !== null),
    `${name} (${layer.type})`,
  );
  return { outputs, mask: masked ? (own ?? masks[0]!) : null };
}

/** Throws unless `value` is an integer of at least 1. */
export function checkCount(where: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new OptionError(`${where}: ${name} is ${value}, expected a positive integer`);
  }
}
