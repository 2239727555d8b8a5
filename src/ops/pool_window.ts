// The windows of pooling.

import { checkNoneEmpty } from './pool_regions.ts';
import { checkPool, type Padding, volumeOf, windowNd, type WindowNd, windowVolume } from './window.ts';

/** What all pooling by windows takes; `Size` is a number or one for each axis. */
export interface PoolOptions<Size, Padding> {
  /** Lengths of the window. */
  readonly poolSize: Size;
  /** From window to window; `poolSize` unless given (Keras). */
  readonly strides?: Size;
  /** `'valid'` unless given. What it adds never wins a maximum and adds nothing to a sum. */
  readonly padding?: Padding;
  /** Pixels between neighbouring elements of a window; 1 unless given. */
  readonly dilationRate?: Size;
  /** Counts a last window that hangs over the padded edge, if it begins before it (PyTorch's rule); false unless given. */
  readonly ceilMode?: boolean;
}
export type AnyPoolOptions = PoolOptions<number | readonly number[], Padding>;

export const poolOptionNames = ['poolSize', 'strides', 'padding', 'dilationRate', 'ceilMode'] as const;

/** The windows of pooling options on an image of `lengths`; throws where they do not fit or one would be empty. */
export function poolWindow(where: string, lengths: readonly number[], options: AnyPoolOptions): WindowNd {
  const window = windowNd(where, lengths, { ...options, strides: options.strides ?? options.poolSize });
  if (window.dilation.every((step) => step === 1)) checkPool(where, window);
  else {
    const volume = volumeOf([1, ...lengths, 1]).slice(1, 4);
    checkNoneEmpty(where, volume, { window: windowVolume(window) }, lengths.length);
  }
  return window;
}
