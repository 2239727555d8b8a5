import { describe, expect, test } from 'vitest';

import {
  createCpuDevice,
  dataset,
  dense,
  embedding,
  glyphs,
  metrics,
  OptionError,
  percentages,
  sequential,
  type AnyMetric,
  type CompileOptions,
} from '../../src/index.ts';
import { rocAuc } from '../../src/nn/roc.ts';
import { checkMetrics } from './metric_cases.ts';

test('every metric on 1,000 random cases', { timeout: 120_000 }, async () => {
  expect(await checkMetrics(createCpuDevice(), 1000)).toBe(3000);
});

async function trained(own: readonly AnyMetric[], loss: CompileOptions['loss'] = 'sparseCategoricalCrossentropy') {
  const model = sequential([dense({ units: 4, inputShape: [2] })], { seed: 3 });
  await model.compile({ optimizer: 'adam', loss, metrics: own, device: createCpuDevice() });
  return model;
}

const x = Float32Array.from({ length: 46 }, (_, i) => Math.sin(i * i));
const y = Int32Array.from({ length: 23 }, (_, i) => (i * 7) % 4);

describe('in training', () => {
  test('history, validation and evaluation have them, whatever the batches', async () => {
    const model = await trained(['accuracy', 'recall', metrics.precision({ class: 2 }), 'auc']);
    const { history } = await model.fit({ x, y }, { epochs: 2, batchSize: 5, validation: { x, y } });
    const names = ['loss', 'accuracy', 'recall', 'precision_2', 'auc'];
    expect(Object.keys(history)).toEqual([...names, ...names.map((name) => `val_${name}`)]);
    const one = await model.evaluate({ x, y }, { batchSize: 23 });
    const many = await model.evaluate({ x, y }, { batchSize: 4 });
    for (const name of names) expect(many[name], name).toBeCloseTo(one[name]!, 6);
    expect(history['val_recall']!.at(-1)).toBeCloseTo(one['recall']!, 12);
    expect(history['val_auc']!.at(-1)).toBeCloseTo(one['auc']!, 12);
  });

  test('the confusion matrix agrees with predictions', async () => {
    const model = await trained([]);
    const { counts, classes } = await model.confusionMatrix({ x, y }, { batchSize: 6 });
    expect(classes).toBe(4);
    const { data } = await model.predict({ data: x, shape: [23, 2] });
    const expected = new Float64Array(16);
    y.forEach((label, i) => {
      const row = data.subarray(4 * i, 4 * i + 4);
      expected[4 * label + row.indexOf(Math.max(...row))]! += 1;
    });
    expect([...counts]).toEqual([...expected]);
    expect([...(await model.confusionMatrix({ x, y })).counts]).toEqual([...expected]);
  });

  test('images of a hundred glyphs', async () => {
    const data = glyphs({ size: 100, seed: 1 });
    const model = sequential([dense({ units: 10, inputShape: [data.x.data.length / 100] })]);
    await model.compile({
      optimizer: 'sgd',
      loss: 'sparseCategoricalCrossentropy',
      metrics: [metrics.topKError({ k: 3 })],
      device: createCpuDevice(),
    });
    const flat = dataset({ x: data.x.data, y: data.y.data, shape: [data.x.data.length / 100] });
    const { top3Error } = await model.evaluate(flat);
    expect(top3Error).toBeGreaterThan(0.2);
    expect(top3Error).toBeLessThanOrEqual(1);
  });
});

describe('options', () => {
  test.each<[readonly AnyMetric[], CompileOptions['loss'], string]>([
    [
      ['precission' as 'precision'],
      'sparseCategoricalCrossentropy',
      "unknown metric 'precission', did you mean 'precision'?",
    ],
    [['precision'], 'mse', "'precision' needs classes, but the loss 'meanSquaredError' has none"],
    [['auc'], 'mse', "'auc' needs classes"],
    [['f1', 'f1'], 'sparseCategoricalCrossentropy', "two metrics are called 'f1'"],
  ])('%j with %s', async (own, loss, message) => {
    await expect(trained(own, loss)).rejects.toThrow(message);
  });

  test('found while the program is made', async () => {
    const model = await trained([metrics.recall({ class: 4 })]);
    await expect(model.evaluate({ x, y })).rejects.toThrow("'recall_4' is of class 4, expected one from 0 to 3");
    const wide = await trained([metrics.topKError()]);
    await expect(wide.evaluate({ x, y })).rejects.toThrow('of 4 classes is always 0');
  });

  test('of the functions', () => {
    expect(() => metrics.topKError({ k: 0 })).toThrow(
      new OptionError('topKError: k is 0, expected a positive integer'),
    );
    expect(() => metrics.recall({ class: -1 })).toThrow('recall: class is -1, expected a whole number from 0');
    expect(() => metrics.psnr({ range: 0 })).toThrow('psnr: range is 0, expected a positive number');
    expect(() => metrics.ssim({ window: 7 } as object)).toThrow("ssim: unknown option 'window'");
  });
});

