// A matrix whose cells can be edited: the ARIA Authoring Practices' grid. One Tab stop; arrows, Home, End and with Ctrl the
// corners; Enter, F2, a click or a digit edits, Escape cancels; a block of TSV, CSV or JSON can be pasted, and copied.
import { readBlock } from './block.ts';
import type { Context } from './context.ts';
import { hold, html, release, type Properties } from './dom.ts';
import { readNumber } from './language.ts';
import { tableBody } from './matrix_table.ts';
import { scrollBox } from './scroll_box.ts';

export interface Cell {
  readonly value: number;
  /** What the cell shows; the value in the page's language unless given. */
  readonly text?: string;
  /** For screen readers after the place and the value: "in window". */
  readonly note?: string;
  /** `class`, `data-…`, `style` of the cell. */
  readonly properties?: Properties;
}

export interface CellChange {
  readonly row: number;
  readonly column: number;
  readonly value: number;
}

export interface Grid {
  /** Distinguishes the grids of a page. */
  readonly key: string;
  /** "input", "kernel 2": the beginning of each cell's name. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  cell(row: number, column: number): Cell;
  /** All changes of one edit or paste, within the grid and the limits. */
  edit(changes: readonly CellChange[]): void;
  readonly min?: number;
  readonly max?: number;
}

/** Where each grid in the page has its Tab stop. */
const stops = new WeakMap<Element, { row: number; column: number }>();

export function grid(context: Context, options: Grid): HTMLElement {
  const { shell: t } = context;
  const { name, rows, columns, key } = options;
  const cellView = (row: number, column: number): HTMLElement => {
    const { value, text = t.number(value), note, properties = {} } = options.cell(row, column);
    const label = t('cell', { name, row: row + 1, column: column + 1, value: text });
    return html(
      'td',
      {
        ...properties,
        role: 'gridcell',
        tabindex: row === 0 && column === 0 ? 0 : -1,
        'aria-label': note ? `${label}, ${note}` : label,
        'data-row': row,
        'data-column': column,
      },
      text,
    );
  };
  const table = html(
    'table',
    {
      role: 'grid',
      class: 'matrix editable',
      'aria-label': t('grid', { name, rows, columns }),
      key,
      updated: keepStop,
      on: {
        keydown: (event) => onKey(event, options, context),
        click: (event) => {
          const cell = cellOf(event.target);
          if (cell && event.target === cell) startEdit(cell, options, context, null);
        },
        focusin: (event) => {
          const cell = cellOf(event.target);
          if (!cell) return;
          stops.set(event.currentTarget as Element, placeOf(cell));
          keepStop(event.currentTarget as Element);
        },
        paste: (event) => onPaste(event, options, context),
        copy: (event) => {
          if (!cellOf(event.target) || event.target instanceof HTMLInputElement) return;
          event.preventDefault();
          event.clipboardData?.setData('text/plain', asText(options));
        },
      },
    },
    tableBody(rows, columns, cellView, { role: 'row' }),
  );
  return scrollBox(t('grid', { name, rows, columns }), table, `${key}-box`, false);
}

/** Rows down and columns to the right that an arrow key goes. */
export const ways: Readonly<Record<string, readonly [number, number] | undefined>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

const cellOf = (target: EventTarget | null): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>('[role=gridcell]') : null;

const placeOf = (cell: HTMLElement): { row: number; column: number } => ({
  row: Number(cell.dataset.row),
  column: Number(cell.dataset.column),
});

const cellAt = (table: Element, row: number, column: number): HTMLElement | null =>
  table.querySelector(`[data-row="${row}"][data-column="${column}"]`);

/** One cell has the Tab stop, also after the grid has shrunk under it. */
function keepStop(table: Element): void {
  const { row, column } = stops.get(table) ?? { row: 0, column: 0 };
  const cells = [...table.querySelectorAll<HTMLElement>('[role=gridcell]')];
  const stop = cellAt(table, row, column) ?? cells[0];
  for (const cell of cells) cell.tabIndex = cell === stop ? 0 : -1;
}

