// The command's options: which study, of which model, over which values.

import { readFlags, UsageError, type Given } from '../flags.ts';
import {
  modelNames,
  optimizerNames,
  scheduleNames,
  type ModelName,
  type OptimizerName,
  type ScheduleName,
} from '../train/events.ts';
import { parseAugment } from '../train/augment.ts';
import { suggestion } from '../../src/core/errors.ts';

export const kinds = ['cross-validate', 'grid', 'random', 'finder', 'ensemble'] as const;
export type StudyKind = (typeof kinds)[number];

/** What a page or Node needs to do the study. */
export interface StudyTaskOptions {
  readonly kind: StudyKind;
  readonly model: ModelName;
  /** Null: the optimizer's own. */
  readonly learningRates: readonly number[] | null;
  /** Of a random search, in place of a list. */
  readonly rateRange: readonly [number, number] | null;
  readonly batchSizes: readonly number[];
  readonly optimizers: readonly OptimizerName[];
  readonly schedule: ScheduleName;
  readonly epochs: number;
  readonly limit: number;
  /** As of `npm run train`; null: images as they are. */
  readonly augment: string | null;
  readonly seed: number;
  readonly repeats: number;
  /** 0: a fifth is held out. */
  readonly folds: number;
  readonly trials: number;
  readonly rounds: number;
  readonly members: number;
  readonly combine: 'mean' | 'vote';
  readonly steps: number;
  /** Train the best setting on all images in the end, and measure it on the test set. */
  readonly test: boolean;
}

export interface StudyCommandOptions extends StudyTaskOptions {
  readonly device: 'gpu' | 'cpu' | null;
  readonly data: 'fashion-mnist' | 'glyphs';
  readonly dataDir: string | null;
  readonly out: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
}

const flags = {
  model: 'one',
  lr: 'one',
  'batch-size': 'one',
  optimizer: 'one',
  schedule: 'one',
  epochs: 'one',
  limit: 'one',
  augment: 'one',
  seed: 'one',
  repeats: 'one',
  folds: 'one',
  trials: 'one',
  rounds: 'one',
  members: 'one',
  combine: 'one',
  steps: 'one',
  test: 'none',
  device: 'one',
  data: 'one',
  'data-dir': 'one',
  out: 'one',
  json: 'none',
  quiet: 'none',
  help: 'none',
} as const;

export const usage = `npm run study -- cross-validate|grid|random|finder|ensemble [options]

Trains a model many times, in headless Chrome on WebGPU, and keeps a table, its runs and a picture of the curves.

  cross-validate            k folds of the images (--folds 5)
  grid                      every combination of the lists given (--lr 0.0003,0.001,0.003 --batch-size 32,64,128)
  random                    coarse to fine: --rounds of --trials drawn from --lr 1e-4..1e-1 and from the lists given
  finder                    one short training whose learning rate rises (--lr 1e-6..1, --steps 100)
  ensemble                  --members models on samples of their own, --combine mean|vote

  --lr x,y,...              learning rates, or a range low..high (the optimizer's own)
  --batch-size n,m,...      images per step (64)
  --optimizer a,b,...       adam, adamW, sgd, rmsprop, adagrad (adam)
  --schedule constant|cosine   the rate stays, or falls to 0 over each run (constant)
  --model mlp|cnn|cnn-s     the network (mlp)
  --epochs n                of each run (5)
  --limit n                 only the first n training images (10000)
  --augment list            done to training images, anew in each epoch, in the words of npm run train: rotation=15,flip (nothing)
  --repeats n               runs of each setting, with seeds of their own (1)
  --folds k                 validate each setting over k folds (5 for cross-validate; else a fifth is held out)
  --trials n --rounds n     of a random search (8, 2)
  --members n               of an ensemble (5)
  --test                    train the best setting on all of the images in the end, and measure it on the test set
  --seed n                  decides parts, weights and orders (42)
  --device gpu|cpu          (gpu, and the CPU where there is none)
  --data fashion-mnist|glyphs, --data-dir folder   as for npm run train
  --out folder              where the study goes (runs/<study>-NNNN); a folder that holds this study is continued
  --json                    the result as JSON on stdout (with npm: npm run -s study -- grid --json)
  --quiet                   only results and errors
  --help                    this text

A study that ended early (Ctrl-C, a crash) goes on when it is given its folder: runs that had ended are kept.
Exit codes: 0 done, 1 error, 2 wrong use, 130 interrupted.`;

