// Graphs of layers: shared weights, branches, several inputs and outputs, trained and compared with programs made by hand.

import { describe, expect, it } from 'vitest';

import {
  adam,
  add,
  asLayer,
  batchNormalization,
  conv2d,
  dense,
  dot,
  dropout,
  flatten,
  glorotUniform,
  input,
  loadModel,
  maxPool2d,
  model,
  ops,
  parameters,
  program,
  relu,
  saveModel,
  sequential,
  sgd,
  subtract,
  zeros,
  type SymbolicTensor,
} from '../../src/index.ts';
import { device, numbers, near, siamese } from './functional_models.ts';

describe('shared layers', () => {
  it('have one set of weights, and the gradients of all their places', async () => {
    const pair = siamese();
    expect(pair.parameters.list.map(({ name }) => name)).toEqual([
      'tower/kernel',
      'tower/bias',
      'out/kernel',
      'out/bias',
    ]);
    expect(pair.layers.map(({ name }) => name)).toEqual(['tower', 'tower_2', 'subtract_1', 'out']);

    const size = 6;
    const [a, b, y] = [numbers(size * 4, 1), numbers(size * 4, 2), numbers(size, 3)];
    const start = await pair.getWeights();
    const net = parameters(
      Object.fromEntries(
        [...start].map(([name, { shape, data }]) => [name, { shape, initializer: { name, values: () => data } }]),
      ),
    );
    const rate = 0.1;
    const step = await program(
      { a: [size, 4], b: [size, 4], y: [size, 1] },
      ({ a: first, b: second, y: target }) => {
        const tower = (x: typeof first) =>
          ops.tanh(ops.add(ops.matmul(x!, net.get('tower/kernel')), net.get('tower/bias')));
        const difference = ops.sub(tower(first), tower(second));
        const out = ops.add(ops.matmul(difference, net.get('out/kernel')), net.get('out/bias'));
        return { out, loss: ops.meanSquaredError(out, target!) };
      },
      { parameters: net, optimizer: sgd({ learningRate: rate, momentum: 0.9 }), device },
    );
    await step.prepare();
    await pair.compile({ optimizer: sgd({ learningRate: rate, momentum: 0.9 }), loss: 'mse', device });
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) {
      step.run({ a, b, y });
      losses.push((await step.read('loss'))[0]!);
    }
    const { history } = await pair.fit({ x: { a, b }, y }, { epochs: 5, batchSize: size, shuffle: false });
    expect(history['loss']).toEqual(near(losses, 6));
    expect(losses[4]).toBeLessThan(0.9 * losses[0]!);
    const byHand = await device.readVariable(net.arena);
    const weights = await pair.getWeights();
    for (const { name, offset } of net.list) {
      const { data } = weights.get(name)!;
      expect([...data], name).toEqual(near(byHand.subarray(offset, offset + data.length), 6));
      expect([...data], name).not.toEqual([...start.get(name)!.data]);
    }
  });

  it('learn whether two vectors are alike', async () => {
    const size = 200;
    const a = numbers(size * 4, 1);
    const b = Float32Array.from(a, (value, i) =>
      Math.floor(i / 4) % 2 === 0 ? value + 0.1 * a[799 - i]! : a[799 - i]!,
    );
    const alike = Float32Array.from({ length: size }, (_, i) => (i % 2 === 0 ? 1 : 0));
    const tower = dense({ units: 6, name: 'tower' });
    const [left, right] = [input({ shape: [4], name: 'left' }), input({ shape: [4], name: 'right' })];
    const cosine = dot({ normalize: true })([tower(left), tower(right)]);
    const net = model({ inputs: [left, right], outputs: dense({ units: 1 })(cosine), seed: 2 });
    await net.compile({
      optimizer: adam({ learningRate: 0.05 }),
      loss: 'binaryCrossentropy',
      metrics: ['accuracy'],
      device,
    });
    const { history } = await net.fit({ x: { left: a, right: b }, y: alike }, { epochs: 30, batchSize: 25 });
    expect(Object.keys(history)).toEqual(['loss', 'accuracy']);
    expect(history['accuracy']!.at(-1)).toBeGreaterThan(0.95);
  });

  it('are inspected at each place, from the inputs that it needs', async () => {
    const pair = siamese();
    const [a, b] = [numbers(12, 1), numbers(12, 2)];
    const found = await pair.inspect({ a, b }, ['tower_2', 'tower']);
    const swapped = await pair.inspect({ a: b, b: a }, ['tower', 'tower_2']);
    expect(found['tower']).toEqual(swapped['tower_2']);
    expect(found['tower_2']).toEqual(swapped['tower']);
    expect(found['tower']).not.toEqual(found['tower_2']);
    expect(await pair.inspect({ a, b }, ['tower'])).toEqual({ tower: found['tower'] });
  });

  it.each([false, true])(
    'keep one set of running statistics, updated at each place; within a model: %s',
    async (nested) => {
      const norm = batchNormalization({ name: 'norm', inputShape: [2] });
      const layer = nested ? asLayer(sequential([norm], { name: 'inner' })) : norm;
      const [a, b] = [input({ shape: [2], name: 'a' }), input({ shape: [2], name: 'b' })];
      const net = model({ inputs: [a, b], outputs: dense({ units: 1 })(add()([layer(a), layer(b)])) });
      const key = nested ? 'inner/norm/movingMean' : 'norm/movingMean';
      expect(net.state!.list.map(({ name }) => name)).toHaveLength(2);
      await net.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'mse', device });
      const data = {
        x: { a: Float32Array.of(1, 2, 3, 6), b: Float32Array.of(-4, 0, -2, 10) },
        y: Float32Array.of(0, 1),
      };
      await net.fit(data, { batchSize: 2 });
      const moving = [2, 4].map((mean, i) => 0.9 * (0.1 * mean) + 0.1 * [-3, 5][i]!);
      expect([...(await net.getWeights()).get(key)!.data]).toEqual(near(moving, 6));
      const copy = loadModel(await saveModel(net));
      expect(await copy.getWeights()).toEqual(await net.getWeights());
      expect(await copy.predict(data.x)).toEqual(await net.predict(data.x));
    },
  );

  it('draw other dropout at each place', async () => {
    const drop = dropout({ rate: 0.5 });
    const x = input({ shape: [400] });
    const net = model({ inputs: x, outputs: dense({ units: 1 })(subtract({ name: 'gap' })([drop(x), drop(x)])) });
    await net.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'mse', device });
    const ones = new Float32Array(400).fill(1);
    // With equal masks the difference is 0, and so is what a dense layer without a bias yet makes of it.
    const { history } = await net.fit({ x: { shape: [1, 400], data: ones }, y: Float32Array.of(0) });
    expect(history['loss']![0]).toBeGreaterThan(0.01);
    expect((await net.evaluate({ x: { shape: [1, 400], data: ones }, y: Float32Array.of(0) }))['loss']).toBe(0);
  });
});

