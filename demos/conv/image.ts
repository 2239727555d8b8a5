// Pictures as numbers and back.

import type { Planes } from './image_engine.ts';
import type { Pixels } from './scene.ts';
import type { ConvState } from './state.ts';

/** One plane of grey (ITU-R BT.601's weights), or red, green and blue. */
export function planesOf({ width, height, data }: Pixels, colour: ConvState['colour']): Planes {
  const channels = colour === 'grey' ? 1 : 3;
  const values = new Float32Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    const [r, g, b] = [data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!];
    if (channels === 1) values[i] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    else values.set([r, g, b], 3 * i);
  }
  return { width, height, channels, values };
}

/** As pixels, with values outside 0…255 as `range` says, and the least and greatest value. */
export function shownOf(
  { width, height, channels, values }: Planes,
  range: ConvState['range'],
): { pixels: Pixels; least: number; greatest: number } {
  const least = values.reduce((m, value) => Math.min(m, value), Infinity);
  const greatest = values.reduce((m, value) => Math.max(m, value), -Infinity);
  const span = greatest - least || 1;
  const show = (value: number): number =>
    range === 'absolute' ? Math.abs(value) : range === 'normalise' ? (255 * (value - least)) / span : value;
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    const at = (c: number): number => show(values[i * channels + (channels === 1 ? 0 : c)]!);
    data.set([at(0), at(1), at(2), 255], 4 * i);
  }
  return { pixels: { width, height, data }, least, greatest };
}

/** The filter of the picture: one channel of one filter of K, turned where the state says so, not divided. */
export function planeOf({ k, kh, kw, plane, flip }: ConvState): number[] {
  const [filters, depth] = k.shape as [number, number];
  const first = Math.min(plane, filters * depth - 1) * kh * kw;
  const values = k.values.slice(first, first + kh * kw);
  return flip ? values.toReversed() : values;
}

/** The window whose middle is a pixel, as the numeric pictures' input; at the rim the nearest that lies on the picture. */
export function windowOf(state: ConvState, image: Planes, [y, x]: readonly [number, number]): Partial<ConvState> {
  const h = Math.min(state.dy * (state.kh - 1) + 1, 12, image.height);
  const w = Math.min(state.dx * (state.kw - 1) + 1, 12, image.width);
  const top = Math.min(Math.max(y - Math.floor(h / 2), 0), image.height - h);
  const left = Math.min(Math.max(x - Math.floor(w / 2), 0), image.width - w);
  const cin = state.colour === 'sum' ? 3 : 1;
  const values = Array.from({ length: cin * h * w }, (_, i) => {
    const [c, row, column] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
    return image.values[((top + row) * image.width + left + column) * image.channels + c]!;
  });
  const filter = planeOf({ ...state, flip: false });
  const k = { shape: [1, cin, state.kh, state.kw], values: Array.from({ length: cin }, () => filter).flat() };
  return { h, w, cin, cout: 1, g: 1, sy: 1, sx: 1, pad: 'valid', bias: false, x: { shape: [cin, h, w], values }, k };
}
