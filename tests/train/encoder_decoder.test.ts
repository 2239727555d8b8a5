// Models in which one recurrent layer hands its state to another: several outputs of a layer, learned, saved and shown.

import { expect, it } from 'vitest';

import {
  adam,
  asLayer,
  DataError,
  dense,
  embedding,
  gru,
  input,
  loadModel,
  lstm,
  model,
  OptionError,
  paddingMask,
  readSafetensors,
  saveModel,
  writeSafetensors,
} from '../../src/index.ts';
import { device, numbers } from './functional_models.ts';

const [T, words, units] = [3, 4, 16];

/** Tokens 1 to `words`, 0 is padding; the decoder sees the token before the one that it should say. */
function copier() {
  const source = input({ shape: [T], dtype: 'i32' });
  const before = input({ shape: [T], dtype: 'i32' });
  const vectors = embedding({ inputDim: words + 1, outputDim: 6, name: 'words' });
  const encoder = lstm({ units, returnState: true, masked: 'mask', name: 'encoder' });
  const [, h, c] = encoder([vectors(source), paddingMask()(source)]);
  const said = lstm({ units, initialState: true, returnSequences: true, name: 'decoder' })([vectors(before), h, c]);
  const scores = dense({ units: words + 1, name: 'scores' })(said);
  return model({ inputs: { source, before }, outputs: scores, name: 'copier', seed: 4 });
}

/** All sequences of T tokens, and all of fewer with padding behind. */
function sequences() {
  const all: number[][] = [];
  for (let length = 1; length <= T; length++) {
    for (let i = 0; i < words ** length; i++) {
      const digits = Array.from({ length }, (_, k) => 1 + (Math.floor(i / words ** k) % words));
      all.push([...digits, ...Array<number>(T - length).fill(0)]);
    }
  }
  const shape = [all.length, T];
  const before = all.map((tokens) => [0, ...tokens.slice(0, -1)]);
  return {
    x: {
      source: { shape, data: Float32Array.from(all.flat()) },
      before: { shape, data: Float32Array.from(before.flat()) },
    },
    y: { shape, data: Int32Array.from(all.flat()) },
  };
}

it('an encoder and a decoder learn to copy, which the state alone makes possible', async () => {
  const net = copier();
  const data = sequences();
  await net.compile({
    optimizer: adam({ learningRate: 0.02 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    device,
  });
  await net.fit(data, { epochs: 40, batchSize: 28 });
  const { accuracy } = await net.evaluate(data);
  expect(accuracy).toBeGreaterThan(0.97);
  const copy = loadModel(await saveModel(net));
  expect(await copy.predict(data.x)).toEqual(await net.predict(data.x));
  expect(copy.summary().rows).toEqual(net.summary().rows);
});

it('summaries show states as places of their own, without weights', () => {
  const { rows } = copier().summary();
  expect(rows.map(({ name, type, output, params, from }) => [name, type, output, params, from])).toEqual([
    ['words', 'Embedding', '[N, 3, 6]', 30, ['source']],
    ['mask_1', 'PaddingMask', '[N, 3]', 0, ['source']],
    ['encoder', 'LSTM', '[N, 16]', 4 * 16 * (6 + 16 + 1), ['words', 'mask_1']],
    ['state_1', 'LaterOutput', '[N, 16]', 0, ['encoder']],
    ['state_2', 'LaterOutput', '[N, 16]', 0, ['encoder']],
    ['words_2', 'Embedding', '[N, 3, 6]', 0, ['before']],
    ['decoder', 'LSTM', '[N, 3, 16]', 4 * 16 * (6 + 16 + 1), ['words_2', 'state_1', 'state_2']],
    ['scores', 'Dense', '[N, 3, 5]', 17 * 5, ['decoder']],
  ]);
});

it('states are outputs of models, are inspected, and saved alone', async () => {
  const x = input({ shape: [4, 2], name: 'x' });
  const [y, h, c] = lstm({ units: 3, returnState: true })(x);
  const net = model({ inputs: x, outputs: { y, h, c }, seed: 1 });
  const data = numbers(16);
  const found = await net.predict(data);
  expect(found.h).toEqual(found.y);
  expect(found.c.data).not.toEqual(found.h.data);
  expect((await net.inspect(data, ['state_2']))['state_2']).toEqual(found.c);
  expect(await loadModel(await saveModel(net)).predict(data)).toEqual(found);

  const cell = model({ inputs: x, outputs: c, seed: 1 });
  expect(await cell.predict(data)).toEqual(found.c);
  expect(await loadModel(await saveModel(cell)).predict(data)).toEqual(found.c);
});

it('within a model that is a layer', async () => {
  const net = copier();
  const [source, before] = [input({ shape: [T], dtype: 'i32' }), input({ shape: [T], dtype: 'i32' })];
  const layer = asLayer(net, { weights: await net.getWeights() });
  const outer = model({ inputs: { source, before }, outputs: layer([source, before]) });
  const { x } = sequences();
  expect(await outer.predict(x)).toEqual(await net.predict(x));
  expect(await loadModel(await saveModel(outer)).predict(x)).toEqual(await net.predict(x));
});

it('files that ask for an output that is not there are refused', async () => {
  const x = input({ shape: [4, 2] });
  const [, h] = gru({ units: 3, returnState: true })(x);
  const { tensors, metadata } = readSafetensors(await saveModel(model({ inputs: x, outputs: h })));
  const load = (from: string, to: string) => () =>
    loadModel(writeSafetensors(tensors, { ...metadata, model: metadata['model']!.replace(from, to) }));
  expect(metadata['model']).toContain('"index":1');
  expect(load('"index":1', '"index":2')).toThrow(
    new OptionError('state_1 (LaterOutput): asks for output 2 of what gives 2, counted from 0'),
  );
  expect(load('"index":1', '"index":0')).toThrow(OptionError);
  expect(load('"type":"LaterOutput"', '"type":"LatterOutput"')).toThrow(DataError);
});
