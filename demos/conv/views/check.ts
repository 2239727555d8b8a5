// Proof beside the pictures: a finite difference for one element, and the engine's answer for all of them.

import { html, type Child } from '../../shared/dom.ts';
import { backward, finiteDifference, forward, lossOf, numbersOf, specOf, type Arithmetic } from '../arithmetic.ts';
import type { Agreement } from '../engine.ts';
import { chosenOf } from '../loss_figure.ts';
import { indexOf, type ConvState } from '../state.ts';
import type { ConvContext } from '../words.ts';

export function differenceView({ t, set }: ConvContext, state: ConvState, a: Arithmetic): Child {
  const chosen = chosenOf(state);
  const shapes = { x: a.input, k: a.kernel, b: [a.output[0]] } as const;
  const parts = state.tab === 'dx' ? (['x'] as const) : state.bias ? (['k', 'b'] as const) : (['k'] as const);
  const option = (what: 'x' | 'k' | 'b', at: number): Child =>
    html(
      'option',
      { value: `${what}${at}`, selected: state.check === `${what}${at}` },
      t(`check ${what}`, {
        index: indexOf(at, shapes[what])
          .map((i) => i + 1)
          .join(', '),
      }),
    );
  const sizeOf = (what: 'x' | 'k' | 'b'): number => shapes[what].reduce((n, extent) => n * extent, 1);
  const valid = chosen !== null && parts.some((what) => what === chosen.what) && chosen.at < sizeOf(chosen.what);
  return html(
    'section',
    { class: 'check', 'data-part': 'check', 'aria-label': t('check') },
    html('h2', {}, t('check')),
    html(
      'label',
      { class: 'control' },
      html('span', { class: 'name' }, t('check choose')),
      html(
        'select',
        { on: { change: (event) => set({ check: (event.currentTarget as HTMLSelectElement).value }) } },
        html('option', { value: '', selected: !valid }, t('check none')),
        parts.map((what) => Array.from({ length: sizeOf(what) }, (_, at) => option(what, at))),
      ),
    ),
    valid ? resultOf(t, state, a, chosen) : null,
    html('p', { class: 'hint' }, t('check hint')),
  );
}

function resultOf(
  t: ConvContext['t'],
  state: ConvState,
  a: Arithmetic,
  { what, at }: { what: 'x' | 'k' | 'b'; at: number },
): Child {
  const numbers = numbersOf(state);
  const { dy } = lossOf(state, forward(a, state.op, numbers).y);
  const gradients = backward(a, state.op, numbers, dy);
  const analytic = { x: gradients.dx, k: gradients.dk, b: gradients.db }[what][at]!;
  const numeric = finiteDifference(a, state, what, at);
  const number = (value: number): string => t.number(value, { maximumSignificantDigits: 9 });
  return html(
    'p',
    { 'data-analytic': analytic, 'data-numeric': numeric },
    t('check result', {
      numeric: number(numeric),
      analytic: number(analytic),
      difference: t.number(Math.abs(numeric - analytic), { maximumSignificantDigits: 2, notation: 'scientific' }),
    }),
  );
}

type Asked = {
  readonly key: string;
  readonly answers: readonly Agreement[] | null;
  readonly failed: string | null;
  readonly gpu: boolean;
};
let asked: Asked = { key: '', answers: null, failed: null, gpu: false };
let waiting: ReturnType<typeof setTimeout> | undefined;

const keyOf = (state: ConvState): string =>
  JSON.stringify([specOf(state), state.x, state.k, state.b, state.t, state.loss, state.flip, state.div]);

/** Asks once changes rest; the GPU at once where it is one, else when told. */
function ask(context: ConvContext, state: ConvState, a: Arithmetic, gpu: boolean, wait: number): void {
  const key = keyOf(state);
  clearTimeout(waiting);
  asked = { key, answers: null, failed: null, gpu };
  waiting = setTimeout(() => {
    void import('../engine.ts')
      .then(async ({ compare }) => compare(state, a, gpu))
      .then(
        (answers) => ({ key, answers, failed: null, gpu }),
        (error: unknown) => ({
          key,
          answers: null,
          failed: error instanceof Error ? error.message : String(error),
          gpu,
        }),
      )
      .then((found) => {
        if (asked.key !== key) return;
        asked = found;
        context.refresh();
      });
  }, wait);
}

export function agreementView(context: ConvContext, state: ConvState, a: Arithmetic): Child {
  const { t, device } = context;
  if (asked.key !== keyOf(state)) ask(context, state, a, device.kind === 'gpu', 500);
  const { answers, failed, gpu } = asked;
  const difference = (value: number): string =>
    t.number(value, { maximumSignificantDigits: 3, ...(value > 0 && value < 1e-3 ? { notation: 'scientific' } : {}) });
  const line = (answer: Agreement): Child => {
    if (!answer.first)
      return html(
        'p',
        { class: 'agrees', 'data-agrees': answer.device },
        t(`agrees ${answer.device}`, { difference: difference(answer.difference), name: answer.name }),
      );
    const { of, index, picture, engine } = answer.first;
    return [
      html(
        'p',
        { class: 'differs', 'data-differs': answer.device },
        t('differs', {
          device: t(`device ${answer.device}`),
          of,
          index: index.join(),
          picture: difference(picture),
          engine: difference(engine),
        }),
      ),
      html(
        'pre',
        { tabindex: 0, 'aria-label': t('repro'), 'data-scrolls': true },
        JSON.stringify({
          ...specOf(state),
          x: state.x,
          k: state.k,
          b: state.b,
          div: state.div,
          flip: state.flip,
          first: answer.first,
        }),
      ),
    ];
  };
  return html(
    'section',
    { class: 'agreement', 'data-part': 'agreement', 'aria-label': t('agreement') },
    answers ? answers.map(line) : html('p', {}, failed === null ? t('asking') : t('ask failed', { message: failed })),
    answers && gpu && answers.length === 1 ? html('p', {}, t('no gpu')) : null,
    gpu || device.kind === 'cpu'
      ? null
      : html(
          'button',
          { type: 'button', on: { click: () => (ask(context, state, a, true, 0), context.refresh()) } },
          t('ask'),
        ),
  );
}
