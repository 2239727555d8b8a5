// One GPU device for every test file: making one and compiling its kernels are the slow part.

import { createWebGPUDevice, type WebGPUDevice } from '../../src/gpu/device.ts';

interface Shared {
  device?: Promise<WebGPUDevice>;
  /** Uncaptured errors since the last test; setup.ts fails the test that caused them. */
  errors: string[];
  mayBeLost?: boolean;
}

// On the page itself: it outlives the modules of a test file.
const shared = ((globalThis as { retrogradTests?: Shared }).retrogradTests ??= { errors: [] });

// VITE_BASELINE=1 runs the tests with WebGPU's guaranteed limits and no optional feature.
const baseline = import.meta.env.VITE_BASELINE === '1';

/** Made at first use. Tests that break a device make one of their own. */
export function sharedDevice(): Promise<WebGPUDevice> {
  shared.device ??= createWebGPUDevice({ label: 'shared by the tests', baseline }).then((device) => {
    device.gpu.onuncapturederror = ({ error }) => shared.errors.push(error.message);
    void device.lost.then((error) => {
      delete shared.device;
      if (!shared.mayBeLost) shared.errors.push(error.message);
    });
    return device;
  });
  return shared.device;
}

/** For a test that ends every device of the page: resolves when the shared one is gone. The next test gets a new one. */
export async function expectLoss(): Promise<void> {
  if (!shared.device) return;
  shared.mayBeLost = true;
  await (
    await shared.device
  ).lost;
  shared.mayBeLost = false;
}

/** What went wrong on the shared device since this was last asked, once all its work is done. */
export async function sharedDeviceErrors(): Promise<string[]> {
  if (shared.device) await (await shared.device).gpu.queue.onSubmittedWorkDone();
  return shared.errors.splice(0);
}
