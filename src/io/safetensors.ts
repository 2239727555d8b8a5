// Weights as safetensors files (https://huggingface.co/docs/safetensors): an 8-byte little-endian header length, a JSON
// header, then the tensors' little-endian bytes without gaps. Hosts are little-endian, as everywhere WebGPU runs.

import { bytesPerElement, type DType, type TypedArray } from '../core/dtype.ts';
import { DataError, checkOptions } from '../core/errors.ts';
import { format, sizeOf, type Shape } from '../core/shape.ts';
import { maxRank, maxTensors, parseHeader, quoted, type HeaderEntry } from './safetensors_header.ts';

export interface SavedTensor {
  /** `[]` for a scalar. Lengths of 0 are legal in files. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** Row-major, of exactly the shape's size; f16 as bits, which `fromHalf` turns into numbers. */
  readonly data: TypedArray;
}

const names: Readonly<Record<DType, string>> = { f32: 'F32', i32: 'I32', u32: 'U32', f16: 'F16', u8: 'U8' };

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, f16: Uint16Array, u8: Uint8Array } as const;

/** The dtypes this engine holds. */
const dtypes: ReadonlyMap<string, DType> = new Map(
  (Object.keys(names) as DType[]).map((dtype) => [names[dtype], dtype]),
);

/** Bytes of an element for every dtype of the format, so that tensors that are skipped are checked as well. */
const bytesOf: ReadonlyMap<string, number> = new Map([
  ...['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3'].map((name) => [name, 1] as const),
  ...['U16', 'I16', 'F16', 'BF16'].map((name) => [name, 2] as const),
  ...['U32', 'I32', 'F32'].map((name) => [name, 4] as const),
  ...['U64', 'I64', 'F64'].map((name) => [name, 8] as const),
]);

const maxHeader = 100_000_000; // as in the reference implementation

export interface SafetensorsFile {
  /** By name; an object without a prototype, in the order of the file's data. Arrays are copies. */
  readonly tensors: Record<string, SavedTensor>;
  /** Without a prototype as well; empty where the file has none. */
  readonly metadata: Record<string, string>;
  /** The dtype of each tensor left out by `skipUnsupported`. */
  readonly skipped: Record<string, string>;
}

/**
 * Reads a safetensors file strictly: the header is at most 100 MB and inside the file, names are unique, every range
 * has the size its shape and dtype need, and the ranges cover the data exactly, without gap or overlap.
 * F32, I32, U32, F16 and U8 are read; another dtype is an error that names it, or with `skipUnsupported` is left out and
 * listed in `skipped` (PyTorch's `num_batches_tracked` counters are I64). Throws a DataError with the byte offset.
 */
export function readSafetensors(bytes: Uint8Array, options: { skipUnsupported?: boolean } = {}): SafetensorsFile {
  checkOptions('readSafetensors', options, ['skipUnsupported']);
  if (bytes.length < 8)
    throw new DataError(`safetensors: the file has ${bytes.length} bytes, expected at least 8`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const headerLength = view.getUint32(0, true);
  const most = Math.min(maxHeader, bytes.length - 8);
  if (view.getUint32(4, true) !== 0 || headerLength > most) {
    throw new DataError(`safetensors: a header of ${view.getBigUint64(0, true)} bytes, expected at most ${most}`, 0);
  }
  if (bytes[8] !== 0x7b || headerLength === 0)
    throw new DataError("safetensors: the header does not begin with '{'", 8);
  const start = 8 + headerLength;
  const { entries, metadata } = parseHeader(bytes, 8, start);
  checkRanges(entries, bytes.length - start, start);

  const tensors = Object.create(null) as Record<string, SavedTensor>;
  const skipped = Object.create(null) as Record<string, string>;
  for (const { name, dtype: named, shape, begin, end, byteOffset } of entries) {
    const dtype = dtypes.get(named);
    if (dtype) {
      tensors[name] = { shape, dtype, data: copyOf(dtype, bytes.subarray(start + begin, start + end)) };
    } else if (options.skipUnsupported === true) {
      skipped[name] = named;
    } else {
      const known = [...dtypes.keys()].join(', ');
      throw new DataError(`safetensors: tensor ${quoted(name)} is ${named}, expected ${known}`, byteOffset);
    }
  }
  return { tensors, metadata, skipped };
}

/** Sorts `entries` by their place and checks each range against its shape and its neighbours. */
function checkRanges(entries: HeaderEntry[], length: number, start: number): void {
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, dtype, shape, begin, end, byteOffset } of entries) {
    const label = quoted(name);
    const elementBytes = bytesOf.get(dtype);
    if (elementBytes === undefined) {
      throw new DataError(`safetensors: tensor ${label} has the unknown dtype ${quoted(dtype)}`, byteOffset);
    }
    // Products beyond 2⁵³ are inexact, but no range is that long, so they still differ.
    const needed = sizeOf(shape) * elementBytes;
    if (end - begin !== needed) {
      throw new DataError(
        `safetensors: tensor ${label} of shape ${format(shape)} and ${dtype} needs ${needed} bytes, its data_offsets span ${end - begin}`,
        byteOffset,
      );
    }
    if (begin !== covered) {
      const problem = begin < covered ? 'overlaps the one before' : 'leaves a gap';
      throw new DataError(
        `safetensors: tensor ${label} begins at ${begin} and ${problem}, which ends at ${covered}`,
        byteOffset,
      );
    }
    if (end > length) {
      throw new DataError(`safetensors: tensor ${label} ends at ${end} of ${length} bytes of data`, byteOffset);
    }
    covered = end;
  }
  if (covered !== length) {
    throw new DataError(`safetensors: ${length - covered} bytes at the end belong to no tensor`, start + covered);
  }
}

