// One study, the same in a page and in Node: images, models and the library's own study; its result as plain data.

import { take, type Dataset } from '../../src/data/dataset.ts';
import type { Store } from '../../src/io/store.ts';
import { createDevice } from '../../src/train/device.ts';
import { crossValidate } from '../../src/train/search/cross_validate.ts';
import { ensemble, type EnsembleEvaluation } from '../../src/train/search/ensemble.ts';
import { gridSearch } from '../../src/train/search/grid_search.ts';
import { learningRateFinder, type LearningRates } from '../../src/train/search/learning_rate_finder.ts';
import { randomSearch } from '../../src/train/search/random_search.ts';
import { choiceRange, logUniformRange, type Space } from '../../src/train/search/ranges.ts';
import type { Params, StudyRecord, StudyResult } from '../../src/train/search/results.ts';
import type { StudyEvent, StudyModel } from '../../src/train/search/study.ts';
import type { Device } from '../../src/plan/device.ts';
import type { DataSource } from '../train/data.ts';
import { parseAugment } from '../train/augment.ts';
import { loadImages } from '../train/load.ts';
import { models, optimizers, scheduleOf } from '../train/run.ts';
import { transformsOf } from '../train/transforms.ts';
import type { StudyTaskOptions } from './options.ts';

export interface StudyTask {
  readonly options: StudyTaskOptions;
  readonly source: DataSource;
  readonly device: 'webgpu' | 'cpu';
}

export interface StudySurroundings {
  read(name: string): Promise<Uint8Array>;
  readonly store: Store;
  emit(event: StudyEvent): void;
  readonly signal: AbortSignal;
}

export interface StudyOutcome {
  readonly device: string;
  readonly images: number;
  /** Of all studies but the finder. */
  readonly result: StudyResult | null;
  readonly finder: LearningRates | null;
  readonly ensemble: EnsembleEvaluation | null;
  /** Of the best setting, trained on all images. */
  readonly test: { readonly loss: number; readonly accuracy: number } | null;
  readonly stopped: boolean;
}

export async function runStudy(
  task: StudyTask,
  { read, store, emit, signal }: StudySurroundings,
): Promise<StudyOutcome> {
  const { options, source } = task;
  const { kind, seed, repeats, folds, limit, model, epochs, schedule, optimizers: names } = options;
  const device = await createDevice({ prefer: [task.device] });
  const images = await loadImages(source, seed, read);
  const data = limit < images.train.size ? take(images.train, limit) : images.train;
  // Told here, so that the terminal hears of every study in the same words.
  const onProgress = (event: StudyEvent): void => emit(event);
  // What a search's own values do not say. A run on another kind of device is another run.
  const { learningRates, batchSizes } = options;
  const { augment } = options;
  const config = [
    model,
    epochs,
    schedule,
    names,
    learningRates,
    batchSizes,
    task.device,
    ...(augment ? [augment] : []),
  ];
  const shared = { seed, store, config, signal, onProgress };
  const setup = (params: Params, { seed: own, train }: { seed: number; train: Dataset }): StudyModel =>
    modelFor(options, params, own, train, images.classes, device);
  const none: StudyOutcome = {
    device: device.description,
    images: data.size,
    result: null,
    finder: null,
    ensemble: null,
    test: null,
    stopped: false,
  };
  const division = folds > 0 ? { folds, stratified: true } : { stratified: true };

  async function searched(result: StudyResult): Promise<StudyOutcome> {
    const { stopped, best } = result;
    const test = options.test && best && !stopped ? await tested(best.params) : null;
    return { ...none, result, test, stopped };
  }

  /** The setting trained anew on all images, since a search leaves no weights. */
  async function tested(params: Params) {
    const { model, compile, fit } = setup(params, { seed, train: data });
    await model.compile(compile);
    await model.fit(data, { ...fit, signal });
    const { loss, accuracy } = await model.evaluate(images.test, { batchSize: fit!.batchSize! });
    model.dispose();
    return { loss: loss!, accuracy: accuracy! };
  }

  switch (kind) {
    case 'cross-validate': {
      const result = await crossValidate((run) => setup({}, run), data, {
        ...shared,
        repeats,
        k: folds,
        stratified: true,
      });
      return searched(result);
    }
    case 'grid':
      return searched(await gridSearch(setup, data, { ...shared, ...division, repeats, grid: gridOf(options) }));
    case 'random': {
      const { trials, rounds } = options;
      const space = spaceOf(options);
      return searched(await randomSearch(setup, data, { ...shared, ...division, repeats, trials, rounds, space }));
    }
    case 'finder': {
      const [from, to] = options.rateRange ?? [1e-6, 1];
      const finder = await learningRateFinder((run) => setup({}, run), data, {
        ...shared,
        from,
        to,
        steps: options.steps,
      });
      return { ...none, finder, stopped: signal.aborted };
    }
    case 'ensemble': {
      const { members, combine } = options;
      const made = await ensemble((run) => setup({}, run), data, { ...shared, members, combine });
      if (!made) return { ...none, stopped: true };
      const measured = await made.evaluate(images.test, { batchSize: 250 });
      return { ...none, result: resultOf(made.records), ensemble: measured };
    }
  }
}

/** What is searched: the lists of several values. */
function gridOf({
  learningRates,
  batchSizes,
  optimizers: names,
}: StudyTaskOptions): Record<string, readonly (string | number)[]> {
  const lists = { optimizer: names, learningRate: learningRates ?? [], batchSize: batchSizes };
  return Object.fromEntries(Object.entries(lists).filter(([, values]) => values.length > 1));
}

function spaceOf(options: StudyTaskOptions): Space {
  const lists = Object.entries(gridOf(options)).map(([name, values]) => [name, choiceRange(values)] as const);
  const { rateRange } = options;
  return {
    ...(rateRange ? { learningRate: logUniformRange(...rateRange) } : {}),
    ...Object.fromEntries(lists),
  } as Space;
}

function modelFor(
  options: StudyTaskOptions,
  params: Params,
  seed: number,
  train: Dataset,
  classes: number,
  device: Device,
): StudyModel {
  const name = (params['optimizer'] ?? options.optimizers[0]) as (typeof options.optimizers)[number];
  const lr = (params['learningRate'] ?? options.learningRates?.[0] ?? null) as number | null;
  const batchSize = (params['batchSize'] ?? options.batchSizes[0]) as number;
  const { epochs, schedule } = options;
  const { make, loss } = models[options.model];
  const { shape } = train.x;
  const steps = epochs * Math.ceil(train.size / batchSize);
  const rate = scheduleOf({ lr, optimizer: name, schedule }, steps);
  return {
    model: make({ inputShape: shape.length === 2 ? [...shape, 1] : shape, classes, seed }),
    compile: { optimizer: optimizers[name]({ learningRate: rate }), loss, metrics: ['accuracy'], device },
    fit: {
      epochs,
      batchSize,
      ...(options.augment !== null && { augment: transformsOf(parseAugment(options.augment)) }),
    },
  };
}

/** The members as the rows of a table: each is measured on the examples that it did not draw. */
function resultOf(records: readonly StudyRecord[]): StudyResult {
  const table = records.map(({ params, round, metrics }) => ({
    params,
    round,
    runs: 1,
    failed: 0,
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, mean]) => [name, { mean, sd: null, n: 1 }])),
  }));
  return { table, best: null, records, monitor: 'val_accuracy', stopped: false };
}
