// The pictures of the present tab in their rows, with what belongs to each.

import { segments } from '../../shared/buttons.ts';
import { choiceControl, switchControl } from '../../shared/controls.ts';
import { html, type Child } from '../../shared/dom.ts';
import { exportMenu } from '../../shared/export.ts';
import { stepperBar } from '../../shared/stepper.ts';
import { forward, arithmeticOf, isPossible, type Arithmetic } from '../arithmetic.ts';
import type { Figure, MatrixName } from '../figure.ts';
import { inputGradientFigure } from '../gradient_figure.ts';
import { pictureOf } from '../picture.ts';
import { asked } from '../quiz.ts';
import { indexOf, type ConvState } from '../state.ts';
import { isPool, momentAt, stepsOf, walkOf, type Moment } from '../steps.ts';
import { insertedState } from '../inserted_figure.ts';
import { transposedFigure } from '../transposed_figure.ts';
import { weightGradientFigure } from '../weight_gradient_figure.ts';
import { windowFigure } from '../window_figure.ts';
import type { ConvContext } from '../words.ts';
import { editMatrix } from './edit.ts';
import { equationView } from './equation.ts';
import { matrixName, matrixView, type MatrixActions } from './matrix.ts';

const rowsOf: Record<Exclude<ConvState['tab'], 'image' | 'stack'>, readonly (readonly MatrixName[])[]> = {
  window: [['input', 'kernel', 'bias', 'output'], ['columns'], ['weightRows', 'product']],
  gemm: [
    ['weightRows', 'columns', 'product'],
    ['input', 'kernel', 'bias', 'output'],
  ],
  dx: [['target', 'gradient', 'inputGradient'], ['turned', 'dColumns'], ['input']],
  dw: [['target', 'gradient', 'weightGradient', 'biasGradient'], ['columns']],
  transposed: [['input', 'inserted', 'matrix', 'inputVector', 'kernel', 'turned', 'bias', 'output'], ['overlap']],
};

export function figureOf(state: ConvState, a: Arithmetic, moment: Moment): Figure {
  switch (state.tab) {
    case 'dx':
      return inputGradientFigure(state, a, moment);
    case 'dw':
      return weightGradientFigure(state, a, moment);
    case 'transposed':
      return transposedFigure(state, a, moment);
    default:
      return windowFigure(state, a, moment);
  }
}

/** The pictures, what is chosen about them, and their steps, which a page lays out by its width. */
export function picturesView(
  context: ConvContext,
  state: ConvState,
  a: Arithmetic,
): Readonly<Record<'bar' | 'pictures' | 'steps', HTMLElement>> {
  const { t, set } = context;
  const walk = walkOf(state, a);
  const count = stepsOf(walk, state.grain);
  const moment = momentAt(walk, state.grain, Math.min(state.step, count - 1));
  const figure = asked(state, figureOf(state, a, moment));
  const tab = state.tab as keyof typeof rowsOf;
  const rows = rowsOf[tab]
    .map((names) => names.flatMap((name) => figure.matrices.filter((matrix) => matrix.name === name)))
    .filter((row) => row.length > 0);
  const actions: MatrixActions = { edited: (matrix, changes) => editMatrix(context, state, matrix, changes) };
  const drawn = rows.map((row, i) =>
    html(
      'div',
      { class: 'row', key: i },
      row.map((matrix) => matrixView(context, state, matrix, actions)),
    ),
  );
  return {
    bar: html(
      'div',
      { class: 'bar', key: 'bar' },
      tabControls(context, state, a),
      choiceControl({
        label: t('grain'),
        value: state.grain,
        of: ['cell', 'product'],
        name: (grain) => t(`grain ${grain}`),
        part: 'grain',
        set: (grain) => set({ grain, step: 0 }),
      }),
      exportMenu(context, {
        key: 'export',
        name: `${t('title')} – ${t(`tab ${tab}`)}`,
        picture: () => pictureOf(rows, (matrix) => matrixName(context, matrix, state)),
      }),
    ),
    pictures: html(
      'div',
      {
        class: 'pictures',
        key: `pictures-${tab}`,
        'data-unit': moment.unit,
        'data-product': moment.product,
        on: linking(context, state),
      },
      drawn.slice(0, 1),
      figure.equation ? equationView(context, figure.equation) : null,
      drawn.slice(1),
    ),
    steps: html(
      'div',
      { class: 'steps', key: 'steps' },
      stepperBar(context, { state: state as never, count, describe: describeStep(context, state, a, moment) }),
    ),
  };
}

