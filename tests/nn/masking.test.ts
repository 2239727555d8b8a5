// embedding({ maskZero: true }): the mask of padding that models carry from layer to layer, and who heeds it.

import { describe, expect, it } from 'vitest';

import {
  add,
  asLayer,
  bidirectional,
  concatenate,
  conv1d,
  dense,
  dropout,
  embedding,
  flatten,
  globalAveragePool1d,
  globalMaxPool1d,
  gru,
  type HostTensor,
  input,
  type Layer,
  layerNormalization,
  loadModel,
  lstm,
  type Model,
  model,
  multiHeadAttention,
  OptionError,
  paddingMask,
  positionalEncoding,
  relu,
  repeatVector,
  saveModel,
  sequential,
  sgd,
  ShapeError,
  simpleRnn,
  type SymbolicTensor,
} from '../../src/index.ts';
import { device, near, numbers } from '../train/functional_models.ts';

const [T, words, size] = [5, 8, 3];
/** Of lengths 5, 3, 1 and 2; the tokens after them are padding. */
const lengths = [5, 3, 1, 2];
const tokens = Float32Array.from(
  lengths.flatMap((length, n) => Array.from({ length: T }, (_, t) => (t < length ? 1 + ((3 * n + 2 * t) % 7) : 0))),
);
const alone = (n: number) => tokens.slice(n * T, n * T + lengths[n]!);

const masked = (options: object = {}) => embedding({ inputDim: words, outputDim: size, maskZero: true, ...options });
const plain = () => embedding({ inputDim: words, outputDim: size });
const rowsOf = ({ data }: HostTensor, n: number) => [
  ...data.subarray((n * data.length) / 4, ((n + 1) * data.length) / 4),
];

/** What `layers` behind an embedding give for each example at its own length, with the weights of `net`. */
async function byThemselves(net: Model<HostTensor>, layers: () => Layer[]) {
  const weights = await net.getWeights();
  const results: number[][] = [];
  for (const [n, length] of lengths.entries()) {
    const short = sequential([plain(), ...layers()], { seed: 3 }).build([length]);
    short.setWeights(weights);
    results.push([...(await short.predict({ shape: [1, length], data: alone(n) })).data]);
  }
  return results;
}

