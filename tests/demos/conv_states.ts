// States of the explorer for tests: its presets, and corners that no preset has.

import { arithmeticOf, isPossible, type Arithmetic } from '../../demos/conv/arithmetic.ts';
import { start } from '../../demos/conv/page_state.ts';
import { presets } from '../../demos/conv/presets.ts';
import { settled, type ConvState } from '../../demos/conv/state.ts';

/** The preset of that name. */
export const named = (id: string): ConvState => stateOf(presets.find((preset) => preset.id === id)!.state);

export const stateOf = (change: Partial<ConvState>): ConvState => settled({ ...start, ...change });

/** Its arithmetic; throws where it has none. */
export function possible(state: ConvState): Arithmetic {
  const a = arithmeticOf(state);
  if (!isPossible(a)) throw new Error(JSON.stringify(a.impossible));
  return a;
}

const corners: readonly [string, Partial<ConvState>][] = [
  [
    'groups, dilation, asymmetric circular padding, bias',
    {
      h: 6,
      w: 5,
      kh: 2,
      cin: 4,
      cout: 2,
      g: 2,
      dx: 2,
      sy: 2,
      pad: 'explicit',
      pt: 1,
      pr: 2,
      mode: 'circular',
      bias: true,
    },
  ],
  [
    'turned, divided, reflected, mean squared error',
    { h: 7, pad: 'torch', mode: 'reflect', flip: true, div: 9, loss: 'mse' },
  ],
  ['replicated, full', { kh: 4, kw: 2, pad: 'full', mode: 'replicate', cin: 3, cout: 4 }],
  [
    'transposed, groups, output padding',
    { op: 'transposed', kh: 2, cin: 4, cout: 2, g: 2, sy: 3, sx: 2, opy: 2, opx: 1, bias: true, flip: true },
  ],
  ['dilated under strides', { h: 9, w: 8, sy: 2, dy: 2, dx: 3, pad: 'same' }],
  ["transposed, 'same', stride beyond the kernel", { op: 'transposed', kh: 2, sy: 3, sx: 4, dx: 1, pad: 'same' }],
  ['transposed, dilated, uneven padding', { op: 'transposed', dy: 2, sx: 2, pad: 'explicit', pt: 1, pr: 2, opx: 1 }],
  ["transposed, 'same'", { op: 'transposed', sy: 2, sx: 3, pad: 'same', cin: 2 }],
  ['max-pooling with padding', { op: 'max', cin: 2, kh: 3, kw: 2, sy: 2, pad: 'explicit', pt: 1, pb: 2, pl: 1 }],
  ['average pooling with padding', { op: 'average', cin: 2, h: 6, kh: 3, kw: 3, sx: 2, pad: 'same' }],
];
export const cases: readonly [string, Partial<ConvState>][] = [
  ...presets.map(({ id, state }) => [id, state] as [string, Partial<ConvState>]),
  ...corners,
];
