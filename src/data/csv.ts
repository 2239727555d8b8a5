// A reader for tables of comma-separated values (RFC 4180), and data sets made of their columns.

import { checkOptions, checkTypes, DataError, OptionError, suggestion } from '../core/errors.ts';
import { dataset, type Dataset } from './dataset.ts';

export interface CsvOptions {
  /** What stands between two fields; the one of `,`, `;` and tab that the first line has most of unless given. */
  readonly separator?: string;
  /** Whether the first line names the columns; true unless given. Otherwise they are called '0', '1', … */
  readonly header?: boolean;
  /** '.' unless given; ',' where a table is written as in French or German. */
  readonly decimal?: '.' | ',';
}

export interface CsvTable {
  readonly columns: readonly string[];
  /** The number of lines, the header left out. */
  readonly size: number;
  /** A column's fields as text. */
  text(column: string): readonly string[];
  /** A column's fields as numbers. DataError with the line of the first that is none. */
  numbers(column: string): Float64Array;
}

/**
 * Reads a table: lines end with LF or CRLF, a field in double quotes may hold separators, line ends and doubled quotes,
 * empty lines are passed over. Throws a DataError with line and byte offset for a line of another number of fields, an
 * unclosed quote, text after a closing quote, a column named twice, or no line at all.
 */
export function readCsv(source: string | Uint8Array, options: CsvOptions = {}): CsvTable {
  checkOptions('readCsv', options, ['separator', 'header', 'decimal']);
  const { header = true, decimal = '.' } = options;
  checkTypes('readCsv', 'boolean', { header });
  checkTypes('readCsv', 'string', { separator: options.separator });
  const text = typeof source === 'string' ? source.replace(/^\ufeff/, '') : decode(source);
  const separator = options.separator ?? likeliest(text);
  if (separator.length !== 1 || separator === '"' || separator === '\n' || separator === '\r') {
    throw new OptionError(
      `readCsv: separator is ${JSON.stringify(separator)}, expected one character other than a quote`,
    );
  }
  if (decimal !== '.' && decimal !== ',') {
    throw new OptionError(`readCsv: decimal is ${JSON.stringify(decimal)}, expected '.' or ','`);
  }
  const rows = parse(text, separator);
  const [first] = rows;
  if (!first) throw new DataError('readCsv: the table has no line', 0);
  for (const { fields, line, at } of rows) {
    if (fields.length === first.fields.length) continue;
    throw new DataError(
      `readCsv: line ${line} has ${fields.length} fields, expected ${first.fields.length} as in line ${first.line}`,
      byteOffset(text, at),
    );
  }
  const columns = header ? first.fields.map((name) => name.trim()) : first.fields.map((_, i) => String(i));
  columns.forEach((name, i) => {
    if (columns.indexOf(name) === i) return;
    throw new DataError(`readCsv: two columns are called '${name}', expected a name for each`, 0);
  });
  const body = header ? rows.slice(1) : rows;
  const indexOf = (column: string): number => {
    const index = columns.indexOf(column);
    if (index >= 0) return index;
    throw new OptionError(
      `readCsv: no column '${column}'${suggestion(column, columns)}; known: ${columns.slice(0, 20).join(', ')}`,
    );
  };
  return {
    columns,
    size: body.length,
    text(column) {
      const index = indexOf(column);
      return body.map(({ fields }) => fields[index]!);
    },
    numbers(column) {
      const index = indexOf(column);
      return Float64Array.from(body, ({ fields, line, at }) => {
        const field = fields[index]!.trim();
        const value = field === '' ? NaN : Number(decimal === ',' ? field.replace(',', '.') : field);
        if (Number.isFinite(value)) return value;
        throw new DataError(
          `readCsv: line ${line}, column '${column}' is ${JSON.stringify(field)}, expected a number`,
          byteOffset(text, at),
        );
      });
    },
  };
}

