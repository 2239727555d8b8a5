// The device's buffers: made with their errors awaited, counted, and destroyed by hand (garbage collection keeps their memory).

import type { TypedArray } from '../core/dtype.ts';
import { DeviceError } from '../core/errors.ts';
import { asDeviceError, type Life } from './life.ts';
import type { Queue } from './queue.ts';

// WebGPU's fixed numbers (GPUBufferUsage, GPUMapMode, GPUShaderStage); Node has no such globals.
export const usage = {
  mapRead: 0x1,
  copySource: 0x4,
  copyTarget: 0x8,
  uniform: 0x40,
  storage: 0x80,
  queryResolve: 0x200,
} as const;
export const mapRead = 0x1;
export const computeStage = 0x4;

/** Usage of every buffer that kernels see: it can be written, read back and bound. */
export const tensorUsage = usage.storage | usage.copySource | usage.copyTarget;

/** A buffer's size: copies are made of whole words, and no buffer is empty. */
export const wholeWords = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4);

export interface Allocation {
  readonly buffer: GPUBuffer;
  /** Rejects when the device could not hold it; the buffer is freed then. May go unheard. */
  readonly checked: Promise<void>;
}

export interface Buffers {
  allocate(label: string, bytes: number, usage: number): Allocation;
  /** A tensor's buffer with its values. */
  upload(label: string, values: TypedArray): Allocation;
  /** Once or more often; after the device's end too. */
  free(buffer: GPUBuffer): void;
  freeAll(): void;
  /** After the steps so far, before every later one. */
  write(buffer: GPUBuffer, offset: number, values: TypedArray): void;
  /** The first `bytes` of `values`, whole words, to the buffer's begin; before the steps that wait to be submitted as well. */
  writeAhead(buffer: GPUBuffer, values: Uint8Array<ArrayBuffer>, bytes: number): void;
  stats(): { buffersCreated: number; liveBuffers: number; liveBytes: number };
}

export function createBuffers(life: Life, queue: Queue): Buffers {
  const live = new Map<GPUBuffer, number>();
  let buffersCreated = 0;
  let liveBytes = 0;

  function allocate(label: string, bytes: number, use: number): Allocation {
    life.check();
    const { maxBufferSize } = life.gpu.limits;
    const size = wholeWords(bytes);
    // Over a limit is a validation error in WebGPU, never out of memory, and NaN or 2⁵³ a TypeError: named here instead.
    if (!Number.isSafeInteger(size) || size > maxBufferSize) throw bufferTooLarge(label, bytes, maxBufferSize);
    const liveBefore = liveBytes;
    const { value: buffer, checked } = life.scoped(
      `allocating ${label}`,
      () => life.gpu.createBuffer({ label, size, usage: use }),
      () =>
        `out of GPU memory: ${label} needs ${size} bytes, and ${liveBefore} bytes are live; a smaller batch or model needs less`,
    );
    live.set(buffer, size);
    liveBytes += size;
    buffersCreated++;
    checked.catch(() => free(buffer));
    return { buffer, checked };
  }

  function free(buffer: GPUBuffer): void {
    const size = live.get(buffer);
    if (size === undefined) return;
    live.delete(buffer);
    liveBytes -= size;
    // A submit with a destroyed buffer is refused whole.
    queue.flush();
    buffer.destroy();
  }

  function write(buffer: GPUBuffer, offset: number, values: TypedArray): void {
    queue.flush();
    writeNow(buffer, offset, values);
  }

  function writeNow(buffer: GPUBuffer, offset: number, values: TypedArray): void {
    let bytes = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
    if (bytes.length % 4 !== 0) {
      // Copies are made of whole 4-byte words; bytes (u8) and halves (f16) are padded with zeros.
      const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
      padded.set(bytes);
      bytes = padded;
    }
    writeBytes(buffer, offset, bytes, bytes.length);
  }

  function writeBytes(buffer: GPUBuffer, offset: number, values: Uint8Array<ArrayBuffer>, bytes: number): void {
    try {
      life.gpu.queue.writeBuffer(buffer, offset, values, 0, bytes);
    } catch (error) {
      throw asDeviceError(`writing ${bytes} bytes to ${buffer.label}`, error);
    }
  }

  function upload(label: string, values: TypedArray): Allocation {
    const allocation = allocate(label, values.byteLength, tensorUsage);
    try {
      writeNow(allocation.buffer, 0, values);
    } catch (error) {
      free(allocation.buffer);
      throw error;
    }
    return allocation;
  }

  return {
    allocate,
    upload,
    free,
    freeAll: () => [...live.keys()].forEach(free),
    write,
    writeAhead: (buffer, values, bytes) => writeBytes(buffer, 0, values, bytes),
    stats: () => ({ buffersCreated, liveBuffers: live.size, liveBytes }),
  };
}

export function bufferTooLarge(name: string, bytes: number, limit: number): DeviceError {
  return new DeviceError(
    'limit',
    `${name} needs a buffer of ${bytes} bytes, and this device's maxBufferSize is ${limit}; use a smaller batch or a smaller model`,
    { limit: 'maxBufferSize', needed: bytes, given: limit },
  );
}
