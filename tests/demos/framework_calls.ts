// What the tests of the code panel's calls share: programs of many states, the published signatures, and how a call is bound
// to them.

import { expect } from 'vitest';

import { arithmeticOf, forward, isPossible, type Arithmetic } from '../../demos/conv/arithmetic.ts';
import { codeOf } from '../../demos/conv/code.ts';
import { fields } from '../../demos/conv/page_state.ts';
import { settled, type ConvState } from '../../demos/conv/state.ts';
import { cases, possible, stateOf } from './conv_states.ts';
import { numbers, splitArguments, type Call } from './python_calls.ts';
import { generator, randomState } from './random_state.ts';

export interface Drawn {
  readonly state: ConvState;
  readonly a: Arithmetic;
  readonly pytorch: string;
  readonly keras: string;
}

function written(state: ConvState, a: Arithmetic): Drawn {
  const { y } = forward(a, state);
  return { state, a, pytorch: codeOf('pytorch', state, a, y), keras: codeOf('keras', state, a, y) };
}

/** Of the presets and corners, and of states at random. */
export const drawn: Drawn[] = cases.map(([, change]) => written(stateOf(change), possible(stateOf(change))));

const next = generator(7);
while (drawn.length < cases.length + 500) {
  const { x: _, k: __, b: ___, t: ____, ...free } = randomState(fields, next);
  const { x, k, b, t } = fields;
  const state = settled({ ...free, x: x.default, k: k.default, b: b.default, t: t.default, tab: 'window', quiz: '' });
  const a = arithmeticOf(state);
  if (isPossible(a)) drawn.push(written(state, a));
}

/** The order of arguments; those after `*` go by name only. */
export const signatures: Readonly<Record<string, string>> = {
  // docs.pytorch.org, torch.nn.functional and torch (the docstrings of torch/nn/functional.py and torch/_torch_docs.py).
  'F.conv2d': 'input, weight, bias, stride, padding, dilation, groups',
  'F.conv_transpose2d': 'input, weight, bias, stride, padding, output_padding, groups, dilation',
  'F.max_pool2d': 'input, kernel_size, stride, padding, dilation, ceil_mode, return_indices',
  'F.avg_pool2d': 'input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override',
  'F.pad': 'input, pad, mode, value',
  'torch.tensor': 'data, *, dtype, device, requires_grad, pin_memory',
  'torch.flip': 'input, dims',
  'torch.ones_like': 'input, *, dtype, layout, device, requires_grad, memory_format',
  // keras.io/api/ops/nn (keras/src/ops/nn.py of Keras 3).
  'keras.ops.conv': 'inputs, kernel, strides, padding, data_format, dilation_rate',
  'keras.ops.conv_transpose': 'inputs, kernel, strides, padding, output_padding, data_format, dilation_rate',
  'keras.ops.max_pool': 'inputs, pool_size, strides, padding, data_format',
  'keras.ops.average_pool': 'inputs, pool_size, strides, padding, data_format',
  // numpy.org/doc/stable/reference.
  'np.array': 'object, dtype, *, copy, order, subok, ndmin, like',
  'np.pad': 'array, pad_width, mode, *, constant_values',
  'np.zeros': 'shape, dtype, order, *, device, like',
  'np.ones_like': 'a, dtype, order, subok, shape, *, device',
  'np.concatenate': 'arrays, axis, out, *, dtype, casting',
  'np.transpose': 'a, axes',
  // Python's own.
  print: 'values',
  float: 'x',
  range: 'start, stop, step',
};

export type Bound = Readonly<Record<string, string | undefined>>;

/** The arguments by their names, as Python would bind them. */
export function bind({ name, argumentsText }: Call): Bound {
  const signature = signatures[name];
  expect(signature, `${name} is a function of the list`).toBeDefined();
  const [positional, named = []] = signature!.split(', *, ').map((part) => part.split(', '));
  const bound: Record<string, string> = {};
  splitArguments(argumentsText).forEach((given, i) => {
    const [, key, value] = /^(\w+)=(?!=)(.*)$/s.exec(given) ?? [];
    const argument = key ?? positional![i];
    expect([...positional!, ...named], `${name}(${given})`).toContain(argument);
    expect(bound, `${name}: ${argument} twice`).not.toHaveProperty(argument!);
    bound[argument!] = value ?? given;
  });
  return bound;
}

export const pair = (given: string | undefined, missing: number): readonly number[] => {
  const values = given === undefined ? [missing, missing] : numbers(given);
  expect(values, given).toHaveLength(2);
  return values;
};

export const positive = (values: readonly number[]): void =>
  expect(
    values.every((value) => Number.isInteger(value) && value >= 1),
    `${values.join()}: whole, at least 1`,
  ).toBe(true);

export type Shape = readonly number[];

/** Before and after each spatial axis. */
export type Sides = readonly Shape[];
export const sidesOf = ({ explanation }: Arithmetic): Sides => explanation.padding;
export const none: Sides = [
  [0, 0],
  [0, 0],
];

/**
 * `y[..., 1:4, 0:3]` and `y[:, 1:4, 0:3]`, which cut a transposed convolution's padding off: within the size, as Python would
 * go on in silence otherwise. Null where there is no such slice.
 */
export function sliced(code: string, shape: Shape, first: number, sides: Sides): Shape | null {
  const found = /\[(?:\.\.\.|:), (\d+):(\d+), (\d+):(\d+)\]/.exec(code)?.slice(1).map(Number);
  if (!found) return null;
  const [top, bottom, left, right] = found as [number, number, number, number];
  expect([top, left]).toEqual(sides.map(([before]) => before));
  expect(bottom).toBeLessThanOrEqual(shape[first]!);
  expect(right).toBeLessThanOrEqual(shape[first + 1]!);
  positive([bottom - top, right - left]);
  return shape.with(first, bottom - top).with(first + 1, right - left);
}
