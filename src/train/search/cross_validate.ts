// K-fold cross-validation: each example is validated once, by a model that was not trained on it.

import type { Dataset } from '../../data/dataset.ts';
import {
  checkStudy,
  openStudy,
  type Division,
  type StudyData,
  type StudyModel,
  type StudyOptions,
  type StudyRun,
} from './study.ts';
import type { Statistic, StudyResult } from './results.ts';

export interface CrossValidateOptions extends StudyOptions, Pick<Division, 'stratified' | 'groups'> {
  /** How many folds; 5 unless given. */
  readonly k?: number;
}

export interface CrossValidation extends StudyResult<Record<never, never>> {
  /** Mean and standard deviation over the folds (times repeats) of each metric, those of validation as `val_…`. */
  readonly metrics: Readonly<Record<string, Statistic>>;
}

/**
 * Trains `setup`'s model once for each of `k` folds, with the other folds as its training set. `setup` gives a new model
 * for each run, made with `run.seed`. The same seed gives the same result, also where a store continues it.
 */
export async function crossValidate<D extends StudyData = Dataset>(
  setup: (run: StudyRun<D>) => StudyModel | Promise<StudyModel>,
  data: D,
  options: CrossValidateOptions = {},
): Promise<CrossValidation> {
  checkStudy('crossValidate', options, ['k', 'stratified', 'groups']);
  const { k = 5, ...shared } = options;
  const study = await openStudy<Record<never, never>, D>(
    'crossValidate',
    (_, run) => setup(run),
    data,
    { ...shared, folds: k },
    { plan: {}, total: 1 },
  );
  const finished = await study.run([{}]);
  const result = study.result(!finished);
  return { ...result, metrics: result.table[0]?.metrics ?? {} };
}
