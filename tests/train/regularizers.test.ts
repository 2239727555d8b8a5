// Penalties, limits and frozen weights, against the same by hand.

import { describe, expect, it } from 'vitest';

import {
  asLayer,
  batchNormalization,
  conv2d,
  createCpuDevice,
  dense,
  flatten,
  gru,
  l1,
  l1l2,
  l2,
  loadModel,
  maxNorm,
  type Model,
  moons,
  OptionError,
  saveModel,
  sequential,
  sgd,
} from '../../src/index.ts';

const data = moons({ size: 40, seed: 3 });
const fixed = (values: readonly number[]) => ({ name: 'fixed', values: () => Float32Array.from(values) });

async function compiled<M extends Model<unknown>>(model: M, learningRate = 0.1): Promise<M> {
  const optimizer = sgd({ learningRate });
  await model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', device: createCpuDevice() });
  return model;
}

describe('regularizers', () => {
  const layer = (kernelRegularizer?: ReturnType<typeof l1>) =>
    dense({
      units: 2,
      inputShape: [2],
      kernelInitializer: fixed([1, -2, 0.5, 3]),
      biasInitializer: fixed([0.5, -1]),
      ...(kernelRegularizer ? { kernelRegularizer, biasRegularizer: l2(0.1) } : {}),
    });

  it.each([
    ['l1', l1(0.01), 0.065, (w: number) => 0.01 * Math.sign(w)],
    ['l2', l2(0.02), 0.285, (w: number) => 0.04 * w],
    ['l1l2', l1l2({ l1: 0.01, l2: 0.02 }), 0.35, (w: number) => 0.01 * Math.sign(w) + 0.04 * w],
  ] as const)('%s is added to the loss, reported apart, and pulls', async (_, regularizer, penalty, slope) => {
    const plain = await compiled(sequential([layer()]));
    const held = await compiled(sequential([layer(regularizer)]));
    const bias = 0.1 * (0.25 + 1);
    const [one, other] = [await plain.evaluate(data), await held.evaluate(data)];
    expect(other['regularization']).toBeCloseTo(penalty + bias, 5);
    expect(other['loss']! - one['loss']!).toBeCloseTo(penalty + bias, 5);
    // One step on all data.
    const logs = await held.fit(data, { batchSize: 40 });
    await plain.fit(data, { batchSize: 40 });
    expect(logs.history['regularization']![0]).toBeCloseTo(penalty + bias, 5);
    const [w, v] = [
      (await plain.getWeights()).get('dense_1/kernel')!,
      (await held.getWeights()).get('dense_1/kernel')!,
    ];
    [1, -2, 0.5, 3].forEach((start, i) => expect(v.data[i]).toBeCloseTo(w.data[i]! - 0.1 * slope(start), 5));
  });

  it('hold for convolutions and recurrent layers, and are saved', async () => {
    const model = sequential([
      conv2d({
        filters: 2,
        kernelSize: 2,
        inputShape: [4, 4, 1],
        kernelRegularizer: l2(0.5),
        kernelConstraint: maxNorm(1),
      }),
      flatten(),
      dense({ units: 3, kernelRegularizer: l1(), trainable: true }),
    ]);
    const copy = loadModel(await saveModel(model));
    for (const one of [model, copy]) {
      expect(one.parameters.list.map(({ regularizer }) => regularizer)).toEqual([
        { l1: 0, l2: 0.5 },
        undefined,
        { l1: 0.01, l2: 0 },
        undefined,
      ]);
      expect(one.parameters.list[0]!.constraint).toEqual({ maxNorm: 1 });
    }
    const recurrent = sequential([gru({ units: 2, inputShape: [3, 2], kernelRegularizer: l2(1) })]);
    expect(recurrent.parameters.list.map(({ name, regularizer }) => [name, regularizer?.l2])).toEqual([
      ['gru_1/kernel', 1],
      ['gru_1/recurrentKernel', undefined],
      ['gru_1/bias', undefined],
    ]);
  });

  it.each([
    [() => l2(-1), 'l2: rate is -1, expected a number of at least 0'],
    [
      () => dense({ units: 1, kernelRegularizer: { l1: 0, l2: -1 } }),
      /dense: kernelRegularizer is .*expected numbers of at least 0/,
    ],
    [() => dense({ units: 1, kernelRegularizer: 0.1 as never }), /expected numbers of at least 0 for l1 and l2/],
    [() => maxNorm(0), 'maxNorm: limit is 0, expected a number above 0'],
    [
      () => dense({ units: 1, kernelConstraint: { maxNorm: 0 } }),
      /kernelConstraint is maxNorm\(0\), expected a number above 0/,
    ],
    [() => dense({ units: 1, trainable: 'no' as never }), /trainable is no/],
    [
      () => sequential([dense({ units: 1, useBias: false, biasRegularizer: l1(), inputShape: [2] })]),
      /has no bias to hold/,
    ],
    [() => dense({ units: 1, kernelRegulariser: l1() } as never), /did you mean 'kernelRegularizer'/],
  ])('refuse what cannot be: %s', (make, message) => {
    expect(make).toThrow(OptionError);
    expect(make).toThrow(message);
  });
});

