// Random search from coarse to fine: trials drawn from the whole ranges, then from narrower ones around the best so far.

import { OptionError } from '../../core/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import { draw, type Range, type Space } from './ranges.ts';
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

export type SpaceParams<S extends Space> = {
  readonly [Name in keyof S]: S[Name] extends Range<infer T> ? T : never;
};

export interface RandomSearchOptions<S extends Space, D extends StudyData = Dataset> extends StudyOptions, Division<D> {
  /** A range for each name: `{ learningRate: logUniformRange(1e-4, 1) }`. */
  readonly space: S;
  /** In each round; 10 unless given. */
  readonly trials?: number;
  /** 2 unless given. */
  readonly rounds?: number;
  /** How wide a round's ranges are, as a share of those of the round before; 1/3 unless given. */
  readonly narrow?: number;
}

/**
 * Trains `trials` settings drawn from `space`; each later round draws from ranges `narrow` times as wide around the best
 * setting so far (Bergstra and Bengio 2012 say why random beats a grid). What is drawn depends on the seed and on which
 * setting was best. `setup` may train longer in later rounds: `run.round` counts them.
 */
export async function randomSearch<const S extends Space, D extends StudyData = Dataset>(
  setup: Setup<SpaceParams<S>, D>,
  data: D,
  options: RandomSearchOptions<S, D>,
): Promise<StudyResult<SpaceParams<S> & Params>> {
  checkStudy('randomSearch', options, ['space', 'trials', 'rounds', 'narrow', ...divisionOptions]);
  const { space, trials = 10, rounds = 2, narrow = 1 / 3, ...shared } = options;
  for (const [name, value] of Object.entries({ trials, rounds })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new OptionError(`randomSearch: ${name} is ${value}, expected a whole number of at least 1`);
    }
  }
  if (!(narrow > 0 && narrow <= 1)) {
    throw new OptionError(`randomSearch: narrow is ${narrow}, expected a number above 0 and at most 1`);
  }
  const ranges = Object.entries(space ?? {});
  if (ranges.length === 0)
    throw new OptionError('randomSearch: space is empty, expected a range for at least one name');
  const plan = { space: ranges.map(([name, { description }]) => [name, description]), trials, rounds, narrow };
  const study = await openStudy('randomSearch', setup, data, shared, { plan, total: trials * rounds });
  let current: Space = space;
  for (let round = 0; round < rounds; round++) {
    const settings = Array.from({ length: trials }, (_, trial) => draw(current, study.seed, round, trial));
    if (!(await study.run(settings as (SpaceParams<S> & Params)[], round))) return study.result(true);
    const { best } = study.result();
    if (best) {
      const found: Params = best.params;
      const narrower = ranges.map(([name]) => [
        name,
        (current[name] as Range<Params[string]>).around(found[name]!, narrow),
      ]);
      current = Object.fromEntries(narrower) as Space;
    }
  }
  return study.result();
}
