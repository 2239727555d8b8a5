// What a loss is: what it expects of a model's output and of the targets, and the scalar it adds to the graph.

import { ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { mul } from '../ops/binary.ts';
import { mean } from '../ops/reduce.ts';
import { reshape } from '../ops/reshape.ts';
import { fixedNumbers, type NumberReader, type NumberSpec } from './numbers.ts';

/**
 * A loss of the caller's own: one number for a batch, its mean, or one for each example, whose mean is then taken.
 * Targets are i32 where the data set holds labels.
 */
export type LossFunction = (prediction: Tensor, target: Tensor) => Tensor;

export interface Loss {
  readonly name: string;
  /** What the model's last layer must give. */
  readonly output: 'logits' | 'probabilities' | 'logProbabilities' | 'any';
  /** Class numbers, i32; numbers in the shape of the output, f32, those of 'signs' −1 or 1; or what the data set holds. */
  readonly target: 'labels' | 'values' | 'signs' | 'any';
  /** Whether each of an example's rows of numbers, its last axis, has one loss; else each number has. */
  readonly perRow?: boolean;
  /**
   * The mean over the batch as a scalar, [] or [1]. With `weights`, [N, 1] or one for each of an example's rows or steps, each
   * loss is multiplied by its weight; the sum is still divided by their number, not by the sum of the weights (Keras).
   */
  apply(prediction: Tensor, target: Tensor, weights?: Tensor, read?: NumberReader): Tensor;
  /** What of it may change while training runs, by option: what `apply` reads. */
  readonly numbers?: Readonly<Record<string, NumberSpec>>;
}

/** A loss with its options, for `compile`; also a function of prediction and target, for a program. */
export interface ConfiguredLoss extends LossFunction {
  readonly loss: Loss;
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

/** The mean of terms: [N·positions], or numbers of any shape that begins with N. */
export function average(terms: Tensor, weights: Tensor | undefined): Tensor {
  if (!weights) return mean(terms);
  return mean(mul(perWeight(terms, weights), weights));
}

/** The mean of those terms that one of the weights [N, W] is for: [N, W]. */
export function perWeight(terms: Tensor, { shape }: Tensor): Tensor {
  const [examples, count] = shape as [number, number];
  const rest = sizeOf(terms.shape) / (examples * count);
  const each = reshape(terms, [examples, count, rest]);
  return reshape(rest === 1 ? each : mean(each, { axes: 2 }), [examples, count]);
}

export interface Form extends Pick<Loss, 'name' | 'output' | 'numbers'> {
  readonly target?: Loss['target'];
  /** Whether there is one term for each row, the last axis being classes; else one for each number. */
  readonly perRow?: boolean;
  terms(prediction: Tensor, target: Tensor, read: NumberReader): Tensor;
}

export function configured({
  name,
  output,
  target = 'values',
  perRow = target === 'labels',
  numbers,
  terms,
}: Form): ConfiguredLoss {
  const both =
    target === 'labels' ? asRows : (where: string, p: Tensor, t: Tensor) => [p, asValues(where, p, t)] as const;
  const loss: Loss = {
    name,
    output,
    target,
    perRow,
    ...(numbers ? { numbers } : {}),
    apply: (prediction, given, weights, read = fixedNumbers) =>
      average(terms(...both(name, prediction, given), read), weights),
  };
  return Object.assign((prediction: Tensor, given: Tensor) => loss.apply(prediction, given), { loss });
}
