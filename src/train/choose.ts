// Where a model trains that was given no device: on the CPU while a step is over sooner there than a GPU's dispatches are.

import { inputTensor } from '../graph/tensor.ts';
import { makePlan } from '../plan/build.ts';
import type { Device } from '../plan/device.ts';
import { forward, type Network } from './core.ts';
import { defaultCpu, defaultDevice } from './device.ts';

export interface Choice {
  readonly device: Device;
  /** For people. */
  readonly reason: string;
}

/** Keras's default; the batch that fit is given later does not count. */
const batch = 32;

// What the references take in V8 on one core, measured op by op: matmul 1 ns a FLOP, elementwise ops 0.5 ns a byte.
const callMicroseconds = 1;
const flopMicroseconds = 1e-3;
const byteMicroseconds = 5e-4;

// What a dispatch takes before it computes anything: 24 to 71 µs with an own submit on Vulkan and Metal drivers, less
// within one pass. On the software adapter it is 15 µs, but the kernels run on the same cores.
const dispatchMicroseconds = 20;
const softwareMicroseconds = 40;

/** How long a training step takes on the CPU, and how many calls it makes: about three times those of the forward pass. */
export function estimateStep(network: Network): { readonly calls: number; readonly microseconds: number } {
  const inputs = network.inputs.map(({ name, shape, dtype }) => [name, inputTensor(name, [batch, ...shape], dtype)]);
  const places = network.outputs.map(({ at }) => at);
  const random = inputTensor('$random', [4], 'u32');
  const made = forward(network, Object.fromEntries(inputs), places, { training: true, random, examples: batch });
  const outputs = Object.fromEntries(made.values.map((value, i) => [i, value]));
  const { steps } = makePlan(outputs, made.effects, { target: null });
  // Loss, its gradient and the optimizer.
  const calls = 3 * steps.length + 8;
  let microseconds = calls * callMicroseconds;
  for (const { call, types } of steps) {
    const { flops, bytes } = call.op.cost?.(types) ?? { flops: 0, bytes: 0 };
    microseconds += 3 * (flops * flopMicroseconds + bytes * byteMicroseconds);
  }
  return { calls, microseconds };
}

/**
 * By one rule for all machines of a kind: the CPU, without looking for a GPU, where a training step of 32 examples is
 * estimated to take less than 20 µs for each call, and beside a software adapter less than 40 µs; else WebGPU where there
 * is one. Models of a few thousand weights go to the CPU.
 */
export async function chooseDevice(network: Network): Promise<Choice> {
  const { calls, microseconds } = estimateStep(network);
  const time = timeText(microseconds);
  if (microseconds < calls * dispatchMicroseconds) {
    return { device: defaultCpu(), reason: `a step takes about ${time} there, less than a GPU's ${calls} dispatches` };
  }
  const device = await defaultDevice();
  if (device.kind === 'cpu') return { device, reason: 'there is no WebGPU here' };
  if (device.target?.adapter === 'software' && microseconds < calls * softwareMicroseconds) {
    const { description } = device;
    return { device: defaultCpu(), reason: `a step takes about ${time} there, less than with ${description}` };
  }
  return { device, reason: `a step would take about ${time} on the CPU` };
}

function timeText(microseconds: number): string {
  const milliseconds = microseconds / 1000;
  return `${milliseconds < 10 ? milliseconds.toPrecision(1) : milliseconds.toFixed(0)} ms`;
}
