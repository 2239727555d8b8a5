// Convolutions of whole images by the engine: on the GPU where there is one, else on the CPU.

import { createCpuDevice, createWebGPUDevice, ops, program, type Device, type Program } from '../../src/index.ts';
import { paddingOf } from './arithmetic.ts';
import type { ConvState } from './state.ts';

export interface Planes {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** [height, width, channels]. */
  readonly values: Float32Array;
}
export interface Filtered extends Planes {
  readonly device: 'gpu' | 'cpu';
}

let held: { readonly gpu: boolean; readonly device: Promise<Device> } | undefined;
let current: { readonly key: string; readonly program: Program; readonly shape: readonly number[] } | undefined;
let queue: Promise<unknown> = Promise.resolve();

/**
 * Each channel under the filter k [kh, kw], or all summed under it. One after the other, in the order of the calls. DeviceError:
 * there is no GPU, or it fails; the next call asks for one anew.
 */
export async function filterImage(image: Planes, k: Float32Array, state: ConvState, gpu: boolean): Promise<Filtered> {
  const next = queue.then(async () => {
    if (held?.gpu !== gpu) await leave();
    try {
      return await run(image, k, state, gpu);
    } catch (error) {
      await leave();
      throw error;
    }
  });
  queue = next.catch(() => undefined);
  return next;
}

/** Gives the device back with what it holds. */
async function leave(): Promise<void> {
  const device = await held?.device.catch(() => undefined);
  current?.program.dispose();
  device?.dispose();
  held = current = undefined;
}

async function run(image: Planes, k: Float32Array, state: ConvState, gpu: boolean): Promise<Filtered> {
  held ??= { gpu, device: gpu ? createWebGPUDevice() : Promise.resolve(createCpuDevice()) };
  const on = await held.device;
  const { height, width, channels } = image;
  const sum = state.colour === 'sum';
  const filters = sum ? 1 : channels;
  const kernel = [state.kh, state.kw, sum ? channels : 1, filters];
  const options = {
    strides: [state.sy, state.sx],
    padding: paddingOf(state),
    paddingMode: state.mode,
    dilationRate: [state.dy, state.dx],
    groups: sum ? 1 : channels,
  } as const;
  const key = JSON.stringify([height, width, channels, kernel, options]);
  if (current?.key !== key) {
    current?.program.dispose();
    current = undefined;
    let shape: readonly number[] = [];
    const made = await program(
      { x: [1, height, width, channels], w: kernel },
      ({ x, w }) => {
        const y = ops.conv2d(x!, w!, options);
        shape = y.shape;
        return { y };
      },
      { device: on },
    );
    await made.prepare();
    current = { key, program: made, shape };
  }
  // The filter of every output channel is the same.
  const w = Float32Array.from(
    { length: kernel.reduce((n, extent) => n * extent, 1) },
    (_, i) => k[Math.floor(i / (kernel[2]! * filters))]!,
  );
  current.program.run({ x: image.values, w });
  const values = (await current.program.read('y')) as Float32Array;
  const [, h, wide, c] = current.shape;
  return { height: h!, width: wide!, channels: c!, values, device: gpu ? 'gpu' : 'cpu' };
}
