// Losses of class scores, and those composed from other ops.

import shader from '../../shaders/loss.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, type Shape, sizeOf } from '../core/shape.ts';
import type { Values } from '../core/dtype.ts';
import type { CallTypes, Op, Sample } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor, type TensorType } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid, type Target } from '../kernel/target.ts';
import { mul, sigmoidCrossEntropy, sub } from './binary.ts';
import { mean, sum } from './reduce.ts';
import { logSoftmax, type NoAttrs, rowsOf, sumExp } from './softmax.ts';
import { abs, neg, square } from './unary.ts';

function checkScores(name: string, x: TensorType, labels: TensorType): void {
  expectDType(name, 'scores', x, 'f32');
  expectDType(name, 'labels', labels, 'i32', 'u32');
  if (x.shape.length !== 2) throw new ShapeError(`${name}: scores are ${format(x.shape)}, expected [N,C]`);
  if (!equal(labels.shape, [x.shape[0]!])) {
    throw new ShapeError(
      `${name}: labels are ${format(labels.shape)}, expected [${x.shape[0]}] for scores ${format(x.shape)}`,
    );
  }
}

/** As the shader has it: outside 0..columns − 1 a label, seen as u32, counts as the last class. */
const clampLabel = (label: number, columns: number) => Math.min(label >>> 0, columns - 1);

const samplesOf = (inputs: (shape: Shape, labels: Shape) => Sample<NoAttrs>['inputs']): Sample<NoAttrs>[] =>
  (
    [
      [3, 5],
      [1, 1],
      [67, 10],
      [64, 8],
      [5, 129],
      [4, 256],
    ] as const
  ).map(([n, c]) => ({ inputs: inputs([n, c], [n]), attrs: {} }));
const scoreSamples: readonly Sample<NoAttrs>[] = [
  ...samplesOf((shape, labels) => [{ shape }, { shape: labels, dtype: 'i32', fill: { below: shape[1]! } }]),
  { inputs: [{ shape: [6, 3] }, { shape: [6], dtype: 'u32', fill: { below: 3 } }], attrs: {} },
  { inputs: [{ shape: [4, 3] }, { shape: [4], dtype: 'i32', fill: { values: [-1, 3, 2147483647, 0] } }], attrs: {} },
];

/** Rows long enough to share among a workgroup, on a device whose barriers are cheap. */
const sharesRows = ({ inputs }: CallTypes<unknown>, { adapter }: Target) =>
  adapter !== 'software' && inputs.some(({ shape }) => shape.length === 2 && shape[1]! >= 64);

const scoreBytes = ({ inputs }: CallTypes<NoAttrs>) => 4 * (sizeOf(inputs[0]!.shape) + 2 * inputs[0]!.shape[0]!);

export const nllOp: Op<NoAttrs> = {
  name: 'nll',
  infer([x, labels]) {
    checkScores('nll', x!, labels!);
    return [{ shape: labels!.shape, dtype: 'f32' }];
  },
  cpu([x, labels], [y], { inputs }) {
    const { rows, columns } = rowsOf(inputs[0]!.shape);
    for (let n = 0; n < rows; n++) y![n] = -x![n * columns + clampLabel(labels![n]!, columns)]!;
  },
  kernels: {
    naive: {
      plan: ({ inputs }) => {
        const size = rowsOf(inputs[0]!.shape);
        const bindings = { x: input(0), labels: input(1), y: output(0) };
        return {
          dispatches: [dispatch(shader, 'nll', { bindings, params: size, workgroups: flatGrid(size.rows, 64) })],
        };
      },
    },
  },
  grad: ({ dy: [dy], x: [x, labels] }) => [
    dy ? applyOne(nllGradOp, [dy, labels!], { columns: x!.shape[1]! }) : null,
    null,
  ],
  cost: ({ outputs }) => ({ flops: 0, bytes: 12 * outputs[0]!.shape[0]! }),
  accuracy: { kind: 'exact' },
  samples: scoreSamples,
};

export const nllGradOp: Op<{ readonly columns: number }> = {
  name: 'nll_grad',
  infer([dy, labels], { columns }) {
    expectDType('nll_grad', 'dy', dy!, 'f32');
    expectDType('nll_grad', 'labels', labels!, 'i32', 'u32');
    return [{ shape: [dy!.shape[0]!, columns], dtype: 'f32' }];
  },
  cpu([dy, labels], [dx], { attrs: { columns } }) {
    dx!.fill(0);
    for (let n = 0; n < dy!.length; n++) dx![n * columns + clampLabel(labels![n]!, columns)] = -dy![n]!;
  },
  kernels: {
    naive: {
      plan: ({ outputs }) => {
        const size = rowsOf(outputs[0]!.shape);
        const bindings = { dy: input(0), labels: input(1), dx: output(0) };
        const workgroups = flatGrid(size.rows * size.columns, 64);
        return { dispatches: [dispatch(shader, 'nll_grad', { bindings, params: size, workgroups })] };
      },
    },
  },
  grad: null,
  cost: ({ outputs }) => ({ flops: 0, bytes: 4 * sizeOf(outputs[0]!.shape) + 8 * outputs[0]!.shape[0]! }),
  accuracy: { kind: 'exact' },
  samples: (
    [
      [3, 5],
      [1, 1],
      [67, 10],
    ] as const
  ).map(([n, columns]) => ({
    inputs: [{ shape: [n] }, { shape: [n], dtype: 'i32', fill: { below: columns } }],
    attrs: { columns },
  })),
};

