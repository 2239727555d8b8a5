// Reads buffers back: a copy into a staging buffer, submitted at once, so the value is the one after all steps so far.

import { StateError } from '../core/errors.ts';
import { mapRead, usage, type Allocation, type Buffers } from './buffers.ts';
import { errorsTold, swallow, type Life } from './life.ts';
import type { Queue } from './queue.ts';

export interface Reader {
  /** Makes a staging buffer of this size ahead of the first read. */
  reserve(bytes: number): Promise<void>;
  read(source: GPUBuffer, offset: number, bytes: number, what: string): Promise<ArrayBuffer>;
  /** Reads of this reader so far. */
  mapCalls(): number;
  dispose(): void;
}

/** Staging buffers are kept for the next read of their size while they take `keepBytes` together. */
export function createReader(life: Life, buffers: Buffers, queue: Queue, keepBytes: number): Reader {
  const idle = new Map<number, GPUBuffer[]>();
  const all = new Set<GPUBuffer>();
  let keptBytes = 0;
  let mapCalls = 0;
  let disposed = false;

  function take(bytes: number, what: string): Allocation {
    const kept = idle.get(bytes)?.pop();
    if (kept) {
      keptBytes -= bytes;
      return { buffer: kept, checked: Promise.resolve() };
    }
    const made = buffers.allocate(`staging for ${what}`, bytes, usage.mapRead | usage.copyTarget);
    all.add(made.buffer);
    return made;
  }

  function giveBack(buffer: GPUBuffer, bytes: number): void {
    if (disposed || keptBytes + bytes > keepBytes) {
      all.delete(buffer);
      buffers.free(buffer);
      return;
    }
    keptBytes += bytes;
    const same = idle.get(bytes);
    if (same) same.push(buffer);
    else idle.set(bytes, [buffer]);
  }

  async function read(source: GPUBuffer, offset: number, bytes: number, what: string): Promise<ArrayBuffer> {
    life.check();
    if (disposed) throw new StateError(`${what}: its owner was disposed of`);
    const staging = take(bytes, what);
    const { buffer } = staging;
    try {
      // No await before the submit: the value read is that after the steps submitted before this call.
      queue.flush();
      const steps = queue.submitted();
      const copy = life.scoped(what, () => {
        const encoder = life.gpu.createCommandEncoder({ label: what });
        encoder.copyBufferToBuffer(source, offset, buffer, 0, bytes);
        life.gpu.queue.submit([encoder.finish()]);
      });
      mapCalls++;
      const mapped = (async () => buffer.mapAsync(mapRead, 0, bytes))();
      swallow(mapped);
      await staging.checked;
      await copy.checked;
      await life.wait(mapped, what);
      life.progress();
      queue.reached(steps);
      const values = buffer.getMappedRange(0, bytes).slice(0);
      buffer.unmap();
      giveBack(buffer, bytes);
      await errorsTold();
      return values;
    } catch (error) {
      all.delete(buffer);
      buffers.free(buffer);
      if (disposed) throw new StateError(`${what}: its owner was disposed of meanwhile`);
      throw error;
    }
  }

  return {
    read,
    async reserve(bytes) {
      const made = take(bytes, 'reads');
      await made.checked;
      giveBack(made.buffer, bytes);
    },
    mapCalls: () => mapCalls,
    dispose() {
      disposed = true;
      all.forEach(buffers.free);
      all.clear();
      idle.clear();
    },
  };
}
