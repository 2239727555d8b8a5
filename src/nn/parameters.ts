// A model's trainable weights: one arena on the device, and a tensor into it for each weight.

import type { TypedArray } from '../core/dtype.ts';
import { OptionError } from '../core/errors.ts';
import { checkShape, sizeOf, type Shape } from '../core/shape.ts';
import { variableTensor, type Tensor, type Variable } from '../graph/tensor.ts';
import type { Initializer } from './initializers.ts';
import type { Regularizer } from './regularizers.ts';

export interface ParameterSpec {
  readonly shape: Shape;
  readonly initializer: Initializer;
  readonly constraint?: Constraint;
  /** How many of the last axes number the units that a constraint is of; 1 unless given. */
  readonly unitAxes?: number;
  readonly regularizer?: Regularizer;
  /** false: it is kept with what layers keep without training it. */
  readonly trainable?: boolean;
}

/** What weights are held to after each update. */
export interface Constraint {
  /** The longest that the incoming weights of a unit may be, those of one place of the axes that number units. */
  readonly maxNorm: number;
}

export interface Parameter {
  /** `layer/kernel`, `layer/bias`. */
  readonly name: string;
  readonly shape: Shape;
  /** In elements of the arena. */
  readonly offset: number;
  readonly tensor: Tensor;
  readonly constraint?: Constraint;
  readonly unitAxes?: number;
  readonly regularizer?: Regularizer;
}

export interface Parameters {
  readonly list: readonly Parameter[];
  /** All of them in one buffer, so that an optimizer is one dispatch and saving is one read. */
  readonly arena: Variable;
  /** The tensor called `name`. */
  get(name: string): Tensor;
  /** The number of weights, the arena's gaps not counted. */
  readonly count: number;
}

/** WebGPU binds parts of a buffer at multiples of 256 bytes: 64 elements. */
const alignment = 64;

/**
 * Lays weights out in one arena. Values are drawn from (seed, position in the list), so the same seed and list give the
 * same weights on every device.
 */
export function parameters(
  specs: Readonly<Record<string, ParameterSpec>>,
  options: { seed?: number; name?: string } = {},
): Parameters {
  const { seed = 0, name: arenaName = 'parameters' } = options;
  const names = Object.keys(specs);
  if (names.length === 0) throw new OptionError('parameters: expected at least one weight');
  const offsets: number[] = [];
  let end = 0;
  for (const name of names) {
    checkShape(`parameter '${name}'`, specs[name]!.shape);
    offsets.push(end);
    end = Math.ceil((end + sizeOf(specs[name]!.shape)) / alignment) * alignment;
  }
  const arena: Variable = {
    name: arenaName,
    shape: [end],
    dtype: 'f32',
    initial() {
      const values = new Float32Array(end);
      names.forEach((name, i) => values.set(specs[name]!.initializer.values(specs[name]!.shape, seed, i), offsets[i]!));
      return values;
    },
  };
  const list = names.map((name, i): Parameter => {
    const { shape, constraint, unitAxes, regularizer } = specs[name]!;
    const offset = offsets[i]!;
    const tensor = variableTensor(arena, { shape, offset, label: name });
    return {
      name,
      shape,
      offset,
      tensor,
      ...(constraint ? { constraint } : {}),
      ...(unitAxes === undefined ? {} : { unitAxes }),
      ...(regularizer ? { regularizer } : {}),
    };
  });
  const byName = new Map(list.map((parameter) => [parameter.name, parameter]));
  return {
    list,
    arena,
    count: list.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    get(name) {
      const found = byName.get(name);
      if (!found) throw new OptionError(`parameters: no weight '${name}'; known: ${names.join(', ')}`);
      return found.tensor;
    },
  };
}

/** Each weight's own values out of an arena's. */
export function splitArena({ list }: Parameters, arena: TypedArray): Map<string, { shape: Shape; data: Float32Array }> {
  return new Map(
    list.map(({ name, shape, offset }) => [
      name,
      { shape, data: Float32Array.from(arena.subarray(offset, offset + sizeOf(shape))) },
    ]),
  );
}

/** The arena's values from each weight's. Every weight must be there, with its size. */
export function joinArena(
  { list, arena }: Parameters,
  values: ReadonlyMap<string, { shape: Shape; data: ArrayLike<number> }>,
): Float32Array {
  const joined = new Float32Array(sizeOf(arena.shape));
  for (const { name, shape, offset } of list) {
    const found = values.get(name);
    if (!found) throw new OptionError(`weights: '${name}' is missing; given: ${[...values.keys()].join(', ')}`);
    if (found.shape.length !== shape.length || found.shape.some((length, i) => length !== shape[i])) {
      throw new OptionError(`weights: '${name}' has shape [${found.shape.join(',')}], expected [${shape.join(',')}]`);
    }
    joined.set(found.data, offset);
  }
  return joined;
}

/** The weight that element `index` of the arena belongs to. */
export function parameterAt({ list }: Parameters, index: number): Parameter | null {
  return list.find(({ offset, shape }) => index >= offset && index < offset + sizeOf(shape)) ?? null;
}
