// Recurrent networks against a definition written out here for one example at a time, against finite differences, and
// against published traces.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { concat } from '../../src/ops/concat.ts';
import { gru, lstm, rnn, type RecurrentOptions, type RecurrentResult } from '../../src/ops/recurrent_functions.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { generator } from './table.ts';

type Vector = number[];
type Matrix = Vector[];
type Kind = 'rnn' | 'lstm' | 'gru' | 'gru, reset before';
const kinds: Kind[] = ['rnn', 'lstm', 'gru', 'gru, reset before'];
const gatesOf: Record<Kind, number> = { rnn: 1, lstm: 4, gru: 3, 'gru, reset before': 3 };

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

interface Cell {
  kernel: Matrix;
  recurrent: Matrix;
  bias: Vector[];
}

/** Gate `gate` of vector·matrix for matrix [in, gates·units]. */
const gateOf = (vector: Vector, matrix: Matrix, gate: number, units: number): Vector =>
  Array.from({ length: units }, (_, u) =>
    vector.reduce((sum, value, k) => sum + value * matrix[k]![gate * units + u]!, 0),
  );

/** One step of one example, by the textbook. */
function step(kind: Kind, x: Vector, [h, c]: Matrix, { kernel, recurrent, bias }: Cell): Matrix {
  const units = h!.length;
  const fromX = (gate: number) => gateOf(x, kernel, gate, units).map((sum, u) => sum + bias[0]![gate * units + u]!);
  const fromH = (gate: number, state = h!) => gateOf(state, recurrent, gate, units);
  const both = (gate: number) => {
    const a = fromX(gate);
    const b = fromH(gate);
    const second = kind === 'gru' ? bias[1]!.slice(gate * units) : [];
    return a.map((value, u) => value + b[u]! + (second[u] ?? 0));
  };
  if (kind === 'rnn') return [both(0).map(Math.tanh)];
  if (kind === 'lstm') {
    const [i, f, o] = [both(0).map(sigmoid), both(1).map(sigmoid), both(3).map(sigmoid)];
    const g = both(2).map(Math.tanh);
    const next = c!.map((value, u) => f[u]! * value + i[u]! * g[u]!);
    return [next.map((value, u) => o[u]! * Math.tanh(value)), next];
  }
  const z = both(0).map(sigmoid);
  const r = both(1).map(sigmoid);
  const inner =
    kind === 'gru'
      ? fromH(2).map((value, u) => r[u]! * (value + bias[1]![2 * units + u]!))
      : fromH(
          2,
          h!.map((value, u) => r[u]! * value),
        );
  const g = fromX(2).map((value, u) => Math.tanh(value + inner[u]!));
  return [h!.map((value, u) => z[u]! * value + (1 - z[u]!) * g[u]!)];
}

/** A sequence of one example as Keras takes it: masked steps keep the state and repeat the output, which begins at 0. */
function sequence(
  kind: Kind,
  x: Matrix,
  valid: boolean[],
  initial: Matrix,
  cell: Cell,
  backwards: boolean,
  zero: boolean,
) {
  const order = x.map((_, t) => t);
  if (backwards) order.reverse();
  let state = initial;
  let held = initial[0]!.map(() => 0);
  const outputs = order.map((t) => {
    if (valid[t]) {
      state = step(kind, x[t]!, state, cell);
      held = state[0]!;
      return held;
    }
    return zero ? held.map(() => 0) : held;
  });
  return { outputs, last: held, state };
}

interface Case {
  N: number;
  T: number;
  size: number;
  units: number;
  masking: 'lengths' | 'mask' | null;
  initial: boolean;
  backwards: boolean;
  align?: boolean;
  zero?: boolean;
  useBias?: boolean;
}

/** Symbolic inputs with seeded values for a case. */
function setUp(kind: Kind, { N, T, size, units, masking, initial, useBias = true }: Case) {
  const random = generator(41);
  const width = gatesOf[kind] * units;
  const shapes: Record<string, number[]> = {
    x: [N, T, size],
    kernel: [size, width],
    recurrentKernel: [units, width],
    ...(useBias ? { bias: kind === 'gru' ? [2, width] : [width] } : {}),
    ...(initial ? { h: [N, units], ...(kind === 'lstm' ? { c: [N, units] } : {}) } : {}),
  };
  const at = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      { shape, values: Float64Array.from({ length: sizeOf(shape) }, () => 2 * random() - 1) },
    ]),
  );
  const lengths = Int32Array.from({ length: N }, (_, n) => [T, 1, 0, T - 1][n % 4]!);
  const mask = Float32Array.from({ length: N * T }, (_, i) => (random() < 0.6 && i >= T ? 1 : i < T ? i % 2 : 0));
  const valid = Array.from({ length: N }, (_, n) =>
    Array.from({ length: T }, (_, t) =>
      masking === null ? true : masking === 'lengths' ? t < lengths[n]! : mask[n * T + t] !== 0,
    ),
  );
  const masks: Partial<RecurrentOptions> =
    masking === 'lengths'
      ? { lengths: constantTensor(lengths, [N], 'i32') }
      : masking === 'mask'
        ? { mask: constantTensor(mask, [N, T], 'f32') }
        : {};
  return { at, valid, masks };
}

