// Buttons and lists to choose from, as every part of a page has them.
import { html, type Child, type Properties } from './dom.ts';

export const button = (label: Child, act: (event: Event) => void, properties: Properties = {}): HTMLButtonElement =>
  html('button', { type: 'button', on: { click: act }, ...properties }, label);

/** An icon that says its name to screen readers, and to a pointer that rests on it. */
export const iconButton = (
  icon: Child,
  name: string,
  act: (event: Event) => void,
  properties: Properties = {},
): HTMLButtonElement => button(icon, act, { class: 'icon', 'aria-label': name, title: name, ...properties });

/** One of `of`, each named by `name`. */
export interface Choices<Value extends string> {
  readonly value: Value;
  readonly of: readonly Value[];
  name(value: Value): string;
  set(value: Value): void;
}

/** Buttons beside each other, of which the one that is chosen stays pressed. */
export const segments = <Value extends string>(
  label: string,
  { value, of, name, set }: Choices<Value>,
  part?: string,
): HTMLElement =>
  html(
    'div',
    { class: 'segments', role: 'group', 'aria-label': label, 'data-part': part },
    of.map((one) => button(name(one), () => set(one), { 'aria-pressed': one === value })),
  );

export const select = <Value extends string>(
  { value, of, name, set }: Choices<Value>,
  properties: Properties = {},
): HTMLSelectElement => list(options(of, value, name), set, properties);

/** A list of any options, in groups or not. */
export const list = <Value extends string>(
  children: Child,
  set: (value: Value) => void,
  properties: Properties = {},
): HTMLSelectElement =>
  html(
    'select',
    { on: { change: ({ currentTarget }) => set((currentTarget as HTMLSelectElement).value as Value) }, ...properties },
    children,
  );

export const options = <Value extends string>(
  of: readonly Value[],
  chosen: string,
  name: (value: Value) => string,
): HTMLElement[] => of.map((value) => html('option', { value, selected: value === chosen }, name(value)));
