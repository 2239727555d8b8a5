import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DataError, OptionError } from '../../src/core/errors.ts';
import { philoxInto } from '../../src/core/random.ts';
import { withinTime } from '../bounded_time.ts';
import { gunzip, isGzip, loadIdx, readIdx } from '../../src/data/idx.ts';

function idx(shape: number[], data: Uint8Array, type = 8): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, type, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((length, axis) => view.setUint32(4 + 4 * axis, length));
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

const values = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 37) & 255);

/** A seeded source of integers below `n`. */
function dice(seed: number): (n: number) => number {
  const words = new Uint32Array(4);
  let drawn = 0;
  return (n) => {
    if ((drawn & 3) === 0) philoxInto(words, drawn / 4, 0, 0, 0, seed, 0);
    return Math.floor(words[drawn++ & 3]! * 2 ** -32 * n);
  };
}

/** A damaged copy: bytes changed, cut, inserted or repeated. */
function mutate(bytes: Uint8Array, below: (n: number) => number): Uint8Array {
  let copy = Uint8Array.from(bytes);
  for (let edits = 1 + below(4); edits > 0; edits--) {
    const at = below(copy.length + 1);
    const near = below(2) ? Math.min(at, below(24)) : at; // headers deserve more than their share
    switch (below(4)) {
      case 0:
        copy[near] = below(256);
        break;
      case 1:
        copy[near] = copy[near]! ^ (1 << below(8));
        break;
      case 2:
        copy = copy.slice(0, at);
        break;
      case 3:
        copy = Uint8Array.from([...copy.subarray(0, near), below(256), ...copy.subarray(near)]);
        break;
    }
  }
  return copy;
}

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('readIdx', () => {
  test.each([[[5]], [[2, 3]], [[4, 3, 2]], [[2, 3, 4, 3]]])('reads %j', (shape) => {
    const data = values(shape.reduce((a, b) => a * b));
    expect(readIdx(idx(shape, data))).toEqual({ shape, data });
  });

  test('reads a view that begins inside a buffer', () => {
    const file = idx([3], values(3));
    const padded = new Uint8Array(file.length + 7);
    padded.set(file, 5);
    expect([...readIdx(padded.subarray(5, 5 + file.length)).data]).toEqual([0, 37, 74]);
  });

  test.each([
    ['nothing', new Uint8Array(0), 0, 'IDX: the file has 0 bytes, expected at least 4'],
    [
      'a PNG',
      Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0]),
      0,
      'IDX: the file begins with bytes 137, 80, expected 0, 0',
    ],
    [
      'gzip',
      Uint8Array.from([0x1f, 0x8b, 8, 0]),
      0,
      'IDX: the file is compressed; expected the result of gunzip, or use loadIdx',
    ],
    ['floats', idx([1], values(4), 13), 2, 'IDX: element type 13, expected 8 (unsigned bytes)'],
    ['rank 0', idx([], values(1)), 3, 'IDX: rank 0, expected 1 to 4'],
    ['rank 5', idx([1, 1, 1, 1, 1], values(1)), 3, 'IDX: rank 5, expected 1 to 4'],
    [
      'half a header',
      idx([2, 3], values(6)).subarray(0, 9),
      9,
      'IDX: the file ends after 9 bytes, expected a header of 12',
    ],
    ['an empty axis', idx([2, 0, 3], values(0)), 8, 'IDX: axis 1 of [2,0,3] is 0, expected at least 1'],
    ['a byte too few', idx([2, 3], values(5)), 17, 'IDX: [2,3] needs 6 bytes, but 5 follow the header'],
    ['a byte too many', idx([2, 3], values(7)), 18, 'IDX: [2,3] needs 6 bytes, but 7 follow the header'],
    [
      'lengths whose product wraps to 1 in 32 bits',
      idx([0xffffffff, 0xffffffff], values(1)),
      13,
      'IDX: [4294967295,4294967295] needs 18446744065119617000 bytes, but 1 follow the header',
    ],
  ])('refuses %s', (_, bytes, byteOffset, message) => {
    const error = caught(() => readIdx(bytes));
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ message, byteOffset });
  });

  test('20,000 damaged files: a result that fits its shape, or a DataError with an offset', async () => {
    const below = dice(1);
    const file = idx([3, 4, 2], values(24));
    let refused = 0;
    const slow: Uint8Array[] = [];
    for (let i = 0; i < 20_000; i++) {
      const damaged = mutate(file, below);
      const begin = performance.now();
      const error = caught(() => {
        const { shape, data } = readIdx(damaged);
        expect(shape.reduce((a, b) => a * b, 1)).toBe(data.length);
      });
      if (performance.now() - begin > 250) slow.push(damaged);
      if (error === undefined) continue;
      refused++;
      if (!(error instanceof DataError)) throw error;
      expect(error.byteOffset).toBeGreaterThanOrEqual(0);
      expect(error.byteOffset).toBeLessThanOrEqual(damaged.length);
    }
    for (const file of slow) await withinTime(250, () => caught(() => readIdx(file)));
    expect(refused).toBeGreaterThan(10_000);
  });
});

