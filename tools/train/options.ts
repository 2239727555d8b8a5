// The command line of `npm run train`: what is understood, and what is wrong with the rest.

import { parseArgs } from 'node:util';

import { suggestion } from '../../src/core/errors.ts';
import { UsageError } from '../flags.ts';
import { parseAugment } from './augment.ts';
import {
  modelNames,
  optimizerNames,
  scheduleNames,
  splitNames,
  type ModelName,
  type OptimizerName,
  type ScheduleName,
  type SplitName,
  type TrainOptions,
} from './events.ts';

export { UsageError };

export interface CommandOptions extends TrainOptions {
  readonly device: 'gpu' | 'cpu' | null;
  readonly data: 'fashion-mnist' | 'glyphs';
  readonly dataDir: string | null;
  readonly out: string | null;
  /** The folder of a run to go on with. */
  readonly resume: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
  readonly help: boolean;
}

const flags = {
  model: { type: 'string' },
  epochs: { type: 'string' },
  'batch-size': { type: 'string' },
  limit: { type: 'string' },
  lr: { type: 'string' },
  optimizer: { type: 'string' },
  schedule: { type: 'string' },
  augment: { type: 'string' },
  seed: { type: 'string' },
  split: { type: 'string' },
  block: { type: 'string' },
  report: { type: 'boolean' },
  device: { type: 'string' },
  data: { type: 'string' },
  'data-dir': { type: 'string' },
  out: { type: 'string' },
  checkpoint: { type: 'string' },
  resume: { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  'no-progress': { type: 'boolean' },
  'log-every': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const usage = `npm run train -- [options]

Trains an image classifier on Fashion-MNIST, in headless Chrome on WebGPU, and keeps the run in a folder.

  --model mlp|cnn|cnn-s     the network (cnn)
  --epochs n                passes over the training images (5; fewer on a software GPU or the CPU)
  --batch-size n            images per step (64)
  --limit n                 only the first n training images, and at most n test images
                            (all; fewer on a software GPU or the CPU)
  --optimizer adam|adamW|sgd|rmsprop|adagrad (adam)
  --lr x                    learning rate of the first step (the optimizer's own)
  --schedule cosine|constant   the rate falls to 0 over the run, or stays (cosine)
  --augment list            done to training images, anew in each epoch: rotation=degrees, translation=share, zoom=v,
                            shear=v, crop=pixels, flip or flip=vertical, brightness=v, contrast=v, saturation=v,
                            hue=degrees, noise=v; 15 means -15..15, which may be said as well (none)
  --seed n                  decides the weights, the split and the order (42)
  --split given|images|groups   the files' own test images; or all images divided anew, one by one, or so that
                            blocks of neighbours stay together (given)
  --block n                 how many neighbours a block has (10)
  --report                  the test by class, and which classes it takes for which (with --split images, groups)
  --device gpu|cpu          (gpu, and the CPU where there is none)
  --data fashion-mnist|glyphs   glyphs: synthetic pictures, nothing to download (fashion-mnist)
  --data-dir folder         a folder with the four IDX files of any such set, plain or .gz
  --out folder              where the run goes (runs/<model>-NNNN)
  --checkpoint n            keeps the run every n steps, so that it can go on after a crash (every epoch)
  --resume folder           goes on with the run that was ended there, with its own options
  --json                    one JSON object per event on stdout (with npm: npm run -s train -- --json)
  --log-every n             a line, and with --json a step event, every n steps
  --no-progress             no live line
  --quiet                   only results and errors
  --help                    this text

Ctrl-C once finishes the step and saves; twice ends at once.
Exit codes: 0 done, 1 error, 2 wrong use, 3 the loss is NaN or infinite, 130 interrupted.
NO_COLOR is obeyed. CHROME_PATH names a browser, CHROME_FLAGS adds flags to it.`;

export function parseOptions(argv: readonly string[]): CommandOptions {
  const known = Object.keys(flags).map((name) => `--${name}`);
  // Not strict, because Node's own messages name neither the nearest option nor the known ones.
  const { tokens } = parseArgs({
    args: [...argv],
    options: flags,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional')
      throw new UsageError(`unexpected argument '${token.value}'; options begin with --`);
    if (token.kind !== 'option') continue;
    const flag = flags[token.name as keyof typeof flags] as { type: string } | undefined;
    if (!flag)
      throw new UsageError(`unknown option '${token.rawName}'${suggestion(token.rawName, known)}; --help lists all`);
    if (given.has(token.name)) throw new UsageError(`${token.rawName} is given twice`);
    if (flag.type === 'boolean' && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
    if (flag.type === 'string' && (token.value === undefined || (!token.inlineValue && token.value.startsWith('--')))) {
      throw new UsageError(`${token.rawName} needs a value`);
    }
    given.set(token.name, token.value ?? '');
  }

  const integer = (name: string, least: number, most = 2 ** 31): number | null => {
    const text = given.get(name);
    if (text === undefined) return null;
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most) {
      throw new UsageError(`--${name} is '${text}', expected an integer from ${least} to ${most}`);
    }
    return value;
  };
  const choice = <T extends string>(name: string, choices: readonly T[]): T | null => {
    const text = given.get(name);
    if (text === undefined) return null;
    const found = choices.find((one) => one === text);
    if (!found)
      throw new UsageError(`--${name} is '${text}'${suggestion(text, choices)}; expected ${choices.join(', ')}`);
    return found;
  };
  const positive = (name: string): number | null => {
    const text = given.get(name);
    if (text === undefined) return null;
    const value = Number(text);
    if (!(value > 0) || !Number.isFinite(value))
      throw new UsageError(`--${name} is '${text}', expected a number above 0`);
    return value;
  };
  const path = (name: string): string | null => {
    const text = given.get(name);
    if (text === '') throw new UsageError(`--${name} is empty, expected a folder`);
    return text ?? null;
  };

  if (given.has('data') && given.has('data-dir')) throw new UsageError('--data and --data-dir exclude each other');
  if (given.has('resume')) {
    const other = [...given.keys()].find(
      (name) => !['resume', 'json', 'quiet', 'no-progress', 'log-every'].includes(name),
    );
    if (other !== undefined) throw new UsageError(`--resume takes the run's own options, not --${other}`);
  }
  const augment = given.get('augment') ?? null;
  if (augment !== null) parseAugment(augment);
  const split = choice<SplitName>('split', splitNames) ?? 'given';
  if (given.has('block') && split !== 'groups') throw new UsageError('--block is of --split groups only');
  return {
    model: choice<ModelName>('model', modelNames) ?? 'cnn',
    epochs: integer('epochs', 1, 100_000),
    batchSize: integer('batch-size', 1, 65_536) ?? 64,
    // Below 20 a tenth of the images for validation would round to one or none.
    limit: integer('limit', 20),
    lr: positive('lr'),
    optimizer: choice<OptimizerName>('optimizer', optimizerNames) ?? 'adam',
    schedule: choice<ScheduleName>('schedule', scheduleNames) ?? 'cosine',
    augment,
    seed: integer('seed', 0, 2 ** 32 - 1) ?? 42,
    split,
    block: integer('block', 1, 10_000) ?? 10,
    report: given.has('report') || split !== 'given',
    device: choice('device', ['gpu', 'cpu'] as const),
    data: choice('data', ['fashion-mnist', 'glyphs'] as const) ?? 'fashion-mnist',
    dataDir: path('data-dir'),
    out: path('out'),
    checkpoint: integer('checkpoint', 1),
    resume: path('resume'),
    json: given.has('json'),
    quiet: given.has('quiet'),
    progress: !given.has('no-progress'),
    logEvery: integer('log-every', 1),
    help: given.has('help'),
  };
}
