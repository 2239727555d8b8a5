// The layers of pooling, borders and upsampling: shapes, defaults, what they compute, and that files give them back.

import { describe, expect, it } from 'vitest';
import * as retrograd from '../../src/index.ts';
import { evaluateGraph, inputTensor, type Layer, OptionError, ops, ShapeError, type Tensor } from '../../src/index.ts';
import { layerContext } from '../../src/nn/layer.ts';
import { layerFromConfig } from '../../src/nn/layers/from_config.ts';
import { sampleValues } from '../ops/table.ts';

const {
  adaptiveAveragePool2d,
  averagePool2d,
  cropping1d,
  cropping2d,
  globalAveragePool2d,
  lpPool2d,
  maxPool1d,
  maxPool2d,
  upSampling2d,
  zeroPadding1d,
  zeroPadding2d,
} = retrograd;

const shapes: Record<string, number[]> = { '1d': [8, 3], '2d': [7, 6, 3], '3d': [5, 4, 6, 2] };
const names = ['maxPool', 'averagePool', 'sumPool', 'l2Pool'];
type Make = (options?: object) => Layer;
const layerOf = (name: string) => (retrograd as unknown as Record<string, Make>)[name]!;
const functionOf = (name: string) => (ops as unknown as Record<string, (x: Tensor, o: object) => Tensor>)[name]!;

const cases: [string, object, (x: Tensor) => Tensor][] = ['1d', '2d', '3d'].flatMap((rank) => {
  const fixed = (name: string, options: object, given: object = options): [string, object, (x: Tensor) => Tensor] => [
    `${name}${rank}`,
    given,
    (x) => functionOf(`${name}${rank}`)(x, options),
  ];
  const border = (n: number) => [[0, 0], ...new Array<[number, number]>(Number(rank[0])).fill([n, n]), [0, 0]] as const;
  return [
    ...names.flatMap((name) => [
      fixed(name, { poolSize: 2 }, {}),
      fixed(name, { poolSize: 3, strides: 1, padding: 'same' }),
      fixed(name, { poolSize: 2, strides: 2, padding: 1, ceilMode: true }),
      fixed(name, { poolSize: 2, strides: 1, dilationRate: 2 }),
    ]),
    fixed('averagePool', { poolSize: 3, padding: 1, countIncludePad: true }),
    fixed('lpPool', { poolSize: 2, p: 3 }),
    ...['globalMaxPool', 'globalAveragePool', 'globalSumPool'].flatMap((name) => [
      fixed(name, {}),
      fixed(name, { keepDims: true }),
    ]),
    ...['adaptiveAveragePool', 'adaptiveMaxPool'].flatMap((name) => [
      fixed(name, { outputSize: 3 }),
      fixed(name, { outputSize: 1 }),
    ]),
    fixed('upSampling', {}),
    fixed('upSampling', { size: 3 }),
    [`zeroPadding${rank}`, {}, (x: Tensor) => ops.pad(x, border(1))],
    [
      `zeroPadding${rank}`,
      { padding: 2, paddingMode: 'reflect' },
      (x: Tensor) => ops.pad(x, border(2), { paddingMode: 'reflect' }),
    ],
    [
      `zeroPadding${rank}`,
      { padding: 1, paddingMode: 'constant', value: -2 },
      (x: Tensor) => ops.pad(x, border(1), { paddingMode: 'constant', value: -2 }),
    ],
    [`cropping${rank}`, { cropping: 1 }, (x: Tensor) => ops.crop(x, border(1))],
  ] as [string, object, (x: Tensor) => Tensor][];
});
cases.push(
  ['upSampling1d', { interpolation: 'linear' }, (x) => ops.upSampling1d(x, { interpolation: 'linear' })],
  [
    'upSampling2d',
    { size: [2, 3], interpolation: 'bilinear', alignCorners: true },
    (x) => ops.upSampling2d(x, { size: [2, 3], interpolation: 'bilinear', alignCorners: true }),
  ],
  ['upSampling3d', { interpolation: 'trilinear' }, (x) => ops.upSampling3d(x, { interpolation: 'trilinear' })],
);

// None of these layers asks for anything.
const context = layerContext({ training: false, random: inputTensor('random', [4], 'u32'), stream: 0 });

