// What a prediction says of classes, which depends on the loss: rows of scores, or single answers of yes or no.

import { OptionError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, div, greater, maximum, mul, sub } from '../ops/binary.ts';
import { cast } from '../ops/cast.ts';
import { argmax, sum } from '../ops/reduce.ts';
import { reshape } from '../ops/reshape.ts';
import { confusionAdd } from '../ops/tally.ts';
import type { ConfusionMatrix } from './confusion.ts';
import { asRows, asValues, perWeight, type Loss } from './loss.ts';
import type { Tally } from './metrics.ts';

/** Above which number a prediction, and a target, mean yes, for losses of single yes-or-no answers. */
const thresholds: Readonly<Record<string, readonly [prediction: number, target: number]>> = {
  binaryCrossentropy: [0, 0.5],
  hinge: [0, 0],
  squaredHinge: [0, 0],
};

/** Undefined where answers are not yes or no. */
export const thresholdsOf = (loss: Loss): readonly [number, number] | undefined =>
  thresholds[loss.name] && (loss.output === 'probabilities' ? [0.5, 0.5] : thresholds[loss.name]);

export function noClasses(where: string, name: string, loss: Loss): OptionError {
  return new OptionError(`${where}: '${name}' needs classes, but the loss '${loss.name}' has none`);
}

/** A row of scores for each answer, and which class is right: i32 [rows]. */
export function scoresAndLabels(
  where: string,
  name: string,
  loss: Loss,
  prediction: Tensor,
  target: Tensor,
): readonly [Tensor, Tensor] {
  if (target.dtype === 'i32') return asRows(name, prediction, target);
  if (!loss.perRow) throw noClasses(where, name, loss);
  const classes = prediction.shape.at(-1)!;
  const rows = sizeOf(prediction.shape) / classes;
  const truth = reshape(asValues(name, prediction, target), [rows, classes]);
  return [reshape(prediction, [rows, classes]), argmax(truth)];
}

/** Counts of true against predicted classes; of single yes-or-no answers no is class 0 and yes class 1. */
export function confusionTally(where: string, name: string, loss: Loss): Tally {
  const limits = thresholdsOf(loss);
  const yesOrNo = (target: Tensor) => target.dtype !== 'i32' && limits !== undefined;
  return {
    key: 'confusion',
    dtype: 'u32',
    shape(_, prediction, target) {
      const classes = yesOrNo(target) ? 2 : prediction.shape.at(-1)!;
      return [classes, classes];
    },
    add(state, prediction, target, _, mask) {
      if (yesOrNo(target)) {
        const answers = cast(greater(prediction, limits![0]), 'i32');
        const truths = cast(greater(asValues(name, prediction, target), limits![1]), 'i32');
        return confusionAdd(state, answers, present(truths, mask));
      }
      const [scores, labels] = scoresAndLabels(where, name, loss, prediction, target);
      return confusionAdd(state, argmax(scores), present(labels, mask));
    },
  };
}

/** Counts as they lie on the device, as a matrix. */
export function matrixOf(counts: ArrayLike<number>): ConfusionMatrix {
  return { classes: Math.sqrt(counts.length), counts: Float64Array.from(counts) };
}

/** The labels, i32 or f32 of any shape that begins with [N, T], with -1 where the mask [N, T] has padding. */
export function present(labels: Tensor, mask: Tensor | undefined): Tensor {
  if (!mask) return labels;
  const steps = sizeOf(mask.shape);
  const each = reshape(cast(labels, 'f32'), [steps, sizeOf(labels.shape) / steps]);
  const kept = sub(mul(add(each, 1), reshape(mask, [steps, 1])), 1);
  return reshape(labels.dtype === 'i32' ? cast(kept, 'i32') : kept, labels.shape);
}

/** The sum over examples of the means of an example's terms; of those at its steps that are there, with a mask. */
export function sumOfMeans(terms: Tensor, examples: number, mask: Tensor | undefined): Tensor {
  if (!mask) return div(sum(terms), sizeOf(terms.shape) / examples);
  const total = sum(mul(perWeight(terms, mask), mask), { axes: 1 });
  return sum(div(total, maximum(sum(mask, { axes: 1 }), 1)));
}