export function parseOptions(argv: readonly string[]): StudyCommandOptions {
  const [first, ...rest] = argv;
  const asked = first === undefined || first === '--help';
  const given = readFlags(asked ? ['--help'] : rest, flags);
  if (!asked && !kinds.includes(first as StudyKind)) {
    throw new UsageError(`unknown study '${first}'${suggestion(first, kinds)}; expected ${kinds.join(', ')}`);
  }
  const kind = (asked ? 'grid' : first) as StudyKind;
  const searching = kind === 'grid' || kind === 'random';
  const lists = ['lr', 'batch-size', 'optimizer'] as const;
  const range = kind === 'random' || kind === 'finder' ? rangeOf(given) : null;
  const asList = <T>(name: (typeof lists)[number], read: (text: string) => T): T[] | null => {
    const text = given.one(name);
    if (text === null || (name === 'lr' && range)) return null;
    const values = text.split(',').map(read);
    if (values.length > 1 && !searching) throw new UsageError(`--${name} is '${text}', expected one value for ${kind}`);
    if (new Set(values).size < values.length) throw new UsageError(`--${name} has a value twice: ${text}`);
    return values;
  };
  const plain = kind === 'grid' && lists.every((name) => !given.one(name)?.includes(','));
  const rates = asList('lr', positive) ?? (plain ? [0.0003, 0.001, 0.003] : null);
  if (plain && given.has('lr')) throw new UsageError('a grid needs a list of values, such as --lr 0.001,0.01');
  for (const [name, studies] of Object.entries(only)) {
    if (given.has(name as keyof typeof flags) && !studies.includes(kind)) {
      throw new UsageError(`--${name} is for ${studies.join(', ')}, not for ${kind}`);
    }
  }
  const augment = given.one('augment');
  if (augment !== null) parseAugment(augment);
  if (given.has('data') && given.has('data-dir')) throw new UsageError('--data and --data-dir exclude each other');
  return {
    kind,
    model: choice<ModelName>(given, 'model', modelNames) ?? 'mlp',
    learningRates: rates,
    rateRange: range ?? (kind === 'random' && !rates ? [1e-4, 1e-1] : null),
    batchSizes: asList('batch-size', batchSize) ?? (plain ? [32, 64, 128] : [64]),
    optimizers: asList('optimizer', optimizerName) ?? ['adam'],
    schedule: choice<ScheduleName>(given, 'schedule', scheduleNames) ?? 'constant',
    epochs: given.integer('epochs', 1, 100_000) ?? 5,
    limit: given.integer('limit', 20, 2 ** 31) ?? 10_000,
    augment,
    seed: given.integer('seed', 0, 2 ** 32 - 1) ?? 42,
    repeats: given.integer('repeats', 1, 1000) ?? 1,
    folds: given.integer('folds', 2, 255) ?? (kind === 'cross-validate' ? 5 : 0),
    trials: given.integer('trials', 1, 10_000) ?? 8,
    rounds: given.integer('rounds', 1, 100) ?? 2,
    members: given.integer('members', 1, 1000) ?? 5,
    combine: choice(given, 'combine', ['mean', 'vote'] as const) ?? 'mean',
    steps: given.integer('steps', 10, 100_000) ?? 100,
    test: given.has('test'),
    device: choice(given, 'device', ['gpu', 'cpu'] as const),
    data: choice(given, 'data', ['fashion-mnist', 'glyphs'] as const) ?? 'fashion-mnist',
    dataDir: given.one('data-dir'),
    out: given.one('out'),
    json: given.has('json'),
    quiet: given.has('quiet'),
    help: asked || given.has('help'),
  };
}

/** Options that only some studies take. */
const only: Readonly<Partial<Record<keyof typeof flags, readonly StudyKind[]>>> = {
  repeats: ['cross-validate', 'grid', 'random'],
  folds: ['cross-validate', 'grid', 'random'],
  trials: ['random'],
  rounds: ['random'],
  members: ['ensemble'],
  combine: ['ensemble'],
  steps: ['finder'],
  test: ['grid', 'random', 'ensemble'],
  epochs: ['cross-validate', 'grid', 'random', 'ensemble'],
  schedule: ['cross-validate', 'grid', 'random', 'ensemble'],
};

/** `1e-4..1e-1`; null where a list or nothing is given. */
function rangeOf(given: Given<typeof flags>): [number, number] | null {
  const text = given.one('lr');
  const parts = text?.split('..') ?? [];
  if (parts.length !== 2) return null;
  const [low, high] = parts.map(positive) as [number, number];
  if (low >= high) throw new UsageError(`--lr is '${text}', expected the smaller number first`);
  return [low, high];
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new UsageError(`--lr has '${text}', expected numbers above 0`);
}

function batchSize(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 1 && value <= 65_536) return value;
  throw new UsageError(`--batch-size has '${text}', expected integers from 1 to 65536`);
}

function optimizerName(text: string): OptimizerName {
  const found = optimizerNames.find((name) => name === text);
  if (found) return found;
  throw new UsageError(
    `--optimizer has '${text}'${suggestion(text, optimizerNames)}; expected ${optimizerNames.join(', ')}`,
  );
}

function choice<T extends string>(
  given: Given<typeof flags>,
  name: keyof typeof flags,
  choices: readonly T[],
): T | null {
  const text = given.one(name);
  if (text === null) return null;
  const found = choices.find((one) => one === text);
  if (found) return found;
  throw new UsageError(`--${name} is '${text}'${suggestion(text, choices)}; expected ${choices.join(', ')}`);
}
