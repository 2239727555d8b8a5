// The roofline: what each kernel reaches against the ceilings that were measured on the same device.

import './roofline.css';
import { html, svg, type Child } from '../../shared/dom.ts';
import { exportMenu } from '../../shared/export.ts';
import { scrollBox } from '../../shared/scroll_box.ts';
import type { BenchResult, Row } from '../core/result.ts';
import { number, percent } from '../format.ts';
import { savePng } from '../png.ts';
import { layoutOf, marks, size, type Layout, type Point } from '../roofline_layout.ts';
import { numbered, shownRows } from '../rows.ts';
import type { LabState } from '../state.ts';
import type { LabContext } from '../words.ts';

const shown = (): SVGSVGElement => document.querySelector('#roofline-picture')!;

/** The point that has the focus, by its row's number. */
let chosen = 0;

export function rooflineView(context: LabContext, state: LabState, result: BenchResult): Child {
  const { t } = context;
  const layout = layoutOf(shownRows(result.rows, state), numbered(result.rows));
  return html(
    'section',
    { class: 'roofline', key: 'roofline', 'data-part': 'roofline', 'aria-label': t('roofline') },
    html('h2', {}, t('roofline')),
    layout === null
      ? html('p', { class: 'hint' }, t('no points'))
      : figureView(context, layout, mostOf(context, result.rows, layout.points.length)),
  );
}

/** Points are drawn some in each frame, since a run may have hundreds. */
const pointsInFrame = 80;
let drawn: { readonly rows: readonly Row[]; readonly points: number } | null = null;

function mostOf(context: LabContext, rows: readonly Row[], points: number): number {
  const before = drawn?.rows === rows ? drawn.points : 0;
  if (before >= points) return points;
  drawn = { rows, points: before + pointsInFrame };
  if (drawn.points < points) requestAnimationFrame(() => context.refresh());
  return drawn.points;
}

function figureView(context: LabContext, layout: Layout, most: number): Child {
  const { t } = context;
  const { points, roofs } = layout;
  const variants = [...new Set(points.map(({ one }) => one.row.variant))];
  const current = points.find(({ one }) => one.number === chosen) ?? points[0]!;
  const picture = svg(
    'svg',
    {
      viewBox: `0 0 ${size.width} ${size.height}`,
      id: 'roofline-picture',
      role: 'group',
      'aria-label': t('roofline name', { n: points.length }),
    },
    gridView(context, layout),
    ceilings(context, layout),
    svg(
      'g',
      { 'data-roving': '', class: 'points', on: { keydown: (event) => move(context, points, event) } },
      points
        .slice(0, most)
        .map((point) => pointView(context, point, variants.indexOf(point.one.row.variant), point === current)),
    ),
  );
  return html(
    'figure',
    {},
    html('p', { class: 'hint' }, roofs ? t('roofline says') : t('no roofs')),
    scrollBox(t('roofline'), picture, 'roofline-box', false),
    html('p', { class: 'chosen-point', id: 'chosen-point' }, describe(context, current)),
    legend(context, variants),
    exportMenu(context, {
      key: 'export-roofline',
      name: t('roofline'),
      picture: shown,
      more: [{ label: () => t('save png'), act: () => void savePng(t('roofline'), shown()) }],
    }),
  );
}

function gridView({ t }: LabContext, { x, y }: Layout): Child {
  const decades = ({ from, to }: Layout['x']): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const bottom = size.height - size.bottom;
  const power = (exponent: number): string => t.number(10 ** exponent, { maximumSignificantDigits: 1 });
  return svg(
    'g',
    { class: 'grid', 'aria-hidden': 'true' },
    decades(x).map((exponent) => {
      const at = x.at(10 ** exponent).toFixed(1);
      return [
        svg('line', { x1: at, x2: at, y1: size.top, y2: bottom }),
        svg('text', { x: at, y: bottom + 16, 'text-anchor': 'middle' }, power(exponent)),
      ];
    }),
    decades(y).map((exponent) => {
      const at = y.at(10 ** exponent);
      return [
        svg('line', { x1: size.left, x2: size.width - size.right, y1: at.toFixed(1), y2: at.toFixed(1) }),
        svg('text', { x: size.left - 6, y: (at + 4).toFixed(1), 'text-anchor': 'end' }, power(exponent)),
      ];
    }),
    svg(
      'text',
      { x: (size.left + size.width - size.right) / 2, y: size.height - 8, 'text-anchor': 'middle' },
      t('intensity axis'),
    ),
    svg(
      'text',
      { transform: `translate(14 ${(size.top + bottom) / 2}) rotate(-90)`, 'text-anchor': 'middle' },
      'GFLOP/s',
    ),
  );
}

