// Optimizers against PyTorch's formulas, computed here in double precision.

import { describe, expect, it } from 'vitest';

import {
  adagrad,
  adam,
  adamW,
  cosineDecay,
  createCpuDevice,
  dense,
  loadModel,
  ops,
  parameters,
  program,
  rmsprop,
  saveModel,
  sequential,
  sgd,
  xor,
  type Optimizer,
} from '../../src/index.ts';

const start = [1, -2, 0.5];
const slopes = [3, 0.5, -1]; // the gradient of Σ slope·w

async function run(optimizer: Optimizer, steps: number): Promise<number[]> {
  const net = parameters({ w: { shape: [3], initializer: { name: 'fixed', values: () => Float32Array.from(start) } } });
  const device = createCpuDevice();
  const step = await program({ slope: [3] }, ({ slope }) => ({ loss: ops.sum(ops.mul(net.get('w'), slope!)) }), {
    parameters: net,
    optimizer,
    device,
  });
  await step.prepare();
  for (let i = 0; i < steps; i++) step.run({ slope: Float32Array.from(slopes) });
  return Array.from((await device.readVariable(net.arena)).subarray(0, 3));
}

const near = (values: readonly number[]): number[] => values.map((value) => expect.closeTo(value, 6) as number);

describe('sgd', () => {
  it.each([
    [{ momentum: 0, nesterov: false, weightDecay: 0 }],
    [{ momentum: 0, nesterov: false, weightDecay: 0.1 }],
    [{ momentum: 0.9, nesterov: false, weightDecay: 0 }],
    [{ momentum: 0.9, nesterov: true, weightDecay: 0.1 }],
  ])('%j', async ({ momentum, nesterov, weightDecay }) => {
    const w = [...start];
    const v = [0, 0, 0];
    for (let step = 0; step < 4; step++) {
      slopes.forEach((slope, i) => {
        const g = slope + weightDecay * w[i]!;
        v[i] = momentum * v[i]! + g;
        w[i]! -= 0.1 * (nesterov ? g + momentum * v[i]! : v[i]!);
      });
    }
    expect(await run(sgd({ learningRate: 0.1, momentum, nesterov, weightDecay }), 4)).toEqual(near(w));
  });
});

describe('adam and adamW', () => {
  it.each([
    [adam, 0, false],
    [adam, 0.1, false],
    [adamW, 0.1, true],
  ] as const)('%o, decay %f', async (make, weightDecay, decoupled) => {
    const w = [...start];
    const m = [0, 0, 0];
    const v = [0, 0, 0];
    for (let t = 1; t <= 5; t++) {
      slopes.forEach((slope, i) => {
        const g = slope + (decoupled ? 0 : weightDecay * w[i]!);
        if (decoupled) w[i]! -= 0.01 * weightDecay * w[i]!;
        m[i] = 0.9 * m[i]! + 0.1 * g;
        v[i] = 0.999 * v[i]! + 0.001 * g * g;
        w[i]! -= (0.01 * (m[i]! / (1 - 0.9 ** t))) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
      });
    }
    expect(await run(make({ learningRate: 0.01, weightDecay }), 5)).toEqual(near(w));
  });
});

describe('rmsprop', () => {
  it.each([
    [{}],
    [{ centered: true }],
    [{ momentum: 0.9, weightDecay: 0.1 }],
    [{ centered: true, momentum: 0.5, rho: 0.5, epsilon: 0.01 }],
    [{ rho: 0.99, epsilon: 1e-8, epsilonInsideRoot: false }],
  ])('%j', async (options: Parameters<typeof rmsprop>[0]) => {
    const { rho = 0.9, momentum = 0, centered = false, epsilon = 1e-7, weightDecay = 0 } = options!;
    const w = [...start];
    const [square, mean, velocity] = [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ];
    for (let step = 0; step < 4; step++) {
      slopes.forEach((slope, i) => {
        const g = slope + weightDecay * w[i]!;
        square[i] = rho * square[i]! + (1 - rho) * g * g;
        mean[i] = rho * mean[i]! + (1 - rho) * g;
        const inside = square[i]! - (centered ? mean[i]! ** 2 : 0);
        const root = options!.epsilonInsideRoot === false ? Math.sqrt(inside) + epsilon : Math.sqrt(inside + epsilon);
        velocity[i] = momentum * velocity[i]! + g / root;
        w[i]! -= 0.01 * velocity[i]!;
      });
    }
    expect(await run(rmsprop({ learningRate: 0.01, ...options }), 4)).toEqual(near(w));
  });
});

