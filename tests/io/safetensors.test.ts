import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { DataError } from '../../src/core/errors.ts';
import { philoxInto } from '../../src/core/random.ts';
import { withinTime } from '../bounded_time.ts';
import { readSafetensors, writeSafetensors, type SavedTensor } from '../../src/io/safetensors.ts';

const utf8 = new TextEncoder();

/** A file of this header text and data, the length filled in. */
function fileOf(header: string, data: number | Uint8Array = 0): Uint8Array {
  const text = utf8.encode(header);
  const body = typeof data === 'number' ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + text.length + body.length);
  new DataView(file.buffer).setUint32(0, text.length, true);
  file.set(text, 8);
  file.set(body, 8 + text.length);
  return file;
}

const tensors: Record<string, SavedTensor> = {
  'conv_1/kernel': { shape: [2, 3], dtype: 'f32', data: Float32Array.from([1, -2.5, 3e-40, Infinity, -0, 6]) },
  halves: { shape: [3], dtype: 'f16', data: Uint16Array.from([0x3c00, 0x8001, 0x7e00]) },
  mask: { shape: [5], dtype: 'u8', data: Uint8Array.from([0, 1, 2, 254, 255]) },
  'naïve "name"\n': { shape: [2], dtype: 'i32', data: Int32Array.from([-(2 ** 31), 2 ** 31 - 1]) },
  step: { shape: [], dtype: 'u32', data: Uint32Array.from([2 ** 32 - 1]) },
  none: { shape: [0, 4], dtype: 'f32', data: new Float32Array(0) },
};

// JSON's __proto__ and careless copies would leave their mark here.
afterEach(() => {
  if (Object.keys(Object.prototype).length > 0) throw new Error('Object.prototype was changed');
});

describe('writing and reading', () => {
  test('gives back every tensor and the metadata', () => {
    const file = writeSafetensors(tensors, { topology: '{"layers":[]}', ключ: 'значение' });
    const { tensors: read, metadata, skipped } = readSafetensors(file);
    expect({ ...read }).toEqual(tensors);
    expect({ ...metadata }).toEqual({ topology: '{"layers":[]}', ключ: 'значение' });
    expect({ ...skipped }).toEqual({});
    expect([read, metadata, skipped].map((record) => Object.getPrototypeOf(record) as unknown)).toEqual([
      null,
      null,
      null,
    ]);
    expect(Object.is(read['conv_1/kernel']!.data[4], -0)).toBe(true);
  });

  test('NaN payloads survive', () => {
    const bits = Uint32Array.from([0x7fc00001, 0xffc12345]);
    const file = writeSafetensors({ x: { shape: [2], dtype: 'f32', data: new Float32Array(bits.buffer) } });
    expect(new Uint32Array(readSafetensors(file).tensors.x!.data.buffer)).toEqual(bits);
  });

  test('data begins at a multiple of 8 and every tensor is aligned', () => {
    const file = writeSafetensors({ odd: { shape: [3], dtype: 'u8', data: new Uint8Array(3) }, ...tensors });
    const length = new DataView(file.buffer).getUint32(0, true);
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<
      string,
      { dtype: string; data_offsets: number[] }
    >;
    for (const { dtype, data_offsets } of Object.values(header))
      expect(data_offsets[0]! % ({ U8: 1, F16: 2 }[dtype] ?? 4)).toBe(0);
  });

  test('reads from the middle of a buffer, at an odd address', () => {
    const file = writeSafetensors(tensors);
    const padded = new Uint8Array(file.length + 8);
    padded.set(file, 3);
    expect({ ...readSafetensors(padded.subarray(3, 3 + file.length)).tensors }).toEqual(tensors);
    expect({ ...readSafetensors(Buffer.from(file)).tensors }).toEqual(tensors);
  });

  test('an empty file of tensors', () => {
    expect({ ...readSafetensors(writeSafetensors({})).tensors }).toEqual({});
  });

  test('names of the prototype are plain names', () => {
    const odd = { constructor: tensors.step!, toString: tensors.mask! };
    expect({ ...readSafetensors(writeSafetensors(odd)).tensors }).toEqual(odd);
  });

  test.each([
    ['has shape [2.5]', { shape: [2.5], dtype: 'f32', data: new Float32Array(2) }],
    ['has shape [1,1,1,1,1,1,1,1,1]', { shape: [1, 1, 1, 1, 1, 1, 1, 1, 1], dtype: 'f32', data: new Float32Array(1) }],
    ['of shape [3] has 2 elements, expected 3', { shape: [3], dtype: 'f32', data: new Float32Array(2) }],
    ['is declared f32, but its data is no Float32Array', { shape: [2], dtype: 'f32', data: new Int32Array(2) }],
    ['is bf16, expected f32, i32, u32, f16, u8', { shape: [2], dtype: 'bf16', data: new Uint16Array(2) }],
    ['is declared f16, but its data is no Uint16Array', { shape: [2], dtype: 'f16', data: new Float32Array(2) }],
  ])('does not write a tensor that %s', (message, tensor) => {
    expect(() => writeSafetensors({ x: tensor as SavedTensor })).toThrow(DataError);
    expect(() => writeSafetensors({ x: tensor as SavedTensor })).toThrow(`safetensors: tensor "x" ${message}`);
  });

  test('does not write reserved names or metadata that is not text', () => {
    expect(() => writeSafetensors({ __metadata__: tensors.step! })).toThrow('has a reserved name');
    expect(() => writeSafetensors({ ['__proto__']: tensors.step! })).toThrow('has a reserved name');
    expect(() => writeSafetensors({}, { epoch: 3 as never })).toThrow('metadata "epoch" is number, expected text');
  });
});

