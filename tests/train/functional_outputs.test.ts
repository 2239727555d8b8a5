// Models of several inputs and outputs: losses, metrics and data by name.

import { describe, expect, it } from 'vitest';

import {
  adam,
  callable,
  createCpuDevice,
  DataError,
  dense,
  embedding,
  flatten,
  input,
  loadModel,
  model,
  namedDataset,
  ops,
  saveModel,
  sgd,
  split,
  take,
  type HostTensor,
} from '../../src/index.ts';
import { device, numbers, near, twoByTwo, twoByTwoData, twoLosses } from './functional_models.ts';

describe('two inputs and two outputs', () => {
  const compiled = async (lossWeights?: object) => {
    const net = twoByTwo();
    await net.compile({
      optimizer: adam({ learningRate: 0.02 }),
      loss: twoLosses,
      ...(lossWeights ? { lossWeights: lossWeights as Record<string, number> } : {}),
      metrics: { kind: ['accuracy'], amount: ['mae'] },
      device,
    });
    return net;
  };

  it('train by the sum of their losses, with keys by output', async () => {
    const { train, validation } = split(namedDataset(twoByTwoData(150)), { validation: 0.2 });
    const net = await compiled();
    const { history } = await net.fit(train, { epochs: 40, batchSize: 16, validation });
    const keys = ['loss', 'kind_loss', 'amount_loss', 'kind_accuracy', 'amount_meanAbsoluteError'];
    expect(Object.keys(history)).toEqual([...keys, ...keys.map((key) => `val_${key}`)]);
    expect(history['kind_accuracy']!.at(-1)).toBeGreaterThan(0.9);
    expect(history['val_amount_loss']!.at(-1)).toBeLessThan(0.2 * history['val_amount_loss']![0]!);
    for (const i of [0, 39]) {
      expect(history['loss']![i]).toBeCloseTo(history['kind_loss']![i]! + history['amount_loss']![i]!, 5);
    }
  });

  it('count in the loss by their weights', async () => {
    const data = twoByTwoData(21);
    const net = await compiled({ kind: 0.25 });
    const { loss, kind_loss: kind, amount_loss: amount } = await net.evaluate(data, { batchSize: 8 });
    expect(loss).toBeCloseTo(0.25 * kind! + amount!, 5);
    // By hand, from the predictions.
    const { kind: scores, amount: line } = await net.predict(data.x, { batchSize: 4 });
    expect([scores.shape, line.shape]).toEqual([
      [21, 3],
      [21, 1],
    ]);
    const truth = data.y.amount.data;
    expect(amount).toBeCloseTo(line.data.reduce((sum, value, i) => sum + (value - truth[i]!) ** 2, 0) / 21, 5);
    let entropy = 0;
    data.y.kind.forEach((label, i) => {
      const row = [...scores.data.subarray(3 * i, 3 * i + 3)];
      entropy += Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[label]!;
    });
    expect(kind).toBeCloseTo(entropy / 21, 5);
  });

  it('with a loss for one train that one alone', async () => {
    const data = twoByTwoData(32);
    const net = twoByTwo();
    const before = await net.getWeights();
    await net.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: { amount: 'mse' }, device });
    const { history } = await net.fit({ x: data.x, y: { amount: data.y.amount } }, { epochs: 3 });
    expect(Object.keys(history)).toEqual(['loss', 'amount_loss']);
    const after = await net.getWeights();
    expect(after.get('scores/kernel')).toEqual(before.get('scores/kernel'));
    expect(after.get('line/kernel')).not.toEqual(before.get('line/kernel'));
  });

  it('take lists as well as records, and one loss for all', async () => {
    const x = input({ shape: [2] });
    const [p, q] = [dense({ units: 1, name: 'p' })(x), dense({ units: 1, name: 'q' })(x)];
    const net = model({ inputs: x, outputs: [p, q] });
    const data = { x: numbers(8), y: { p: numbers(4, 1), q: numbers(4, 2) } };
    await net.compile({ optimizer: 'sgd', loss: 'mse', lossWeights: [1, 0], metrics: [['mae'], []], device });
    const measured = await net.evaluate(data);
    expect(Object.keys(measured)).toEqual(['loss', 'p_loss', 'q_loss', 'p_meanAbsoluteError']);
    expect(measured['loss']).toBeCloseTo(measured['p_loss']!, 6);
    expect(Object.keys(await net.predict(numbers(8)))).toEqual(['p', 'q']);
  });

  it('give their numbers alone where one output was given alone', async () => {
    const x = input({ shape: [2] });
    const alone = model({ inputs: x, outputs: dense({ units: 3 })(x) });
    const listed = model({ inputs: { x }, outputs: { y: dense({ units: 3 })(x) } });
    const one: HostTensor = await alone.predict(numbers(4));
    const record: { y: HostTensor } = await listed.predict({ x: numbers(4) });
    expect(one.shape).toEqual([2, 3]);
    expect(record.y).toEqual(one);
  });

  it('plan, and free what they held', async () => {
    const own = createCpuDevice();
    const net = twoByTwo();
    await net.compile({ optimizer: 'adam', loss: twoLosses, device: own });
    const { batch, activations } = await net.plan({ batchSize: 5 });
    expect(batch).toBeGreaterThanOrEqual(4 * 5 * (3 + 4 + 1 + 1));
    expect(activations).toBeGreaterThan(0);
    await net.fit(twoByTwoData(12), { batchSize: 5 });
    net.dispose();
    expect(own.stats()).toMatchObject({ liveBuffers: 0, liveBytes: 0 });
  });

  it('are saved with their graph, and go on where they were', async () => {
    const data = namedDataset(twoByTwoData(40));
    const whole = await compiled();
    const { history } = await whole.fit(data, { epochs: 4, batchSize: 16 });
    const first = await compiled();
    await first.fit(data, { epochs: 2, batchSize: 16 });
    const second = loadModel<Record<string, HostTensor>>(await saveModel(first));
    expect(second.summary().text).toContain('concatenate_1');
    expect(await second.predict(data)).toEqual(await first.predict(data));
    await second.compile({
      optimizer: adam({ learningRate: 0.02 }),
      loss: twoLosses,
      metrics: { kind: ['accuracy'], amount: ['mae'] },
      device,
    });
    const rest = await second.fit(data, { epochs: 4, initialEpoch: 2, batchSize: 16 });
    expect(rest.history['loss']).toEqual(history['loss']!.slice(2));
    expect(await second.getWeights()).toEqual(await whole.getWeights());
  });
});

