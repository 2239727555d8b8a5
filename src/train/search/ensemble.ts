// Ensembles: several models whose predictions are averaged or who vote, trained on samples of their own (bagging).

import { checkOptions, DataError, OptionError } from '../../core/errors.ts';
import { checkWord, randomUniform } from '../../core/random.ts';
import { isOne, take, type Dataset } from '../../data/dataset.ts';
import { resolveLoss, type LossFunction, type LossName } from '../../nn/losses.ts';
import { loadWeights, saveModel } from '../checkpoint.ts';
import type { HostTensor } from '../core.ts';
import type { Examples, PredictOptions } from '../predict.ts';
import type { Model } from '../model.ts';
import {
  ambiguityOf,
  classesOf,
  disagreementOf,
  labelsFor,
  meanOf,
  probabilities,
  tieBroken,
  votesOf,
  type OutputKind,
} from './combine.ts';
import { fingerprint, openKept } from './kept.ts';
import type { StudyRecord } from './results.ts';
import { trainOne } from './run.ts';
import { checkStudy, type StudyData, type StudyModel, type StudyOptions } from './study.ts';

export interface EnsembleEvaluation {
  /** Of classes: the shares of right answers, and how often two members disagree on average. */
  readonly accuracy?: number;
  readonly memberAccuracies?: readonly number[];
  readonly disagreement?: number;
  /** Of numbers: mean squared errors, and the members' variance, by which the ensemble's error is below their mean. */
  readonly meanSquaredError?: number;
  readonly memberErrors?: readonly number[];
  readonly ambiguity?: number;
}

export interface Ensemble {
  readonly members: readonly Model[];
  readonly combine: 'mean' | 'vote';
  /** 'mean': the mean of the members' probabilities or numbers; 'vote': the share of members for each class, [N, C]. */
  predict(x: Examples, options?: PredictOptions): Promise<HostTensor>;
  /** The class of each example; where votes tie, the one with the larger mean probability. */
  classes(x: Examples, options?: PredictOptions): Promise<Int32Array>;
  /** How right the ensemble and its members are, and how much these differ. */
  evaluate(data: Dataset, options?: PredictOptions): Promise<EnsembleEvaluation>;
  dispose(): void;
}

export interface EnsembleOfOptions {
  /** 'mean' unless given. */
  readonly combine?: 'mean' | 'vote';
  /** What the members' outputs are. */
  readonly outputs: OutputKind;
}

/** An ensemble of models that are trained already, of one output each and one output shape. */
export function ensembleOf(members: readonly Model[], options: EnsembleOfOptions): Ensemble {
  checkOptions('ensembleOf', options, ['combine', 'outputs']);
  const { combine = 'mean', outputs } = options;
  const kinds = ['logits', 'logProbabilities', 'probabilities', 'values'];
  if (!kinds.includes(outputs)) {
    throw new OptionError(`ensembleOf: outputs is '${String(outputs)}', expected ${kinds.join(', ')}`);
  }
  if (combine !== 'mean' && combine !== 'vote') {
    throw new OptionError(`ensembleOf: combine is '${String(combine)}', expected 'mean' or 'vote'`);
  }
  if (combine === 'vote' && outputs === 'values')
    throw new OptionError('ensembleOf: numbers cannot vote, only classes');
  if (members.length === 0) throw new OptionError('ensembleOf: no members, expected at least one');

  async function all(x: Examples, predictOptions: PredictOptions | undefined) {
    const rows: Float64Array[] = [];
    let shape: HostTensor['shape'] = [];
    for (const member of members) {
      const made = await member.predict(x, predictOptions);
      shape = made.shape;
      rows.push(probabilities(made, outputs));
    }
    const columns = shape.at(-1)!;
    const mean = meanOf(rows);
    const combined = combine === 'mean' ? mean : votesOf(rows, columns);
    const decisive = () => classesOf(combine === 'mean' ? mean : tieBroken(combined, mean, members.length), columns);
    return { rows, shape, columns, mean, combined, decisive };
  }

  return {
    members,
    combine,
    async predict(x, predictOptions) {
      const { shape, combined } = await all(x, predictOptions);
      return { shape, data: Float32Array.from(combined) };
    },
    async classes(x, predictOptions) {
      if (outputs === 'values') throw new OptionError('ensemble: its outputs are numbers, which have no classes');
      return (await all(x, predictOptions)).decisive();
    },
    async evaluate(data, predictOptions) {
      if (!isOne(data.y)) throw new DataError('ensemble: y is a record, expected one array of targets');
      const { rows, columns, mean, decisive } = await all(data, predictOptions);
      if (outputs === 'values') {
        const { data: targets } = data.y;
        if (targets.length !== mean.length) {
          throw new DataError(`ensemble: y has ${targets.length} numbers, expected ${mean.length}`);
        }
        const error = (values: Float64Array) =>
          values.reduce((sum, value, i) => sum + (value - targets[i]!) ** 2, 0) / values.length;
        return { meanSquaredError: error(mean), memberErrors: rows.map(error), ambiguity: ambiguityOf(rows, mean) };
      }
      const labels = labelsFor('ensemble', data.y, columns);
      const right = (classes: Int32Array) =>
        classes.reduce((count, of, i) => count + (of === labels[i] ? 1 : 0), 0) / labels.length;
      const classes = rows.map((each) => classesOf(each, columns));
      return {
        accuracy: right(decisive()),
        memberAccuracies: classes.map(right),
        disagreement: disagreementOf(classes),
      };
    },
    dispose() {
      for (const member of members) member.dispose();
    },
  };
}

