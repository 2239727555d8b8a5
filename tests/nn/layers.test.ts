import { describe, expect, it } from 'vitest';

import {
  activation,
  averagePool2d,
  conv2d,
  createCpuDevice,
  dense,
  dropout,
  elu,
  flatten,
  gelu,
  type Layer,
  leakyRelu,
  maxPool2d,
  OptionError,
  reshape,
  sequential,
  ShapeError,
  zeros,
} from '../../src/index.ts';

const build = (layer: Layer, shape: number[]) => layer.build(shape, 'layer');

describe('shapes, weights and work', () => {
  it('of dense on vectors and on rows of a matrix', () => {
    const one = build(dense({ units: 5 }), [3]);
    expect(one).toMatchObject({ outputShape: [5], flopsPerSample: 30 });
    expect(Object.entries(one.weights).map(([name, { shape }]) => [name, shape])).toEqual([
      ['kernel', [3, 5]],
      ['bias', [5]],
    ]);
    const rows = build(dense({ units: 5, useBias: false }), [4, 3]);
    expect(rows).toMatchObject({ outputShape: [4, 5], flopsPerSample: 120 });
    expect(Object.keys(rows.weights)).toEqual(['kernel']);
    expect(() => build(dense({ units: 5 }), [])).toThrow(ShapeError);
  });

  it('of convolution and pooling', () => {
    const conv = build(conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: 'same', dilationRate: 1 }), [9, 8, 4]);
    expect(conv).toMatchObject({ outputShape: [5, 4, 8], flopsPerSample: 2 * 9 * 4 * 8 * 20 });
    expect(conv.weights['kernel']!.shape).toEqual([3, 3, 4, 8]);
    expect(build(conv2d({ filters: 1, kernelSize: 3, dilationRate: 2 }), [7, 7, 1]).outputShape).toEqual([3, 3, 1]);
    expect(build(maxPool2d(), [7, 6, 2]).outputShape).toEqual([3, 3, 2]);
    expect(build(averagePool2d({ poolSize: 3, strides: 1, padding: 'same' }), [7, 6, 2]).outputShape).toEqual([
      7, 6, 2,
    ]);
    expect(() => build(conv2d({ filters: 1, kernelSize: 3, strides: 0 }), [7, 7, 1])).toThrow(OptionError);
  });

  it('of layers that only change the shape', () => {
    expect(build(flatten(), [4, 3, 2]).outputShape).toEqual([24]);
    expect(build(reshape({ targetShape: [6, -1] }), [4, 3, 2]).outputShape).toEqual([6, 4]);
    expect(() => build(reshape({ targetShape: [5, -1] }), [4])).toThrow(
      new ShapeError('layer: [4] has 4 elements, which do not fill [5,-1]'),
    );
    expect(() => reshape({ targetShape: [-1, -1] })).toThrow(/^reshape: targetShape is \[-1,-1\]/);
    expect(() => dropout({ rate: 1 })).toThrow(new OptionError('dropout: rate is 1, expected at least 0 and below 1'));
    expect(() => leakyRelu({ negativeSlope: -1 })).toThrow(OptionError);
  });
});

it('layers are plain data but for two functions, and their options survive JSON', () => {
  const layer = conv2d({ filters: 2, kernelSize: 3, name: 'first', inputShape: [5, 5, 1], kernelInitializer: zeros() });
  expect(JSON.parse(JSON.stringify(layer))).toEqual({
    type: 'Conv2d',
    kind: 'conv',
    name: 'first',
    inputShape: [5, 5, 1],
    activation: 'linear',
    config: {
      filters: 2,
      kernelSize: [3, 3],
      strides: [1, 1],
      padding: 'valid',
      paddingMode: 'zeros',
      dilationRate: [1, 1],
      groups: 1,
      activation: 'linear',
      useBias: true,
    },
  });
  expect(() => dense({ units: 1, name: 'a\nb' })).toThrow(OptionError);
});

it('activation layers compute what their names say', async () => {
  const identity = { name: 'identity', values: () => Float32Array.of(1) };
  const of = async (layer: Layer, x: number): Promise<number> => {
    const model = sequential([dense({ units: 1, inputShape: [1], kernelInitializer: identity }), layer]);
    await model.compile({ optimizer: 'sgd', loss: 'mse', device: createCpuDevice() });
    return (await model.predict(Float32Array.of(x))).data[0]!;
  };
  expect(await of(leakyRelu({ negativeSlope: 0.25 }), -2)).toBe(-0.5);
  expect(await of(elu({ alpha: 2 }), -1)).toBeCloseTo(2 * Math.expm1(-1), 6);
  expect(await of(gelu(), 1)).toBeCloseTo(0.841345, 5);
  expect(await of(activation('linear'), -3)).toBe(-3);
  expect(await of(activation('relu'), -3)).toBe(0);
  expect(await of(activation('silu'), 2)).toBeCloseTo(2 / (1 + Math.exp(-2)), 6);
});

it('several predictions may be asked for at once, before there is a device', async () => {
  const model = sequential([dense({ units: 2, inputShape: [3] })], { seed: 4 });
  const x = Float32Array.of(1, 2, 3);
  const [a, b, c] = await Promise.all([model.predict(x), model.predict(x), model.inspect(x, ['dense_1'])]);
  expect(b).toEqual(a);
  expect(c['dense_1']).toEqual(a);
  const asked = model.predict(x);
  await model.compile({ optimizer: 'sgd', loss: 'mse', device: createCpuDevice() });
  expect(await asked).toEqual(a);
  expect(await model.predict(x)).toEqual(a);
});
