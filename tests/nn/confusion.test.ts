import { expect, test } from 'vitest';
import { accuracyOf, classRates, confusionMatrix } from '../../src/nn/confusion.ts';

/** Examples as (true, predicted, how many). */
function examples(...groups: [number, number, number][]) {
  const actual = groups.flatMap(([a, , count]) => Array<number>(count).fill(a));
  const predicted = groups.flatMap(([, p, count]) => Array<number>(count).fill(p));
  return confusionMatrix(actual, predicted, 2);
}

test('50 TP, 25 TN, 25 FP, 0 FN: accuracy 75 %, sensitivity 100 %, specificity 50 %', () => {
  const matrix = examples([1, 1, 50], [0, 0, 25], [0, 1, 25]);
  expect(accuracyOf(matrix)).toBe(0.75);
  expect(classRates(matrix, 1)).toMatchObject({ recall: 1, specificity: 0.5, support: 50, precision: 50 / 75 });
});

test('25 TP, 50 TN, 0 FP, 25 FN: accuracy 75 %, sensitivity 50 %, specificity 100 %', () => {
  const matrix = examples([1, 1, 25], [0, 0, 50], [1, 0, 25]);
  expect(accuracyOf(matrix)).toBe(0.75);
  expect(classRates(matrix, 1)).toMatchObject({ recall: 0.5, specificity: 1, precision: 1, f1: 2 / 3, iou: 0.5 });
});

test('three classes: rows are true, columns predicted', () => {
  const matrix = confusionMatrix([0, 1, 2, 2, 2], [0, 2, 2, 2, 1], 3);
  expect([...matrix.counts]).toEqual([1, 0, 0, 0, 0, 1, 0, 1, 2]);
  expect(accuracyOf(matrix)).toBe(0.6);
  expect(classRates(matrix, 2)).toMatchObject({ support: 3, recall: 2 / 3, precision: 2 / 3, specificity: 0.5 });
});

test('a class out of range is refused with its index', () => {
  expect(() => confusionMatrix([0, 1], [0, 3], 3)).toThrow('confusionMatrix: class 3 at index 1 is outside 0..2');
  expect(() => confusionMatrix([0], [0, 1], 3)).toThrow('confusionMatrix: 1 true classes and 2 predictions');
});