describe('refusing', () => {
  const f32 = (shape: string, begin: number, end: number) =>
    `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;
  const highWord = fileOf('{}');
  highWord[4] = 1;
  const longHeader = fileOf('{}');
  longHeader[0] = 3;
  const many = `{${Array.from({ length: 65_537 }, (_, i) => `"${i}":${f32('[0]', 0, 0)}`).join(',')}}`;

  test.each<[string, Uint8Array, number, string]>([
    ['an empty file', new Uint8Array(0), 0, 'the file has 0 bytes, expected at least 8'],
    ['a length above 2³²', highWord, 0, 'a header of 4294967298 bytes, expected at most 2'],
    ['a header longer than the file', longHeader, 0, 'a header of 3 bytes, expected at most 2'],
    ['a header that is no object', fileOf('[]'), 8, "the header does not begin with '{'"],
    ['no header', fileOf(''), 8, "the header does not begin with '{'"],
    ['text after the header', fileOf('{}x'), 10, 'more text after the header at byte 10'],
    [
      'two tensors of one name',
      fileOf(`{"a":${f32('[1]', 0, 4)},"\\u0061":${f32('[1]', 4, 8)}}`, 8),
      62,
      'the name "a" occurs twice at byte 62',
    ],
    ['two dtypes', fileOf('{"a":{"dtype":"F32","dtype":"U8"}}'), 28, 'the name "dtype" occurs twice at byte 28'],
    ['__proto__', fileOf(`{"__proto__":${f32('[1]', 0, 4)}}`, 4), 9, "the name '__proto__' is not allowed at byte 9"],
    [
      '__proto__ in metadata',
      fileOf('{"__metadata__":{"__proto__":"x"}}'),
      25,
      "the name '__proto__' is not allowed at byte 25",
    ],
    ['metadata that is not text', fileOf('{"__metadata__":{"a":1}}'), 29, "the header lacks '\"' at byte 29"],
    ['an unknown member', fileOf('{"a":{"dtipe":"F32"}}'), 14, 'tensor "a" has the unknown member "dtipe" at byte 14'],
    [
      'a missing member',
      fileOf('{"a":{"dtype":"F32","shape":[1]}}', 4),
      9,
      'tensor "a" lacks dtype, shape or two data_offsets at byte 9',
    ],
    [
      'one offset',
      fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', 4),
      9,
      'tensor "a" lacks dtype, shape or two data_offsets at byte 9',
    ],
    ['rank 9', fileOf(`{"a":${f32('[1,1,1,1,1,1,1,1,1]', 0, 4)}}`, 4), 53, 'more than 8 integers in a list at byte 53'],
    [
      'a length of 2³¹',
      fileOf(`{"a":${f32('[0,2147483648]', 0, 0)}}`),
      39,
      'the integer 2147483648, expected one below 2147483648, at byte 39',
    ],
    ['a negative length', fileOf(`{"a":${f32('[-1]', 0, 4)}}`, 4), 37, 'expected an integer from 0 at byte 37'],
    ['an exponent', fileOf(`{"a":${f32('[1e0]', 0, 4)}}`, 4), 38, "the header lacks ']' at byte 38"],
    ['a leading zero', fileOf(`{"a":${f32('[01]', 0, 4)}}`, 4), 37, 'an integer begins with 0 at byte 37'],
    [
      'an offset above 2⁵³',
      fileOf(`{"a":${f32('[1]', 0, 4).replace(',4]', ',99999999999999999]')}}`, 4),
      58,
      'an integer exceeds 2^53 - 1 at byte 58',
    ],
    ['a string without an end', fileOf('{"a'), 9, 'a string does not end at byte 9'],
    ['bad UTF-8', fileOf('{}').fill(0x22, 8, 9), 8, "the header does not begin with '{'"],
    [
      'an unknown dtype',
      fileOf('{"a":{"dtype":"F31","shape":[],"data_offsets":[0,4]}}', 4),
      9,
      'tensor "a" has the unknown dtype "F31"',
    ],
    [
      'BF16',
      fileOf('{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}', 4),
      9,
      'tensor "a" is BF16, expected F32, I32, U32, F16, U8',
    ],
    [
      'too few bytes for the shape',
      fileOf(`{"a":${f32('[2]', 0, 4)}}`, 4),
      9,
      'tensor "a" of shape [2] and F32 needs 8 bytes, its data_offsets span 4',
    ],
    [
      'a size beyond 2⁵³',
      fileOf(`{"a":${f32('[2147483647,2147483647,2147483647]', 0, 4)}}`, 4),
      9,
      `tensor "a" of shape [2147483647,2147483647,2147483647] and F32 needs ${(2 ** 31 - 1) ** 3 * 4} bytes, its data_offsets span 4`,
    ],
    [
      'offsets backwards',
      fileOf(`{"a":${f32('[1]', 4, 0)}}`, 4),
      9,
      'tensor "a" of shape [1] and F32 needs 4 bytes, its data_offsets span -4',
    ],
    ['a gap', fileOf(`{"a":${f32('[1]', 4, 8)}}`, 8), 9, 'tensor "a" begins at 4 and leaves a gap, which ends at 0'],
    [
      'an overlap',
      fileOf(`{"a":${f32('[2]', 0, 8)},"b":${f32('[2]', 4, 12)}}`, 12),
      62,
      'tensor "b" begins at 4 and overlaps the one before, which ends at 8',
    ],
    ['data beyond the end', fileOf(`{"a":${f32('[2]', 0, 8)}}`, 4), 9, 'tensor "a" ends at 8 of 4 bytes of data'],
    ['data of no tensor', fileOf(`{"a":${f32('[1]', 0, 4)}}`, 6), 66, '2 bytes at the end belong to no tensor'],
    [
      '65,537 tensors',
      fileOf(many),
      8 + many.indexOf('"65536":'),
      `more than 65536 tensors at byte ${8 + many.indexOf('"65536":')}`,
    ],
  ])('%s', (_, file, byteOffset, message) => {
    let error: unknown;
    try {
      readSafetensors(file);
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ message: `safetensors: ${message}`, byteOffset });
  });

  test('depth and length of hostile headers cost no time', async () => {
    for (const header of [
      `{"a":${'['.repeat(5e6)}`,
      `{"a":${'{"a":'.repeat(1e6)}`,
      `{"${'a'.repeat(5e6)}":1}`,
      `{"a":{"shape":[${'9'.repeat(5e6)}]}}`,
    ]) {
      const file = fileOf(header);
      await withinTime(250, () => expect(() => readSafetensors(file)).toThrow(DataError));
    }
  });

  test('a long name is cut in messages', () => {
    const file = fileOf(`{"${'n'.repeat(10_000)}":${f32('[2]', 0, 4)}}`, 4);
    expect(() => readSafetensors(file)).toThrow(/^.{0,250}$/);
  });

  test('unknown options', () => {
    expect(() => readSafetensors(fileOf('{}'), { skipUnsuported: true } as never)).toThrow(
      "did you mean 'skipUnsupported'?",
    );
  });
});

test('20,000 damaged files: tensors that fit their shapes, or a DataError', async () => {
  const file = writeSafetensors(tensors, { note: 'x' });
  const headerEnd = 8 + new DataView(file.buffer).getUint32(0, true);
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '\\',
    '0',
    '9',
    '-',
    'null',
    '"__proto__"',
    '"polluted"',
    '"shape"',
    '\u00ff',
    '4294967296',
  ];
  const words = new Uint32Array(4);
  let drawn = 0;
  const below = (n: number): number => {
    if ((drawn & 3) === 0) philoxInto(words, drawn / 4, 0, 0, 0, 9, 9);
    return Math.floor(words[drawn++ & 3]! * 2 ** -32 * n);
  };
  let refused = 0;
  const slow: Uint8Array[] = [];
  for (let i = 0; i < 20_000; i++) {
    let copy = Uint8Array.from(file);
    for (let edits = 1 + below(3); edits > 0; edits--) {
      const at = Math.min(copy.length, below(8) === 0 ? below(copy.length) : below(headerEnd));
      const piece = utf8.encode(pieces[below(pieces.length)]!);
      const keepsLength = below(2) === 0;
      switch (below(4)) {
        case 0:
          copy[at] = below(256);
          break;
        case 1:
          copy.set(piece.subarray(0, copy.length - at), at);
          break;
        case 2:
          copy = copy.slice(0, at);
          break;
        case 3:
          copy = Uint8Array.from([...copy.subarray(0, at), ...piece, ...copy.subarray(at)]);
          if (keepsLength && at >= 8) new DataView(copy.buffer).setUint32(0, headerEnd - 8 + piece.length, true);
          break;
      }
    }
    const begin = performance.now();
    try {
      for (const { shape, data } of Object.values(readSafetensors(copy).tensors)) {
        if (shape.reduce((a, b) => a * b, 1) !== data.length) throw new Error('a tensor does not fit its shape');
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      refused++;
    }
    if (performance.now() - begin > 250) slow.push(copy);
    if (Object.keys(Object.prototype).length > 0) throw new Error('Object.prototype was changed');
  }
  for (const file of slow) {
    await withinTime(250, () => {
      try {
        readSafetensors(file);
      } catch {
        // judged above
      }
    });
  }
  expect(refused).toBeGreaterThan(10_000);
});

const model = (path: string) => fileURLToPath(new URL(`../../../shared/models/${path}`, import.meta.url));
const mnist = model('mnist-cnn-burn/mnist.safetensors');
const resnet = model('cifar10-resnet20/resnet20.safetensors');
const absent = ' (skipped: ../shared/models is absent)';

describe('published files', () => {
  test.skipIf(!existsSync(mnist))(`an MNIST network written by PyTorch${existsSync(mnist) ? '' : absent}`, () => {
    const file = readFileSync(mnist);
    expect(() => readSafetensors(file)).toThrow(
      'safetensors: tensor "norm1.num_batches_tracked" is I64, expected F32, I32, U32, F16, U8',
    );
    const { tensors: read, skipped } = readSafetensors(file, { skipUnsupported: true });
    expect({ ...skipped }).toEqual({ 'norm1.num_batches_tracked': 'I64', 'norm2.num_batches_tracked': 'I64' });
    expect(Object.keys(read)).toHaveLength(18);
    expect(read['conv1.weight']).toMatchObject({ shape: [8, 1, 3, 3], dtype: 'f32' });
    expect(read['fc1.weight']!.shape).toEqual([32, 11_616]);
    expect(read['norm1.running_var']!.data.every((value) => value > 0)).toBe(true);
    expect(readSafetensors(writeSafetensors(read)).tensors).toEqual(read);
  });

  test.skipIf(!existsSync(resnet))(`ResNet-20${existsSync(resnet) ? '' : absent}`, () => {
    const { tensors: read, metadata } = readSafetensors(readFileSync(resnet));
    expect(metadata.license).toBe('BSD-2-Clause');
    expect(read['conv1.weight']!.shape).toEqual([16, 3, 3, 3]);
    expect(Object.values(read).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });
});
