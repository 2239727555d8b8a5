// What recurrent layers take besides their sequences and give besides their outputs: masks and states.

import { OptionError, ShapeError, suggestion } from '../../core/errors.ts';
import { equal, format, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { cast } from '../../ops/cast.ts';
import type { RecurrentOptions } from '../../ops/recurrent_functions.ts';
import type { Json } from '../layer.ts';
import type { Masking } from '../masking.ts';

export type Masked = 'mask' | 'lengths';

export interface RecurrentUseOptions {
  /**
   * What of an example is padding comes as a second input, where an embedding's `maskZero` does not say it: 'mask', [T], where 0 says that a step is not there, or
   * 'lengths', [], how many steps are there (below 0 is none, above T all). Padding leaves the state as it is; an example that is all padding gives
   * zeros. None unless given.
   */
  readonly masked?: Masked;
  /**
   * Where there is padding, with `returnSequences`: zeros there, where otherwise the step before is repeated (Keras); false
   * unless given.
   */
  readonly zeroOutputForMask?: boolean;
  /** The state before the first step comes as the last inputs, [units] each: h, and c for LSTM; false unless given. */
  readonly initialState?: boolean;
}

/** How a layer is called, and what it gives. */
export interface RecurrentUse {
  readonly units: number;
  /** Of what its state consists: h, and c for LSTM. */
  readonly states: readonly string[];
  readonly masked: Masked | null;
  readonly zeroOutputForMask: boolean;
  readonly initialState: boolean;
  readonly returnState: boolean;
}

export const recurrentUseOptions = ['masked', 'zeroOutputForMask', 'initialState', 'returnState'] as const;

export function recurrentUse(
  where: string,
  options: RecurrentUseOptions & { readonly units: number; readonly returnState?: boolean },
  states: readonly string[],
): RecurrentUse {
  const { units, masked, zeroOutputForMask = false, initialState = false, returnState = false } = options;
  const known = ['mask', 'lengths'];
  if (masked !== undefined && !known.includes(masked)) {
    throw new OptionError(
      `${where}: unknown masked '${String(masked)}'${suggestion(String(masked), known)}; known: ${known.join(', ')}`,
    );
  }
  for (const [name, value] of Object.entries({ zeroOutputForMask, initialState, returnState })) {
    if (typeof value === 'boolean') continue;
    throw new OptionError(`${where}: ${name} is ${JSON.stringify(value)}, expected true or false`);
  }
  return { units, states, masked: masked ?? null, zeroOutputForMask, initialState, returnState };
}

/** The options as they are saved: those that are not as they would be unless given. */
export function useConfig({
  masked,
  zeroOutputForMask,
  initialState,
  returnState,
}: RecurrentUse): Record<string, Json> {
  return {
    ...(masked ? { masked } : {}),
    ...(zeroOutputForMask ? { zeroOutputForMask } : {}),
    ...(initialState ? { initialState } : {}),
    ...(returnState ? { returnState } : {}),
  };
}

/** Whether it needs further inputs. Where it takes none, it says so itself: see `checkUse`. */
export const severalInputs = ({ masked, initialState }: RecurrentUse): true | 'optional' =>
  masked !== null || initialState ? true : 'optional';

/** Throws unless the inputs are a sequence and what `use` says, the states once for each of `directions`. */
export function checkUse(
  where: string,
  use: RecurrentUse,
  inputShape: Shape,
  others: readonly Shape[],
  directions: readonly string[] = [''],
): void {
  if (inputShape.length !== 2) {
    throw new ShapeError(`${where}: expected sequences [T,in], got ${format(inputShape)}`);
  }
  const { units, states, masked, initialState } = use;
  const expected: [string, Shape][] = [];
  if (masked) expected.push([masked, masked === 'mask' ? [inputShape[0]!] : []]);
  if (initialState) {
    for (const direction of directions) {
      for (const state of states) expected.push([`${direction}${state}0`, [units]]);
    }
  }
  if (others.length === expected.length && expected.every(([, shape], i) => equal(shape, others[i]!))) return;
  const given = [inputShape, ...others].map(format).join(', ');
  if (expected.length === 0) {
    throw new OptionError(
      `${where}: takes one input, got ${given}; masked: 'mask' or 'lengths' lets it take a mask, initialState: true states`,
    );
  }
  const names = ['x', ...expected.map(([name]) => name)].join(', ');
  const shapes = [inputShape, ...expected.map(([, shape]) => shape)].map(format).join(', ');
  throw new ShapeError(`${where}: expected [${names}] of shapes ${shapes}, got ${given}`);
}

/** Whether a whole sequence's outputs have a mask of padding: the input's own. An OptionError where there are two, or none. */
export function recurrentMasking({ masked, zeroOutputForMask }: RecurrentUse, returnSequences: boolean): Masking {
  return ([first = false], where) => {
    if (first && masked) {
      throw new OptionError(
        `${where}: padding is said twice, by an embedding's maskZero and as masked: '${masked}', expected one of them`,
      );
    }
    if (zeroOutputForMask && !first && !masked) {
      throw new OptionError(
        `${where}: zeroOutputForMask is true without masked or an embedding's maskZero, which it is about`,
      );
    }
    return first && returnSequences;
  };
}

/** The inputs after the sequence, and its own mask, as options of the ops: one record for each direction. */
export function takeInputs(
  use: RecurrentUse,
  others: readonly Tensor[],
  directions: number,
  own: Tensor | null,
): RecurrentOptions[] {
  const { masked, states, initialState, zeroOutputForMask } = use;
  const rest = masked ? others.slice(1) : others;
  const mask = masked ? others[0]! : own;
  const masks: RecurrentOptions =
    mask === null ? {} : { ...(masked === 'lengths' ? { lengths: cast(mask, 'i32') } : { mask }), zeroOutputForMask };
  return Array.from({ length: directions }, (_, d) => ({
    ...masks,
    ...(initialState ? { initialState: rest.slice(d * states.length, (d + 1) * states.length) } : {}),
  }));
}

/** The shapes of the states that `use` says are given, for each direction. */
export function stateShapes({ returnState, states, units }: RecurrentUse, directions: number): Shape[] {
  return returnState ? Array.from({ length: directions * states.length }, () => [units]) : [];
}
