// Asking for a GPU: the best limits and features it offers, and what kind it is.

import { DeviceError } from '../core/errors.ts';
import { baseTarget, type Target } from '../kernel/target.ts';

/** Optional features kernels have variants for, and timing. */
const wantedFeatures = ['timestamp-query', 'subgroups', 'shader-f16'] as const;

// A device gets WebGPU's defaults unless it asks (128 MiB bindings, 16 KiB of workgroup memory), so these are asked for.
const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

export interface AdapterOptions {
  gpu?: GPU | undefined;
  powerPreference?: GPUPowerPreference | undefined;
  label?: string | undefined;
  /** Only what every WebGPU device has: the guaranteed limits and no feature. For tests of that promise. */
  baseline?: boolean | undefined;
}

export interface FoundDevice {
  readonly gpu: GPUDevice;
  readonly info: GPUAdapterInfo | undefined;
  readonly fallback: boolean;
}

export async function requestDevice(options: AdapterOptions): Promise<FoundDevice> {
  const gpu = options.gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu) {
    throw new DeviceError(
      'unavailable',
      'WebGPU is not available here: use a browser that has it (Chrome 113, Safari 26, Firefox 141 or later) on an https or localhost page, give a `gpu` of the npm package webgpu in Node, or use the CPU device',
    );
  }
  let refusal: unknown;
  for (const wish of options.baseline ? [nothing] : [everything, features, nothing]) {
    // An adapter makes one device only (WebGPU, "consumed"), so every try asks for a new one.
    const { powerPreference } = options;
    const adapter = await answered(gpu.requestAdapter(powerPreference ? { powerPreference } : {}), 'requestAdapter');
    if (!adapter) break;
    try {
      const wanted = adapter.requestDevice({ label: options.label ?? 'retrograd', ...wish(adapter) });
      const device = await answered(wanted, 'requestDevice');
      const info = adapter.info as GPUAdapterInfo | undefined;
      // It has moved from GPUAdapter to GPUAdapterInfo; either may lack it.
      const { isFallbackAdapter } = adapter as { isFallbackAdapter?: boolean };
      return { gpu: device, info, fallback: isFallbackAdapter === true || info?.isFallbackAdapter === true };
    } catch (error) {
      if (error instanceof DeviceError) throw error;
      refusal = error;
    }
  }
  if (refusal) throw new DeviceError('unavailable', `the GPU gave no device: ${(refusal as Error).message}`);
  throw new DeviceError(
    'no-adapter',
    'no GPU adapter: the browser found no usable GPU or has switched it off (after repeated GPU crashes a reload brings it back); check that hardware acceleration is on, or use the CPU device',
  );
}

const nothing = (): GPUDeviceDescriptor => ({});
const features = (adapter: GPUAdapter): GPUDeviceDescriptor => ({
  requiredFeatures: wantedFeatures.filter((feature) => adapter.features.has(feature)),
});
const everything = (adapter: GPUAdapter): GPUDeviceDescriptor => ({
  ...features(adapter),
  // A name an older implementation lacks would be refused, like a value above the adapter's.
  requiredLimits: Object.fromEntries(
    wantedLimits.filter((name) => adapter.limits[name] !== undefined).map((name) => [name, adapter.limits[name]]),
  ),
});

/** A GPU process in trouble may not answer at all. */
async function answered<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    const error = new DeviceError(
      'hung',
      `${what}: the browser gave no answer for 30 s; restart it, or use the CPU device`,
    );
    timer = setTimeout(() => reject(error), 30_000);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}

export function targetOf({ gpu, info, fallback }: FoundDevice): Target {
  const limits = { ...baseTarget.limits };
  for (const name of Object.keys(limits) as (keyof typeof limits)[]) limits[name] = gpu.limits[name];
  return { adapter: adapterClass(info, fallback), features: new Set(gpu.features), limits };
}

/** A guess from names meant for people; kernels choose variants by it, never correctness. */
export function adapterClass(info: Partial<GPUAdapterInfo> | undefined, fallback: boolean): Target['adapter'] {
  const vendor = info?.vendor?.toLowerCase() ?? '';
  const words = `${vendor} ${info?.architecture ?? ''} ${info?.device ?? ''} ${info?.description ?? ''}`.toLowerCase();
  if (fallback || vendor === 'google' || /swiftshader|llvmpipe|lavapipe|basic render/.test(words)) return 'software';
  if (/^(apple|intel|qualcomm|arm|img-tec|samsung)/.test(vendor)) return 'integrated';
  if (/^(nvidia|amd)/.test(vendor)) return 'discrete';
  return 'unknown';
}

export function describe({ info, fallback }: FoundDevice): string {
  const names = [info?.vendor, info?.architecture].filter(Boolean).join(' ');
  const name = names || info?.description || info?.device || 'unnamed GPU';
  return `${name}${adapterClass(info, fallback) === 'software' ? ' (software)' : ''} · WebGPU`;
}
