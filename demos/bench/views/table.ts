// The table of rows. Its lines are kept from one view to the next, since there may be hundreds: only new ones are made, a few
// in each frame.

import './table.css';
import { html, place, type Child } from '../../shared/dom.ts';
import { copyText } from '../../shared/clipboard.ts';
import { download } from '../../shared/export.ts';
import { icon } from '../../shared/icons.ts';
import { scrollBox } from '../../shared/scroll_box.ts';
import { choiceControl } from '../../shared/controls.ts';
import type { BenchResult, Row } from '../core/result.ts';
import { medianText, milliseconds, number, percent } from '../format.ts';
import { isTooShort, isWrong, shownRows, type Numbered } from '../rows.ts';
import { columns, type Column, type LabState } from '../state.ts';
import { skippedText } from '../skipped.ts';
import { csvOf, markdownOf } from '../table_text.ts';
import type { LabContext } from '../words.ts';
import { textField } from './controls.ts';
import { detailsView, formulaText } from './details.ts';

const opened = new WeakSet<Row>();

export function tableView(context: LabContext, state: LabState, result: BenchResult): HTMLElement {
  const { t, set } = context;
  const shown = shownRows(result.rows, state);
  return html(
    'section',
    { class: 'results', key: 'results', 'aria-label': t('results'), 'data-part': 'table' },
    html('h2', {}, t('results')),
    html(
      'div',
      { class: 'filters' },
      textField(t('find'), state.find, t('find hint'), (find) => set({ find })),
      choiceControl({
        label: t('show'),
        value: state.show,
        of: ['all', 'right', 'wrong', 'flagged', 'preferred'],
        name: (show) => t(`show ${show}`),
        set: (show) => set({ show }),
      }),
      html(
        'button',
        { type: 'button', id: 'copy-markdown', on: { click: () => void copyText(context, markdownOf(shown)) } },
        icon('copy'),
        t('copy markdown'),
      ),
      html(
        'button',
        { type: 'button', id: 'copy-csv', on: { click: () => void copyText(context, csvOf(shown)) } },
        icon('copy'),
        t('copy csv'),
      ),
      html(
        'button',
        {
          type: 'button',
          id: 'save-csv',
          on: { click: () => download('bench.csv', new Blob([csvOf(shown)], { type: 'text/csv' })) },
        },
        icon('download'),
        t('save csv'),
      ),
    ),
    scrollBox(
      t('results'),
      html(
        'table',
        { class: 'rows', id: 'rows' },
        html('caption', { class: 'unseen' }, t('table caption', { n: shown.length })),
        html(
          'thead',
          { key: 'head' },
          html(
            'tr',
            {},
            columns.map((column) => headCell(context, state, column)),
          ),
        ),
        bodyView(context, shown),
      ),
      'rows-box',
    ),
  );
}

function headCell({ t, set }: LabContext, { sort, down }: LabState, column: Column): HTMLElement {
  const sorted = sort === column;
  return html(
    'th',
    { scope: 'col', class: `c-${column}`, 'aria-sort': sorted ? (down ? 'descending' : 'ascending') : null },
    html(
      'button',
      {
        type: 'button',
        title: t(`column ${column} says`),
        on: { click: () => set(sorted ? { down: !down } : { sort: column, down: descends.has(column) }) },
      },
      t(`column ${column}`),
      html('span', { 'aria-hidden': 'true' }, sorted ? (down ? ' ▼' : ' ▲') : ''),
    ),
  );
}

/** Where more is better, the most stands first. */
const descends = new Set<Column>(['gflops', 'gigabytes', 'roof', 'absolute', 'relative', 'tolerance']);

/** Of a frame's time what new lines may take: what they cost the browser to lay out comes on top. */
const budgetMs = 4;
let latest = 0;

/** `aria-busy` until all its lines are there. */
function bodyView(context: LabContext, shown: readonly Numbered[]): HTMLElement {
  const view = ++latest;
  const fill = (element: Element): void => {
    const until = performance.now() + budgetMs;
    let whole = true;
    const lines = shown.map((one) => {
      const made = isMade(context, one);
      if (made || performance.now() < until) return linesOf(context, one);
      whole = false;
      return kept.get(one.row)?.elements;
    });
    place(element, lines);
    element.setAttribute('aria-busy', String(!whole));
    if (!whole) requestAnimationFrame(() => view === latest && fill(element));
  };
  const body = html('tbody', { key: 'body', own: true, updated: fill });
  if (!document.querySelector('#rows tbody')) fill(body);
  return body;
}

interface Lines {
  readonly look: string;
  readonly elements: readonly HTMLElement[];
}

const kept = new WeakMap<Row, Lines>();

const lookOf = ({ language }: LabContext, { row, number: at, best, longest }: Numbered): string =>
  `${language} ${at} ${opened.has(row)} ${best} ${longest}`;

const isMade = (context: LabContext, one: Numbered): boolean => kept.get(one.row)?.look === lookOf(context, one);