describe('gunzip', () => {
  const contents = values(50_000);
  const file = new Uint8Array(gzipSync(contents));

  test('gives back the contents', async () => {
    expect(isGzip(file)).toBe(true);
    expect(isGzip(contents)).toBe(false);
    expect(await gunzip(file)).toEqual(contents);
    expect(await gunzip(new Uint8Array(gzipSync(new Uint8Array(0))))).toHaveLength(0);
    expect(await gunzip(file, { maxBytes: 50_000 })).toHaveLength(50_000);
  });

  test('stops at maxBytes', async () => {
    await expect(gunzip(file, { maxBytes: 49_999 })).rejects.toThrow('gzip: the contents exceed 49999 bytes');
  });

  test('a bomb of 256 MiB stops early', async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(256 * 2 ** 20), { level: 9 }));
    expect(bomb.length).toBeLessThan(300_000);
    await withinTime(1000, () =>
      expect(gunzip(bomb, { maxBytes: 2 ** 20 })).rejects.toThrow('gzip: the contents exceed 1048576 bytes'),
    );
  }, 30_000);

  test('refuses a file cut at any of 200 places', async () => {
    for (let i = 0; i < 200; i++) {
      const cut = file.subarray(0, Math.floor((file.length * i) / 200));
      await expect(gunzip(cut)).rejects.toThrow(DataError);
    }
  });

  test('refuses what is not gzip, and unknown options', async () => {
    await expect(gunzip(contents)).rejects.toMatchObject({ name: 'DataError', byteOffset: 0 });
    await expect(gunzip(file, { maxByte: 3 } as never)).rejects.toThrow(
      "gunzip: unknown option 'maxByte', did you mean 'maxBytes'?",
    );
    await expect(gunzip(file, { maxBytes: -1 })).rejects.toThrow(OptionError);
  });

  test('2,000 damaged files: the contents or a DataError', async () => {
    const below = dice(2);
    const small = new Uint8Array(gzipSync(idx([3, 4, 2], values(24))));
    const slow: Uint8Array[] = [];
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const damaged = mutate(small, below);
      const begin = performance.now();
      const error: unknown = await loadIdx(damaged, { maxBytes: 4096 }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (performance.now() - begin > 250) slow.push(damaged);
      if (error !== undefined && !(error instanceof DataError)) throw error;
      if (error !== undefined) refused++;
    }
    expect(refused).toBeGreaterThan(1000);
    for (const file of slow) await withinTime(250, () => loadIdx(file, { maxBytes: 4096 }).catch(() => undefined));
  });
});

const mnist = fileURLToPath(new URL('../../../shared/data/mnist/t10k-images-idx3-ubyte.gz', import.meta.url));

describe('the MNIST test set', () => {
  test.skipIf(!existsSync(mnist))(
    `is read whole${existsSync(mnist) ? '' : ' (skipped: ../shared/data is absent)'}`,
    async () => {
      const { shape, data } = await loadIdx(readFileSync(mnist));
      expect(shape).toEqual([10_000, 28, 28]);
      const mean = data.reduce((sum, value) => sum + value, 0) / data.length / 255;
      expect(mean).toBeCloseTo(0.1325, 4);
    },
  );
});
