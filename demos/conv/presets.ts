// The pictures one can open by name, with their numbers.

import type { Matrix } from '../shared/state.ts';
import type { ConvState } from './state.ts';

export type PresetGroup = 'filters' | 'lectures' | 'arithmetic' | 'layers';

export interface Preset {
  readonly id: string;
  readonly group: PresetGroup;
  readonly state: Partial<ConvState>;
}

/** A matrix from its rows as text, channels apart by `|`. */
function image(text: string): Matrix {
  const channels = text.split('|').map((channel) =>
    channel
      .trim()
      .split('/')
      .map((row) => row.trim().split(/\s+/).map(Number)),
  );
  return { shape: [channels.length, channels[0]!.length, channels[0]![0]!.length], values: channels.flat(2) };
}

/** Filters apart by `;`, the channels of a filter by `|`. */
function filters(text: string): Matrix {
  const all = text.split(';').map(image);
  return { shape: [all.length, ...all[0]!.shape], values: all.flatMap(({ values }) => values) };
}

const square = '9 9 9 9 9 9 / 9 1 1 1 1 9 / 9 1 5 5 1 9 / 9 1 5 5 1 9 / 9 1 1 1 1 9 / 9 9 9 9 9 9';

function filter(id: string, text: string, div = 1): Preset {
  const k = filters(text);
  const [, , kh, kw] = k.shape as [number, number, number, number];
  return { id, group: 'filters', state: { h: 6, w: 6, kh, kw, x: image(square), k, div, pad: 'same' } };
}

/** An image of i×i under a k×k window: the cases of Dumoulin and Visin, "A guide to convolution arithmetic" (2016). */
function plain(id: string, i: number, k: number, state: Partial<ConvState> = {}): Preset {
  return { id, group: 'arithmetic', state: { h: i, w: i, kh: k, kw: k, ...state } };
}
const padded = (p: number): Partial<ConvState> => ({ pad: 'explicit', pt: p, pl: p, pb: p, pr: p });
const by = (s: number): Partial<ConvState> => ({ sy: s, sx: s });
const transposed = (id: string, i: number, k: number, state: Partial<ConvState> = {}) =>
  plain(`${id}_transposed`, i, k, { op: 'transposed', tab: 'transposed', ...state });

const lecture = image(
  '146 99 147 249 176 190 / 212 135 152 140 50 97 / 105 127 232 179 105 31 / 139 54 24 149 90 241 / 1 168 208 240 118 44 / 7 208 141 216 33 194',
);
const columns = image('1 2 3 4 5 6 / 1 2 3 4 5 6 / 1 2 3 4 5 6 / 1 2 3 4 5 6 / 1 2 3 4 5 6 / 1 2 3 4 5 6');
const counting = image('1 2 3 4 / 5 6 7 8 / 9 10 11 12 / 13 14 15 16');
const tiles = image('1 3 2 9 / 5 6 1 7 / 4 2 8 6 / 3 5 1 0');
const ones = (n: number): Matrix => ({ shape: [1, 1, n, n], values: Array.from({ length: n * n }, () => 1) });