/** The bytes as an array of its own memory: ranges in a file need not be aligned. */
function copyOf(dtype: DType, source: Uint8Array): TypedArray {
  return new arrays[dtype](new Uint8Array(source).buffer);
}

/**
 * The bytes of a safetensors file. Metadata values are text; other things go in as JSON. Data begins at a multiple of
 * 8 bytes; 4-byte tensors come first, in the order given, then halves, then bytes, so every tensor is aligned. Throws a DataError
 * for what `readSafetensors` would refuse.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, SavedTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const named = Object.entries(tensors);
  if (named.length > maxTensors)
    throw new DataError(`safetensors: ${named.length} tensors, expected at most ${maxTensors}`);
  for (const [name, tensor] of named) checkTensor(name, tensor);
  const ordered = [4, 2, 1].flatMap((bytes) => named.filter(([, { dtype }]) => bytesPerElement[dtype] === bytes));

  const members: string[] = [];
  const notes = Object.entries(metadata);
  for (const [key, value] of notes) {
    if (typeof value !== 'string' || key === '__proto__') {
      throw new DataError(
        `safetensors: metadata ${quoted(key)} is ${typeof value}, expected text under another name than __proto__`,
      );
    }
  }
  if (notes.length > 0) {
    const texts = notes.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    members.push(`"__metadata__":{${texts.join(',')}}`);
  }
  let length = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    const entry = { dtype: names[dtype], shape, data_offsets: [length, length + data.byteLength] };
    members.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    length += data.byteLength;
  }
  const header = new TextEncoder().encode(`{${members.join(',')}}`);
  const headerLength = Math.ceil(header.length / 8) * 8;
  if (headerLength > maxHeader)
    throw new DataError(`safetensors: a header of ${headerLength} bytes, expected at most ${maxHeader}`);

  const file = new Uint8Array(8 + headerLength + length);
  new DataView(file.buffer).setUint32(0, headerLength, true);
  file.set(header, 8);
  file.fill(0x20, 8 + header.length, 8 + headerLength);
  let at = 8 + headerLength;
  for (const [, { data }] of ordered) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

function checkTensor(name: string, { shape, dtype, data }: SavedTensor): void {
  const label = `safetensors: tensor ${quoted(name)}`;
  if (name === '__metadata__' || name === '__proto__') throw new DataError(`${label} has a reserved name`);
  if (!Object.hasOwn(names, dtype))
    throw new DataError(`${label} is ${String(dtype)}, expected ${Object.keys(names).join(', ')}`);
  if (shape.length > maxRank || !shape.every((length) => Number.isInteger(length) && length >= 0 && length < 2 ** 31)) {
    throw new DataError(
      `${label} has shape ${format(shape)}, expected at most ${maxRank} integers from 0 to 2147483647`,
    );
  }
  if (!(data instanceof arrays[dtype])) {
    throw new DataError(`${label} is declared ${dtype}, but its data is no ${arrays[dtype].name}`);
  }
  if (data.length !== sizeOf(shape)) {
    throw new DataError(`${label} of shape ${format(shape)} has ${data.length} elements, expected ${sizeOf(shape)}`);
  }
}
