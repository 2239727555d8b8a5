import { describe, expect, it, test } from 'vitest';

import {
  adam,
  conv2d,
  createCpuDevice,
  DataError,
  dense,
  flatten,
  logSoftmax,
  maxPool2d,
  OptionError,
  sequential,
  sgd,
  ShapeError,
  sigmoid,
  softmax,
  StateError,
  xor,
  type Model,
} from '../../src/index.ts';
import { receivedError, sentError } from '../../src/train/worker/messages.ts';

const device = createCpuDevice();
const data = xor({ size: 12 });
const model = (): Model => sequential([dense({ units: 3, inputShape: [2] })]);

async function ready(): Promise<Model> {
  const made = model();
  await made.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', device });
  return made;
}

describe('options', () => {
  it('that are unknown are named with the nearest known one', () => {
    expect(() => dense({ unit: 3 } as never)).toThrow(
      new OptionError(
        "dense: unknown option 'unit', did you mean 'units'?; known: name, inputShape, units, activation, useBias, kernelInitializer, biasInitializer, kernelRegularizer, kernelConstraint, biasRegularizer, biasConstraint, activityRegularizer, trainable",
      ),
    );
    expect(() => conv2d({ filters: 3, kernelSize: 3, grups: 2 } as never)).toThrow(
      /^conv2d: unknown option 'grups', did you mean 'groups'/,
    );
    expect(() => adam({ lr: 1 } as never)).toThrow(/^adam: unknown option 'lr'/);
    expect(() => dense({ units: 3, activation: 'rellu' as never })).toThrow(
      /^dense: unknown activation 'rellu', did you mean 'relu'\?; known: linear, relu/,
    );
    expect(() => dense({ units: 0 })).toThrow(new OptionError('dense: units is 0, expected a positive integer'));
    expect(() => sgd({ learningRate: -1 })).toThrow(
      new OptionError('sgd: learningRate is -1, expected a number of at least 0'),
    );
    expect(() => sgd({ nesterov: true })).toThrow(new OptionError('sgd: nesterov needs a momentum above 0, got 0'));
  });

  it('of compile and fit are checked before anything runs', async () => {
    const made = model();
    const compile = (options: object) => made.compile({ optimizer: 'adam', loss: 'mse', device, ...options } as never);
    await expect(compile({ optimiser: 'adam' })).rejects.toThrow(
      /^compile: unknown option 'optimiser', did you mean 'optimizer'\?/,
    );
    await expect(compile({ optimizer: 'adan' })).rejects.toThrow(
      new OptionError(
        "compile: unknown optimizer 'adan', did you mean 'adam'?; known: sgd, adam, adamW, rmsprop, adagrad",
      ),
    );
    await expect(compile({ loss: 'crossentropy' })).rejects.toThrow(
      /^compile: unknown loss 'crossentropy', did you mean/,
    );
    await expect(compile({ metrics: ['acuracy'] })).rejects.toThrow(
      /unknown metric 'acuracy', did you mean 'accuracy'\?/,
    );
    await expect(compile({ metrics: ['mse', 'meanSquaredError'] })).rejects.toThrow(
      /two metrics are called 'meanSquaredError'/,
    );
    const fitted = await ready();
    await expect(fitted.fit(data, { epoch: 3 } as never)).rejects.toThrow(
      /^fit: unknown option 'epoch', did you mean 'epochs'\?/,
    );
    await expect(fitted.fit(data, { batchSize: 0 })).rejects.toThrow(
      new OptionError('fit: batchSize is 0, expected a whole number of at least 1'),
    );
    await expect(fitted.inspect(data, ['dense_2'])).rejects.toThrow(
      new OptionError("inspect: no layer 'dense_2', did you mean 'dense_1'?; known: dense_1"),
    );
  });
});

describe('shapes', () => {
  it('are wrong at the line that makes the model, with the layer that cannot take them', () => {
    expect(() => sequential([conv2d({ filters: 4, kernelSize: 3, inputShape: [28, 28] })])).toThrow(
      new ShapeError('conv_1 (Conv2d): expected images [H,W,C], got [28,28]'),
    );
    expect(() =>
      sequential([
        conv2d({ filters: 4, kernelSize: 3, inputShape: [5, 5, 1] }),
        conv2d({ filters: 4, kernelSize: 5, name: 'wide' }),
      ]),
    ).toThrow(/^wide \(Conv2d\): .*5.*3/);
    expect(() => sequential([flatten({ inputShape: [4, 4, 1] }), maxPool2d()])).toThrow(
      new ShapeError('pool_1 (MaxPool2d): expected images [H,W,C], got [16]'),
    );
    const stack = (): Error | null => {
      try {
        sequential([flatten({ inputShape: [4] }), maxPool2d()]);
      } catch (error) {
        return error as Error;
      }
      return null;
    };
    expect(stack()!.stack).toContain('errors.test.ts');
  });

  it('of the data are compared with the model', async () => {
    const fitted = await ready();
    const wrong = { x: { shape: [4, 3], data: new Float32Array(12) }, y: new Int32Array(4) };
    await expect(fitted.fit(wrong)).rejects.toThrow(
      new ShapeError('fit: the examples are [3], but the model takes [2]'),
    );
    await expect(fitted.predict(new Float32Array(5))).rejects.toThrow(
      new DataError('predict: 5 numbers are no whole number of examples of [2]'),
    );
    const regression = model();
    await regression.compile({ optimizer: 'sgd', loss: 'mse', device });
    await expect(regression.fit(data)).rejects.toThrow(
      new ShapeError('fit: the targets are [] for each example, but the model gives [3]'),
    );
  });

  it('leave no two layers with one name', () => {
    const a = dense({ units: 2, name: 'a', inputShape: [2] });
    expect(() => sequential([a, dense({ units: 2, name: 'a' })])).toThrow(/two layers are named 'a'/);
    expect(() => sequential([dense({ units: 2, inputShape: [2] }), dense({ units: 2, name: 'dense_1' })])).toThrow(
      /two layers are named 'dense_1'/,
    );
    expect(() => sequential([])).toThrow(new OptionError('sequential: no layers, expected at least one'));
  });
});

