import { describe, expect, it } from 'vitest';
import {
  adam,
  conv2d,
  createCpuDevice,
  createState,
  DataError,
  dense,
  flatten,
  glyphs,
  loadModel,
  maxPool2d,
  mixedPrecision,
  type Model,
  NonFiniteError,
  ops,
  type Optimizer,
  OptionError,
  parameters,
  program,
  readSafetensors,
  saveModel,
  sequential,
  sgd,
  take,
  writeSafetensors,
  zeros,
} from '../../src/index.ts';

const data = take(glyphs({ size: 64, seed: 2 }), 48);
const make = (): Model =>
  sequential(
    [
      conv2d({ filters: 4, kernelSize: 5, strides: 3, activation: 'relu', inputShape: [28, 28, 1] }),
      maxPool2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 10 }),
    ],
    { seed: 5 },
  );

async function compiled(model: Model, options: object = { precision: mixedPrecision({ growthInterval: 5 }) }) {
  const device = createCpuDevice();
  await model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy', device, ...options });
  return model;
}

describe("compile({ precision: 'mixed' })", () => {
  it('trains nearly as f32 does, and logs the scale', async () => {
    const full = await (await compiled(make(), {})).fit(data, { epochs: 4, batchSize: 16 });
    const model = await compiled(make(), { precision: 'mixed' });
    const mixed = await model.fit(data, { epochs: 4, batchSize: 16 });
    const last = full.history['loss']!.at(-1)!;
    expect(Math.abs(mixed.history['loss']!.at(-1)! / last - 1)).toBeLessThan(0.01);
    expect(mixed.history['loss']).not.toEqual(full.history['loss']);
    expect(mixed.history['lossScale']).toEqual([65536, 65536, 65536, 65536]);
    expect(mixed.history['skippedSteps']).toEqual([0, 0, 0, 0]);
    expect(Object.keys(full.history)).toEqual(['loss']);
    expect(await model.lossScale()).toEqual({ scale: 65536, goodSteps: 12, skippedSteps: 0, appliedSteps: 12 });
  });

  it('says which memory it takes, and predicts and evaluates with halves too', async () => {
    const wide = () =>
      sequential([
        conv2d({ filters: 16, kernelSize: 3, inputShape: [28, 28, 1] }),
        maxPool2d(),
        flatten(),
        dense({ units: 4 }),
      ]);
    const before = await (await compiled(wide(), {})).plan({ batchSize: 16 });
    const after = await (await compiled(wide())).plan({ batchSize: 16 });
    expect(after.text).toContain('conv2d_f16');
    expect(after.activations).toBeLessThan(0.6 * before.activations);
    expect(after.parameters).toBe(before.parameters);
    const [full, mixed] = [await compiled(make(), {}), await compiled(make())];
    const [exact, rounded] = [await full.evaluate(data), await mixed.evaluate(data)];
    expect(rounded['loss']).not.toBe(exact['loss']);
    expect(Math.abs(rounded['loss']! / exact['loss']! - 1)).toBeLessThan(2e-3);
  });

  it('continues exactly where it was saved, scale and counts included', async () => {
    const options = { batchSize: 16 };
    const whole = await compiled(make());
    await whole.fit(data, { ...options, epochs: 4 });
    const first = await compiled(make());
    await first.fit(data, { ...options, epochs: 2 });
    const second = await compiled(loadModel(await saveModel(first)));
    expect(await second.lossScale()).toEqual(await first.lossScale());
    expect(await first.lossScale()).toEqual({ scale: 131072, goodSteps: 1, skippedSteps: 0, appliedSteps: 6 });
    await second.fit(data, { ...options, epochs: 4, initialEpoch: 2 });
    expect(await second.getWeights()).toEqual(await whole.getWeights());
    expect((await second.getTraining())!.moments).toEqual((await whole.getTraining())!.moments);
    expect(await second.lossScale()).toEqual(await whole.lossScale());
  });

  it('goes on from a training in f32, and f32 from it', async () => {
    const full = await compiled(make(), {});
    await full.fit(data, { batchSize: 16 });
    const mixed = await compiled(loadModel(await saveModel(full)));
    expect(await mixed.lossScale()).toEqual({ scale: 65536, goodSteps: 0, skippedSteps: 0, appliedSteps: 3 });
    const back = await compiled(loadModel(await saveModel(mixed)), {});
    expect(await back.lossScale()).toBeNull();
    expect(back.optimizer!.step).toBe(3);
  });

  it('refuses a file whose loss scale makes no sense', async () => {
    const { tensors, metadata } = readSafetensors(await saveModel(await compiled(make())));
    const training = JSON.parse(metadata['training']!) as { lossScale: { scale: number } };
    training.lossScale.scale = 3;
    const file = writeSafetensors({ ...tensors }, { ...metadata, training: JSON.stringify(training) });
    expect(() => loadModel(file)).toThrow(DataError);
    expect(() => loadModel(file)).toThrow('the loss scale is no power of two with three counts of steps');
  });

  it('ends with an error where values exceed what a half holds', async () => {
    const model = await compiled(make());
    const weights = new Map(await model.getWeights());
    const kernel = weights.get('dense_1/kernel')!;
    weights.set('dense_1/kernel', { ...kernel, data: kernel.data.map(() => 1e5) });
    model.setWeights(weights);
    const failure = model.fit(data, { batchSize: 16 });
    await expect(failure).rejects.toThrow(NonFiniteError);
    await expect(failure).rejects.toThrow('in mixed precision what exceeds 65504 is infinite');
  });
});