describe('each example is as if it were run alone at its own length', () => {
  const kinds: [string, () => Layer[]][] = [
    ['simpleRnn', () => [simpleRnn({ units: 4 })]],
    ['lstm', () => [lstm({ units: 4 })]],
    ['gru, backwards', () => [gru({ units: 4, goBackwards: true })]],
    ['a stack', () => [lstm({ units: 4, returnSequences: true }), gru({ units: 2 })]],
    [
      'both ways, in a stack',
      () => [
        bidirectional({ layer: lstm({ units: 2, returnSequences: true }) }),
        bidirectional({ layer: gru({ units: 2 }) }),
      ],
    ],
    [
      'what keeps the steps',
      () => [
        positionalEncoding(),
        dense({ units: 4 }),
        relu(),
        layerNormalization(),
        dropout({ rate: 0.5 }),
        lstm({ units: 2 }),
      ],
    ],
    ['attention', () => [multiHeadAttention({ numHeads: 2, keyDim: 4 }), globalAveragePool1d()]],
    [
      'causal attention',
      () => [multiHeadAttention({ numHeads: 1, keyDim: 4, useCausalMask: true }), lstm({ units: 2 })],
    ],
    ['globalAveragePool1d', () => [globalAveragePool1d({ keepDims: true }), flatten()]],
  ];
  it.each(kinds)('%s', async (_, layers) => {
    const net = sequential([masked(), ...layers()], { seed: 3 }).build([T]);
    const all = await net.predict(tokens);
    for (const [n, expected] of (await byThemselves(net, layers)).entries())
      expect(rowsOf(all, n)).toEqual(near(expected, 6));
    // Without the mask it is another number.
    const unmasked = sequential([plain(), ...layers()], { seed: 3 }).build([T]);
    expect(rowsOf(await unmasked.predict(tokens), 1)).not.toEqual(near(rowsOf(all, 1), 4));
  });

  it('through shared layers, residual sums and models as layers', async () => {
    const tail = () => {
      const x = input({ shape: [T, size] });
      const y = multiHeadAttention({ numHeads: 1, keyDim: 2, name: 'attend' })(x);
      return model({ inputs: x, outputs: dense({ units: size, name: 'out' })(add()([x, y])), seed: 5 });
    };
    const ids = input({ shape: [T], dtype: 'i32' });
    const once = asLayer(tail(), { name: 'tail' });
    const net = model({
      inputs: ids,
      outputs: lstm({ units: 2, name: 'end' })(once(once(masked({ name: 'words' })(ids)))),
      seed: 3,
    });
    const all = await net.predict(tokens);
    const weights = await net.getWeights();
    for (const [n, length] of lengths.entries()) {
      const short = input({ shape: [length], dtype: 'i32' });
      const attend = multiHeadAttention({ numHeads: 1, keyDim: 2, name: 'attend' });
      const out = dense({ units: size, name: 'out' });
      const block = (x: SymbolicTensor) => out(add()([x, attend(x)]));
      const words_ = embedding({ inputDim: words, outputDim: size, name: 'words' })(short);
      const one = model({ inputs: short, outputs: lstm({ units: 2, name: 'end' })(block(block(words_))) });
      one.setWeights(new Map([...weights].map(([name, value]) => [name.replace('tail/', ''), value])));
      const { data } = await one.predict({ shape: [1, length], data: alone(n) });
      expect(rowsOf(all, n)).toEqual(near(data, 6));
    }
  });

  it('and so is a step of training', async () => {
    const options = { optimizer: sgd({ learningRate: 0.5 }), loss: 'mse', device } as const;
    const y = numbers(4, 2);
    const layers = () => [bidirectional({ layer: lstm({ units: 2 }) }), dense({ units: 1 })];
    const net = sequential([masked(), ...layers()], { seed: 3 }).build([T]);
    const start = await net.getWeights();
    const means = new Map([...start].map(([name, { data }]) => [name, new Float64Array(data.length)]));
    for (const [n, length] of lengths.entries()) {
      const short = sequential([plain(), ...layers()], { seed: 3 }).build([length]);
      short.setWeights(start);
      await short.compile(options);
      await short.fit({ x: { shape: [1, length], data: alone(n) }, y: y.slice(n, n + 1) });
      for (const [name, { data }] of await short.getWeights())
        data.forEach((value, i) => (means.get(name)![i]! += value / 4));
    }
    await net.compile(options);
    await net.fit({ x: tokens, y }, { batchSize: 4 });
    for (const [name, { data }] of await net.getWeights()) expect([...data], name).toEqual(near(means.get(name)!, 6));
    // Padding's own vector has no gradient.
    expect((await net.getWeights()).get('embedding_1/embeddings')!.data.slice(0, size)).toEqual(
      start.get('embedding_1/embeddings')!.data.slice(0, size),
    );
  });
});