function describeStep({ t }: ConvContext, state: ConvState, a: Arithmetic, { unit }: Moment): string {
  const one = (index: readonly number[]): string => index.map((i) => i + 1).join(', ');
  if (state.tab === 'dw') return t('step of dw', { index: one(indexOf(unit, a.kernel)) });
  if (state.tab === 'dx' && !isPool(state)) return t('step of dx', { index: unit + 1 });
  if (state.tab === 'transposed' && state.view === 'scatter')
    return t('step of input', { index: one(indexOf(unit, a.input)) });
  return t('step of window', { index: one(indexOf(unit, a.output)) });
}

/** What only one tab has: where dY comes from, how a transposed convolution is seen. */
function tabControls({ t, set }: ConvContext, state: ConvState, a: Arithmetic): Child {
  if (state.tab === 'dx' || state.tab === 'dw') {
    return choiceControl({
      label: t('loss'),
      value: state.loss,
      of: ['ones', 'own', 'mse'],
      name: (loss) => t(`loss ${loss}`),
      part: 'loss',
      set: (loss) => set({ loss, step: state.step }),
    });
  }
  if (state.tab !== 'transposed') return null;
  return [
    segments(
      t('view'),
      {
        value: state.view,
        of: ['scatter', 'insert', 'matrix'],
        name: (view) => t(`view ${view}`),
        set: (view) => set({ view, step: 0 }),
      },
      'view',
    ),
    threeWays(t, state, a),
  ];
}

/** The result by all three ways: painted, by the ordinary convolution, and as a product with the matrix. */
function threeWays(t: ConvContext['t'], state: ConvState, a: Arithmetic): Child {
  const y = forward(a, state).y;
  const inserted = insertedState(state, a);
  if (!inserted) return html('p', { class: 'hint' }, t('views cut'));
  const b = arithmeticOf(inserted);
  if (!isPossible(b)) return null;
  const other = forward(b, inserted).y;
  const walk = walkOf({ ...state, view: 'scatter' }, a);
  const painted = transposedFigure({ ...state, view: 'scatter' }, a, momentAt(walk, 'cell', walk.units - 1))
    .matrices.filter(({ name }) => name === 'output')
    .flatMap(({ cells }) => cells.filter(({ data }) => data.o !== undefined).map(({ value }) => value ?? 0));
  const difference = Math.max(
    ...y.map((value, o) => Math.max(Math.abs(value - other[o]!), Math.abs(value - painted[o]!))),
  );
  return html(
    'p',
    { 'data-part': 'views-agree', 'data-difference': difference },
    t('views agree', { difference: t.number(difference, { maximumSignificantDigits: 2 }) }),
  );
}

/** Pointing at a term or a cell shows what it meets; a click on a result goes to its step, on a gradient's cell checks it. */
function linking({ set, stepper }: ConvContext, state: ConvState) {
  const show = (event: Event): void => {
    const root = event.currentTarget as Element;
    for (const old of root.querySelectorAll('.linked')) old.classList.remove('linked');
    const from = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-link], [data-w]') : null;
    if (!from || event.type === 'mouseleave' || event.type === 'focusout') return;
    const { link, w } = from.dataset;
    const isTerm = from.classList.contains('term');
    const terms = [...root.querySelectorAll<HTMLElement>('.term')].filter(
      (term) => (link !== undefined && term.dataset.link === link) || (link === undefined && term.dataset.w === w),
    );
    for (const term of isTerm ? [from] : terms) {
      term.classList.add('linked');
      const wanted = [
        term.dataset.link ? `[data-link="${term.dataset.link}"]:not(.term)` : '',
        Number(term.dataset.w) >= 0 ? `[data-w="${term.dataset.w}"]:not(.term)` : '',
      ];
      for (const selector of wanted.filter(Boolean))
        for (const cell of root.querySelectorAll(selector)) cell.classList.add('linked');
    }
  };
  const click = (event: Event): void => {
    const cell = event.target instanceof Element ? event.target.closest<HTMLElement>('td') : null;
    const name = cell?.closest<HTMLElement>('[data-matrix]')?.dataset.matrix;
    if (!cell || state.quiz) return;
    if (
      (name === 'output' || name === 'product') &&
      cell.dataset.o !== undefined &&
      state.grain === 'cell' &&
      !(state.tab === 'transposed' && state.view === 'scatter')
    )
      stepper?.go(Number(cell.dataset.o));
    if (name === 'inputGradient' && Number(cell.dataset.x) >= 0) set({ check: `x${cell.dataset.x}` });
    if (name === 'weightGradient') set({ check: `k${cell.dataset.w}` });
    if (name === 'biasGradient') set({ check: `b${cell.dataset.b}` });
  };
  return { mouseover: show, mouseleave: show, focusin: show, focusout: show, click };
}

export function sizeSwitch({ t, set }: ConvContext, state: ConvState): HTMLElement {
  return switchControl({ label: t('simple'), value: state.simple, part: 'simple', set: (simple) => set({ simple }) });
}
