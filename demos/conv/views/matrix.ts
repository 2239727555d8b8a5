// Draws one matrix of a figure: a grid, or colours with digits around the focus where it is large.

import './matrix.css';
import { colour } from '../../shared/theme.ts';
import { html, svg, type Child } from '../../shared/dom.ts';
import { grid, type Cell as GridCell, type CellChange } from '../../shared/grid.ts';
import { matrixTable, tableBody } from '../../shared/matrix_table.ts';
import { tint } from '../../shared/tint.ts';
import { largest, type Cell, type Mark, type MatrixFigure } from '../figure.ts';
import type { ConvState } from '../state.ts';
import type { ConvContext } from '../words.ts';

export interface MatrixActions {
  /** Elements of the state's matrix that change. */
  readonly edited?: (matrix: MatrixFigure, changes: readonly { readonly at: number; readonly value: number }[]) => void;
}

const digits = { maximumFractionDigits: 2 };

/** "Kernel K, filter 2, channel 1". */
export function matrixName({ t }: ConvContext, { name, part, id }: MatrixFigure, state: ConvState): string {
  const whole = id.startsWith('k') && name === 'turned' ? t('turned kernel') : t(`name ${name}`);
  if (part === null) return whole;
  if (name === 'kernel' || name === 'weightGradient' || (name === 'turned' && id.startsWith('k'))) {
    const depth = state.op === 'transposed' && name === 'kernel' ? state.cout / state.g : state.cin / state.g;
    return `${whole}, ${filterChannel(t, part, depth)}`;
  }
  const isGroup = ['columns', 'weightRows', 'product', 'dColumns', 'turned'].includes(name);
  return `${whole}, ${isGroup ? t('group', { letter: 'ABCD'[part]! }) : t('channel', { n: part + 1 })}`;
}

/** "filter 2, channel 1" of the planes of filters with `depth` channels each, counted from 0. */
export const filterChannel = (t: ConvContext['t'], plane: number, depth: number): string =>
  t('filter channel', { filter: Math.floor(plane / depth) + 1, channel: (plane % depth) + 1 });

export function matrixView(
  context: ConvContext,
  state: ConvState,
  matrix: MatrixFigure,
  actions: MatrixActions,
): HTMLElement {
  const { t } = context;
  const name = matrixName(context, matrix, state);
  const divisor = matrix.divisor && matrix.divisor > 1 ? ` ÷ ${t.number(matrix.divisor)}` : '';
  const heat = matrix.cells.length > largest;
  return html(
    'figure',
    {
      class: 'figure',
      key: matrix.id,
      'data-matrix': matrix.name,
      'data-rows': matrix.rows,
      'data-columns': matrix.columns,
    },
    html(
      'figcaption',
      {},
      name,
      html(
        'span',
        { class: 'shape' },
        ` ${t('matrix shape', { rows: matrix.rows, columns: matrix.columns })}${divisor}`,
      ),
    ),
    heat ? heatMap(context, matrix, name) : whole(context, matrix, name, actions),
  );
}

function whole(context: ConvContext, matrix: MatrixFigure, name: string, actions: MatrixActions): HTMLElement {
  const { id, rows, columns } = matrix;
  const at = (row: number, column: number): Cell => matrix.cells[row * columns + column]!;
  // How often kernels meet is seen as a pattern, like a checkerboard, before it is read.
  const most = matrix.name === 'overlap' ? Math.max(...matrix.cells.map(({ value }) => value!)) : 0;
  const shared = {
    key: id,
    name,
    rows,
    columns,
    cell: (row: number, column: number) => {
      const cell = described(context, at(row, column));
      return { ...cell, properties: { ...cell.properties, ...tint(cell.value, most) } };
    },
  };
  const { edited } = actions;
  const change = (changes: readonly CellChange[]): void =>
    edited?.(
      matrix,
      changes.flatMap(({ row, column, value }) => {
        const { edit } = at(row, column);
        return edit === undefined ? [] : [{ at: edit, value }];
      }),
    );
  return html(
    'div',
    { class: 'stack' },
    matrix.editable && edited
      ? grid(context, { ...shared, edit: change, min: -9999, max: 9999 })
      : matrixTable(context, shared),
    matrix.arcs && matrix.arcs.length > 0 ? arcs(matrix) : null,
  );
}

const looks: Partial<Record<Mark, string>> = { in: 'in-window', now: 'current', pad: 'padding', never: 'unread' };