/** The stream copy's slope up to the ridge, and the multiply-adds' level from there. */
function ceilings({ t }: LabContext, { x, y, roofs }: Layout): Child {
  if (!roofs) return null;
  const peak = roofs.flopsPerSecond / 1e9;
  const bandwidth = roofs.bytesPerSecond / 1e9;
  const ridge = peak / bandwidth;
  const least = Math.max(10 ** x.from, 10 ** y.from / bandwidth);
  const start = { x: x.at(least), y: y.at(least * bandwidth) };
  const corner = { x: x.at(ridge), y: y.at(peak) };
  const end = size.width - size.right;
  const angle = (Math.atan2(corner.y - start.y, corner.x - start.x) * 180) / Math.PI;
  const middle = { x: (start.x + corner.x) / 2, y: (start.y + corner.y) / 2 };
  return svg(
    'g',
    { class: 'ceilings', 'data-measured': true },
    svg('path', {
      d: `M${start.x.toFixed(1)} ${start.y.toFixed(1)}L${corner.x.toFixed(1)} ${corner.y.toFixed(1)}H${end}`,
    }),
    svg(
      'text',
      { x: end, y: (corner.y - 6).toFixed(1), 'text-anchor': 'end' },
      t('roof multiply-adds', { rate: number(t, peak) }),
    ),
    svg(
      'text',
      {
        transform: `translate(${middle.x.toFixed(1)} ${(middle.y - 6).toFixed(1)}) rotate(${angle.toFixed(1)})`,
        'text-anchor': 'middle',
      },
      t('roof copy', { rate: number(t, bandwidth) }),
    ),
  );
}

const runOf = (variant: number): number => (variant % 8) + 1;

/** Colour and shape go by the variant; after eight of them shapes come with another colour. */
const markOf = (variant: number): string => marks[(variant + Math.floor(variant / 8)) % 8]!;

function pointView(context: LabContext, point: Point, variant: number, current: boolean): SVGElement {
  const { one, x, y, labelled } = point;
  const choose = (): void => {
    if (chosen === one.number) return;
    chosen = one.number;
    context.refresh();
  };
  return svg(
    'g',
    {
      key: one.number,
      class: `point run-${runOf(variant)}${current ? ' current' : ''}`,
      transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
      role: 'img',
      tabindex: current ? 0 : -1,
      'data-row': one.number,
      'aria-label': describe(context, point),
      on: { focus: choose, click: (event) => (event.currentTarget as SVGElement).focus() },
    },
    svg('path', { class: 'near', d: 'M-12-12h24v24h-24z' }),
    svg('path', { class: 'shape', d: markOf(variant) }),
    labelled || current ? svg('text', { x: 8, y: 4 }, String(one.number)) : null,
  );
}

function describe({ t }: LabContext, { one, intensity, gflops }: Point): string {
  const { row } = one;
  return t('point', {
    row: one.number,
    name: `${row.subject} ${row.shape}, ${row.variant}`,
    gflops: number(t, gflops),
    intensity: number(t, intensity),
    share: row.roof ? percent(t, row.roof.share) : '–',
  });
}

/** In the table's order, one Tab stop for all. */
function move(context: LabContext, points: readonly Point[], event: KeyboardEvent): void {
  const at = points.findIndex(({ one }) => String(one.number) === (event.target as SVGElement).dataset['row']);
  const to = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    Home: 0,
    End: points.length - 1,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const point = points[Math.min(Math.max(to, 0), points.length - 1)]!;
  document.querySelector<SVGElement>(`#roofline-picture [data-row="${point.one.number}"]`)?.focus();
}

function legend({ t }: LabContext, variants: readonly string[]): HTMLElement {
  return html(
    'ul',
    { class: 'legend', 'aria-label': t('legend') },
    variants.map((variant, i) =>
      html(
        'li',
        {},
        svg(
          'svg',
          { viewBox: '-8 -8 16 16', class: `run-${runOf(i)}`, 'aria-hidden': 'true', width: 16, height: 16 },
          svg('path', { class: 'shape', d: markOf(i) }),
        ),
        variant,
      ),
    ),
  );
}
