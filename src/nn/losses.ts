// Losses by name: what each expects of a model's output and of the targets, and the scalar it adds to the graph.

import { OptionError, ShapeError, suggestion } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { ActivationName } from '../ops/activations.ts';
import {
  binaryCrossEntropy,
  categoricalCrossEntropy,
  meanAbsoluteError,
  meanSquaredError,
  nll,
  sparseSoftmaxCrossEntropy,
} from '../ops/loss.ts';
import { mean } from '../ops/reduce.ts';
import { reshape } from '../ops/reshape.ts';

export type LossName =
  | 'sparseCategoricalCrossentropy'
  | 'categoricalCrossentropy'
  | 'binaryCrossentropy'
  | 'nll'
  | 'meanSquaredError'
  | 'mse'
  | 'meanAbsoluteError'
  | 'mae';

/** A loss of the caller's own: one number for a batch, its mean. Targets are i32 where the data set holds labels. */
export type LossFunction = (prediction: Tensor, target: Tensor) => Tensor;

export interface Loss {
  readonly name: string;
  /** What the model's last layer must give. */
  readonly output: 'logits' | 'logProbabilities' | 'any';
  /** Class numbers, i32; numbers in the shape of the output, f32; or what the data set holds. */
  readonly target: 'labels' | 'values' | 'any';
  /** The mean over the batch as a scalar, [] or [1]. */
  apply(prediction: Tensor, target: Tensor): Tensor;
}

/** Rows of scores [N·positions, C] and their labels [N·positions]. */
export function asRows(where: string, prediction: Tensor, labels: Tensor): [Tensor, Tensor] {
  const classes = prediction.shape.at(-1)!;
  const rows = sizeOf(prediction.shape) / classes;
  if (prediction.shape.length < 2 || sizeOf(labels.shape) !== rows) {
    throw new ShapeError(
      `${where}: the model's output is ${format(prediction.shape)} and the labels are ${format(labels.shape)}, ` +
        `expected [N,C] and [N]`,
    );
  }
  return [reshape(prediction, [rows, classes]), reshape(labels, [rows])];
}

/** The target in the prediction's shape, where only axes of length 1 differ. */
export function asValues(where: string, prediction: Tensor, target: Tensor): Tensor {
  const bare = (shape: readonly number[]) => shape.filter((length) => length !== 1);
  if (!equal(bare(prediction.shape), bare(target.shape))) {
    throw new ShapeError(
      `${where}: the model's output is ${format(prediction.shape)} and the targets are ${format(target.shape)}, expected one shape`,
    );
  }
  return reshape(target, prediction.shape);
}

const sparse = (name: string, output: Loss['output'], op: (scores: Tensor, labels: Tensor) => Tensor): Loss => ({
  name,
  output,
  target: 'labels',
  apply: (prediction, target) => mean(op(...asRows(name, prediction, target))),
});

const pointwise = (name: string, output: Loss['output'], op: (prediction: Tensor, target: Tensor) => Tensor): Loss => ({
  name,
  output,
  target: 'values',
  apply: (prediction, target) => op(prediction, asValues(name, prediction, target)),
});

const byName: Readonly<Record<LossName, () => Loss>> = {
  sparseCategoricalCrossentropy: () => sparse('sparseCategoricalCrossentropy', 'logits', sparseSoftmaxCrossEntropy),
  categoricalCrossentropy: () => pointwise('categoricalCrossentropy', 'logits', categoricalCrossEntropy),
  binaryCrossentropy: () => pointwise('binaryCrossentropy', 'logits', binaryCrossEntropy),
  nll: () => sparse('nll', 'logProbabilities', nll),
  meanSquaredError: () => pointwise('meanSquaredError', 'any', meanSquaredError),
  mse: () => byName.meanSquaredError(),
  meanAbsoluteError: () => pointwise('meanAbsoluteError', 'any', meanAbsoluteError),
  mae: () => byName.meanAbsoluteError(),
};

/**
 * The loss called `loss`, or the caller's own function as one:
 * - 'sparseCategoricalCrossentropy': −log softmax(logits)[label]; labels
 * - 'categoricalCrossentropy': −Σ target·log softmax(logits); rows of probabilities
 * - 'binaryCrossentropy': −t·log σ(z) − (1 − t)·log(1 − σ(z)) of logits z; targets 0 to 1
 * - 'nll': −logProbabilities[label]; labels; after logSoftmax
 * - 'meanSquaredError' ('mse'), 'meanAbsoluteError' ('mae')
 * Each is a mean over the batch and over an example's own elements.
 */
export function resolveLoss(where: string, loss: LossName | LossFunction): Loss {
  if (typeof loss === 'function') return { name: loss.name || 'custom', output: 'any', target: 'any', apply: loss };
  if (Object.hasOwn(byName, loss)) return byName[loss]();
  const known = Object.keys(byName);
  throw new OptionError(
    `${where}: unknown loss '${String(loss)}'${suggestion(String(loss), known)}; known: ${known.join(', ')}`,
  );
}

/** Throws where the last activation and the loss would apply softmax or sigmoid twice, or not at all. */
export function checkLossFits(
  where: string,
  { name, output }: Loss,
  last: string,
  activation: ActivationName | undefined,
): void {
  if (output === 'logProbabilities' && activation !== 'logSoftmax') {
    throw new OptionError(
      `${where}: '${name}' expects log-probabilities, but ${last} ends in ${activation ?? 'linear'}: ` +
        `add logSoftmax(), or use 'sparseCategoricalCrossentropy', which takes logits`,
    );
  }
  if (output !== 'logits') return;
  if (activation === 'softmax' || activation === 'logSoftmax') {
    const instead = activation === 'logSoftmax' ? "use 'nll', or drop the logSoftmax" : 'drop the softmax';
    throw new OptionError(`${where}: '${name}' takes logits, but ${last} ends in ${activation}: ${instead}`);
  }
  if (activation === 'sigmoid' && name === 'binaryCrossentropy') {
    throw new OptionError(`${where}: '${name}' takes logits, but ${last} ends in sigmoid: drop the sigmoid`);
  }
}
