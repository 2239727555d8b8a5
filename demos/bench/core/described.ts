// A device and its host in words, as results and the page's panel have them. No engine is needed for it.

import type { DeviceInfo, Host } from './result.ts';

export const cpuInfo: DeviceInfo = {
  kind: 'cpu',
  description: 'CPU',
  adapter: 'none',
  vendor: '',
  architecture: '',
  name: '',
  details: '',
  fallback: false,
  features: [],
  limits: {},
  subgroups: null,
};

const shownLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** `told`: the adapter's own words, of which older browsers have none. */
export function gpuInfo(
  gpu: Pick<GPUAdapter | GPUDevice, 'features' | 'limits'>,
  told: GPUAdapterInfo | undefined,
  description: string,
  adapter: DeviceInfo['adapter'],
): DeviceInfo {
  const info = told as Partial<GPUAdapterInfo> | undefined;
  const { subgroupMinSize, subgroupMaxSize } = info ?? {};
  return {
    kind: 'webgpu',
    description,
    adapter,
    vendor: info?.vendor ?? '',
    architecture: info?.architecture ?? '',
    name: info?.device ?? '',
    details: info?.description ?? '',
    fallback: info?.isFallbackAdapter ?? false,
    features: [...gpu.features].sort(),
    limits: Object.fromEntries(shownLimits.map((name) => [name, gpu.limits[name]])),
    subgroups: subgroupMinSize && subgroupMaxSize ? { least: subgroupMinSize, most: subgroupMaxSize } : null,
  };
}

export function hostInfo(): Host {
  const { navigator, crossOriginIsolated = false } = globalThis as Partial<typeof globalThis>;
  const { process } = globalThis as { process?: { version: string; platform: string; arch: string } };
  const browser = typeof (globalThis as { window?: unknown }).window !== 'undefined' || !process;
  return {
    runtime: browser ? 'browser' : 'node',
    userAgent: browser ? (navigator?.userAgent ?? '') : `Node ${process.version}`,
    platform: browser ? (navigator?.platform ?? '') : `${process.platform} ${process.arch}`,
    cores: navigator?.hardwareConcurrency ?? 1,
    crossOriginIsolated,
  };
}
