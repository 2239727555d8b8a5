// What a classifier confuses: counts of true against predicted classes, and the rates made of them.

import { DataError, OptionError } from '../core/errors.ts';

export interface ConfusionMatrix {
  readonly classes: number;
  /** Row-major [true class, predicted class]. */
  readonly counts: Float64Array;
}

/**
 * Counts how often an example of class `actual[i]` was taken for `predicted[i]`; both hold classes 0 to `classes` − 1.
 * DataError: lengths differ, or a class is out of range.
 */
export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): ConfusionMatrix {
  if (!Number.isInteger(classes) || classes < 2) {
    throw new OptionError(`confusionMatrix: classes is ${classes}, expected an integer of at least 2`);
  }
  if (actual.length !== predicted.length) {
    throw new DataError(`confusionMatrix: ${actual.length} true classes and ${predicted.length} predictions`);
  }
  const counts = new Float64Array(classes * classes);
  for (let i = 0; i < actual.length; i++) {
    for (const value of [actual[i]!, predicted[i]!]) {
      if (!Number.isInteger(value) || value < 0 || value >= classes) {
        throw new DataError(`confusionMatrix: class ${value} at index ${i} is outside 0..${classes - 1}`);
      }
    }
    counts[actual[i]! * classes + predicted[i]!]! += 1;
  }
  return { classes, counts };
}

export interface ClassRates {
  /** Examples of the class. */
  readonly support: number;
  /** TP / (TP + FP). */
  readonly precision: number;
  /** TP / (TP + FN); also called sensitivity. */
  readonly recall: number;
  /** TN / (TN + FP). */
  readonly specificity: number;
  /** 2·TP / (2·TP + FP + FN); also called Dice. */
  readonly f1: number;
  /** TP / (TP + FP + FN). */
  readonly iou: number;
}

/** The rates of `positive` against all other classes. A rate without any example to count is NaN. */
export function classRates({ classes, counts }: ConfusionMatrix, positive: number): ClassRates {
  let truePositives = 0;
  let falsePositives = 0;
  let falseNegatives = 0;
  let trueNegatives = 0;
  for (let actual = 0; actual < classes; actual++) {
    for (let predicted = 0; predicted < classes; predicted++) {
      const count = counts[actual * classes + predicted]!;
      if (actual === positive && predicted === positive) truePositives += count;
      else if (predicted === positive) falsePositives += count;
      else if (actual === positive) falseNegatives += count;
      else trueNegatives += count;
    }
  }
  return {
    support: truePositives + falseNegatives,
    precision: truePositives / (truePositives + falsePositives),
    recall: truePositives / (truePositives + falseNegatives),
    specificity: trueNegatives / (trueNegatives + falsePositives),
    f1: (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives),
    iou: truePositives / (truePositives + falsePositives + falseNegatives),
  };
}

/** The share of examples on the diagonal (P@1). */
export function accuracyOf({ classes, counts }: ConfusionMatrix): number {
  let right = 0;
  let all = 0;
  counts.forEach((count, i) => {
    all += count;
    if (i % (classes + 1) === 0) right += count;
  });
  return right / all;
}

/**
 * Percentages of a matrix's counts, row-major: of 'rows' (of each true class, what it was taken for), of 'columns' (of each
 * predicted class, what it was), or of 'all' examples. A row or column without examples is 0 throughout.
 */
export function percentages({ classes, counts }: ConfusionMatrix, of: 'rows' | 'columns' | 'all'): Float64Array {
  if (of !== 'rows' && of !== 'columns' && of !== 'all') {
    throw new OptionError(`percentages: of is '${String(of)}', expected 'rows', 'columns' or 'all'`);
  }
  const groupOf = (i: number) => (of === 'rows' ? Math.floor(i / classes) : of === 'columns' ? i % classes : 0);
  const totals = new Float64Array(classes);
  counts.forEach((count, i) => (totals[groupOf(i)]! += count));
  return counts.map((count, i) => (count === 0 ? 0 : (100 * count) / totals[groupOf(i)]!));
}
