import { describe, expect, it } from 'vitest';

import {
  adam,
  createCpuDevice,
  createState,
  dense,
  dropout,
  l2,
  loadModel,
  ones,
  operandOf,
  OptionError,
  ops,
  parameters,
  program,
  saveModel,
  sequential,
  sgd,
  StateError,
  xor,
} from '../../src/index.ts';
import { begun, continuedWith, scalarsCases, setMidway } from './scalars_cases.ts';

describe.each(Object.entries(scalarsCases))('%s', (_, one) => {
  it('numbers set between two steps count as if compiled so, and each of them counts', async () => {
    const device = createCpuDevice();
    const start = await begun(one, device);
    const fresh = await continuedWith(one, 1, start, device);
    const { first, now, weights } = await setMidway(one, device);
    expect(weights).toEqual(fresh);
    const pairs = Object.entries(one.numbers);
    expect(first).toMatchObject(Object.fromEntries(pairs.map(([name, [value]]) => [name, value])));
    expect(now).toMatchObject(Object.fromEntries(pairs.map(([name, [, value]]) => [name, value])));
    const unchanged = await continuedWith(one, 0, start, device);
    for (const name of Object.keys(one.numbers)) {
      expect(await continuedWith(one, 0, start, device, [name]), name).not.toEqual(unchanged);
    }
  });
});

const small = () =>
  sequential(
    [
      dense({ units: 4, activation: 'tanh', inputShape: [2], kernelRegularizer: l2(0.01) }),
      dropout({ rate: 0.2 }),
      dropout({ rate: 0 }),
      dense({ units: 2 }),
    ],
    { seed: 2 },
  );
const compile = { optimizer: sgd({ momentum: 0.9 }), loss: 'sparseCategoricalCrossentropy' } as const;

describe('scalars', () => {
  it('names what may change, and sets all or nothing', async () => {
    const model = small();
    expect(() => model.scalars()).toThrow(StateError);
    await model.compile({ ...compile, device: createCpuDevice() });
    const first = {
      learningRate: 0.01,
      momentum: 0.9,
      weightDecay: 0,
      'dropout_1/rate': 0.2,
      'dense_1/kernel/l2': 0.01,
    };
    expect(model.scalars()).toEqual(first);
    const setting = (values: object) => () => model.setScalars(values as never);
    expect(setting({ momentum: 0.5, 'dropout_1/rte': 0.1 })).toThrow(
      new OptionError(
        "setScalars: no number 'dropout_1/rte' that may change, did you mean 'dropout_1/rate'?; " +
          'known: learningRate, momentum, weightDecay, dropout_1/rate, dense_1/kernel/l2; ' +
          'what was 0 or not given when the model was compiled is no part of its step',
      ),
    );
    expect(setting({ 'dropout_2/rate': 0.1 })).toThrow("no number 'dropout_2/rate' that may change");
    expect(setting({ momentum: 0.5, 'dropout_1/rate': 1 })).toThrow(
      'dropout_1/rate is 1, expected at least 0 and below 1',
    );
    expect(setting({ 'dense_1/kernel/l2': -1 })).toThrow('dense_1/kernel/l2 is -1, expected a number of at least 0');
    expect(setting({ weightDecay: 1e39 })).toThrow('weightDecay is 1e+39, expected a number of at least 0');
    expect(setting({ momentum: '0.5' })).toThrow('momentum is 0.5, expected at least 0 and below 1');
    expect(setting({ momentum: 0.5, learningRate: -1 })).toThrow('learningRate is -1, expected a number of at least 0');
    expect(setting({ learningRate: 0.5, momentum: NaN })).toThrow('momentum is NaN');
    expect(model.scalars()).toEqual(first);
    model.setScalars({ learningRate: 0.5, 'dropout_1/rate': 0 });
    expect(model.scalars()).toEqual({ ...first, learningRate: 0.5, 'dropout_1/rate': 0 });
    model.setLearningRate(null);
    expect(model.scalars()['learningRate']).toBe(0.01);
  });

  it('are saved with the training, and refused by a model that lacks them', async () => {
    const device = createCpuDevice();
    const model = small();
    await model.compile({ ...compile, device });
    await model.fit(xor({ size: 20 }), { batchSize: 8 });
    model.setScalars({ 'dropout_1/rate': 0.5, momentum: 0.25 });
    const bytes = await saveModel(model);
    const again = loadModel(bytes);
    await again.compile({ ...compile, device });
    expect(again.scalars()).toEqual(model.scalars());
    again.setTraining({ ...(await again.getTraining())!, scalars: {} });
    expect(again.scalars()['momentum']).toBe(0.9);
    const other = loadModel(bytes);
    await expect(other.compile({ ...compile, optimizer: sgd(), device })).rejects.toThrow("no number 'momentum'");
    const another = loadModel(bytes);
    await another.compile({ ...compile, optimizer: adam(), device });
    expect(another.scalars()['dropout_1/rate']).toBe(0.2);
  });
});

it('a program of one’s own takes them from the state of its optimizer, and as operands', async () => {
  const weights = parameters({ w: { shape: [2], initializer: ones() } });
  const state = createState(sgd({ learningRate: 0.5, weightDecay: 0 }), weights, null, {
    strength: { value: 2, least: 0 },
  });
  const device = createCpuDevice();
  const step = await program(
    {},
    () => ({ loss: ops.sum(ops.mul(weights.get('w'), operandOf(state.numbers.read('strength', 2)))) }),
    { parameters: weights, optimizer: state, device },
  );
  state.numbers.set('test', { strength: 1 }); // between the plan and the first run
  await step.prepare();
  step.run({});
  expect(await step.read('loss')).toEqual(Float32Array.of(2));
  expect(await device.readVariable(weights.arena)).toMatchObject({ 0: 0.5, 1: 0.5 }); // 1 − 0.5·1
  state.numbers.set('test', { weightDecay: 0.5, strength: 3 });
  step.run({});
  expect(await step.read('loss')).toEqual(Float32Array.of(3));
  expect(await device.readVariable(weights.arena)).toMatchObject({ 0: -1.125 }); // 0.5 − 0.5·(3 + 0.5·0.5)
});
