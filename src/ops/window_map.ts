// The one index map of windows: which element of an image tap k of window o reads. The references of convolutions, im2col
// and pooling loop over it, `explain` shows it, and shaders are held to it by the comparison with the references.

import { sourcePosition, type Triple } from './window_padding.ts';
import type { VolumeShape, WindowNd } from './window.ts';

/** Where along `axis` tap k of window o lies: o·stride + k·dilation − padBefore. Off the image it is padding. */
export function windowPosition(
  { strides, dilation, padBefore }: Pick<WindowNd, 'strides' | 'dilation' | 'padBefore'>,
  axis: number,
  o: number,
  k: number,
): number {
  return o * strides[axis]! + k * dilation[axis]! - padBefore[axis]!;
}

/** Element o·kernel + k is what tap k of window o reads along `axis`: an element, or −1 for a zero of the padding. */
export function axisSources(window: WindowNd, axis: number, length: number): Int32Array {
  const kernel = window.kernel[axis]!;
  const sources = new Int32Array(window.output[axis]! * kernel);
  for (let i = 0; i < sources.length; i++) {
    const position = windowPosition(window, axis, Math.floor(i / kernel), i % kernel);
    sources[i] = sourcePosition(position, length, window.paddingMode);
  }
  return sources;
}

/**
 * Calls `visit` with the flat indices of the pixel [N,D,H,W], the window's position [N,OD,OH,OW] and the tap [KD,KH,KW] of
 * every pair that meets: positions in order, and within each its taps in order.
 */
export function eachTap(
  [N, D, H, W]: VolumeShape,
  window: WindowNd<Triple>,
  visit: (pixel: number, position: number, tap: number) => void,
): void {
  const [KD, KH, KW] = window.kernel;
  const [OD, OH, OW] = window.output;
  const [depths, heights, widths] = [D, H, W].map((length, axis) => axisSources(window, axis, length)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  let position = 0;
  for (let n = 0; n < N; n++) {
    for (let od = 0; od < OD; od++) {
      for (let oh = 0; oh < OH; oh++) {
        for (let ow = 0; ow < OW; ow++, position++) {
          for (let kd = 0; kd < KD; kd++) {
            const d = depths[od * KD + kd]!;
            if (d < 0) continue;
            for (let kh = 0; kh < KH; kh++) {
              const h = heights[oh * KH + kh]!;
              if (h < 0) continue;
              const line = ((n * D + d) * H + h) * W;
              for (let kw = 0; kw < KW; kw++) {
                const w = widths[ow * KW + kw]!;
                if (w >= 0) visit(line + w, position, (kd * KH + kh) * KW + kw);
              }
            }
          }
        }
      }
    }
  }
}