describe('a residual block', () => {
  const block = (x: SymbolicTensor, filters: number): SymbolicTensor => {
    const conv = (options: object = {}) =>
      conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, ...options });
    const inner = conv()(relu()(conv()(x)));
    const same = x.shape.at(-1) === filters;
    return relu()(add()([inner, same ? x : conv2d({ filters, kernelSize: 1, name: 'project' })(x)]));
  };

  it('gives what its ops give, and learns', async () => {
    const size = 24;
    const images = input({ shape: [6, 6, 1], name: 'images' });
    const blocks = block(block(images, 4), 4);
    const net = model({
      inputs: images,
      outputs: dense({ units: 2, name: 'scores' })(flatten()(maxPool2d()(blocks))),
      seed: 3,
    });
    expect(net.inputShape).toEqual([6, 6, 1]);
    expect(net.parameters.count).toBe(9 * 4 + 9 * 16 + (4 + 4) + 2 * 9 * 16 + 36 * 2 + 2);

    const x = numbers(size * 36, 4);
    const { relu_2: first, relu_4: second } = await net.inspect(x, ['relu_2', 'relu_4']);
    const weights = await net.getWeights();
    const byHand = await program(
      { x: [size, 6, 6, 4], k1: [3, 3, 4, 4], k2: [3, 3, 4, 4] },
      ({ x: entering, k1, k2 }) => {
        const conv = (value: typeof entering, kernel: typeof k1) => ops.conv2d(value!, kernel!, { padding: 'same' });
        return { y: ops.relu(ops.add(conv(ops.relu(conv(entering, k1)), k2), entering!)) };
      },
      { device },
    );
    await byHand.prepare();
    byHand.run({
      x: first!.data,
      k1: weights.get('conv_4/kernel')!.data,
      k2: weights.get('conv_5/kernel')!.data,
    });
    expect([...second!.data]).toEqual(near(await byHand.read('y')));

    const y = Int32Array.from({ length: size }, (_, i) => (x[i * 36]! > 0 ? 1 : 0));
    await net.compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy', device });
    const { history } = await net.fit({ x, y }, { epochs: 15, batchSize: 8 });
    expect(history['loss']!.at(-1)).toBeLessThan(0.5 * history['loss']![0]!);
  });
});

describe('the same layers', () => {
  it('work in sequential, and begin with the same weights there', async () => {
    const layers = [dense({ units: 3, activation: 'relu' }), dense({ units: 2 })];
    const x = input({ shape: [4] });
    const graph = model({ inputs: x, outputs: layers[1]!(layers[0]!(x)), seed: 4 });
    const list = sequential(layers, { seed: 4 }).build([4]);
    expect(await graph.getWeights()).toEqual(await list.getWeights());
    expect(await graph.predict(numbers(8))).toEqual(await list.predict(numbers(8)));
  });

  it('give a part of a model the weights of the whole', async () => {
    const x = input({ shape: [4] });
    const code = dense({ units: 2, name: 'code' })(x);
    const whole = model({ inputs: x, outputs: dense({ units: 4 })(code), seed: 8 });
    const encoder = model({ inputs: x, outputs: code });
    encoder.setWeights(await whole.getWeights());
    expect(await encoder.predict(numbers(8))).toEqual((await whole.inspect(numbers(8), ['code']))['code']);
  });
});

it('initial weights follow the order of the layers, whatever the order of calls', async () => {
  const layer = (name: string) =>
    dense({ units: 2, name, kernelInitializer: glorotUniform(), biasInitializer: zeros() });
  const x = input({ shape: [2] });
  const [p, q] = [layer('p'), layer('q')];
  const net = model({ inputs: x, outputs: q(p(x)), seed: 1 });
  expect([...(await net.getWeights()).keys()]).toEqual(['p/kernel', 'p/bias', 'q/kernel', 'q/bias']);
});
