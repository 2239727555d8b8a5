// Samples of scatter: rows and single elements, indices from the end and outside, several at one place and none.

import type { Shape } from '../core/shape.ts';
import type { Fill, Sample } from '../graph/op.ts';
import type { ScatterAttrs } from './scatter.ts';

export const replacingSamples: readonly Sample<ScatterAttrs>[] = [
  sample([5, 3], [4], 0, 4, 'none', { values: [4, 0, -1, 2] }),
  sample([1], [1], 0, 1, 'none', { values: [0] }),
  sample([2, 7, 3], [5], 1, 5, 'none', { below: 7 }),
  sample([4, 3], [4, 2], 1, 2, 'none', { values: [2, 0, -1, 1, 99] }),
  sample([3, 5], [6, 5], 0, 6, 'none', { below: 3 }),
  sample([4, 4], [3], 1, 3, 'none', { below: 4 }),
  sample([2, 3, 2], [2, 2, 2], 1, 2, 'none', { below: 3 }),
  sample([1, 5, 14], [3], 1, 3, 'none', { below: 5 }),
];

export const combiningSamples: readonly Sample<ScatterAttrs>[] = (['mul', 'max', 'min'] as const).flatMap(
  (reduction) => [
    sample([5, 3], [8], 0, 8, reduction, { below: 5 }),
    sample([2, 6, 4], [2, 9, 4], 1, 9, reduction, { values: [0, -1, 3, 3, 2, 1] }),
    sample([1], [1], 0, 1, reduction, { values: [0] }),
    sample([1, 7], [1, 5], 1, 5, reduction, { values: [6, -1, 99, 3, 3] }),
    sample([3, 1, 5], [4], 1, 4, reduction, { values: [0, -1, 5, 0] }),
    sample([3, 4], [3, 3], 1, 3, reduction, { below: 4 }),
    sample([4], [3], 0, 3, reduction, { below: 4 }),
    sample([4, 4], [3], 1, 3, reduction, { below: 4 }),
    sample([4, 3], [3, 3], 0, 3, reduction, { below: 4 }),
    sample([2, 4, 2], [3], 1, 3, reduction, { below: 4 }),
    sample([1, 5, 14], [3], 1, 3, reduction, { below: 5 }),
  ],
);

function sample(
  shape: Shape,
  indices: Shape,
  axis: number,
  count: number,
  reduction: ScatterAttrs['reduction'],
  fill: Fill,
): Sample<ScatterAttrs> {
  const updates = shape.map((n, i) => (i === axis ? count : n));
  return {
    inputs: [{ shape }, { shape: indices, dtype: 'i32', fill }, { shape: updates }],
    attrs: { axis, reduction },
  };
}
