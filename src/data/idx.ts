// Readers for IDX, the format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist), plain or under gzip.

import { DataError, OptionError, checkOptions } from '../core/errors.ts';
import { format, type Shape } from '../core/shape.ts';

export interface Idx {
  /** The first axis counts the examples: `[count, rows, columns]` for grey images, `[count]` for labels. */
  readonly shape: Shape;
  /** Row-major bytes: a view of the file's memory, not a copy. */
  readonly data: Uint8Array;
}

/**
 * Reads an IDX file of bytes: `00 00 08 rank`, then `rank` big-endian 32-bit lengths, then exactly their product in
 * bytes. Ranks 1 to 4; other element types (shorts, floats) are refused. Throws a DataError with the byte offset.
 */
export function readIdx(bytes: Uint8Array): Idx {
  if (bytes.length < 4)
    throw new DataError(`IDX: the file has ${bytes.length} bytes, expected at least 4`, bytes.length);
  if (isGzip(bytes))
    throw new DataError('IDX: the file is compressed; expected the result of gunzip, or use loadIdx', 0);
  if (bytes[0] !== 0 || bytes[1] !== 0) {
    throw new DataError(
      `IDX: the file begins with bytes ${bytes[0]}, ${bytes[1]}, expected 0, 0`,
      bytes[0] === 0 ? 1 : 0,
    );
  }
  if (bytes[2] !== 8) throw new DataError(`IDX: element type ${bytes[2]}, expected 8 (unsigned bytes)`, 2);
  const rank = bytes[3]!;
  if (rank < 1 || rank > 4) throw new DataError(`IDX: rank ${rank}, expected 1 to 4`, 3);
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw new DataError(`IDX: the file ends after ${bytes.length} bytes, expected a header of ${start}`, bytes.length);
  }

  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, axis) => header.getUint32(4 + 4 * axis));
  let size = 1;
  for (const [axis, length] of shape.entries()) {
    if (length === 0)
      throw new DataError(`IDX: axis ${axis} of ${format(shape)} is 0, expected at least 1`, 4 + 4 * axis);
    size *= length; // never shrinks, so a product too large to be exact is too large for any file as well
  }
  const left = bytes.length - start;
  if (size !== left) {
    throw new DataError(
      `IDX: ${format(shape)} needs ${size} bytes, but ${left} follow the header`,
      size > left ? bytes.length : start + size,
    );
  }
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + start, size) };
}

/** Reads an IDX file that may be under gzip. `maxBytes` as for `gunzip`. */
export async function loadIdx(bytes: Uint8Array, options: { maxBytes?: number } = {}): Promise<Idx> {
  checkOptions('loadIdx', options, ['maxBytes']);
  return readIdx(isGzip(bytes) ? await gunzip(bytes, options) : bytes);
}

/** Whether `bytes` begin as a gzip file does (RFC 1952). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

const CHUNK = 16 * 1024; // deflate expands at most 1032:1, so one chunk adds at most 17 MB before the cap is looked at

/**
 * The contents of a gzip file, decompressed by the platform's DecompressionStream.
 * `maxBytes`: the largest result allowed, 512 MiB unless given; a larger one stops early with a DataError, so a few
 * kilobytes cannot fill the memory. A damaged or cut file is a DataError as well; its offset is how far the file had
 * been read, since the platform does not say where it stopped.
 */
export async function gunzip(bytes: Uint8Array, options: { maxBytes?: number } = {}): Promise<Uint8Array> {
  checkOptions('gunzip', options, ['maxBytes']);
  const { maxBytes = 512 * 2 ** 20 } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0) {
    throw new OptionError(`gunzip: maxBytes is ${maxBytes}, expected an integer from 0`);
  }
  if (!isGzip(bytes)) throw new DataError('gzip: the file does not begin with 1f 8b', 0);

  const stream = new DecompressionStream('gzip');
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  let fed = 0;
  const feed = async (): Promise<void> => {
    while (fed < bytes.length) {
      const chunk = bytes.subarray(fed, fed + CHUNK);
      fed += chunk.length;
      await writer.write(chunk as Uint8Array<ArrayBuffer>);
    }
    await writer.close();
  };
  // A damaged file rejects both sides; the reading side reports, and this one must not be an unhandled rejection.
  const feeding = feed().catch(() => undefined);
  writer.closed.catch(() => undefined);

  const parts: Uint8Array[] = [];
  let total = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      total += value.length;
      if (total > maxBytes) throw new DataError(`gzip: the contents exceed ${maxBytes} bytes`, fed);
      parts.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => undefined);
    writer.abort().catch(() => undefined);
    if (error instanceof DataError) throw error;
    throw new DataError(
      `gzip: the file of ${bytes.length} bytes is damaged or cut short (${(error as Error).message})`,
      fed,
    );
  }
  await feeding;

  const contents = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    contents.set(part, at);
    at += part.length;
  }
  return contents;
}
