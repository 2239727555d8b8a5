// The explorer's filter on a whole picture, on the GPU.

import { expect, test } from 'vitest';

import { filterImage } from '../../demos/conv/image_engine.ts';
import { stateOf } from '../demos/conv_states.ts';
import { filtered, ragged } from '../demos/plain_loops.ts';

test.each(['grey', 'channels', 'sum'] as const)(
  'a filter on a picture (%s) is the plain loop’s, pixel by pixel',
  async (colour) => {
    const picture = ragged.picture(colour === 'grey' ? 1 : 3);
    const k = Float32Array.from(ragged.kernel);
    const found = await filterImage(picture, k, stateOf({ colour }), true);
    const { values, ...size } = filtered(picture, k, [3, 3], colour === 'sum');
    expect(found).toMatchObject({ ...size, device: 'gpu' });
    expect([...found.values]).toEqual(values);
  },
);
