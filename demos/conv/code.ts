// The same computation in PyTorch, Keras and this library, with the present numbers as literals and the result in a comment.

import { paddingOf, type Arithmetic } from './arithmetic.ts';
import type { Matrix } from '../shared/state.ts';
import type { ConvState } from './state.ts';
import { isPool } from './steps.ts';

export type Dialect = ConvState['code'];

/** What the library calls each operation. */
export const opNames = { conv: 'conv2d', transposed: 'conv2dTranspose', max: 'maxPool2d', average: 'averagePool2d' };

/** The options of that op. */
export function optionsOf(state: ConvState): object {
  const shared = { strides: [state.sy, state.sx], padding: paddingOf(state) };
  if (isPool(state)) return { ...shared, poolSize: [state.kh, state.kw] };
  const options = { ...shared, dilationRate: [state.dy, state.dx], groups: state.g };
  if (state.op === 'conv') return { ...options, paddingMode: state.mode };
  return { ...options, outputPadding: [state.opy, state.opx] };
}

/** `{ strides: [1, 1], padding: 'same' }`. */
export const optionsText = (state: ConvState): string =>
  `{ ${Object.entries(optionsOf(state))
    .map(([name, value]) => `${name}: ${JSON.stringify(value).replaceAll('"', "'").replaceAll(',', ', ')}`)
    .join(', ')} }`;

/** `[[1, 2], [3, 4]]`. */
function literal({ shape, values }: Matrix): string {
  if (shape.length === 0) return String(values[0]);
  const [extent, ...rest] = shape;
  const size = rest.reduce((n, e) => n * e, 1);
  const parts = Array.from({ length: extent! }, (_, i) =>
    literal({ shape: rest, values: values.slice(i * size, (i + 1) * size) }),
  );
  return `[${parts.join(rest.length > 1 ? ',\n  ' : ', ')}]`;
}

/** As printed: up to six significant digits, a row of each channel a line. */
function printed(comment: string, a: Arithmetic, y: readonly number[]): string {
  const [channels, rows, columns] = a.output;
  const text = (value: number) => String(Number(value.toPrecision(6)));
  return Array.from({ length: channels * rows }, (_, row) => {
    const line = y
      .slice(row * columns, (row + 1) * columns)
      .map(text)
      .join(' ');
    return `${comment} ${row % rows === 0 && channels > 1 ? `[${row / rows}] ` : ''}${line}`;
  }).join('\n');
}

export function codeOf(dialect: Dialect, state: ConvState, a: Arithmetic, y: readonly number[]): string {
  const lines = { pytorch, keras, retrograd }[dialect](state, a);
  return [...lines, printed(dialect === 'retrograd' ? '//' : '#', a, y), ''].join('\n');
}

const pair = (y: number, x: number): string => `(${y}, ${x})`;
const numbers = (state: ConvState): Record<'x' | 'k' | 'b', string> => ({
  x: literal({ ...state.x, shape: [1, ...state.x.shape] }),
  k: literal(state.k),
  b: literal(state.b),
});
const divided = (state: ConvState): string => (state.div === 1 ? '' : ` / ${state.div}`);
type Sides = readonly [readonly [number, number], readonly [number, number]];
const sidesOf = (a: Arithmetic): Sides => a.explanation.padding as unknown as Sides;
const even = ([[top, bottom], [left, right]]: Sides): boolean => top === bottom && left === right;
const anyPadding = (sides: Sides): boolean => sides.flat().some((n) => n > 0);

