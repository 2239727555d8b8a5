// What is to be measured: suites, their shapes, dtype, kernels, and how many samples.

import { choiceControl, numberControl, switchControl } from '../../shared/controls.ts';
import { html, type Child } from '../../shared/dom.ts';
import { sheet } from '../../shared/sheet.ts';
import { familyNames, familyShapes, type Family } from '../core/families.ts';
import { isRunning } from '../lab.ts';
import { otherSuites, suites, type LabState, type Suite } from '../state.ts';
import type { LabContext } from '../words.ts';

/** WebGPU's optional features that the lab has a use for. */
export const optional = ['subgroups', 'shader-f16', 'timestamp-query'] as const;
export type Optional = (typeof optional)[number];

/** `lacked`: what the device is without (E5); what that changes stands at the settings concerned. */
export function controlsView(context: LabContext, state: LabState, lacked: readonly Optional[]): HTMLElement {
  const { t, set } = context;
  const toggle = (suite: Suite, on: boolean): void =>
    set({ suites: suites.filter((one) => (one === suite ? on : state.suites.includes(one))) });
  const suite = (name: Suite): Child => {
    const control = switchControl({
      label: t(`suite ${name}`),
      value: state.suites.includes(name),
      set: (on) => toggle(name, on),
    });
    return name === 'steps' ? withReason(control, 'timestamp-query') : control;
  };
  /** A control, and where the device lacks the feature what follows from that, which is read with the control. */
  const withReason = (control: HTMLElement, feature: Optional): Child => {
    if (!lacked.includes(feature)) return control;
    const id = `lacks-${feature}`;
    control.querySelector('input, select')!.setAttribute('aria-describedby', id);
    return [control, html('p', { class: 'hint', id, 'data-code': 'E5' }, t(`lacks ${feature}`))];
  };
  return sheet(
    context,
    { key: 'parameters', title: t('settings'), over: '.run-bar' },
    html(
      'div',
      { class: 'fields' },
      html(
        'fieldset',
        {},
        html('legend', {}, t('suites')),
        html(
          'p',
          { class: 'pick' },
          ...(['quick', 'full'] as const).map((size) =>
            html(
              'button',
              {
                type: 'button',
                'aria-pressed': state.size === size,
                title: t(`size ${size} says`),
                on: { click: () => set({ size }, 'push') },
              },
              t(`size ${size}`),
            ),
          ),
        ),
        html('p', { class: 'hint' }, t(`size ${state.size} says`)),
        familyNames.map(suite),
        html('h3', {}, t('beside kernels')),
        otherSuites.map(suite),
      ),
      html(
        'details',
        { class: 'shapes', key: 'shapes' },
        html('summary', {}, t('shapes')),
        html('p', { class: 'hint' }, t('shapes hint')),
        familyNames.filter((name) => state.suites.includes(name)).map((name) => shapeField(context, state, name)),
      ),
      withReason(
        choiceControl({
          label: t('dtype'),
          value: state.dtype,
          of: ['f32', 'f16'],
          name: (dtype) => (dtype === 'f32' ? dtype : t('dtype f16')),
          set: (dtype) => set({ dtype }),
        }),
        'shader-f16',
      ),
      withReason(
        textField(t('variants'), state.variants, t('variants hint'), (variants) => set({ variants })),
        'subgroups',
      ),
      numberControl(context, {
        label: t('repeat'),
        value: state.repeat,
        min: 1,
        max: 20,
        slider: false,
        set: (repeat) => set({ repeat }),
      }),
      switchControl({ label: t('roofs'), value: state.roofs, set: (roofs) => set({ roofs }) }),
      isRunning() ? html('p', { class: 'hint' }, t('next run')) : null,
    ),
  );
}

function shapeField({ t, set }: LabContext, state: LabState, family: Family): HTMLElement {
  const own = familyShapes[state.size][family];
  return textField(
    t(`suite ${family}`),
    state[family],
    own.join('; '),
    (typed) => set({ [family]: typed } as Partial<LabState>),
    t(`shape ${family === 'gemm' ? 'gemm' : family === 'conv' || family === 'pool' ? 'image' : 'lengths'}`),
  );
}

/** A labelled line of text, taken when it is left or Enter is pressed. */
export function textField(
  label: string,
  value: string,
  placeholder: string,
  take: (value: string) => void,
  hint?: string,
): HTMLElement {
  return html(
    'label',
    { class: 'typed' },
    html('span', { class: 'name' }, label),
    hint === undefined ? null : html('span', { class: 'hint' }, hint),
    html('input', {
      type: 'text',
      value,
      placeholder,
      autocomplete: 'off',
      spellcheck: 'false',
      on: { change: (event) => take((event.currentTarget as HTMLInputElement).value) },
    }),
  );
}
