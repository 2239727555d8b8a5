// Where in a reader's WGSL something stands: line and column of the text as it was written, also where that is an import's.

import { blankComments, importMark } from '../../../tools/wgsl_source.ts';

// WGSL's line breaks (section "Blankspace and Line Breaks").
const breaks = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;

/** Where `name` is declared, else where it is first written; null where it is not. */
export function placeOf(code: string, name: string | null): number | null {
  if (name === null) return null;
  const bare = blankComments(code);
  for (const before of ['(?:var\\s*<[^>]*>|fn|override|const|struct)\\s+', '[{,]\\s*(?:@[^,;]*\\s)?', '\\b']) {
    const found = new RegExp(`(${before})${name}\\b`).exec(bare);
    if (found) return found.index + found[1]!.length;
  }
  return null;
}

/** `file:line:column`, and what is said of it with the line itself; `file` alone where the place is not known. */
export function placed(shader: { readonly file: string; readonly code: string }, at: number | null, says = ''): string {
  if (at === null) return says === '' ? shader.file : `${shader.file}: ${says}`;
  const lines = shader.code.slice(0, at).split(breaks);
  return shown(shader, lines.length, lines.at(-1)!.length + 1, says);
}

/** The same of a line and a column, both from 1. */
export function shown(
  { file, code }: { readonly file: string; readonly code: string },
  line: number,
  column: number,
  says: string,
): string {
  const lines = code.split(breaks);
  const mark = lines.slice(0, line - 1).findLastIndex((one) => one.startsWith(importMark));
  const place =
    mark < 0 ? `${file}:${line}:${column}` : `${lines[mark]!.slice(importMark.length)}:${line - mark - 1}:${column}`;
  if (says === '') return place;
  const number = String(mark < 0 ? line : line - mark - 1);
  const caret = ' '.repeat(Math.max(0, column - 1));
  return `${place}: ${says}\n  ${number} | ${lines[line - 1] ?? ''}\n  ${' '.repeat(number.length)} | ${caret}^`;
}