function linesOf(context: LabContext, one: Numbered): readonly HTMLElement[] {
  const { row } = one;
  if (!isMade(context, one)) {
    const open = opened.has(row);
    const elements = [lineOf(context, one, open), ...(open ? [detailLine(context, one)] : [])];
    kept.set(row, { look: lookOf(context, one), elements });
  }
  return kept.get(row)!.elements;
}

function toggle(context: LabContext, row: Row): void {
  if (!opened.delete(row)) opened.add(row);
  context.refresh();
}

function lineOf(context: LabContext, one: Numbered, open: boolean): HTMLElement {
  const { t } = context;
  const { row, number: at } = one;
  const { check, roof } = row;
  const wrong = isWrong(row);
  const checked = check.state !== 'not checked';
  const cell = (column: Column, child: Child, more: Record<string, string | null> = {}): HTMLElement =>
    html('td', { class: `c-${column}`, ...more }, child);
  const formula = formulaText(t, row);
  return html(
    'tr',
    {
      key: at,
      class: wrong ? 'wrong' : null,
      'data-row': at,
      'data-check': check.state,
      // Not measured, for want of a feature or for its size: its button can still be reached, and says why.
      'aria-disabled': row.skipped ? 'true' : null,
    },
    cell(
      'order',
      html(
        'button',
        {
          type: 'button',
          class: 'more',
          'aria-expanded': open,
          'aria-label': [
            t('details of', { row: at, name: `${row.subject} ${row.variant} ${row.shape}` }),
            ...(row.skipped ? [skippedText(t, row.skipped)] : []),
          ].join('. '),
          title: row.skipped ? skippedText(t, row.skipped) : null,
          on: { click: () => toggle(context, row) },
        },
        String(at),
      ),
    ),
    cell('check', checkText(t, row)),
    html('th', { scope: 'row', class: 'c-kernel' }, row.subject),
    cell('variant', [
      html('span', { class: 'struck' }, row.variant),
      row.preferred && row.suite !== 'roofs' ? html('span', { class: 'mark', title: t('preferred') }, ' *') : null,
      remark(context, one),
    ]),
    cell('shape', row.shape),
    cell('dtype', row.dtype),
    cell('median', medianCell(context, one)),
    cell('gflops', row.gflops === null ? '' : number(t, row.gflops), { title: formula }),
    cell('gigabytes', row.gigabytesPerSecond === null ? '' : number(t, row.gigabytesPerSecond), { title: formula }),
    cell('roof', roof === null ? '' : [percent(t, roof.share), html('small', {}, t(`bound ${roof.bound}`))]),
    cell('absolute', checked ? number(t, check.maxAbsolute) : ''),
    cell('relative', checked ? number(t, check.maxRelative) : ''),
    cell('tolerance', checked ? toleranceText(t, row) : ''),
  );
}

function toleranceText(t: LabContext['t'], { check }: Row): Child {
  const share = t('of tolerance', { share: percent(t, Math.min(check.worst, 1e6)) });
  return [check.tolerance === undefined ? '' : number(t, check.tolerance), html('small', {}, share)];
}

function checkText(t: LabContext['t'], { check, flags }: Row): Child {
  const flagged = flags.filter((flag) => flag !== 'below resolution');
  return [
    html('span', { class: `verdict ${check.state.replace(' ', '-')}` }, t(`check ${check.state}`)),
    ...flagged.map((flag) => html('small', { class: 'flag' }, t(flag === 'hidden' ? 'flag hidden' : 'flag disturbed'))),
  ];
}

function remark({ t }: LabContext, { row, best }: Numbered): Child {
  if (isWrong(row)) return null; // said above the table and in its details
  if (row.skipped) return html('small', {}, skippedText(t, row.skipped));
  if (!row.summary || best === null || row.suite === 'roofs' || isTooShort(row)) return null;
  if (row.summary.median === best) return html('small', {}, t('fastest'));
  return html(
    'small',
    {},
    t('times the fastest', { ratio: t.number(row.summary.median / best, { maximumFractionDigits: 2 }) }),
  );
}

/** The bar is the median against the longest time for the same work, the whisker the 10th to the 90th percentile. */
function medianCell({ t }: LabContext, { row, longest }: Numbered): Child {
  const { summary } = row;
  if (!summary) return '';
  const share = (value: number): string => `${((100 * value) / Math.max(longest, 1)).toFixed(1)}%`;
  const style = `--median:${share(summary.median)};--low:${share(summary.p10)};--high:${share(summary.p90)}`;
  return [
    html('span', { class: 'value' }, medianText(t, row)),
    isTooShort(row)
      ? null
      : html('small', {}, t('range', { low: milliseconds(t, summary.p10), high: milliseconds(t, summary.p90) })),
    isTooShort(row) ? null : html('span', { class: 'bar', style, 'aria-hidden': 'true' }),
  ];
}

function detailLine(context: LabContext, one: Numbered): HTMLElement {
  return html(
    'tr',
    { key: `${one.number} details`, class: 'detail' },
    html('td', { colspan: columns.length }, detailsView(context, one.row)),
  );
}
