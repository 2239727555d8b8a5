// The one table from errors to error states: every reason and type of the engine's, and the browser's own.

import { describe, expect, test } from 'vitest';

import { errorWords, type ErrorKey } from '../../demos/shared/error_words.ts';
import { errors } from '../../demos/shared/errors.ts';
import { failureOf, type Situation } from '../../demos/shared/failures.ts';
import { joined, translator, type Dictionary } from '../../demos/shared/language.ts';
import { differenceIn } from '../../demos/train_once/differences.ts';
import { trainingErrorWords } from '../../demos/train_once/error_words.ts';
import { words as trainWords } from '../../demos/train_once/words.ts';
import {
  cnnS,
  DataError,
  DeviceError,
  loadModel,
  loadWeights,
  NonFiniteError,
  OptionError,
  readSafetensors,
  saveModel,
  writeSafetensors,
  type DeviceErrorReason,
  type WeightDifference,
} from '../../src/index.ts';

/** A page's that trains. */
const all = joined(errorWords, trainingErrorWords);

/** What the reader is told, in both languages. */
function said(error: unknown, situation?: Situation): { code: string; en: string; fr: string; detail?: string } {
  const { code, values = {}, what = `${code}.what`, next = `${code}.next`, detail } = failureOf(error, situation);
  const inLanguage = (language: 'en' | 'fr'): string => {
    const t = translator(all as Dictionary<ErrorKey>, language);
    const told = typeof values === 'function' ? values(t) : values;
    return [what, next].map((key) => t(key as ErrorKey, told)).join(' ');
  };
  const texts = { en: inLanguage('en'), fr: inLanguage('fr') };
  expect(texts.en).not.toBe(texts.fr);
  return detail === undefined ? { code, ...texts } : { code, ...texts, detail };
}

test.each<[DeviceErrorReason, string]>([
  ['unavailable', 'E2'],
  ['no-adapter', 'E3'],
  ['out-of-memory', 'E8'],
  ['lost', 'E7'],
  ['destroyed', 'E7'],
  ['hung', 'E7'],
  ['stale', 'E7'],
  ['validation', 'E9'],
  ['shader', 'E9'],
  ['limit', 'E6'],
  ['worker', 'E18'],
])('a device that fails by %s is %s', (reason, code) => {
  expect(said(new DeviceError(reason, 'as the engine says it')).code).toBe(code);
});

test('a limit and a feature are named with their values', () => {
  const limit = new DeviceError('limit', 'x', {
    limit: 'maxStorageBufferBindingSize',
    needed: 256 * 2 ** 20,
    given: 128 * 2 ** 20,
  });
  expect(said(limit)).toMatchObject({
    code: 'E6',
    en: expect.stringContaining('needs 256 MiB, and the device gives 128 MiB') as string,
    fr: expect.stringContaining('256 Mio, et l’appareil donne 128 Mio') as string,
  });
  const groups = new DeviceError('limit', 'x', {
    limit: 'maxComputeWorkgroupsPerDimension',
    needed: 70000,
    given: 65535,
  });
  expect(said(groups).en).toContain('needs maxComputeWorkgroupsPerDimension 70,000');
  expect(said(new DeviceError('limit', 'x', { feature: 'shader-f16' }))).toMatchObject({
    code: 'E5',
    en: expect.stringContaining('lacks shader-f16') as string,
  });
});

test('what the page knows stands in the texts', () => {
  expect(said(new DeviceError('out-of-memory', 'x'), { batch: 512 }).en).toContain('a batch of 512');
  expect(said(new DeviceError('lost', 'x'), { epoch: 3 }).en).toContain('Resumed from epoch 3');
  expect(said(new DeviceError('lost', 'x'), { epoch: 0 }).en).toContain('Training began again');
  expect(said(new DeviceError('lost', 'x'), { epoch: 3, gaveUp: true }).en).toContain('Epoch 3 is kept');
  expect(said(new NonFiniteError('x', 231, 'fc/kernel'), { last: 4.3125 }).en).toContain('Step 231');
  expect(said(new NonFiniteError('x', 231, 'fc/kernel'), { last: 4.3125 }).fr).toContain('4,313');
  expect(said(new NonFiniteError('x', 0, null)).en).toContain('never was one');
});