export const sparseSoftmaxCrossEntropyOp: Op<NoAttrs> = {
  name: 'sparse_softmax_cross_entropy',
  infer([x, labels]) {
    checkScores('sparse_softmax_cross_entropy', x!, labels!);
    return [{ shape: labels!.shape, dtype: 'f32' }];
  },
  cpu([x, labels], [y], { inputs }) {
    const { rows, columns } = rowsOf(inputs[0]!.shape);
    for (let n = 0; n < rows; n++) {
      const row = x!.subarray(n * columns, (n + 1) * columns);
      const { highest, sum } = sumExp(row);
      y![n] = highest - row[clampLabel(labels![n]!, columns)]! + Math.log(sum);
    }
  },
  kernels: {
    rows: { preferred: sharesRows, plan: (call) => crossEntropyPlan('sparse_softmax_cross_entropy_rows', call) },
    naive: { plan: (call) => crossEntropyPlan('sparse_softmax_cross_entropy', call) },
  },
  grad: ({ dy: [dy], x: [x, labels] }) => [
    dy ? applyOne(sparseSoftmaxCrossEntropyGradOp, [dy, x!, labels!], {}) : null,
    null,
  ],
  cost: (call) => ({ flops: 8 * sizeOf(call.inputs[0]!.shape), bytes: scoreBytes(call) }),
  // 3e-6·max(1, |logit|), at the |logit| < 5 of the samples.
  accuracy: { kind: 'mixed', absolute: 3e-6, relative: 2e-6 },
  samples: scoreSamples,
};

function crossEntropyPlan(
  entry: 'sparse_softmax_cross_entropy' | 'sparse_softmax_cross_entropy_rows',
  { inputs }: CallTypes<NoAttrs>,
) {
  const size = rowsOf(inputs[0]!.shape);
  const bindings = { x: input(0), labels: input(1), y: output(0) };
  const workgroups = flatGrid(size.rows, entry.endsWith('_rows') ? 1 : 64);
  return { dispatches: [dispatch(shader, entry, { bindings, params: size, workgroups })] };
}

export const sparseSoftmaxCrossEntropyGradOp: Op<NoAttrs> = {
  name: 'sparse_softmax_cross_entropy_grad',
  infer([dy, x, labels]) {
    checkScores('sparse_softmax_cross_entropy_grad', x!, labels!);
    expectDType('sparse_softmax_cross_entropy_grad', 'dy', dy!, 'f32');
    return [{ shape: x!.shape, dtype: 'f32' }];
  },
  cpu([dy, x, labels], [dx], { inputs }) {
    const { rows, columns } = rowsOf(inputs[1]!.shape);
    for (let n = 0; n < rows; n++) {
      const row = x!.subarray(n * columns, (n + 1) * columns);
      const { highest, sum } = sumExp(row);
      const label = clampLabel(labels![n]!, columns);
      for (let c = 0; c < columns; c++) {
        dx![n * columns + c] = dy![n]! * (Math.exp(row[c]! - highest) / sum - Number(c === label));
      }
    }
  },
  kernels: {
    rows: {
      preferred: sharesRows,
      plan: (call) => crossEntropyGradPlan('sparse_softmax_cross_entropy_grad_rows', call),
    },
    naive: { plan: (call) => crossEntropyGradPlan('sparse_softmax_cross_entropy_grad', call) },
  },
  grad: null,
  cost: ({ inputs }) => ({
    flops: 12 * sizeOf(inputs[1]!.shape),
    bytes: 8 * (sizeOf(inputs[1]!.shape) + sizeOf(inputs[0]!.shape)),
  }),
  accuracy: { kind: 'mixed', absolute: 3e-6, relative: 2e-6 },
  samples: scoreSamples.map(({ inputs: [scores, labels], attrs }) => ({
    inputs: [{ shape: labels!.shape }, scores!, labels!],
    attrs,
  })),
};