function pytorch(state: ConvState, a: Arithmetic): string[] {
  const n = numbers(state);
  const sides = sidesOf(a);
  const [[top, bottom], [left, right]] = sides;
  const head = [
    'import torch',
    'import torch.nn.functional as F',
    '',
    `x = torch.tensor(${n.x}, dtype=torch.float64)  # N, C, H, W`,
  ];
  const strides = `stride=${pair(state.sy, state.sx)}`;
  const direct = even(sides) && (state.mode === 'zeros' || !anyPadding(sides));
  const padding = direct ? `, padding=${pair(top, left)}` : '';
  const around = (mode: string) => `F.pad(x, (${left}, ${right}, ${top}, ${bottom})${mode})`;
  if (state.op === 'max') {
    const padded = direct && top * 2 <= state.kh && left * 2 <= state.kw;
    const x = padded ? [] : [`x = ${around(", value=float('-inf')")}`];
    return [
      ...head,
      ...x,
      `y = F.max_pool2d(x, ${pair(state.kh, state.kw)}, ${strides}${padded ? padding : ''})`,
      'print(y)',
    ];
  }
  if (state.op === 'average') {
    const call = (what: string) => `F.avg_pool2d(${what}, ${pair(state.kh, state.kw)}, ${strides})`;
    if (!anyPadding(sides)) return [...head, `y = ${call('x')}`, 'print(y)'];
    return [
      ...head,
      `y = ${call(around(''))} / ${call(around('').replace('x', 'torch.ones_like(x)'))}  # padding does not count`,
      'print(y)',
    ];
  }
  const weights = [
    `w = torch.tensor(${n.k}, dtype=torch.float64)${divided(state)}  # ${state.op === 'conv' ? 'C_out, C_in/groups' : 'C_in, C_out/groups'}, kH, kW`,
    ...(state.flip ? ['w = torch.flip(w, (2, 3))  # a true convolution turns the kernel'] : []),
    ...(state.bias ? [`b = torch.tensor(${n.b}, dtype=torch.float64)`] : []),
  ];
  const options = `${strides}, dilation=${pair(state.dy, state.dx)}, groups=${state.g}`;
  const bias = state.bias ? 'b' : 'None';
  if (state.op === 'transposed') {
    // With 'same' and a stride beyond the window, what is missing to a whole stride.
    const [opy, opx] = a.axes.map((axis) => ('outputPadding' in axis ? axis.outputPadding : 0)) as [number, number];
    const output = `, output_padding=${pair(opy, opx)}`;
    if (direct && state.pad !== 'same')
      return [...head, ...weights, `y = F.conv_transpose2d(x, w, ${bias}, ${options}${padding}${output})`, 'print(y)'];
    const [, oh, ow] = a.output;
    return [
      ...head,
      ...weights,
      `y = F.conv_transpose2d(x, w, ${bias}, ${options}${output})[..., ${top}:${top + oh}, ${left}:${left + ow}]`,
      'print(y)',
    ];
  }
  const modes = {
    zeros: '',
    reflect: ", mode='reflect'",
    replicate: ", mode='replicate'",
    circular: ", mode='circular'",
  };
  const padded = direct ? [] : [`x = ${around(modes[state.mode])}`];
  return [...head, ...weights, ...padded, `y = F.conv2d(x, w, ${bias}, ${options}${padding})`, 'print(y)'];
}

