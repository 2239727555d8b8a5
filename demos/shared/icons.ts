// Icons drawn in the page: 20 × 20, lines of the text's colour, silent for screen readers (their buttons have names).
import { svg } from './dom.ts';

const paths = {
  first: 'M5.5 4v12M14.5 4.5L9 10l5.5 5.5',
  previous: 'M12.5 4.5L7 10l5.5 5.5',
  play: 'M6.5 4.5l8.5 5.5-8.5 5.5z',
  pause: 'M7 4v12M13 4v12',
  next: 'M7.5 4.5L13 10l-5.5 5.5',
  last: 'M14.5 4v12M5.5 4.5L11 10l-5.5 5.5',
  link: 'M8.5 11.5l3-3M9 6l1.8-1.8a3.5 3.5 0 0 1 5 5L14 11M11 14l-1.8 1.8a3.5 3.5 0 0 1-5-5L6 9',
  close: 'M5 5l10 10M15 5L5 15',
  warning: 'M10 3l8 14H2zM10 8v4.5M10 14.6v.2',
  information: 'M10 2.5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15zM10 9v5M10 6v.2',
  copy: 'M7 7h9v10H7zM4 13V3h9',
  download: 'M10 3v9M6 9l4 4 4-4M4 16.5h12',
  chip: 'M6 6h8v8H6zM8 3v3M12 3v3M8 14v3M12 14v3M3 8h3M3 12h3M14 8h3M14 12h3',
  up: 'M4.5 12.5L10 7l5.5 5.5',
  down: 'M4.5 7.5L10 13l5.5-5.5',
  taller: 'M10 3.5v13M6.5 7L10 3.5 13.5 7M6.5 13l3.5 3.5 3.5-3.5',
  more: 'M4.5 10h.2M10 10h.2M15.5 10h.2',
} as const;

export type Icon = keyof typeof paths;

export function icon(name: Icon): SVGSVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 20 20', width: 20, height: 20, class: `icon-${name}`, 'aria-hidden': 'true', focusable: 'false' },
    svg('path', { d: paths[name] }),
  );
}
