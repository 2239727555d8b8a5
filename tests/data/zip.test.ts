// A ZIP archive of images by class, made and read with a library that is well kept.

import { strToU8, unzip, unzipSync, zipSync, type Zippable } from 'fflate';
import { expect, test } from 'vitest';

import { DataError } from '../../src/core/errors.ts';
import { imageFolder, imageStream, zipEntries, type DecodeImage } from '../../src/data/images.ts';

/** Node has no decoder: an "image" here is a binary PPM, `P6 <width> <height> 255` and its bytes. */
const decode: DecodeImage = async (image, width, height) => {
  const bytes = new Uint8Array(await image.arrayBuffer());
  const head = `P6 ${width} ${height} 255\n`;
  if (new TextDecoder().decode(bytes.subarray(0, head.length)) !== head) throw new Error('no PPM of this size');
  const rgb = bytes.subarray(head.length);
  return Uint8Array.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : rgb[3 * (i >> 2) + (i % 4)]!));
};

const [height, width] = [24, 16];
/** Gradients, which compress, and noise, which does not. */
const pixels = (image: number) =>
  Uint8Array.from({ length: 3 * width * height }, (_, i) =>
    image % 2 ? (i * 7919 * (image + 3)) >> 3 : 10 * image + (i >> 5),
  );
function picture(image: number): Uint8Array {
  const head = strToU8(`P6 ${width} ${height} 255\n`);
  const bytes = new Uint8Array(head.length + 3 * width * height);
  bytes.set(head);
  bytes.set(pixels(image), head.length);
  return bytes;
}

/** Compressed and stored entries, folders, a name that is not ASCII, and what systems add. */
const archive = zipSync({
  pets: {
    'chien à poil': { '1.png': picture(0), '2.png': [picture(1), { level: 0 }] },
    cat: { 'b.png': [picture(2), { level: 9 }], 'a.png': picture(3), 'notes.txt': strToU8('no image') },
  },
  __MACOSX: { pets: { cat: { '._a.png': strToU8('?') } } },
  '.DS_Store': strToU8('?'),
} satisfies Zippable);
const expected = [3, 2, 0, 1].flatMap((image) => [...pixels(image)]);
const size = { height, width, decode };

test('gives the same images as went into it', async () => {
  expect(archive.length).toBeLessThan(4 * picture(0).length);
  const { data, classNames, paths } = await imageFolder(await zipEntries(archive, unzipSync), size);
  expect(classNames).toEqual(['cat', 'chien à poil']);
  expect(paths).toEqual(['pets/cat/a.png', 'pets/cat/b.png', 'pets/chien à poil/1.png', 'pets/chien à poil/2.png']);
  expect([...data.y.data]).toEqual([0, 0, 1, 1]);
  expect([...data.x.data]).toEqual(expected);
});

test('gives them through workers, and to a stream', async () => {
  const files = await zipEntries(
    archive,
    (bytes) =>
      new Promise((done, fail) => {
        unzip(bytes, { filter: ({ name }) => name.endsWith('.png') }, (error, entries) =>
          error ? fail(error) : done(entries),
        );
      }),
  );
  const { data } = imageStream(files, size);
  const read: number[] = [];
  for await (const { x } of data.examples(0)) read.push(...x);
  expect(read).toEqual(expected);
});

test('that is cut short, or none, is an error that says so', async () => {
  for (const broken of [archive.subarray(0, 200), Uint8Array.of(1, 2, 3)]) {
    const reading = zipEntries(broken, unzipSync);
    await expect(reading).rejects.toThrow(DataError);
    await expect(reading).rejects.toThrow(
      `the archive of ${broken.length} bytes could not be read: Error: invalid zip data`,
    );
  }
  const damaged = archive.slice();
  damaged.fill(0xff, 60, 120);
  await expect(zipEntries(damaged, unzipSync).then((files) => imageFolder(files, size))).rejects.toThrow(DataError);
});