export interface CsvDatasetOptions {
  /** The columns that make up x, in this order; all but the target's unless given. */
  readonly features?: readonly string[];
  /** The column to predict. */
  readonly target: string;
  /**
   * 'class': every different text of the target is a class, numbered in the order of numbers or of the alphabet;
   * 'number': the target is a number. 'class' unless given.
   */
  readonly kind?: 'class' | 'number';
}

/** A data set of a table's columns, and what its classes are called. */
export function csvDataset(
  table: CsvTable,
  options: CsvDatasetOptions,
): { readonly data: Dataset; readonly classNames: readonly string[] } {
  checkOptions('csvDataset', options, ['features', 'target', 'kind']);
  const { target, kind = 'class' } = options;
  if (kind !== 'class' && kind !== 'number') {
    throw new OptionError(`csvDataset: kind is '${String(kind)}', expected 'class' or 'number'`);
  }
  const features = options.features ?? table.columns.filter((name) => name !== target);
  if (!Array.isArray(features) || features.length === 0) {
    throw new OptionError(`csvDataset: features is ${JSON.stringify(features)}, expected at least one column`);
  }
  for (const [name, columns] of Object.entries({ features, target: [target] })) {
    const missing = columns.find((column) => !table.columns.includes(column));
    if (missing === undefined && columns[0] !== undefined) continue;
    throw new OptionError(
      `csvDataset: ${name} has no column '${missing}'${suggestion(String(missing), table.columns)}; known: ${table.columns.slice(0, 20).join(', ')}`,
    );
  }
  const x = new Float32Array(table.size * features.length);
  features.forEach((name, j) => {
    table.numbers(name).forEach((value, i) => (x[i * features.length + j] = value));
  });
  const shape = [features.length];
  if (kind === 'number') {
    return { data: dataset({ x, y: Float32Array.from(table.numbers(target)), shape }), classNames: [] };
  }
  const words = table.text(target);
  const numeric = words.every((word) => word.trim() !== '' && Number.isFinite(Number(word)));
  const classNames = [...new Set(words)].sort((a, b) => (numeric ? Number(a) - Number(b) : a < b ? -1 : 1));
  const numberOf = new Map(classNames.map((name, i) => [name, i]));
  const y = Int32Array.from(words, (word) => numberOf.get(word)!);
  return { data: dataset({ x, y, shape, classes: classNames.length }), classNames };
}

interface Row {
  readonly fields: string[];
  /** Counted from 1 in the file. */
  readonly line: number;
  /** Where it begins, in characters. */
  readonly at: number;
}

function parse(text: string, separator: string): Row[] {
  const rows: Row[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const begin = { line, at };
    const fields: string[] = [];
    for (;;) {
      let field = '';
      if (text[at] === '"') {
        at++;
        for (;;) {
          const quote = text.indexOf('"', at);
          if (quote < 0) {
            throw new DataError(`readCsv: the quote in line ${begin.line} is never closed`, byteOffset(text, begin.at));
          }
          const part = text.slice(at, quote);
          line += part.split('\n').length - 1;
          field += part;
          at = quote + 1;
          if (text[at] !== '"') break;
          field += '"';
          at++;
        }
        if (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') {
          throw new DataError(
            `readCsv: line ${line} has ${JSON.stringify(text[at])} after a closing quote, expected a separator`,
            byteOffset(text, at),
          );
        }
      } else {
        let end = at;
        while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++;
        field = text.slice(at, end);
        at = end;
      }
      fields.push(field);
      if (text[at] !== separator) break;
      at++;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (fields.length > 1 || fields[0] !== '' || text[begin.at] === '"') rows.push({ fields, ...begin });
  }
  return rows;
}

/** UTF-8, without its mark; a byte sequence that is none is an error, not a question mark. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DataError('readCsv: the file is not UTF-8 text, expected that', 0);
  }
}

function byteOffset(text: string, at: number): number {
  return new TextEncoder().encode(text.slice(0, at)).length;
}

function likeliest(text: string): string {
  const [first = ''] = text.split('\n', 1);
  const counts = [',', ';', '\t'].map((mark) => first.split(mark).length);
  return [',', ';', '\t'][counts.indexOf(Math.max(...counts))]!;
}