describe('each layer computes what its function does, has the shape it says, and comes back from a file', () => {
  it.each(cases)('%s %j', (name, options, f) => {
    const inputShape = shapes[name.slice(-2)]!;
    const x = inputTensor('x', [2, ...inputShape]);
    const layer = layerOf(name)({ ...options, name: 'own' });
    const y = layer.apply(x, () => x, context);
    const expected = f(x);
    const built = layer.build(inputShape, 'own');
    expect(built.weights).toEqual({});
    expect([2, ...built.outputShape]).toEqual(y.shape);

    const saved = JSON.parse(JSON.stringify({ type: layer.type, config: layer.config })) as Pick<
      Layer,
      'type' | 'config'
    >;
    const loaded = layerFromConfig(saved.type, 'own', saved.config);
    expect(loaded.config).toEqual(layer.config);
    const again = loaded.apply(x, () => x, context);

    const feeds = new Map([[x, sampleValues({ shape: x.shape }, 5)]]);
    const [a, b, c] = evaluateGraph([y, expected, again], feeds);
    expect(y.shape).toEqual(expected.shape);
    expect(a).toEqual(b);
    expect(c).toEqual(b);
  });
});

it('defaults are those of Keras', () => {
  const shape = (layer: Layer, inputShape: number[]) => layer.build(inputShape, 'layer').outputShape;
  expect(shape(maxPool1d(), [7, 2])).toEqual([3, 2]);
  expect(maxPool2d({ poolSize: [3, 2] }).config).toEqual({ poolSize: [3, 2], strides: [3, 2], padding: 'valid' });
  expect(shape(zeroPadding2d(), [3, 4, 2])).toEqual([5, 6, 2]);
  expect(shape(zeroPadding2d({ padding: [[1, 0], [0, 2]] }), [3, 4, 2])).toEqual([4, 6, 2]); // prettier-ignore
  expect(shape(zeroPadding2d({ padding: [1, 2] }), [3, 4, 2])).toEqual([5, 8, 2]);
  expect(shape(zeroPadding1d({ padding: [1, 2] }), [3, 2])).toEqual([6, 2]);
  expect(shape(cropping1d(), [5, 2])).toEqual([3, 2]);
  expect(shape(cropping2d(), [3, 4, 2])).toEqual([3, 4, 2]);
  expect(shape(cropping2d({ cropping: [[1, 0], [0, 2]] }), [3, 4, 2])).toEqual([2, 2, 2]); // prettier-ignore
  expect(shape(globalAveragePool2d(), [3, 4, 2])).toEqual([2]);
  expect(shape(upSampling2d(), [3, 4, 2])).toEqual([6, 8, 2]);
  expect(shape(adaptiveAveragePool2d({ outputSize: [1, 3] }), [3, 4, 2])).toEqual([1, 3, 2]);
});

it('messages name the layer', () => {
  expect(() => maxPool2d({ poolSize: 0 })).toThrow('maxPool2d: poolSize is 0, expected an integer of at least 1');
  expect(() => maxPool2d({ padding: 'full' as 'same' })).toThrow(/^maxPool2d: padding is "full"/);
  expect(() => maxPool2d({ countIncludePad: true } as object)).toThrow("maxPool2d: unknown option 'countIncludePad'");
  expect(() => averagePool2d({ poolSizes: 2 } as object)).toThrow("did you mean 'poolSize'");
  expect(() => lpPool2d({} as { p: number })).toThrow(
    new OptionError('lpPool2d: p is undefined, expected a number of at least 1'),
  );
  expect(() => maxPool2d().build([4, 4], 'pool_1')).toThrow(
    new ShapeError('pool_1: expected images [H,W,C], got [4,4]'),
  );
  expect(() => maxPool2d({ poolSize: 5 }).build([4, 4, 1], 'pool_1')).toThrow(
    /^pool_1: effective kernel d\(k-1\)\+1 = 5 exceeds/,
  );
  expect(() => zeroPadding2d({ padding: -1 })).toThrow(
    /^zeroPadding2d: padding is -1, expected an integer of at least 0/,
  );
  expect(() => zeroPadding2d({ padding: [[1, 2]] as never })).toThrow(OptionError);
  expect(() => zeroPadding2d({ value: 1 })).toThrow("expected paddingMode 'constant' with it");
  expect(() => zeroPadding2d({ padding: 3, paddingMode: 'reflect' }).build([3, 8, 1], 'pad_1')).toThrow(
    'pad_1: padding [3,3] of axis 1, whose length is 3, has nothing to reflect, expected at most 2',
  );
  expect(() => cropping2d({ cropping: 2 }).build([4, 9, 1], 'crop_1')).toThrow(
    new ShapeError('crop_1: cropping [[2,2],[2,2]] leaves nothing of [4,9,1]'),
  );
  expect(() => upSampling2d({ interpolation: 'cubic' as 'bilinear' })).toThrow(
    /^upSampling2d: interpolation is 'cubic'/,
  );
  expect(() => globalAveragePool2d({ keepdims: true } as object)).toThrow("did you mean 'keepDims'");
});
