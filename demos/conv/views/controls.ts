// The parameters, beside the pictures or, on a phone, in a sheet under them.

import { choiceControl, numberControl, switchControl } from '../../shared/controls.ts';
import { html, type Child } from '../../shared/dom.ts';
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
      options: operations.map((value) => ({ value, label: t(`op ${value}`) })),
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
      options: paddings.map((value) => ({ value, label: t(`pad ${value}`) })),
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
          options: paddingModes.map((value) => ({ value, label: t(`mode ${value}`) })),
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
      'button',
      {
        type: 'button',
        'data-part': 'new',
        on: {
          click: () =>
            change({
              seed: (state.seed % 9999) + 1,
              x: fields.x.default,
              k: fields.k.default,
              b: fields.b.default,
              t: fields.t.default,
            }),
        },
      },
      t('new numbers'),
    ),
  );
}

const groupNames: readonly PresetGroup[] = ['lectures', 'filters', 'arithmetic', 'layers'];

function presetControl({ t, set }: ConvContext, state: ConvState): HTMLElement {
  const current = presetOf(state)?.id ?? '';
  const option = (id: string): Child =>
    html('option', { value: id, selected: id === current }, t(`preset ${id}` as 'preset box'));
  return html(
    'label',
    { class: 'control', 'data-part': 'preset' },
    html('span', { class: 'name' }, t('preset')),
    html(
      'select',
      {
        on: {
          change: (event) => {
            const { value } = event.currentTarget as HTMLSelectElement;
            const preset = presets.find(({ id }) => id === value);
            if (preset) set(presetState(preset), 'push');
          },
        },
      },
      html('option', { value: '', selected: current === '' }, t('preset own')),
      groupNames.map((group) =>
        html(
          'optgroup',
          { label: t(`group ${group}`) },
          presets.filter((preset) => preset.group === group).map(({ id }) => option(id)),
        ),
      ),
    ),
  );
}

/** A slider over the divisors of both channel counts, from standard to depthwise. */
function groupsControl({ t }: ConvContext, state: ConvState, change: (part: Partial<ConvState>) => void): HTMLElement {
  const choices = groupChoices(state);
  const index = choices.indexOf(state.g);
  const now = t('groups now', { n: state.g, most: choices.at(-1)! });
  return html(
    'label',
    { class: 'control', 'data-part': 'g' },
    html('span', { class: 'name' }, t('groups')),
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
  );
}
