// Both languages, and what the views take.

import type { Context } from '../shared/context.ts';
import { dictionary } from '../shared/language.ts';
import type { ConvState } from './state.ts';
import { en } from './words.en.ts';
import { fr } from './words.fr.ts';

export const words = dictionary(en, fr);
export type ConvKey = keyof typeof en;
export type ConvContext = Context<ConvState, ConvKey>;
