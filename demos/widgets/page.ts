// Each widget of the shell once: what page writers copy from, and what the widgets' tests press.
import { codePanel } from '../shared/code.ts';
import type { Context } from '../shared/context.ts';
import { choiceControl, numberControl, switchControl } from '../shared/controls.ts';
import { html, math, svg, type Child } from '../shared/dom.ts';
import { exportMenu } from '../shared/export.ts';
import { grid, type Cell } from '../shared/grid.ts';
import { matrixTable } from '../shared/matrix_table.ts';
import { openPage } from '../shared/page.ts';
import { sheet } from '../shared/sheet.ts';
import type { Matrix } from '../shared/state.ts';
import { stepperBar } from '../shared/stepper.ts';
import { tint } from '../shared/tint.ts';
import { columns, fields, type State } from './state.ts';
import { words } from './words.ts';

const ramp = (rows: number): Matrix => ({
  shape: [rows, columns],
  values: Array.from({ length: rows * columns }, (_, i) => i - 5),
});

type Own = Context<State, keyof typeof words.en>;

/** The matrix has as many rows as `rows` says; what it had stays. */
function settle(state: State): State {
  const { rows, x } = state;
  if (x.shape[0] === rows) return state;
  const values = Array.from({ length: rows * columns }, (_, i) => x.values[i] ?? 0);
  return { ...state, x: { shape: [rows, columns], values } };
}

function view(state: State, context: Own): Child {
  const { t } = context;
  const { rows, x, step } = state;
  const count = rows * columns;
  const at = Math.min(step, count - 1);
  const cell = (factor: number, row: number, column: number): Cell => {
    const value = factor * x.values[row * columns + column]!;
    const current = row * columns + column === at;
    return {
      value,
      ...(current ? { note: t('current') } : {}),
      properties: { ...tint(value, 8 * factor), class: current ? 'current' : null },
    };
  };
  const sum = x.values.reduce((total, value) => total + value, 0);
  return [
    html('p', {}, t('lead')),
    html(
      'div',
      { class: 'beside' },
      sheet(
        context,
        { key: 'parameters', title: t('parameters'), over: '.figures' },
        numberControl(context, {
          label: t('rows'),
          value: rows,
          min: 1,
          max: 5,
          set: (value) => context.set({ rows: value }),
        }),
        numberControl(context, {
          label: t('rate'),
          value: state.rate,
          min: 0,
          max: 1,
          step: 0.05,
          set: (rate) => context.set({ rate }),
        }),
        choiceControl({
          label: t('mode'),
          value: state.mode,
          of: ['zeros', 'reflect'],
          name: (mode) => t(mode),
          set: (mode) => context.set({ mode }),
        }),
        switchControl({ label: t('bias'), value: state.bias, set: (bias) => context.set({ bias }) }),
        html(
          'p',
          {},
          html(
            'button',
            { type: 'button', id: 'preset', on: { click: () => context.set({ x: ramp(rows), step: 0 }, 'push') } },
            t('preset'),
          ),
        ),
      ),
      html(
        'div',
        {},
        html(
          'div',
          { class: 'figures' },
          html(
            'figure',
            { 'data-part': 'input' },
            html('figcaption', {}, t('input')),
            grid(context, {
              key: 'x',
              name: t('input'),
              rows,
              columns,
              min: -99,
              max: 99,
              cell: (row, column) => cell(1, row, column),
              edit(changes) {
                const values = [...x.values];
                for (const { row, column, value } of changes) values[row * columns + column] = value;
                context.set({ x: { shape: x.shape, values } });
              },
            }),
            exportMenu(context, { key: 'export', name: t('input'), picture: () => pictureOf(x.values, columns) }),
          ),
          html(
            'figure',
            {},
            html('figcaption', {}, t('doubled')),
            matrixTable(context, {
              key: 'y',
              name: t('doubled'),
              rows,
              columns,
              cell: (row, column) => cell(2, row, column),
            }),
            exportMenu(context, {
              key: 'export-doubled',
              name: t('doubled'),
              picture: () =>
                pictureOf(
                  x.values.map((value) => 2 * value),
                  columns,
                ),
            }),
          ),
        ),
        html('p', { id: 'sum' }, t.rich('sum', { n: count, sum: math('math', {}, math('mn', {}, t.number(sum))) })),
        stepperBar(context, { state, count }),
        codePanel(context, {
          samples: [
            { id: 'js', title: 'JavaScript', text: `[${x.values.join(', ')}].reduce((a, b) => a + b, 0); // ${sum}` },
            { id: 'python', title: 'Python', text: `sum([${x.values.join(', ')}])  # ${sum}` },
          ],
          chosen: state.code,
          choose: (code) => context.set({ code }),
        }),
      ),
    ),
  ];
}

function pictureOf(values: readonly number[], columns: number): SVGSVGElement {
  const [width, height] = [40 * columns, (40 * values.length) / columns];
  const digit = (value: number, i: number): Child =>
    svg(
      'text',
      {
        x: 40 * (i % columns) + 20,
        y: 40 * Math.floor(i / columns) + 26,
        'text-anchor': 'middle',
        fill: 'currentColor',
      },
      value,
    );
  return svg('svg', { width, height, viewBox: `0 0 ${width} ${height}` }, values.map(digit));
}

void openPage({ id: 'widgets', fields, words, title: 'title', settle, steps: ({ rows }) => rows * columns, view });