describe('adagrad', () => {
  it.each([[{}], [{ initialAccumulator: 0, weightDecay: 0.1 }], [{ epsilon: 0.1, epsilonInsideRoot: false }]])(
    '%j',
    async (options: Parameters<typeof adagrad>[0]) => {
      const { initialAccumulator = 0.1, epsilon = 1e-7, weightDecay = 0 } = options!;
      const w = [...start];
      const sums = start.map(() => initialAccumulator);
      for (let step = 0; step < 4; step++) {
        slopes.forEach((slope, i) => {
          const g = slope + weightDecay * w[i]!;
          sums[i]! += g * g;
          const root =
            options!.epsilonInsideRoot === false ? Math.sqrt(sums[i]!) + epsilon : Math.sqrt(sums[i]! + epsilon);
          w[i]! -= (0.1 * g) / root;
        });
      }
      expect(await run(adagrad({ learningRate: 0.1, ...options }), 4)).toEqual(near(w));
    },
  );
});

it('rmsprop and adagrad: default rates of 0.001, names for compile, wrong numbers refused', async () => {
  expect(rmsprop().schedule(0)).toBe(1e-3);
  expect(adagrad().schedule(0)).toBe(1e-3);
  for (const optimizer of ['rmsprop', 'adagrad']) {
    const model = sequential([dense({ units: 1, inputShape: [2] })]);
    await model.compile({ optimizer, loss: 'meanSquaredError', device: createCpuDevice() });
    expect(model.optimizer!.optimizer.name).toBe(optimizer);
  }
  expect(() => rmsprop({ rho: 1 })).toThrow('rmsprop: rho is 1, expected at least 0 and below 1');
  expect(() => rmsprop({ decay: 0.9 } as object)).toThrow(`rmsprop: unknown option 'decay'`);
  expect(() => adagrad({ initialAccumulator: -1 })).toThrow(
    'adagrad: initialAccumulator is -1, expected a number of at least 0',
  );
});

it.each([
  ['rmsprop', () => rmsprop({ learningRate: 0.05, centered: true, momentum: 0.5 })],
  ['adagrad', () => adagrad({ learningRate: 0.5 })],
] as const)('a saved training with %s goes on as if it had not been interrupted', async (_, make) => {
  const data = xor({ size: 40 });
  const build = async (model = sequential([dense({ units: 2, inputShape: [2] })], { seed: 3 })) => {
    await model.compile({ optimizer: make(), loss: 'sparseCategoricalCrossentropy', device: createCpuDevice() });
    return model;
  };
  const weights = async (model: { getWeights(): Promise<ReadonlyMap<string, { data: ArrayLike<number> }>> }) =>
    [...(await model.getWeights())].map(([name, { data: values }]) => [name, Array.from(values)]);
  const whole = await build();
  await whole.fit(data, { epochs: 4, batchSize: 8 });
  const first = await build();
  await first.fit(data, { epochs: 2, batchSize: 8 });
  const second = loadModel(await saveModel(first));
  await second.compile({ optimizer: make(), loss: 'sparseCategoricalCrossentropy', device: createCpuDevice() });
  await second.fit(data, { epochs: 2, batchSize: 8 });
  expect(await weights(second)).toEqual(await weights(whole));
});

it('a learning rate may be a function of the step', async () => {
  const rate = cosineDecay({ learningRate: 0.1, steps: 4, warmupSteps: 2 });
  const total = [0, 1, 2].reduce((sum, step) => sum + rate(step), 0);
  expect(await run(sgd({ learningRate: rate }), 3)).toEqual(near(start.map((value, i) => value - total * slopes[i]!)));
});

it("Adam's corrections are those of the step, whatever steps and βs were asked for before", () => {
  const { scalars } = adam();
  for (const step of [0, 1, 63, 64, 65, 64, 0, 1000, 12_345, 999]) {
    for (const [beta1, beta2] of [
      [0.9, 0.999],
      [0.5, 0.999],
    ] as const) {
      const of = (beta: number) => 1 / (1 - beta ** (step + 1));
      expect(scalars(step, 0.25, { beta1, beta2 })).toEqual(Float32Array.of(0.25, of(beta1), of(beta2), 1));
    }
  }
});
