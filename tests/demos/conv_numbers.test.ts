// The explorer's numbers that its pictures are opened with or that stand beside them: presets, a target's gradient, and a
// filter on a whole picture.

import { expect, test } from 'vitest';

import { forward, lossOf } from '../../demos/conv/arithmetic.ts';
import { inputGradientFigure } from '../../demos/conv/gradient_figure.ts';
import { windowOf } from '../../demos/conv/image.ts';
import { filterImage } from '../../demos/conv/image_engine.ts';
import { presets } from '../../demos/conv/presets.ts';
import { momentAt, walkOf } from '../../demos/conv/steps.ts';
import { named, possible, stateOf } from './conv_states.ts';
import { filtered, ragged } from './plain_loops.ts';

test.each([
  ['identity', '0 0 0 0 1 0 0 0 0', 1],
  ['box', '1 1 1 1 1 1 1 1 1', 9],
  ['gaussian3', '1 2 1 2 4 2 1 2 1', 16],
  ['gaussian5', '1 4 6 4 1 4 16 24 16 4 6 24 36 24 6 4 16 24 16 4 1 4 6 4 1', 256],
  ['sharpen', '0 -1 0 -1 5 -1 0 -1 0', 1],
  ['laplacian4', '0 1 0 1 -4 1 0 1 0', 1],
  ['laplacian8', '1 1 1 1 -8 1 1 1 1', 1],
  ['sobel_x', '-1 0 1 -2 0 2 -1 0 1', 1],
  ['sobel_y', '-1 -2 -1 0 0 0 1 2 1', 1],
  ['emboss', '-2 -1 0 -1 1 1 0 1 2', 1],
] as const)('the filter %s has its weights and its divisor', (id, weights, divisor) => {
  const { k, div } = named(id);
  expect([k.values.join(' '), div]).toEqual([weights, divisor]);
});

test('the presets are all there, each once', () => {
  const wanted = [
    'identity',
    'box',
    'gaussian3',
    'gaussian5',
    'sharpen',
    'laplacian4',
    'laplacian8',
    'sobel_x',
    'sobel_y',
  ];
  const others = ['emboss', 'lecture', 'cs231n', 'same_twice', 'pointwise', 'depthwise', 'max_pool', 'doubling'];
  const ids = presets.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining([...wanted, ...others]));
  expect(new Set(ids).size).toBe(ids.length);
  expect(presets.filter(({ group }) => group === 'arithmetic')).toHaveLength(15);
  expect(named('doubling')).toMatchObject({ op: 'transposed', kh: 2, kw: 2, sy: 2, sx: 2 });
});

test('the mean squared error’s gradient is 2(y − t)/n, of whatever target', () => {
  for (const [values, target] of [
    [[], [0, 0, 0, 0]],
    [
      [1, -2, 3.5, 11],
      [1, -2, 3.5, 11],
    ],
  ] as const) {
    const state = stateOf({ ...named('sharpen_back'), loss: 'mse', t: { shape: [1, 2, 2], values } });
    const a = possible(state);
    const { y } = forward(a, state);
    // y is 6 7 / 10 11.
    const dy = [6, 7, 10, 11].map((value, o) => (2 * (value - target[o]!)) / 4);
    expect(lossOf(state, y).dy).toEqual(dy);
    const figure = inputGradientFigure(state, a, momentAt(walkOf(state, a), 'cell', 0));
    const cells = (name: string) => figure.matrices.find((matrix) => matrix.name === name)!.cells;
    expect(cells('gradient').map(({ value }) => value)).toEqual(dy);
    expect(cells('target').map(({ value }) => value)).toEqual(target);
    expect(cells('target').map(({ edit }) => edit)).toEqual([0, 1, 2, 3]);
  }
});

test.each(['grey', 'channels', 'sum'] as const)(
  'a filter on a picture (%s) is the plain loop’s, pixel by pixel',
  async (colour) => {
    const picture = ragged.picture(colour === 'grey' ? 1 : 3);
    const k = Float32Array.from(ragged.kernel);
    const found = await filterImage(picture, k, stateOf({ colour }), false);
    const { values, ...size } = filtered(picture, k, [3, 3], colour === 'sum');
    expect(found).toMatchObject({ ...size, device: 'cpu' });
    expect([...found.values]).toEqual(values);
  },
);

test('the window that a pixel opens has the picture’s values, of all channels where they are summed', () => {
  for (const colour of ['grey', 'sum'] as const) {
    const picture = ragged.picture(colour === 'grey' ? 1 : 3);
    const base = stateOf({ colour, k: { shape: [1, 1, 3, 3], values: ragged.kernel } });
    for (const [y, x] of [
      [0, 0],
      [3, 4],
      [6, 9],
    ] as const) {
      const state = stateOf({ ...base, ...windowOf(base, picture, [y, x]) });
      const [top, left] = [Math.min(Math.max(y - 1, 0), 4), Math.min(Math.max(x - 1, 0), 7)];
      const seen = Array.from({ length: 9 * picture.channels }, (_, i) => {
        const [c, row, column] = [Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3];
        return picture.values[((top + row) * picture.width + left + column) * picture.channels + c];
      });
      expect(state.x).toEqual({ shape: [picture.channels, 3, 3], values: seen });
      // The one output of the window is the filtered picture's pixel.
      const all = filtered(picture, ragged.kernel, [3, 3], colour === 'sum');
      const { y: outputs } = forward(possible(state), state);
      expect(outputs).toEqual([all.values[top * all.width + left]]);
    }
  }
});
