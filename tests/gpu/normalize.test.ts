// Normalization far from 0, and whole models with statistics, noise and drawn weights: the GPU against the CPU.

import { describe, expect, test } from 'vitest';
import { createCpuDevice } from '../../src/cpu/device.ts';
import type { TypedArray } from '../../src/core/dtype.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { batchNormalization as batchNormLayer } from '../../src/nn/layers/batch_normalization.ts';
import { bayesianConv2d, bayesianDense } from '../../src/nn/layers/bayesian.ts';
import { conv2d } from '../../src/nn/layers/conv.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { dropout, spatialDropout2d } from '../../src/nn/layers/dropout.ts';
import { flatten } from '../../src/nn/layers/flatten.ts';
import { groupNormalization as groupNormLayer } from '../../src/nn/layers/group_normalization.ts';
import { layerNormalization as layerNormLayer } from '../../src/nn/layers/layer_normalization.ts';
import { alphaDropout, gaussianNoise } from '../../src/nn/layers/noise.ts';
import { relu } from '../../src/nn/layers/activation.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { add, mul, sub } from '../../src/ops/binary.ts';
import { batchNormalization, groupNormalization, layerNormalization } from '../../src/ops/normalization.ts';
import { randomNormal, randomUniform } from '../../src/ops/random.ts';
import { randomPermutation } from '../../src/ops/random_permutation.ts';
import { mean } from '../../src/ops/reduce.ts';
import { rsqrt, square } from '../../src/ops/unary.ts';
import { makePlan } from '../../src/plan/build.ts';
import type { Device } from '../../src/plan/device.ts';
import { sequential } from '../../src/train/model.ts';
import { sampleValues } from '../ops/table.ts';
import { sharedDevice } from './device.ts';

async function runOn(
  device: Device,
  f: (x: Tensor) => Tensor,
  values: TypedArray,
  shape: number[],
  kernels?: Record<string, string>,
): Promise<TypedArray> {
  const x = values instanceof Uint32Array ? inputTensor('x', shape, 'u32') : inputTensor('x', shape);
  const plan = makePlan({ y: f(x) }, [], { target: device.target, ...(kernels ? { kernels } : {}) });
  const runner = await device.createRunner(plan);
  try {
    runner.run({ x: values });
    return await runner.read('y');
  } finally {
    runner.dispose();
  }
}

const unit = 2 ** -24;

describe('offsets 0, 10 and 1000', () => {
  const kinds: [string, string, number[], (x: Tensor) => Tensor, number[]][] = [
    ['batch', 'vec4', [700, 8], (x) => batchNormalization(x).y, [0]],
    ['batch', 'naive', [700, 8], (x) => batchNormalization(x).y, [0]],
    ['group', 'naive', [2, 300, 6], (x) => groupNormalization(x, { groups: 1 }), [1, 2]],
    ['layer', 'rows', [9, 500], (x) => layerNormalization(x), [1]],
    ['layer', 'rows_vec4', [9, 500], (x) => layerNormalization(x), [1]],
    ['layer', 'rows_group', [9, 500], (x) => layerNormalization(x), [1]],
  ];
  test.each(kinds)('%s normalization, %s kernel: within 5e-6 + 16u·|mean| / σ', async (_, kernel, shape, f, axes) => {
    const device = await sharedDevice();
    const worst: string[] = [];
    for (const offset of [0, 10, 1000]) {
      const values = Float32Array.from(sampleValues({ shape }, 7), (value) => value + offset);
      const x = inputTensor('x', shape);
      const expected = evaluate([f(x)], new Map([[x, Float64Array.from(values)]]))[0]!;
      const actual = await runOn(device, f, values, shape, { normalize: kernel });
      const error = Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value)));
      worst.push(error.toExponential(1));
      expect(error, `offset ${offset}`).toBeLessThan(5e-6 + 16 * unit * offset);
      if (offset < 1000) continue;
      // The same bound is out of reach of E[x²] − E[x]².
      const naive = (tensor: Tensor) => {
        const options = { axes, keepDims: true };
        const center = mean(tensor, options);
        return mul(sub(tensor, center), rsqrt(add(sub(mean(square(tensor), options), square(center)), 1e-5)));
      };
      const wrong = await runOn(device, naive, values, shape);
      const naiveError = Math.max(
        ...expected.map((value, i) => (wrong[i] === value ? 0 : Math.abs(wrong[i]! - value))),
      );
      expect(naiveError <= 5e-6 + 16 * unit * offset, `naive: ${naiveError}`).toBe(false);
    }
    console.log(`${kernel}: largest errors at offsets 0, 10, 1000: ${worst.join(', ')}`);
  });
});

