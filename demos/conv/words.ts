// Both languages, and what the views take.

import type { Context } from '../shared/context.ts';
import { dictionary } from '../shared/language.ts';
import type { ConvState } from './state.ts';
import { en } from './words.en.ts';
import { fr } from './words.fr.ts';

/** The names of Dumoulin and Visin's cases, the same in both languages. */
const cases = [
  'no_padding_no_strides',
  'arbitrary_padding_no_strides',
  'same_padding_no_strides',
  'full_padding_no_strides',
  'no_padding_strides',
  'padding_strides',
  'padding_strides_odd',
  'dilation',
  'no_padding_no_strides_transposed',
  'arbitrary_padding_no_strides_transposed',
  'same_padding_no_strides_transposed',
  'full_padding_no_strides_transposed',
  'no_padding_strides_transposed',
  'padding_strides_transposed',
  'padding_strides_odd_transposed',
] as const;
type CaseKey = `preset ${(typeof cases)[number]}`;
const named = Object.fromEntries(cases.map((name) => [`preset ${name}`, name])) as Record<CaseKey, string>;

export const words = dictionary({ ...named, ...en }, { ...named, ...fr });
export type ConvKey = keyof typeof en | CaseKey;
export type ConvContext = Context<ConvState, ConvKey>;