describe('named data sets', () => {
  it('are taken from and checked as a whole', () => {
    const set = namedDataset(twoByTwoData(5));
    const taken = take(set, [3, 3, 0]);
    expect(taken.size).toBe(3);
    const { b } = taken.x as unknown as { b: { data: Float32Array; shape: number[] } };
    expect(b.shape).toEqual([2, 2]);
    const all = twoByTwoData(5).x.b.data;
    expect([...b.data]).toEqual([...all.subarray(12, 16), ...all.subarray(12, 16), ...all.subarray(0, 4)]);
    expect(() => namedDataset({ x: {}, y: {} })).toThrow(/^namedDataset: x is neither an array nor a record/);
    expect(() => namedDataset({ x: { a: Float32Array.of(1, NaN) }, y: Int32Array.of(0, 1) })).toThrow(
      /x is NaN at index 1.*\(x is 'a', y is 'y'\)$/,
    );
  });

  it('of bytes are read as 0 to 1', async () => {
    const bytes = input({ shape: [2], name: 'bytes' });
    const layer = dense({ units: 1, useBias: false, kernelInitializer: 'ones' });
    const net = model({ inputs: bytes, outputs: layer(bytes) });
    const { data } = await net.predict({ bytes: Uint8Array.of(255, 0, 51, 51) });
    expect([...data]).toEqual(near([1, 0.4]));
  });

  it('of tokens are what an embedding looks up', async () => {
    const tokens = input({ shape: [3], name: 'tokens', dtype: 'i32' });
    const net = model({
      inputs: { tokens },
      outputs: { y: embedding({ inputDim: 5, outputDim: 2, name: 'e' })(tokens) },
    });
    const table = (await net.getWeights()).get('e/embeddings')!.data;
    const { y } = await net.predict({ tokens: Uint8Array.of(4, 0, 1) });
    expect(y.data).toEqual(Float32Array.of(table[8]!, table[9]!, table[0]!, table[1]!, table[2]!, table[3]!));
  });

  it('of tokens reach an i32 input as they are, bytes among them', async () => {
    /** table[token]: a layer of one's own. */
    const lookUp = callable({
      type: 'LookUp',
      kind: 'lookup',
      config: {},
      build: (shape) => ({
        outputShape: [...shape, 2],
        weights: {
          table: {
            shape: [5, 2],
            initializer: { name: 'count', values: () => Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) },
          },
        },
        flopsPerSample: 0,
      }),
      apply: (x, weights) => ops.gather(weights('table'), x),
    });
    const tokens = input({ shape: [3], name: 'tokens', dtype: 'i32' });
    const net = model({ inputs: tokens, outputs: dense({ units: 1 })(flatten()(lookUp(tokens))), seed: 1 });
    const expected = [8, 9, 0, 1, 2, 3];
    for (const given of [Float32Array.of(4, 0, 1), Uint8Array.of(4, 0, 1)]) {
      expect([...(await net.inspect(given, ['lookup_1']))['lookup_1']!.data]).toEqual(expected);
    }
    await expect(net.predict(Float32Array.of(4, 0.5, 1))).rejects.toThrow(
      new DataError('predict: 0.5 at index 1 is no whole number, which the input takes'),
    );
    await net.compile({ optimizer: adam({ learningRate: 0.1 }), loss: 'mse', device });
    const { history } = await net.fit(
      { x: Uint8Array.of(4, 0, 1, 2, 2, 0), y: Float32Array.of(1, -1) },
      { epochs: 20, batchSize: 2 },
    );
    expect(history['loss']!.at(-1)).toBeLessThan(0.2 * history['loss']![0]!);
  });
});