test('a quarter of a million draws have the same bits on the CPU', { timeout: 60_000 }, async () => {
  const random = Uint32Array.of(123, 45, 0, 0);
  const size = 2 ** 18 + 3;
  for (const draw of [
    (r: Tensor) => randomNormal([size], r, { stream: 9 }),
    (r: Tensor) => randomUniform([size], r, { stream: 9 }),
    (r: Tensor) => randomNormal([size], r, { stream: 9, mean: 0.3, stddev: 0.7 }),
    (r: Tensor) => randomPermutation(size, r, { stream: 9 }),
  ]) {
    const cpu = await runOn(createCpuDevice(), draw, random, [4]);
    const gpu = await runOn(await sharedDevice(), draw, random, [4]);
    const bits = (values: TypedArray) => new Uint32Array(values.buffer, values.byteOffset, size);
    expect(bits(gpu).findIndex((word, i) => word !== bits(cpu)[i])).toBe(-1);
  }
});

const networks = {
  'batch normalization and dropout': () => [
    conv2d({ filters: 8, kernelSize: 3, padding: 'same', useBias: false, inputShape: [8, 8, 2] }),
    batchNormLayer(),
    relu(),
    spatialDropout2d({ rate: 0.2 }),
    flatten(),
    // No bias before batch normalization: its gradient is 0 but for rounding, which Adam would make steps of.
    dense({ units: 6, useBias: false }),
    batchNormLayer({ momentum: 0.5 }),
    dropout({ rate: 0.1 }),
    dense({ units: 3 }),
  ],
  'other normalizations and noise': () => [
    conv2d({ filters: 6, kernelSize: 3, strides: 2, inputShape: [8, 8, 2] }),
    groupNormLayer({ groups: 2 }),
    gaussianNoise({ stddev: 0.1 }),
    relu(),
    flatten(),
    layerNormLayer(),
    alphaDropout({ rate: 0.1 }),
    dense({ units: 3 }),
  ],
  'drawn weights': () => [
    bayesianConv2d({ filters: 4, kernelSize: 3, strides: 2, activation: 'relu', inputShape: [8, 8, 2] }),
    flatten(),
    bayesianDense({ units: 3 }),
  ],
} as const;

describe.each(Object.entries(networks))('a model with %s', (_, layers) => {
  const size = 45; // three batches, the last one of 13
  const x = Float32Array.from(sampleValues({ shape: [size, 8, 8, 2] }, 3), (value) => value + 4);
  const y = Int32Array.from({ length: size }, (_value, i) => i % 3);
  const data = { x: { shape: [size, 8, 8, 2], data: x }, y };

  async function train(device: Device) {
    const model = sequential(layers(), { seed: 5 });
    await model.compile({
      optimizer: adam({ learningRate: 3e-3 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
      device,
    });
    const { history } = await model.fit(data, { epochs: 3, batchSize: 16, validation: data });
    const weights = await model.getWeights();
    const draws = (await model.predict(x, { training: true })).data;
    const measured = await model.evaluate(data, { batchSize: 7 });
    model.dispose();
    return { history, weights, draws, measured };
  }

  test(
    'trains alike on GPU and CPU, statistics included, and twice alike on the GPU',
    { timeout: 120_000 },
    async () => {
      const gpu = await train(await sharedDevice());
      const cpu = await train(createCpuDevice());
      expect(Object.keys(gpu.history)).toEqual(Object.keys(cpu.history));
      let worst = 0;
      for (const name of ['loss', 'val_loss', 'kl']) {
        gpu.history[name]?.forEach(
          (value, i) => (worst = Math.max(worst, Math.abs(value / cpu.history[name]![i]! - 1))),
        );
      }
      let furthest = 0;
      for (const [name, { data: values }] of cpu.weights) {
        const other = gpu.weights.get(name)!.data;
        values.forEach((value, i) => {
          furthest = Math.max(furthest, Math.abs(other[i]! - value) / (1 + Math.abs(value)));
        });
      }
      const spread = Math.max(...gpu.draws.map((value, i) => Math.abs(value - cpu.draws[i]!)));
      console.log(
        `GPU against CPU: losses ${worst.toExponential(1)}, weights and statistics ${furthest.toExponential(1)}, ` +
          `draws ${spread.toExponential(1)}`,
      );
      expect(worst).toBeLessThan(1e-4);
      expect(furthest).toBeLessThan(1e-3);
      expect(spread).toBeLessThan(1e-2);
      expect(Math.abs(gpu.measured['loss']! - gpu.history['val_loss']!.at(-1)!)).toBeLessThan(1e-5);

      const again = await train(await sharedDevice());
      expect(again.history).toEqual(gpu.history);
      expect(again.weights).toEqual(gpu.weights);
      expect(again.draws).toEqual(gpu.draws);
    },
  );
});
