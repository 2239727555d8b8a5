// The WebGPU device: the one door to a GPU. What it makes carries its identity, and none of it outlives it.

import { byteLength, viewOf } from '../core/dtype.ts';
import { checkOptions, DeviceError, StateError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { Device, DeviceTensor } from '../plan/device.ts';
import { describe, requestDevice, targetOf, type AdapterOptions, type FoundDevice } from './adapter.ts';
import { createBuffers } from './buffers.ts';
import { createLife } from './life.ts';
import { checkValues } from '../plan/places.ts';
import { createTuning, type TextStore } from '../plan/tuning.ts';
import { checkBindable } from './limits.ts';
import type { DeviceParts } from './parts.ts';
import { createPipelines } from './pipelines.ts';
import { createQueue } from './queue.ts';
import { runnerBytes } from './predict.ts';
import { createReader } from './reader.ts';
import { createRunner } from './runner.ts';
import { timeKernels } from './tune.ts';
import { createVariables } from './variables.ts';

export interface WebGPUOptions extends AdapterOptions {
  /** A device of the caller's own, with whatever limits it has; it is not destroyed by `dispose`. */
  device?: GPUDevice | undefined;
  /** Milliseconds without any progress after which the GPU counts as hung, and its device is destroyed. 30,000. */
  hangTimeout?: number | undefined;
  /** Where `tune` keeps what it measured, under the adapter's name: `localStorage`, or anything alike. Nowhere unless given. */
  tuning?: TextStore | undefined;
}

export interface WebGPUDevice extends Device {
  readonly kind: 'webgpu';
  readonly target: NonNullable<Device['target']>;
  /** For drawing on a canvas with the same device. */
  readonly gpu: GPUDevice;
}

const optionNames = ['gpu', 'device', 'powerPreference', 'label', 'baseline', 'hangTimeout', 'tuning'];

/**
 * A device of the adapter's own limits and the features kernels can use; retried with less where that is refused.
 * Throws a DeviceError: 'unavailable' without WebGPU, 'no-adapter' without a GPU.
 */
export async function createWebGPUDevice(options: WebGPUOptions = {}): Promise<WebGPUDevice> {
  checkOptions('createWebGPUDevice', options, optionNames);
  const found = options.device ? injected(options.device) : await requestDevice(options);
  const { gpu } = found;
  const hangTimeout = options.hangTimeout ?? 30_000;
  const life = createLife(gpu, hangTimeout);
  // A device that was lost before tells so in a microtask; without this it would look alive.
  await Promise.race([gpu.lost, Promise.resolve().then(() => undefined)]);
  life.check();

  const target = targetOf(found);
  const tuning = createTuning(describe(found), options.tuning ?? null);
  await tuning.load();
  const queue = createQueue(life);
  const buffers = createBuffers(life, queue);
  const pipelines = createPipelines(life, hangTimeout);
  const variables = createVariables(life, buffers);
  const reader = createReader(life, buffers, queue, 0);
  const tensors = new WeakMap<DeviceTensor, GPUBuffer>();
  let disposals = 0;

  const device: WebGPUDevice = {
    kind: 'webgpu',
    description: describe(found),
    target,
    gpu,
    lost: life.lost,
    createRunner: (plan, runnerOptions) => createRunner(parts, plan, runnerOptions),
    runnerBytes: (plan, runnerOptions = {}) => runnerBytes(plan, runnerOptions),

    async upload(values, type) {
      life.check();
      checkValues('upload: the tensor', type, values);
      checkBindable('upload: the tensor', type, target);
      const { shape, dtype } = type;
      const { buffer, checked } = buffers.upload('uploaded tensor', values);
      await checked;
      life.check();
      const tensor: DeviceTensor = {
        shape,
        dtype,
        device,
        write(given) {
          life.check();
          checkValues('write: the tensor', type, given);
          if (!tensors.has(tensor)) throw new StateError('write: the tensor was disposed of');
          buffers.write(buffer, 0, given);
        },
        dispose() {
          if (tensors.delete(tensor)) disposals++;
          buffers.free(buffer);
        },
      };
      tensors.set(tensor, buffer);
      return tensor;
    },

    async readVariable(variable) {
      const size = sizeOf(variable.shape);
      const bytes = byteLength(variable.dtype, size);
      const values = await reader.read(variables.of(variable), 0, bytes, `reading variable '${variable.name}'`);
      return viewOf(variable.dtype, values, 0, size);
    },
    writeVariable: (variable, values) => variables.write(variable, values),
    releaseVariable: (variable) => variables.release(variable),

    tuned: tuning.lookup,
    async tune(plan) {
      life.check();
      return tuning.measure(plan, target, (step, kernels) => timeKernels(parts, step, kernels));
    },

    stats: () => ({ ...buffers.stats(), pipelinesCreated: pipelines.created() }),
    dispose() {
      life.end(new DeviceError('destroyed', 'the device was disposed of'));
      buffers.freeAll();
      if (!options.device) gpu.destroy();
    },
  };
  const shared = { life, buffers, pipelines, queue, variables, tensors };
  const parts: DeviceParts = { device, target, ...shared, disposals: () => disposals };
  // A lost device's buffers are gone, but an injected or hung one's are not.
  void life.lost.then(buffers.freeAll);
  return device;
}

function injected(gpu: GPUDevice): FoundDevice {
  const info = gpu.adapterInfo as GPUAdapterInfo | undefined;
  return { gpu, info, fallback: info?.isFallbackAdapter === true };
}
