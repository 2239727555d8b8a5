// The shapes that the general convolution ops are tested, timed and shown with.

import type { Shape } from '../core/shape.ts';
import type { EpilogueActivation } from './activations.ts';
import { noEpilogue, type EpilogueAttrs } from './epilogue.ts';
import { filterShape } from './conv_nd_sizes.ts';
import { windowNd, type WindowNdOptions } from './window.ts';

/** tanh on short sums only: its bound says nothing of the error that a long sum brings along. */
export function epilogueOf({ epilogue, slope = null }: ConvNdCase, i: number, terms: number): EpilogueAttrs {
  if (slope) return { ...noEpilogue, residual: true, slope };
  const residual = i % 4 > 1;
  if (epilogue) return { ...epilogue, residual, slope };
  const activation = ([null, null, 'relu', terms > 64 ? null : 'tanh'] as const)[i % 4]!;
  return { bias: i % 3 === 1, residual, slope, activation };
}

export interface ConvNdCase {
  image: Shape;
  filter: Shape;
  window: ReturnType<typeof windowNd>;
  groups: number;
  /** Where the case says it. */
  epilogue?: { bias: boolean; activation: EpilogueActivation | null };
  slope?: EpilogueActivation | null;
}

/** Image, filters, groups and options: every rank, option and kernel, odd sizes and sizes of one. */
export function convNdCases(): ConvNdCase[] {
  const table: Row[] = [
    [[1, 1, 1], 1, 1, { kernelSize: 1 }],
    [[2, 7, 6], 4, 2, { kernelSize: 3, strides: 2, padding: 'same' }],
    [[2, 9, 8], 8, 8, { kernelSize: 3, padding: 'causal', dilationRate: 2 }],
    [[1, 5, 6], 9, 3, { kernelSize: 4, padding: [3, 1], paddingMode: 'reflect' }],
    [[2, 5, 6, 4], 6, 2, { kernelSize: [3, 2], dilationRate: [1, 2], padding: 1 }],
    [[1, 6, 5, 3], 6, 3, { kernelSize: 2, strides: 2, padding: 'same' }],
    [[2, 5, 7, 8], 8, 8, { kernelSize: 3, padding: 1 }],
    [[1, 8, 7, 12], 12, 12, { kernelSize: [3, 4], strides: 2, dilationRate: 2, padding: 'same' }],
    [[2, 4, 5, 4], 4, 4, { kernelSize: 3, padding: 2, paddingMode: 'reflect' }],
    [[1, 3, 5, 4], 4, 4, { kernelSize: 3, padding: [[0, 3], [2, 0]], paddingMode: 'circular' }], // prettier-ignore
    [[1, 6, 6, 16], 16, 2, { kernelSize: 3, padding: 'same', paddingMode: 'replicate' }],
    [[1, 5, 4, 8], 24, 2, { kernelSize: 3, strides: [2, 1], padding: 1, paddingMode: 'circular' }],
    [[3, 9, 6, 8], 8, 2, { kernelSize: [2, 3], strides: [1, 2] }],
    [[1, 2, 3, 4, 1], 3, 1, { kernelSize: 2 }],
    [[2, 3, 4, 5, 2], 4, 1, { kernelSize: [2, 3, 2], padding: 'same' }],
    [[1, 4, 4, 5, 4], 8, 1, { kernelSize: 3, padding: 1, strides: 2 }],
    [[2, 3, 5, 4, 8], 4, 1, { kernelSize: [1, 3, 2], dilationRate: [1, 2, 1], padding: [[0, 0], [1, 2], [2, 0]] }], // prettier-ignore
    [[1, 3, 2, 3, 4], 4, 1, { kernelSize: [3, 2, 3], padding: 1, paddingMode: 'reflect' }],
    [[1, 2, 3, 2, 4], 6, 2, { kernelSize: 3, padding: [[2, 0], [1, 1], [0, 2]], paddingMode: 'circular' }], // prettier-ignore
    [
      [1, 1, 2, 3, 3],
      3,
      3,
      {
        kernelSize: [3, 2, 3],
        padding: [
          [2, 1],
          [1, 0],
          [0, 2],
        ],
        paddingMode: 'replicate',
      },
    ],
    [[1, 4, 3, 5, 8], 8, 8, { kernelSize: [3, 2, 3], strides: [2, 1, 2], padding: 'same' }],
    [[4, 12, 11, 4], 4, 4, { kernelSize: 3, padding: 1 }],
    [[2, 4, 6, 7, 4], 12, 1, { kernelSize: 3 }],
  ];
  return [...table, ...pairwise].map(([image, filters, groups, options, bias, activation]): ConvNdCase => {
    const window = windowNd('sample', image.slice(1, -1), options);
    const epilogue = bias === undefined ? {} : { epilogue: { bias, activation: activation! } };
    return { image, filter: filterShape(image, filters, { window, groups }), window, groups, ...epilogue };
  });
}

