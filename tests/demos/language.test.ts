// The two languages: numbers, plurals, spaces, and the stretched language for finding clipped text.

import { describe, expect, test } from 'vitest';

import {
  dictionary,
  frenchSpaces,
  readNumber,
  stretch,
  translator,
  type Dictionary,
  type Phrase,
} from '../../demos/shared/language.ts';

const words = dictionary(
  { cells: { one: '{n} cell', other: '{n} cells' }, ask: 'Size of {what}: {size}?' },
  { cells: { one: '{n} cellule', other: '{n} cellules' }, ask: 'Taille de « {what} » : {size} ?' },
);

test('writes numbers and plurals as the language does', () => {
  const en = translator(words, 'en');
  const fr = translator(words, 'fr');
  expect([en('cells', { n: 0 }), en('cells', { n: 1 }), en('cells', { n: 12345.5 })]).toEqual([
    '0 cells',
    '1 cell',
    '12,345.5 cells',
  ]);
  expect([fr('cells', { n: 0 }), fr('cells', { n: 1.5 }), fr('cells', { n: 12345.5 })]).toEqual([
    '0 cellule',
    '1,5 cellule',
    '12\u202F345,5 cellules',
  ]);
  expect([en.number(-0.25), fr.number(-0.25)]).toEqual(['−0.25', '−0,25']);
  expect(fr.list(['a', 'b', 'c'])).toBe('a, b et c');
});

test('sets French spaces in its own text and leaves values alone', () => {
  expect(translator(words, 'fr')('ask', { what: 'a ; b', size: 3 })).toBe(
    'Taille de «\u202Fa ; b\u202F»\u202F: 3\u202F?',
  );
  expect(frenchSpaces('vrai ! (a : b) 84 %')).toBe('vrai\u202F! (a\u202F: b) 84\u202F%');
});

/** Every dictionary of the pages. */
const dictionaries = Object.entries(
  import.meta.glob<Record<string, unknown>>('../../demos/**/*words*.ts', { eager: true }),
).flatMap(([file, exports]) =>
  Object.values(exports).flatMap((one) =>
    typeof one === 'object' && one !== null && 'en' in one && 'fr' in one ? [{ file, words: one as Dictionary }] : [],
  ),
);

const formsOf = (phrase: Phrase): string[] => (typeof phrase === 'string' ? [phrase] : Object.values(phrase));

test('there are dictionaries of the shell, its errors and every page', () => {
  expect(dictionaries.length).toBeGreaterThanOrEqual(7);
});

describe.each(dictionaries)('$file', ({ words: { en, fr } }) => {
  test('has every key in both languages', () => {
    expect(Object.keys(fr)).toEqual(Object.keys(en));
  });

  test('is set in French as French is', () => {
    for (const phrase of Object.values(fr).flatMap(formsOf)) {
      expect(phrase, 'an ordinary space, which the shell makes narrow').not.toMatch(/\p{L}[;!?»](?=\s|$)|\w:\s|«\S/u);
      expect(phrase, 'a typographic apostrophe').not.toContain("'");
    }
  });

  test('names the same values in both', () => {
    const values = (phrase: Phrase): string[] => [...new Set(JSON.stringify(phrase).match(/\{\w+\}/g))].toSorted();
    const named = (phrase: Phrase): string[] => values(phrase).filter((value) => value !== '{n}');
    for (const key of Object.keys(en)) expect(named(fr[key]!), key).toEqual(named(en[key]!));
  });
});

/** Terms of the glossary (docs/pages.md) in what a user reads, and what is in their place in French. */
const glossary: readonly (readonly [RegExp, RegExp])[] = [
  [/\baccuracy\b/i, /exactitude/i],
  [/\bstrides?\b/i, /\bpas\b/i],
  [/\bpadding\b/i, /remplissage|padding/i],
  [/\bdilation\b/i, /dilatation/i],
  [/\bkernels?\b/i, /noyau/i],
  [/\bfilters?\b/i, /filtre/i],
  [/\bbatch size\b/i, /taille de lot/i],
  [/\bepochs?\b/i, /époque/i],
  [/\blearning rate\b/i, /taux d’apprentissage/i],
  [/\bloss\b/i, /perte|L = |erreur quadratique/i],
  [/\bgradients?\b/i, /gradient/i],
  [/\bcheckpoint\b/i, /point de reprise/i],
];

test.each(glossary)('%s is %s', (english, french) => {
  const wrong = dictionaries.flatMap(({ words: { en, fr } }) =>
    Object.keys(en).flatMap((key) => {
      const [said, told] = [formsOf(en[key]!).join(' '), formsOf(fr[key]!).join(' ')];
      // Names of published cases are the same in both.
      return said !== told && english.test(said) && !french.test(told) ? [`${key}: ${said} | ${told}`] : [];
    }),
  );
  expect(wrong).toEqual([]);
});

test('accuracy is never précision', () => {
  const wrong = dictionaries.flatMap(({ words: { en, fr } }) =>
    Object.keys(en).filter(
      (key) => /précision/i.test(formsOf(fr[key]!).join(' ')) && !/precision/i.test(formsOf(en[key]!).join(' ')),
    ),
  );
  expect(wrong).toEqual([]);
});

test('a text without a value it names is a defect', () => {
  expect(() => translator(words, 'en')('ask', { what: 'x' })).toThrow("the text 'ask' wants a value for {size}");
  expect(() => translator(words, 'en')('cells')).toThrow('wants a number n');
});

test('the stretched language is about 40 % longer and keeps values', () => {
  for (const sentence of ['Copy link', 'Everything on this page is computed on your machine.']) {
    const stretched = stretch(sentence);
    expect(stretched.length).toBeGreaterThanOrEqual(Math.floor(1.35 * sentence.length));
    expect(stretched.length).toBeLessThanOrEqual(1.5 * sentence.length + 2);
  }
  expect(translator(words, 'xx')('ask', { what: 'size', size: 1000 })).toContain('size');
});

test.each([
  ['0.5', 0.5],
  ['0,5', 0.5],
  [' −3 ', -3],
  ['-3', -3],
  ['1\u202F000,5', 1000.5],
  ['1e-3', 0.001],
  ['.5', 0.5],
  ['', null],
  ['1,2,3', null],
  ['1 2', null],
  ['abc', null],
  ['0x10', null],
])('reads %j as people type it', (typed, value) => {
  expect(readNumber(typed)).toBe(value);
});