describe('options', () => {
  it.each([
    ['compile: unknown precision', 'mixd', "compile: unknown precision 'mixd', did you mean 'mixed'?"],
    ['compile: a number', 16, "compile: unknown precision '16'; known: f32, mixed, and what mixedPrecision() gives"],
  ])('%s', async (_, precision, message) => {
    await expect(compiled(make(), { precision })).rejects.toThrow(OptionError);
    await expect(compiled(make(), { precision })).rejects.toThrow(message);
  });

  it.each([
    [{ initialScale: 3 }, 'mixedPrecision: initialScale is 3, expected a power of two from 1 to 2^100'],
    [{ initialScale: 0.5 }, 'mixedPrecision: initialScale is 0.5, expected a power of two from 1 to 2^100'],
    [{ smallestScale: 0 }, 'mixedPrecision: smallestScale is 0, expected a power of two'],
    [{ growthInterval: 0 }, 'mixedPrecision: growthInterval is 0, expected a whole number of at least 1'],
    [{ growth: 2 }, "mixedPrecision: unknown option 'growth'"],
  ])('mixedPrecision(%o)', (options, message) => {
    expect(() => mixedPrecision(options as object)).toThrow(OptionError);
    expect(() => mixedPrecision(options as object)).toThrow(message);
  });

  const weights = parameters({ w: { shape: [4, 4], initializer: zeros() } });
  const train = (optimizer: Parameters<typeof program>[2] & object) =>
    program({ x: [4, 4] }, ({ x }) => ({ loss: ops.mean(ops.matmul(x!, weights.get('w'))) }), {
      parameters: weights,
      device: createCpuDevice(),
      ...optimizer,
    });

  it('a state made without a precision has no scale', async () => {
    await expect(train({ optimizer: createState(sgd(), weights), precision: 'mixed' })).rejects.toThrow(
      "program: the optimizer's state has no loss scale; make it by createState(optimizer, parameters, mixedPrecision())",
    );
    const state = createState(sgd(), weights, mixedPrecision());
    expect((await train({ optimizer: state, precision: 'mixed' })).print()).toContain('update_loss_scale');
  });

  it("an optimizer of one's own whose scalars depend on the step must say by which betas", async () => {
    const { betas: _, ...own } = adam();
    await expect(train({ optimizer: own as Optimizer, precision: 'mixed' })).rejects.toThrow(
      "mixed precision: the scalars of optimizer 'adam' depend on the step, and it gives no betas",
    );
  });
});
