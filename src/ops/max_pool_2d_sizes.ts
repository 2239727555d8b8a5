// What max and average pooling share: windows over an image, and the shapes they are tested on.

import type { CallTypes, Fill } from '../graph/op.ts';
import { flatGrid } from '../kernel/target.ts';
import {
  imageShape,
  poolParams,
  window2d,
  windowVolume,
  type ImageShape,
  type Window2d,
  type WindowOptions,
} from './window.ts';
import { eachTap } from './window_map.ts';
import { poolWindows } from './window_samples.ts';

/** [N, OH, OW, C]. */
export function pooledShape([N, , , C]: ImageShape, window: Window2d): ImageShape {
  return [N, window.output[0], window.output[1], C];
}

/** Calls `visit(y index, x index)` for every element of every window, row by row within a window. */
export function eachWindowElement(image: ImageShape, window: Window2d, visit: (y: number, x: number) => void): void {
  const [N, H, W, C] = image;
  eachTap([N, 1, H, W, C], windowVolume(window), (pixel, position) => {
    for (let c = 0; c < C; c++) visit(position * C + c, pixel * C + c);
  });
}

export type PoolSizes = Pick<CallTypes<Window2d>, 'attrs'> & { image: ImageShape };

/** What every entry's dispatch has in common; `size` counts elements. */
export function poolCall(lanes: 1 | 4, { image, attrs }: PoolSizes, size: number) {
  return {
    params: { ...poolParams(image, attrs, lanes), size: size / lanes },
    workgroups: flatGrid(size / lanes, 64),
  };
}

const inFours = ([, , , C]: ImageShape): boolean => C % 4 === 0;

/** Windows of 2 × 2 pixels side by side, none of which leaves the image, and channels in fours. */
export function isSquares(image: ImageShape, { kernel, strides, padBefore, output: out }: Window2d): boolean {
  const [, H, W] = image;
  return (
    inFours(image) &&
    [...kernel, ...strides].every((length) => length === 2) &&
    padBefore.every((pixels) => pixels === 0) &&
    2 * out[0] <= H &&
    2 * out[1] <= W
  );
}

/** Numbers of the squares that cover an image. */
export const squaresOver = ([N, H, W, C]: ImageShape): number => N * Math.ceil(H / 2) * Math.ceil(W / 2) * C;

/** Windows of 3 × 3 pixels, and channels in fours. */
export const isNine = (image: ImageShape, { kernel }: Window2d): boolean =>
  inFours(image) && kernel[0] === 3 && kernel[1] === 3;

/** At most two windows over a pixel along each axis, and channels in fours. */
export const isFewOver = (image: ImageShape, { kernel, strides }: Window2d): boolean =>
  inFours(image) && kernel[0] <= 2 * strides[0] && kernel[1] <= 2 * strides[1];

/** Pools worth testing: windows apart and overlapping, padding, ceil mode, ties. */
export const poolCases: { shape: ImageShape; options: WindowOptions; fill: Fill }[] = [
  { shape: [1, 1, 1, 1], options: { poolSize: 1 }, fill: 'distinct' },
  { shape: [2, 4, 6, 3], options: { poolSize: 2, strides: 2 }, fill: 'distinct' },
  { shape: [2, 5, 7, 3], options: { poolSize: 2, strides: 2 }, fill: 'ties' },
  { shape: [3, 7, 5, 5], options: { poolSize: 3, strides: 2, padding: 'same' }, fill: 'distinct' },
  { shape: [1, 6, 7, 1], options: { poolSize: [3, 2], strides: 1 }, fill: 'ties' },
  {
    shape: [2, 9, 8, 2],
    options: {
      poolSize: 2,
      strides: [3, 4],
      padding: [
        [1, 0],
        [0, 1],
      ],
    },
    fill: 'distinct',
  },
  { shape: [1, 5, 5, 2], options: { poolSize: 3, strides: 3, padding: 1 }, fill: 'ties' },
  { shape: [1, 6, 6, 3], options: { poolSize: 3, strides: 2, ceilMode: true }, fill: 'distinct' },
  { shape: [1, 5, 5, 4], options: { poolSize: 2, strides: 2, ceilMode: true }, fill: 'ties' },
  { shape: [2, 8, 8, 4], options: { poolSize: 2, strides: 2 }, fill: 'distinct' },
  { shape: [2, 7, 9, 12], options: { poolSize: 2, strides: 2, padding: 'same' }, fill: 'ties' },
  { shape: [1, 13, 11, 8], options: { poolSize: 3, strides: 2, padding: 1 }, fill: 'ties' },
  { shape: [1, 7, 6, 4], options: { poolSize: [2, 3], strides: [1, 3] }, fill: 'distinct' },
  ...poolWindows.map(([shape, options]) => ({ shape, options, fill: 'ties' as const })),
];
export const windowOf = ({ shape, options }: (typeof poolCases)[number]) =>
  window2d('maxPool2d', [shape[1], shape[2]], options);

export function imageOf(shape: readonly number[]): ImageShape {
  return imageShape('maxPool2d', 'x', shape);
}
