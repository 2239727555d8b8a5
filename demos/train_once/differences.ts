// What differs between a saved model and this page's own, in the page's language.

import type { WeightDifference } from '../../src/index.ts';
import type { Translator } from '../shared/language.ts';
import type { words } from './words.ts';

/** One of `DataError.differences`. Shapes and dtypes are the same in all languages. */
export function differenceIn(t: Translator<keyof typeof words.en>, one: WeightDifference): string {
  const name = one.weight;
  switch (one.what) {
    case 'missing':
      return t('weights missing', { name, expected: shapeText(one.expected) });
    case 'extra':
      return t('weights only', { name, found: shapeText(one.found) });
    case 'shape':
      return t('weights other', { name, found: shapeText(one.found), expected: shapeText(one.expected) });
    case 'dtype':
      return t('weights other', { name, found: one.found, expected: one.expected.join('/') });
  }
}

const shapeText = (shape: readonly number[]): string => `[${shape.join()}]`;
