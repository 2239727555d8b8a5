// The table as text for elsewhere: Markdown and comma-separated values, in the order on show, with a dot in every number.

import { isTooShort, isWrong, type Numbered } from './rows.ts';

const heads = [
  'row',
  'suite',
  'kernel',
  'variant',
  'shape',
  'dtype',
  'median ms',
  'p10 ms',
  'p90 ms',
  'samples',
  'repeats',
  'compile ms',
  'GFLOP/s',
  'GB/s',
  '% of measured roof',
  'roof',
  'max abs error',
  'max rel error',
  'tolerance',
  'error / tolerance',
  'check',
  'flags',
] as const;

const digits = (value: number | null | undefined, scale = 1): string =>
  value === null || value === undefined ? '' : String(Number((value * scale).toPrecision(4)));

function cells({ row, number }: Numbered): string[] {
  const { summary, check, roof } = row;
  const checked = check.state !== 'not checked';
  return [
    String(number),
    row.suite,
    row.subject,
    row.variant,
    row.shape,
    row.dtype,
    summary && isTooShort(row) ? '< resolution' : digits(summary?.median, 1e-6),
    digits(summary?.p10, 1e-6),
    digits(summary?.p90, 1e-6),
    summary ? String(summary.n) : '',
    String(row.repeats),
    digits(row.compileMs),
    digits(row.gflops),
    digits(row.gigabytesPerSecond),
    digits(roof?.share, 100),
    roof?.bound ?? '',
    checked ? digits(check.maxAbsolute) : '',
    checked ? digits(check.maxRelative) : '',
    checked ? digits(check.tolerance) : '',
    checked ? digits(check.worst) : '',
    [check.state, check.message, row.skipped].filter(Boolean).join(': '),
    row.flags.join(' '),
  ];
}

/** Wrong rows are struck through. */
export function markdownOf(rows: readonly Numbered[]): string {
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  const struck = (one: Numbered): string[] =>
    cells(one).map((text) => (isWrong(one.row) && text !== '' ? `~~${text.replaceAll('~', '\\~')}~~` : text));
  return [line(heads), line(heads.map(() => '---')), ...rows.map((one) => line(struck(one)))].join('\n');
}

/** As RFC 4180 has it: CRLF, quotes doubled. */
export function csvOf(rows: readonly Numbered[]): string {
  const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [heads, ...rows.map(cells)].map((line) => `${line.map(field).join(',')}\r\n`).join('');
}
