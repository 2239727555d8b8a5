// Exercises on the page, and the same as a worksheet on paper with its key on a second page.

import './exercise.css';
import { button } from '../../shared/buttons.ts';
import { choiceControl, numberControl } from '../../shared/controls.ts';
import { html, type Child } from '../../shared/dom.ts';
import { tableBody } from '../../shared/matrix_table.ts';
import { forward, type Arithmetic } from '../arithmetic.ts';
import type { Cell, MatrixFigure } from '../figure.ts';
import { answersOf, isRight, scoreOf, truthOf } from '../quiz.ts';
import type { ConvState } from '../state.ts';
import { isPool } from '../steps.ts';
import { biasFigure, kernelFigures, outputFigures, plainInputFigures } from '../window_figure.ts';
import type { ConvContext } from '../words.ts';
import { matrixName } from './matrix.ts';

export function exerciseView(context: ConvContext, state: ConvState): Child {
  const { t, set } = context;
  const score = scoreOf(state);
  return html(
    'section',
    { class: 'exercise', 'data-part': 'quiz', 'aria-label': t('quiz') },
    choiceControl({
      label: t('quiz'),
      value: state.quiz,
      of: state.op === 'transposed' ? ['', 'out', 'size'] : ['', 'out', 'size', 'dx'],
      name: (quiz) => t(`quiz ${quiz || 'off'}`),
      set: (quiz) => set({ quiz, play: false }),
    }),
    state.quiz === 'size' ? sizeAnswers(context, state) : null,
    state.quiz === 'out' || state.quiz === 'dx' ? html('p', { class: 'hint' }, t('quiz hint')) : null,
    state.quiz === '' ? null : html('p', { 'data-right': score.right, 'data-all': score.all }, t('quiz score', score)),
    button(t('print'), () => window.print()),
  );
}

function sizeAnswers(context: ConvContext, state: ConvState): Child {
  const { t, refresh } = context;
  const truth = truthOf(state);
  const answers = answersOf(state);
  return html(
    'div',
    { class: 'pair', role: 'group', 'aria-label': t('quiz size ask') },
    html('span', { class: 'name' }, t('quiz size ask')),
    (['height', 'width'] as const).map((axis, i) => {
      const given = answers.get(i);
      const judged = given === undefined ? '' : isRight(given, truth[i]!) ? 'right' : 'wrong';
      return html(
        'span',
        { class: `answer ${judged}`, 'data-answer': judged },
        numberControl(context, {
          label: t(axis),
          value: given ?? 0,
          min: 0,
          max: 99,
          slider: false,
          set: (value) => (answers.set(i, value), refresh()),
        }),
        judged === 'right' || judged === 'wrong'
          ? html('span', {}, judged === 'right' ? '✓ ' : '✗ ', t(`mark ${judged}`))
          : null,
      );
    }),
  );
}

/** Shown on paper only: what is given and empty grids, then the key. */
export function worksheetView(context: ConvContext, state: ConvState, a: Arithmetic): HTMLElement {
  const { t } = context;
  const { y } = forward(a, state);
  const blank = outputFigures(a, y, () => false, -1);
  const filters = isPool(state)
    ? []
    : Array.from({ length: state.k.shape[0]! }, (_, oc) =>
        kernelFigures({ ...state, bias: false }, { oc, products: [], now: -1 }),
      ).flat();
  const given = [...plainInputFigures(state, a), ...filters, ...(state.bias ? [biasFigure(state, -1)] : [])];
  const parameters = `${t(`op ${state.op}`)}; ${t('strides')} ${state.sy} × ${state.sx}; ${t('padding')} ${JSON.stringify(a.explanation.padding)}; ${t('dilation')} ${state.dy} × ${state.dx}; ${t('groups')} ${state.g}`;
  const table = (matrix: MatrixFigure): Child =>
    html(
      'figure',
      { class: 'figure' },
      html(
        'figcaption',
        {},
        matrixName(context, matrix, state),
        matrix.divisor && matrix.divisor > 1 ? ` ÷ ${matrix.divisor}` : '',
      ),
      html(
        'table',
        { class: 'matrix' },
        tableBody(matrix.rows, matrix.columns, (row, column) =>
          html('td', {}, textOf(t, matrix.cells[row * matrix.columns + column]!)),
        ),
      ),
    );
  return html(
    'div',
    { class: 'worksheet', 'aria-hidden': 'true', key: 'worksheet' },
    html(
      'section',
      {},
      html('h2', {}, t('worksheet')),
      html('p', {}, t('worksheet task', { parameters })),
      html('div', { class: 'row' }, [...given, ...blank].map(table)),
    ),
    html(
      'section',
      { class: 'key' },
      html('h2', {}, t('worksheet key')),
      html('div', { class: 'row' }, outputFigures(a, y, () => true, -1).map(table)),
    ),
  );
}

const textOf = (t: ConvContext['t'], { value }: Cell): string =>
  value === null ? '' : t.number(value, { maximumFractionDigits: 2 });
