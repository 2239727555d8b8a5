// Losses: values worked out by hand (Keras 3 gives the same), gradients, smoothing, and weights in training.

import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, type Tensor } from '../../src/graph/tensor.ts';
import { createCpuDevice, dataset, dense, losses, ops, sequential, sgd } from '../../src/index.ts';
import { resolveLoss, type LossFunction } from '../../src/nn/losses.ts';

const f32 = (shape: number[], ...values: number[]) => constantTensor(Float32Array.from(values), shape, 'f32');
const i32 = (...values: number[]) => constantTensor(Int32Array.from(values), [values.length], 'i32');
const valueOf = (x: Tensor) => evaluate([x])[0]![0]!;
const softmaxOf = (row: number[]) => {
  const sum = row.reduce((total, x) => total + Math.exp(x), 0);
  return row.map((x) => Math.exp(x) / sum);
};

describe('values', () => {
  const [prediction, target] = [f32([2, 2], 0.5, 3, -2, 0.25), f32([2, 2], 0, 1, 1, 0.25)];

  test('of differences', () => {
    // e = 0.5, 2, −3, 0
    expect(valueOf(ops.huber(prediction, target))).toBeCloseTo((0.125 + 1.5 + 2.5 + 0) / 4, 12);
    expect(valueOf(ops.huber(prediction, target, { delta: 2 }))).toBeCloseTo((0.125 + 2 + 4 + 0) / 4, 12);
    const logCosh = [0.5, 2, -3, 0].map((e) => Math.log(Math.cosh(e)));
    expect(valueOf(ops.logCosh(prediction, target))).toBeCloseTo(logCosh.reduce((a, b) => a + b) / 4, 7);
    expect(valueOf(ops.logCosh(f32([1], 1000), f32([1], 0)))).toBeCloseTo(1000 - Math.LN2, 7);
    expect(valueOf(ops.logCosh(f32([1], -1000), f32([1], 0)))).toBeCloseTo(1000 - Math.LN2, 7);
  });

  test('of margins', () => {
    const [scores, signs] = [f32([4], 0.5, -2, 3, -0.25), f32([4], 1, 1, 1, -1)];
    expect(valueOf(ops.hinge(scores, signs))).toBeCloseTo((0.5 + 3 + 0 + 0.75) / 4, 12);
    expect(valueOf(ops.squaredHinge(scores, signs))).toBeCloseTo((0.25 + 9 + 0 + 0.5625) / 4, 12);
    const rows = f32([2, 3], 1, 2, 3, 0.5, -1, 4);
    const oneHot = f32([2, 3], 0, 1, 0, 0, 0, 1);
    // Row 1: right 2, wrong at best 3; row 2: right 4, wrong at best 0.5.
    expect(valueOf(ops.categoricalHinge(rows, oneHot))).toBeCloseTo((2 + 0) / 2, 12);
  });

  test('of probabilities', () => {
    const logits = [1, 2, 3];
    const probabilities = softmaxOf(logits);
    const wanted = [0.25, 0.75, 0].map((t, i) => (t === 0 ? 0 : t * Math.log(t / probabilities[i]!)));
    const expected = wanted.reduce((a, b) => a + b);
    const t = f32([1, 3], 0.25, 0.75, 0);
    expect(valueOf(ops.klDivergence(f32([1, 3], ...logits), t))).toBeCloseTo(expected, 12);
    expect(valueOf(ops.klDivergence(f32([1, 3], ...probabilities), t, { fromLogits: false }))).toBeCloseTo(expected, 6);
    expect(valueOf(ops.poisson(f32([2], 1, 0), f32([2], 2, 3)))).toBeCloseTo((Math.E - 2 + 1) / 2, 12);
    const rates = ops.poisson(f32([1], 2), f32([1], 3), { fromLogits: false });
    expect(valueOf(rates)).toBeCloseTo(2 - 3 * Math.log(2), 5);
  });

  test('smoothed cross-entropy, dense and sparse', () => {
    const logits = [1, 2, 4];
    const logs = softmaxOf(logits).map(Math.log);
    const smooth = [0.1 / 3, 0.9 + 0.1 / 3, 0.1 / 3];
    const expected = -smooth.reduce((sum, t, i) => sum + t * logs[i]!, 0);
    const options = { labelSmoothing: 0.1 };
    const x = f32([1, 3], ...logits);
    expect(valueOf(losses.categoricalCrossentropy(options)(x, f32([1, 3], 0, 1, 0)))).toBeCloseTo(expected, 6);
    expect(valueOf(losses.sparseCategoricalCrossentropy(options)(x, i32(1)))).toBeCloseTo(expected, 6);
    const p = f32([1, 3], ...softmaxOf(logits));
    const probabilities = { ...options, fromLogits: false };
    expect(valueOf(losses.categoricalCrossentropy(probabilities)(p, f32([1, 3], 0, 1, 0)))).toBeCloseTo(expected, 6);
    expect(valueOf(losses.sparseCategoricalCrossentropy(probabilities)(p, i32(1)))).toBeCloseTo(expected, 6);
    // t = 1 becomes 0.9, with smoothing 0.2.
    const binary = -(0.9 * Math.log(1 / (1 + Math.exp(-2))) + 0.1 * Math.log(1 - 1 / (1 + Math.exp(-2))));
    const half = { labelSmoothing: 0.2 };
    expect(valueOf(losses.binaryCrossentropy(half)(f32([1], 2), f32([1], 1)))).toBeCloseTo(binary, 6);
    const q = f32([1], 1 / (1 + Math.exp(-2)));
    expect(valueOf(losses.binaryCrossentropy({ ...half, fromLogits: false })(q, f32([1], 1)))).toBeCloseTo(binary, 6);
  });
});

