// Graphs of layers: what `input` and called layers give, before there is a batch, a weight or a device.

import { checkOptions, OptionError, ShapeError } from '../core/errors.ts';
import { checkShape, equal, format, type Shape } from '../core/shape.ts';
import { checkCount, checkName, commonFields, type Layer, type LayerBuild, type LayerRecord } from './layer.ts';
import { maskedAfter } from './masking.ts';

export interface SymbolicTensor {
  /** Of one example, without the batch. */
  readonly shape: Shape;
  readonly dtype: 'f32' | 'i32';
  /** Whether its steps have a mask that says which are padding: an embedding's `maskZero`. */
  readonly masked: boolean;
  /** Grows with creation, so sorting by it is a topological order. */
  readonly id: number;
  readonly origin: InputOrigin | LayerOrigin;
}

export interface InputOrigin {
  readonly kind: 'input';
  readonly name: string | undefined;
}

export interface LayerOrigin {
  readonly kind: 'layer';
  readonly layer: Layer;
  readonly inputs: readonly SymbolicTensor[];
  readonly built: LayerBuild;
}

export interface InputOptions {
  /** Of one example, without the batch. */
  readonly shape: Shape;
  /** 'f32' unless given; 'i32' for whole numbers such as tokens. */
  readonly dtype?: 'f32' | 'i32';
  /** What data sets call it; `input_<n>` unless given. */
  readonly name?: string;
}

let nextId = 0;

/**
 * A place where a model's examples enter, for layers to be called on: `dense({ units: 10 })(input({ shape: [4] }))`.
 * OptionError: an unknown option or a name with other signs than letters, digits, _, - and `.`. ShapeError: a length
 * that is no positive integer.
 */
export function input(options: InputOptions): SymbolicTensor {
  checkOptions('input', options, ['shape', 'dtype', 'name']);
  const { shape, dtype = 'f32', name } = options;
  if (!Array.isArray(shape))
    throw new OptionError('input: shape is missing, expected that of one example: [28, 28, 1]');
  checkShape('input', shape);
  if (dtype !== 'f32' && dtype !== 'i32') {
    throw new OptionError(`input: dtype is '${String(dtype)}', expected 'f32' or 'i32'`);
  }
  checkName('input', name);
  return { shape: [...shape], dtype, masked: false, id: nextId++, origin: { kind: 'input', name } };
}

/**
 * `record` with its fields as they are, and a function besides: called on symbolic tensors it gives one, or an array
 * where it has several outputs.
 */
export function callable(record: LayerRecord): Layer {
  const layer: Layer = Object.defineProperties(
    (given: SymbolicTensor | readonly SymbolicTensor[]) => connect(layer, given),
    {
      name: { value: undefined, enumerable: true, configurable: true }, // functions have one of their own
      ...Object.getOwnPropertyDescriptors(record),
      toJSON: { value: () => record },
    },
  ) as unknown as Layer;
  return layer;
}

/** What can be a layer's input: not a graph's Tensor, nor numbers. */
export function isSymbolic(value: unknown): value is SymbolicTensor {
  return typeof value === 'object' && value !== null && 'origin' in value && 'shape' in value;
}

/**
 * The layer that gives on an output after the first, `index` from 1, of the layer that it is called on. Calls of layers
 * with several outputs add it themselves; a name of its own in models, summaries and files is all that it has.
 */
export function laterOutput(options: { readonly index: number; readonly name?: string }): Layer {
  checkOptions('laterOutput', options, ['index', 'name']);
  const { index } = options;
  checkCount('laterOutput', 'index', index);
  return callable({
    type: 'LaterOutput',
    kind: 'state',
    config: { index },
    part: index,
    masking: () => false,
    ...commonFields('laterOutput', options),
    build: (shape) => ({ outputShape: shape, weights: {}, flopsPerSample: 0 }),
    apply: (x) => x,
  });
}

/** Of what reaches a layer first: an output of the layer before it, or an input. */
function shapeOfPart(where: string, { shape, origin }: SymbolicTensor, part: number): Shape {
  if (part === 0) return shape;
  const further = origin.kind === 'layer' ? (origin.built.furtherShapes ?? []) : [];
  const found = further[part - 1];
  if (found) return found;
  throw new OptionError(`${where}: asks for output ${part} of what gives ${further.length + 1}, counted from 0`);
}

function connect(
  layer: Layer,
  given: SymbolicTensor | readonly SymbolicTensor[],
): SymbolicTensor | readonly SymbolicTensor[] {
  const where = `${layer.name ?? layer.kind} (${layer.type})`;
  const inputs = isSymbolic(given) ? [given] : Array.isArray(given) ? (given as readonly SymbolicTensor[]) : [];
  if (inputs.length === 0 || !inputs.every(isSymbolic)) {
    throw new OptionError(`${where}: called on something else than what input() and layers give, or an array of these`);
  }
  if (inputs.length > 1 && !layer.several) {
    throw new OptionError(`${where}: takes one input, got ${inputs.length}; concatenate() or add() makes them one`);
  }
  const shape = shapeOfPart(where, inputs[0]!, layer.part ?? 0);
  if (layer.inputShape && !equal(layer.inputShape, shape)) {
    throw new ShapeError(`${where}: inputShape is ${format(layer.inputShape)}, but it is called on ${format(shape)}`);
  }
  const others = inputs.slice(1).map((other) => other.shape);
  const built = layer.build(shape, where, others);
  const masked = maskedAfter(
    layer,
    inputs.map((one) => one.masked),
    where,
  );
  const origin: LayerOrigin = { kind: 'layer', layer, inputs, built };
  const first: SymbolicTensor = { shape: built.outputShape, dtype: 'f32', masked, id: nextId++, origin };
  if (!built.furtherShapes?.length) return first;
  return [first, ...built.furtherShapes.map((_, i) => laterOutput({ index: i + 1 })(first))];
}
