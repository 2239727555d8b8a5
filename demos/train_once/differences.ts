// What differs between a saved model and this page's own, in the page's language.

import type { Translator } from '../shared/language.ts';
import type { words } from './words.ts';

/** As the engine words them, in this order. */
const patterns = [
  [/^(?<name>.*): missing in the file, expected (?<expected>.*)$/, 'weights missing'],
  [/^(?<name>.*): (?<found>.*) in the file, expected (?<expected>.*)$/, 'weights other'],
  [/^(?<name>.*): in the file only, (?<found>.*)$/, 'weights only'],
] as const;

/** One of `DataError.differences`; what none of the patterns knows stays as it is. */
export function differenceIn(t: Translator<keyof typeof words.en>, difference: string): string {
  for (const [pattern, key] of patterns) {
    const found = pattern.exec(difference)?.groups;
    // "f32 or f16" in no language.
    if (found) return t(key, { ...found, expected: (found.expected ?? '').replace(' or ', '/') });
  }
  return difference;
}
