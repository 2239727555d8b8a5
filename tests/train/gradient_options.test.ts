// Clipping, and updates made of several batches, against the same computed by hand or by one large batch.

import { describe, expect, it } from 'vitest';

import {
  adam,
  type Callback,
  createCpuDevice,
  dense,
  FIRST_BAD,
  GRADIENT_NORM,
  loadModel,
  modelCheckpoint,
  memoryStore,
  type Model,
  mixedPrecision,
  moons,
  ops,
  type Optimizer,
  parameters,
  program,
  rmsprop,
  saveModel,
  sequential,
  sgd,
} from '../../src/index.ts';

const fixed = (values: readonly number[]) => ({ name: 'fixed', values: () => Float32Array.from(values) });

/** What one step of rate 1 takes off each weight, where the gradients are [3, 4] and [0.6, -0.8, 12]. */
async function taken(optimizer: Optimizer): Promise<number[]> {
  const net = parameters({
    a: { shape: [2], initializer: fixed([0, 0]) },
    b: { shape: [3], initializer: fixed([0, 0, 0]) },
  });
  const device = createCpuDevice();
  const step = await program(
    { p: [2], q: [3] },
    ({ p, q }) => ({ loss: ops.add(ops.sum(ops.mul(net.get('a'), p!)), ops.sum(ops.mul(net.get('b'), q!))) }),
    { parameters: net, optimizer, device },
  );
  await step.prepare();
  step.run({ p: Float32Array.of(3, 4), q: Float32Array.of(0.6, -0.8, 12) });
  const values = await device.readVariable(net.arena);
  return [0, 1, 64, 65, 66].map((i) => 0 - values[i]!);
}

const near = (values: readonly number[]): number[] => values.map((value) => expect.closeTo(value, 5) as number);

describe('clipping', () => {
  it('by value keeps each number within the limit', async () => {
    expect(await taken(sgd({ learningRate: 1, clipValue: 3.5 }))).toEqual(near([3, 3.5, 0.6, -0.8, 3.5]));
  });

  it('by norm shortens the gradients of each weight that are too long', async () => {
    // Lengths 5 and √(1 + 144).
    const b = 5.5 / Math.sqrt(145);
    expect(await taken(sgd({ learningRate: 1, clipNorm: 5.5 }))).toEqual(near([3, 4, 0.6 * b, -0.8 * b, 12 * b]));
  });

  it('by the norm of all shortens all alike', async () => {
    const all = 1 / Math.sqrt(25 + 145);
    const scaled = [3, 4, 0.6, -0.8, 12].map((g) => g * all);
    expect(await taken(sgd({ learningRate: 1, globalClipNorm: 1 }))).toEqual(near(scaled));
    expect(await taken(sgd({ learningRate: 1, globalClipNorm: 14 }))).toEqual(near([3, 4, 0.6, -0.8, 12]));
  });

  it('logs the norm of all, steps and epochs', async () => {
    const model = sequential([dense({ units: 1, inputShape: [2], kernelInitializer: 'zeros' })]);
    await model.compile({
      optimizer: sgd({ learningRate: 0, globalClipNorm: 1e-3 }),
      loss: 'meanSquaredError',
      device: createCpuDevice(),
    });
    // One example, prediction 0: the gradient is 2·(0 − y)·(x, 1).
    const norms: (number | undefined)[] = [];
    const { history } = await model.fit(
      { x: Float32Array.of(3, 4, 0, 0), y: Float32Array.of(1, 2) },
      {
        batchSize: 1,
        shuffle: false,
        callbacks: [{ onBatchEnd: (_, logs) => void norms.push(logs['gradientNorm']) }],
      },
    );
    expect(norms).toEqual(near([2 * Math.sqrt(26), 4]));
    expect(history['gradientNorm']).toEqual(near([Math.sqrt(26) + 2]));
  });

  it('leaves a gradient that is not finite to be reported where it is, and does not count it', async () => {
    const net = parameters({ a: { shape: [3], initializer: fixed([0, 0, 0]) } });
    const device = createCpuDevice();
    const step = await program({ p: [3] }, ({ p }) => ({ loss: ops.sum(ops.mul(net.get('a'), p!)) }), {
      parameters: net,
      optimizer: sgd({ learningRate: 1, globalClipNorm: 1 }),
      device,
    });
    await step.prepare();
    step.run({ p: Float32Array.of(3, NaN, 4) });
    expect(await step.read(FIRST_BAD)).toEqual(Uint32Array.of(1));
    expect(await step.read(GRADIENT_NORM)).toEqual(Float32Array.of(5));
    expect(Array.from((await device.readVariable(net.arena)).subarray(0, 3))).toEqual(near([-0.6, 0, -0.8]));
  });

  it.each([
    [{ clipNorm: 1, clipValue: 1 }, 'sgd: clipNorm and clipValue are given, expected one of them'],
    [{ clipNorm: 0 }, 'sgd: clipNorm is 0, expected a number above 0'],
    [{ globalClipNorm: NaN }, 'sgd: globalClipNorm is NaN'],
    [{ gradientAccumulationSteps: 1.5 }, 'sgd: gradientAccumulationSteps is 1.5'],
    [{ clipnorm: 1 } as never, "did you mean 'clipNorm'"],
  ])('refuses %j', (options, message) => {
    expect(() => sgd(options)).toThrow(message);
  });
});

const data = moons({ size: 50, seed: 3 });