type Row = readonly [
  image: Shape,
  filters: number,
  groups: number,
  options: WindowNdOptions,
  bias?: boolean,
  activation?: EpilogueActivation | null,
];

/** Those that with the slopes of activations meet every option once more, and reach every kernel. */
export const casesWithSlopes: readonly number[] = [7, 26, 28, 35, 38];

// With the above, every two options (tests/ops/option_table.ts).
// prettier-ignore
const pairwise: readonly Row[] = [
  [[2, 4, 6], 3, 1, { kernelSize: 4 }, true, 'relu'], // one window
  [[1, 5, 5, 4], 4, 1, { kernelSize: [1, 1], strides: [1, 3], dilationRate: [3, 3], padding: [[2, 1], [0, 0]], paddingMode: 'reflect' }, true, 'sigmoid'],
  [[1, 5, 6, 4], 4, 4, { kernelSize: 1, strides: 3, dilationRate: [1, 2], padding: [[1, 0], [1, 0]], paddingMode: 'replicate' }, true, 'sigmoid'],
  [[2, 6, 6], 3, 3, { kernelSize: 1, dilationRate: 3, padding: [0, 2], paddingMode: 'circular' }, true, 'sigmoid'],
  [[1, 3, 2, 4, 4], 4, 1, { kernelSize: 1, strides: 2, dilationRate: [1, 2, 3], paddingMode: 'circular' }, false, 'tanh'],
  [[1, 2, 2, 3, 4], 4, 4, { kernelSize: 1, strides: [1, 3, 1], dilationRate: [2, 1, 3], padding: [[0, 2], [0, 2], [0, 2]], paddingMode: 'replicate' }, false, 'relu'],
  [[1, 5, 4, 8], 8, 8, { kernelSize: 2, strides: 2, dilationRate: [3, 1], paddingMode: 'reflect' }, true, 'sigmoid'],
  [[1, 3, 4], 4, 1, { kernelSize: 1, dilationRate: 2, padding: [0, 2], paddingMode: 'replicate' }, true, null],
  [[1, 2, 4, 3, 6], 3, 3, { kernelSize: [1, 2, 1], strides: 2, dilationRate: 2, paddingMode: 'circular' }, false, 'sigmoid'],
  [[1, 4, 2, 8], 4, 2, { kernelSize: [3, 1], strides: [3, 3], padding: [[1, 0], [1, 2]] }, true, 'sigmoid'],
  [[1, 3, 4, 3, 4], 4, 4, { kernelSize: 1, strides: 3, dilationRate: [3, 3, 3], padding: [[2, 0], [3, 0], [2, 0]], paddingMode: 'reflect' }, true, 'relu'],
  [[1, 3, 2, 4, 4], 6, 2, { kernelSize: 1, strides: [2, 1, 2], dilationRate: [1, 2, 2], padding: [[0, 1], [0, 3], [0, 0]], paddingMode: 'replicate' }, true, 'tanh'],
  [[1, 4, 2], 2, 2, { kernelSize: 1, strides: 2, dilationRate: 3, padding: [1, 0], paddingMode: 'reflect' }, true, 'tanh'],
  [[2, 5, 8], 4, 1, { kernelSize: 1, strides: 2, dilationRate: 2 }, true, 'sigmoid'],
  [[1, 4, 3, 4], 8, 1, { kernelSize: 2, padding: 1 }, true, 'tanh'],
  [[1, 5, 4], 4, 1, { kernelSize: 3 }, false, 'relu'],
  [[1, 5, 6, 3], 3, 3, { kernelSize: 2, strides: [1, 2], dilationRate: [2, 1], padding: [[1, 1], [0, 1]], paddingMode: 'circular' }, true, 'relu'],
  [[1, 4, 5, 3], 6, 3, { kernelSize: 2 }, true, 'sigmoid'],
];