function crossEntropyGradPlan(
  entry: 'sparse_softmax_cross_entropy_grad' | 'sparse_softmax_cross_entropy_grad_rows',
  { outputs }: CallTypes<NoAttrs>,
) {
  const size = rowsOf(outputs[0]!.shape);
  const bindings = { dy: input(0), x: input(1), labels: input(2), dx: output(0) };
  const workgroups = flatGrid(size.rows, entry.endsWith('_rows') ? 1 : 64);
  return { dispatches: [dispatch(shader, entry, { bindings, params: size, workgroups })] };
}

export const correctPredictionsOp: Op<NoAttrs> = {
  name: 'correct_predictions',
  infer([x, labels]) {
    checkScores('correct_predictions', x!, labels!);
    return [{ shape: labels!.shape, dtype: 'f32' }];
  },
  cpu([x, labels], [y], { inputs }) {
    const { rows, columns } = rowsOf(inputs[0]!.shape);
    for (let n = 0; n < rows; n++) {
      const best = firstLargest(x!.subarray(n * columns, (n + 1) * columns));
      y![n] = Number(best === clampLabel(labels![n]!, columns));
    }
  },
  kernels: {
    naive: {
      plan: ({ inputs }) => {
        const size = rowsOf(inputs[0]!.shape);
        const bindings = { x: input(0), labels: input(1), y: output(0) };
        const workgroups = flatGrid(size.rows, 64);
        return { dispatches: [dispatch(shader, 'correct_predictions', { bindings, params: size, workgroups })] };
      },
    },
  },
  grad: null,
  cost: (call) => ({ flops: sizeOf(call.inputs[0]!.shape), bytes: scoreBytes(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    ...scoreSamples,
    {
      inputs: [
        { shape: [66, 4], fill: 'ties' },
        { shape: [66], dtype: 'i32', fill: { below: 4 } },
      ],
      attrs: {},
    },
  ],
};

function firstLargest(row: Values): number {
  let best = 0;
  for (let c = 1; c < row.length; c++) if (row[c]! > row[best]!) best = c;
  return best;
}

export const lossOps: readonly Op[] = [
  nllOp,
  nllGradOp,
  sparseSoftmaxCrossEntropyOp,
  sparseSoftmaxCrossEntropyGradOp,
  correctPredictionsOp,
];

// Labels are i32 or u32 [N]. One outside 0..C − 1 counts as C − 1: hosts check labels before a device sees them. Shapes
// or dtypes other than stated are a ShapeError.

/** −logProbabilities[n, label n]: [N, C] and [N] -> [N]. */
export const nll = (logProbabilities: Tensor, labels: Tensor): Tensor =>
  applyOne(nllOp, [logProbabilities, labels], {});

/** log Σ e^logits[n] − logits[n, label n]: [N, C] and [N] -> [N]; its gradient, softmax − one-hot, is one kernel. */
export const sparseSoftmaxCrossEntropy = (logits: Tensor, labels: Tensor): Tensor =>
  applyOne(sparseSoftmaxCrossEntropyOp, [logits, labels], {});

/** 1 where the first largest score of a row is at its label, else 0: [N, C] and [N] -> [N]. No gradient. */
export const correctPredictions = (scores: Tensor, labels: Tensor): Tensor =>
  applyOne(correctPredictionsOp, [scores, labels], {});

/** A loss that broadcast would average over the wrong pairs, [N,1] against [N] most of all. */
function checkSame(name: string, prediction: Tensor, target: Tensor): void {
  if (equal(prediction.shape, target.shape)) return;
  throw new ShapeError(
    `${name}: the prediction is ${format(prediction.shape)} and the target ${format(target.shape)}, expected one shape`,
  );
}

// Each of these is a scalar, []: the mean over all elements (categoricalCrossEntropy: over all rows). A ShapeError
// says where prediction and target differ in shape.

/** The mean of (prediction − target)². */
export function meanSquaredError(prediction: Tensor, target: Tensor): Tensor {
  checkSame('meanSquaredError', prediction, target);
  return mean(square(sub(prediction, target)));
}

/** The mean of |prediction − target|. */
export function meanAbsoluteError(prediction: Tensor, target: Tensor): Tensor {
  checkSame('meanAbsoluteError', prediction, target);
  return mean(abs(sub(prediction, target)));
}

/** The mean of −t·log σ(z) − (1 − t)·log(1 − σ(z)) for logits z and targets t in [0, 1], without overflow. */
export function binaryCrossEntropy(logits: Tensor, target: Tensor): Tensor {
  checkSame('binaryCrossEntropy', logits, target);
  return mean(sigmoidCrossEntropy(logits, target));
}

/** The mean over rows of −Σ target·logSoftmax(logits), summed over the last axis; targets are probabilities. */
export function categoricalCrossEntropy(logits: Tensor, target: Tensor): Tensor {
  checkSame('categoricalCrossEntropy', logits, target);
  return mean(neg(sum(mul(target, logSoftmax(logits)), { axes: -1 })));
}
