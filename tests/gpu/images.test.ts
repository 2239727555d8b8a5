// Images decoded by the platform: PNG files come back as they were drawn, others scaled.

import { expect, test } from 'vitest';
import { imageFolder } from '../../src/data/images.ts';

async function png(width: number, height: number, rgb: (x: number, y: number) => [number, number, number]) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) image.data.set([...rgb(x, y), 255], 4 * (y * width + x));
  }
  context.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type: 'image/png' });
}

test('a PNG of the size asked for is read exactly, a larger one scaled, another file refused', async () => {
  const exact = await png(5, 3, (x, y) => [50 * x, 80 * y, 255 - 50 * x]);
  const large = await png(50, 30, () => [12, 200, 100]);
  const files = [
    { path: 'a/exact.png', bytes: exact },
    { path: 'b/large.png', bytes: new Uint8Array(await large.arrayBuffer()) },
  ];
  const { data } = await imageFolder(files, { height: 3, width: 5 });
  const expected = Array.from({ length: 15 }, (_, i) => [
    50 * (i % 5),
    80 * Math.floor(i / 5),
    255 - 50 * (i % 5),
  ]).flat();
  expect([...data.x.data.subarray(0, 45)]).toEqual(expected);
  expect([...data.x.data.subarray(45)]).toEqual(Array.from({ length: 15 }, () => [12, 200, 100]).flat());
  const wrong = imageFolder([{ path: 'a/1.png', bytes: Uint8Array.of(1, 2, 3) }], { height: 3, width: 5 });
  await expect(wrong).rejects.toThrow("imageFolder: 'a/1.png' could not be decoded");
});
