// Whole training on the GPU: the same seed gives the same bits, the CPU agrees, the loss curve is the known one, and a
// running program creates nothing.

import { afterAll, describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { glorotUniform } from '../../src/nn/initializers.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import type { Optimizer } from '../../src/nn/optimizer_state.ts';
import { parameters } from '../../src/nn/parameters.ts';
import { matmul, mean, relu } from '../../src/ops/index.ts';
import type { Device } from '../../src/plan/device.ts';
import { program, type Program } from '../../src/train/program.ts';
import { sharedDevice } from './device.ts';
import { type networks, runSteps, trainer } from './small_networks.ts';

const programs: Program[] = [];
async function lossesOf(network: keyof typeof networks, device: Device, optimizer: Optimizer, count: number) {
  const training = await trainer(network, device, optimizer);
  programs.push(training.step);
  await runSteps(training, 0, count);
  return { losses: training.losses, weights: Array.from(await training.weights()) };
}

afterAll(() => programs.forEach((step) => step.dispose()));

describe.each([
  ['cnn', 'adam', () => adam({ learningRate: 2e-3 })],
  ['mlp', 'sgd with momentum', () => sgd({ learningRate: 0.05, momentum: 0.9 })],
] as const)('%s with %s', (network, _, optimizer) => {
  test('the same seed gives the same losses and weights bit for bit', { timeout: 120_000 }, async () => {
    const device = await sharedDevice();
    const first = await lossesOf(network, device, optimizer(), 50);
    const second = await lossesOf(network, device, optimizer(), 50);
    expect(first.losses).toHaveLength(50);
    expect(second.losses).toEqual(first.losses);
    expect(second.weights).toEqual(first.weights);
    expect(first.losses.at(-1)!).toBeLessThan(0.7 * first.losses[0]!);
  });

  test('CPU and GPU agree over 50 steps within 1e-4 relative', { timeout: 120_000 }, async () => {
    const gpu = await lossesOf(network, await sharedDevice(), optimizer(), 50);
    const cpu = await lossesOf(network, createCpuDevice(), optimizer(), 50);
    const worst = Math.max(...gpu.losses.map((loss, i) => Math.abs(loss - cpu.losses[i]!) / cpu.losses[i]!));
    console.log(
      `${network}: largest relative difference of losses, CPU against GPU, over 50 steps: ${worst.toExponential(1)}`,
    );
    expect(worst).toBeLessThan(1e-4);
  });
});

test('the loss curve of the small CNN is the known one', { timeout: 120_000 }, async () => {
  const { losses } = await lossesOf('cnn', await sharedDevice(), adam(), 20);
  expect(golden).toHaveLength(20);
  losses.forEach((loss, i) => expect(Math.abs(loss / golden[i]! - 1), `step ${i}: ${loss}`).toBeLessThan(1e-4));
});

describe('a running program', () => {
  test.each([1, 7, 10])(
    'creates nothing over steps 2 to 100, reads every %i steps',
    { timeout: 120_000 },
    async (every) => {
      const device = await sharedDevice();
      const training = await trainer('cnn', device, adam(), every);
      programs.push(training.step);
      await runSteps(training, 0, 1);
      const before = { ...device.stats(), ...training.step.stats() };
      await runSteps(training, 1, 99);
      const after = { ...device.stats(), ...training.step.stats() };

      expect(after.buffersCreated - before.buffersCreated).toBe(0);
      expect(after.pipelinesCreated - before.pipelinesCreated).toBe(0);
      expect(after.liveBytes).toBe(before.liveBytes);
      expect(after.submits - before.submits).toBe(99);
      expect(after.runs).toBe(100);
      expect(training.losses).toHaveLength(100);
      // The first flush read one row on its own; 99 steps follow.
      expect(after.mapCalls - before.mapCalls).toBe(Math.ceil(99 / every));
    },
  );

  test('100 steps in one go map ⌈100/n⌉ times', { timeout: 120_000 }, async () => {
    const training = await trainer('mlp', await sharedDevice(), sgd(), 16);
    programs.push(training.step);
    await runSteps(training, 0, 100);
    expect(training.step.stats().mapCalls).toBe(Math.ceil(100 / 16));
    expect(training.step.stats().submits).toBe(100);
  });

  test('the optimizer takes at most two dispatches, whatever the number of layers', async () => {
    const device = await sharedDevice();
    for (const depth of [1, 4, 12]) {
      const names = Array.from({ length: depth }, (_, i) => `w${i}`);
      const weights = parameters(
        Object.fromEntries(names.map((name) => [name, { shape: [8, 8], initializer: glorotUniform() }])),
      );
      const step = await program(
        { x: [4, 8] },
        ({ x }) => ({ loss: mean(names.reduce((h, name) => relu(matmul(h, weights.get(name))), x!)) }),
        { parameters: weights, optimizer: adam(), device },
      );
      const updates = step.plan.steps.filter(({ call }) => call.op.name === 'adam' || call.op.name === 'pack');
      const dispatches = updates.reduce((sum, { dispatches: list }) => sum + list.length, 0);
      expect(dispatches).toBeLessThanOrEqual(2);
      expect(dispatches).toBeGreaterThanOrEqual(1);
    }
  });
});

/** From the CPU's references on seed 11, dropout-free, batches of 16 glyphs in order; Adam at 1e-3. */
const golden: readonly number[] = [
  2.3014765, 2.2908823, 2.3256719, 2.2702799, 2.2775083, 2.2769167, 2.2900906, 2.2936008, 2.3112569, 2.3063455,
  2.252461, 2.2250891, 2.2284124, 2.2763381, 2.3103228, 2.2283962, 2.156004, 2.2047634, 2.2105186, 2.1592169,
];
