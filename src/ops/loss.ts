// Losses of class scores, and those composed from other ops.

import shader from '../../shaders/loss.wgsl';
import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Values } from '../core/dtype.ts';
import type { Kernel, Op } from '../graph/op.ts';
import { applyOne, expectDType, type Tensor } from '../graph/tensor.ts';
import { dispatch, input, output } from '../kernel/shader.ts';
import { flatGrid } from '../kernel/target.ts';
import { mul, sigmoidCrossEntropy, sub } from './binary.ts';
import {
  checkScores,
  clampLabel,
  crossEntropyOps,
  scoreBytes,
  scoreSamples,
  sharesRows,
  sparseSoftmaxCrossEntropyGradOp,
  sparseSoftmaxCrossEntropyOp,
} from './cross_entropy.ts';
import { mean, sum } from './reduce.ts';
import { logSoftmax, logSoftmaxGradOp, logSoftmaxOp, type NoAttrs, rowsOf, softmaxOp } from './softmax.ts';
import { abs, neg, square } from './unary.ts';

/** What `op` was applied to, where `result` is what it gave. */
function argumentOf(op: Op, { source }: Tensor): Tensor | null {
  return source.kind === 'call' && source.call.op === op ? source.call.inputs[0]! : null;
}

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
  // Of log-softmax: the cross-entropy of what that was computed of.
  fuseOver: ({ inputs: [x, labels], outputs }) => {
    const scores = argumentOf(logSoftmaxOp, x!);
    return scores && { op: sparseSoftmaxCrossEntropyOp, attrs: {}, inputs: [scores, labels!], outputs };
  },
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
  fuseInto({ inputs: [dy, labels] }, { op, inputs, outputs }) {
    const scores = op === logSoftmaxGradOp ? argumentOf(logSoftmaxOp, inputs[1]!) : null;
    return scores && { op: sparseSoftmaxCrossEntropyGradOp, attrs: {}, inputs: [dy!, scores, labels!], outputs };
  },
  cost: ({ outputs }) => ({ flops: 0, bytes: 4 * sizeOf(outputs[0]!.shape) + 8 * outputs[0]!.shape[0]! }),
  accuracy: { kind: 'exact' },
  samples: (
    [
      [3, 5, 'i32'],
      [1, 1, 'i32'],
      [67, 10, 'i32'],
      [7, 4, 'u32'],
      [5, 1, 'u32'],
    ] as const
  ).map(([n, columns, dtype]) => ({
    inputs: [{ shape: [n] }, { shape: [n], dtype, fill: { below: columns } }],
    attrs: { columns },
  })),
};

function predictionsPlan(
  entry: 'correct_predictions' | 'correct_predictions_rows',
  rowsOfGroup: number,
): Kernel<NoAttrs>['plan'] {
  return ({ inputs }) => {
    const size = rowsOf(inputs[0]!.shape);
    const bindings = { x: input(0), labels: input(1), y: output(0) };
    const workgroups = flatGrid(size.rows, rowsOfGroup);
    return { dispatches: [dispatch(shader, entry, { bindings, params: size, workgroups })] };
  };
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
    rows: { preferred: sharesRows, plan: predictionsPlan('correct_predictions_rows', 1) },
    naive: { plan: predictionsPlan('correct_predictions', 64) },
  },
  grad: null,
  // Softmax and its logarithm keep the order of a row.
  fuseOver(call) {
    const [x, labels] = call.inputs as [Tensor, Tensor];
    const scores = argumentOf(logSoftmaxOp, x) ?? argumentOf(softmaxOp, x);
    return scores && { ...call, inputs: [scores, labels] };
  },
  cost: (call) => ({ flops: sizeOf(call.inputs[0]!.shape), bytes: scoreBytes(call) }),
  accuracy: { kind: 'exact' },
  samples: [
    ...scoreSamples,
    {
      inputs: [
        { shape: [7, 130], fill: 'ties' },
        { shape: [7], dtype: 'i32', fill: { values: [0, 1, 2, 3, 1, 0, 64] } },
      ],
      attrs: {},
    },
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

export const lossOps: readonly Op[] = [nllOp, nllGradOp, ...crossEntropyOps, correctPredictionsOp];

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