describe('maxNorm', () => {
  it('holds the weights into each unit after every step', async () => {
    const model = await compiled(
      sequential([
        dense({ units: 6, inputShape: [2], kernelConstraint: maxNorm(0.7) }),
        dense({ units: 2, kernelConstraint: maxNorm(0.3), biasConstraint: maxNorm(0.01) }),
      ]),
      0.5,
    );
    await model.fit(data, {
      epochs: 3,
      batchSize: 10,
      callbacks: [
        {
          async onStepEnd() {
            for (const [name, { shape, data: values }] of await model.getWeights()) {
              const limit = { 'dense_1/kernel': 0.7, 'dense_2/kernel': 0.3, 'dense_2/bias': 0.01 }[name] ?? Infinity;
              const columns = shape.at(-1)!;
              for (let column = 0; column < columns; column++) {
                const own = values.filter((_, i) => i % columns === column);
                expect(Math.hypot(...own), `${name} of unit ${column}`).toBeLessThanOrEqual(limit * (1 + 1e-6));
              }
            }
          },
        },
      ],
    });
    // The limit was met, so that the test is of something.
    const kernel = (await model.getWeights()).get('dense_2/kernel')!.data;
    expect(Math.hypot(...kernel.filter((_, i) => i % 2 === 0))).toBeCloseTo(0.3, 5);
  });
});

describe('trainable: false', () => {
  it('leaves weights and statistics as they are, beside what is trained', async () => {
    const base = await compiled(
      sequential([dense({ units: 4, activation: 'tanh', inputShape: [2] }), batchNormalization(), dense({ units: 3 })]),
    );
    await base.fit(data, { epochs: 2 });
    const weights = await base.getWeights();
    for (const model of [
      sequential([asLayer(base, { weights, trainable: false, name: 'base' }), dense({ units: 2 })]),
      sequential([
        dense({ units: 4, activation: 'tanh', inputShape: [2], trainable: false }),
        batchNormalization({ trainable: false }),
        dense({ units: 2 }),
      ]),
    ]) {
      await compiled(model);
      const before = await model.getWeights();
      expect(model.summary().text).toMatch(/ frozen/);
      await model.fit(data, { epochs: 3, batchSize: 8 });
      const after = await model.getWeights();
      const head = `dense_${model.layers.length - 1}/kernel`;
      expect(model.parameters.list).toHaveLength(2);
      for (const [name, { data: values }] of before) {
        const trained = model.parameters.list.some((one) => one.name === name);
        if (trained) expect(after.get(name)!.data, name).not.toEqual(values);
        else expect(after.get(name)!.data, name).toEqual(values);
      }
      expect(model.parameters.list.map(({ name }) => name)).toContain(
        model.layers.length === 2 ? 'dense_1/kernel' : head,
      );
      const copy = await compiled(loadModel(await saveModel(model)));
      expect(copy.parameters.list).toHaveLength(2);
      expect(await copy.predict(data.x.data.slice(0, 2))).toEqual(await model.predict(data.x.data.slice(0, 2)));
    }
  });
});
