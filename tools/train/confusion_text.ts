// A classifier's test by class: rates, and which classes it takes for which.

import { classRates } from '../../src/nn/confusion.ts';
import type { Confusion } from './events.ts';

const percent = (value: number): string => (Number.isNaN(value) ? '–' : (100 * value).toFixed(1));

/** Lines of a table of rates in percent, and of the matrix of counts: rows are true classes, columns what they were taken for. */
export function confusionLines({ classes, counts }: Confusion): string[] {
  const matrix = { classes, counts: Float64Array.from(counts) };
  const numbers = Array.from({ length: classes }, (_, i) => i);
  const rates = numbers.map((label) => {
    const { support, precision, recall, specificity, f1, iou } = classRates(matrix, label);
    return [String(label), String(support), ...[precision, recall, specificity, f1, iou].map(percent)];
  });
  const head = ['class', 'images', 'precision %', 'recall %', 'specificity %', 'F1 %', 'IoU %'];
  const rows = numbers.map((label) => [
    `true ${label}`,
    ...numbers.map((taken) => String(counts[label * classes + taken]!)),
  ]);
  return [...aligned([head, ...rates]), '', ...aligned([['taken for', ...numbers.map(String)], ...rows])];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padStart(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
