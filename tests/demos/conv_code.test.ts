// The code panel: the library's program is run; PyTorch's and Keras's lines are held to those frameworks' documented rules
// of sizes and arguments, since neither runs here.

import { describe, expect, test } from 'vitest';

import { forward, numbersOf } from '../../demos/conv/arithmetic.ts';
import { codeOf, type Dialect } from '../../demos/conv/code.ts';
import type { ConvState } from '../../demos/conv/state.ts';
import * as retrograd from '../../src/index.ts';
import { cases, possible, stateOf } from './conv_states.ts';
import { printedBy } from './printed.ts';

function written(dialect: Dialect, state: ConvState): string {
  const a = possible(state);
  return codeOf(dialect, state, a, forward(a, state.op, numbersOf(state)).y);
}

type Two = readonly [number, number];
const each = (of: (axis: 0 | 1) => number): Two => [of(0), of(1)];

/** The numbers of `name=(1, 2)`, or of the first call that `pattern` finds. */
function two(code: string, name: string, missing: Two): Two {
  const [, y, x] = new RegExp(`\\b${name}=\\((\\d+), (\\d+)\\)`).exec(code) ?? [];
  return y === undefined ? missing : [Number(y), Number(x)];
}

/** The extents of the literal that is given to `x` or `w`. */
function literalShape(code: string, name: string): number[] {
  const [, text] = new RegExp(`^${name} = (?:torch\\.tensor|np\\.array)\\((\\[[^a-z]*\\]), `, 'm').exec(code)!;
  const shape: number[] = [];
  for (let value: unknown = JSON.parse(text!); Array.isArray(value); value = value[0]) shape.push(value.length);
  return shape;
}

/** What a slice of rows and columns leaves of `size`, as Python's do: no more than there is. */
function sliced(code: string, size: Two): Two {
  const [, top, bottom, left, right] = /\[(?:\.\.\.|:), (\d+):(\d+), (\d+):(\d+)\]/.exec(code) ?? [];
  if (top === undefined) return size;
  const ends = [
    [Number(top), Number(bottom)],
    [Number(left), Number(right)],
  ] as const;
  return each((axis) => Math.max(Math.min(ends[axis][1], size[axis]) - ends[axis][0], 0));
}

/** The size by the formulas under `torch.nn.Conv2d`, `ConvTranspose2d`, `MaxPool2d` and `AvgPool2d` in PyTorch's documents. */
function torchSize(code: string): Two {
  const [, , h, w] = literalShape(code, 'x') as [number, number, number, number];
  const [, left, right, top, bottom] = (/F\.pad\(x, \((\d+), (\d+), (\d+), (\d+)\)/.exec(code) ?? []).map(Number);
  const around = top === undefined ? [0, 0] : [top + bottom!, left! + right!];
  const n = each((axis) => [h, w][axis]! + around[axis]!);
  const stride = two(code, 'stride', [1, 1]);
  const padding = two(code, 'padding', [0, 0]);
  const dilation = two(code, 'dilation', [1, 1]);
  const pool = /F\.(?:max|avg)_pool2d\(.*?, \((\d+), (\d+)\), stride/.exec(code);
  const kernel = pool
    ? ([Number(pool[1]), Number(pool[2])] as const)
    : (literalShape(code, 'w').slice(2) as never as Two);
  if (code.includes('F.max_pool2d'))
    for (const i of [0, 1] as const) expect(2 * padding[i]).toBeLessThanOrEqual(kernel[i]);
  if (!code.includes('F.conv_transpose2d'))
    return each((i) => Math.floor((n[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1));
  const extra = two(code, 'output_padding', [0, 0]);
  for (const i of [0, 1] as const) expect(extra[i]).toBeLessThan(Math.max(stride[i], dilation[i], 1));
  return sliced(
    code,
    each((i) => (n[i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel[i] - 1) + extra[i] + 1),
  );
}

/**
 * The size by Keras's rules: 'same' gives ⌈n / s⌉, 'valid' ⌈(n − d(k − 1)) / s⌉, and a transposed convolution with 'valid'
 * s·n + max(d(k − 1) + 1 − s, 0). Its documents: a stride beside 1 and a dilation beside 1 do not go together.
 */
function kerasSize(code: string): Two {
  const [, , h, w] = literalShape(code, 'x') as [number, number, number, number];
  const pads = /x = np\.pad\(x, \(\(0, 0\), \((\d+), (\d+)\), \((\d+), (\d+)\)/.exec(code)?.slice(1).map(Number);
  const n = each((axis) => [h, w][axis]! + (pads ? pads[2 * axis]! + pads[2 * axis + 1]! : 0));
  const stride = two(code, 'strides', [1, 1]);
  const dilation = two(code, 'dilation_rate', [1, 1]);
  const transposed = code.includes('conv_transpose');
  if (Math.max(...dilation) > 1) expect([transposed, ...stride]).toEqual([false, 1, 1]);
  const pool = /_pool\(\w+, \((\d+), (\d+)\)/.exec(code);
  const wide = /np\.zeros\(\((\d+), (\d+)\) \+ w\.shape/.exec(code);
  const kernel =
    (pool ?? wide)
      ? ((pool ?? wide)!.slice(1, 3).map(Number) as never as Two)
      : (literalShape(code, 'w').slice(2) as never as Two);
  const reach = each((i) => dilation[i] * (kernel[i] - 1));
  if (!transposed)
    return each((i) => Math.ceil((code.includes("padding='same'") ? n[i] : n[i] - reach[i]) / stride[i]));
  const room = /y = np\.pad\(y, \(\(0, 0\), \(0, (\d+)\), \(0, (\d+)\)/.exec(code)?.slice(1).map(Number) ?? [0, 0];
  return sliced(
    code,
    each((i) => n[i] * stride[i] + Math.max(reach[i] + 1 - stride[i], 0) + room[i]!),
  );
}

describe.each(cases)('%s', (_, change) => {
  test('PyTorch’s and Keras’s lines give the size that is shown, of literals in their order of axes', () => {
    const state = stateOf(change);
    const { output } = possible(state);
    const [torch, keras] = [written('pytorch', state), written('keras', state)];
    expect(torchSize(torch)).toEqual(output.slice(1));
    expect(kerasSize(keras)).toEqual(output.slice(1));
    for (const code of [torch, keras]) {
      expect(literalShape(code, 'x')).toEqual([1, state.cin, state.h, state.w]);
      if (state.k.values.length === 0) continue;
      const channels = state.op === 'conv' ? [state.cout, state.cin / state.g] : [state.cin, state.cout / state.g];
      expect(literalShape(code, 'w')).toEqual([...channels, state.kh, state.kw]);
    }
  });

  test("the library's program in the code panel prints the result", async () => {
    const state = stateOf(change);
    const a = possible(state);
    const { y } = forward(a, state.op, numbersOf(state));
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
  const { y } = forward(a, state.op, numbersOf(state));
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