function run(kind: Kind, inputs: Record<string, Tensor>, options: RecurrentOptions): RecurrentResult {
  const { x, kernel, recurrentKernel, bias, h, c } = inputs as Record<'x' | 'kernel' | 'recurrentKernel', Tensor> & {
    bias?: Tensor;
    h?: Tensor;
    c?: Tensor;
  };
  const weights = { kernel, recurrentKernel, ...(bias ? { bias } : {}) };
  const all = { ...options, ...(h ? { initialState: c ? [h, c] : [h] } : {}) };
  if (kind === 'rnn') return rnn(x, weights, all);
  if (kind === 'lstm') return lstm(x, weights, all);
  return gru(x, weights, { ...all, resetAfter: kind === 'gru' });
}

const flatten = (tensors: readonly Tensor[]) => concat(tensors.map((tensor) => reshape(tensor, [-1])));
const everything = ({ sequence: s, last, state }: RecurrentResult) => flatten([s, last, ...state]);

function optionsOf({ backwards, align, zero }: Case): RecurrentOptions {
  return {
    ...(backwards ? { goBackwards: true } : {}),
    ...(align ? { alignOutputs: true } : {}),
    ...(zero ? { zeroOutputForMask: true } : {}),
  };
}

const cases: Case[] = [
  { N: 2, T: 4, size: 3, units: 3, masking: null, initial: false, backwards: false },
  { N: 1, T: 1, size: 1, units: 1, masking: null, initial: true, backwards: false },
  { N: 2, T: 5, size: 2, units: 4, masking: null, initial: true, backwards: true },
  { N: 4, T: 4, size: 2, units: 3, masking: 'lengths', initial: false, backwards: false, useBias: false },
  { N: 4, T: 4, size: 2, units: 2, masking: 'lengths', initial: true, backwards: true },
  { N: 3, T: 5, size: 1, units: 3, masking: 'mask', initial: true, backwards: false },
  { N: 4, T: 3, size: 2, units: 2, masking: 'lengths', initial: true, backwards: false, zero: true },
  { N: 3, T: 4, size: 2, units: 3, masking: 'mask', initial: true, backwards: true, align: true },
  { N: 3, T: 4, size: 2, units: 2, masking: 'mask', initial: false, backwards: true, align: true, zero: true },
];
const titled = cases.map((one) => [JSON.stringify(one), one] as const);

describe.each(kinds)('%s', (kind) => {
  test.each(titled)('follows its definition: %s', (_, one) => {
    const { N, T, size, units, backwards, align, zero = false, initial, useBias = true } = one;
    const { at, valid, masks } = setUp(kind, one);
    const inputs = Object.fromEntries(Object.entries(at).map(([name, { shape }]) => [name, inputTensor(name, shape)]));
    const feeds = new Map(Object.entries(at).map(([name, { values }]) => [inputs[name]!, values]));
    const result = run(kind, inputs, { ...masks, ...optionsOf(one) });
    const [gotSequence, gotLast, ...gotState] = evaluate([result.sequence, result.last, ...result.state], feeds);

    const rows = (values: Float64Array, columns: number): Matrix =>
      Array.from({ length: values.length / columns }, (__, i) => [...values.subarray(i * columns, (i + 1) * columns)]);
    const width = gatesOf[kind] * units;
    const cell: Cell = {
      kernel: rows(at['kernel']!.values, width),
      recurrent: rows(at['recurrentKernel']!.values, width),
      bias: useBias ? rows(at['bias']!.values, width) : [Array(width).fill(0), Array(width).fill(0)],
    };
    const x = rows(at['x']!.values, size);
    for (let n = 0; n < N; n++) {
      const start = ['h', 'c'].map((name) =>
        initial && at[name] ? rows(at[name].values, units)[n]! : (Array(units).fill(0) as Vector),
      );
      const expected = sequence(kind, x.slice(n * T, (n + 1) * T), valid[n]!, start, cell, backwards, zero);
      const outputs = align ? expected.outputs.toReversed() : expected.outputs;
      close(gotSequence!.subarray(n * T * units, (n + 1) * T * units), outputs.flat());
      close(gotLast!.subarray(n * units, (n + 1) * units), expected.last);
      gotState.forEach((got, i) => close(got.subarray(n * units, (n + 1) * units), expected.state[i]!));
    }
    expect(gotState).toHaveLength(kind === 'lstm' ? 2 : 1);
  });

  test.each(titled)('has the gradients of finite differences for every weight, x and state: %s', (_, one) => {
    const { at, masks } = setUp(kind, one);
    const options = { ...masks, ...optionsOf(one) };
    const results = [
      everything,
      (result: RecurrentResult) => result.last,
      (result: RecurrentResult) => flatten(result.state),
    ];
    for (const result of results) {
      const checked = gradcheck((inputs) => result(run(kind, inputs, options)), at);
      expect(checked.worst, JSON.stringify(checked)).toBeLessThanOrEqual(1);
    }
  });
});

