import { describe, expect, it } from 'vitest';

import {
  cnn,
  cnnS,
  conv2d,
  createCpuDevice,
  dense,
  dropout,
  flatten,
  glyphs,
  maxPool2d,
  mlp,
  relu,
  sequential,
} from '../../src/index.ts';

describe('parameter counts and shapes', () => {
  it('of the reference models', () => {
    expect(mlp().parameters.count).toBe(101_770);
    expect(cnn().parameters.count).toBe(160 + 4_640 + 46_090);
    expect(cnnS().parameters.count).toBe(9_098);
  });

  it("of the lecture's 9-class CNN, layer by layer, without batch norm", () => {
    const conv = (filters: number, rest: object = {}) =>
      conv2d({ filters, kernelSize: 3, activation: 'relu', ...rest });
    const model = sequential([
      conv(16, { inputShape: [28, 28, 3] }),
      conv(16),
      maxPool2d(),
      conv(64),
      conv(64),
      conv(64, { padding: 1 }),
      maxPool2d(),
      flatten(),
      dense({ units: 128, activation: 'relu' }),
      dense({ units: 128, activation: 'relu' }),
      dense({ units: 9 }),
    ]);
    const { rows } = model.summary();
    expect(rows.slice(0, 3).map(({ params }) => params)).toEqual([448, 2_320, 0]);
    expect(rows.map(({ output }) => output)).toEqual([
      '[N, 26, 26, 16]',
      '[N, 24, 24, 16]',
      '[N, 12, 12, 16]',
      '[N, 10, 10, 64]',
      '[N, 8, 8, 64]',
      '[N, 8, 8, 64]',
      '[N, 4, 4, 64]',
      '[N, 1024]',
      '[N, 128]',
      '[N, 128]',
      '[N, 9]',
    ]);
    expect(rows.map(({ name }) => name).slice(0, 4)).toEqual(['conv_1', 'conv_2', 'pool_1', 'conv_3']);
  });

  it('of the table in the specification', () => {
    expect(cnnS().summary().text).toBe(
      [
        'Model "cnn-s"   input [N, 28, 28, 1]',
        ' #  layer (type)       output            params   MFLOP/sample',
        ' 1  conv1 (Conv2d)     [N, 28, 28, 8]        80          0.113',
        ' 2  relu1 (ReLU)       [N, 28, 28, 8]         0',
        ' 3  pool1 (MaxPool2d)  [N, 14, 14, 8]         0',
        ' 4  conv2 (Conv2d)     [N, 14, 14, 16]    1 168          0.452',
        ' 5  relu2 (ReLU)       [N, 14, 14, 16]        0',
        ' 6  pool2 (MaxPool2d)  [N, 7, 7, 16]          0',
        ' 7  flat (Flatten)     [N, 784]               0',
        ' 8  fc (Dense)         [N, 10]            7 850          0.016',
        'params      9 098 trainable, 0 frozen (35.5 KiB f32)',
      ].join('\n'),
    );
    expect(cnnS().summary().totals.flopsPerSample).toBe(580_160);
  });
});

it('inspect gives any layer, and the same numbers as predict', async () => {
  const model = sequential([
    conv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
    maxPool2d({ poolSize: 2 }),
    flatten(),
    dropout({ rate: 0.5 }),
    dense({ units: 3 }),
    relu(),
  ]);
  const images = glyphs({ size: 3 });
  const found = await model.inspect(images, ['conv_1', 'pool_1', 'relu_1']);
  expect(Object.entries(found).map(([name, { shape }]) => [name, shape])).toEqual([
    ['conv_1', [3, 26, 26, 2]],
    ['pool_1', [3, 13, 13, 2]],
    ['relu_1', [3, 3]],
  ]);
  expect(found['relu_1']).toEqual(await model.predict(images));
  // Batches of 2 and 1 give the same as one of 3.
  const cut = await model.predict(images, { batchSize: 2 });
  cut.data.forEach((value, i) => expect(value).toBeCloseTo(found['relu_1']!.data[i]!, 6));
});

it('plan counts bytes and allocates nothing', async () => {
  const model = mlp();
  const device = createCpuDevice();
  await model.compile({ optimizer: 'adam', loss: 'nll', device });
  const before = device.stats();
  const small = await model.plan({ batchSize: 16 });
  const large = await model.plan({ batchSize: 64 });
  expect(device.stats()).toEqual(before);
  expect(small.parameters).toBe(4 * Math.ceil((784 * 128) / 64) * 64 + 4 * 128 + 4 * 1280 + 4 * 64);
  expect(small.gradients).toBe(small.parameters);
  expect(small.optimizer).toBe(2 * small.parameters + 4);
  expect(large.activations).toBeGreaterThan(3 * small.activations);
  expect(small.activations).toBeGreaterThanOrEqual(small.activationsLowerBound);
  expect(small.text).toContain('matmul');
});
