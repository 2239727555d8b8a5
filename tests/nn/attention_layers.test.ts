import { describe, expect, test } from 'vitest';

import {
  adam,
  createCpuDevice,
  dense,
  embedding,
  flatten,
  input,
  type Layer,
  multiHeadAttention,
  OptionError,
  permute,
  positionalEncoding,
  repeatVector,
  sequential,
  ShapeError,
} from '../../src/index.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { layerContext } from '../../src/nn/layer.ts';
import { layerFromConfig } from '../../src/nn/layers/from_config.ts';
import { parameters } from '../../src/nn/parameters.ts';
import { mul as multiply, sum } from '../../src/ops/functions.ts';
import { sinusoidalEncoding } from '../../src/ops/positional_encoding.ts';

const build = (layer: Layer, shape: number[], ...others: number[][]) => layer.build(shape, 'layer', others);
const random = constantTensor(Uint32Array.of(1, 2, 0, 0), [4], 'u32');

/** A layer on tensors, with weights drawn from seed 3. */
function run(layer: Layer, x: Tensor, others: Tensor[] = [], training = false) {
  const built = layer.build(
    x.shape.slice(1),
    'layer',
    others.map(({ shape }) => shape.slice(1)),
  );
  const weights = Object.keys(built.weights).length > 0 ? parameters(built.weights, { seed: 3 }) : null;
  const context = layerContext({ training, random, stream: 9 });
  const y = layer.apply(x, (name) => weights!.get(name), context, others);
  expect(y.shape.slice(1)).toEqual(built.outputShape);
  return { y, weights };
}

const numbers = (shape: readonly number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return constantTensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i + 1)),
    shape,
    'f32',
  );
};
const values = (tensor: Tensor) => [...evaluate([tensor])[0]!];

describe('embedding', () => {
  test('shapes, and weights within ±0.05', () => {
    const built = build(embedding({ inputDim: 7, outputDim: 3 }), [4]);
    expect(built.outputShape).toEqual([4, 3]);
    expect(Object.keys(built.weights)).toEqual(['embeddings']);
    const drawn = built.weights['embeddings']!.initializer.values([7, 3], 1, 0);
    expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(0.05);
    expect(Math.max(...drawn)).toBeGreaterThan(0.03);
    expect(() => embedding({ inputDim: 0, outputDim: 3 })).toThrow(OptionError);
    // @ts-expect-error tokens other than 0 are masked by paddingMask
    expect(() => embedding({ inputDim: 5, outputDim: 3, maskZero: 1 })).toThrow(
      new OptionError('embedding: maskZero is 1, expected true or false'),
    );
  });

  test('rows of the table, for i32 and for whole f32', () => {
    const layer = embedding({ inputDim: 5, outputDim: 2 });
    const { y, weights } = run(layer, constantTensor(Int32Array.of(4, 0, 4, 2), [2, 2], 'i32'));
    const table = values(weights!.get('embeddings'));
    expect(values(y)).toEqual([4, 0, 4, 2].flatMap((row) => table.slice(2 * row, 2 * row + 2)));
    expect(values(run(layer, constantTensor(Float32Array.of(4, 0, 4, 2), [2, 2], 'f32')).y)).toEqual(values(y));
    const gradient = gradients(sum(y), [weights!.get('embeddings')])[0]!;
    expect(values(gradient)).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 2, 2]);
  });
});

describe('multiHeadAttention', () => {
  test('weights named and shaped as in Keras', () => {
    const layer = multiHeadAttention({ numHeads: 2, keyDim: 3, valueDim: 4, outputShape: 5 });
    const shapes = Object.fromEntries(
      Object.entries(build(layer, [7, 6]).weights).map(([name, { shape }]) => [name, shape]),
    );
    expect(shapes).toEqual({
      'query/kernel': [6, 2, 3],
      'query/bias': [2, 3],
      'key/kernel': [6, 2, 3],
      'key/bias': [2, 3],
      'value/kernel': [6, 2, 4],
      'value/bias': [2, 4],
      'output/kernel': [2, 4, 5],
      'output/bias': [5],
    });
    const bare = build(multiHeadAttention({ numHeads: 1, keyDim: 2, useBias: false }), [4, 6]);
    expect(bare.outputShape).toEqual([4, 6]);
    expect(Object.keys(bare.weights)).toHaveLength(4);
    // projections 3·2·4·6·2, scores and sums 2·2·4·4·2, output 2·4·2·6
    expect(bare.flopsPerSample).toBe(288 + 128 + 96);
  });

  test('cross-attention on a query and a value of other sizes', () => {
    const layer = multiHeadAttention({ numHeads: 2, keyDim: 3 });
    const { y } = run(layer, numbers([2, 3, 4]), [numbers([2, 5, 6])]);
    expect(y.shape).toEqual([2, 3, 4]);
    expect(values(y).every(Number.isFinite)).toBe(true);
    expect(() => build(layer, [3, 4], [5, 6], [4, 6])).toThrow(
      new ShapeError('layer: expected [Q, in], [K, in] and [K, in] for query, value and key, got [3,4], [5,6], [4,6]'),
    );
    expect(() => build(layer, [3])).toThrow(ShapeError);
    const [query, memory] = [input({ shape: [3, 4] }), input({ shape: [5, 6] })];
    expect(layer([query, memory]).shape).toEqual([3, 4]);
    expect(layer(query).shape).toEqual([3, 4]);
  });

  test('a causal layer does not look ahead, another does', () => {
    const x = inputTensor('x', [1, 4, 3]);
    const at = new Map([[x, Float64Array.from({ length: 12 }, (_, i) => Math.cos(i))]]);
    const reach = (useCausalMask: boolean) => {
      const { y } = run(multiHeadAttention({ numHeads: 1, keyDim: 2, useCausalMask }), x);
      const first = sum(constantMask(y, 0));
      return [...evaluate(gradients(first, [x]), at)[0]!].map((slope) => slope !== 0);
    };
    expect(reach(true)).toEqual([true, true, true, ...new Array<boolean>(9).fill(false)]);
    expect(reach(false).slice(9)).toEqual([true, true, true]);
  });

  test('dropout is active in training only', () => {
    const layer = multiHeadAttention({ numHeads: 2, keyDim: 3, dropout: 0.5 });
    const x = numbers([2, 6, 4]);
    expect(values(run(layer, x, [], true).y)).not.toEqual(values(run(layer, x).y));
    expect(() => multiHeadAttention({ numHeads: 2, keyDim: 3, dropout: 1 })).toThrow('dropout is 1');
    expect(() => multiHeadAttention({ numHeads: 0, keyDim: 3 })).toThrow('numHeads is 0');
  });
});