describe('gradients', () => {
  const x = { shape: [2, 3], values: [0.3, -1.2, 2.1, 0.7, -0.4, 1.6] };
  const positive = { shape: [2, 3], values: [0.2, 0.3, 0.5, 0.6, 0.3, 0.1] };
  const numbers = f32([2, 3], 0.5, 0.1, -1, 2, 0, -0.3);
  const rows = f32([2, 3], 0.2, 0.7, 0.1, 0, 1, 0);
  const signs = f32([2, 3], 1, -1, -1, 1, 1, -1);
  const smooth = { labelSmoothing: 0.1 };
  const cases: [string, LossFunction, typeof x, Tensor][] = [
    ['huber', losses.huber(), x, numbers],
    ['logCosh', losses.logCosh(), x, numbers],
    ['hinge', losses.hinge(), x, signs],
    ['squaredHinge', losses.squaredHinge(), x, signs],
    ['categoricalHinge', losses.categoricalHinge(), x, f32([2, 3], 0, 1, 0, 0, 0, 1)],
    ['klDivergence', losses.klDivergence(), x, rows],
    ['klDivergence of probabilities', losses.klDivergence({ fromLogits: false }), positive, rows],
    ['poisson', losses.poisson(), x, rows],
    ['poisson of rates', losses.poisson({ fromLogits: false }), positive, rows],
    ['categoricalCrossentropy', losses.categoricalCrossentropy(smooth), x, rows],
    ['categorical of probabilities', losses.categoricalCrossentropy({ fromLogits: false }), positive, rows],
    ['sparseCategoricalCrossentropy', losses.sparseCategoricalCrossentropy(smooth), x, i32(2, 0)],
    ['sparse of probabilities', losses.sparseCategoricalCrossentropy({ fromLogits: false }), positive, i32(2, 0)],
    ['binaryCrossentropy', losses.binaryCrossentropy(smooth), x, rows],
    ['binary of probabilities', losses.binaryCrossentropy({ fromLogits: false }), positive, rows],
  ];
  test.each(cases)('%s', (_, loss, at, target) => {
    expect(gradcheck(({ prediction }) => loss(prediction!, target), { prediction: at })).toMatchObject({
      passed: true,
    });
  });
});

