// Ranges that a random search draws from and narrows around what was best.

import { OptionError } from '../../core/errors.ts';
import { philox } from '../../core/random.ts';
import type { Json } from '../../nn/layer.ts';

export interface Range<T extends string | number | boolean = number> {
  /** For the plan that a store keeps. */
  readonly description: Json;
  /** The value at `u`, from 0 up to 1. */
  at(u: number): T;
  /** A range of `share` of this one's width around `value`, within it. */
  around(value: T, share: number): Range<T>;
}

export type Space = Readonly<Record<string, Range<number> | Range<string | number | boolean>>>;

/** Numbers from `low` to `high`, each as likely; rounded to four figures. */
export function uniformRange(low: number, high: number): Range {
  checkBounds('uniformRange', low, high, -Infinity);
  return scaled(
    'uniform',
    low,
    high,
    (x) => x,
    (x) => x,
  );
}

/** Numbers from `low` to `high` whose logarithms are each as likely, as suits learning rates; rounded to four figures. */
export function logUniformRange(low: number, high: number): Range {
  checkBounds('logUniformRange', low, high, 0);
  return scaled('logUniform', low, high, Math.log, Math.exp);
}

/** Whole numbers from `low` to `high`, both included, each as likely. */
export function integerRange(low: number, high: number): Range {
  checkBounds('integerRange', low, high, -Infinity);
  if (!Number.isInteger(low) || !Number.isInteger(high)) {
    throw new OptionError(`integerRange: from ${low} to ${high}, expected whole numbers`);
  }
  return {
    description: ['integer', low, high],
    at: (u) => Math.min(high, low + Math.floor(u * (high - low + 1))),
    around(value, share) {
      const half = Math.max(1, Math.round(((high - low) * share) / 2));
      const [from, to] = within(low, high, value - half, value + half);
      return from < to ? integerRange(from, to) : this;
    },
  };
}

/** One of `values`, each as likely. Later rounds keep the best one. */
export function choiceRange<const T extends string | number | boolean>(values: readonly T[]): Range<T> {
  if (values.length === 0) throw new OptionError('choiceRange: no values, expected at least one');
  return {
    description: ['choice', ...values],
    at: (u) => values[Math.min(values.length - 1, Math.floor(u * values.length))]!,
    around: (value) => choiceRange([value]),
  };
}

function scaled(
  kind: string,
  low: number,
  high: number,
  to: (x: number) => number,
  from: (x: number) => number,
): Range {
  const [a, b] = [to(low), to(high)];
  return {
    description: [kind, low, high],
    at: (u) => Math.min(high, Math.max(low, figures(from(a + u * (b - a))))),
    around(value, share) {
      const half = ((b - a) * share) / 2;
      const [c, d] = within(a, b, to(value) - half, to(value) + half);
      return scaled(kind, Math.max(low, figures(from(c))), Math.min(high, figures(from(d))), to, from);
    },
  };
}

/** Four of them, so that an ulp of the engine's exp does not show. */
const figures = (x: number): number => Number(x.toPrecision(4));

/** `from` to `to` moved into `low` to `high` without losing width. */
function within(low: number, high: number, from: number, to: number): [number, number] {
  const shift = Math.max(0, low - from) - Math.max(0, to - high);
  return [Math.max(low, from + shift), Math.min(high, to + shift)];
}

function checkBounds(where: string, low: number, high: number, above: number): void {
  if (low > above && low < high && Number.isFinite(low) && Number.isFinite(high)) return;
  const least = above === 0 ? ' above 0' : '';
  throw new OptionError(`${where}: from ${low} to ${high}, expected two numbers${least}, the smaller first`);
}

const SEARCH = 0x5ea7c4; // a stream of the generator, as in split.ts

/** Trial `trial` of round `round`: it depends on the seed and these numbers, not on what was drawn before. */
export function draw(
  space: Space,
  seed: number,
  round: number,
  trial: number,
): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(space).map(([name, range], i) => {
      const [high, low] = philox([trial, round, i, 0], [seed, SEARCH]);
      return [name, range.at((high! * 2 ** 21 + (low! >>> 11)) * 2 ** -53)];
    }),
  );
}
