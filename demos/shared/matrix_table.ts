// A matrix that is only read: a table, with the same cells as the grid.
import type { Context } from './context.ts';
import { html, type Properties } from './dom.ts';
import type { Cell } from './grid.ts';
import { scrollBox } from './scroll_box.ts';

export interface MatrixTable {
  readonly key: string;
  /** The caption, for screen readers: "output 1". */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  cell(row: number, column: number): Cell;
}

export function matrixTable({ shell: t }: Context, { key, name, rows, columns, cell }: MatrixTable): HTMLElement {
  const caption = t('grid', { name, rows, columns });
  const body = tableBody(rows, columns, (row, column) => {
    const { value, text = t.number(value), note, properties = {} } = cell(row, column);
    return html(
      'td',
      { ...properties, 'data-row': row, 'data-column': column },
      text,
      note ? html('span', { class: 'unseen' }, `, ${note}`) : null,
    );
  });
  const table = html('table', { class: 'matrix', key }, html('caption', { class: 'unseen' }, caption), body);
  return scrollBox(caption, table, `${key}-box`);
}

export const tableBody = (
  rows: number,
  columns: number,
  cell: (row: number, column: number) => HTMLElement,
  properties: Properties = {},
): HTMLElement =>
  html(
    'tbody',
    {},
    Array.from({ length: rows }, (_, row) =>
      html(
        'tr',
        properties,
        Array.from({ length: columns }, (__, column) => cell(row, column)),
      ),
    ),
  );
