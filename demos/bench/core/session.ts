// A device made ready for measuring: counted, described, its clock known.

import type { Device } from '../../../src/plan/device.ts';
import { createCpuDevice } from '../../../src/cpu/device.ts';
import { createWebGPUDevice } from '../../../src/gpu/device.ts';
import { opByName } from './cases.ts';
import { sampleValues } from './check.ts';
import { measureQuantum, wallQuantum } from './clock.ts';
import { instrument, type Instruments } from './instrument.ts';
import { prepareKernel } from './prepare.ts';
import { cpuInfo, gpuInfo, hostInfo } from './described.ts';
import type { Clock, DeviceInfo, Host, Method } from './result.ts';
import { QUANTA } from './sampling.ts';
import { median } from './statistics.ts';

export interface Session {
  readonly device: Device;
  /** Null on the CPU, like `instruments`. */
  readonly gpu: GPUDevice | null;
  readonly instruments: Instruments | null;
  readonly info: DeviceInfo;
  readonly host: Host;
  readonly clock: Clock;
  dispose(): void;
}

// A naive kernel on a large shape takes a software adapter longer than a step ever should.
const hangTimeout = 180_000;

/** `gpu`: another entry point than the browser's, for Node. */
export async function openSession(kind: 'webgpu' | 'cpu', gpu?: GPU): Promise<Session> {
  if (kind === 'cpu') {
    const device = createCpuDevice();
    const clock: Clock = { kind: 'wall', quantumNs: wallQuantum(), emptySubmitNs: 0 };
    const none = { gpu: null, instruments: null };
    return { device, ...none, info: cpuInfo, host: hostInfo(), clock, dispose: () => device.dispose() };
  }
  const device = await createWebGPUDevice({ label: 'bench', hangTimeout, ...(gpu ? { gpu } : {}) });
  const instruments = instrument(device.gpu);
  const clock = await measureClock(device);
  return {
    device,
    gpu: device.gpu,
    instruments,
    info: gpuInfo(device.gpu, device.gpu.adapterInfo, device.description, device.target.adapter),
    host: hostInfo(),
    clock,
    dispose: () => device.dispose(),
  };
}

/** The step of whatever clock the device has, and what an empty submit takes by the wall clock. */
async function measureClock(device: Device): Promise<Clock> {
  const op = opByName('relu');
  const sample = { inputs: [{ shape: [64] }], attrs: {} };
  const x = sample.inputs.map((input, i) => sampleValues(input, i));
  const kernel = Object.keys(op.kernels).at(-1)!;
  const prepared = await prepareKernel(device, op, sample, kernel, x, 0);
  try {
    const timed = device.target!.features.has('timestamp-query');
    const quantumNs = timed ? await measureQuantum((repeats) => prepared.sample(repeats)) : wallQuantum();
    const empty = [];
    for (let i = 0; i < 20; i++) {
      const began = performance.now();
      await prepared.sample(0);
      empty.push((performance.now() - began) * 1e6);
    }
    return { kind: timed ? 'timestamp-query' : 'wall', quantumNs, emptySubmitNs: median(empty) };
  } finally {
    prepared.dispose();
  }
}

/** The budgets of a run. */
export function methodOf(quick: boolean, repeat: number): Method {
  const budget = quick
    ? { leastSamples: 7, mostMs: 300, sampleNs: 5e5 }
    : { leastSamples: 20, mostMs: 2000, sampleNs: 2e6 };
  const leastSamples = budget.leastSamples * repeat;
  const mostMs = budget.mostMs * repeat;
  return {
    quick,
    leastSamples,
    mostMs,
    sampleNs: budget.sampleNs,
    text:
      'Every kernel is compared with the CPU reference in double precision first. Compilation is timed apart. Warm-ups go ' +
      `on, at least three, until two medians in a row differ by less than 5 %, or for ${Math.min(1000, mostMs) / 1000} s. A sample is a batch of dispatches in ` +
      `one submit, at least ${QUANTA} steps of the clock and ${budget.sampleNs / 1e6} ms long; kernels for the same work take ` +
      `turns, each until it has ${leastSamples} samples or has taken ${mostMs / 1000} s. Nothing is read back inside a timed span. ` +
      'Times are of one dispatch list: median, 10th and 90th percentile.',
  };
}
