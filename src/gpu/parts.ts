// What a device's runners share.

import type { Target } from '../kernel/target.ts';
import type { Device, DeviceTensor } from '../plan/device.ts';
import type { Buffers } from './buffers.ts';
import type { Life } from './life.ts';
import type { Pipelines } from './pipelines.ts';
import type { Queue } from './queue.ts';
import type { Variables } from './variables.ts';

export interface DeviceParts {
  /** The device all of this is of: a handle of any other is stale and must never reach WebGPU. */
  readonly device: Device;
  readonly target: Target;
  readonly life: Life;
  readonly buffers: Buffers;
  readonly pipelines: Pipelines;
  readonly queue: Queue;
  readonly variables: Variables;
  /** Uploaded tensors' buffers, until the tensor is disposed of. */
  readonly tensors: WeakMap<DeviceTensor, GPUBuffer>;
  /** How many of them were disposed of so far. */
  readonly disposals: () => number;
}
