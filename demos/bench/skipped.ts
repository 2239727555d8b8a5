// Why a row was not measured, in the page's language: rows and files have it in English.

import type { LabContext } from './words.ts';

/** As the measuring words it, in this order. */
const reasons = [
  [/^needs (?<feature>\S+), which this device lacks$/, 'skipped lacks'],
  [/^would take about (?<about>\d+) ms a (dispatch|step), more than (?<most>\d+) ms$/, 'skipped long'],
  [/^it could not be run$/, 'skipped failed'],
] as const;

/** What none of them is stays as it is: results of readers' own adapters have their own. */
export function skippedText(t: LabContext['t'], skipped: string): string {
  for (const [pattern, key] of reasons) {
    const found = pattern.exec(skipped);
    if (found) return t(key, { ...found.groups });
  }
  return skipped;
}
