// Steps through a computation: the state's `step`, `play` and `speed`, moved by buttons, a slider, a clock and keys.
import { iconButton, select } from './buttons.ts';
import type { Context } from './context.ts';
import { html } from './dom.ts';
import { choice, flag, integer, type StateOf } from './fields.ts';
import { icon, type Icon } from './icons.ts';
import type { History } from './link.ts';

const speeds = ['0.25', '0.5', '1', '2', '4', '8'] as const;

/** Fields of every page that has steps. */
export const stepFields = {
  step: integer(0, 0, 1_000_000),
  play: flag(false),
  speed: choice(speeds, '1'),
};

export type StepState = StateOf<typeof stepFields>;

/** One step a second at speed 1. */
const second = 1000;

export interface Stepper {
  next(): void;
  previous(): void;
  first(): void;
  last(): void;
  toggle(): void;
  faster(): void;
  slower(): void;
  go(step: number): void;
  /** Starts and stops the clock as the state says; called after each change of the state. */
  follow(): void;
}

/** `state` as it is now, `count` steps (0 to count - 1), and the page's own way to change them. */
export function createStepper(
  state: () => StepState,
  count: () => number,
  set: (change: Partial<StepState>, history?: History) => void,
): Stepper {
  let timer: ReturnType<typeof setInterval> | undefined;
  let running = '';
  const last = (): number => Math.max(0, count() - 1);
  const at = (): number => Math.min(state().step, last());
  const go = (step: number): void => set({ step: Math.min(Math.max(step, 0), last()), play: false });
  const tick = (): void => {
    const step = Math.min(at() + 1, last());
    // The address follows once the play ends: it is a slide's, not an animation's.
    if (step < last()) set({ step }, 'none');
    else set({ step, play: false });
  };
  const shift = (by: number): void => {
    const index = Math.min(Math.max(speeds.indexOf(state().speed) + by, 0), speeds.length - 1);
    set({ speed: speeds[index]! });
  };
  return {
    go,
    next: () => go(at() + 1),
    previous: () => go(at() - 1),
    first: () => go(0),
    last: () => go(last()),
    toggle() {
      const { play } = state();
      set(!play && at() === last() ? { step: 0, play: true } : { play: !play });
    },
    faster: () => shift(1),
    slower: () => shift(-1),
    follow() {
      const { play, speed } = state();
      const wanted = play ? speed : '';
      if (wanted === running) return;
      clearInterval(timer);
      running = wanted;
      if (play) timer = setInterval(tick, second / Number(speed));
    },
  };
}

export interface StepperBar {
  readonly state: StepState;
  readonly count: number;
  /** What the present step is, for the slider's value: "output 1, row 2, column 3". */
  readonly describe?: string | undefined;
}

/** The bar: first, back, play, next, last, a slider over all steps, the speed. */
export function stepperBar(context: Context, { state, count, describe }: StepperBar): HTMLElement {
  const { shell: t, stepper } = context;
  if (!stepper) throw new Error('a page with a stepper bar gives openPage its `steps`');
  const last = Math.max(0, count - 1);
  const step = Math.min(state.step, last);
  const button = (name: Icon, label: string, act: () => void, disabled: boolean): HTMLElement =>
    iconButton(icon(name), label, act, { 'aria-disabled': disabled });
  const place = t('step of', { step: step + 1, count: Math.max(1, count) });
  return html(
    'div',
    { class: 'stepper', role: 'group', 'aria-label': t('steps'), 'data-part': 'stepper' },
    button('first', t('first step'), stepper.first, step === 0),
    button('previous', t('previous step'), stepper.previous, step === 0),
    button(state.play ? 'pause' : 'play', state.play ? t('pause') : t('play'), stepper.toggle, last === 0),
    button('next', t('next step'), stepper.next, step === last),
    button('last', t('last step'), stepper.last, step === last),
    html('input', {
      type: 'range',
      min: 0,
      max: last,
      step: 1,
      value: step,
      'aria-label': t('step'),
      'aria-valuetext': describe ? `${place}. ${describe}` : place,
      on: { input: (event) => stepper.go(Number((event.currentTarget as HTMLInputElement).value)) },
    }),
    html('output', { class: 'count' }, place),
    html(
      'label',
      { class: 'speed' },
      html('span', {}, t('speed')),
      select({
        value: state.speed,
        of: speeds,
        name: (value) => `${t.number(Number(value))}×`,
        set: (speed) => context.set({ speed } as Partial<StepState>),
      }),
    ),
  );
}
