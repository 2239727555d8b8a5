// What "every option pairwise" means: an op's options, their levels, and which pairs of levels its samples meet.

import type { CallTypes, Op, Sample } from '../../src/graph/op.ts';
import type { DType } from '../../src/core/dtype.ts';
import type { Target } from '../../src/kernel/target.ts';
import { callTypes } from './table.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- a table of ops of every attribute type
export type Call = CallTypes<any>;

/** One option: its levels, and which of them a call has. */
export interface Option {
  readonly levels: readonly string[];
  /** null where `where` does not hold. */
  of(call: Call): string | null;
  /** The option, and its level, without which there is no such option. */
  readonly where?: readonly [option: string, level: string];
}

/** The options of one op by name; an attribute inside another is `outer.inner`. */
export type Options = Readonly<Record<string, Option>>;

/** How the values of one attribute fall into levels. */
export interface Levels<in V> {
  readonly levels: readonly string[];
  level(value: V): string;
}

/** An attribute that is no choice: it follows from others, or any value is as good as another. */
export interface NoChoice {
  readonly noChoice: string;
}
export const noChoice = (because: string): NoChoice => ({ noChoice: because });

/**
 * One entry for each attribute, so that an attribute that is added is a type error here until it is sorted into levels;
 * an attribute that is a record may be given the levels of its own attributes.
 */
export type Sorting<A> = { readonly [K in keyof A]-?: Levels<A[K]> | NoChoice | Inside<NonNullable<A[K]>> };
type Inside<V> = V extends readonly unknown[] ? never : V extends object ? Sorting<V> : never;

/** Levels by the first test that holds. */
export function sorted<V>(tests: Readonly<Record<string, (value: V) => boolean>>): Levels<V> {
  return {
    levels: Object.keys(tests),
    level(value) {
      const found = Object.entries(tests).find(([, test]) => test(value));
      if (!found) throw new Error(`${JSON.stringify(value)} is none of ${Object.keys(tests).join(', ')}`);
      return found[0];
    },
  };
}

export const flag: Levels<boolean | undefined> = {
  levels: ['false', 'true'],
  level: (value) => String(value ?? false),
};

type Word<T> = T extends null ? 'null' : T;

/** One level for each string of a union, which the compiler wants complete. */
export function words<T extends string | null>(names: Readonly<Record<Word<T> & string, true>>): Levels<T> {
  const levels = Object.keys(names);
  return {
    levels,
    level(value) {
      if (!levels.includes(String(value))) throw new Error(`${String(value)} is none of ${levels.join(', ')}`);
      return String(value);
    },
  };
}

export const sign = sorted<number>({ negative: (v) => v < 0, zero: (v) => v === 0, positive: (v) => v > 0 });
/** Numbers that are refused below 0. */
export const amount = sorted<number>({ none: (v) => v === 0, some: (v) => v > 0 });
/** Numbers that are refused at 0 and below. */
export const count = sorted<number>({ one: (v) => v === 1, several: (v) => v > 1 });
/** Factors, of which 1 may be left out of a kernel. */
export const factor = sorted<number>({ one: (v) => v === 1, other: (v) => v !== 1 });
/** One number for each axis, at least 1. */
export const perAxis = sorted<readonly number[]>({
  ones: (v) => v.every((n) => n === 1),
  equal: (v) => v.every((n) => n === v[0]),
  unequal: () => true,
});

/** Levels of a call that no attribute holds: dtypes, ranks, where an axis lies. */
export function fact(levels: readonly string[], of: Option['of'], where?: Option['where']): Option {
  return { levels, of, ...(where ? { where } : {}) };
}

export const dtypeOf = (input: number, ...dtypes: DType[]): Option =>
  fact(dtypes, ({ inputs }) => inputs[input]!.dtype);

/** Where attribute `axis` lies among the axes of an input. */
export const axisOf = (input: number): Option =>
  fact(['only', 'first', 'middle', 'last'], ({ inputs, attrs }) => placeOf(attrs.axis, inputs[input]!.shape.length));

export function placeOf(axis: number, rank: number): string {
  if (rank === 1) return 'only';
  return axis === 0 ? 'first' : axis === rank - 1 ? 'last' : 'middle';
}

