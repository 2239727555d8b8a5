// The metrics: functions of their options, each giving what `metrics` in compile takes.

import { checkOptions, OptionError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { equal, greater, mul, sub } from '../ops/binary.ts';
import { cast } from '../ops/cast.ts';
import { concat } from '../ops/concat.ts';
import { correctPredictions } from '../ops/loss.ts';
import { sum } from '../ops/reduce.ts';
import { reshape } from '../ops/reshape.ts';
import { softmax } from '../ops/softmax.ts';
import { recordRows } from '../ops/tally.ts';
import { topK } from '../ops/top_k.ts';
import { abs } from '../ops/unary.ts';
import {
  confusionTally,
  matrixOf,
  noClasses,
  present,
  scoresAndLabels,
  sumOfMeans,
  thresholdsOf,
} from './classification.ts';
import { classRates, type ClassRates, type ConfusionMatrix } from './confusion.ts';
import { asValues } from './loss.ts';
import type { ConfiguredMetric, MeanMetric } from './metrics.ts';
import { rocAuc } from './roc.ts';

export { psnr, ssim, type ImageMetricOptions } from './image_metrics.ts';

/**
 * The share of examples whose largest score is at the label; with 'binaryCrossentropy' those whose logit is above 0 (or
 * probability above 0.5) where the target is above 0.5. Of examples with several positions it is the share of positions.
 */
export function accuracy(options: { readonly name?: string } = {}): ConfiguredMetric {
  checkOptions('accuracy', options, ['name']);
  const { name = 'accuracy' } = options;
  return {
    name,
    resolve(where, loss): MeanMetric {
      const limits = thresholdsOf(loss);
      return {
        name,
        sum(prediction, target, mask) {
          const examples = prediction.shape[0]!;
          if (target.dtype !== 'i32' && limits) {
            const truths = greater(asValues(name, prediction, target), limits[1]);
            return sumOfMeans(equal(greater(prediction, limits[0]), truths), examples, mask);
          }
          const [scores, labels] = scoresAndLabels(where, name, loss, prediction, target);
          return sumOfMeans(correctPredictions(scores, labels), examples, mask);
        },
      };
    },
  };
}

/** The share of examples whose label is not among the `k` largest scores; k is 5 unless given. Of equals the first is larger. */
export function topKError(options: { readonly k?: number; readonly name?: string } = {}): ConfiguredMetric {
  checkOptions('topKError', options, ['k', 'name']);
  const { k = 5, name = `top${k}Error` } = options;
  if (!Number.isInteger(k) || k < 1) throw new OptionError(`topKError: k is ${k}, expected a positive integer`);
  return {
    name,
    resolve: (where, loss): MeanMetric => ({
      name,
      sum(prediction, target, mask) {
        const [scores, labels] = scoresAndLabels(where, name, loss, prediction, target);
        const [rows, classes] = scores.shape as [number, number];
        if (k >= classes) {
          throw new OptionError(`${where}: '${name}' of ${classes} classes is always 0, expected a smaller k`);
        }
        const best = cast(topK(scores, k).indices, 'f32');
        const found = sum(equal(best, cast(reshape(labels, [rows, 1]), 'f32')), { axes: 1 });
        return sumOfMeans(sub(1, found), prediction.shape[0]!, mask);
      },
    }),
  };
}

export interface RateOptions {
  /**
   * The class whose rate it is. Unless given, that of yes where answers are yes or no, and otherwise the mean over all
   * classes that occur, as truth or as prediction (macro average).
   */
  readonly class?: number;
  readonly name?: string;
}

/** A rate without any example to count is 0 (scikit-learn's zero_division). */
function rate(what: keyof ClassRates, options: RateOptions): ConfiguredMetric {
  checkOptions(what, options, ['class', 'name']);
  const { class: chosen, name = chosen === undefined ? what : `${what}_${chosen}` } = options;
  if (chosen !== undefined && (!Number.isInteger(chosen) || chosen < 0)) {
    throw new OptionError(`${what}: class is ${chosen}, expected a whole number from 0`);
  }
  return {
    name,
    resolve(where, loss) {
      if (loss.target === 'values' && !loss.perRow && !thresholdsOf(loss)) throw noClasses(where, name, loss);
      const tally = confusionTally(where, name, loss);
      return {
        name,
        tally: {
          ...tally,
          shape(examples, prediction, target) {
            const shape = tally.shape(examples, prediction, target);
            if (chosen === undefined || chosen < shape[0]!) return shape;
            throw new OptionError(`${where}: '${name}' is of class ${chosen}, expected one from 0 to ${shape[0]! - 1}`);
          },
        },
        result(counts) {
          const matrix = matrixOf(counts);
          const of = (c: number): number => {
            const value = classRates(matrix, c)[what];
            return Number.isNaN(value) ? 0 : value;
          };
          if (chosen !== undefined) return of(chosen);
          if (thresholdsOf(loss)) return of(1);
          const occurring = Array.from({ length: matrix.classes }, (_, c) => c).filter((c) => occurs(matrix, c));
          return occurring.reduce((total, c) => total + of(c), 0) / occurring.length;
        },
      };
    },
  };
}

function occurs({ classes, counts }: ConfusionMatrix, c: number): boolean {
  for (let other = 0; other < classes; other++) {
    if (counts[c * classes + other]! + counts[other * classes + c]! > 0) return true;
  }
  return false;
}

/** TP / (TP + FP). */
export const precision = (options: RateOptions = {}): ConfiguredMetric => rate('precision', options);
/** TP / (TP + FN), also called sensitivity. */
export const recall = (options: RateOptions = {}): ConfiguredMetric => rate('recall', options);
/** TN / (TN + FP). */
export const specificity = (options: RateOptions = {}): ConfiguredMetric => rate('specificity', options);
/** 2·TP / (2·TP + FP + FN), also called Dice. */
export const f1 = (options: RateOptions = {}): ConfiguredMetric => rate('f1', options);
/** TP / (TP + FP + FN), the intersection over the union. */
export const iou = (options: RateOptions = {}): ConfiguredMetric => rate('iou', options);

/**
 * The area under the ROC curve, exact: the share of pairs of a yes and a no in which the yes has the larger score, ties
 * counting half. Of several classes it is the mean over those that occur, each against all others, by probability. Every
 * example's scores are kept on the device until the epoch is over. NaN where one class alone occurs.
 */
export function auc(options: { readonly name?: string } = {}): ConfiguredMetric {
  checkOptions('auc', options, ['name']);
  const { name = 'auc' } = options;
  return {
    name,
    resolve(where, loss) {
      const limits = thresholdsOf(loss);
      if (loss.target === 'values' && !loss.perRow && !limits) throw noClasses(where, name, loss);
      let classes = 1;
      /** Scores with the label after them, -1 at padding: [rows, classes + 1]. */
      const rowsOf = (prediction: Tensor, target: Tensor, mask?: Tensor): Tensor => {
        const single = target.dtype !== 'i32' && limits !== undefined;
        const [scores, labels] = single
          ? [prediction, greater(asValues(name, prediction, target), limits[1])]
          : scoresAndLabels(where, name, loss, prediction, target);
        const rows = sizeOf(labels.shape);
        const known = cast(reshape(present(labels, mask), [rows, 1]), 'f32');
        const each = reshape(scores, [rows, sizeOf(scores.shape) / rows]);
        return concat([!single && loss.output === 'logits' ? softmax(each) : each, known], 1);
      };
      const perExample = (prediction: Tensor, target: Tensor): number => {
        const rows = rowsOf(prediction, target);
        classes = rows.shape[1]! - 1;
        return sizeOf(rows.shape) / prediction.shape[0]!;
      };
      return {
        name,
        tally: {
          key: 'scores',
          dtype: 'f32',
          shape: (examples, prediction, target) => [examples, perExample(prediction, target)],
          add(state, prediction, target, cursor, mask) {
            const rows = rowsOf(prediction, target, mask);
            return recordRows(state, reshape(rows, [prediction.shape[0]!, state.shape[1]!]), cursor);
          },
        },
        result: (values) => rocAuc(values, classes),
      };
    },
  };
}

/** (prediction − target)², averaged over an example's numbers. */
export function meanSquaredError(options: { readonly name?: string } = {}): ConfiguredMetric {
  return meanError('meanSquaredError', options, (difference) => mul(difference, difference));
}

/** |prediction − target|, averaged over an example's numbers. */
export function meanAbsoluteError(options: { readonly name?: string } = {}): ConfiguredMetric {
  return meanError('meanAbsoluteError', options, abs);
}

function meanError(
  what: string,
  options: { readonly name?: string },
  of: (difference: Tensor) => Tensor,
): ConfiguredMetric {
  checkOptions(what, options, ['name']);
  const { name = what } = options;
  const metric: MeanMetric = {
    name,
    sum: (prediction, target, mask) =>
      sumOfMeans(of(sub(prediction, asValues(name, prediction, target))), prediction.shape[0]!, mask),
  };
  return { name, resolve: () => metric };
}
