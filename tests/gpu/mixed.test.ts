// Mixed precision on the GPU: it trains as f32 does, the CPU agrees, and steps whose gradients overflow change nothing but
// the loss's scale.

import { afterAll, describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { toHalf } from '../../src/core/half.ts';
import { NO_BAD_INDEX, createState } from '../../src/nn/optimizer_state.ts';
import { adagrad, adam, adamW, rmsprop, sgd } from '../../src/nn/optimizers.ts';
import { parameters } from '../../src/nn/parameters.ts';
import { glorotUniform } from '../../src/nn/initializers.ts';
import type { LossScaleOptions } from '../../src/nn/loss_scaling.ts';
import type { Optimizer } from '../../src/nn/optimizer_state.ts';
import { matmul, mean, mul, relu, square, sub } from '../../src/ops/index.ts';
import type { Device } from '../../src/plan/device.ts';
import { mixedPrecision } from '../../src/train/mixed_precision.ts';
import { FIRST_BAD, LOSS_SCALE, program, SKIPPED_STEPS, type Program } from '../../src/train/program.ts';
import { sharedDevice } from './device.ts';
import { type networks, runSteps, trainer } from './small_networks.ts';

const programs: Program[] = [];
afterAll(() => programs.forEach((step) => step.dispose()));

async function lossesOf(
  network: keyof typeof networks,
  device: Device,
  optimizer: Optimizer,
  mixed: boolean,
  count: number,
) {
  const precision = mixed ? 'mixed' : 'f32';
  const training = await trainer(network, device, optimizer, 10, { precision });
  programs.push(training.step);
  await runSteps(training, 0, count);
  return { ...training, weights: Array.from(await training.weights()) };
}

describe.each([
  ['cnn', 'adam', () => adam({ learningRate: 2e-3 })],
  ['mlp', 'sgd with momentum', () => sgd({ learningRate: 0.05, momentum: 0.9 })],
] as const)('%s with %s', (network, _, optimizer) => {
  test('80 steps of mixed precision come as far as f32', { timeout: 240_000 }, async () => {
    const device = await sharedDevice();
    const full = await lossesOf(network, device, optimizer(), false, 80);
    const mixed = await lossesOf(network, device, optimizer(), true, 80);
    const end = (losses: readonly number[]) => losses.slice(-16).reduce((sum, loss) => sum + loss, 0) / 16;
    const worst = Math.max(...full.losses.map((loss, i) => Math.abs(mixed.losses[i]! - loss) / loss));
    console.log(
      `${network}: mean loss of the last 16 steps in f32 ${end(full.losses).toFixed(4)}, in mixed precision ${end(mixed.losses).toFixed(4)}; largest relative difference of a step ${worst.toExponential(1)}`,
    );
    expect(end(full.losses)).toBeLessThan(0.7 * full.losses[0]!);
    expect(Math.abs(end(mixed.losses) / end(full.losses) - 1)).toBeLessThan(0.05);
    // One rounding of 2⁻¹¹ for each operand of each product.
    expect(Math.abs(mixed.losses[0]! / full.losses[0]! - 1)).toBeLessThan(2e-3);
    expect(mixed.losses).not.toEqual(full.losses);
    expect((await mixed.step.read(SKIPPED_STEPS))[0]).toBe(0);
  });

  test('the same seed gives the same bits, and the CPU agrees', { timeout: 240_000 }, async () => {
    const device = await sharedDevice();
    const first = await lossesOf(network, device, optimizer(), true, 20);
    const second = await lossesOf(network, device, optimizer(), true, 20);
    expect(second.losses).toEqual(first.losses);
    expect(second.weights).toEqual(first.weights);
    const cpu = await lossesOf(network, createCpuDevice(), optimizer(), true, 20);
    const worst = Math.max(...first.losses.map((loss, i) => Math.abs(loss - cpu.losses[i]!) / cpu.losses[i]!));
    console.log(`${network}: largest relative difference of mixed losses, CPU against GPU: ${worst.toExponential(1)}`);
    // Sums that differ in f32's last places are rounded apart here and there, by 2⁻¹¹.
    expect(worst).toBeLessThan(1e-3);
  });

  test('keeps activations and operands as halves in half the memory, and creates nothing while it runs', async () => {
    const device = await sharedDevice();
    const full = await trainer(network, device, optimizer());
    const mixed = await trainer(network, device, optimizer(), 10, { precision: 'mixed' });
    programs.push(full.step, mixed.step);
    expect(mixed.step.print()).toMatch(/matmul_f16 +f16\[.*f16\[/);
    await runSteps(mixed, 0, 1);
    const before = device.stats();
    await runSteps(mixed, 1, 20);
    expect(device.stats()).toEqual(before);
    // Partial sums of the filters' gradients are f32 in both, and alive at the peak.
    const sums = ({ plan }: Program) =>
      Math.max(...plan.steps.flatMap(({ scratch }) => scratch.map(({ bytes }) => bytes)));
    const activations = (step: Program) => step.plan.bytes.slots - sums(step);
    if (network === 'cnn') expect(activations(mixed.step)).toBeLessThan(0.6 * activations(full.step));
  });
});

/** A step whose loss is multiplied by an input: 1e30 makes gradients that no half can hold. */
async function factored(device: Device, optimizer: Optimizer, options: LossScaleOptions = {}, examples = 5) {
  const weights = parameters(
    { k1: { shape: [8, 12], initializer: glorotUniform() }, k2: { shape: [12, 4], initializer: glorotUniform() } },
    { seed: 4 },
  );
  const state = createState(optimizer, weights, mixedPrecision(options));
  const rows: Readonly<Record<string, number>>[] = [];
  const step = await program(
    { x: [examples, 8], y: [examples, 4], factor: [1] },
    ({ x, y, factor }) => {
      const error = sub(matmul(relu(matmul(x!, weights.get('k1'))), weights.get('k2')), y!);
      return { loss: mul(mean(square(error)), factor!) };
    },
    {
      parameters: weights,
      optimizer: state,
      device,
      precision: mixedPrecision(options),
      track: { outputs: ['loss', LOSS_SCALE, SKIPPED_STEPS, FIRST_BAD], every: 1 },
      onRows: (delivered) => rows.push(...delivered.map(({ values }) => values)),
    },
  );
  programs.push(step);
  await step.prepare();
  const snapshot = async () => {
    // What sums the batches of a step is no moment of the optimizer's.
    const kept = [weights.arena, ...state.moments.filter((_, i) => state.names[i] !== 'accumulated')];
    const values = await Promise.all(kept.map((variable) => device.readVariable(variable)));
    return values.map((array) => Array.from(new Uint32Array(array.buffer, array.byteOffset, array.length)));
  };
  return {
    rows,
    snapshot,
    weights: () => device.readVariable(weights.arena),
    counts: async () => {
      const { variables } = state.scaler!;
      return state.scaler!.read(await Promise.all(variables.map((variable) => device.readVariable(variable))));
    },
    /** On the examples from `first` on. */
    async run(factor: number, first = 0) {
      const wait = step.ready();
      if (wait) await wait;
      const x = Float32Array.from({ length: 8 * examples }, (_, i) => Math.sin(8 * first + i));
      const y = Float32Array.from({ length: 4 * examples }, (_, i) => Math.cos(2 * (4 * first + i)));
      step.run({ x, y, factor: Float32Array.of(factor) });
      await step.flush();
      return rows.at(-1)!;
    },
  };
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

describe.each([
  ['GPU', sharedDevice],
  ['CPU', async () => createCpuDevice()],
] as const)('loss scaling on the %s', (_, deviceOf) => {
  test.each([
    ['sgd', () => sgd({ weightDecay: 0.1 })],
    ['momentum', () => sgd({ momentum: 0.9, nesterov: true })],
    ['adam', () => adam()],
    ['adamW', () => adamW()],
    ['rmsprop', () => rmsprop({ centered: true, momentum: 0.9 })],
    ['adagrad', () => adagrad()],
  ] as const)('an overflow halves the scale and changes nothing else: %s', async (__, optimizer) => {
    const training = await factored(await deviceOf(), optimizer());
    await training.run(1);
    await training.run(1);
    const before = await training.snapshot();
    for (const [i, scale] of [32768, 16384, 8192].entries()) {
      const row = await training.run(1e30);
      expect(Number.isFinite(row['loss'])).toBe(true);
      expect(row).toMatchObject({ [LOSS_SCALE]: scale, [SKIPPED_STEPS]: i + 1, [FIRST_BAD]: NO_BAD_INDEX });
    }
    expect(await training.snapshot()).toEqual(before);
    expect(await training.counts()).toEqual({ scale: 8192, goodSteps: 0, skippedSteps: 3, appliedSteps: 2 });
    await training.run(1);
    expect(await training.snapshot()).not.toEqual(before);
    expect(await training.counts()).toEqual({ scale: 8192, goodSteps: 1, skippedSteps: 3, appliedSteps: 3 });
  });

  test('steps that were skipped do not count for the corrections of Adam', async () => {
    const device = await deviceOf();
    const straight = await factored(device, adam());
    const interrupted = await factored(device, adam());
    for (const factor of [1, 1e30, 1, 1e30, 1e30, 1]) await interrupted.run(factor);
    for (let i = 0; i < 3; i++) await straight.run(1);
    const [a] = await straight.snapshot();
    const [b] = await interrupted.snapshot();
    const values = (bits: readonly number[]) => new Float32Array(Uint32Array.from(bits).buffer);
    const apart = Math.max(...values(a!).map((value, i) => Math.abs(value - values(b!)[i]!)));
    // Another scale rounds gradients alike, as it is a power of two, but for those that are denormal halves.
    expect(apart).toBeLessThan(1e-5);
  });

  test('the scale doubles after growthInterval good steps, which a bad one begins anew', async () => {
    const training = await factored(await deviceOf(), sgd(), { growthInterval: 3, initialScale: 1024 });
    const scales: number[] = [];
    for (const factor of [1, 1, 1, 1, 1, 1e30, 1, 1, 1, 1]) scales.push((await training.run(factor))[LOSS_SCALE]!);
    expect(scales).toEqual([1024, 1024, 2048, 2048, 2048, 1024, 1024, 1024, 2048, 2048]);
  });

  test('at the smallest scale a bad gradient is reported, and still nothing changes', async () => {
    const training = await factored(await deviceOf(), adam(), { initialScale: 2 });
    const before = await training.snapshot();
    expect(await training.run(1e30)).toMatchObject({ [LOSS_SCALE]: 1, [FIRST_BAD]: NO_BAD_INDEX });
    const row = await training.run(1e30);
    expect(row).toMatchObject({ [LOSS_SCALE]: 1, [SKIPPED_STEPS]: 2 });
    expect(row[FIRST_BAD]).toBeLessThan(NO_BAD_INDEX);
    expect(await training.snapshot()).toEqual(before);
  });

  test('one batch of four that overflows skips the step of all four, and nothing else', async () => {
    for (const bad of [0, 2, 3]) {
      const training = await factored(await deviceOf(), adam({ gradientAccumulationSteps: 4 }));
      const before = await training.snapshot();
      for (let i = 0; i < 4; i++) {
        const row = await training.run(i === bad ? 1e30 : 1, 5 * i);
        const after =
          i === 3 ? { [LOSS_SCALE]: 32768, [SKIPPED_STEPS]: 1 } : { [LOSS_SCALE]: 65536, [SKIPPED_STEPS]: 0 };
        expect(row).toMatchObject({ ...after, [FIRST_BAD]: NO_BAD_INDEX });
      }
      expect(await training.snapshot()).toEqual(before);
      expect(await training.counts()).toEqual({ scale: 32768, goodSteps: 0, skippedSteps: 1, appliedSteps: 0 });
      for (let i = 0; i < 3; i++) await training.run(1, 5 * i);
      expect(await training.snapshot()).toEqual(before);
      await training.run(1, 15);
      expect(await training.snapshot()).not.toEqual(before);
      expect(await training.counts()).toEqual({ scale: 32768, goodSteps: 1, skippedSteps: 1, appliedSteps: 1 });
    }
  });

  test('a step of four batches is that of the large one, within the rounding of its sums', async () => {
    const device = await deviceOf();
    const parts = await factored(device, sgd({ learningRate: 1, gradientAccumulationSteps: 4 }));
    const whole = await factored(device, sgd({ learningRate: 1 }), {}, 20);
    const start = Float64Array.from(await whole.weights());
    for (let i = 0; i < 4; i++) await parts.run(1, 5 * i);
    await whole.run(1);
    const [found, expected] = [await parts.weights(), await whole.weights()];
    // Shares of 1/4 scale every half exactly, so that on the CPU only the order of 20 sums in f32 differs; on the GPU products of
    // other sizes may add in other orders as well, and round each of the three halves behind a term (hidden value, error,
    // its way back) to a neighbour, 2⁻¹⁰ of what was added up.
    const relative = 24 * 2 ** -24 + (device.kind === 'cpu' ? 0 : 3 * 2 ** -10);
    const [k1, k2] = [(i: number, j: number) => start[i * 12 + j]!, (j: number, o: number) => start[128 + j * 4 + o]!];
    const sizes = new Float64Array(start.length);
    for (let n = 0; n < 20; n++) {
      const x = (i: number) => Math.abs(Math.sin(8 * n + i));
      const hidden = Array.from({ length: 12 }, (_, j) =>
        range(8).reduce((sum, i) => sum + x(i) * Math.abs(k1(i, j)), 0),
      );
      const error = range(4).map(
        (o) =>
          Math.abs(Math.cos(2 * (4 * n + o))) + range(12).reduce((sum, j) => sum + hidden[j]! * Math.abs(k2(j, o)), 0),
      );
      for (let j = 0; j < 12; j++) {
        const back = range(4).reduce((sum, o) => sum + (error[o]! / 40) * Math.abs(k2(j, o)), 0);
        for (let o = 0; o < 4; o++) sizes[128 + j * 4 + o]! += hidden[j]! * (error[o]! / 40);
        for (let i = 0; i < 8; i++) sizes[i * 12 + j]! += x(i) * back;
      }
    }
    let moved = 0;
    found.forEach((value, i) => {
      const bound = relative * sizes[i]! + 2 ** -23 * Math.abs(start[i]!);
      expect(Math.abs(value - expected[i]!), `weight ${i}`).toBeLessThanOrEqual(bound);
      if (Math.abs(expected[i]! - start[i]!) > 4 * bound) moved++;
    });
    expect(moved).toBeGreaterThan(60);
  });

  test('small gradients that f16 would lose come through', async () => {
    const device = await deviceOf();
    // 1e-9 times a gradient of about 1 is below half of the smallest half, 2⁻²⁵.
    expect([...toHalf([1e-9])]).toEqual([0]);
    const scaled = await factored(device, sgd({ learningRate: 1e6 }));
    const plain = await factored(device, sgd({ learningRate: 1e6 }), { initialScale: 1 });
    const [before] = await scaled.snapshot();
    await scaled.run(1e-9);
    await plain.run(1e-9);
    const [moved] = await scaled.snapshot();
    const [still] = await plain.snapshot();
    expect(moved!.filter((bits, i) => bits !== before![i]).length).toBeGreaterThan(100);
    expect(still!.slice(0, 96)).toEqual(before!.slice(0, 96));
  });
});
