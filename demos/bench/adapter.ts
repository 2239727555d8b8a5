// What the browser tells of its GPU, asked without the engine: shown before anything is measured.

import { cpuInfo, gpuInfo, hostInfo } from './core/described.ts';
import type { BenchResult, Clock, DeviceInfo, Host } from './core/result.ts';

export interface Known {
  readonly device: DeviceInfo;
  readonly host: Host;
  /** Null before a run has measured it. */
  readonly clock: Clock | null;
  readonly source: BenchResult['source'];
}

export async function askAdapter(wanted: 'gpu' | 'cpu'): Promise<Pick<Known, 'device' | 'host'>> {
  const host = hostInfo();
  const gpu = navigator.gpu as GPU | undefined;
  const adapter = wanted === 'gpu' ? await gpu?.requestAdapter() : null;
  if (!adapter) return { device: cpuInfo, host };
  const info = adapter.info as GPUAdapterInfo | undefined;
  const software = info?.isFallbackAdapter === true || info?.architecture === 'swiftshader';
  const description = ['WebGPU', info?.vendor, info?.architecture].filter(Boolean).join(' ');
  return { device: gpuInfo(adapter, info, description, software ? 'software' : 'unknown'), host };
}

/** Of a result. */
export const knownOf = ({ device, host, clock, source }: BenchResult): Known => ({ device, host, clock, source });