function close(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) expect(Math.abs(got[i]! - expected[i]!)).toBeLessThan(1e-12);
}

test.each(['relu', 'sigmoid', 'linear'] as const)('a simple network with %s obeys the option', (activation) => {
  const f = { relu: (v: number) => Math.max(v, 0), sigmoid, linear: (v: number) => v }[activation];
  const one = (value: number, shape: number[]) => constantTensor(Float32Array.of(value), shape, 'f32');
  const x = constantTensor(Float32Array.of(1, -2, 3), [1, 3, 1], 'f32');
  const { sequence: y } = rnn(x, { kernel: one(0.5, [1, 1]), recurrentKernel: one(-0.75, [1, 1]) }, { activation });
  const expected: number[] = [];
  for (const value of [1, -2, 3]) expected.push(f(0.5 * value - 0.75 * (expected.at(-1) ?? 0)));
  expect([...evaluate([y])[0]!]).toEqual(expected.map((value) => expect.closeTo(value, 12) as number));
});

test.each(['rnn', 'lstm', 'gru'] as const)('%s takes lengths below 0 for 0 and above T for T', (kind) => {
  const { at } = setUp(kind, { N: 4, T: 3, size: 2, units: 2, masking: null, initial: false, backwards: false });
  const inputs = Object.fromEntries(Object.entries(at).map(([name, { shape }]) => [name, inputTensor(name, shape)]));
  const feeds = new Map(Object.entries(at).map(([name, { values }]) => [inputs[name]!, values]));
  const result = (lengths: readonly number[], backwards: boolean) => {
    const options = { lengths: constantTensor(Int32Array.from(lengths), [4], 'i32'), goBackwards: backwards };
    return [...evaluate([everything(run(kind, inputs, options))], feeds)[0]!];
  };
  for (const backwards of [false, true]) {
    expect(result([7, -1, -2147483648, 2147483647], backwards)).toEqual(result([3, 0, 0, 3], backwards));
  }
});

