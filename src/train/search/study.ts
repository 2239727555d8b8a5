// Studies: a model trained many times, over settings, folds and seeds. Each run that has ended is kept in a store, and the
// one that is under way as it was before its epoch, so that a study that was cut short goes on from there.

import { checkOptions, OptionError } from '../../core/errors.ts';
import { checkWord } from '../../core/random.ts';
import { take, type Dataset, type NamedDataset } from '../../data/dataset.ts';
import { foldIndices } from '../../data/folds.ts';
import { splitIndices, type SplitIndices } from '../../data/split.ts';
import type { Store } from '../../io/store.ts';
import type { Json } from '../../nn/layer.ts';
import type { Logs } from '../callbacks.ts';
import type { CompileOptions } from '../compile.ts';
import type { FitOptions } from '../fit.ts';
import type { Model } from '../model.ts';
import type { TrainingData } from '../targets.ts';
import { checksum, fingerprint, openKept, type StudyPlan } from './kept.ts';
import { trainOne } from './run.ts';
import { bestOf, monitorOf, rowsOf, type Monitoring, type StudyRecord, type StudyResult } from './results.ts';

export type StudyData = Dataset | NamedDataset;

/** Where in a study a run is, and what it trains on. */
export interface StudyRun<D extends StudyData = Dataset> {
  /** The study's plus `repeat`: the same for every setting, so that settings are compared on equal weights and orders. */
  readonly seed: number;
  readonly repeat: number;
  /** Null where one part is held out. */
  readonly fold: number | null;
  /** Of a random search, from 0: later rounds may train longer. */
  readonly round: number;
  readonly train: D;
  readonly validation: D;
}

/** What a run trains: a new model each time, with the options of `compile` and `fit`. */
export interface StudyModel {
  readonly model: Model<unknown>;
  readonly compile: CompileOptions;
  readonly fit?: Omit<FitOptions, 'validation' | 'signal'>;
  /** In place of the run's own, such as standardized ones. */
  readonly train?: TrainingData;
  readonly validation?: TrainingData;
}

export type Setup<P, D extends StudyData = Dataset> = (params: P, run: StudyRun<D>) => StudyModel | Promise<StudyModel>;

export interface StudyOptions extends Monitoring {
  /** Of the study in its store; the function's name unless given. Letters, digits, _ and -. */
  readonly name?: string;
  /**
   * Keeps each run that has ended, and before each epoch the one that is under way: called again with the same store and plan, a
   * study trains only what is missing.
   */
  readonly store?: Store;
  /** Of the division into parts, of weights and of orders; 0 unless given. */
  readonly seed?: number;
  /** Runs of each setting (and fold), with seeds `seed`, `seed + 1`, …; 1 unless given. */
  readonly repeats?: number;
  /** What else decides the runs, such as a model's sizes: a store is not continued with another one. */
  readonly config?: Json;
  readonly onProgress?: (event: StudyEvent) => void;
  /** Aborted, it ends the study after the step that is running, with which another call with the same store goes on. */
  readonly signal?: AbortSignal;
}

export interface Division<D extends StudyData = Dataset> {
  /** A share held out of every run, 0.2 unless given, or a data set of its own. */
  readonly validation?: number | D;
  /** In place of `validation`: each setting is cross-validated over so many folds. */
  readonly folds?: number;
  /** As of `split` and `folds`. */
  readonly stratified?: boolean;
  readonly groups?: ArrayLike<number | string>;
}

export type StudyEvent =
  | { readonly type: 'start'; readonly name: string; readonly runs: number }
  | {
      readonly type: 'run';
      readonly key: string;
      readonly index: number;
      readonly runs: number;
      readonly params: object;
    }
  | {
      readonly type: 'epoch';
      readonly key: string;
      readonly epoch: number;
      readonly epochs: number;
      readonly logs: Logs;
    }
  /** `kept`: it was in the store already. */
  | {
      readonly type: 'result';
      readonly index: number;
      readonly runs: number;
      readonly record: StudyRecord<object>;
      readonly kept: boolean;
    };

export const studyOptions = [
  'name',
  'store',
  'config',
  'seed',
  'repeats',
  'onProgress',
  'signal',
  'monitor',
  'mode',
] as const;
export const divisionOptions = ['validation', 'folds', 'stratified', 'groups'] as const;

/** A study that is under way. */
export interface Study<P> {
  readonly seed: number;
  /** Trains every setting that is not kept; false where the study was aborted. */
  run(settings: readonly P[], round?: number): Promise<boolean>;
  /** The rows so far, and what they are compared by. */
  result(stopped?: boolean): StudyResult<P>;
}