test('identical images are 100 dB and 1 alike', async () => {
  const image = Float32Array.from({ length: 144 }, (_, i) => (i % 7) / 7);
  const model = sequential([dense({ units: 1, inputShape: [12, 12, 1], useBias: false })]);
  await model.compile({
    optimizer: 'sgd',
    loss: 'mse',
    metrics: [metrics.psnr(), metrics.ssim()],
    device: createCpuDevice(),
  });
  model.setWeights(new Map([['dense_1/kernel', { shape: [1, 1], data: Float32Array.of(1) }]]));
  const data = dataset({ x: { shape: [1, 12, 12, 1], data: image }, y: { shape: [1, 12, 12, 1], data: image } });
  const { psnr, ssim } = await model.evaluate(data);
  expect(psnr).toBeCloseTo(100, 3);
  expect(ssim).toBeCloseTo(1, 5);
});

test('percentages of rows, columns and all', () => {
  const matrix = { classes: 2, counts: Float64Array.of(3, 1, 0, 4) };
  expect([...percentages(matrix, 'rows')]).toEqual([75, 25, 0, 100]);
  expect([...percentages(matrix, 'columns')]).toEqual([100, 20, 0, 80]);
  expect([...percentages(matrix, 'all')]).toEqual([37.5, 12.5, 0, 50]);
  expect([...percentages({ classes: 2, counts: new Float64Array(4) }, 'rows')]).toEqual([0, 0, 0, 0]);
});

test('AUC by hand', () => {
  // yes 0.9 and 0.5, no 0.5 and 0.1: of four pairs three are in order and one is tied
  expect(rocAuc([0.9, 1, 0.5, 1, 0.5, 0, 0.1, 0], 1)).toBe(0.875);
  expect(rocAuc([0.9, 1, 0.7, -1, 0.5, 1, 0.5, 0, 0.6, -1, 0.1, 0], 1)).toBe(0.875);
  expect(rocAuc([0.9, 1, 0.5, 1], 1)).toBeNaN();
});

test('padding of sequences counts in no metric', async () => {
  // Every step is classified by its token alone; token 0 is padding, and its labels are nonsense.
  const tokens = Int32Array.of(1, 2, 3, 0, 2, 1, 0, 0, 3, 3, 2, 1);
  const labels = Int32Array.of(0, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0);
  const layers = [embedding({ inputDim: 4, outputDim: 3, maskZero: true, inputShape: [4] }), dense({ units: 2 })];
  const model = sequential(layers, { seed: 5 });
  const names = ['accuracy', 'precision', 'auc'] as const;
  await model.compile({
    optimizer: 'sgd',
    loss: 'sparseCategoricalCrossentropy',
    metrics: [...names, metrics.topKError({ k: 1 })],
    device: createCpuDevice(),
  });
  const data = { x: Float32Array.from(tokens), y: { shape: [3, 4], data: labels } };
  const found = await model.evaluate(data);
  const { data: scores } = await model.predict(Float32Array.from(tokens));
  const steps = [...tokens.keys()].filter((i) => tokens[i] !== 0);
  const margin = (i: number) => scores[2 * i + 1]! - scores[2 * i]!;
  const taken = (i: number) => Number(margin(i) > 0);
  const { counts } = await model.confusionMatrix(data);
  const expected = new Float64Array(4);
  for (const i of steps) expected[2 * labels[i]! + taken(i)]! += 1;
  expect([...counts]).toEqual([...expected]);
  const pairs = steps.flatMap((i) => [margin(i), labels[i]!]);
  expect(found['auc']).toBeCloseTo(rocAuc(pairs, 1), 6);
  const rights = [0, 1, 2].map((row) => {
    const own = steps.filter((i) => Math.floor(i / 4) === row);
    return own.filter((i) => taken(i) === labels[i]).length / own.length;
  });
  expect(found['accuracy']).toBeCloseTo(rights.reduce((a, b) => a + b) / 3, 6);
  expect(found['top1Error']).toBeCloseTo(1 - found['accuracy']!, 6);
});