export const presets: readonly Preset[] = [
  filter('identity', '0 0 0 / 0 1 0 / 0 0 0'),
  filter('box', '1 1 1 / 1 1 1 / 1 1 1', 9),
  filter('gaussian3', '1 2 1 / 2 4 2 / 1 2 1', 16),
  filter('gaussian5', '1 4 6 4 1 / 4 16 24 16 4 / 6 24 36 24 6 / 4 16 24 16 4 / 1 4 6 4 1', 256),
  filter('sharpen', '0 -1 0 / -1 5 -1 / 0 -1 0'),
  filter('laplacian4', '0 1 0 / 1 -4 1 / 0 1 0'),
  filter('laplacian8', '1 1 1 / 1 -8 1 / 1 1 1'),
  filter('sobel_x', '-1 0 1 / -2 0 2 / -1 0 1'),
  filter('sobel_y', '-1 -2 -1 / 0 0 0 / 1 2 1'),
  filter('emboss', '-2 -1 0 / -1 1 1 / 0 1 2'),

  {
    id: 'lecture',
    group: 'lectures',
    state: { h: 6, w: 6, x: lecture, k: filters('-0.09 0.66 0.68 / 0.32 -0.75 0.63 / 0.13 0.07 1') },
  },
  {
    id: 'edge',
    group: 'lectures',
    state: {
      h: 6,
      w: 6,
      x: image(Array.from({ length: 6 }, () => '10 10 10 0 0 0').join(' / ')),
      k: filters('1 0 -1 / 1 0 -1 / 1 0 -1'),
    },
  },
  {
    id: 'sharpen_back',
    group: 'lectures',
    state: { tab: 'dx', h: 4, w: 4, x: counting, k: filters('0 -1 0 / -1 5 -1 / 0 -1 0') },
  },
  { id: 'overlap', group: 'lectures', state: { tab: 'dx', h: 4, w: 4, x: counting, k: ones(3) } },
  {
    id: 'cs231n',
    group: 'lectures',
    state: {
      h: 5,
      w: 5,
      cin: 3,
      cout: 2,
      sy: 2,
      sx: 2,
      ...padded(1),
      bias: true,
      x: image(
        '2 0 1 0 2 / 1 1 2 0 0 / 0 2 2 1 1 / 0 0 1 2 1 / 2 1 0 0 2 |' +
          '0 1 1 2 0 / 2 2 0 1 1 / 1 0 0 2 0 / 1 2 1 0 2 / 0 0 2 1 1 |' +
          '1 0 2 2 1 / 0 1 1 0 2 / 2 2 1 0 0 / 0 1 0 1 2 / 1 2 0 2 0',
      ),
      k: filters(
        '1 0 -1 / 0 1 1 / -1 0 1 | 0 1 1 / -1 0 0 / 1 -1 0 | -1 1 0 / 0 1 -1 / 1 0 0 ;' +
          '0 -1 1 / 1 1 0 / 0 0 -1 | 1 0 -1 / 1 1 0 / -1 0 1 | 0 0 1 / -1 1 0 / 1 -1 0',
      ),
      b: { shape: [2], values: [1, 0] },
    },
  },
  {
    id: 'same_twice',
    group: 'lectures',
    state: { h: 6, w: 6, sy: 2, sx: 2, pad: 'same', x: columns, k: filters('0 0 0 / 0 1 0 / 0 0 0') },
  },

  plain('no_padding_no_strides', 4, 3),
  plain('arbitrary_padding_no_strides', 5, 4, padded(2)),
  plain('same_padding_no_strides', 5, 3, padded(1)),
  plain('full_padding_no_strides', 5, 3, padded(2)),
  plain('no_padding_strides', 5, 3, by(2)),
  plain('padding_strides', 5, 3, { ...padded(1), ...by(2) }),
  plain('padding_strides_odd', 6, 3, { ...padded(1), ...by(2) }),
  plain('dilation', 7, 3, { dy: 2, dx: 2 }),
  transposed('no_padding_no_strides', 2, 3),
  transposed('arbitrary_padding_no_strides', 6, 4, padded(2)),
  transposed('same_padding_no_strides', 5, 3, padded(1)),
  transposed('full_padding_no_strides', 7, 3, padded(2)),
  transposed('no_padding_strides', 2, 3, by(2)),
  transposed('padding_strides', 3, 3, { ...padded(1), ...by(2) }),
  transposed('padding_strides_odd', 3, 3, { ...padded(1), ...by(2), opy: 1, opx: 1 }),

  { id: 'pointwise', group: 'layers', state: { h: 4, w: 4, kh: 1, kw: 1, cin: 3, cout: 2 } },
  { id: 'depthwise', group: 'layers', state: { h: 5, w: 5, cin: 4, cout: 4, g: 4 } },
  { id: 'grouped', group: 'layers', state: { h: 4, w: 4, cin: 4, cout: 4, g: 2 } },
  { id: 'max_pool', group: 'layers', state: { op: 'max', x: tiles, h: 4, w: 4, kh: 2, kw: 2, sy: 2, sx: 2 } },
  { id: 'average_pool', group: 'layers', state: { op: 'average', x: tiles, h: 4, w: 4, kh: 2, kw: 2, sy: 2, sx: 2 } },
  {
    id: 'doubling',
    group: 'layers',
    state: { op: 'transposed', tab: 'transposed', h: 3, w: 3, kh: 2, kw: 2, sy: 2, sx: 2 },
  },
  {
    id: 'checkerboard',
    group: 'layers',
    state: {
      op: 'transposed',
      tab: 'transposed',
      h: 3,
      w: 3,
      sy: 2,
      sx: 2,
      x: { shape: [1, 3, 3], values: Array.from({ length: 9 }, () => 1) },
      k: ones(3),
    },
  },
];