describe('data', () => {
  it('labels outside the classes are found before anything runs', async () => {
    const fitted = await ready();
    const labels = Int32Array.of(0, 1, 3);
    await expect(fitted.fit({ x: new Float32Array(6), y: labels })).rejects.toThrow(
      new DataError('fit: label 3 at index 2 is outside 0..2: the model has 3 outputs'),
    );
    const bad = { x: new Float32Array(6), y: Int32Array.of(0, -1, 1) };
    await expect(fitted.evaluate(bad)).rejects.toThrow(/^evaluate: label -1 at index 1/);
    await expect(fitted.fit(data, { validation: bad })).rejects.toThrow(/^fit: validation: label -1 at index 1/);
    expect(fitted.optimizer!.step).toBe(0);
  });

  it('that is NaN is refused', async () => {
    const fitted = await ready();
    await expect(fitted.fit({ x: Float32Array.of(0, 1, NaN, 1), y: Int32Array.of(0, 1) })).rejects.toThrow(
      /^dataset: x is NaN at index 2, expected a finite number/,
    );
  });
});

describe('softmax and loss', () => {
  const with_ = (last: ReturnType<typeof softmax>) => sequential([dense({ units: 3, inputShape: [2] }), last]);

  it('are not applied twice', async () => {
    await expect(
      with_(softmax()).compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', device }),
    ).rejects.toThrow(
      new OptionError(
        "compile: 'sparseCategoricalCrossentropy' takes logits, but softmax_1 (Softmax) ends in softmax: drop the softmax",
      ),
    );
    await expect(
      with_(logSoftmax()).compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy', device }),
    ).rejects.toThrow(/logsoftmax_1 \(LogSoftmax\) ends in logSoftmax: use 'nll', or drop the logSoftmax$/);
    const dense2 = sequential([dense({ units: 3, inputShape: [2], activation: 'softmax' })]);
    await expect(dense2.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', device })).rejects.toThrow(
      /drop the softmax$/,
    );
    await expect(with_(sigmoid()).compile({ optimizer: 'sgd', loss: 'binaryCrossentropy', device })).rejects.toThrow(
      /drop the sigmoid$/,
    );
  });

  it('nll wants logSoftmax', async () => {
    await expect(model().compile({ optimizer: 'sgd', loss: 'nll', device })).rejects.toThrow(
      new OptionError(
        "compile: 'nll' expects log-probabilities, but dense_1 (Dense) ends in linear: add logSoftmax(), " +
          "or use 'sparseCategoricalCrossentropy', which takes logits",
      ),
    );
    await with_(logSoftmax()).compile({ optimizer: 'sgd', loss: 'nll', device });
  });
});

describe('calls out of order', () => {
  it('say what to do first', async () => {
    await expect(model().fit(data)).rejects.toThrow(
      new StateError('fit: the model is not compiled; await compile({ optimizer, loss }) first'),
    );
    const shapeless = sequential([dense({ units: 2 })]);
    await expect(shapeless.compile({ optimizer: 'sgd', loss: 'mse', device })).rejects.toThrow(
      new StateError('compile: the model has no input shape; give its first layer inputShape, or call build([...])'),
    );
    expect(shapeless.build([2]).outputShape).toEqual([2]);
    expect(() => shapeless.build([3])).toThrow(new StateError('build: the model takes [2] already, got [3]'));
  });

  it('two fits at once, and use after dispose', async () => {
    const fitted = await ready();
    const first = fitted.fit(data, { epochs: 2 });
    await expect(fitted.fit(data)).rejects.toThrow(
      new StateError('fit: this model is being trained already; await that fit first'),
    );
    await first;
    fitted.dispose();
    fitted.dispose();
    await expect(fitted.fit(data)).rejects.toThrow(new StateError('fit: the model was disposed of'));
    await expect(fitted.predict(new Float32Array(2))).rejects.toThrow(StateError);
  });

  it('dispose during a fit ends it', async () => {
    const fitted = await ready();
    const callbacks = [{ onEpochEnd: () => fitted.dispose() }];
    await expect(fitted.fit(data, { epochs: 3, callbacks })).rejects.toThrow(
      new StateError('fit: the model was disposed of'),
    );
  });
});

test.each([
  new ShapeError('too wide', { misfit: { rule: 'window', dimension: 2, value: 7, most: 5 } }),
  new OptionError('too much', { misfit: { rule: 'output padding', dimension: 1, value: 2, most: 1 } }),
  new ShapeError('no sizes'),
  new DataError('torn', 12),
  new DataError('other weights', undefined, [
    { weight: 'fc/kernel', what: 'shape', expected: [784, 10], found: [4, 2] },
  ]),
])('what an error says for programs crosses from a worker: %s', (error) => {
  const received = receivedError(structuredClone(sentError(error)));
  expect(received).toBeInstanceOf(error.constructor);
  const told = (one: object) => ({ ...one, misfit: 'misfit' in one ? one.misfit : undefined });
  expect({ ...told(received), message: received.message }).toEqual({ ...told(error), message: error.message });
});
