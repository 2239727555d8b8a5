// Convolutions of the explorer's states by plain loops over their definition, without the library's index maps: what the
// pictures' steps are held to. Only the padding's sizes are taken as known.

import type { ConvState } from '../../demos/conv/state.ts';
import { possible } from './conv_states.ts';

type Mode = ConvState['mode'];

/** The element of n that a place along an axis is read from; −1 for a zero. */
export function sourceAlong(place: number, n: number, mode: Mode): number {
  if (place >= 0 && place < n) return place;
  if (mode === 'zeros') return -1;
  if (mode === 'circular') return (place + n) % n;
  if (mode === 'replicate') return place < 0 ? 0 : n - 1;
  return place < 0 ? -place : 2 * (n - 1) - place;
}

/** One product of a convolution, without padding's zeros left out. */
export interface Tap {
  readonly o: number;
  readonly oc: number;
  /** Flat in the rows and columns of an output channel. */
  readonly position: number;
  readonly group: number;
  readonly channel: number;
  /** "row,column" where the tap lies on the image. */
  readonly place: string;
  /** Flat in X, −1 for a zero, and where that lies on the image. */
  readonly x: number;
  readonly source: readonly [number, number];
  /** Flat in K. */
  readonly w: number;
}

/** All products of a convolution of that state, output by output. */
export function tapsOf(state: ConvState): Tap[] {
  const { explanation, output } = possible(state);
  const [[top], [left]] = explanation.padding as [[number, number], [number, number]];
  const { h, w, kh, kw, sy, sx, dy, dx, cin, g, mode, flip } = state;
  const [filters, oh, ow] = output;
  const depth = cin / g;
  const taps: Tap[] = [];
  for (let oc = 0; oc < filters; oc++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let c = 0; c < depth; c++)
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) {
              const [row, column] = [oy * sy + i * dy - top, ox * sx + j * dx - left];
              const source = [sourceAlong(row, h, mode), sourceAlong(column, w, mode)] as const;
              const group = Math.floor(oc / (filters / g));
              const channel = group * depth + c;
              const [p, q] = flip ? [kh - 1 - i, kw - 1 - j] : [i, j];
              taps.push({
                o: (oc * oh + oy) * ow + ox,
                oc,
                position: oy * ow + ox,
                group,
                channel,
                place: `${row},${column}`,
                x: source.some((n) => n < 0) ? -1 : (channel * h + source[0]) * w + source[1],
                source,
                w: ((oc * depth + c) * kh + p) * kw + q,
              });
            }
  return taps;
}

/** A picture [height, width, channels] under one filter [kh, kw] without padding: each channel, or all of them summed. */
export function filtered(
  { height, width, channels, values }: { height: number; width: number; channels: number; values: ArrayLike<number> },
  k: ArrayLike<number>,
  [kh, kw]: readonly [number, number],
  summed: boolean,
): { height: number; width: number; channels: number; values: number[] } {
  const [rows, columns, planes] = [height - kh + 1, width - kw + 1, summed ? 1 : channels];
  const result: number[] = [];
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++)
      for (let plane = 0; plane < planes; plane++) {
        let sum = 0;
        for (let c = summed ? 0 : plane; c < (summed ? channels : plane + 1); c++)
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) sum += values[((y + i) * width + x + j) * channels + c]! * k[i * kw + j]!;
        result.push(sum);
      }
  return { height: rows, width: columns, channels: planes, values: result };
}

/** A picture of ragged size and a filter that is no mirror of itself, of whole numbers: sums are exact in f32. */
export const ragged = {
  kernel: [1, -2, 3, 0, 4, -1, 2, 0, -3],
  picture(channels: number) {
    const [height, width] = [7, 10];
    const values = Float32Array.from({ length: height * width * channels }, (_, i) => (i * 97 + i * i * 13) % 256);
    return { height, width, channels, values };
  },
};