function keras(state: ConvState, a: Arithmetic): string[] {
  const n = numbers(state);
  const sides = sidesOf(a);
  const [[top, bottom], [left, right]] = sides;
  const head = [
    'import numpy as np',
    'import keras',
    '',
    `x = np.array(${n.x}, 'float32').transpose(0, 2, 3, 1)  # N, H, W, C`,
  ];
  const modes = { zeros: 'constant', reflect: 'reflect', replicate: 'edge', circular: 'wrap' };
  const native = (state.pad === 'same' && state.mode === 'zeros') || !anyPadding(sides);
  const padding = `padding='${native && anyPadding(sides) ? 'same' : 'valid'}'`;
  const around = (extra: string) =>
    `x = np.pad(x, ((0, 0), (${top}, ${bottom}), (${left}, ${right}), (0, 0)), ${extra})`;
  const strides = `strides=${pair(state.sy, state.sx)}`;
  const show = 'print(np.transpose(y, (0, 3, 1, 2)))';
  if (isPool(state)) {
    const call = (what: string) =>
      `keras.ops.${state.op === 'max' ? 'max' : 'average'}_pool(${what}, ${pair(state.kh, state.kw)}, ${strides}, ${padding})`;
    if (native) return [...head, `y = ${call('x')}`, show];
    if (state.op === 'max') return [...head, around("'constant', constant_values=-np.inf"), `y = ${call('x')}`, show];
    return [
      ...head,
      'ones = np.ones_like(x)',
      around("'constant'"),
      around("'constant'").replace('x = np.pad(x', 'ones = np.pad(ones'),
      `y = ${call('x')} / ${call('ones')}  # padding does not count`,
      show,
    ];
  }
  // TensorFlow takes no dilation beside strides, nor in a transposed convolution: the kernel is written with its gaps.
  const dilated = state.dy * state.dx > 1;
  const gaps = dilated && (state.op === 'transposed' || state.sy * state.sx > 1);
  const rate = gaps ? '' : `, dilation_rate=${pair(state.dy, state.dx)}`;
  const layout = state.op === 'conv' ? 'kH, kW, C_in/groups, C_out' : 'kH, kW, C_out/groups, C_in';
  const weights = [
    `w = np.array(${n.k}, 'float32').transpose(2, 3, 1, 0)${divided(state)}  # ${layout}`,
    ...(state.flip ? ['w = w[::-1, ::-1].copy()  # a true convolution turns the kernel'] : []),
    ...(gaps
      ? [
          `wide = np.zeros((${state.dy * (state.kh - 1) + 1}, ${state.dx * (state.kw - 1) + 1}) + w.shape[2:], 'float32')`,
          `wide[::${state.dy}, ::${state.dx}] = w  # dilation`,
          'w = wide',
        ]
      : []),
    ...(state.bias ? [`b = np.array(${n.b}, 'float32')`] : []),
  ];
  const bias = state.bias ? ' + b' : '';
  if (state.op === 'conv') {
    const padded = native ? [] : [around(`'${modes[state.mode]}'`)];
    return [...head, ...weights, ...padded, `y = keras.ops.conv(x, w, ${strides}, ${padding}${rate})${bias}`, show];
  }
  const [, oh, ow] = a.output;
  // All of what the kernels paint, with room at the end for the output padding, and then what the padding leaves of it.
  const call = (x: string, w: string) => `keras.ops.conv_transpose(${x}, ${w}, ${strides}, padding='valid'${rate})`;
  const c = state.cin / state.g;
  const painted =
    state.g === 1
      ? `y = ${call('x', 'w')}`
      : `y = np.concatenate([${call(`x[..., i:i + ${c}]`, `w[..., i:i + ${c}]`)} for i in range(0, ${state.cin}, ${c})], axis=-1)`;
  const room = `y = np.pad(y, ((0, 0), (0, ${state.opy}), (0, ${state.opx}), (0, 0)))`;
  const extra = state.opy + state.opx > 0 ? [room] : [];
  return [...head, ...weights, painted, ...extra, `y = y[:, ${top}:${top + oh}, ${left}:${left + ow}]${bias}`, show];
}

function retrograd(state: ConvState, a: Arithmetic): string[] {
  const [cin, h, w] = a.input;
  const pool = isPool(state);
  const options = optionsText(state);
  const flat = (values: readonly number[]) => `[${values.join(', ')}]`;
  const head = [
    `import { evaluateGraph, inputTensor, ops } from 'retrograd';`,
    '',
    `const images = inputTensor('x', [1, ${cin}, ${h}, ${w}]);  // N, C, H, W`,
    'const x = ops.transpose(images, [0, 2, 3, 1]);  // N, H, W, C',
  ];
  const feeds = [`[images, new Float64Array(${flat(state.x.values)})]`];
  if (pool) return [...head, `const y = ops.${opNames[state.op]}(x, ${options});`, ...evaluation(feeds)];
  const weights = [
    `const filters = inputTensor('w', [${a.kernel.join(', ')}]);  // ${state.op === 'conv' ? 'C_out, C_in/groups' : 'C_in, C_out/groups'}, kH, kW`,
    `const w = ops.transpose(filters, [2, 3, 1, 0]);`,
  ];
  const [, , kh, kw] = a.kernel;
  const turned = state.flip
    ? state.k.values.map(
        (_, i) => state.k.values[Math.floor(i / (kh * kw)) * kh * kw + (kh * kw - 1 - (i % (kh * kw)))]!,
      )
    : state.k.values;
  feeds.push(`[filters, new Float64Array(${flat(turned)})${state.div === 1 ? '' : `.map((k) => k / ${state.div})`}]`);
  if (state.bias) {
    weights.push(`const b = inputTensor('b', [${state.b.shape.join()}]);`);
    feeds.push(`[b, new Float64Array(${flat(state.b.values)})]`);
  }
  const call = `ops.${opNames[state.op]}(x, w, ${options})`;
  return [...head, ...weights, `const y = ${state.bias ? `ops.add(${call}, b)` : call};`, ...evaluation(feeds)];
}

const evaluation = (feeds: readonly string[]): string[] => [
  'const [result] = evaluateGraph([ops.transpose(y, [0, 3, 1, 2])], new Map([',
  ...feeds.map((feed) => `  ${feed},`),
  ']));',
  'console.log(result);',
];
