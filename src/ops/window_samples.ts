// Windows that, with the others of the ops they are for, meet every two options of convolution and pooling: what counts
// as an option is in tests/ops/option_table.ts. Small, so that they cost little.

import type { EpilogueActivation } from './activations.ts';
import type { PoolCount } from './pool_3d_kernels.ts';
import type { ImageShape, WindowOptions } from './window.ts';

type Convolution = readonly [
  image: ImageShape,
  filters: number,
  options: WindowOptions,
  bias: boolean,
  activation: EpilogueActivation | null,
];

// prettier-ignore
export const convolutionWindows: readonly Convolution[] = [
  [[2, 3, 4, 2], 5, { kernelSize: [3, 4] }, true, 'relu'], // one window
  [[1, 2, 2, 8], 4, { kernelSize: 1, strides: [3, 1], dilationRate: 3, padding: [[2, 3], [2, 2]], ceilMode: true }, true, 'tanh'],
  [[1, 6, 5, 8], 8, { kernelSize: 1, strides: 3, dilationRate: [1, 3], padding: [[2, 1], [0, 1]], ceilMode: true }, true, 'sigmoid'],
  [[2, 2, 2, 4], 3, { kernelSize: 1, strides: [1, 3], dilationRate: [3, 1], paddingMode: 'reflect' }, false, 'sigmoid'],
  [[2, 3, 6, 3], 3, { kernelSize: [1, 3], strides: 2, dilationRate: 3, padding: [[3, 0], [3, 0]], paddingMode: 'replicate' }, true, null],
  [[1, 6, 4, 2], 1, { kernelSize: [2, 1], strides: 2, dilationRate: [2, 1], padding: [[0, 0], [0, 3]], paddingMode: 'circular' }, false, 'sigmoid'],
  [[2, 5, 6, 2], 4, { kernelSize: 2, dilationRate: 2, ceilMode: true }, false, 'relu'],
  [[1, 4, 3, 1], 8, { kernelSize: 1, strides: [2, 3], dilationRate: [2, 1], padding: [[0, 3], [0, 3]], paddingMode: 'replicate' }, true, 'relu'],
  [[1, 3, 4, 4], 8, { kernelSize: 1, strides: [1, 3], dilationRate: 3, padding: [[0, 0], [3, 0]], paddingMode: 'circular' }, true, 'sigmoid'],
  [[1, 4, 3, 1], 1, { kernelSize: [3, 2], strides: [1, 3], padding: [[3, 1], [3, 2]], ceilMode: true }, true, null],
  [[2, 4, 3, 2], 6, { kernelSize: 3, strides: [1, 3], dilationRate: 2, padding: 2, paddingMode: 'reflect' }, true, 'relu'],
  [[1, 6, 3, 2], 1, { kernelSize: [1, 2], dilationRate: [2, 3], padding: [[3, 2], [2, 2]], paddingMode: 'reflect' }, false, 'tanh'],
  [[2, 5, 2, 1], 1, { kernelSize: 2, strides: 3, dilationRate: [3, 2], padding: [[1, 0], [1, 1]], paddingMode: 'reflect' }, false, null],
  [[2, 2, 6, 1], 1, { kernelSize: 2, padding: [[3, 0], [3, 0]], paddingMode: 'replicate' }, false, 'sigmoid'],
  [[1, 3, 3, 1], 6, { kernelSize: 1, strides: 3, dilationRate: [2, 3], padding: [[0, 3], [0, 1]], paddingMode: 'circular' }, true, 'tanh'],
  [[1, 4, 2, 1], 3, { kernelSize: 1, strides: [2, 3], dilationRate: [3, 1], paddingMode: 'replicate' }, false, 'tanh'],
  [[1, 4, 5, 3], 4, { kernelSize: [2, 3], strides: 2, padding: [[0, 1], [1, 0]], paddingMode: 'circular' }, false, null],
  [[1, 4, 5, 3], 3, { kernelSize: 2, dilationRate: [1, 2], padding: [[0, 1], [2, 1]] }, true, 'sigmoid'],
];

/** Those that with the slopes of activations meet every option once more, and reach every kernel. */
export const windowsWithSlopes: readonly number[] = [3, 22, 32, 35, 36];

/** `cases`, and those numbered `repeated` once more with the slope of each activation. */
export function withSlopes<T extends { slope?: EpilogueActivation | null }>(
  cases: readonly T[],
  repeated: readonly number[],
): T[] {
  const slopes: readonly EpilogueActivation[] = ['relu', 'sigmoid', 'tanh'];
  return [...cases, ...slopes.flatMap((slope) => repeated.map((i) => ({ ...cases[i]!, slope })))];
}

// prettier-ignore
export const poolWindows: readonly (readonly [image: ImageShape, options: WindowOptions, count: PoolCount])[] = [
  [[1, 2, 3, 8], { poolSize: [2, 3], padding: [[1, 1], [0, 1]], ceilMode: true }, 'one'],
  [[1, 2, 6, 4], { poolSize: 1, strides: [3, 2], ceilMode: true }, 'padded'],
  [[2, 6, 2, 4], { poolSize: [2, 3], strides: 3, padding: [[1, 1], [1, 0]] }, 'inside'],
  [[1, 2, 5, 2], { poolSize: 2, strides: [1, 1], padding: [[1, 0], [1, 1]], ceilMode: true }, 'one'],
  [[1, 4, 5, 2], { poolSize: 3, strides: 3, padding: [[1, 0], [2, 0]] }, 'inside'],
  [[1, 2, 3, 1], { poolSize: 2, strides: [3, 2], padding: [[1, 0], [1, 0]] }, 'one'],
  [[1, 2, 2, 1], { poolSize: 2, strides: [2, 1], padding: [[0, 0], [0, 1]], ceilMode: true }, 'padded'],
  [[1, 4, 3, 4], { poolSize: 2, strides: [2, 3], padding: [[0, 1], [1, 1]], ceilMode: true }, 'padded'],
  [[1, 4, 2, 1], { poolSize: 1, strides: 3 }, 'one'],
  [[1, 2, 2, 1], { poolSize: 3, padding: [[0, 1], [0, 1]], ceilMode: true }, 'inside'],
  [[2, 2, 3, 4], { poolSize: 1, ceilMode: true }, 'padded'],
  [[2, 7, 9, 12], { poolSize: 2, strides: 2 }, 'one'], // squares
  [[1, 6, 5, 8], { poolSize: 2, strides: 2 }, 'inside'],
  [[1, 4, 6, 4], { poolSize: 2, strides: 2, padding: [[0, 1], [0, 1]] }, 'padded'],
  [[1, 5, 4, 4], { poolSize: 2, strides: 2, padding: [[0, 0], [0, 1]] }, 'one'],
  [[1, 4, 2, 4], { poolSize: 2, strides: 2, ceilMode: true }, 'inside'],
  [[1, 5, 6, 4], { poolSize: 3 }, 'one'], // nines
  [[1, 6, 5, 4], { poolSize: 3, strides: [2, 3], padding: [[1, 0], [0, 1]] }, 'padded'],
  [[1, 6, 7, 8], { poolSize: 3, strides: 2, ceilMode: true }, 'inside'],
];
