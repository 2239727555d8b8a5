// What a training step costs the thread that asks for it.

import type { Device } from '../../../src/plan/device.ts';
import type { Network } from './networks.ts';
import { median } from './statistics.ts';
import { trainingOf } from './training.ts';

/**
 * The median time inside `run`, submitting included, of steps that begin when the one before is finished: a software adapter
 * computes on the same cores, and what it takes from a thread that could go on is no cost of JavaScript's. The batch is one
 * example, since the time depends on the number of dispatches and not on their sizes.
 */
export async function javaScriptOf(device: Device, network: Network, steps = 300): Promise<number> {
  const training = await trainingOf(device, network, 1);
  try {
    const times: number[] = [];
    for (let i = 0; i < steps; i++) {
      await training.program.flush();
      const began = performance.now();
      training.program.run(training.feeds);
      times.push((performance.now() - began) * 1e6);
    }
    await training.program.flush();
    // The first third warms JavaScript's compilers up.
    return median(times.slice(Math.floor(steps / 3)));
  } finally {
    training.dispose();
    device.releaseVariable(training.weights.arena);
  }
}
