// Whole recurrent networks on the GPU: one submit a step however long the sequence, few pipelines, and the CPU's numbers.

import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../src/cpu/device.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { bidirectional } from '../../src/nn/layers/bidirectional.ts';
import { model } from '../../src/train/functional.ts';
import { input } from '../../src/nn/symbolic.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { gru } from '../../src/nn/layers/gru.ts';
import { lstm } from '../../src/nn/layers/lstm.ts';
import { simpleRnn } from '../../src/nn/layers/simple_rnn.ts';
import { type Layer, layerContext } from '../../src/nn/layer.ts';
import { embedding } from '../../src/nn/layers/embedding.ts';
import { multiHeadAttention } from '../../src/nn/layers/multi_head_attention.ts';
import { sequential } from '../../src/train/model.ts';
import { parameters, type ParameterSpec } from '../../src/nn/parameters.ts';
import { mean } from '../../src/ops/reduce.ts';
import { square } from '../../src/ops/unary.ts';
import { sub } from '../../src/ops/binary.ts';
import type { Device } from '../../src/plan/device.ts';
import { program } from '../../src/train/program.ts';
import { sharedDevice } from './device.ts';

/** Trains the layers on fixed data for some steps, with every state read. */
async function train(device: Device, layers: readonly Layer[], shape: readonly number[], steps: number) {
  const specs: Record<string, ParameterSpec> = {};
  let size = shape.slice(1);
  layers.forEach((layer, i) => {
    const built = layer.build(size, 'layer');
    for (const [name, spec] of Object.entries(built.weights)) specs[`${i}/${name}`] = spec;
    size = [...built.outputShape];
  });
  const net = parameters(specs, { seed: 4 });
  const elements = shape.reduce((a, b) => a * b, 1);
  const targets = [shape[0]!, ...size];
  const step = await program(
    { x: shape, y: targets },
    ({ x, y }, { random }) => {
      const context = layerContext({ training: true, random, stream: 0 });
      let value = x!;
      layers.forEach((layer, i) => {
        value = layer.apply(value, (name) => net.get(`${i}/${name}`), context);
      });
      return { y: value, loss: mean(square(sub(value, y!))) };
    },
    { parameters: net, optimizer: adam({ learningRate: 0.01 }), device },
  );
  await step.prepare();
  const before = device.stats();
  step.run({
    x: Float32Array.from({ length: elements }, (_, i) => Math.sin(0.37 * i)),
    y: Float32Array.from({ length: targets.reduce((a, b) => a * b, 1) }, (_, i) => Math.cos(0.11 * i) / 2),
  });
  const losses = [(await step.read('loss'))[0]!];
  for (let i = 1; i < steps; i++) {
    step.run({});
    losses.push((await step.read('loss'))[0]!);
  }
  const result = { losses, y: await step.read('y'), stats: step.stats(), before, after: device.stats() };
  step.dispose();
  device.releaseVariable(net.arena);
  return result;
}

const networks: Record<string, () => Layer[]> = {
  'a simple network': () => [simpleRnn({ units: 12, returnSequences: true }), dense({ units: 2 })],
  LSTM: () => [lstm({ units: 16, returnSequences: true }), dense({ units: 2 })],
  'GRU, odd units': () => [gru({ units: 7 }), dense({ units: 2 })],
  'a stack of both directions': () => [
    bidirectional({ layer: lstm({ units: 8, returnSequences: true }) }),
    bidirectional({ layer: gru({ units: 8, resetAfter: false }), mergeMode: 'sum' }),
  ],
};

describe.each(Object.entries(networks))('%s', (_, make) => {
  test('50 steps are one submit, and train as on the CPU', async () => {
    const device = await sharedDevice();
    const shape = [3, 50, 4];
    const gpu = await train(device, make(), shape, 6);
    const cpu = await train(createCpuDevice(), make(), shape, 6);
    expect(gpu.stats.submits).toBe(6);
    expect(gpu.stats.dispatches).toBeGreaterThan(100);
    expect(gpu.after.pipelinesCreated).toBe(gpu.before.pipelinesCreated);
    gpu.losses.forEach((loss, i) => expect(Math.abs(loss / cpu.losses[i]! - 1), `step ${i}`).toBeLessThan(1e-3));
    expect(Math.abs(gpu.losses[0]! / cpu.losses[0]! - 1)).toBeLessThan(1e-5);
    expect(gpu.losses.at(-1)).toBeLessThan(gpu.losses[0]!);
    gpu.y.forEach((value, i) => expect(Math.abs(value - cpu.y[i]!)).toBeLessThan(2e-3));
  });
});

