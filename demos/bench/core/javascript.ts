// What a training step costs the thread that asks for it.

import type { Device } from '../../../src/plan/device.ts';
import { wallQuantum } from './clock.ts';
import type { Network } from './networks.ts';
import { roundedMedian } from './statistics.ts';
import { trainingOf } from './training.ts';

const warmUps = 600;
const warmUpMs = 5000;
const measured = 200;

/**
 * The median time inside `run`, submitting included, of steps that begin when the one before is finished: a software adapter
 * computes on the same cores, and what it takes from a thread that could go on is no cost of JavaScript's. The batch is one
 * example, since the time depends on the number of dispatches and not on their sizes. Chromium 156 has compiled what a step
 * runs for good after some hundred steps, before which they take half as long again; long steps are fewer warm-ups. Nothing
 * else is in it but one reading of the clock, whose step (5 µs where a page is isolated) the median looks into.
 */
export async function javaScriptOf(device: Device, network: Network): Promise<number> {
  const { program, feeds, weights, dispose } = await trainingOf(device, network, 1);
  async function step(): Promise<number> {
    await program.flush();
    const began = performance.now();
    program.run(feeds);
    return (performance.now() - began) * 1e6;
  }
  try {
    const began = performance.now();
    for (let i = 0; i < warmUps && performance.now() - began < warmUpMs; i++) await step();
    const times: number[] = [];
    for (let i = 0; i < measured; i++) times.push(await step());
    await program.flush();
    return roundedMedian(times, wallQuantum());
  } finally {
    dispose();
    device.releaseVariable(weights.arena);
  }
}
