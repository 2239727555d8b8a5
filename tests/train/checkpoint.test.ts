import { describe, expect, it } from 'vitest';

import {
  adam,
  conv2d,
  createCpuDevice,
  DataError,
  dense,
  dropout,
  flatten,
  leakyRelu,
  loadModel,
  loadWeights,
  averagePool2d,
  moons,
  readSafetensors,
  reshape,
  saveModel,
  sequential,
  sgd,
  writeSafetensors,
  xor,
  type Model,
} from '../../src/index.ts';

const data = xor({ size: 40 });
const make = (seed = 3): Model =>
  sequential(
    [
      dense({ units: 8, activation: 'tanh', inputShape: [2] }),
      dropout({ rate: 0.2 }),
      dense({ units: 2, name: 'out' }),
    ],
    {
      seed,
      name: 'small',
    },
  );

async function compiled(model: Model): Promise<Model> {
  await model.compile({
    optimizer: adam({ learningRate: 0.05 }),
    loss: 'sparseCategoricalCrossentropy',
    device: createCpuDevice(),
  });
  return model;
}

function thrownBy(work: () => void): DataError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return error as DataError;
  }
  throw new Error('nothing was thrown');
}

describe('saveModel and loadModel', () => {
  it('give a model with the same layers, weights and predictions', async () => {
    const model = sequential(
      [
        reshape({ targetShape: [8, 8, 1], inputShape: [64] }),
        conv2d({
          filters: 4,
          kernelSize: [3, 2],
          strides: 2,
          padding: [
            [1, 0],
            [0, 1],
          ],
          useBias: false,
        }),
        leakyRelu({ negativeSlope: 0.2 }),
        averagePool2d({ poolSize: 2, strides: 1, padding: 'same' }),
        flatten(),
        dense({ units: 3, activation: 'softmax', biasInitializer: 'ones' }),
      ],
      { seed: 9, name: 'all sorts' },
    );
    const copy = loadModel(await saveModel(model));
    expect(copy.name).toBe('all sorts');
    expect(copy.summary().text).toBe(model.summary().text);
    expect(await copy.getWeights()).toEqual(await model.getWeights());
    const x = Float32Array.from({ length: 192 }, (_, i) => Math.sin(i));
    expect(await copy.predict(x)).toEqual(await model.predict(x));
  });

  it('continue training exactly where it was saved', async () => {
    const whole = await compiled(make());
    const { history } = await whole.fit(data, { epochs: 4, batchSize: 16 });

    const first = await compiled(make());
    await first.fit(data, { epochs: 2, batchSize: 16 });
    const bytes = await saveModel(first);
    const second = loadModel(bytes);
    expect(second.history['loss']).toHaveLength(2);
    await compiled(second);
    expect(second.optimizer!.step).toBe(6);
    const rest = await second.fit(data, { epochs: 4, initialEpoch: 2, batchSize: 16 });
    expect(rest.history['loss']).toEqual(history['loss']!.slice(2));
    expect(await second.getWeights()).toEqual(await whole.getWeights());
  });

  it('begin anew with another optimizer, and save again what was not taken up', async () => {
    const model = await compiled(make());
    await model.fit(data);
    const bytes = await saveModel(model);
    const other = loadModel(bytes);
    expect(await saveModel(other)).toEqual(bytes);
    await other.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy', device: createCpuDevice() });
    expect(other.optimizer!.step).toBe(0);
  });

  it('write plain safetensors: weights by name, the rest as JSON', async () => {
    const model = await compiled(make());
    const { tensors, metadata } = readSafetensors(await saveModel(model));
    expect(Object.keys(tensors)).toEqual([
      'dense_1/kernel',
      'dense_1/bias',
      'out/kernel',
      'out/bias',
      ...['m', 'v'].flatMap((moment) =>
        ['dense_1/kernel', 'dense_1/bias', 'out/kernel', 'out/bias'].map((name) => `optimizer/${moment}/${name}`),
      ),
    ]);
    expect(JSON.parse(metadata['model']!)).toMatchObject({
      name: 'small',
      seed: 3,
      inputShape: [2],
      layers: [
        { name: 'dense_1', type: 'Dense', config: { units: 8, activation: 'tanh' } },
        { type: 'Dropout' },
        { name: 'out' },
      ],
    });
    expect(JSON.parse(metadata['training']!)).toMatchObject({ optimizer: 'adam', step: 0, epochs: 0, seed: 3 });
  });

  it('refuse kernels that are no such thing, and do without them', async () => {
    const { tensors, metadata } = readSafetensors(await saveModel(await compiled(make())));
    const { kernels, ...training } = JSON.parse(metadata['training']!) as Record<string, unknown>;
    expect(kernels).toEqual({ device: 'CPU', choices: {} });
    const withKernels = (value: unknown) =>
      writeSafetensors(tensors, { ...metadata, training: JSON.stringify({ ...training, kernels: value }) });
    expect((await loadModel(withKernels(undefined)).getTraining())!.kernels).toBeUndefined();
    const some = { device: 'a card', choices: { 'matmul f32[8,8]': { kernel: 'naive', version: 'matmul 1' } } };
    expect((await loadModel(withKernels(some)).getTraining())!.kernels).toEqual(some);
    for (const wrong of [
      7,
      null,
      { choices: {} },
      { device: 'a card' },
      { device: 'a card', choices: { k: 'naive' } },
    ]) {
      expect(() => loadModel(withKernels(wrong)), JSON.stringify(wrong)).toThrow(DataError);
    }
    const incomplete = { device: 'a card', choices: { k: { kernel: 'naive' } } };
    expect(() => loadModel(withKernels(incomplete))).toThrow("loadModel: the kernel of 'k' is incomplete");
  });

  it('refuse files that are no such model', async () => {
    expect(() => loadModel(writeSafetensors({}))).toThrow(/^loadModel: the file's format is unknown/);
    const { tensors, metadata } = readSafetensors(await saveModel(make()));
    const changed = (text: string) => writeSafetensors(tensors, { ...metadata, model: text });
    expect(() => loadModel(changed('{'))).toThrow(new DataError("loadModel: the metadata 'model' is no JSON"));
    expect(() => loadModel(changed('[]'))).toThrow(DataError);
    expect(() => loadModel(changed(metadata['model']!.replace('"Dense"', '"Danse"')))).toThrow(
      /^layer 'dense_1': unknown type 'Danse', did you mean 'Dense'\?/,
    );
    expect(() => loadModel(changed(metadata['model']!.replace('"Dense"', '"constructor"')))).toThrow(DataError);
  });
});

describe('loadWeights', () => {
  it('lists every difference and changes nothing', async () => {
    const model = make(1);
    const before = await model.getWeights();
    const other = sequential([dense({ units: 9, inputShape: [2] }), dense({ units: 2 })]);
    const { tensors } = readSafetensors(await saveModel(other));
    const bytes = writeSafetensors({
      ...tensors,
      'dense_1/bias': { dtype: 'i32', shape: [8], data: new Int32Array(8) },
    });
    const lines = [
      "loadWeights: the weights do not fit 'small', and nothing was changed:",
      'dense_1/kernel: [2,9] in the file, expected [2,8]',
      'dense_1/bias: i32 in the file, expected f32 or f16',
      'out/kernel: missing in the file, expected [8,2]',
      'out/bias: missing in the file, expected [2]',
      'dense_2/kernel: in the file only, [9,2]',
      'dense_2/bias: in the file only, [2]',
    ];
    const caught = thrownBy(() => loadWeights(model, bytes));
    expect(caught.message).toBe(lines.join('\n  '));
    expect(caught.differences).toEqual([
      { weight: 'dense_1/kernel', what: 'shape', expected: [2, 8], found: [2, 9] },
      { weight: 'dense_1/bias', what: 'dtype', expected: ['f32', 'f16'], found: 'i32' },
      { weight: 'out/kernel', what: 'missing', expected: [8, 2] },
      { weight: 'out/bias', what: 'missing', expected: [2] },
      { weight: 'dense_2/kernel', what: 'extra', found: [9, 2] },
      { weight: 'dense_2/bias', what: 'extra', found: [2] },
    ]);
    expect(await model.getWeights()).toEqual(before);
  });

  it('has no differences to name where the file itself is torn', async () => {
    const bytes = await saveModel(make(1));
    expect(thrownBy(() => loadWeights(make(1), bytes.slice(0, 60))).differences).toBeUndefined();
  });

  it('takes weights before and after compile', async () => {
    const source = make(1);
    const bytes = await saveModel(source);
    const early = make(2);
    loadWeights(early, bytes);
    await compiled(early);
    const late = await compiled(make(2));
    loadWeights(late, bytes);
    for (const model of [early, late]) expect(await model.getWeights()).toEqual(await source.getWeights());
    await early.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', device: createCpuDevice() });
    expect(await early.getWeights(), 'moved to another device').toEqual(await source.getWeights());
    expect((await early.fit(moons({ size: 20 }))).epochs).toBe(1);
  });
});
