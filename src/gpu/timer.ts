// How long each dispatch of a step takes on the GPU, by timestamp queries.

import { DeviceError } from '../core/errors.ts';
import type { DispatchTime } from '../plan/device.ts';
import type { Launch } from './binding.ts';
import { usage } from './buffers.ts';
import type { DeviceParts } from './parts.ts';
import { createReader } from './reader.ts';

// A query set holds 4096 (WebGPU, "createQuerySet"), and a dispatch takes two.
const mostTimed = 2048;

/**
 * Runs `launches` once, each in a pass of its own since WebGPU times passes; a pass costs some microseconds itself.
 * Browsers round to 100 µs unless started for development, so short kernels are best timed many times over.
 */
export async function timeLaunches(
  { life, buffers, queue, target }: DeviceParts,
  launches: readonly Launch[],
  launch: (pass: GPUComputePassEncoder, index: number) => void,
): Promise<DispatchTime[]> {
  if (!target.features.has('timestamp-query')) {
    throw new DeviceError('limit', `profile needs the feature 'timestamp-query', which this device lacks`, {
      feature: 'timestamp-query',
    });
  }
  const count = Math.min(launches.length, mostTimed);
  if (count === 0) return [];
  const bytes = count * 16;
  const resolved = buffers.allocate('timestamps', bytes, usage.queryResolve | usage.copySource);
  const reader = createReader(life, buffers, queue, bytes);
  const times: DispatchTime[] = [];
  let queries: GPUQuerySet | undefined;
  try {
    const made = life.scoped('profile', () => life.gpu.createQuerySet({ type: 'timestamp', count: 2 * count }));
    const querySet = (queries = made.value);
    await resolved.checked;
    await made.checked;
    for (let first = 0; first < launches.length; first += mostTimed) {
      const part = launches.slice(first, first + mostTimed);
      queue.flush();
      const { checked } = life.scoped('profile', () => {
        const encoder = life.gpu.createCommandEncoder({ label: 'profile' });
        part.forEach((_, i) => {
          const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
          const pass = encoder.beginComputePass({ timestampWrites });
          launch(pass, first + i);
          pass.end();
        });
        encoder.resolveQuerySet(querySet, 0, 2 * part.length, resolved.buffer, 0);
        life.gpu.queue.submit([encoder.finish()]);
      });
      await checked;
      const ticks = new BigUint64Array(await reader.read(resolved.buffer, 0, 16 * part.length, 'reading timestamps'));
      part.forEach(({ step, dispatch }, i) => {
        times.push({
          op: step.call.op.name,
          label: step.label,
          kernel: step.kernel,
          entry: dispatch.entry,
          // Implementations may reset the counter in between (WebGPU, "Timestamp Query"): then the time is not known.
          nanoseconds: Math.max(0, Number(ticks[2 * i + 1]! - ticks[2 * i]!)),
        });
      });
    }
    return times;
  } finally {
    queries?.destroy();
    reader.dispose();
    buffers.free(resolved.buffer);
  }
}
