// The present figure as one SVG, for slides: the matrices as they stand, with what is marked.

import { svg } from '../shared/dom.ts';
import type { MatrixFigure } from './figure.ts';

const cell = 34;
const gap = 28;
const head = 26;

/** Matrices in rows, what is never read struck through; `nameOf` and `text` write in the page's language, numbers with a dot. */
export function pictureOf(
  rows: readonly (readonly MatrixFigure[])[],
  nameOf: (matrix: MatrixFigure) => string,
): SVGSVGElement {
  let y = 8;
  let width = 0;
  const drawn: SVGElement[] = [];
  for (const row of rows) {
    let x = 8;
    for (const matrix of row) {
      drawn.push(svg('g', { transform: `translate(${x} ${y})` }, draw(matrix, nameOf(matrix))));
      x += Math.max(matrix.columns * cell, nameOf(matrix).length * 7.5) + gap;
    }
    width = Math.max(width, x);
    y += Math.max(0, ...row.map(({ rows: n }) => n * cell)) + head + gap;
  }
  return svg(
    'svg',
    {
      viewBox: `0 0 ${width} ${y}`,
      width,
      height: y,
      'font-family': 'sans-serif',
      'font-size': 14,
      'data-picture': true,
    },
    drawn,
  );
}

function draw({ rows, columns, cells, divisor = 1 }: MatrixFigure, name: string): SVGElement[] {
  const boxes = cells.flatMap(({ value, marks }, i) => {
    const [x, y] = [(i % columns) * cell, Math.floor(i / columns) * cell + head];
    const is = (mark: (typeof marks)[number]) => marks.includes(mark);
    const fill = is('now') ? '#00609a' : is('in') ? '#cfe4f2' : is('pad') || is('never') ? '#eeeeea' : '#ffffff';
    const box = svg('rect', {
      x,
      y,
      width: cell,
      height: cell,
      fill,
      stroke: is('in') ? '#00609a' : '#82868a',
      'stroke-width': is('in') ? 2 : 1,
    });
    const stroke = svg('path', { d: `M${x} ${y + cell}l${cell} ${-cell}`, stroke: '#82868a' });
    const drawn = is('never') ? [box, stroke] : [box];
    if (value === null) return drawn;
    const ink = is('now') ? '#ffffff' : is('pad') ? '#565b61' : '#1c1e21';
    return [
      ...drawn,
      svg(
        'text',
        { x: x + cell / 2, y: y + cell / 2, 'text-anchor': 'middle', 'dominant-baseline': 'central', fill: ink },
        String(Number(value.toFixed(2))),
      ),
    ];
  });
  return [
    svg('text', { x: 0, y: 14, fill: '#1c1e21' }, divisor > 1 ? `${name} ÷ ${divisor}` : name),
    svg('g', {}, boxes),
    svg('rect', {
      x: 0,
      y: head,
      width: columns * cell,
      height: rows * cell,
      fill: 'none',
      stroke: '#1c1e21',
      'stroke-width': 1.5,
    }),
  ];
}
