// A matrix that is only read: a table, with the same cells as the grid.
import type { Context } from './context.ts';
import { html } from './dom.ts';
import type { Cell } from './grid.ts';
import { scrollBox } from './scroll_box.ts';

export interface MatrixTable {
  readonly key: string;
  /** The caption, for screen readers: "output 1". */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  cell(row: number, column: number): Cell;
  pointed?(place: { readonly row: number; readonly column: number } | null): void;
}

export function matrixTable(
  { shell: t }: Context,
  { key, name, rows, columns, cell, pointed }: MatrixTable,
): HTMLElement {
  const placeOf = (event: Event): { row: number; column: number } | null => {
    const found = event.target instanceof Element ? event.target.closest<HTMLElement>('td') : null;
    return found ? { row: Number(found.dataset.row), column: Number(found.dataset.column) } : null;
  };
  const caption = t('grid', { name, rows, columns });
  const table = html(
    'table',
    {
      class: 'matrix',
      key,
      on: pointed
        ? {
            mouseover: (event) => pointed(placeOf(event)),
            click: (event) => pointed(placeOf(event)),
            mouseleave: () => pointed(null),
          }
        : {},
    },
    html('caption', { class: 'unseen' }, caption),
    html(
      'tbody',
      {},
      Array.from({ length: rows }, (_, row) =>
        html(
          'tr',
          {},
          Array.from({ length: columns }, (__, column) => {
            const { value, text = t.number(value), note, properties = {} } = cell(row, column);
            return html(
              'td',
              { ...properties, 'data-row': row, 'data-column': column },
              text,
              note ? html('span', { class: 'unseen' }, `, ${note}`) : null,
            );
          }),
        ),
      ),
    ),
  );
  return scrollBox(caption, table, `${key}-box`);
}
