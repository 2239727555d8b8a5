// The lab's settings as they stand in its link, and what they ask to be measured.

import { choice, flag, integer, text, type StateOf } from '../shared/state.ts';
import { familyNames, type Family } from './core/families.ts';
import type { BenchResult, PageSuite } from './core/result.ts';
import type { BenchRequest } from './core/run.ts';
import { subset } from './subset.ts';

/** What is measured beside families of kernels. */
export const otherSuites = ['layers', 'steps', 'memory', 'transfers', 'data', 'samples', 'scaling'] as const;
export const suites = [...familyNames, ...otherSuites] as const;
export type Suite = (typeof suites)[number];

/** The table's columns, by which it is sorted; `order` is that of measuring. The check stands where it is always in sight. */
export const columns = [
  'order',
  'check',
  'kernel',
  'variant',
  'shape',
  'dtype',
  'median',
  'gflops',
  'gigabytes',
  'roof',
  'absolute',
  'relative',
  'tolerance',
] as const;
export type Column = (typeof columns)[number];

const shapes = {
  gemm: text(),
  conv: text(),
  pool: text(),
  softmax: text(),
  reduce: text(),
  normalize: text(),
  elementwise: text(),
  optimizer: text(),
} satisfies Record<Family, unknown>;

export const fields = {
  suites: subset(suites, [...familyNames, 'steps']),
  size: choice(['quick', 'full'], 'quick'),
  dtype: choice(['f32', 'f16'], 'f32'),
  /** Words of kernels' names, separated by commas; all kernels without any. */
  variants: text('', 120),
  roofs: flag(true),
  repeat: integer(1, 1, 20),
  /** Each family's own shapes, separated by semicolons; the suite's without any. */
  ...shapes,
  sort: choice(columns, 'order'),
  down: flag(false),
  find: text('', 80),
  show: choice(['all', 'right', 'wrong', 'flagged', 'preferred'], 'all'),
  /** The runs on show and compared with, by their ids in runs.ts. */
  run: text('', 160),
  base: text('', 160),
  own: text('', 40_000),
  ownop: text('matmul', 60),
  ownshape: text(),
};
export type LabState = StateOf<typeof fields>;

const listOf = (typed: string, separator: RegExp): string[] =>
  typed
    .split(separator)
    .map((part) => part.replaceAll(/\s/g, ''))
    .filter((part) => part !== '');

/** Shapes as they are typed, separated by semicolons or lines. */
export const shapesIn = (typed: string): string[] => listOf(typed, /[;\n]/);

export interface Asked {
  readonly device: BenchRequest['device'];
  readonly source: BenchResult['source'];
  /** The page's address. */
  readonly command: string;
}

/** What the state asks for. */
export function requestOf(state: LabState, { device, source, command }: Asked): BenchRequest {
  const families = familyNames
    .filter((family) => state.suites.includes(family))
    .map((family) => ({ family, shapes: shapesIn(state[family]) }));
  const others = otherSuites.filter((suite): suite is Extract<PageSuite, Suite> => state.suites.includes(suite));
  return {
    device,
    suites: [...(families.length > 0 ? (['shapes'] as const) : []), ...others],
    ops: null,
    shapes: [],
    attrs: null,
    families,
    dtype: state.dtype,
    kernels: null,
    // On the CPU there is but the reference.
    variants: device === 'cpu' ? [] : listOf(state.variants, /[,;\s]/),
    own: null,
    roofs: state.roofs,
    quick: state.size === 'quick',
    repeat: state.repeat,
    source,
    command,
  };
}

/** A user's kernel beside those of one op; its text goes to the worker, which reflects it. */
export function ownRequest(state: LabState, asked: Asked): BenchRequest {
  const typed = shapesIn(state.ownshape);
  return {
    ...requestOf({ ...state, suites: ['gemm'] }, asked),
    families: [],
    suites: ['shapes', ...(typed.length > 0 ? [] : (['samples'] as const))],
    ops: [state.ownop.trim()],
    shapes: typed,
    dtype: 'f32',
  };
}
