import { describe, expect, test } from 'vitest';
import { summaryRows, summaryText, type LayerDescription, type ModelDescription } from '../../src/train/summary.ts';

const layer = (name: string, type: string, output: number[], params = 0, flopsPerSample = 0): LayerDescription => ({
  name,
  type,
  output,
  params,
  trainable: true,
  flopsPerSample,
});

const cnn: ModelDescription = {
  name: 'cnn-s',
  inputShape: [28, 28, 1],
  layers: [
    layer('conv1', 'Conv2d', [28, 28, 8], 80, 2 * 9 * 1 * 8 * 784),
    layer('relu1', 'ReLU', [28, 28, 8]),
    layer('pool1', 'MaxPool2d', [14, 14, 8]),
    layer('conv2', 'Conv2d', [14, 14, 16], 1168, 2 * 9 * 8 * 16 * 196),
    layer('relu2', 'ReLU', [14, 14, 16]),
    layer('pool2', 'MaxPool2d', [7, 7, 16]),
    layer('flat', 'Flatten', [784]),
    layer('fc', 'Dense', [10], 7850, 2 * 784 * 10),
  ],
};

const table = `
Model "cnn-s"   input [N, 28, 28, 1]
 #  layer (type)       output            params   MFLOP/sample
 1  conv1 (Conv2d)     [N, 28, 28, 8]        80          0.113
 2  relu1 (ReLU)       [N, 28, 28, 8]         0
 3  pool1 (MaxPool2d)  [N, 14, 14, 8]         0
 4  conv2 (Conv2d)     [N, 14, 14, 16]    1 168          0.452
 5  relu2 (ReLU)       [N, 14, 14, 16]        0
 6  pool2 (MaxPool2d)  [N, 7, 7, 16]          0
 7  flat (Flatten)     [N, 784]               0
 8  fc (Dense)         [N, 10]            7 850          0.016
params      9 098 trainable, 0 frozen (35.5 KiB f32)`.slice(1);

describe('summaryText', () => {
  test('the specified sample', () => {
    expect(summaryText(cnn)).toBe(table);
    expect(summaryText(cnn, { width: 80 })).toBe(table);
    expect(summaryText(cnn, { width: 120 })).toBe(table);
  });

  test('at 60 columns names wrap', () => {
    const text = summaryText(cnn, { width: 60 });
    expect(text).toMatchInlineSnapshot(`
      "Model "cnn-s"   input [N, 28, 28, 1]
       #  layer (type)     output            params   MFLOP/sample
       1  conv1 (Conv2d)   [N, 28, 28, 8]        80          0.113
       2  relu1 (ReLU)     [N, 28, 28, 8]         0
       3  pool1            [N, 14, 14, 8]         0
          (MaxPool2d)
       4  conv2 (Conv2d)   [N, 14, 14, 16]    1 168          0.452
       5  relu2 (ReLU)     [N, 14, 14, 16]        0
       6  pool2            [N, 7, 7, 16]          0
          (MaxPool2d)
       7  flat (Flatten)   [N, 784]               0
       8  fc (Dense)       [N, 10]            7 850          0.016
      params      9 098 trainable, 0 frozen (35.5 KiB f32)"
    `);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  const long: ModelDescription = {
    name: 'a long name',
    inputShape: [[32, 32, 3], [16]],
    layers: [
      layer(
        'encoder/block_3/depthwise_separable_convolution_with_a_long_name',
        'DepthwiseConv2d',
        [1024, 1024, 512],
        123_456_789,
        1.5e9,
      ),
      { ...layer('embedding', 'Embedding', [10, 8], 800), trainable: false },
      { ...layer('norm', 'BatchNorm', [8], 32), trainableParams: 16 },
    ],
    optimizer: { name: 'adam', slots: 2 },
    memory: { batch: 64, weights: 494e6, gradients: 493e6, optimizer: 987e6, activations: 137e9 },
  };

  test.each([60, 80, 120])('long names wrap at %i columns and lose nothing', (width) => {
    const text = summaryText(long, { width });
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
    const columns = text.split('\n').slice(2, -5);
    expect(columns.map((line) => line.slice(4).split('  ')[0]!.trim()).join('')).toContain(
      'encoder/block_3/depthwise_separable_convolution_with_a_long_name',
    );
    expect(text).toMatchSnapshot();
  });

  test('a shared layer is counted once and marked', () => {
    const model: ModelDescription = {
      name: 'siamese',
      inputShape: [4],
      layers: [
        { ...layer('tower', 'Dense', [8], 40, 64), shared: true },
        { ...layer('tower', 'Dense', [8], 40, 64), shared: true },
        layer('out', 'Dense', [1], 17, 32),
      ],
    };
    expect(summaryText(model)).toMatchInlineSnapshot(`
      "Model "siamese"   input [N, 4]
       #  layer (type)                  output   params   MFLOP/sample
       1  tower (Dense)                 [N, 8]       40       0.000064
       2  tower (Dense), shared with 1  [N, 8]   shared       0.000064
       3  out (Dense)                   [N, 1]       17       0.000032
      params      57 trainable, 0 frozen (228 B f32)"
    `);
    const { rows, totals } = summaryRows(model);
    expect(rows.map(({ params, sharedWith }) => [params, sharedWith])).toEqual([
      [40, null],
      [0, 1],
      [17, null],
    ]);
    expect(totals).toMatchObject({ trainable: 57, flopsPerSample: 160 });
  });
});

test('totals: trainable, frozen, optimizer and memory stand apart', () => {
  const { totals } = summaryRows({
    ...cnn,
    layers: [...cnn.layers, { ...layer('base', 'Dense', [2], 100), trainable: false }],
    optimizer: { name: 'adam', slots: 2 },
    memory: { batch: 64, weights: 1, gradients: 2, optimizer: 4, activations: 8 },
  });
  expect(totals).toMatchObject({
    trainable: 9098,
    frozen: 100,
    bytes: 4 * 9198,
    flopsPerSample: 580_160,
    optimizer: { name: 'adam', numbers: 18_196, bytes: 72_784 },
    memory: { batch: 64, total: 15 },
  });
});

test('unknown fields are refused', () => {
  expect(() => summaryText(cnn, { widht: 80 } as never)).toThrow(
    "summaryText: unknown option 'widht', did you mean 'width'?",
  );
  expect(() => summaryRows({ ...cnn, optimiser: 1 } as never)).toThrow("did you mean 'optimizer'?");
});
