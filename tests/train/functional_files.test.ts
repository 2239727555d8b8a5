// Graphs of layers as files, as tables, and as layers of other models.

import { describe, expect, it } from 'vitest';

import {
  adam,
  asLayer,
  DataError,
  dense,
  dropout,
  input,
  loadModel,
  model,
  OptionError,
  readSafetensors,
  relu,
  saveModel,
  sequential,
  ShapeError,
  StateError,
  subtract,
  writeSafetensors,
} from '../../src/index.ts';
import { device, numbers, siamese, twoByTwo } from './functional_models.ts';

describe('a model as a layer', () => {
  const tower = (seed = 0) =>
    sequential(
      [
        dense({ units: 5, activation: 'tanh', inputShape: [4] }),
        dropout({ rate: 0.3 }),
        dense({ units: 3, name: 'code' }),
      ],
      { name: 'tower', seed },
    );
  const pairOf = (layer: ReturnType<typeof asLayer>) => {
    const [a, b] = [input({ shape: [4], name: 'a' }), input({ shape: [4], name: 'b' })];
    return model({
      inputs: [a, b],
      outputs: dense({ units: 1, name: 'out' })(subtract()([layer(a), layer(b)])),
      seed: 5,
    });
  };

  it('is called twice with one set of weights, beginning with those given', async () => {
    const inner = tower(9);
    const before = await inner.getWeights();
    const pair = pairOf(asLayer(inner, { weights: before }));
    expect(pair.parameters.list.map(({ name }) => name)).toEqual([
      'tower/dense_1/kernel',
      'tower/dense_1/bias',
      'tower/code/kernel',
      'tower/code/bias',
      'out/kernel',
      'out/bias',
    ]);
    expect(pair.summary().text).toMatch(/tower_2 \(Model\), shared with 1/);
    const [a, b] = [numbers(20, 1), numbers(20, 2)];
    const found = await pair.inspect({ a, b }, ['tower', 'tower_2']);
    expect(found['tower']).toEqual(await inner.predict(a));
    expect(found['tower_2']).toEqual(await inner.predict(b));

    await pair.compile({ optimizer: adam({ learningRate: 0.02 }), loss: 'mse', device });
    const { history } = await pair.fit({ x: { a, b }, y: numbers(5, 3) }, { epochs: 30, batchSize: 5 });
    expect(history['loss']!.at(-1)).toBeLessThan(0.5 * history['loss']![0]!);
    expect(await inner.getWeights(), 'the outer model has weights of its own').toEqual(before);
    const copy = loadModel(await saveModel(pair));
    expect(await copy.predict({ a, b })).toEqual(await pair.predict({ a, b }));
  });

  it('trains as its layers would, in sequential as well', async () => {
    const flat = sequential(
      [dense({ units: 5, activation: 'tanh', inputShape: [4] }), dense({ units: 3 }), dense({ units: 2 })],
      { seed: 3 },
    );
    const inner = sequential([dense({ units: 5, activation: 'tanh', inputShape: [4] }), dense({ units: 3 })]);
    const nested = sequential([asLayer(inner), dense({ units: 2 })], { seed: 3 });
    expect([...(await nested.getWeights()).keys()][0]).toBe('model_1/dense_1/kernel');
    const data = { x: numbers(40), y: Int32Array.from({ length: 10 }, (_, i) => i % 2) };
    const histories = [];
    for (const net of [flat, nested]) {
      await net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', device });
      histories.push((await net.fit(data, { epochs: 3, batchSize: 4 })).history);
    }
    expect(histories[1]).toEqual(histories[0]);
  });

  it('of two inputs takes them in order, at any depth', async () => {
    const two = asLayer(siamese());
    const [a, b] = [input({ shape: [4], name: 'a' }), input({ shape: [4], name: 'b' })];
    const once = asLayer(model({ inputs: [a, b], outputs: two([b, a]), name: 'swapped' }));
    const net = model({ inputs: [a, b], outputs: once([a, b]), seed: 5 });
    expect(net.parameters.list[0]!.name).toBe('swapped/siamese/tower/kernel');
    const [p, q] = [numbers(8, 1), numbers(8, 2)];
    expect(await net.predict({ a: p, b: q })).toEqual(await siamese().predict({ a: q, b: p }));
    expect(() => two([a])).toThrow(new ShapeError('siamese (Model): is called on [4], expected [4], [4]'));
  });

  it('needs one output, an input shape, and all of the weights', async () => {
    expect(() => asLayer(twoByTwo())).toThrow(new OptionError("asLayer: 'model' has 2 outputs, expected one"));
    expect(() => asLayer(sequential([dense({ units: 2 })]))).toThrow(StateError);
    expect(() => asLayer(tower(), { weights: new Map() })).toThrow(
      new OptionError("asLayer: weights has no 'dense_1/kernel', expected [4,5]"),
    );
    expect(() => asLayer(tower())(input({ shape: [3] }))).toThrow(/inputShape is \[4\], but it is called on \[3\]$/);
  });
});