const asText = ({ rows, columns, cell }: Grid): string =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => cell(row, column).value).join('\t'),
  ).join('\n');

function onKey(event: KeyboardEvent, options: Grid, context: Context): void {
  const cell = cellOf(event.target);
  if (!cell || event.target !== cell || event.altKey) return;
  const { row, column } = placeOf(cell);
  const { rows, columns } = options;
  const control = event.ctrlKey || event.metaKey;
  const way = ways[event.key];
  const to =
    event.key === 'Home'
      ? [control ? 0 : row, 0]
      : event.key === 'End'
        ? [control ? rows - 1 : row, columns - 1]
        : way && [row + way[0], column + way[1]];
  if (to) {
    event.preventDefault();
    cellAt(event.currentTarget as Element, to[0]!, to[1]!)?.focus();
  } else if (control) return;
  else if (event.key === 'Enter' || event.key === 'F2') {
    event.preventDefault();
    startEdit(cell, options, context, null);
  } else if (/^[\d.,−-]$/.test(event.key)) {
    event.preventDefault();
    startEdit(cell, options, context, event.key);
  }
}

/** `typed` is the key that began the edit, and then arrows leave the field as they do in spreadsheets. */
function startEdit(cell: HTMLElement, options: Grid, context: Context, typed: string | null): void {
  const { row, column } = placeOf(cell);
  const table = cell.closest('table')!;
  const shown = [...cell.childNodes];
  const input = html('input', {
    class: 'edit',
    value: typed ?? context.shell.number(options.cell(row, column).value, { maximumFractionDigits: 20 }),
    'aria-label': cell.getAttribute('aria-label'),
    autocomplete: 'off',
    spellcheck: 'false',
    enterkeyhint: 'done',
  });
  let open = true;
  const finish = (focus: boolean): void => {
    open = false;
    release(cell);
    cell.replaceChildren(...shown);
    if (focus) (cellAt(table, row, column) ?? cell).focus();
  };
  const commit = (focus: boolean): boolean => {
    const value = readNumber(input.value);
    if (value === null) {
      context.announce(context.shell('not a number', { text: input.value }));
      if (focus) input.setAttribute('aria-invalid', 'true');
      else finish(false);
      return false;
    }
    finish(focus);
    options.edit([{ row, column, value: clamp(value, options, context) }]);
    return true;
  };
  input.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.key === 'Enter') {
      event.preventDefault();
      commit(true);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      finish(true);
    } else if (/^Arrow(Up|Down)$/.test(event.key) || (typed !== null && /^Arrow(Left|Right)$/.test(event.key))) {
      event.preventDefault();
      if (!commit(true)) return;
      const [down, right] = ways[event.key]!;
      cellAt(table, row + down, column + right)?.focus();
    }
  });
  input.addEventListener('blur', () => {
    if (open) commit(false);
  });
  hold(cell);
  cell.replaceChildren(input);
  input.focus();
  if (typed === null) input.select();
  else input.setSelectionRange(typed.length, typed.length);
}

function clamp(value: number, { min = -Infinity, max = Infinity }: Grid, { shell: t, announce }: Context): number {
  const near = Math.min(Math.max(value, min), max);
  if (near !== value) announce(t('limited', { value, near }));
  return near;
}

function onPaste(event: ClipboardEvent, options: Grid, context: Context): void {
  const cell = cellOf(event.target);
  if (!cell || event.target !== cell) return;
  event.preventDefault();
  const text = event.clipboardData?.getData('text/plain') ?? '';
  const block = readBlock(text);
  if (!block) {
    context.announce(context.shell('not a block'));
    return;
  }
  const { row, column } = placeOf(cell);
  const changes = block.flatMap((values, i) =>
    values.map((value, j) => ({ row: row + i, column: column + j, value: clamp(value, options, context) })),
  );
  const inside = changes.filter((change) => change.row < options.rows && change.column < options.columns);
  options.edit(inside);
  context.announce(context.shell('pasted', { n: inside.length }));
}
