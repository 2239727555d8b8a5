// The convolution layers: shapes, weights, work, initializers, saved options, and training through each of them.

import { describe, expect, it } from 'vitest';

import {
  adam,
  conv1d,
  conv1dTranspose,
  conv2d,
  conv2dTranspose,
  conv3d,
  conv3dTranspose,
  createCpuDevice,
  dense,
  depthwiseConv1d,
  depthwiseConv2d,
  flatten,
  type Layer,
  ones,
  OptionError,
  separableConv1d,
  separableConv2d,
  sequential,
  ShapeError,
  uniform,
} from '../../src/index.ts';
import { layerFromConfig } from '../../src/nn/layers/from_config.ts';

const build = (layer: Layer, shape: number[]) => layer.build(shape, 'layer');
const weightsOf = (layer: Layer, shape: number[]) =>
  Object.fromEntries(Object.entries(build(layer, shape).weights).map(([name, spec]) => [name, spec.shape]));

// prettier-ignore
const table: [string, Layer, number[], number[], Record<string, number[]>, number][] = [
  ['Conv1d', conv1d({ filters: 6, kernelSize: 3, padding: 'causal', dilationRate: 2, strides: 2 }), [9, 4], [5, 6],
    { kernel: [3, 4, 6], bias: [6] }, 2 * 3 * 4 * 6 * 5],
  ['Conv2d', conv2d({ filters: 8, kernelSize: [3, 2], groups: 2, padding: 1, paddingMode: 'circular', useBias: false }), [5, 6, 4], [5, 7, 8],
    { kernel: [3, 2, 2, 8] }, 2 * 3 * 2 * 2 * 8 * 35],
  ['Conv3d', conv3d({ filters: 2, kernelSize: 2, strides: [1, 2, 1] }), [3, 5, 4, 3], [2, 2, 3, 2],
    { kernel: [2, 2, 2, 3, 2], bias: [2] }, 2 * 8 * 3 * 2 * 12],
  ['Conv1dTranspose', conv1dTranspose({ filters: 3, kernelSize: 4, strides: 2, padding: 1 }), [5, 6], [10, 3],
    { kernel: [4, 3, 6], bias: [3] }, 2 * 4 * 3 * 6 * 5],
  ['Conv2dTranspose', conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' }), [5, 6, 2], [10, 12, 4],
    { kernel: [3, 3, 4, 2], bias: [4] }, 2 * 9 * 4 * 2 * 30],
  ['Conv3dTranspose', conv3dTranspose({ filters: 4, kernelSize: 3, strides: 2, outputPadding: 1, groups: 2 }), [2, 3, 1, 2], [6, 8, 4, 4],
    { kernel: [3, 3, 3, 2, 2], bias: [4] }, 2 * 27 * 2 * 2 * 6],
  ['DepthwiseConv1d', depthwiseConv1d({ kernelSize: 3, depthMultiplier: 2 }), [7, 3], [5, 6],
    { kernel: [3, 3, 2], bias: [6] }, 2 * 3 * 3 * 2 * 5],
  ['DepthwiseConv2d', depthwiseConv2d({ kernelSize: 3, dilationRate: 2, padding: 'same' }), [7, 8, 3], [7, 8, 3],
    { kernel: [3, 3, 3, 1], bias: [3] }, 2 * 9 * 3 * 56],
  ['SeparableConv1d', separableConv1d({ filters: 5, kernelSize: 3 }), [7, 3], [5, 5],
    { depthwiseKernel: [3, 3, 1], pointwiseKernel: [1, 3, 5], bias: [5] }, 2 * 5 * (3 * 3 + 3 * 5)],
  ['SeparableConv2d', separableConv2d({ filters: 5, kernelSize: 3, depthMultiplier: 2, padding: 'same', strides: 2 }), [8, 6, 3], [4, 3, 5],
    { depthwiseKernel: [3, 3, 3, 2], pointwiseKernel: [1, 1, 6, 5], bias: [5] }, 2 * 12 * (9 * 6 + 6 * 5)],
];