function described({ t }: ConvContext, { value, marks, count, data }: Cell): GridCell {
  // The table has rows and columns of its own.
  const { row: _, column: __, ...known } = data;
  const { place, channel } = known;
  const notes = [...(value === null ? [t('value none')] : []), ...marks.map((mark) => t(`mark ${mark}`))];
  if (count !== undefined) notes.push(t('hit count', { n: count }));
  const attributes = {
    ...known,
    marks: marks.join(' '),
    count,
    link: place === undefined || channel === undefined ? undefined : `${channel}:${place}`,
  };
  return {
    value: value ?? 0,
    text: value === null ? '' : t.number(value, digits),
    note: notes.join(', '),
    properties: {
      class: marks.map((mark) => looks[mark] ?? mark).join(' ') || undefined,
      ...Object.fromEntries(Object.entries(attributes).map(([key, given]) => [`data-${key}`, given])),
    },
  };
}

/** From padding to the element that it mirrors. Cells are squares of 1. */
function arcs({ arcs: all = [], rows, columns }: MatrixFigure): SVGElement {
  const paths = all.map(([[r, c], [sr, sc]]) => {
    const [x, y, x2, y2] = [c + 0.5, r + 0.5, sc + 0.5, sr + 0.5];
    const [mx, my] = [(x + x2) / 2 + (y2 - y) * 0.25, (y + y2) / 2 - (x2 - x) * 0.25];
    return svg('path', { d: `M${x} ${y}Q${mx} ${my} ${x2} ${y2}`, 'marker-end': 'url(#arrow)' });
  });
  return svg(
    'svg',
    { class: 'arcs', viewBox: `0 0 ${columns} ${rows}`, 'aria-hidden': true, preserveAspectRatio: 'none' },
    svg(
      'marker',
      { id: 'arrow', viewBox: '0 0 4 4', refX: 3, refY: 2, markerWidth: 4, markerHeight: 4, orient: 'auto' },
      svg('path', { d: 'M0 0L4 2L0 4z' }),
    ),
    paths,
  );
}

const around = [4, 3] as const;

function heatMap(context: ConvContext, matrix: MatrixFigure, name: string): Child {
  const { t } = context;
  const [row, column] = matrix.focus ?? [0, 0];
  const from = [Math.max(0, row - around[0]), Math.max(0, column - around[1])] as const;
  const to = [Math.min(matrix.rows, row + around[0] + 1), Math.min(matrix.columns, column + around[1] + 1)] as const;
  const draw = (canvas: Element): void => paint(canvas as HTMLCanvasElement, matrix);
  const canvas = html('canvas', {
    class: 'heat',
    role: 'img',
    own: true,
    width: side * matrix.columns,
    height: side * matrix.rows,
    'data-column': column,
    'data-row': row,
    'aria-label': t('heat map', {
      matrix: name,
      rows: matrix.rows,
      columns: matrix.columns,
      row: row + 1,
      column: column + 1,
    }),
    updated: draw,
  });
  draw(canvas);
  return [
    canvas,
    html(
      'table',
      { class: 'matrix', 'aria-label': name },
      tableBody(to[0] - from[0], to[1] - from[1], (r, c) => {
        const { text, properties } = described(context, matrix.cells[(r + from[0]) * matrix.columns + c + from[1]]!);
        return html('td', properties, text);
      }),
    ),
  ];
}

/** Pixels of a cell's side. The middle line of a cell below zero is a minus in ink: the sign is not told by colour alone. */
const side = 3;

function paint(canvas: HTMLCanvasElement, { cells, rows, columns }: MatrixFigure): void {
  const [width, height] = [side * columns, side * rows];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext('2d');
  if (!pen) return;
  const most = cells.reduce((m, { value }) => Math.max(m, Math.abs(value ?? 0)), 0) || 1;
  const [zero, plus, minus, accent, ink, accentInk] = [
    '--zero',
    '--plus',
    '--minus',
    '--accent',
    '--ink',
    '--accent-ink',
  ].map((name) => rgb(colour(name))) as [number[], number[], number[], number[], number[], number[]];
  const image = pen.createImageData(width, height);
  cells.forEach(({ value, marks }, i) => {
    const isBelow = (value ?? 0) < 0;
    const share = Math.abs(value ?? 0) / most;
    const end = isBelow ? minus : plus;
    const marked = marks.includes('in') || marks.includes('now');
    const mixed = marked ? accent : zero.map((z, k) => z + (end[k]! - z) * share);
    const line = isBelow ? (marked ? accentInk : ink) : mixed;
    const first = side * (width * Math.floor(i / columns) + (i % columns));
    for (let r = 0; r < side; r++)
      for (let c = 0; c < side; c++)
        image.data.set([...(r === 1 ? line : mixed), value === null ? 60 : 255], 4 * (first + width * r + c));
  });
  pen.putImageData(image, 0, 0);
}

/** Of `#rrggbb`, or of `#rgb` as a build shortens it. */
function rgb(hex: string): number[] {
  const long = hex.length === 4 ? hex.replace(/\w/g, '$&$&') : hex;
  return [1, 3, 5].map((i) => parseInt(long.slice(i, i + 2), 16) || 0);
}
