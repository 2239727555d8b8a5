// Scalars of every step without waiting for any: each run copies them into a row of a staging buffer, and a buffer is
// read when its rows are full, or when the last read is long enough ago, while the next ones fill.

import { viewOf, type DType, type TypedArray } from '../core/dtype.ts';
import type { Pace, TrackedRow } from '../plan/device.ts';
import { mapRead, usage, type Allocation, type Buffers } from './buffers.ts';
import { errorsTold, swallow, type Life } from './life.ts';
import type { Queue } from './queue.ts';

export interface TrackedScalar {
  readonly name: string;
  readonly dtype: DType;
  readonly storage: number;
  readonly offset: number;
}

export interface Rows {
  readonly checked: Promise<unknown>;
  /** Adds the copies of one run's scalars; then `advance` once it is in the queue. */
  copy(encoder: GPUCommandEncoder, bufferOf: (storage: number) => GPUBuffer): void;
  advance(): void;
  /** Whether every staging buffer is on its way. */
  full(): boolean;
  room(): Promise<void>;
  /** Reads the rows that are filled and awaits all on their way. Never rejects: errors are reported. */
  flush(): Promise<void>;
  mapCalls(): number;
  dispose(): void;
}

interface Staging {
  readonly buffer: GPUBuffer;
  rows: number;
}

// Two on their way while one fills.
const ringLength = 3;

/** Of the staging buffers for so many scalars of so many runs. */
export const ringBytes = (scalars: number, every: number): number => ringLength * every * 4 * scalars;

export function createRows(
  life: Life,
  buffers: Buffers,
  queue: Queue,
  scalars: readonly TrackedScalar[],
  { every, apart = Infinity }: Pace,
  onRows: (rows: readonly TrackedRow[]) => void,
  report: (error: Error) => void,
): Rows {
  const rowBytes = 4 * scalars.length;
  const made: Allocation[] = [];
  try {
    for (let i = 0; i < ringLength; i++) {
      made.push(buffers.allocate(`tracked rows ${i}`, every * rowBytes, usage.mapRead | usage.copyTarget));
    }
  } catch (error) {
    for (const { buffer } of made) buffers.free(buffer);
    throw error;
  }
  const free: Staging[] = made.map(({ buffer }) => ({ buffer, rows: 0 }));
  const onTheirWay: Promise<void>[] = [];
  let filling = free.shift();
  let deliveries: Promise<void> = Promise.resolve();
  let delivered = 0;
  let mapCalls = 0;
  let sentAt = -Infinity;
  let disposed = false;

  /** Starts reading the filling buffer; rows are delivered in order whichever read ends first. */
  function send(staging: Staging): void {
    // A buffer on its way to the host may not be used by a submit.
    queue.flush();
    filling = free.shift();
    mapCalls++;
    const bytes = staging.rows * rowBytes;
    const mapped = life.wait((async () => staging.buffer.mapAsync(mapRead, 0, bytes))(), 'reading tracked outputs');
    swallow(mapped);
    sentAt = performance.now();
    deliveries = deliveries.then(() => deliver(staging, mapped, bytes));
    onTheirWay.push(deliveries);
  }

  async function deliver(staging: Staging, mapped: Promise<unknown>, bytes: number): Promise<void> {
    const firstRun = delivered;
    const count = staging.rows;
    delivered += count;
    try {
      await mapped;
      life.progress();
      if (disposed) return;
      const numbers = numbersIn(staging.buffer.getMappedRange(0, bytes).slice(0));
      staging.buffer.unmap();
      onRows(Array.from({ length: count }, (_, row) => ({ run: firstRun + row, values: rowValues(numbers, row) })));
    } catch (error) {
      if (!disposed) report(error as Error);
    } finally {
      staging.rows = 0;
      if (filling) free.push(staging);
      else filling = staging;
      void onTheirWay.shift();
    }
  }

  /** For each scalar all words of the buffer, as numbers of its type. */
  const numbersIn = (values: ArrayBuffer): readonly TypedArray[] =>
    scalars.map(({ dtype }) => viewOf(dtype, values, 0, values.byteLength / 4));

  const rowValues = (numbers: readonly TypedArray[], row: number): Record<string, number> =>
    Object.fromEntries(scalars.map(({ name }, i) => [name, numbers[i]![row * scalars.length + i]!]));

  return {
    checked: Promise.all(made.map(({ checked }) => checked)),
    copy(encoder, bufferOf) {
      const base = filling!.rows * rowBytes;
      scalars.forEach(({ storage, offset }, i) => {
        encoder.copyBufferToBuffer(bufferOf(storage), offset, filling!.buffer, base + 4 * i, 4);
      });
    },
    advance() {
      // The clock is not asked where nothing follows from it.
      if (++filling!.rows === every || (apart < Infinity && performance.now() - sentAt >= apart)) send(filling!);
    },
    full: () => !filling,
    async room() {
      await onTheirWay[0];
    },
    async flush() {
      if (filling && filling.rows > 0) send(filling);
      await deliveries;
      await errorsTold();
    },
    mapCalls: () => mapCalls,
    dispose() {
      disposed = true;
      for (const { buffer } of made) buffers.free(buffer);
    },
  };
}
