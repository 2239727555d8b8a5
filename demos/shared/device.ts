// What this browser computes with, asked without the engine so that the badge costs nothing: the adapter and the device,
// since either may fail where `navigator.gpu` exists.

export type DeviceChoice = 'auto' | 'gpu' | 'cpu';

export interface DeviceStatus {
  readonly kind: 'asking' | 'gpu' | 'software' | 'cpu';
  /** As the browser names the GPU; often less than one would like. */
  readonly name: string;
  /** Why there is no GPU, or that it is only software. */
  readonly code: 'E1' | 'E2' | 'E3' | 'E4' | null;
}

export const asking: DeviceStatus = { kind: 'asking', name: '', code: null };

const cpu = (code: DeviceStatus['code'] = null): DeviceStatus => ({ kind: 'cpu', name: '', code });

/** Also what a reader gets who ends the wait for an adapter. */
export const noAdapter = cpu('E3');

/**
 * Never rejects, but an adapter may be long in coming, or never come: the caller ends the wait. `force` is an error code to pretend.
 */
export async function findDevice(choice: DeviceChoice, force = ''): Promise<DeviceStatus> {
  if (force === 'E1' || force === 'E2' || force === 'E3') return cpu(force);
  if (force === 'E4') return { kind: 'software', name: 'swiftshader', code: 'E4' };
  if (choice === 'cpu') return cpu();
  if (!isSecureContext) return cpu('E1');
  const gpu = navigator.gpu as GPU | undefined;
  if (!gpu) return cpu('E2');
  try {
    const adapter = await gpu.requestAdapter();
    if (!adapter) return noAdapter;
    const device = await adapter.requestDevice();
    device.destroy();
    // It has moved from GPUAdapter to GPUAdapterInfo, and some browsers lack the latter.
    const info = adapter.info as GPUAdapterInfo | undefined;
    const { isFallbackAdapter } = adapter as { isFallbackAdapter?: boolean };
    const software =
      isFallbackAdapter === true || info?.isFallbackAdapter === true || info?.architecture === 'swiftshader';
    const name = [info?.vendor, info?.architecture].filter(Boolean).join(' ');
    return software ? { kind: 'software', name, code: 'E4' } : { kind: 'gpu', name, code: null };
  } catch {
    return noAdapter;
  }
}
