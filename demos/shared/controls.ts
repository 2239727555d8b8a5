// Labelled controls of a page's fields: a number with its slider, a choice, a switch.
import { select, type Choices } from './buttons.ts';
import type { Context } from './context.ts';
import { html, type Child } from './dom.ts';
import { readNumber } from './language.ts';

export interface NumberControl {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  /** A slider beside the typed number; true unless told. */
  readonly slider?: boolean;
  readonly part?: string | undefined;
  /** Takes a number within the limits, and a multiple of `step` for whole ones. */
  set(value: number): void;
}

export function numberControl(context: Context, control: NumberControl): HTMLElement {
  const { shell: t, announce } = context;
  const { label, value, min, max, step = 1, slider = true, part } = control;
  const typed = (event: Event): void => {
    const field = event.currentTarget as HTMLInputElement;
    const read = readNumber(field.value);
    if (read === null) announce(t('not a number', { text: field.value }));
    const whole = step === 1 && read !== null ? Math.round(read) : read;
    const near = whole === null ? value : Math.min(Math.max(whole, min), max);
    if (whole !== null && near !== whole) announce(t('limited', { value: whole, near }));
    field.value = t.number(near, { maximumFractionDigits: 20, useGrouping: false });
    control.set(near);
  };
  return html(
    'div',
    { class: 'control', 'data-part': part, role: 'group', 'aria-label': label },
    html('span', { class: 'name', 'aria-hidden': 'true' }, label),
    slider
      ? html('input', {
          type: 'range',
          min,
          max,
          step,
          value,
          'aria-label': label,
          'aria-valuetext': t.number(value),
          on: { input: (event) => control.set(Number((event.currentTarget as HTMLInputElement).value)) },
        })
      : null,
    html('input', {
      type: 'text',
      class: 'digits',
      // The decimal keyboard of some phones has no minus.
      inputmode: min < 0 ? 'text' : 'decimal',
      size: 4,
      autocomplete: 'off',
      value: t.number(value, { maximumFractionDigits: 20, useGrouping: false }),
      'aria-label': slider ? t('typed', { label }) : label,
      on: { change: typed },
    }),
  );
}

export interface ChoiceControl<Value extends string> extends Choices<Value> {
  readonly label: string;
  readonly part?: string | undefined;
}

export const choiceControl = <Value extends string>(control: ChoiceControl<Value>): HTMLElement =>
  labelled(control.label, select(control), control.part);

/** A field with its name before it. */
export const labelled = (label: string, field: Child, part?: string): HTMLElement =>
  html('label', { class: 'control', 'data-part': part }, html('span', { class: 'name' }, label), field);

export interface FileControl {
  readonly id?: string;
  readonly label: string;
  /** As of an input's `accept`. */
  readonly accept: string;
  take(file: File): void;
}

/** A button that opens the system's choice of files, in the page's own words. */
export function fileControl({ id, label, accept, take }: FileControl): HTMLElement {
  const change = (event: Event): void => {
    const field = event.currentTarget as HTMLInputElement;
    const file = field.files?.[0];
    // So that the same file can be chosen again.
    field.value = '';
    if (file) take(file);
  };
  return html(
    'label',
    { class: 'file', key: id ?? 'file' },
    html('input', { type: 'file', class: 'unseen', id, accept, on: { change } }),
    html('span', {}, label),
  );
}

export interface SwitchControl {
  readonly label: Child;
  readonly value: boolean;
  readonly part?: string | undefined;
  set(value: boolean): void;
}

export function switchControl({ label, value, part, set }: SwitchControl): HTMLElement {
  return html(
    'label',
    { class: 'control option', 'data-part': part },
    html('input', {
      type: 'checkbox',
      checked: value,
      on: { change: (event) => set((event.currentTarget as HTMLInputElement).checked) },
    }),
    html('span', {}, label),
  );
}
