// Many replays of a step as one piece of work, for benchmarks: one submit, timed on the GPU's own clock where it has one.

import { usage, type Allocation } from './buffers.ts';
import type { DeviceParts } from './parts.ts';
import { createReader } from './reader.ts';

export interface Replayer {
  /** Encodes by `encode` into one pass, submits and waits: nanoseconds from its first dispatch to its last, or null. */
  replay(encode: (pass: GPUComputePassEncoder) => void): Promise<number | null>;
  dispose(): void;
}

/** What it needs is made at the first replay, and kept: a benchmark's samples must not make and free buffers in between. */
export function createReplayer({ life, buffers, queue, target }: DeviceParts, finished: GPUBuffer): Replayer {
  const reader = createReader(life, buffers, queue, 64);
  let made: { queries: GPUQuerySet; resolved: Allocation } | null = null;

  async function clock(): Promise<typeof made> {
    if (made || !target.features.has('timestamp-query')) return made;
    const resolved = buffers.allocate('timestamps', 16, usage.queryResolve | usage.copySource);
    const queries = life.scoped('replay', () => life.gpu.createQuerySet({ type: 'timestamp', count: 2 }));
    await Promise.all([resolved.checked, queries.checked]);
    return (made = { queries: queries.value, resolved });
  }

  return {
    async replay(encode) {
      const timed = await clock();
      const { checked } = life.scoped('replay', () => {
        const encoder = life.gpu.createCommandEncoder({ label: 'replay' });
        const timestampWrites = timed && {
          querySet: timed.queries,
          beginningOfPassWriteIndex: 0,
          endOfPassWriteIndex: 1,
        };
        const pass = encoder.beginComputePass({ label: 'replay', ...(timestampWrites && { timestampWrites }) });
        encode(pass);
        pass.end();
        if (timed) encoder.resolveQuerySet(timed.queries, 0, 2, timed.resolved.buffer, 0);
        life.gpu.queue.submit([encoder.finish()]);
      });
      // Only a read is evidence of work done: a lost device looks like one that has finished.
      const values = await reader.read(timed?.resolved.buffer ?? finished, 0, timed ? 16 : 4, 'waiting for a replay');
      await checked;
      if (!timed) return null;
      const [began, ended] = new BigUint64Array(values);
      // Implementations may reset the counter in between (WebGPU, "Timestamp Query"): then the time is not known.
      return ended! > began! ? Number(ended! - began!) : null;
    },
    dispose() {
      made?.queries.destroy();
      if (made) buffers.free(made.resolved.buffer);
      reader.dispose();
    },
  };
}
