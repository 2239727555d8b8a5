// ONNX's recurrent networks. Gates are i, o, f, c there and i, f, c, o here for LSTM; z, r, h on both sides for GRU.

import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import { type Adapter, type Given, permute, range } from './case.ts';
import { constant } from './shapes.ts';

/** Weights in our layout: [in, gates·H], gates in the order of `order`; the two biases of a gate are added. */
function weightsOf(given: Given, order: readonly number[]) {
  const units = given.number('hidden_size', 0);
  const gated = (values: readonly number[], width: number) =>
    order.flatMap((gate) => values.slice(gate * units * width, (gate + 1) * units * width));
  const matrix = (input: number) => {
    const width = given.shape(input)[2]!;
    const rows = order.length * units;
    return constant(permute(gated(given.numbers(input), width), [rows, width], [1, 0]), [width, rows]);
  };
  const size = order.length * units;
  const both = given.has(3) ? given.numbers(3) : new Array<number>(2 * size).fill(0);
  const bias = gated(
    range(0, size).map((i) => both[i]! + both[i + size]!),
    1,
  );
  return { kernel: matrix(1), recurrentKernel: matrix(2), bias: constant(bias, [size]) };
}

/** x as [N, T, in], whatever the layout. */
const sequence = (given: Given): Tensor => (given.number('layout', 0) === 1 ? given.x(0) : given.x(0, [1, 0, 2]));

/** Y and Y_h in ONNX's layout, with an axis for the one direction. */
function results(given: Given, { sequence: y, last }: { sequence: Tensor; last: Tensor }) {
  const batchFirst = given.number('layout', 0) === 1;
  const all = ops.expandDims(y, 2); // [N, T, 1, H]
  return batchFirst ? [all, ops.expandDims(last, 1)] : [ops.transpose(all, [1, 2, 0, 3]), ops.expandDims(last, 0)];
}

/** Input's first state, [1, N, H] -> [N, H]. */
const state = (given: Given, input: number): Tensor => ops.squeeze(given.x(input), 0);

/** One LSTM of several steps with peepholes, which are no option here, composed of other ops. */
function peephole(given: Given) {
  const units = given.number('hidden_size', 0);
  const { kernel, recurrentKernel, bias } = weightsOf(given, [0, 2, 3, 1]);
  const p = given.numbers(7);
  if (given.numbers(4).some((length) => length !== given.shape(0)[0])) throw new Error('no case has padding');
  const [pi, po, pf] = [0, 1, 2].map((i) => constant(p.slice(i * units, (i + 1) * units), [units]));
  let [h, c] = [state(given, 5), state(given, 6)];
  const steps = ops.unstack(sequence(given), 1).map((x) => {
    const sums = ops.add(ops.add(ops.matmul(x, kernel), bias), ops.matmul(h, recurrentKernel));
    const [i, f, g, o] = ops.split(sums, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
    const input = ops.mul(ops.sigmoid(ops.add(i, ops.mul(pi!, c))), ops.tanh(g));
    c = ops.add(ops.mul(ops.sigmoid(ops.add(f, ops.mul(pf!, c))), c), input);
    h = ops.mul(ops.sigmoid(ops.add(o, ops.mul(po!, c))), ops.tanh(c));
    return h;
  });
  return { sequence: ops.stack(steps, 1), last: h };
}

export const recurrent: Readonly<Record<string, Adapter>> = {
  GRU: (given) => {
    const resetAfter = given.number('linear_before_reset', 0) === 1;
    if (resetAfter) throw new Error('no case has linear_before_reset');
    return results(given, ops.gru(sequence(given), weightsOf(given, [0, 1, 2]), { resetAfter }));
  },
  LSTM: (given) =>
    results(given, given.has(7) ? peephole(given) : ops.lstm(sequence(given), weightsOf(given, [0, 2, 3, 1]))),
  RNN: (given) => results(given, ops.rnn(sequence(given), weightsOf(given, [0]))),
};