/** Opens a study's store and divides its data; `total` is the number of settings of all rounds. */
export async function openStudy<P extends object, D extends StudyData>(
  where: string,
  setup: Setup<P, D>,
  data: D,
  options: StudyOptions & Division<D>,
  { plan, total }: { readonly plan: StudyPlan; readonly total: number },
): Promise<Study<P>> {
  const { name = where, store, config = null, seed = 0, repeats = 1, onProgress, signal, mode } = options;
  checkWord(where, 'seed', seed);
  if (!Number.isInteger(repeats) || repeats < 1) {
    throw new OptionError(`${where}: repeats is ${repeats}, expected a whole number of at least 1`);
  }
  if (!/^[A-Za-z0-9_-]{1,60}$/.test(name)) {
    throw new OptionError(`${where}: name is '${name}', expected at most 60 letters, digits, _ and -`);
  }
  if (mode !== undefined && !['auto', 'min', 'max'].includes(mode)) {
    throw new OptionError(`${where}: mode is '${String(mode)}', expected 'auto', 'min' or 'max'`);
  }
  const parts = divide(where, data, options, seed);
  const kept = await openKept(where, store, name, {
    study: where,
    config,
    seed,
    repeats,
    ...parts.plan,
    ...plan,
    data: store ? fingerprint(data) : null,
  });
  const runs = total * repeats * parts.count;
  const records: StudyRecord<P>[] = [];
  let index = 0;
  onProgress?.({ type: 'start', name, runs });

  async function runOne(params: P, key: string, repeat: number, part: number, round: number) {
    const found = await kept.read<StudyRecord<P>>(key);
    // A later round's settings follow from results; those of other settings do not count.
    const slot = kept.slot(key, params);
    if (found && JSON.stringify(found.params) === JSON.stringify(params)) {
      await slot?.remove(); // of a study that ended just after it had written the record
      return { record: found, from: true };
    }
    if (signal?.aborted) return null;
    onProgress?.({ type: 'run', key, index, runs, params });
    const runSeed = (seed + repeat) % 2 ** 32;
    const place = { seed: runSeed, repeat, fold: parts.count === 1 && parts.held ? null : part, round };
    const run: StudyRun<D> = { ...place, ...parts.of(part) };
    const made = await setup(params, run);
    const onEpoch = (epoch: number, epochs: number, logs: Logs) =>
      onProgress?.({ type: 'epoch', key, epoch, epochs, logs });
    try {
      const trained = await trainOne(where, made, run, onEpoch, signal, slot);
      if (!trained) return null;
      const { fold } = place;
      const record: StudyRecord<P> = { key, params, round, fold, repeat, seed: runSeed, ...trained };
      await kept.write(key, record);
      await slot?.remove();
      return { record, from: false };
    } finally {
      made.model.dispose();
    }
  }

  return {
    seed,
    async run(settings, round = 0) {
      for (const [at, params] of settings.entries()) {
        for (let repeat = 0; repeat < repeats; repeat++) {
          for (let part = 0; part < parts.count; part++) {
            const key = `r${round}-s${at}-n${repeat}-f${part}`;
            const ended = await runOne(params, key, repeat, part, round);
            if (!ended) return false;
            records.push(ended.record);
            monitorOf(where, records, options); // not first after hours
            onProgress?.({ type: 'result', index, runs, record: ended.record, kept: ended.from });
            index++;
          }
        }
      }
      return true;
    },
    result(stopped = false) {
      const table = rowsOf(records);
      const monitor = monitorOf(where, records, options);
      return { table, best: bestOf(table, monitor, mode), records, monitor, stopped };
    },
  };
}

/** How often each setting is trained, on what, and what the plan says of it. */
function divide<D extends StudyData>(
  where: string,
  data: D,
  { validation, folds, stratified = false, groups }: Division<D>,
  seed: number,
): { count: number; held: boolean; of(part: number): { train: D; validation: D }; plan: Record<string, Json> } {
  if (folds !== undefined && validation !== undefined) {
    throw new OptionError(`${where}: validation and folds exclude each other`);
  }
  const set = typeof validation === 'object' ? validation : null;
  const plan = {
    stratified,
    groups: groups ? checksum(new TextEncoder().encode(Array.from(groups).join('\n'))) : null,
    folds: folds ?? null,
    validation: set ? fingerprint(set) : ((validation as number | undefined) ?? (folds ? null : 0.2)),
  };
  if (set) {
    if (stratified || groups) {
      throw new OptionError(`${where}: stratified and groups divide the data, but validation is a data set of its own`);
    }
    return { count: 1, held: true, of: () => ({ train: data, validation: set }), plan };
  }
  const shared = { seed, stratified, ...(groups ? { groups } : {}) };
  const indices: SplitIndices[] =
    folds === undefined
      ? [splitIndices(data, { ...shared, validation: (validation as number | undefined) ?? 0.2 })]
      : foldIndices(data, { ...shared, k: folds });
  const part = (which: Uint32Array): D => take(data as Dataset, which) as D;
  let latest: { part: number; sets: { train: D; validation: D } } | null = null;
  return {
    count: indices.length,
    held: folds === undefined,
    of(at) {
      if (latest?.part !== at) {
        const { train, validation: held } = indices[at]!;
        latest = { part: at, sets: { train: part(train), validation: part(held) } };
      }
      return latest.sets;
    },
    plan,
  };
}

/** Checks what every study takes, and the options of its own. */
export function checkStudy(where: string, options: object, own: readonly string[]): void {
  checkOptions(where, options, [...own, ...studyOptions]);
}