/** An op's options from its attributes' and from facts of the call; `where` says of a record when it is there. */
export function options<A extends object>(
  sorting: Sorting<A>,
  facts: Options = {},
  where: Readonly<Record<string, Option['where']>> = {},
): Options {
  const found: Record<string, Option> = {};
  const collect = (part: object, path: readonly string[]) => {
    for (const [name, entry] of Object.entries(part) as [string, Levels<unknown> | NoChoice | object][]) {
      const here = [...path, name];
      if ('noChoice' in entry) continue;
      if (!('levels' in entry)) {
        collect(entry, here);
        continue;
      }
      found[here.join('.')] = {
        levels: entry.levels,
        ...(where[path.join('.')] ? { where: where[path.join('.')] } : {}),
        of: ({ attrs }) => {
          let value: unknown = attrs;
          for (const key of here.slice(0, -1)) {
            value = (value as Record<string, unknown>)[key];
            if (value === undefined) return null; // the record is not there
          }
          return entry.level((value as Record<string, unknown>)[name]);
        },
      };
    }
  };
  collect(sorting, []);
  for (const [name, option] of Object.entries(facts)) {
    if (found[name]) throw new Error(`'${name}' is an attribute already`);
    found[name] = option;
  }
  sortings.set(found, sorting);
  return found;
}

const sortings = new WeakMap<Options, object>();

/** The attributes that `found` was made of, choices or not: what samples may have. null where it is of facts alone. */
export function attributesOf(found: Options): string[] | null {
  const sorting = sortings.get(found);
  return sorting ? Object.keys(sorting) : null;
}

/** `option=level`, one or two of them. */
export type Place = readonly [string] | readonly [string, string];

/** `option=level` for every option that a call has. */
export function placesOf(name: string, table: Options, call: Call): string[] {
  const levels = Object.fromEntries(Object.entries(table).map(([option, { of }]) => [option, of(call)]));
  return Object.entries(table).flatMap(([option, { levels: known, where }]) => {
    const level = levels[option]!;
    if ((level === null) === (!where || levels[where[0]] === where[1])) {
      throw new Error(
        `${name}: ${option} is ${level} where ${where?.join(' is ')} ${where ? `(${levels[where[0]]})` : ''}`,
      );
    }
    if (level === null) return [];
    if (!known.includes(level)) throw new Error(`${name}: ${option} is ${level}, none of ${known.join(', ')}`);
    return [`${option}=${level}`];
  });
}

export interface Coverage {
  readonly met: readonly Place[];
  readonly missing: readonly Place[];
}

/**
 * Every pair of levels of two options, and every level of an op's only option: met by a sample or not. A pair that no call
 * can have, because an option is absent where the other has that level, is neither.
 */
export function coverage(op: Op, table: Options, samples: readonly Sample<unknown>[] = op.samples): Coverage {
  const seen = new Set<string>();
  for (const sample of samples) {
    const call = callTypes(op, sample);
    const places = placesOf(op.name, table, call);
    for (const [i, a] of places.entries()) {
      seen.add(a);
      for (const b of places.slice(i + 1)) seen.add(`${a} ${b}`);
    }
  }
  const names = Object.keys(table);
  const levelsOf = (name: string) => table[name]!.levels.map((level) => `${name}=${level}`);
  const together = (name: string, other: string) => {
    const { where } = table[name]!;
    return !where || where[0] !== other.split('=')[0] || where.join('=') === other;
  };
  const wanted: Place[] =
    names.length === 1
      ? levelsOf(names[0]!).map((a) => [a] as const)
      : names.flatMap((a, i) =>
          names
            .slice(i + 1)
            .flatMap((b) => levelsOf(a).flatMap((x) => levelsOf(b).map((y) => [x, y] as const)))
            .filter(([x, y]) => [x, y].every((place, k) => together(place.split('=')[0]!, [y, x][k]!))),
        );
  return {
    met: wanted.filter((place) => seen.has(place.join(' '))),
    missing: wanted.filter((place) => !seen.has(place.join(' '))),
  };
}

/** Every kernel of an op with every level of every option: met by a sample that it fits on `target`, or not. */
export function kernelCoverage(op: Op, table: Options, target: Target, samples = op.samples): Coverage {
  const seen = new Set<string>();
  for (const sample of samples) {
    const call = callTypes(op, sample);
    for (const kernel of fitting(op, call, target)) {
      for (const place of placesOf(op.name, table, call)) seen.add(`way=${kernel} ${place}`);
    }
  }
  const wanted = Object.keys(op.kernels).flatMap((kernel) =>
    Object.entries(table).flatMap(([name, { levels }]) =>
      levels.map((level) => [`way=${kernel}`, `${name}=${level}`] as const),
    ),
  );
  return {
    met: wanted.filter((place) => seen.has(place.join(' '))),
    missing: wanted.filter((place) => !seen.has(place.join(' '))),
  };
}

/** The names of the kernels that can run a call on `target`. */
export function fitting(op: Op, call: Call, target: Target): string[] {
  return Object.entries(op.kernels).flatMap(([name, { fits }]) => ((fits?.(call, target) ?? true) ? [name] : []));
}
