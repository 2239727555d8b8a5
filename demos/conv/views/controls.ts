// The parameters, beside the pictures or, on a phone, in a sheet under them.

import { button, list, options } from '../../shared/buttons.ts';
import { choiceControl, labelled, numberControl, switchControl } from '../../shared/controls.ts';
import { html } from '../../shared/dom.ts';
import { isNarrow, sheet } from '../../shared/sheet.ts';
import { presetOf, presetState } from '../page_state.ts';
import { presets, type PresetGroup } from '../presets.ts';
import { fields, groupChoices, operations, paddingModes, paddings, type ConvState } from '../state.ts';
import { isPool } from '../steps.ts';
import type { ConvContext } from '../words.ts';

type NumberKey =
  | 'h'
  | 'w'
  | 'kh'
  | 'kw'
  | 'sy'
  | 'sx'
  | 'pt'
  | 'pl'
  | 'pb'
  | 'pr'
  | 'dy'
  | 'dx'
  | 'cin'
  | 'cout'
  | 'opy'
  | 'opx'
  | 'div';

export function controlsView(context: ConvContext, state: ConvState): HTMLElement {
  const { t, set } = context;
  const back = { step: 0, play: false };
  const change = (part: Partial<ConvState>): void => set({ ...part, ...back });
  // A finger moves a slider more easily than it types.
  const slider = isNarrow();
  const number = (key: NumberKey, label: string, slides = slider): HTMLElement =>
    numberControl(context, {
      label,
      value: state[key],
      min: fields[key].min,
      max: fields[key].max,
      slider: slides,
      part: key,
      set: (value) => change({ [key]: value } as Partial<ConvState>),
    });
  const pair = (name: string, sign: string, ...both: [HTMLElement, HTMLElement]): HTMLElement =>
    html(
      'div',
      { class: 'pair', role: 'group', 'aria-label': name },
      html('span', { class: 'name' }, name),
      html('span', { class: 'two' }, both[0], html('span', { 'aria-hidden': 'true' }, sign), both[1]),
    );
  const two = (name: string, y: NumberKey, x: NumberKey): HTMLElement =>
    pair(name, '×', number(y, t('vertical', { name })), number(x, t('horizontal', { name })));
  const pool = isPool(state);
  const conv = state.op === 'conv';
  return sheet(
    context,
    { key: 'controls', title: t('controls'), over: '.pictures, .image-tab' },
    presetControl(context, state),
    choiceControl({
      label: t('operation'),
      value: state.op,
      of: operations,
      name: (op) => t(`op ${op}`),
      part: 'op',
      set: (op) =>
        change({ op, tab: op === 'transposed' ? 'transposed' : state.tab === 'transposed' ? 'window' : state.tab }),
    }),
    two(t('size input'), 'h', 'w'),
    two(pool ? t('size window') : t('size kernel'), 'kh', 'kw'),
    two(t('strides'), 'sy', 'sx'),
    pool ? null : two(t('dilation'), 'dy', 'dx'),
    choiceControl({
      label: t('padding'),
      value: state.pad,
      of: paddings,
      name: (pad) => t(`pad ${pad}`),
      part: 'pad',
      set: (pad) => change({ pad }),
    }),
    state.pad === 'explicit'
      ? html(
          'div',
          { class: 'four' },
          number('pt', t('top')),
          number('pl', t('left')),
          number('pb', t('bottom')),
          number('pr', t('right')),
        )
      : null,
    conv && state.pad !== 'valid'
      ? choiceControl({
          label: t('padding mode'),
          value: state.mode,
          of: paddingModes,
          name: (mode) => t(`mode ${mode}`),
          part: 'mode',
          set: (mode) => change({ mode }),
        })
      : null,
    state.op === 'transposed' ? two(t('output padding'), 'opy', 'opx') : null,
    pool
      ? number('cin', t('channels in'))
      : pair(t('channels'), '→', number('cin', t('channels in')), number('cout', t('channels out'))),
    pool ? null : groupsControl(context, state, change),
    pool ? null : number('div', t('divisor'), false),
    pool ? null : switchControl({ label: t('bias'), value: state.bias, part: 'bias', set: (bias) => change({ bias }) }),
    pool ? null : switchControl({ label: t('flip'), value: state.flip, part: 'flip', set: (flip) => change({ flip }) }),
    html(
      'div',
      { class: 'pair' },
      button(t('new numbers'), () => change({ seed: (state.seed % 9999) + 1, ...drawnAnew }), { 'data-part': 'new' }),
      html('output', { 'data-part': 'seed' }, t('seed', { seed: String(state.seed) })),
    ),
  );
}

/** Matrices without elements, which stand for numbers drawn from the seed. */
const drawnAnew = { x: fields.x.default, k: fields.k.default, b: fields.b.default, t: fields.t.default };

const groupNames: readonly PresetGroup[] = ['lectures', 'filters', 'arithmetic', 'layers'];

function presetControl({ t, set }: ConvContext, state: ConvState): HTMLElement {
  const current = presetOf(state)?.id ?? '';
  const groups = groupNames.map((group) => {
    const ids = presets.filter((preset) => preset.group === group).map(({ id }) => id);
    // Dumoulin and Visin's cases go by their own names in every language.
    const name = (id: string): string => (group === 'arithmetic' ? id : t(`preset ${id}` as 'preset box'));
    return html('optgroup', { label: t(`group ${group}`) }, options(ids, current, name));
  });
  const choose = (chosen: string): void => {
    const preset = presets.find(({ id }) => id === chosen);
    if (preset) set(presetState(preset), 'push');
  };
  return labelled(t('preset'), list([options([''], current, () => t('preset own')), groups], choose), 'preset');
}

/** A slider over the divisors of both channel counts, from standard to depthwise. */
function groupsControl({ t }: ConvContext, state: ConvState, change: (part: Partial<ConvState>) => void): HTMLElement {
  const choices = groupChoices(state);
  const index = choices.indexOf(state.g);
  const now = t('groups now', { n: state.g, most: choices.at(-1)! });
  return labelled(
    t('groups'),
    [
      html('input', {
        type: 'range',
        min: 0,
        max: Math.max(choices.length - 1, 0),
        step: 1,
        value: index,
        disabled: choices.length === 1,
        'aria-valuetext': now,
        on: { input: (event) => change({ g: choices[Number((event.currentTarget as HTMLInputElement).value)] ?? 1 }) },
      }),
      html('output', {}, now),
    ],
    'g',
  );
}
