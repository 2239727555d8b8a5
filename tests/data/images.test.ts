// Folders of images: which class a file is of, what is read of it, and what is wrong with others.

import { expect, test } from 'vitest';
import { DataError, OptionError } from '../../src/core/errors.ts';
import { imageFolder, imageStream, zipEntries, type DecodeImage } from '../../src/data/images.ts';

/** An "image" is its bytes: one grey, or red, green and blue, all over. */
const decode: DecodeImage = async (image, width, height) => {
  const bytes = new Uint8Array(await image.arrayBuffer());
  if (bytes.length === 0) throw new Error('no picture');
  const [r = 0, g = r, b = r] = bytes;
  return Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => [r, g, b, 255][i % 4]!);
};
const file = (path: string, ...bytes: number[]) => ({ path, bytes: Uint8Array.from(bytes) });
const size = { height: 1, width: 2, decode };

test('classes are the last folders, files in the order of their paths, others passed over', async () => {
  const files = [
    file('pets/dog/2.PNG', 9),
    file('pets/cat/b.jpg', 1, 2, 3),
    file('pets/cat/a.webp', 4),
    file('pets/cat/readme.txt', 0),
    file('pets/cat/._a.webp', 0),
    file('__MACOSX/pets/cat/a.webp', 0),
    file('.DS_Store', 0),
  ];
  const { data, classNames, paths } = await imageFolder(files, size);
  expect(classNames).toEqual(['cat', 'dog']);
  expect(paths).toEqual(['pets/cat/a.webp', 'pets/cat/b.jpg', 'pets/dog/2.PNG']);
  expect([data.size, data.x.shape, data.classes, [...data.y.data]]).toEqual([3, [1, 2, 3], 2, [0, 0, 1]]);
  expect([...data.x.data]).toEqual([4, 4, 4, 4, 4, 4, 1, 2, 3, 1, 2, 3, 9, 9, 9, 9, 9, 9]);
});

test('grey by Rec. 601, and classes in an order that is given', async () => {
  const files = [file('a/1.png', 200, 100, 50), file('b/1.png', 7)];
  const { data } = await imageFolder(files, { ...size, channels: 1, classNames: ['b', 'a'] });
  // 59.8 + 58.7 + 5.7 = 124.2
  expect([[...data.x.data], [...data.y.data]]).toEqual([
    [124, 124, 7, 7],
    [1, 0],
  ]);
});

test('a File is known by its place in the folder that was picked', async () => {
  const picked = Object.assign(new File([Uint8Array.of(5)], '1.png'), { webkitRelativePath: 'fruit/apple/1.png' });
  expect((await imageFolder([picked], { ...size, classNames: ['apple', 'pear'] })).paths).toEqual([
    'fruit/apple/1.png',
  ]);
});

test('a stream reads every file anew, in an order of the epoch', async () => {
  const files = [1, 2, 3].map((n) => file(`all/${n}.png`, n));
  const { data } = imageStream(files, {
    ...size,
    channels: 1,
    order: (_, epoch) => (epoch === 1 ? [2, 0, 1] : [0, 1, 2]),
  });
  const firsts = async (epoch: number) => {
    const found = [];
    for await (const { x } of data.examples(epoch)) found.push((x as Uint8Array)[0]);
    return found;
  };
  expect([data.size, data.shape, await firsts(0), await firsts(1)]).toEqual([3, [1, 2, 1], [1, 2, 3], [3, 1, 2]]);
});

test('an archive by the function that is passed', async () => {
  const entries = { 'x/': new Uint8Array(), 'x/1.png': Uint8Array.of(8) };
  const files = await zipEntries(Uint8Array.of(1), () => entries);
  expect(files).toEqual([{ path: 'x/1.png', bytes: Uint8Array.of(8) }]);
  const broken = zipEntries(Uint8Array.of(1, 2), () => {
    throw new Error('invalid zip data');
  });
  await expect(broken).rejects.toThrow('zipEntries: the archive of 2 bytes could not be read: Error: invalid zip data');
});

test('messages', async () => {
  const one = [file('a/1.png', 1)];
  await expect(imageFolder([file('a/1.txt', 1)], size)).rejects.toThrow(
    new DataError('imageFolder: none of 1 files is an image (png, jpg, webp, gif, bmp, avif)'),
  );
  await expect(imageFolder([file('1.png', 1)], size)).rejects.toThrow("'1.png' is in no folder");
  await expect(imageFolder([file('a/1.png')], size)).rejects.toThrow(
    "imageFolder: 'a/1.png' could not be decoded: Error: no picture",
  );
  await expect(imageFolder(one, { ...size, classNames: ['b', 'c'] })).rejects.toThrow(
    "'a/1.png' is of class 'a', expected one of b, c",
  );
  await expect(imageFolder(one, { ...size, height: 0 })).rejects.toThrow(OptionError);
  await expect(imageFolder(one, { ...size, channels: 4 as never })).rejects.toThrow('channels is 4, expected 1 or 3');
  await expect(imageFolder(one, { ...size, decode: async () => new Uint8Array(3) })).rejects.toThrow(
    "decode gave 3 bytes for 'a/1.png', expected 8 of 2×1 RGBA",
  );
  await expect(imageFolder(one, { height: 1, width: 1 })).rejects.toThrow('createImageBitmap');
  expect(() => imageStream(one, { ...size, order: 3 as never })).toThrow('order is 3, expected a function');
});