describe('files', () => {
  it('keep shared layers and lone outputs', async () => {
    const pair = siamese();
    const copy = loadModel(await saveModel(pair));
    expect(copy.summary().text).toBe(pair.summary().text);
    const x = { a: numbers(8, 1), b: numbers(8, 2) };
    expect(await copy.predict(x)).toEqual(await pair.predict(x));
  });

  it('whose graph does not fit itself are refused', async () => {
    const { tensors, metadata } = readSafetensors(await saveModel(siamese()));
    const load = (from: string, to: string) => () =>
      loadModel(writeSafetensors(tensors, { ...metadata, model: metadata['model']!.replace(from, to) }));
    expect(load('"shares":"tower"', '"shares":"towel"')).toThrow(
      new DataError('loadModel: layer 1 shares weights with "towel", which does not come before it'),
    );
    expect(load('"from":[2,3]', '"from":[2,9]')).toThrow(
      new DataError('loadModel: layer 2 refers to place 9, expected one before it'),
    );
    expect(load('"kind":"graph"', '"kind":"grape"')).toThrow(/is of kind "grape", expected sequential or graph$/);
  });
});

describe('summary', () => {
  it('shows connections, and counts a shared layer once', () => {
    const { text, rows, totals } = siamese().summary();
    expect(text).toBe(
      [
        'Model "siamese"   input a [N, 4], b [N, 4]',
        ' #  layer (type)                    output   params   MFLOP/sample   connected to',
        ' 1  tower (Dense)                   [N, 3]       15       0.000024   a',
        ' 2  tower_2 (Dense), shared with 1  [N, 3]   shared       0.000024   b',
        ' 3  subtract_1 (Subtract)           [N, 3]        0                  tower, tower_2',
        ' 4  out (Dense)                     [N, 1]        4       0.000006   subtract_1',
        'params      19 trainable, 0 frozen (76 B f32)',
      ].join('\n'),
    );
    expect(rows.map(({ from }) => from)).toEqual([['a'], ['b'], ['tower', 'tower_2'], ['subtract_1']]);
    expect(totals).toMatchObject({ trainable: 19, flopsPerSample: 54 });
    const narrow = siamese().summary({ width: 80 }).text.split('\n');
    expect(Math.max(...narrow.map(({ length }) => length))).toBeLessThanOrEqual(80);
    const connections = narrow.slice(2, -1).map((line) => line.slice(narrow[1]!.indexOf('connected to')));
    expect(connections.join(' ').replaceAll(/ +/g, ' ')).toBe('a b tower, tower_2 subtract_1');
  });

  it('of a chain is that of the sequential model', () => {
    const layers = () => [dense({ units: 3 }), relu(), dense({ units: 2 })];
    const x = input({ shape: [4] });
    const chain = model({ inputs: x, outputs: layers().reduce((value, layer) => layer(value), x) });
    expect(chain.summary().text).toBe(sequential(layers()).build([4]).summary().text);
  });
});
