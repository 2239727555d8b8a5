// The state as the page holds it: the explorer's fields with the steps', and what edits and choices make of it.

import { choice, defaults, integer } from '../shared/state.ts';
import { stepFields } from '../shared/stepper.ts';
import { arithmeticOf, isPossible } from './arithmetic.ts';
import { presets, type Preset } from './presets.ts';
import { fields as own, settled, type ConvState } from './state.ts';
import { stepsOf, walkOf } from './steps.ts';

export const fields = {
  ...own,
  ...stepFields,
  seed: integer(1, 0, 9999),
  quiz: choice(['', 'out', 'size', 'dx'], ''),
};

export const start = defaults(fields);

/** How the page is looked at, which no preset changes. */
const looks = new Set(['code', 'simple', 'colour', 'range', 'photo', 'speed', 'plane']);

/** What a preset sets, over the defaults of all else but the page's own look. */
export function presetState({ state }: Preset): Partial<ConvState> {
  return { ...Object.fromEntries(Object.entries(start).filter(([key]) => !looks.has(key))), ...state };
}

/** What tells most presets from each other without a look at their numbers. */
const sizes = ['op', 'h', 'w', 'kh', 'kw', 'sy', 'sx', 'pad'] as const;

/** The preset whose numbers these are. */
export function presetOf(state: ConvState): Preset | undefined {
  return presets.find((preset) => {
    const wanted: ConvState = { ...state, ...presetState(preset) };
    if (sizes.some((name) => wanted[name] !== state[name])) return false;
    const apart = {
      step: 0,
      play: false,
      quiz: '',
      seed: 0,
      grain: 'cell',
      view: 'scatter',
      check: '',
      tab: 'window',
    } as const;
    const core = (one: ConvState) => JSON.stringify({ ...one, ...apart });
    return core(settled(wanted)) === core(settled(state));
  });
}

/** How many steps there are; 1 where there is no picture. */
export function countSteps(state: ConvState): number {
  const a = arithmeticOf(state);
  return isPossible(a) ? stepsOf(walkOf(state, a), state.grain) : 1;
}
