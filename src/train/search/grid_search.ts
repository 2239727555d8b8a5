// Grid search: every combination of the values given, each trained on the same seeds and the same division of the data.

import { OptionError } from '../../core/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import {
  checkStudy,
  divisionOptions,
  openStudy,
  type Division,
  type Setup,
  type StudyData,
  type StudyOptions,
} from './study.ts';
import type { Params, StudyResult } from './results.ts';

/** What may be tried for each setting: `{ learningRate: [0.1, 0.01], batchSize: [32, 64] }`. */
export type Grid = Readonly<Record<string, readonly (string | number | boolean)[]>>;

export type GridParams<G extends Grid> = { readonly [Name in keyof G]: G[Name][number] };

export interface GridSearchOptions<G extends Grid, D extends StudyData = Dataset> extends StudyOptions, Division<D> {
  readonly grid: G;
}

/**
 * Trains every combination of `grid`'s values, the last name's fastest. Validation is a held-out share (0.2), a data set,
 * or `folds`; choose by it, and test the chosen one on other data. OptionError: an empty list, or one value twice.
 */
export async function gridSearch<const G extends Grid, D extends StudyData = Dataset>(
  setup: Setup<GridParams<G>, D>,
  data: D,
  options: GridSearchOptions<G, D>,
): Promise<StudyResult<GridParams<G> & Params>> {
  checkStudy('gridSearch', options, ['grid', ...divisionOptions]);
  const { grid, ...shared } = options;
  const settings = combinations(grid) as (GridParams<G> & Params)[];
  const plan = { grid: Object.entries(grid).map(([name, values]) => [name, [...values]]) };
  const study = await openStudy('gridSearch', setup, data, shared, { plan, total: settings.length });
  const finished = await study.run(settings);
  return study.result(!finished);
}

/** All combinations, the last name's values changing fastest. */
export function combinations(grid: Grid): Params[] {
  const names = Object.entries(grid ?? {});
  if (names.length === 0) throw new OptionError('gridSearch: grid is empty, expected values for at least one name');
  let made: Params[] = [{}];
  for (const [name, values] of names) {
    if (!Array.isArray(values) || values.length === 0) {
      throw new OptionError(`gridSearch: grid has no list of values for '${name}'`);
    }
    if (new Set(values).size < values.length) {
      throw new OptionError(`gridSearch: grid has a value of '${name}' twice: ${values.join(', ')}`);
    }
    made = made.flatMap((params) => values.map((value: Params[string]) => ({ ...params, [name]: value })));
  }
  return made;
}