describe('refuses', () => {
  const x = inputTensor('x', [2, 5, 3]);
  const weights = { kernel: inputTensor('k', [3, 8]), recurrentKernel: inputTensor('r', [2, 8]) };
  const lengths = inputTensor('n', [2], 'i32');
  it.each([
    [() => lstm(inputTensor('x', [5, 3]), weights), ShapeError, 'lstm: x is [5,3], expected [N,T,in]'],
    [
      () => lstm(x, { ...weights, kernel: inputTensor('k', [3, 9]) }),
      ShapeError,
      'lstm: kernel is [3,9], expected [3,8]',
    ],
    [() => gru(x, weights), ShapeError, 'gru: recurrentKernel is [2,8], expected [2,6]'],
    [() => lstm(x, { ...weights, bias: inputTensor('b', [4]) }), ShapeError, 'lstm: bias is [4], expected [8]'],
    [
      () => lstm(x, weights, { lengths: inputTensor('n', [3], 'i32') }),
      ShapeError,
      'lstm: lengths is [3], expected [2]',
    ],
    [
      () => lstm(x, weights, { initialState: [inputTensor('h', [2, 2])] }),
      OptionError,
      'lstm: initialState has 1 tensors, expected 2',
    ],
    [
      () => lstm(x, weights, { lengths, mask: inputTensor('m', [2, 5]) }),
      OptionError,
      'lstm: lengths and mask are both given, expected one of them',
    ],
    [
      () => lstm(x, weights, { zeroOutputForMask: true }),
      OptionError,
      'lstm: zeroOutputForMask is true without lengths or mask, which it is about',
    ],
    [
      () => lstm(x, weights, { goBackward: true } as RecurrentOptions),
      OptionError,
      "lstm: unknown option 'goBackward', did you mean 'goBackwards'?; known: initialState, lengths, mask, goBackwards, alignOutputs, zeroOutputForMask",
    ],
  ] as const)('%#: what does not fit', (call, type, message) => {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});

// --- published traces

const file = `${process.env['RETROGRAD_DATA'] ?? '../shared/data'}/golden/worked-examples.json`;
describe.skipIf(!existsSync(file))('published traces (skipped where the golden data are absent)', () => {
  interface Example {
    id: string;
    given: { v: number[] };
    float64: { h: number[] | number[][]; c: number[] | number[][] };
  }
  const example = (id: string): Example =>
    (JSON.parse(readFileSync(file, 'utf8')) as { examples: Example[] }).examples.find((one) => one.id === id)!;

  /** PyTorch's [gates·units, in] as [in, gates·units], its gates in the order given. */
  const turned = (values: number[], columns: number, units: number, order: number[]): Float64Array =>
    Float64Array.from({ length: values.length }, (_, i) => {
      const width = order.length * units;
      const [k, j] = [Math.floor(i / width), i % width];
      const row = order[Math.floor(j / units)]! * units + (j % units);
      return values[row * columns + k]!;
    });
  const series = (length: number, f: (i: number) => number): number[] => Array.from({ length }, (_, i) => f(i));

  function evaluateWith(values: Record<string, [number[], ArrayLike<number>]>, f: typeof lstm) {
    const inputs = Object.fromEntries(
      Object.entries(values).map(([name, [shape]]) => [name, inputTensor(name, shape)]),
    );
    const feeds = new Map(Object.entries(values).map(([name, [, data]]) => [inputs[name]!, Float64Array.from(data)]));
    const { x, kernel, recurrentKernel, bias, h, c } = inputs as Record<string, Tensor>;
    const weights = { kernel: kernel!, recurrentKernel: recurrentKernel!, bias: bias! };
    const { state } = f(x!, weights, h && c ? { initialState: [h, c] } : {});
    return evaluate(state, feeds);
  }
  const worst = (got: ArrayLike<number>, expected: number[] | number[][]) =>
    Math.max(...expected.flat().map((value, i) => Math.abs(got[i]! - value)));

  test('PyTorch LSTM, 7 steps', () => {
    const { given, float64 } = example('pytorch-lstm-7-steps');
    const b = series(12, (i) => [-1, 1, -0.5, 2][i % 4]!);
    const x = given.v.flatMap((v) => [v, v / 2]);
    const order = [0, 1, 2, 3];
    const [h, c] = evaluateWith(
      {
        x: [[1, 7, 2], x],
        kernel: [[2, 12], turned(series(24, Math.cos), 2, 3, order)],
        recurrentKernel: [[3, 12], turned(series(36, Math.sin), 3, 3, order)],
        bias: [[12], b.map((value) => value + Math.cos(value))],
      },
      lstm,
    );
    expect(worst(h!, float64.h)).toBeLessThan(1e-12);
    expect(worst(c!, float64.c)).toBeLessThan(1e-12);
  });

  test('PyTorch GRU, 7 steps: gates r, z, n', () => {
    const { given, float64 } = example('pytorch-gru-7-steps');
    const b = series(9, (i) => [-1, 1, -0.5, 2][i % 4]!);
    const order = [1, 0, 2];
    const inOrder = (values: number[]) => order.flatMap((gate) => values.slice(3 * gate, 3 * gate + 3));
    const [h] = evaluateWith(
      {
        x: [[1, 7, 2], given.v.flatMap((v) => [v, v / 2])],
        kernel: [[2, 9], turned(series(18, Math.cos), 2, 3, order)],
        recurrentKernel: [[3, 9], turned(series(27, Math.sin), 3, 3, order)],
        bias: [
          [2, 9],
          [...inOrder(b), ...inOrder(b.map(Math.cos))],
        ],
      },
      gru,
    );
    expect(worst(h!, float64.h)).toBeLessThan(1e-12);
  });

  test('CS231n LSTM, one step: gates i, f, o, g', () => {
    const { float64 } = example('cs231n-lstm-step');
    const linspace = (from: number, to: number, n: number) => series(n, (i) => from + ((to - from) * i) / (n - 1));
    const columns = (values: number[], rows: number) =>
      Array.from({ length: rows }, (_, k) =>
        [0, 1, 3, 2].flatMap((gate) => values.slice(k * 20 + 5 * gate, k * 20 + 5 * gate + 5)),
      ).flat();
    const [h, c] = evaluateWith(
      {
        x: [[3, 1, 4], linspace(-0.4, 1.2, 12)],
        kernel: [[4, 20], columns(linspace(-2.1, 1.3, 80), 4)],
        recurrentKernel: [[5, 20], columns(linspace(-0.7, 2.2, 100), 5)],
        bias: [[20], columns(linspace(0.3, 0.7, 20), 1)],
        h: [[3, 5], linspace(-0.3, 0.7, 15)],
        c: [[3, 5], linspace(-0.4, 0.9, 15)],
      },
      lstm,
    );
    expect(worst(h!, float64.h)).toBeLessThan(1e-12);
    expect(worst(c!, float64.c)).toBeLessThan(1e-12);
  });
});