/** Only place `at` of [1, T, D]. */
function constantMask(y: Tensor, at: number): Tensor {
  const mask = numbers(y.shape.map((n, i) => (i === 1 ? n : 1)));
  const keep = constantTensor(
    Float32Array.from({ length: y.shape[1]! }, (_, i) => Number(i === at)),
    mask.shape,
    'f32',
  );
  return multiply(y, keep);
}

test('permute and repeatVector', () => {
  expect(build(permute({ dims: [2, 1] }), [3, 4]).outputShape).toEqual([4, 3]);
  const { y } = run(permute({ dims: [2, 1] }), numbers([1, 2, 3]));
  const x = values(numbers([1, 2, 3]));
  expect(values(y)).toEqual([0, 3, 1, 4, 2, 5].map((i) => x[i]));
  expect(() => permute({ dims: [0, 1] })).toThrow('permute: dims are [0,1], expected the axes 1 to n in some order');
  expect(() => build(permute({ dims: [2, 1] }), [3])).toThrow(ShapeError);

  const repeated = run(repeatVector({ n: 3 }), constantTensor(Float32Array.of(1, 2, 3, 4), [2, 2], 'f32')).y;
  expect([repeated.shape, values(repeated)]).toEqual([
    [2, 3, 2],
    [1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4],
  ]);
  expect(() => build(repeatVector({ n: 2 }), [2, 2])).toThrow(ShapeError);
  expect(() => repeatVector({ n: 0 })).toThrow(OptionError);
});

test('positionalEncoding adds its table to every example', () => {
  const { y } = run(positionalEncoding({ maxWavelength: 50 }), numbers([2, 3, 4]));
  const table = values(sinusoidalEncoding(3, 4, { maxWavelength: 50 }));
  values(numbers([2, 3, 4])).forEach((value, i) => expect(values(y)[i]).toBeCloseTo(value + table[i % 12]!, 12));
  expect(() => positionalEncoding({ maxWavelength: 1 })).toThrow(OptionError);
  expect(() => build(positionalEncoding(), [3])).toThrow(ShapeError);
});

test('every layer comes back from its saved config', () => {
  const layers = [
    embedding({ inputDim: 5, outputDim: 2, name: 'a' }),
    multiHeadAttention({
      numHeads: 2,
      keyDim: 3,
      valueDim: 4,
      outputShape: 5,
      dropout: 0.1,
      useCausalMask: true,
      useBias: false,
      name: 'a',
    }),
    permute({ dims: [2, 1], name: 'a' }),
    repeatVector({ n: 3, name: 'a' }),
    positionalEncoding({ maxWavelength: 99, name: 'a' }),
  ];
  for (const layer of layers) {
    const config = JSON.parse(JSON.stringify(layer.config)) as typeof layer.config;
    expect(layerFromConfig(layer.type, 'a', config).config).toEqual(layer.config);
  }
});

test('a small transformer learns to find the first token again', { timeout: 60_000 }, async () => {
  const [T, tokens, size] = [6, 4, 64] as const;
  const x = Float32Array.from(
    { length: size * T },
    (_, i) => Math.floor(Math.abs(Math.sin(i * 12.9898) * 43758.5453)) % tokens,
  );
  const y = Int32Array.from({ length: size }, (_, n) => x[n * T]!);
  const model = sequential([
    embedding({ inputDim: tokens, outputDim: 8, inputShape: [T] }),
    positionalEncoding(),
    multiHeadAttention({ numHeads: 2, keyDim: 4 }),
    flatten(),
    dense({ units: tokens }),
  ]);
  await model.compile({
    optimizer: adam({ learningRate: 0.02 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    device: createCpuDevice(),
  });
  const { history } = await model.fit({ x: { shape: [size, T], data: x }, y }, { epochs: 25, batchSize: 16 });
  expect(history['loss']!.at(-1)!).toBeLessThan(0.5 * history['loss']![0]!);
  expect(history['accuracy']!.at(-1)!).toBeGreaterThan(0.8);
  model.dispose();
});