test('messages', () => {
  expect(() => losses.huber({ delta: 0 })).toThrow('huber: delta is 0, expected a finite number above 0');
  expect(() => losses.binaryCrossentropy({ labelSmoothing: 1 })).toThrow(
    'binaryCrossentropy: labelSmoothing is 1, expected at least 0 and below 1',
  );
  // @ts-expect-error an unknown option
  expect(() => losses.categoricalCrossentropy({ fromLogit: false })).toThrow("did you mean 'fromLogits'?");
  expect(() => resolveLoss('compile', 'hubert' as 'huber')).toThrow("unknown loss 'hubert', did you mean 'huber'?");
  expect(() => ops.huber(f32([2], 1, 2), f32([2, 1], 1, 2))).toThrow('the prediction is [2] and the target [2,1]');
});

test('a loss of probabilities needs them, and one of logits refuses them', async () => {
  const compiled = (last: 'linear' | 'softmax' | 'sigmoid', loss: LossFunction) =>
    sequential([dense({ units: 2, inputShape: [3], activation: last })]).compile({
      optimizer: 'sgd',
      loss,
      device: createCpuDevice(),
    });
  const probabilities = losses.categoricalCrossentropy({ fromLogits: false });
  await expect(compiled('linear', probabilities)).rejects.toThrow(
    'expects probabilities, but dense_1 (Dense) ends in linear',
  );
  await expect(compiled('softmax', losses.categoricalCrossentropy())).rejects.toThrow('takes logits');
  await expect(compiled('softmax', losses.hinge())).rejects.toThrow('takes logits');
  await expect(compiled('softmax', probabilities)).resolves.toBeUndefined();
  await expect(compiled('sigmoid', losses.binaryCrossentropy({ fromLogits: false }))).resolves.toBeUndefined();
});