describe('masks', () => {
  const ids = (name = 'ids') => input({ shape: [T], dtype: 'i32', name });

  it('of recurrent layers that go backwards are turned with their results', async () => {
    const x = ids();
    const back = gru({ units: 3, goBackwards: true, returnSequences: true, name: 'back' });
    const net = model({
      inputs: x,
      outputs: lstm({ units: 2, name: 'end' })(back(masked({ name: 'words' })(x))),
      seed: 3,
    });
    // The same, with both masks given by hand: the second sequence begins with the padding.
    const mask = input({ shape: [T], name: 'mask' });
    const turned = input({ shape: [T], name: 'turned' });
    const byHand = gru({ units: 3, goBackwards: true, returnSequences: true, masked: 'mask', name: 'back' });
    const vectors = embedding({ inputDim: words, outputDim: size, name: 'words' })(x);
    const y = lstm({ units: 2, masked: 'mask', name: 'end' })([byHand([vectors, mask]), turned]);
    const other = model({ inputs: [x, mask, turned], outputs: y, seed: 3 });
    other.setWeights(await net.getWeights());
    const there = Float32Array.from(tokens, (token) => Number(token > 0));
    const reversed = there.map((_, i) => there[i - (i % T) + T - 1 - (i % T)]!);
    const expected = await other.predict({ ids: tokens, mask: there, turned: reversed });
    expect([...(await net.predict(tokens)).data]).toEqual(near(expected.data, 6));
  });

  it('of two inputs: steps of either in sums, of both beside each other, one after another along the steps', async () => {
    const [a, b] = [ids('a'), ids('b')];
    const word = embedding({ inputDim: 3, outputDim: 1, maskZero: true, embeddingsInitializer: 'ones' });
    const count = (joined: SymbolicTensor) => {
      // Counts the steps that the mask says are there: each adds relu(1) to the state.
      const kernelInitializer = 'ones';
      return simpleRnn({ units: 1, activation: 'linear', kernelInitializer, recurrentInitializer: 'ones' })(joined);
    };
    const net = model({
      inputs: [a, b],
      outputs: {
        sum: count(add()([word(a), word(b)])),
        beside: count(concatenate()([word(a), word(b)])),
        after: count(concatenate({ axis: 1 })([word(a), word(b)])),
        half: count(add()([word(a), embedding({ inputDim: 3, outputDim: 1, embeddingsInitializer: 'ones' })(b)])),
        alone: count(
          concatenate({ axis: 1 })([
            word(a),
            embedding({ inputDim: 3, outputDim: 1, embeddingsInitializer: 'ones' })(b),
          ]),
        ),
      },
    });
    const [x, y] = [Float32Array.of(1, 2, 0, 0, 1), Float32Array.of(1, 0, 2, 0, 0)];
    const found = await net.predict({ a: { shape: [1, T], data: x }, b: { shape: [1, T], data: y } });
    const numbersOf = Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data[0]]));
    // Steps: 1 or 2 or 3 or 5 of 2 each; 1 alone of 2; three of a and two of b; three of 2; three of a and all of b.
    expect(numbersOf).toEqual({ sum: 8, beside: 2, after: 5, half: 6, alone: 8 });
  });

  it('leave steps out of losses and metrics of whole sequences', async () => {
    const layers = [masked({ embeddingsInitializer: 'uniform' }), dense({ units: 2 })];
    const net = sequential(layers, { seed: 3 }).build([T]);
    const labels = Int32Array.from(tokens, (token) => token % 2);
    await net.compile({
      optimizer: sgd({ learningRate: 0.1 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
      device,
    });
    const y = { shape: [4, T], data: labels };
    const { data } = await net.predict(tokens);
    const losses = Array.from(labels, (label, i) => {
      const [p, q] = [data[2 * i]!, data[2 * i + 1]!];
      return Math.log(Math.exp(p) + Math.exp(q)) - (label === 0 ? p : q);
    });
    const there = [...tokens].map((token) => Number(token > 0));
    const mean = losses.reduce((sum, loss, i) => sum + loss * there[i]!, 0) / 11;
    const rights = Array.from(labels, (label, i) => Number(Number(data[2 * i + 1]! > data[2 * i]!) === label));
    const shares = lengths.map((length, n) => rights.slice(n * T, n * T + length).reduce((a, b) => a + b, 0) / length);
    const found = await net.evaluate({ x: tokens, y }, { batchSize: 4 });
    expect(found['loss']).toBeCloseTo(mean, 5);
    expect(found['accuracy']).toBeCloseTo(shares.reduce((a, b) => a + b, 0) / 4, 6);
    // Weights of examples and classes multiply it.
    const sampleWeight = [1, 0, 2, 0];
    const weighted = losses.reduce((sum, loss, i) => sum + loss * there[i]! * sampleWeight[Math.floor(i / T)]!, 0) / 11;
    const other = await net.evaluate({ x: tokens, y }, { batchSize: 4, sampleWeight });
    expect(other['loss']).toBeCloseTo(weighted, 5);
    const history = await net.fit({ x: tokens, y }, { batchSize: 4, classWeight: { 1: 3 } });
    const byClass = losses.reduce((sum, loss, i) => sum + loss * there[i]! * (labels[i] === 1 ? 3 : 1), 0) / 11;
    expect(history.history['loss']![0]).toBeCloseTo(byClass, 5);
  });

  it('leave steps out of losses of numbers and of the user, too', async () => {
    const net = sequential([masked(), lstm({ units: 2, returnSequences: true, zeroOutputForMask: true })], {
      seed: 3,
    }).build([T]);
    const targets = numbers(4 * T * 2, 4);
    const { data } = await net.predict(tokens);
    const errors = data.map((value, i) => (value - targets[i]!) ** 2);
    const there = errors.filter((_, i) => tokens[Math.floor(i / 2)]! > 0);
    const expected = there.reduce((a, b) => a + b, 0) / there.length;
    const y = { shape: [4, T, 2], data: targets };
    await net.compile({ optimizer: sgd(), loss: 'mse', metrics: ['mae'], device });
    expect((await net.evaluate({ x: tokens, y }, { batchSize: 4 }))['loss']).toBeCloseTo(expected, 5);
    await net.compile({ optimizer: sgd(), loss: (prediction) => prediction, device });
    await expect(net.evaluate({ x: tokens, y }, { batchSize: 4 })).rejects.toThrow(
      'expected one number for each of the 5 steps of an example, because these are weighted or masked',
    );
  });

  it('that leave nothing give zeros, not NaN', async () => {
    const x = ids();
    const words_ = masked()(x);
    const outputs = {
      mean: globalAveragePool1d()(words_),
      last: lstm({ units: 2 })(words_),
      all: dense({ units: 1 })(multiHeadAttention({ numHeads: 1, keyDim: 2 })(words_)),
    };
    const net = model({ inputs: x, outputs, seed: 3 });
    const zeros = { shape: [1, T], data: new Float32Array(T) };
    const { mean, last } = await net.predict(zeros);
    expect([...mean.data, ...last.data]).toEqual([0, 0, 0, 0, 0]);
    await net.compile({ optimizer: sgd(), loss: 'mse', device });
    const y = {
      mean: new Float32Array(3),
      last: new Float32Array(2),
      all: { shape: [1, T, 1], data: new Float32Array(T) },
    };
    const { history } = await net.fit({
      x: zeros,
      y: { ...y, mean: { shape: [1, 3], data: y.mean }, last: { shape: [1, 2], data: y.last } },
    });
    expect(history['loss']).toEqual([0]);
    for (const { data } of (await net.getWeights()).values()) expect([...data].every(Number.isFinite)).toBe(true);
  });

  it('come back from a file', async () => {
    const net = sequential([masked(), lstm({ units: 2, returnSequences: true }), globalAveragePool1d()], {
      seed: 3,
    }).build([T]);
    const again = loadModel(await saveModel(net)) as Model<HostTensor>;
    expect((await again.predict(tokens)).data).toEqual((await net.predict(tokens)).data);
    expect(masked().config).toEqual({ inputDim: words, outputDim: size, maskZero: true });
    expect(plain().config).toEqual({ inputDim: words, outputDim: size });
  });
});

