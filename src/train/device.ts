// Choosing a device: WebGPU where there is one, the CPU where the caller allows it.

import { checkOptions, DeviceError, OptionError } from '../core/errors.ts';
import { createCpuDevice } from '../cpu/device.ts';
import { createWebGPUDevice } from '../gpu/device.ts';
import type { Device } from '../plan/device.ts';
import type { TextStore } from '../plan/tuning.ts';

export interface DeviceOptions {
  /** Tried in order; `['webgpu', 'cpu']` unless given. */
  readonly prefer?: readonly ('webgpu' | 'cpu')[];
  /** A GPUDevice of the caller's own. */
  readonly device?: GPUDevice;
  /** The entry point; `navigator.gpu` unless given (Node's `webgpu` package has its own). */
  readonly gpu?: GPU;
  readonly powerPreference?: GPUPowerPreference;
  /** Where a GPU's measured kernels are kept, under the adapter's name: `localStorage`, or anything alike. */
  readonly tuning?: TextStore;
}

/**
 * A device for programs and models. With the default order the CPU stands in where WebGPU is missing; with
 * `prefer: ['webgpu']` that is a DeviceError that says what to do.
 */
export async function createDevice(options: DeviceOptions = {}): Promise<Device> {
  checkOptions('createDevice', options, ['prefer', 'device', 'gpu', 'powerPreference', 'tuning']);
  const { prefer = ['webgpu', 'cpu'], ...request } = options;
  if (prefer.length === 0) throw new OptionError("createDevice: prefer is empty, expected 'webgpu', 'cpu' or both");
  for (const [i, kind] of prefer.entries()) {
    if (kind === 'cpu') return createCpuDevice();
    if (kind !== 'webgpu')
      throw new OptionError(`createDevice: prefer names '${String(kind)}', expected 'webgpu' or 'cpu'`);
    try {
      return await createWebGPUDevice(request);
    } catch (error) {
      const missing = error instanceof DeviceError && (error.reason === 'unavailable' || error.reason === 'no-adapter');
      if (!missing || i === prefer.length - 1) throw error;
    }
  }
  throw new OptionError('createDevice: nothing in prefer could be made');
}

let shared: Promise<Device> | null = null;

/** The device of programs that were given none, and of models that are worth a GPU: made once, and again after it was lost. */
export function defaultDevice(): Promise<Device> {
  shared ??= createDevice().then((device) => {
    void device.lost.then(() => (shared = null));
    return device;
  });
  return shared;
}

let cpu: Device | null = null;

/** The CPU device of the models that are faster there. */
export function defaultCpu(): Device {
  if (!cpu) {
    cpu = createCpuDevice();
    void cpu.lost.then(() => (cpu = null));
  }
  return cpu;
}
