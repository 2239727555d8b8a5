// The numbers of a training that may change while it runs, by name: an optimizer's, layers' rates, strengths of penalties,
// weights of losses.

import { ABOVE_ZERO, OptionError, suggestion } from '../core/errors.ts';
import { liveNumber, type LiveNumber, type Scalar } from '../graph/live.ts';

/** A number as plain data: what it is at first, and what it may be. */
export interface NumberSpec {
  readonly value: number;
  readonly least: number;
  /** What it must stay below; any f32 unless given. */
  readonly below?: number;
}

/** For layers and losses: the number called `name`, or `fixed` where there is none that may change. */
export type NumberReader = (name: string, fixed: number) => Scalar;

export const fixedNumbers: NumberReader = (_, fixed) => fixed;

export interface LiveNumbers {
  readonly specs: Readonly<Record<string, NumberSpec>>;
  /** Grows with every change. */
  readonly version: number;
  /** Those that programs read as operands, by the inputs' names. */
  readonly operands: ReadonlyMap<string, LiveNumber>;
  readonly read: NumberReader;
  /** As they are at present. */
  values(): Record<string, number>;
  /** Those that were set. */
  changed(): Record<string, number>;
  /** All of `values` or, where one is wrong, none. OptionError: an unknown name, or a number out of its range. */
  set(where: string, values: Readonly<Record<string, number>>): void;
  /** As `set`; what is not among `values` is again what it was at first. */
  restore(where: string, values: Readonly<Record<string, number>>): void;
}

export function liveNumbers(specs: Readonly<Record<string, NumberSpec>>): LiveNumbers {
  const operands = new Map<string, LiveNumber>();
  let changed = new Map<string, number>();
  let version = 0;
  const valueOf = (name: string): number => changed.get(name) ?? specs[name]!.value;
  const numbers = new Map(
    Object.keys(specs).map((name) => [name, liveNumber(name, () => valueOf(name), operands)] as const),
  );
  return {
    specs,
    get version() {
      return version;
    },
    operands,
    read: (name, fixed) => numbers.get(name) ?? fixed,
    values: () => Object.fromEntries(Object.keys(specs).map((name) => [name, valueOf(name)])),
    changed: () => Object.fromEntries(changed),
    set(where, values) {
      checkNumbers(where, specs, values);
      for (const [name, value] of Object.entries(values)) changed.set(name, value);
      version++;
    },
    restore(where, values) {
      checkNumbers(where, specs, values);
      changed = new Map(Object.entries(values));
      version++;
    },
  };
}

/** OptionError: a name that `specs` do not have, or a value out of its range. */
export function checkNumbers(
  where: string,
  specs: Readonly<Record<string, NumberSpec>>,
  values: Readonly<Record<string, unknown>>,
): void {
  const known = Object.keys(specs);
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(specs, name)) {
      throw new OptionError(
        `${where}: no number '${name}' that may change${suggestion(name, known)}; known: ${known.join(', ')}; ` +
          'what was 0 or not given when the model was compiled is no part of its step',
      );
    }
    const { least, below } = specs[name]!;
    const finite = typeof value === 'number' && Number.isFinite(Math.fround(value));
    if (finite && value >= least && value < (below ?? Infinity)) continue;
    const from = least === ABOVE_ZERO ? 'above 0' : least === -Infinity ? 'that is finite' : `of at least ${least}`;
    const expected = below === undefined ? `a number ${from}` : `at least ${least} and below ${below}`;
    throw new OptionError(`${where}: ${name} is ${String(value)}, expected ${expected}`);
  }
}

/** `specs` with names that begin with `owner`. */
export function ownedBy(owner: string, specs: Readonly<Record<string, NumberSpec>> = {}): Record<string, NumberSpec> {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [`${owner}/${name}`, spec]));
}
