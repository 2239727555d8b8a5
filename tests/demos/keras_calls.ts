// What Keras and NumPy take of the calls that the code panel writes, by their documents. Quoted words are theirs.

import { expect } from 'vitest';

import {
  bind,
  none,
  pair,
  positive,
  sidesOf,
  signatures,
  sliced,
  type Bound,
  type Drawn,
  type Shape,
  type Sides,
} from './framework_calls.ts';
import { callsIn, number, numbers, shapeOf, splitArguments, statements, text } from './python_calls.ts';

/** The shape after `np.pad`, whose pairs are in the order of the axes. */
function padded(bound: Bound, [n, h, w, c]: Shape, sides: Sides): Shape {
  const pairs = splitArguments(bound.pad_width!.slice(1, -1)).map(numbers);
  expect(pairs).toEqual([[0, 0], ...sides, [0, 0]]);
  const mode = bound.mode === undefined ? 'constant' : text(bound.mode);
  expect(['constant', 'reflect', 'edge', 'wrap']).toContain(mode);
  if (mode !== 'constant') expect(bound.constant_values).toBeUndefined();
  const [[top, bottom], [left, right]] = sides as [[number, number], [number, number]];
  return [n!, h! + top + bottom, w! + left + right, c!];
}

/** ⌈n / s⌉ with 'same', ⌈(n − d(k − 1)) / s⌉ with 'valid', as TensorFlow's `nn.convolution` and `nn.pool` have it. */
function sizeOf(bound: Bound, x: Shape, kernel: Shape, rates: Shape, sides: Sides): Shape {
  const strides = pair(bound.strides, 1);
  positive([...strides, ...kernel, ...rates]);
  const padding = text(bound.padding ?? "'valid'");
  expect(['valid', 'same']).toContain(padding);
  // keras.layers.Conv2D: "strides > 1 is incompatible with dilation_rate > 1".
  expect(Math.min(Math.max(...strides), Math.max(...rates))).toBe(1);
  const size = [0, 1].map((i) => {
    const [n, s, reach] = [x[i + 1]!, strides[i]!, rates[i]! * (kernel[i]! - 1)] as const;
    if (padding === 'valid') return Math.ceil((n - reach) / s);
    // TensorFlow's 'same': half of what is missing before, the rest after.
    const missing = Math.max((Math.ceil(n / s) - 1) * s + reach + 1 - n, 0);
    expect(sides[i]).toEqual([Math.floor(missing / 2), Math.ceil(missing / 2)]);
    return Math.ceil(n / s);
  });
  if (padding === 'valid') expect(sides).toEqual(none);
  positive(size);
  return size;
}

function convolved(bound: Bound, x: Shape, w: Shape, sides: Sides): Shape {
  expect(bound.data_format, "'channels_last' by default").toBeUndefined();
  // The kernel is [kH, kW, C_in / groups, C_out]; the backends take C_in / kernel.shape[-2] for the groups.
  expect(x[3]! % w[2]!).toBe(0);
  expect(w[3]! % (x[3]! / w[2]!)).toBe(0);
  return [x[0]!, ...sizeOf(bound, x, w.slice(0, 2), pair(bound.dilation_rate, 1), sides), w[3]!];
}

/** keras/src/backend/common/backend_utils.py: without output_padding (n − 1)·s + max(k, s) of 'valid'. */
function transposed(bound: Bound, x: Shape, w: Shape): Shape {
  expect(bound.data_format).toBeUndefined();
  expect(bound.output_padding, "where given, Keras's backends differ").toBeUndefined();
  expect(pair(bound.dilation_rate, 1), 'the kernel is written with its gaps').toEqual([1, 1]);
  expect(bound.padding).toBe("'valid'");
  // The kernel is [kH, kW, C_out, C_in], and there are no groups.
  expect(x[3]).toBe(w[3]);
  const strides = pair(bound.strides, 1);
  positive(strides);
  const size = [0, 1].map((i) => (x[i + 1]! - 1) * strides[i]! + Math.max(w[i]!, strides[i]!));
  return [x[0]!, ...size, w[2]!];
}