describe.each(table)('%s', (type, layer, inputShape, outputShape, weights, flops) => {
  it('has the shapes and the work it says', () => {
    expect(layer.type).toBe(type);
    expect(build(layer, inputShape)).toMatchObject({ outputShape, flopsPerSample: flops });
    expect(weightsOf(layer, inputShape)).toEqual(weights);
    expect(() => build(layer, [...inputShape, 1])).toThrow(ShapeError);
  });

  it('comes back from its saved options', () => {
    const config = JSON.parse(JSON.stringify(layer)).config as Layer['config'];
    const again = layerFromConfig(type, 'again', config);
    expect(again.config).toEqual(layer.config);
    expect(weightsOf(again, inputShape)).toEqual(weights);
    expect(() => layerFromConfig(type, 'again', { ...config, dilation: 2 })).toThrow(/did you mean 'dilationRate'/);
  });

  it('learns', async () => {
    const first = { ...layer.config, inputShape };
    const model = sequential([layerFromConfig(type, 'first', first), flatten(), dense({ units: 2 })], { seed: 3 });
    const size = inputShape.reduce((a, b) => a * b, 1);
    const x = Float32Array.from({ length: 8 * size }, (_, i) => Math.sin(1.3 * i * i));
    const y = Int32Array.of(0, 1, 0, 1, 1, 0, 1, 0);
    await model.compile({
      optimizer: adam({ learningRate: 0.03 }),
      loss: 'sparseCategoricalCrossentropy',
      device: createCpuDevice(),
    });
    const { history } = await model.fit({ x, y }, { epochs: 30, batchSize: 4 });
    const loss = history['loss']!;
    expect(loss.at(-1)!).toBeLessThan(0.5 * loss[0]!);
  });
});

it('separable layers draw each kernel from its own initializer', () => {
  const layer = separableConv2d({
    filters: 4,
    kernelSize: 3,
    depthwiseInitializer: ones(),
    pointwiseInitializer: uniform({ min: 2, max: 3 }),
    biasInitializer: 'zeros',
  });
  const { depthwiseKernel, pointwiseKernel, bias } = build(layer, [5, 5, 3]).weights;
  const values = (spec: typeof bias) => [...spec!.initializer.values(spec!.shape, 1, 0)];
  expect(new Set(values(depthwiseKernel))).toEqual(new Set([1]));
  expect(values(pointwiseKernel).every((value) => value >= 2 && value < 3)).toBe(true);
  expect(new Set(values(bias))).toEqual(new Set([0]));
  expect(() => separableConv2d({ filters: 4, kernelSize: 3, kernelInitializer: 'ones' } as never)).toThrow(
    "separableConv2d: unknown option 'kernelInitializer'",
  );
});

it('depthwise kernels have the fans of Keras, and of PyTorch for torchDefault', () => {
  const largest = (depthwiseInitializer: string) => {
    const { kernel } = build(depthwiseConv2d({ kernelSize: 3, depthwiseInitializer }), [5, 5, 64]).weights;
    return Math.max(...kernel!.initializer.values(kernel!.shape, 1, 0).map(Math.abs));
  };
  const keras = Math.sqrt(6 / (9 * 64 + 9));
  expect(largest('glorotUniform')).toBeLessThan(keras);
  expect(largest('glorotUniform')).toBeGreaterThan(0.97 * keras);
  const torch = 1 / 3; // √(1 / (3·3)): one channel to each group
  expect(largest('torchDefault')).toBeLessThan(torch);
  expect(largest('torchDefault')).toBeGreaterThan(0.97 * torch);
});

it('options are refused on the line that gives them, images where they are met', () => {
  expect(() => conv1d({ filters: 2, kernelSize: 0 })).toThrow(OptionError);
  expect(() => conv2d({ filters: 3, kernelSize: 3, groups: 2 })).toThrow(
    'conv2d: 3 filters do not divide into 2 groups',
  );
  expect(() => conv2d({ filters: 2, kernelSize: 3, padding: 'causal' as never })).toThrow('padding is "causal"');
  expect(() => conv2d({ filters: 2, kernelSize: 3, paddingMode: 'mirror' as never })).toThrow(
    'paddingMode is "mirror"',
  );
  expect(() => conv2d({ filter: 2, kernelSize: 3 } as never)).toThrow(
    "unknown option 'filter', did you mean 'filters'?",
  );
  expect(() => conv2dTranspose({ filters: 2, kernelSize: 3, paddingMode: 'reflect' } as never)).toThrow(
    "unknown option 'paddingMode'",
  );
  expect(() => depthwiseConv2d({ kernelSize: 3, depthMultiplier: 0 })).toThrow('depthMultiplier is 0');
  expect(() => build(conv2d({ filters: 4, kernelSize: 3, groups: 2 }), [5, 5, 3])).toThrow(
    'layer: 3 input channels do not divide into 2 groups',
  );
  expect(() => build(conv2d({ filters: 4, kernelSize: 3, padding: 3, paddingMode: 'reflect' }), [3, 5, 2])).toThrow(
    "layer: 'reflect' padding of 3 in dimension 1",
  );
});
