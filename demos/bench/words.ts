// Both languages, and what the views take.

import type { Context } from '../shared/context.ts';
import { dictionary } from '../shared/language.ts';
import type { LabState } from './state.ts';
import { en } from './words.en.ts';
import { fr } from './words.fr.ts';

export type LabKey = keyof typeof en;
export const words = dictionary<LabKey>(en, fr);
export type LabContext = Context<LabState, LabKey>;