/** The names of what a program calls, all of it as Keras and NumPy take it, and its result of the picture's shape. */
export function checkKeras({ state, a, keras: code }: Drawn): string[] {
  const shapes = new Map<string, Shape>();
  const names: string[] = [];
  let sides = sidesOf(a);
  let y: Shape = [];
  for (const statement of statements(code)) {
    const all = callsIn(statement);
    const calls = all.filter(({ name }) => name in signatures);
    names.push(...calls.map(({ name }) => name));
    const methods = all.filter(({ name }) => !(name in signatures)).map(({ name }) => name.split('.').at(-1)!);
    expect(
      methods.every((name) => name === 'transpose' || name === 'copy'),
      statement,
    ).toBe(true);
    const [call] = calls;
    const [x, w] = [shapes.get('x')!, shapes.get('w')!];
    if (statement === 'w = wide') shapes.set('w', shapes.get('wide')!);
    if (statement.startsWith('y = y[')) y = sliced(statement, y, 1, sides)!;
    if (call) {
      const bound = bind(call);
      if (call.name === 'np.array') shapes.set(call.target!, arrayOf(bound, statement));
      else if (call.name === 'np.zeros') {
        const [size, rest] = bound.shape!.split(' + ');
        expect(rest).toBe('w.shape[2:]');
        expect(numbers(size!)).toEqual([state.dy * (state.kh - 1) + 1, state.dx * (state.kw - 1) + 1]);
        shapes.set('wide', [...numbers(size!), ...w.slice(2)]);
      } else if (call.name === 'np.ones_like') shapes.set('ones', x);
      else if (call.name === 'np.pad') {
        expect(bound.array).toBe(call.target);
        const room = [
          [0, state.opy],
          [0, state.opx],
        ];
        if (call.target === 'y') y = padded(bound, y, room);
        else shapes.set(call.target!, padded(bound, shapes.get(call.target!)!, sidesOf(a)));
        if (call.target === 'x') sides = none;
      } else if (call.name === 'np.concatenate') {
        // One group's slices of channels after the other.
        expect(bound.axis).toBe('-1');
        const inputs = state.cin / state.g;
        expect(bound.arrays!.endsWith(` for i in range(0, ${state.cin}, ${inputs})]`), statement).toBe(true);
        const inner = bind(callsIn(bound.arrays!)[0]!);
        expect([inner.inputs, inner.kernel]).toEqual([`x[..., i:i + ${inputs}]`, `w[..., i:i + ${inputs}]`]);
        const one = transposed(inner, x.with(3, inputs), w.with(3, inputs));
        y = one.with(3, one[3]! * state.g);
      } else if (call.name === 'keras.ops.conv') y = convolved(bound, x, w, sides);
      else if (call.name === 'keras.ops.conv_transpose') y = transposed(bound, x, w);
      else if (call.name.endsWith('_pool')) {
        const [size, ...others] = calls.map(bind).map((given) => {
          expect(['x', 'ones']).toContain(given.inputs);
          return sizeOf(given, shapes.get(given.inputs!)!, numbers(given.pool_size!), [1, 1], sides);
        });
        for (const other of others) expect(other).toEqual(size);
        y = [1, ...size!, state.cin];
      }
    }
    if (statement.endsWith(' + b')) expect(shapes.get('b')).toEqual([y[3]]);
  }
  const [c, h, w] = a.output;
  expect(y, code).toEqual([1, h, w, c]);
  expect(code).toContain('print(np.transpose(y, (0, 3, 1, 2)))');
  return names;
}

/** Of `np.array(…)`, and of its `.transpose(…)`. */
function arrayOf(bound: Bound, statement: string): Shape {
  const shape = shapeOf(bound.object!);
  expect(bound.dtype).toBe("'float32'");
  const [, order] = /\.transpose\(([\d, ]+)\)/.exec(statement) ?? [];
  if (order === undefined) return shape;
  const axes = splitArguments(order).map(number);
  expect(axes.toSorted((one, other) => one - other)).toEqual(shape.map((_, i) => i));
  return axes.map((axis) => shape[axis]!);
}