export interface EnsembleOptions extends Pick<
  StudyOptions,
  'name' | 'store' | 'config' | 'seed' | 'onProgress' | 'signal'
> {
  /** How many models; 5 unless given. */
  readonly members?: number;
  /**
   * Whether each is trained on as many examples drawn with replacement (bagging, Breiman 1996), those not drawn being its
   * validation; true unless given. Else only their seeds differ.
   */
  readonly bootstrap?: boolean;
  /** 'mean' unless given. */
  readonly combine?: 'mean' | 'vote';
  /** What the outputs are, where the loss does not say: logits, log-probabilities or probabilities by it, else numbers. */
  readonly outputs?: OutputKind;
}

const BOOTSTRAP = 0xba6614; // a stream of the generator, as in split.ts

/**
 * Trains `members` models, with seeds `seed`, `seed + 1`, …, and combines them. Null where it was aborted. A store keeps
 * each member's weights, and before each epoch those of the one that is trained, so that an ensemble that was cut short trains
 * only what is missing.
 */
export async function ensemble<D extends StudyData = Dataset>(
  setup: (run: {
    readonly seed: number;
    readonly member: number;
    readonly train: D;
    readonly validation: D | null;
  }) => StudyModel | Promise<StudyModel>,
  data: D,
  options: EnsembleOptions = {},
): Promise<(Ensemble & { readonly records: readonly StudyRecord[] }) | null> {
  checkEnsemble(options);
  const {
    name = 'ensemble',
    store,
    config = null,
    seed = 0,
    members: count = 5,
    bootstrap = true,
    onProgress,
    signal,
  } = options;
  const plan = { study: 'ensemble', config, seed, members: count, bootstrap, data: store ? fingerprint(data) : null };
  const kept = await openKept('ensemble', store, name, plan);
  const members: Model[] = [];
  const records: StudyRecord[] = [];
  let outputs = options.outputs;
  onProgress?.({ type: 'start', name, runs: count });
  try {
    for (let member = 0; member < count; member++) {
      const key = `m${member}`;
      const run = { seed: (seed + member) % 2 ** 32, member, ...sample(data, bootstrap, seed, member) };
      const made = await setup(run);
      members.push(made.model as Model);
      outputs ??= outputsOf(made.compile.loss);
      const found = await kept.read<StudyRecord>(key);
      const weights = found && (await kept.readBytes(`${key}.weights`));
      const slot = kept.slot(key, { member });
      let record = weights ? found : null;
      if (weights) {
        await made.model.compile(made.compile);
        loadWeights(made.model, weights, { ignoreExtra: true });
      } else {
        if (signal?.aborted) return discard(members);
        onProgress?.({ type: 'run', key, index: member, runs: count, params: { member } });
        const onEpoch = (epoch: number, epochs: number, logs: Readonly<Record<string, number>>) =>
          onProgress?.({ type: 'epoch', key, epoch, epochs, logs });
        const trained = await trainOne('ensemble', made, run, onEpoch, signal, slot);
        if (!trained) return discard(members);
        if (trained.failed !== undefined) throw new DataError(`ensemble: member ${member}: ${trained.failed}`);
        record = { key, params: { member }, round: 0, fold: null, repeat: member, seed: run.seed, ...trained };
        if (store) await kept.writeBytes(`${key}.weights`, await saveModel(made.model));
        await kept.write(key, record);
      }
      await slot?.remove();
      records.push(record!);
      onProgress?.({ type: 'result', index: member, runs: count, record: record!, kept: weights !== null });
    }
  } catch (error) {
    discard(members);
    throw error;
  }
  const { combine = 'mean' } = options;
  return { ...ensembleOf(members, { combine, outputs: outputs! }), records };
}

function discard(members: readonly Model[]): null {
  for (const member of members) member.dispose();
  return null;
}

/** What a member is trained on, and what it is measured on: the examples that were not drawn. */
function sample<D extends StudyData>(data: D, bootstrap: boolean, seed: number, member: number) {
  if (!bootstrap) return { train: data, validation: null };
  const { size } = data;
  const drawn = Uint32Array.from(randomUniform(size, seed, BOOTSTRAP, member), (u) => Math.floor(u * size));
  const inside = new Set(drawn);
  const outside = Array.from({ length: size }, (_, i) => i).filter((i) => !inside.has(i));
  const part = (indices: ArrayLike<number>): D => take(data as Dataset, indices) as D;
  return { train: part(drawn), validation: outside.length === 0 ? null : part(outside) };
}

function outputsOf(loss: StudyModel['compile']['loss']): OutputKind {
  if (typeof loss !== 'string' && typeof loss !== 'function') {
    throw new OptionError('ensemble: the model has several outputs, expected one');
  }
  const { output } = resolveLoss('ensemble', loss as LossName | LossFunction);
  return output === 'any' ? 'values' : output;
}

function checkEnsemble(options: EnsembleOptions): void {
  const own = ['members', 'bootstrap', 'combine', 'outputs'];
  checkStudy('ensemble', options, own);
  for (const unused of ['repeats', 'monitor', 'mode']) {
    if (unused in options) throw new OptionError(`ensemble: unknown option '${unused}'; expected ${own.join(', ')}`);
  }
  const { members = 5, seed = 0, combine = 'mean' } = options;
  checkWord('ensemble', 'seed', seed);
  if (!Number.isInteger(members) || members < 1) {
    throw new OptionError(`ensemble: members is ${members}, expected a whole number of at least 1`);
  }
  if (combine !== 'mean' && combine !== 'vote') {
    throw new OptionError(`ensemble: combine is '${String(combine)}', expected 'mean' or 'vote'`);
  }
}
