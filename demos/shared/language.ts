// English and French: dictionaries as typed records, numbers and plurals by Intl, French spaces, and a stretched language
// for finding texts that do not fit.
import { keep, kept } from './stored.ts';

/** The languages of the pages; `xx` is English made 40 % longer, reached by `lang=xx` alone. */
export type Language = 'en' | 'fr' | 'xx';
export const languages = ['en', 'fr', 'xx'] as const satisfies readonly Language[];

/** One text, or one for each plural form of the value `n`. `{name}` stands for a value. */
export type Phrase = string | { readonly one: string; readonly other: string };

/** Both languages of one page or part. A key that one of them lacks, or has alone, fails the type check. */
export interface Dictionary<Key extends string = string> {
  readonly en: Readonly<Record<Key, Phrase>>;
  readonly fr: Readonly<Record<Key, Phrase>>;
}

export function dictionary<const Key extends string>(
  en: Readonly<Record<Key, Phrase>>,
  fr: Readonly<Record<NoInfer<Key>, Phrase>>,
): Dictionary<Key> {
  return { en, fr };
}

/** The words of both, of which each has its own. */
export const joined = (a: Dictionary, b: Dictionary): Dictionary => ({
  en: { ...a.en, ...b.en },
  fr: { ...a.fr, ...b.fr },
});

export type Values = Readonly<Record<string, string | number>>;

export interface Translator<Key extends string = string> {
  (key: Key, values?: Values): string;
  readonly language: Language;
  /** As `t`, with elements (formulas, code, links) where the text names them. */
  rich(key: Key, values: Readonly<Record<string, string | number | Node>>): (string | Node)[];
  /** `0.25` or `0,25`, `1,000` or `1 000`, with a true minus sign. */
  number(value: number, options?: Intl.NumberFormatOptions): string;
  /** `a, b and c`. */
  list(items: readonly string[]): string;
}

/** What a number or a plural is written by. */
const locales: Record<Language, string> = { en: 'en', fr: 'fr', xx: 'en' };

/** The value of `<html lang>`. */
export const tags: Record<Language, string> = { en: 'en', fr: 'fr', xx: 'en-x-pseudo' };

const saved = 'retrograd.language';
const shipped = ['en', 'fr'] as const;

/** The language of a page: the link's, else the one chosen before, else the browser's first that there is, else English. */
export function chooseLanguage(linked: Language | ''): Language {
  if (linked) return linked;
  const before = kept(saved, shipped);
  if (before) return before;
  for (const tag of navigator.languages) {
    const found = shipped.find((one) => tag.toLowerCase().split('-')[0] === one);
    if (found) return found;
  }
  return 'en';
}

export const saveLanguage = (language: Language): void => keep(saved, language);

/** Of all translators: to make one takes the browser as long as a hundred numbers written by it. */
const formats = new Map<string, Intl.NumberFormat>();

function formatOf(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const name = locale + JSON.stringify(options);
  let format = formats.get(name);
  if (!format) formats.set(name, (format = new Intl.NumberFormat(locale, options)));
  return format;
}

export function translator<Key extends string>(words: Dictionary<Key>, language: Language): Translator<Key> {
  const locale = locales[language];
  const plurals = new Intl.PluralRules(locale);

  const number = (value: number, options: Intl.NumberFormatOptions = {}): string =>
    formatOf(locale, options).format(value).replaceAll('-', '−');

  function rich<Value>(key: Key, values: Readonly<Record<string, string | number | Value>>): (string | Value)[] {
    const phrase = words[language === 'fr' ? 'fr' : 'en'][key];
    const form = typeof phrase === 'string' ? phrase : phrase[pluralOf(plurals, values.n)];
    return form.split(/(\{\w+\})/).map((piece, i) => {
      if (i % 2 === 0) return language === 'fr' ? frenchSpaces(piece) : language === 'xx' ? stretch(piece) : piece;
      const value = values[piece.slice(1, -1)];
      if (value === undefined) throw new Error(`the text '${key}' wants a value for ${piece}`);
      return typeof value === 'number' ? number(value) : value;
    });
  }

  const translate = (key: Key, values: Values = {}): string => rich<string>(key, values).join('');
  const list = (items: readonly string[]): string => new Intl.ListFormat(locale).format(items);
  return Object.assign(translate, { language, rich, number, list });
}

function pluralOf(plurals: Intl.PluralRules, n: unknown): 'one' | 'other' {
  if (typeof n !== 'number') throw new Error('a text with plural forms wants a number n');
  return plurals.select(n) === 'one' ? 'one' : 'other';
}

/** Narrow no-break spaces where French has them: before `; : ! ?`, inside « » and before %. */
export function frenchSpaces(text: string): string {
  return text.replace(/ (?=[;:!?»%])/g, '\u202F').replace(/« /g, '«\u202F');
}

const accents: Record<string, string> = {
  a: 'å',
  e: 'ë',
  i: 'ï',
  o: 'ö',
  u: 'ü',
  c: 'ç',
  n: 'ñ',
  A: 'Å',
  E: 'Ë',
  O: 'Ö',
};

/** Text 40 % longer with marks above its letters, of whole words so that it wraps as language does. */
export function stretch(text: string): string {
  if (!/[a-z]/i.test(text)) return text;
  const marked = text.replace(/[aeioucnAEO]/g, (letter) => accents[letter] ?? letter);
  const filling = 'lørem ipsüm dølor sït amet '
    .repeat(Math.ceil(text.length / 60))
    .slice(0, Math.ceil(0.4 * text.length));
  const [, body = marked, end = ''] = /^(.*?)(\s*)$/s.exec(marked) ?? [];
  return `${body} ${filling.trim()}${end}`;
}

/** A number as people of either language type it: `0.5`, `0,5`, `−3`, `1 000`. Null where it is none. */
export function readNumber(typed: string): number | null {
  const plain = typed
    .trim()
    .replaceAll('−', '-')
    .replace(/(?<=\d)[ \u00A0\u202F](?=\d{3}\b)/g, '')
    .replace(',', '.');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : null;
}