test('the number of pipelines does not depend on the number of steps', async () => {
  const device = await sharedDevice();
  const made = async (steps: number) => {
    const before = device.stats().pipelinesCreated;
    await train(device, [gru({ units: 20 })], [2, steps, 4], 1);
    return device.stats().pipelinesCreated - before;
  };
  await made(40); // sums of 4n terms have a pipeline of their own, and products below 2¹⁴ multiply-adds another kernel
  expect(await made(80)).toBe(0);
});

test('lengths from a data set, and states from one layer to another, train as on the CPU', async () => {
  const [N, T, size] = [10, 6, 3];
  const wave = (count: number, step: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(step * i));
  const data = {
    x: { x: wave(N * T * size, 0.37), lengths: Float32Array.from({ length: N }, (_, n) => n % (T + 1)) },
    y: { shape: [N, T, 2], data: wave(N * T * 2, 0.11) },
  };
  const run = async (device: Device) => {
    const x = input({ shape: [T, size] });
    const lengths = input({ shape: [], dtype: 'i32' });
    const encoder = bidirectional({ layer: gru({ units: 4, masked: 'lengths', returnState: true }), mergeMode: 'sum' });
    const [, forward] = encoder([x, lengths]);
    const decoder = gru({ units: 4, masked: 'lengths', initialState: true, returnSequences: true });
    const net = model({
      inputs: { x, lengths },
      outputs: dense({ units: 2 })(decoder([x, lengths, forward])),
      seed: 3,
    });
    await net.compile({ optimizer: adam({ learningRate: 0.05 }), loss: 'mse', device });
    const { history } = await net.fit(data, { epochs: 4, batchSize: 4 });
    const found = { losses: history['loss']!, y: (await net.predict(data.x)).data };
    net.dispose();
    return found;
  };
  const [gpu, cpu] = [await run(await sharedDevice()), await run(createCpuDevice())];
  gpu.losses.forEach((loss, i) => expect(Math.abs(loss / cpu.losses[i]! - 1), `epoch ${i}`).toBeLessThan(1e-3));
  expect(gpu.losses.at(-1)).toBeLessThan(0.9 * gpu.losses[0]!);
  gpu.y.forEach((value, i) => expect(Math.abs(value - cpu.y[i]!)).toBeLessThan(2e-3));
});

test('tokens with padding, marked by maskZero, train as on the CPU', async () => {
  const [N, T] = [10, 7];
  const x = Float32Array.from({ length: N * T }, (_, i) =>
    i % T < (Math.floor(i / T) % T) + 1 ? 1 + ((3 * i) % 8) : 0,
  );
  const y = { shape: [N, T, 2], data: Float32Array.from({ length: N * T * 2 }, (_, i) => Math.sin(0.11 * i)) };
  const run = async (device: Device) => {
    const net = sequential(
      [
        embedding({ inputDim: 9, outputDim: 4, maskZero: true, inputShape: [T] }),
        bidirectional({ layer: lstm({ units: 2, returnSequences: true }) }),
        multiHeadAttention({ numHeads: 2, keyDim: 3 }),
        dense({ units: 2 }),
      ],
      { seed: 3 },
    );
    await net.compile({ optimizer: adam({ learningRate: 0.05 }), loss: 'mse', metrics: ['mae'], device });
    const { history } = await net.fit({ x, y }, { epochs: 4, batchSize: 4 });
    const found = { ...history, y: [...(await net.predict(x)).data] };
    net.dispose();
    return found as Record<string, number[]>;
  };
  const [gpu, cpu] = [await run(await sharedDevice()), await run(createCpuDevice())];
  for (const key of ['loss', 'meanAbsoluteError', 'y'])
    expect(gpu[key], key).toEqual(cpu[key]!.map((v) => expect.closeTo(v, 3) as number));
  expect(gpu['loss']![3]).toBeLessThan(0.97 * gpu['loss']![0]!);
});
