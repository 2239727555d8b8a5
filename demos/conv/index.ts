// The convolution arithmetic explorer.

import './conv.css';
import { codePanel } from '../shared/code.ts';
import { html, type Child } from '../shared/dom.ts';
import { openPage } from '../shared/page.ts';
import { isFigureFirst, isNarrow } from '../shared/sheet.ts';
import { arithmeticOf, forward, isPossible } from './arithmetic.ts';
import { codeOf } from './code.ts';
import { countSteps, fields } from './page_state.ts';
import { agreed, settled, tabs, type ConvState } from './state.ts';
import { isPool } from './steps.ts';
import { controlsView } from './views/controls.ts';
import { agreementView, differenceView } from './views/check.ts';
import { sizeView } from './views/equation.ts';
import { exerciseView, worksheetView } from './views/exercise.ts';
import { factsView, impossibleText, sameTwiceView } from './views/facts.ts';
import { imageView } from './views/image.ts';
import { stackView } from './views/stack.ts';
import { picturesView, sizeSwitch } from './views/pictures.ts';
import { words, type ConvContext } from './words.ts';

/** The last state that had a picture: it stays, dimmed, while the parameters have none. */
let lastPossible: ConvState | null = null;

/** Of the first view, made before it. */
let early: { readonly of: ConvState; controls?: Child; panel?: HTMLElement } | null = null;

function parts(given: ConvState, context: ConvContext): (() => void)[] {
  const state = settled(given);
  const made: NonNullable<typeof early> = (early = { of: given });
  return [() => (made.controls = controls(context, state)), () => (made.panel = panel(context, state))];
}

const controls = (context: ConvContext, state: ConvState): Child =>
  state.tab === 'stack' ? null : controlsView(context, state);

function view(given: ConvState, context: ConvContext): Child {
  const state = settled(given);
  const { t } = context;
  const made = early?.of === given ? early : null;
  early = null;
  return [
    html('p', { class: 'intro', 'data-part': 'intro' }, t('intro')),
    html(
      'div',
      { class: 'explorer beside', key: 'explorer' },
      made?.controls ?? controls(context, state),
      html('div', { class: 'stage', key: 'stage' }, tabsView(context, state), made?.panel ?? panel(context, state)),
    ),
  ];
}

const available = (state: ConvState, tab: (typeof tabs)[number]): boolean =>
  !isPool(state) || tab === 'window' || tab === 'dx' || tab === 'stack';

function tabsView({ t, set }: ConvContext, state: ConvState): HTMLElement {
  const open = (tab: (typeof tabs)[number]): void => {
    const op = tab === 'transposed' ? 'transposed' : state.op === 'transposed' && tab !== 'stack' ? 'conv' : state.op;
    set({ tab, op, step: 0, play: false, quiz: '' });
  };
  const shown = tabs.filter((tab) => available(state, tab));
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const to = shown[(shown.indexOf(state.tab) + step + shown.length) % shown.length]!;
    open(to);
    document.getElementById(`tab-${to}`)?.focus();
  };
  return html(
    'div',
    {
      class: 'tabs',
      role: 'tablist',
      'aria-label': t('tabs'),
      'data-part': 'tabs',
      'data-scrolls': true,
      key: 'tabs',
      updated: showSelected,
      on: { keydown: onKey },
    },
    shown.map((tab) =>
      html(
        'button',
        {
          type: 'button',
          role: 'tab',
          id: `tab-${tab}`,
          'aria-selected': tab === state.tab,
          'aria-controls': 'panel',
          tabindex: tab === state.tab ? 0 : -1,
          on: { click: () => open(tab) },
        },
        t(`tab ${tab}`),
      ),
    ),
  );
}

let shownTab = '';

/** Brings the chosen tab into a row that scrolls (a narrow window's), when another one is chosen. */
function showSelected(tabs: Element): void {
  const chosen = tabs.querySelector<HTMLElement>('[aria-selected=true]');
  if (!chosen || chosen.id === shownTab || !isNarrow()) return;
  shownTab = chosen.id;
  tabs.scrollLeft = chosen.offsetLeft - (tabs.clientWidth - chosen.offsetWidth) / 2;
}

function panel(context: ConvContext, state: ConvState): HTMLElement {
  const { t } = context;
  const a = arithmeticOf(state);
  const attributes = {
    id: 'panel',
    role: 'tabpanel',
    'aria-labelledby': `tab-${state.tab}`,
    key: 'panel',
    class: 'panel',
  };
  if (state.tab === 'stack') return html('div', attributes, stackView(context, state));
  if (isPossible(a)) {
    lastPossible = state;
    return html('div', { ...attributes, 'data-possible': true }, pictures(context, state));
  }
  const reason = impossibleText(context, a.impossible);
  context.announce(reason);
  return html(
    'div',
    { ...attributes, 'data-possible': false },
    html(
      'div',
      { class: 'impossible' },
      html('p', {}, html('strong', {}, t('impossible'))),
      html('p', { 'data-part': 'impossible' }, reason),
    ),
    lastPossible ? html('div', { class: 'dimmed', inert: true }, pictures(context, lastPossible)) : null,
  );
}

function pictures(context: ConvContext, state: ConvState): Child {
  const { t, set } = context;
  const a = arithmeticOf(state);
  if (!isPossible(a)) return null;
  if (state.tab === 'image') return imageView(context, state);
  const { y } = forward(a, state);
  const size = html(
    'section',
    { class: 'size-line', 'data-part': 'size', 'aria-label': t('size title'), key: 'size' },
    sizeView(context, state, a, state.quiz === 'size'),
    state.op === 'transposed' ? null : sizeSwitch(context, state),
  );
  const drawn = state.quiz === 'size' ? null : picturesView(context, state, a);
  return [
    isFigureFirst(context)
      ? [drawn?.pictures, drawn?.steps, size, drawn?.bar]
      : [size, drawn?.bar, drawn?.pictures, drawn?.steps],
    html(
      'div',
      { class: 'facts', key: 'facts' },
      state.quiz === '' ? [agreementView(context, state, a), factsView(context, state, a)] : null,
    ),
    state.quiz === '' ? sameTwiceView(context, state) : null,
    state.quiz === '' && (state.tab === 'dx' || state.tab === 'dw') ? differenceView(context, state, a) : null,
    exerciseView(context, state),
    state.quiz === ''
      ? html(
          'section',
          { 'data-part': 'code', key: 'code' },
          html('h2', {}, t('code')),
          codePanel(context, {
            samples: (['pytorch', 'keras', 'retrograd'] as const).map((id) => ({
              id,
              title: { pytorch: 'PyTorch', keras: 'Keras', retrograd: 'Retrograd' }[id],
              text: codeOf(id, state, a, y),
            })),
            chosen: state.code,
            choose: (code) => set({ code }),
          }),
        )
      : null,
    worksheetView(context, state, a),
  ];
}

void openPage({
  id: 'conv',
  fields,
  words,
  title: 'title',
  settle: agreed,
  steps: (state) => countSteps(settled(state)),
  parts,
  view,
});
