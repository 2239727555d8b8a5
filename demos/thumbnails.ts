// The small pictures of the index's cards, drawn in the theme's colours.
import { svg } from './shared/dom.ts';

const cell = (x: number, y: number, size: number, fill: string): SVGRectElement =>
  svg('rect', { x, y, width: size, height: size, class: fill });

const cells = (x: number, y: number, size: number, rows: readonly string[]): SVGRectElement[] =>
  rows.flatMap((row, i) =>
    row.split('').map((letter, j) => cell(x + j * size, y + i * size, size, letter === '#' ? 'on' : 'off')),
  );

const picture = (...children: SVGElement[]): SVGSVGElement =>
  svg('svg', { viewBox: '0 0 160 90', class: 'thumbnail', 'aria-hidden': 'true', focusable: 'false' }, children);

export const thumbnails = {
  conv: (): SVGSVGElement =>
    picture(
      ...cells(12, 15, 12, ['.....', '.###.', '.###.', '.###.', '.....']),
      svg('path', { class: 'flow', d: 'M80 45h18m-6-5 6 5-6 5' }),
      ...cells(106, 27, 12, ['...', '.#.', '...']),
    ),
  bench: (): SVGSVGElement =>
    picture(
      svg('path', { class: 'axis', d: 'M16 12v64h130' }),
      svg('path', { class: 'first', d: 'M18 66L74 26H144' }),
      ...[
        [40, 56],
        [58, 50],
        [92, 34],
        [118, 30],
      ].map(([x, y]) => cell(x!, y!, 6, 'on')),
    ),
  train_once: (): SVGSVGElement =>
    picture(
      svg('path', { class: 'axis', d: 'M16 12v64h130' }),
      svg('path', { class: 'first', d: 'M18 20C34 58 56 68 142 71' }),
      svg('path', { class: 'second', d: 'M18 26C38 54 60 60 142 61' }),
    ),
};
