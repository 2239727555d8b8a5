// Proof beside the pictures: a finite difference for one element, and the engine's answer for all of them.

import { button } from '../../shared/buttons.ts';
import { copyButton } from '../../shared/code.ts';
import { choiceControl } from '../../shared/controls.ts';
import { html, type Child } from '../../shared/dom.ts';
import { scrollBox } from '../../shared/scroll_box.ts';
import { backward, finiteDifference, forward, lossOf, specOf, type Arithmetic } from '../arithmetic.ts';
import type { Agreement } from '../engine.ts';
import { chosenOf } from '../loss_figure.ts';
import { indexOf, type ConvState } from '../state.ts';
import type { ConvContext } from '../words.ts';

export function differenceView({ t, set }: ConvContext, state: ConvState, a: Arithmetic): Child {
  const chosen = chosenOf(state);
  const shapes = { x: a.input, k: a.kernel, b: [a.output[0]] } as const;
  const parts = state.tab === 'dx' ? (['x'] as const) : state.bias ? (['k', 'b'] as const) : (['k'] as const);
  const nameOf = (check: string): string => {
    const of = chosenOf({ check });
    if (!of) return t('check none');
    const index = indexOf(of.at, shapes[of.what]).map((i) => i + 1);
    return t(`check ${of.what}`, { index: index.join(', ') });
  };
  const sizeOf = (what: 'x' | 'k' | 'b'): number => shapes[what].reduce((n, extent) => n * extent, 1);
  const valid = chosen !== null && parts.some((what) => what === chosen.what) && chosen.at < sizeOf(chosen.what);
  return html(
    'section',
    { class: 'check', 'data-part': 'check', 'aria-label': t('check') },
    html('h2', {}, t('check')),
    choiceControl({
      label: t('check choose'),
      value: valid ? state.check : '',
      of: ['', ...parts.flatMap((what) => Array.from({ length: sizeOf(what) }, (_, at) => `${what}${at}`))],
      name: nameOf,
      set: (check) => set({ check }),
    }),
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
  const gradients = backward(a, state, lossOf(state, forward(a, state).y).dy);
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

interface Asked {
  /** What was asked about. */
  readonly key: string;
  readonly gpu: boolean;
  /** One a device, as they come. */
  readonly answers: Agreement[];
  ended: boolean;
}
let asked: Asked = { key: '', gpu: false, answers: [], ended: true };
let waiting: ReturnType<typeof setTimeout> | undefined;

const keyOf = (state: ConvState): string =>
  JSON.stringify([specOf(state), state.x, state.k, state.b, state.t, state.loss, state.flip, state.div]);

/** Asks once changes rest; the GPU at once where it is one, else when told. */
function ask(context: ConvContext, state: ConvState, a: Arithmetic, gpu: boolean, wait: number): void {
  clearTimeout(waiting);
  const mine: Asked = (asked = { key: keyOf(state), gpu, answers: [], ended: false });
  waiting = setTimeout(() => void answer(context, state, a, mine), wait);
}

/** What befalls the engine or its GPU is a coded state of the page; the CPU's answer stands by then. */
async function answer(context: ConvContext, state: ConvState, a: Arithmetic, mine: Asked): Promise<void> {
  const all = async (): Promise<void> => {
    const { askCpu, askGpu } = await import('../engine.ts');
    mine.answers.push(askCpu(state, a));
    if (!mine.gpu) return;
    context.refresh();
    mine.answers.push(await askGpu(state, a));
  };
  try {
    await context.wait(all(), { what: () => context.t('the engine'), said: true });
  } catch (error) {
    const again = (): void => {
      ask(context, state, a, mine.gpu, 0);
      context.refresh();
    };
    if (asked === mine) context.fail(error, { what: () => context.t('the engine') }, { continue: again });
  }
  mine.ended = true;
  if (asked === mine) context.refresh();
}

export function agreementView(context: ConvContext, state: ConvState, a: Arithmetic): Child {
  const { t, device } = context;
  if (asked.key !== keyOf(state)) ask(context, state, a, device.kind === 'gpu', 500);
  const { answers, ended, gpu } = asked;
  const difference = (value: number): string =>
    t.number(value, { maximumSignificantDigits: 3, ...(value > 0 && value < 1e-3 ? { notation: 'scientific' } : {}) });
  const line = (answer: Agreement): Child => {
    if (!answer.first)
      return html(
        'p',
        { class: 'agrees', 'data-agrees': answer.device },
        t(`agrees ${answer.device}`, { difference: difference(answer.difference), name: answer.name }),
      );
    const { of, index, picture, engine, repro } = answer.first;
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
      html('p', {}, copyButton(context, repro)),
      scrollBox(t('repro'), html('pre', { lang: 'en', 'data-part': 'repro' }, repro)),
    ];
  };
  return html(
    'section',
    { class: 'agreement', 'data-part': 'agreement', 'aria-label': t('agreement') },
    answers.map(line),
    ended ? null : html('p', {}, t('asking')),
    ended && answers.length < (gpu ? 2 : 1) ? html('p', {}, t(answers.length === 0 ? 'ask failed' : 'no gpu')) : null,
    (gpu && !(ended && answers.length < 2)) || device.kind === 'cpu'
      ? null
      : button(t('ask'), () => (ask(context, state, a, true, 0), context.refresh())),
  );
}
