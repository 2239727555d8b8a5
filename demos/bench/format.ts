// Numbers of the lab in the page's language.

import type { Row } from './core/result.ts';
import { isTooShort } from './rows.ts';
import type { LabContext } from './words.ts';

type T = LabContext['t'];

/** Three digits that mean something; very small and very large ones as powers of ten. */
export function number(t: T, value: number): string {
  const size = Math.abs(value);
  const far = size !== 0 && (size < 1e-3 || size >= 1e6);
  return t.number(value, { maximumSignificantDigits: 3, ...(far ? { notation: 'scientific' as const } : {}) });
}

/** Milliseconds with three digits, `0.000412`. */
export const milliseconds = (t: T, nanoseconds: number): string =>
  t.number(nanoseconds / 1e6, { maximumSignificantDigits: 3 });

export const percent = (t: T, share: number): string =>
  t.number(share, { style: 'percent', maximumSignificantDigits: share < 0.1 ? 2 : 3 });

/** `+3.4 %`, with a sign. */
export const change = (t: T, ratio: number): string =>
  t.number(ratio - 1, {
    style: 'percent',
    maximumFractionDigits: 1,
    minimumFractionDigits: 1,
    signDisplay: 'exceptZero',
  });

/** What the cell of the median says. */
export function medianText(t: T, row: Row): string {
  if (!row.summary) return '';
  return isTooShort(row) ? t('below resolution') : milliseconds(t, row.summary.median);
}

/** Minutes and seconds, `1:07`. */
export function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