describe('weights', () => {
  const x = { shape: [5, 2], data: Float32Array.of(1, 0.5, -1, 0.25, 0.75, -2, 0.125, 1, -0.5, 0.5) };
  const labels = Int32Array.of(0, 1, 2, 1, 0);
  const trained = async (data: ReturnType<typeof dataset>, fit: object, batchSize: number) => {
    const model = sequential([dense({ units: 3, inputShape: [2] })], { seed: 3 });
    await model.compile({
      optimizer: sgd({ learningRate: 0.5 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
      device: createCpuDevice(),
    });
    const { history } = await model.fit(data, { batchSize, shuffle: false, ...fit });
    const kernel = [...(await model.getWeights()).get('dense_1/kernel')!.data];
    return { loss: history['loss']![0]!, kernel, model };
  };

  test('a weight of 2 is an example twice, and 0 is none; the divisor stays the number of examples', async () => {
    const set = dataset({ x, y: labels });
    const weighted = await trained(set, { sampleWeight: [1, 2, 0, 1, 1] }, 5);
    const order = [0, 1, 1, 3, 4];
    const twice = dataset({
      x: { shape: [5, 2], data: Float32Array.from(order.flatMap((i) => [x.data[2 * i]!, x.data[2 * i + 1]!])) },
      y: Int32Array.from(order, (i) => labels[i]!),
    });
    const repeated = await trained(twice, {}, 5);
    expect(weighted.loss).toBeCloseTo(repeated.loss, 6);
    weighted.kernel.forEach((value, i) => expect(value).toBeCloseTo(repeated.kernel[i]!, 6));
  });

  test('class weights are sample weights by label, and both multiply; the last partial batch too', async () => {
    const set = dataset({ x, y: labels });
    const byClass = await trained(set, { classWeight: { 1: 3, 2: 0.5 }, sampleWeight: [1, 1, 2, 1, 4] }, 2);
    const byHand = await trained(set, { sampleWeight: [1, 3, 1, 3, 4] }, 2);
    expect(byClass.loss).toBe(byHand.loss);
    expect(byClass.kernel).toEqual(byHand.kernel);
    const without = await trained(set, {}, 2);
    expect(without.loss).not.toBe(byHand.loss);
  });

  test('weights of one fit do not stay for the next, nor for validation', async () => {
    const set = dataset({ x, y: labels });
    const { model } = await trained(set, { sampleWeight: [0, 0, 0, 0, 0] }, 5);
    const { loss } = await model.evaluate(set);
    expect(loss).toBeGreaterThan(0);
    const half = await model.evaluate(set, { sampleWeight: [0.5, 0.5, 0.5, 0.5, 0.5] });
    expect(half['loss']).toBeCloseTo(loss! / 2, 6);
    expect(half['accuracy']).toBe((await model.evaluate(set))['accuracy']);
    const { history } = await model.fit(set, { validation: set, sampleWeight: [0, 0, 0, 0, 0], shuffle: false });
    expect(history).toMatchObject({ loss: [0], val_loss: [expect.closeTo(loss!, 6)] });
  });

  test('of one-hot rows, of yes or no, and of a loss of the caller', async () => {
    const fitted = async (
      units: number,
      loss: LossFunction | 'binaryCrossentropy',
      y: Float32Array,
      options: object,
    ) => {
      const model = sequential([dense({ units, inputShape: [2] })], { seed: 3 });
      await model.compile({ optimizer: 'sgd', loss, device: createCpuDevice() });
      const { history } = await model.fit({ x, y: { shape: [5, units], data: y } }, { shuffle: false, ...options });
      return history['loss']![0]!;
    };
    const oneHot = Float32Array.from([...labels].flatMap((label) => [0, 1, 2].map((c) => Number(c === label))));
    const dense3 = losses.categoricalCrossentropy();
    expect(await fitted(3, dense3, oneHot, { classWeight: { 1: 3 } })).toBe(
      await fitted(3, dense3, oneHot, { sampleWeight: [1, 3, 1, 3, 1] }),
    );
    const truths = Float32Array.of(0, 1, 1, 0, 1);
    expect(await fitted(1, 'binaryCrossentropy', truths, { classWeight: { 0: 2 } })).toBe(
      await fitted(1, 'binaryCrossentropy', truths, { sampleWeight: [2, 1, 1, 2, 1] }),
    );
    const own: LossFunction = (p, t) => ops.mean(ops.square(ops.sub(p, t)), { axes: 1 });
    expect(await fitted(3, own, oneHot, {})).toBeCloseTo(await fitted(3, losses.meanSquaredError(), oneHot, {}), 6);
    const sampleWeight = [0, 1, 2, 3, 4];
    expect(await fitted(3, own, oneHot, { sampleWeight })).toBeCloseTo(
      await fitted(3, losses.meanSquaredError(), oneHot, { sampleWeight }),
      6,
    );
    const scalar: LossFunction = (p, t) => ops.meanSquaredError(p, t);
    await expect(fitted(3, scalar, oneHot, { sampleWeight })).rejects.toThrow(
      "the loss 'scalar' gave [], expected one number for each example, because there are weights",
    );
    await expect(fitted(3, losses.meanSquaredError(), oneHot, { classWeight: { 0: 1 } })).rejects.toThrow(
      "classWeight needs one class for each example, but 'meanSquaredError' has 3 targets; use sampleWeight",
    );
  });

  test('hinge takes targets of 0 and 1 as −1 and 1', async () => {
    const loss = async (y: number[]) => {
      const model = sequential([dense({ units: 1, inputShape: [2] })], { seed: 3 });
      await model.compile({ optimizer: 'sgd', loss: 'hinge', metrics: ['accuracy'], device: createCpuDevice() });
      return model.evaluate({ x, y: Float32Array.from(y) });
    };
    expect(await loss([0, 1, 1, 0, 1])).toEqual(await loss([-1, 1, 1, -1, 1]));
    await expect(loss([2, 1, 1, 0, 1])).rejects.toThrow('target 2 at index 0, expected −1 and 1, or 0 and 1');
  });

  test('messages', async () => {
    const set = dataset({ x, y: labels });
    await expect(trained(set, { sampleWeight: [1, 2] }, 5)).rejects.toThrow(
      'sampleWeight has 2 numbers for 5 examples',
    );
    await expect(trained(set, { sampleWeight: [1, 2, 3, -1, 1] }, 5)).rejects.toThrow(
      'sampleWeight at index 3 is -1, expected a finite number of at least 0',
    );
    await expect(trained(set, { classWeight: { 3: 1 } }, 5)).rejects.toThrow(
      "classWeight has '3', expected class numbers from 0 to 2",
    );
  });
});