test('a file that is no model is E12, one with other weights E16 with every difference', async () => {
  const bytes = await saveModel(cnnS());
  const caught = (work: () => unknown): unknown => {
    try {
      work();
    } catch (error) {
      return error;
    }
    throw new Error('nothing was thrown');
  };
  const torn = caught(() => loadModel(bytes.slice(0, 100)));
  expect(torn).toBeInstanceOf(DataError);
  const what = (): string => 'a saved model';
  expect(said(torn, { of: 'file', file: 'a.safetensors', what }).en).toContain('a.safetensors: expected a saved model');
  const other = caught(() => loadWeights(cnnS({ inputShape: [32, 32, 3] }), bytes));
  const linesOf = (error: unknown, language: 'en' | 'fr'): readonly string[] => {
    const difference = (one: WeightDifference): string => differenceIn(translator(trainWords, language), one);
    const { code, lines } = failureOf(error, { of: 'file', file: 'a.safetensors', what, difference });
    expect(code).toBe('E16');
    return lines!();
  };
  expect(linesOf(other, 'en')).toEqual([
    'conv1/kernel: [3,3,1,8] in the file, expected [3,3,3,8]',
    'fc/kernel: [784,10] in the file, expected [1024,10]',
  ]);
  expect(linesOf(other, 'fr')).toEqual([
    'conv1/kernel\u202F: [3,3,1,8] dans le fichier, attendu [3,3,3,8]',
    'fc/kernel\u202F: [784,10] dans le fichier, attendu [1024,10]',
  ]);
  const { tensors } = readSafetensors(bytes);
  const { 'fc/bias': renamed, ...rest } = tensors;
  const half = { ...rest['conv1/bias']!, dtype: 'u32', data: new Uint32Array(8) } as const;
  const every = caught(() => loadWeights(cnnS(), writeSafetensors({ ...rest, 'conv1/bias': half, out: renamed! })));
  expect(linesOf(every, 'fr')).toEqual([
    'conv1/bias\u202F: u32 dans le fichier, attendu f32/f16',
    'fc/bias\u202F: absent du fichier, attendu [10]',
    'out\u202F: dans le fichier seulement, [10]',
  ]);
  // A page without words of its own for them shows the engine's.
  expect(failureOf(every)).toMatchObject({ code: 'E16', detail: (every as DataError).message });
});

describe("the browser's own errors", () => {
  test.each<[string, Situation | undefined, unknown]>([
    ['E11', undefined, new TypeError('Failed to fetch dynamically imported module: https://x/train.js')],
    ['E11', undefined, new TypeError('error loading dynamically imported module: https://x/train.js')],
    ['E11', undefined, new TypeError('Importing a module script failed.')],
    ['E11', { of: 'load', what: () => 'x' }, new TypeError('Failed to fetch')],
    ['E12', { of: 'file' }, new DOMException('The source image could not be decoded.', 'InvalidStateError')],
    ['E13', { of: 'camera' }, new DOMException('Permission denied', 'NotAllowedError')],
    ['E13', { of: 'camera' }, new DOMException('Requested device not found', 'NotFoundError')],
    ['E14', undefined, new DOMException('full', 'QuotaExceededError')],
    ['E14', { of: 'storage' }, new DOMException('denied', 'SecurityError')],
    ['E18', undefined, new OptionError('fit: epochs is -1')],
    ['E18', undefined, 'a text that was thrown'],
  ])('%s %j', (code, situation, error) => {
    expect(said(error, situation).code).toBe(code);
  });
});

test('every state has what happened and what to do next', () => {
  const keys = Object.keys(all.en);
  for (const code of Object.keys(errors)) {
    expect(keys).toContain(`${code}.what`);
    expect(keys).toContain(`${code}.next`);
  }
});