async function trained(optimizer: Optimizer, batchSize: number, callbacks: Callback[] = []): Promise<Model> {
  const model = sequential([dense({ units: 8, activation: 'tanh', inputShape: [2] }), dense({ units: 2 })], {
    seed: 6,
  });
  await model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', device: createCpuDevice() });
  await model.fit(data, { epochs: 3, batchSize, callbacks });
  return model;
}

describe('gradientAccumulationSteps', () => {
  // 50 by 4: 12 batches and one of 2; by groups of 3: four of 12 examples and one of 2. By groups of 5: 20, 20 and 10.
  it.each([
    ['sgd', 3, (steps?: number) => sgd({ learningRate: 0.1, momentum: 0.9, gradientAccumulationSteps: steps })],
    ['adam', 5, (steps?: number) => adam({ learningRate: 0.02, gradientAccumulationSteps: steps })],
    ['clipped', 3, (steps?: number) => rmsprop({ globalClipNorm: 0.05, gradientAccumulationSteps: steps })],
  ] as const)('%s: %i batches of 4 are one batch, what is left of the epoch too', async (_, steps, optimizer) => {
    const whole = await trained(optimizer(1), 4 * steps);
    const parts = await trained(optimizer(steps), 4);
    expect(parts.optimizer!.step).toBe(whole.optimizer!.step);
    expect(parts.optimizer!.batches).toBe(39);
    const [expected, found] = [await whole.getWeights(), await parts.getWeights()];
    for (const [name, { data: values }] of expected) {
      // Sums in another order.
      found.get(name)!.data.forEach((value, i) => expect(value).toBeCloseTo(values[i]!, 5));
    }
    const losses = (model: Model) => model.history['loss']!;
    losses(parts).forEach((loss, i) => expect(loss).toBeCloseTo(losses(whole)[i]!, 5));
  });

  it('changes nothing until the last batch of a group', async () => {
    let before: unknown;
    const seen: boolean[] = [];
    let model!: Model;
    const watching: Callback = {
      onTrainBegin: async (info) => {
        model = info.model;
        before = await model.getWeights();
      },
      async onStepEnd() {
        const now = await model.getWeights();
        seen.push(JSON.stringify([...now]) !== JSON.stringify([...(before as typeof now)]));
        before = now;
      },
    };
    await trained(sgd({ learningRate: 0.1, weightDecay: 0.1, gradientAccumulationSteps: 4 }), 10, [watching]);
    // Five batches an epoch: the fourth completes a group, and the fifth is one of its own.
    expect(seen.slice(0, 10)).toEqual([false, false, false, true, true, false, false, false, true, true]);
  });

  it('goes on in the middle of a group', async () => {
    const make = () => adam({ gradientAccumulationSteps: 4 });
    const whole = await trained(make(), 8);
    const store = memoryStore();
    const killer: Callback = {
      onStepEnd({ epoch, batch }) {
        if (epoch === 1 && batch === 2) throw new Error('killed');
      },
    };
    await expect(trained(make(), 8, [modelCheckpoint({ store, every: 1 }), killer])).rejects.toThrow('killed');
    const model = loadModel((await store.read('checkpoint'))!) as Model;
    await model.compile({ optimizer: make(), loss: 'sparseCategoricalCrossentropy', device: createCpuDevice() });
    await model.fit(data, { epochs: 3, batchSize: 8, resume: true });
    expect(await model.getWeights()).toEqual(await whole.getWeights());
    expect(model.optimizer!.batches).toBe(21);

    const other = loadModel(await saveModel(model)) as Model;
    const optimizer = adam({ gradientAccumulationSteps: 2 });
    await other.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', device: createCpuDevice() });
    await expect(other.fit(data, { epochs: 4, batchSize: 8, resume: true })).rejects.toThrow('accumulation is 2');
  });

  it('in mixed precision counts its steps by groups, and goes on in the middle of one that is to be skipped', async () => {
    const compile = (model: Model) =>
      model.compile({
        optimizer: adam({ gradientAccumulationSteps: 4 }),
        loss: 'sparseCategoricalCrossentropy',
        precision: mixedPrecision({ initialScale: 2 ** 30, growthInterval: 2 }),
        device: createCpuDevice(),
      });
    const make = () => sequential([dense({ units: 2, inputShape: [2] })], { seed: 6 });
    const whole = make();
    await compile(whole);
    // Seven batches an epoch are two groups; at first halves hold no gradient of such a scale.
    const { history } = await whole.fit(data, { epochs: 12, batchSize: 8 });
    const skipped = history['skippedSteps']!;
    expect(skipped[0]).toBe(2);
    const { skippedSteps, appliedSteps } = (await whole.lossScale())!;
    expect(skippedSteps).toBeGreaterThan(10);
    expect(appliedSteps).toBeGreaterThan(3);
    expect(skippedSteps + appliedSteps).toBe(24);

    const store = memoryStore();
    const begun = make();
    await compile(begun);
    const killer: Callback = {
      onStepEnd({ epoch, batch }) {
        if (epoch === 1 && batch === 2) throw new Error('killed');
      },
    };
    const callbacks = [modelCheckpoint({ store, every: 1 }), killer];
    await expect(begun.fit(data, { epochs: 12, batchSize: 8, callbacks })).rejects.toThrow('killed');
    const model = loadModel((await store.read('checkpoint'))!) as Model;
    await compile(model);
    expect((await model.lossScale())!.badGradient).toBeTypeOf('number');
    await model.fit(data, { epochs: 12, batchSize: 8, resume: true });
    expect(await model.getWeights()).toEqual(await whole.getWeights());
    expect(await model.lossScale()).toEqual(await whole.lossScale());
  });
});
