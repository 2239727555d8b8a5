// `npm run train -- --augment`: what each word stands for, that a word is accepted exactly where the library accepts its amount, and
// that training images are changed by it.

import { expect, test } from 'vitest';

import { memoryStore, type Store } from '../../src/index.ts';
import { augmentRules, parseAugment } from '../../tools/train/augment.ts';
import type { RunEvent, TrainTask } from '../../tools/train/events.ts';
import { parseOptions as parseStudy } from '../../tools/study/options.ts';
import { runStudy } from '../../tools/study/run.ts';
import { parseOptions } from '../../tools/train/options.ts';
import { train } from '../../tools/train/run.ts';
import { transformsOf } from '../../tools/train/transforms.ts';

test('words become transformations in their order', () => {
  const made = transformsOf(
    parseAugment('rotation=15,translation=0.1,zoom=0.5..2,shear=0.2,crop=4,flip,flip=vertical,noise=0.05,hue=-10..30'),
  );
  expect(made.map(({ name, resolve: _, compose: __, colour: ___, ...options }) => ({ name, ...options }))).toEqual([
    { name: 'rotation', degrees: 15, probability: 1 },
    { name: 'translation', x: 0.1, y: 0.1, probability: 1 },
    { name: 'zoom', factor: [0.5, 2], probability: 1 },
    { name: 'shear', x: 0.2, y: 0.2, probability: 1 },
    { name: 'randomCrop', padding: 4, probability: 1 },
    { name: 'flip', probability: 0.5 },
    { name: 'flip', direction: 'vertical', probability: 0.5 },
    { name: 'noise', stddev: 0.05, probability: 1 },
    { name: 'hue', degrees: [-10, 30], probability: 1 },
  ]);
});

const amounts = [-400, -360, -1, -0.9, -0.01, 0, 0.01, 0.5, 0.9, 0.99, 1, 1.1, 2, 99, 100, 127, 128, 360, 361, NaN];
const words = [
  ...amounts,
  ...amounts.flatMap((low) => amounts.map((high) => `${low}..${high}`)),
  'Infinity',
  'vertical',
  '',
];

/** Whether the library takes the amount of a word, found by asking it. */
function libraryTakes(name: keyof typeof augmentRules, word: string): boolean {
  const one = 'one' in augmentRules[name];
  const numbers = word.split('..').map((text) => (text === '' ? NaN : Number(text)));
  const amount = one || numbers.length === 1 ? numbers[0]! : ([numbers[0]!, numbers[1]!] as const);
  if (one && numbers.length > 1) return false;
  try {
    transformsOf([{ name, amount }]);
    return true;
  } catch {
    return false;
  }
}

test.each(Object.keys(augmentRules).filter((name) => name !== 'flip') as (keyof typeof augmentRules)[])(
  '%s takes the amounts that the library takes, and no others',
  (name) => {
    const taken = words.filter((word) => {
      try {
        parseAugment(`${name}=${word}`);
        return true;
      } catch (error) {
        expect(error).toMatchObject({ name: 'UsageError' });
        return false;
      }
    });
    expect(taken).toEqual(words.filter((word) => libraryTakes(name, String(word))));
    expect(taken.length).toBeGreaterThan(2);
  },
);

test.each(['', 'rotation', 'flip=', 'flip=up', 'crop=1.5', 'rotation=1..2..3', 'rotation=a', 'flip,', 'noise=0..1'])(
  "'%s' is refused",
  (text) => expect(() => parseAugment(text)).toThrow(/^--augment /),
);

test('training images are changed, and alike for the same seed', async () => {
  const losses = async (augment: readonly string[]) => {
    const options = parseOptions([
      '--model',
      'mlp',
      '--limit',
      '40',
      '--epochs',
      '2',
      '--batch-size',
      '20',
      ...augment,
    ]);
    const task: TrainTask = {
      options,
      source: { name: 'glyphs', files: null },
      device: 'cpu',
      resumes: false,
      run: 'run',
      missingGpu: null,
    };
    const events: RunEvent[] = [];
    const { outcome } = await train(task, {
      read: () => Promise.reject(new Error('glyphs are drawn')),
      emit: (event) => events.push(event),
      store: memoryStore(),
      signal: new AbortController().signal,
    });
    expect(events.find(({ event }) => event === 'start')).toMatchObject({ augment: options.augment });
    return outcome.epochs.map(({ loss }) => loss);
  };
  const [plain, crop, again, noise] = [
    await losses([]),
    await losses(['--augment', 'crop=4']),
    await losses(['--augment', 'crop=4']),
    await losses(['--augment', 'crop=4,noise=0.1']),
  ];
  expect(again).toEqual(crop);
  for (const one of [crop, noise]) for (const [i, loss] of plain.entries()) expect(one[i]).not.toBe(loss);
  expect(noise).not.toEqual(crop);
});

test('a study trains on images changed by the same words, and takes up no runs of other ones', async () => {
  const store = memoryStore();
  const losses = async (augment: readonly string[], kept: Store = memoryStore()) => {
    const options = parseStudy(['grid', '--lr', '0.01,0.03', '--limit', '40', '--epochs', '2', ...augment]);
    const { result } = await runStudy(
      { options, source: { name: 'glyphs', files: null }, device: 'cpu' },
      {
        read: () => Promise.reject(new Error('glyphs are drawn')),
        store: kept,
        emit() {},
        signal: new AbortController().signal,
      },
    );
    return result!.records.map(({ metrics }) => metrics['loss']);
  };
  const crop = ['--augment', 'crop=4'];
  const [plain, cropped] = [await losses([]), await losses(crop, store)];
  expect(await losses(crop)).toEqual(cropped);
  for (const [i, loss] of plain.entries()) expect(cropped[i]).not.toBe(loss);
  await expect(losses([], store)).rejects.toThrow('config');
  expect(() => parseStudy(['finder', '--augment', 'rotaton=5'])).toThrow(
    "--augment has 'rotaton', did you mean 'rotation'?",
  );
});
