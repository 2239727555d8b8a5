// Metrics by name. Each gives a batch's sum, so that an epoch's value is exact however its batches are cut.

import { OptionError, suggestion } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { div, equal, greater, maximum, mul, sub } from '../ops/binary.ts';
import { correctPredictions } from '../ops/loss.ts';
import { argmax, sum } from '../ops/reduce.ts';
import { reshape } from '../ops/reshape.ts';
import { abs } from '../ops/unary.ts';
import { perWeight } from './loss.ts';
import { asRows, asValues, type Loss } from './losses.ts';

export type MetricName = 'accuracy' | 'meanSquaredError' | 'mse' | 'meanAbsoluteError' | 'mae';

export interface Metric {
  /** The key in logs and history. */
  readonly name: string;
  /**
   * The sum over a batch's examples, a scalar; divided by the number of examples it is the metric. `mask`, f32 [N, T],
   * says which of an output's steps are no padding where an embedding's `maskZero` says it: the others do not count.
   */
  sum(prediction: Tensor, target: Tensor, mask?: Tensor): Tensor;
}

const byName: Readonly<Record<MetricName, (where: string, loss: Loss) => Metric>> = {
  accuracy: (where, loss) => ({ name: 'accuracy', sum: (p, t, mask) => countCorrect(where, loss, p, t, mask) }),
  meanSquaredError: () => errorMetric('meanSquaredError', (difference) => mul(difference, difference)),
  mse: () => byName.meanSquaredError('', anyLoss),
  meanAbsoluteError: () => errorMetric('meanAbsoluteError', abs),
  mae: () => byName.meanAbsoluteError('', anyLoss),
};

const anyLoss: Loss = { name: '', output: 'any', target: 'any', apply: (prediction) => prediction };

function errorMetric(name: string, of: (difference: Tensor) => Tensor): Metric {
  return {
    name,
    sum: (prediction, target, mask) =>
      sumOfMeans(of(sub(prediction, asValues(name, prediction, target))), prediction.shape[0]!, mask),
  };
}

/** The sum over examples of the means of an example's terms; of those at its steps that are there, with a mask. */
function sumOfMeans(terms: Tensor, examples: number, mask: Tensor | undefined): Tensor {
  if (!mask) return div(sum(terms), sizeOf(terms.shape) / examples);
  const total = sum(mul(perWeight(terms, mask), mask), { axes: 1 });
  return sum(div(total, maximum(sum(mask, { axes: 1 }), 1)));
}

/** Above which number a prediction, and a target, mean yes, for losses of single yes-or-no answers. */
const thresholds: Readonly<Record<string, readonly [prediction: number, target: number]>> = {
  binaryCrossentropy: [0, 0.5],
  hinge: [0, 0],
  squaredHinge: [0, 0],
};

/**
 * The number of examples whose largest score is at the label; with 'binaryCrossentropy' those whose logit is above 0 (or
 * probability above 0.5) where the target is above 0.5. Examples with several positions count the share of them.
 */
function countCorrect(where: string, loss: Loss, prediction: Tensor, target: Tensor, mask?: Tensor): Tensor {
  const examples = prediction.shape[0]!;
  if (target.dtype === 'i32') {
    const [scores, labels] = asRows('accuracy', prediction, target);
    return sumOfMeans(correctPredictions(scores, labels), examples, mask);
  }
  const threshold = thresholds[loss.name];
  if (threshold) {
    const [ofPrediction, ofTarget] = loss.output === 'probabilities' ? [0.5, 0.5] : threshold;
    const truths = greater(asValues('accuracy', prediction, target), ofTarget);
    return sumOfMeans(equal(greater(prediction, ofPrediction), truths), examples, mask);
  }
  if (loss.perRow) {
    const classes = prediction.shape.at(-1)!;
    const rows = sizeOf(prediction.shape) / classes;
    const best = argmax(reshape(asValues('accuracy', prediction, target), [rows, classes]));
    return sumOfMeans(correctPredictions(reshape(prediction, [rows, classes]), best), examples, mask);
  }
  throw new OptionError(`${where}: 'accuracy' needs classes, but the loss '${loss.name}' has none`);
}

/** The metric called `metric`, or the caller's own record. */
export function resolveMetric(where: string, metric: MetricName | Metric, loss: Loss): Metric {
  if (typeof metric !== 'string') return metric;
  if (Object.hasOwn(byName, metric)) return byName[metric](where, loss);
  const known = Object.keys(byName);
  throw new OptionError(`${where}: unknown metric '${metric}'${suggestion(metric, known)}; known: ${known.join(', ')}`);
}
