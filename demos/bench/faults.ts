// What is wrong with a file of results, in the page's language.

import type { Translator } from '../shared/language.ts';
import type { Fault } from './core/schema.ts';
import { ResultError } from './runs.ts';
import type { LabKey } from './words.ts';

/** Whether the error is of what a file holds, so that `faultLines` has words for it. */
export const isFault = (error: unknown): error is SyntaxError | ResultError =>
  error instanceof SyntaxError || error instanceof ResultError;

/** A line for each place. Browsers tell of most texts that are no JSON where they cease to be. */
export function faultLines(t: Translator<LabKey>, error: SyntaxError | ResultError): string[] {
  if (error instanceof ResultError) return error.faults.map((fault) => faultLine(t, fault));
  const [, line, column] = /line (\d+) column (\d+)/.exec(error.message) ?? [];
  return [line && column ? t('fault json at', { line: Number(line), column: Number(column) }) : t('fault json')];
}

function faultLine(t: Translator<LabKey>, fault: Fault): string {
  const place = fault.place || t('fault value');
  if (fault.rule === 'missing' || fault.rule === 'unknown') return t(`fault ${fault.rule}`, { place });
  return t('fault other', { place, expected: expected(t, fault), got: shown(t, fault.got) });
}

function expected(t: Translator<LabKey>, fault: Exclude<Fault, { rule: 'missing' | 'unknown' }>): string {
  const or = (texts: readonly string[]): string => texts.join(` ${t('fault or')} `);
  switch (fault.rule) {
    case 'type':
      return or(fault.types.map((type) => t(`type ${type}` as 'type null')));
    case 'value':
      return or(fault.values.map((value) => shown(t, value)));
    case 'pattern':
      return t('fault pattern', { pattern: fault.pattern });
    case 'least':
      return t('fault least', { least: fault.least });
  }
}

function shown(t: Translator<LabKey>, value: unknown): string {
  if (Array.isArray(value)) return t('type array');
  if (typeof value === 'object' && value !== null) return t('type object');
  return value === undefined || value === null ? t('type null') : JSON.stringify(value);
}