describe('is refused', () => {
  const x = input({ shape: [T], dtype: 'i32' });
  const refusal =
    'what it is called on has a mask, from an embedding with maskZero, and this layer would take padding for data';

  it('by layers that would take padding for data', () => {
    for (const layer of [
      flatten(),
      conv1d({ filters: 2, kernelSize: 2 }),
      globalMaxPool1d(),
      layerNormalization({ axis: [1, 2] }),
    ]) {
      expect(() => layer(masked()(x)), layer.type).toThrow(refusal);
      expect(() => sequential([masked(), layer]).build([T]), layer.type).toThrow(OptionError);
      expect(() => sequential([plain(), layer]).build([T]), layer.type).not.toThrow();
    }
    expect(() => sequential([masked(), flatten()]).build([T])).toThrow(`flatten_1 (Flatten): ${refusal}`);
    const inner = sequential([flatten(), dense({ units: 1 })]).build([T, size]);
    expect(() => asLayer(inner, { name: 'inner' })(masked()(x))).toThrow(
      `inner (Model): flatten_1 (Flatten): ${refusal}`,
    );
  });

  it('where padding is said twice, or the tokens are no sequence', () => {
    expect(() => lstm({ units: 2, masked: 'mask' })([masked()(x), paddingMask()(x)])).toThrow(
      new OptionError(
        "lstm (LSTM): padding is said twice, by an embedding's maskZero and as masked: 'mask', expected one of them",
      ),
    );
    expect(() => masked()(input({ shape: [T, 2], dtype: 'i32' }))).toThrow(
      new ShapeError('embedding (Embedding): maskZero is for sequences of tokens [T], got [5,2]'),
    );
  });

  it('nowhere else: what ends the steps has no mask', () => {
    expect(masked()(x).masked).toBe(true);
    expect(lstm({ units: 2, returnSequences: true })(masked()(x)).masked).toBe(true);
    const ended = [lstm({ units: 2 })(masked()(x)), globalAveragePool1d()(masked()(x))];
    for (const one of ended) expect(one.masked).toBe(false);
    const [, h] = gru({ units: 2, returnState: true, returnSequences: true })(masked()(x));
    expect(repeatVector({ n: 3 })(h).masked).toBe(false);
  });
});
