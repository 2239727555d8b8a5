// The code panel: the library's program is run; what PyTorch and Keras are asked for is tested call by call in
// conv_calls.test.ts.

import { describe, expect, test } from 'vitest';

import { forward } from '../../demos/conv/arithmetic.ts';
import { codeOf } from '../../demos/conv/code.ts';
import type { ConvState } from '../../demos/conv/state.ts';
import * as retrograd from '../../src/index.ts';
import { cases, possible, stateOf } from './conv_states.ts';
import { printedBy } from './printed.ts';

/** The literal that is given to `x`, `w` or `b`, and what follows it on its line. */
function literalOf(code: string, name: string): { value: unknown[]; rest: string } {
  const [, text, rest] = new RegExp(`^${name} = (?:torch\\.tensor|np\\.array)\\((\\[[^a-z]*\\]), (.*)$`, 'm').exec(
    code,
  )!;
  return { value: JSON.parse(text!) as unknown[], rest: rest! };
}

/** The numbers of the comment that stands for what the program prints. */
const commented = (code: string, sign: '#' | '//'): number[] =>
  (code.match(new RegExp(`^${sign} .*$`, 'gm')) ?? [])
    .join(' ')
    .replace(/\[\d\]|#|\/\//g, '')
    .trim()
    .split(/\s+/)
    .map(Number);

describe.each(cases)('%s', (_, change) => {
  test('PyTorch’s and Keras’s literals are the present numbers, and their comment the result', () => {
    const state = stateOf(change);
    const a = possible(state);
    const { y } = forward(a, state);
    for (const dialect of ['pytorch', 'keras'] as const) {
      const code = codeOf(dialect, state, a, y);
      expect(literalOf(code, 'x').value.flat(4)).toEqual(state.x.values);
      expect(commented(code, '#')).toEqual(y.map((value) => Number(value.toPrecision(6))));
      const pool = state.op === 'max' || state.op === 'average';
      expect(/^w = /m.test(code)).toBe(!pool);
      expect(/^b = /m.test(code)).toBe(state.bias && !pool);
      if (pool) continue;
      const { value, rest } = literalOf(code, 'w');
      expect(value.flat(4)).toEqual(state.k.values);
      expect(/\) \/ (\d+) {2}#/.exec(rest)?.[1] ?? '1').toBe(String(state.div));
      if (state.bias) expect(literalOf(code, 'b').value).toEqual(state.b.values);
    }
  });

  test("the library's program in the code panel prints the result", async () => {
    const state = stateOf(change);
    const a = possible(state);
    const { y } = forward(a, state);
    const code = codeOf('retrograd', state, a, y);
    const printed = (await printedBy(code, retrograd)) as ArrayLike<number>[];
    expect(printed).toHaveLength(1);
    y.forEach((value, i) => expect(Math.abs(printed[0]![i]! - value)).toBeLessThan(1e-9));
    expect(commented(code, '//')).toEqual(y.map((value) => Number(value.toPrecision(6))));
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
