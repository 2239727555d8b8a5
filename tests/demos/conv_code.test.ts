// The code panel: the library's program is run; what PyTorch and Keras are asked for is tested call by call in
// conv_calls.test.ts.

import { describe, expect, test } from 'vitest';

import { forward } from '../../demos/conv/arithmetic.ts';
import { codeOf } from '../../demos/conv/code.ts';
import type { ConvState } from '../../demos/conv/state.ts';
import * as retrograd from '../../src/index.ts';
import { cases, possible, stateOf } from './conv_states.ts';
import { printedBy } from './printed.ts';

describe.each(cases)('%s', (_, change) => {
  test("the library's program in the code panel prints the result", async () => {
    const state = stateOf(change);
    const a = possible(state);
    const { y } = forward(a, state);
    const code = codeOf('retrograd', state, a, y);
    const printed = (await printedBy(code, retrograd)) as ArrayLike<number>[];
    expect(printed).toHaveLength(1);
    y.forEach((value, i) => expect(Math.abs(printed[0]![i]! - value)).toBeLessThan(1e-9));
    const comment = (code.match(/^\/\/ .*$/gm) ?? [])
      .join(' ')
      .replace(/\[\d\]|\/\//g, '')
      .trim()
      .split(/\s+/)
      .map(Number);
    expect(comment).toEqual(y.map((value) => Number(value.toPrecision(6))));
  });
});

test('code of each framework pads and strides as the picture does', () => {
  const state = stateOf({ sy: 2, sx: 2, h: 6, w: 6, pad: 'same', cin: 1 });
  const a = possible(state);
  const { y } = forward(a, state);
  expect(codeOf('pytorch', state, a, y)).toContain(
    'x = F.pad(x, (0, 1, 0, 1))\ny = F.conv2d(x, w, None, stride=(2, 2), dilation=(1, 1), groups=1)',
  );
  expect(codeOf('keras', state, a, y)).toContain(
    "keras.ops.conv(x, w, strides=(2, 2), padding='same', dilation_rate=(1, 1))",
  );
  const torch = { ...state, pad: 'torch' } as ConvState;
  expect(codeOf('pytorch', torch, possible(torch), y)).toContain('groups=1, padding=(1, 1))');
  expect(codeOf('keras', torch, possible(torch), y)).toContain(
    "np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), 'constant')",
  );
});
