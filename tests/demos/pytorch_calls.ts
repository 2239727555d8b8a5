// What PyTorch takes of the calls that the code panel writes, by its documents and its own errors. Quoted words are theirs.

import { expect } from 'vitest';

import {
  bind,
  none,
  pair,
  positive,
  sidesOf,
  sliced,
  type Bound,
  type Drawn,
  type Shape,
  type Sides,
} from './framework_calls.ts';
import { callsIn, number, numbers, shapeOf, text } from './python_calls.ts';

/** The image's shape after F.pad. */
function padded(bound: Bound, [n, c, h, w]: Shape, sides: Sides): Shape {
  const [[top, bottom], [left, right]] = sides as [[number, number], [number, number]];
  // torch.nn.functional.pad: "starting from the last dimension and moving forward".
  expect(numbers(bound.pad!)).toEqual([left, right, top, bottom]);
  const mode = bound.mode === undefined ? 'constant' : text(bound.mode);
  expect(['constant', 'reflect', 'replicate', 'circular']).toContain(mode);
  if (mode !== 'constant') expect(bound.value, 'a value goes with constant alone').toBeUndefined();
  // ReflectionPad2d: "padding size should be less than the corresponding input dimension"; CircularPad2d: "less than or
  // equal to".
  const most = { reflect: -1, circular: 0, replicate: Infinity, constant: Infinity }[mode]!;
  expect(Math.max(left, right)).toBeLessThanOrEqual(w! + most);
  expect(Math.max(top, bottom)).toBeLessThanOrEqual(h! + most);
  return [n!, c!, h! + top + bottom, w! + left + right];
}

function convolved(bound: Bound, x: Shape, w: Shape, b: Shape | null, sides: Sides): Shape {
  const [stride, dilation] = [pair(bound.stride, 1), pair(bound.dilation, 1)];
  const groups = number(bound.groups ?? '1');
  positive([...stride, ...dilation, groups]);
  // "padding='same'" of torch.nn.functional.conv2d "doesn't support any stride values other than 1".
  expect(bound.padding ?? '0', 'numbers, which go with any stride').not.toMatch(/'/);
  const padding = pair(bound.padding, 0);
  expect(sides, 'the same on both sides').toEqual(padding.map((p) => [p, p]));
  // Conv2d: weights [C_out, C_in / groups, kH, kW], both channel counts divided by the groups; bias [C_out].
  expect(x[1]).toBe(w[1]! * groups);
  expect(w[0]! % groups).toBe(0);
  if (b) expect(b).toEqual([w[0]]);
  const size = [0, 1].map((i) => {
    const reach = dilation[i]! * (w[i + 2]! - 1) + 1;
    return Math.floor((x[i + 2]! + 2 * padding[i]! - reach) / stride[i]!) + 1;
  });
  // "Kernel size can't be greater than actual input size".
  positive(size);
  return [x[0]!, w[0]!, ...size];
}

function transposed(bound: Bound, x: Shape, w: Shape, b: Shape | null, sides: Sides, code: string): Shape {
  const [stride, dilation] = [pair(bound.stride, 1), pair(bound.dilation, 1)];
  const [padding, extra] = [pair(bound.padding, 0), pair(bound.output_padding, 0)];
  const groups = number(bound.groups ?? '1');
  positive([...stride, ...dilation, groups]);
  // ConvTranspose2d: weights [C_in, C_out / groups, kH, kW].
  expect(x[1]).toBe(w[0]);
  expect(w[0]! % groups).toBe(0);
  if (b) expect(b).toEqual([w[1]! * groups]);
  const size = [0, 1].map((i) => {
    // "output padding must be smaller than either stride or dilation".
    expect(extra[i]! < stride[i]! || extra[i]! < dilation[i]!, `output_padding ${extra[i]}`).toBe(true);
    return (x[i + 2]! - 1) * stride[i]! - 2 * padding[i]! + dilation[i]! * (w[i + 2]! - 1) + extra[i]! + 1;
  });
  positive(size);
  const whole = [x[0]!, w[1]! * groups, ...size];
  const cut = sliced(code, whole, 2, sides);
  expect(padding.map((p) => [p, p])).toEqual(cut ? none : sides);
  return cut ?? whole;
}

function pooled(bound: Bound, x: Shape, sides: Sides): Shape {
  const kernel = pair(bound.kernel_size, 1);
  const [stride, padding] = [pair(bound.stride ?? bound.kernel_size, 1), pair(bound.padding, 0)];
  positive([...kernel, ...stride]);
  // max_pool2d: padding "must be >= 0 and <= kernel_size / 2", whole numbers of which are compared.
  for (const i of [0, 1]) expect(padding[i]).toBeLessThanOrEqual(Math.floor(kernel[i]! / 2));
  expect(sides).toEqual(padding.map((p) => [p, p]));
  const size = [0, 1].map((i) => Math.floor((x[i + 2]! + 2 * padding[i]! - kernel[i]!) / stride[i]!) + 1);
  positive(size);
  return [x[0]!, x[1]!, ...size];
}

/** The names of what a program calls, all of it as PyTorch takes it, and its result of the picture's shape. */
export function checkPytorch({ state, a, pytorch: code }: Drawn): string[] {
  const shapes = new Map<string, Shape>();
  const calls = callsIn(code);
  let sides = sidesOf(a);
  let y: Shape = [];
  for (const call of calls) {
    const bound = bind(call);
    const [x, w, b] = [shapes.get('x')!, shapes.get('w')!, shapes.get('b') ?? null];
    if (call.name === 'torch.tensor') {
      shapes.set(call.target!, shapeOf(bound.data!));
      expect(bound.dtype).toBe('torch.float64');
      if (call.target === 'x') expect(shapes.get('x')).toEqual([1, ...a.input]);
      if (call.target === 'w') expect(shapes.get('w')).toEqual(a.kernel);
    } else if (call.name === 'torch.flip') expect([bound.input, numbers(bound.dims!)]).toEqual(['w', [2, 3]]);
    else if (call.name === 'F.pad' && call.target === 'x') {
      expect(bound.input).toBe('x');
      shapes.set('x', padded(bound, x, sides));
      sides = none;
    } else if (/^F\.(max|avg)_pool2d$/.test(call.name)) {
      const [around] = callsIn(bound.input!);
      y = around ? pooled(bound, padded(bind(around), x, sides), none) : pooled(bound, x, sides);
    } else if (call.name.startsWith('F.conv')) {
      expect([bound.input, bound.weight, bound.bias]).toEqual(['x', 'w', state.bias ? 'b' : 'None']);
      y = call.name === 'F.conv2d' ? convolved(bound, x, w, b, sides) : transposed(bound, x, w, b, sides, code);
    }
  }
  expect(y, code).toEqual([1, ...a.output]);
  return calls.map(({ name }) => name);
}
