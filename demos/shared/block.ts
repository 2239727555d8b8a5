// A block of numbers as people copy it: from a spreadsheet, from code, from a text.
import { readNumber } from './language.ts';

/** Rows of numbers, or null. JSON (`[[1, 2], [3, 4]]`), else lines split by tabs, semicolons, spaces, or commas between dots. */
export function readBlock(text: string): number[][] | null {
  const trimmed = text.replace(/^\s*\n|\s+$/g, '');
  if (trimmed.trim() === '') return null;
  if (trimmed.trim().startsWith('[')) return readJson(trimmed);
  const lines = trimmed.split(/\r?\n/).filter((line) => line.trim() !== '');
  // With another separator, or with a space after it, a comma is not between numbers but within them.
  const separator = /\t/.test(trimmed)
    ? /\t/
    : /;/.test(trimmed)
      ? /;/
      : /\S\s+\S/.test(lines[0]!) && !/,\s/.test(trimmed)
        ? /\s+/
        : /,\s*/;
  const single = lines.length === 1 && /^\s*[+−-]?\d+,\d+\s*$/.test(trimmed);
  return whole(lines.map((line) => (single ? [line] : line.trim().split(separator)).map(readNumber)));
}

function readJson(text: string): number[][] | null {
  try {
    const read: unknown = JSON.parse(text);
    if (!Array.isArray(read) || read.length === 0) return null;
    const rows = Array.isArray(read[0]) ? (read as unknown[]) : [read];
    return whole(
      rows.map((row) => (Array.isArray(row) ? row : [null]).map((value) => (typeof value === 'number' ? value : null))),
    );
  } catch {
    return null;
  }
}

function whole(rows: readonly (readonly (number | null)[])[]): number[][] | null {
  const numbers = rows.map((row) => row.filter((value): value is number => value !== null && Number.isFinite(value)));
  return rows.every((row, i) => row.length > 0 && row.length === numbers[i]!.length) ? numbers : null;
}
