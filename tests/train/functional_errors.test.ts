// What is said of graphs that cannot be, and where.

import { describe, expect, it } from 'vitest';

import {
  activation,
  add,
  concatenate,
  conv2d,
  DataError,
  dense,
  flatten,
  input,
  maxPool2d,
  model,
  OptionError,
  sequential,
  ShapeError,
  StateError,
  subtract,
  type Model,
} from '../../src/index.ts';
import { device, twoByTwo, twoByTwoData, twoLosses } from './functional_models.ts';

describe('what cannot be is said on the line that asks for it', () => {
  const x = (name?: string, shape = [4]) => input({ shape, ...(name === undefined ? {} : { name }) });
  const unit = (name?: string) => dense({ units: 1, ...(name === undefined ? {} : { name }) });

  it('when a layer is called', () => {
    expect(() => conv2d({ filters: 1, kernelSize: 3, name: 'first' })(x())).toThrow(
      new ShapeError('first (Conv2d): expected images [H,W,C], got [4]'),
    );
    expect(() => dense({ units: 1 })([x(), x()])).toThrow(
      new OptionError('dense (Dense): takes one input, got 2; concatenate() or add() makes them one'),
    );
    expect(() => add()([x()])).toThrow(new OptionError('add (Add): expected two or more inputs in an array, got 1'));
    expect(() => subtract()([x(), x(), x()])).toThrow(
      /^subtract \(Subtract\): expected two inputs in an array, got 3$/,
    );
    expect(() => add()([x(), x('b', [3])])).toThrow(
      new ShapeError('add (Add): the inputs are [4] and [3], expected one shape, or lengths of 1 in its place'),
    );
    expect(() => concatenate()([x('a', [2, 4]), x('b', [3, 4])])).toThrow(
      new ShapeError('concatenate (Concatenate): the inputs are [2,4] and [3,4], expected the same but along axis -1'),
    );
    expect(() => concatenate({ axis: 0 })).toThrow(/which is the batch$/);
    expect(() => concatenate({ axis: 2 })([x(), x()])).toThrow(
      /axis 2 is none of \[N,4\], expected 1 to 1, or -1 to -1$/,
    );
    expect(() => dense({ units: 1, inputShape: [3] })(x())).toThrow(/inputShape is \[3\], but it is called on \[4\]$/);
    for (const wrong of [new Float32Array(4), undefined, [], [3], { shape: [4] }]) {
      expect(() => dense({ units: 1 })(wrong as never)).toThrow(
        new OptionError(
          'dense (Dense): called on something else than what input() and layers give, or an array of these',
        ),
      );
    }
    expect(() => input({ shape: [0] })).toThrow(ShapeError);
    expect(() => input({ shape: [2], dtype: 'u8' as never })).toThrow(
      /^input: dtype is 'u8', expected 'f32' or 'i32'$/,
    );
    expect(() => input({} as never)).toThrow(/^input: shape is missing/);
    const stack = (): string => {
      try {
        flatten()(dense({ units: 1 })(maxPool2d()(x())));
      } catch (error) {
        return (error as Error).stack!;
      }
      return '';
    };
    expect(stack()).toContain('functional_errors.test.ts');
  });

  it('when a model is made', () => {
    const [a, b] = [x('a'), x('b')];
    const out = unit('out')(a);
    expect(() => model({ inputs: [a, b], outputs: out })).toThrow(
      new OptionError("model: no output depends on input 'b'"),
    );
    expect(() => model({ inputs: a, outputs: { y: unit()(add()([a, b])) } })).toThrow(
      new OptionError("model: output 'y' depends on an input 'b' of [4] that is not in inputs"),
    );
    expect(() => model({ inputs: a, outputs: a })).toThrow(/an output is the input 'a' itself/);
    expect(() => model({ inputs: a, outputs: [out, out] })).toThrow(/two outputs are called 'out'/);
    expect(() => model({ inputs: { c: a }, outputs: out })).toThrow(/inputs\.c is named 'a', expected one name$/);
    expect(() => model({ inputs: [a, a], outputs: out })).toThrow(/two inputs are called 'a'/);
    expect(() => model({ inputs: out, outputs: unit()(out) })).toThrow(/inputs hold what the layer out gives/);
    expect(() => model({ inputs: a, outputs: [] })).toThrow(/^model: outputs is empty/);
    expect(() => model({ inputs: a, outputs: unit('out')(out) })).toThrow(/two layers are named 'out'/);
    expect(() => model({ inputs: a, outputs: { 'a b': out } })).toThrow(/^model: outputs: name is 'a b'/);
    expect(() => model({ inputs: a, output: out } as never)).toThrow(/unknown option 'output', did you mean 'outputs'/);
    const shared = dense({ units: 2, name: 'shared' });
    expect(() => model({ inputs: a, outputs: shared(shared(a)) })).toThrow(
      new ShapeError(
        'shared (Dense): is called on [4] and on [2], but its kernel cannot be [4,2] and [2,2] at once; expected two layers',
      ),
    );
    const twice = dense({ units: 4, name: 'twice' });
    expect(() => model({ inputs: a, outputs: dense({ units: 4, name: 'twice_2' })(twice(twice(a))) })).toThrow(
      /two layers are named 'twice_2', which is place 2 of 'twice' as well$/,
    );
    expect(() => sequential([dense({ units: 2, inputShape: [2] }), add()])).toThrow(
      new OptionError(
        'add_1 (Add): takes several inputs, which model({ inputs, outputs }) connects; sequential gives one',
      ),
    );
  });

  it('when it is compiled', async () => {
    const compile = (options: object) => twoByTwo().compile({ optimizer: 'sgd', device, ...options } as never);
    await expect(compile({ loss: { kind: 'mse', amont: 'mse' } })).rejects.toThrow(
      new OptionError("compile: loss names no output 'amont', did you mean 'amount'?; known: kind, amount"),
    );
    await expect(compile({ loss: ['mse'] })).rejects.toThrow(/loss has 1 entries, but the model has 2 outputs$/);
    await expect(compile({ loss: {} })).rejects.toThrow(/^compile: no output has a loss/);
    await expect(compile({ loss: { amount: 'mse' }, lossWeights: { kind: 2 } })).rejects.toThrow(
      /output 'kind' has a weight or metrics, but no loss$/,
    );
    await expect(compile({ loss: twoLosses, lossWeights: 2 })).rejects.toThrow(/^compile: lossWeights is 2, expected/);
    await expect(compile({ loss: twoLosses, lossWeights: { kind: NaN } })).rejects.toThrow(
      /lossWeights of 'kind' is NaN/,
    );
    await expect(compile({ loss: twoLosses, metrics: ['accuracy'] })).rejects.toThrow(
      'compile: metrics is one list for 2 outputs, expected a list for each, such as { kind: [...] }',
    );
    const a = x('a');
    const probabilities = activation('softmax')(dense({ units: 3 })(a));
    const net = model({ inputs: a, outputs: { p: flatten()(probabilities), q: unit()(a) } });
    await expect(
      net.compile({ optimizer: 'sgd', loss: { p: 'categoricalCrossentropy', q: 'mse' }, device }),
    ).rejects.toThrow(/takes logits, but softmax_1 \(Softmax\) ends in softmax: drop the softmax$/);
  });

  it('when data do not fit', async () => {
    const net = twoByTwo() as Model<unknown>;
    await net.compile({ optimizer: 'sgd', loss: twoLosses, device });
    const { x: given, y } = twoByTwoData(6);
    const fit = (data: object) => net.fit(data as never);
    await expect(fit({ x: given.a, y })).rejects.toThrow(/^fit: x is one array, expected a record of a, b$/);
    await expect(fit({ x: { a: given.a }, y })).rejects.toThrow(/^fit: x has no 'b'; the model's inputs are a, b$/);
    await expect(fit({ x: { ...given, c: given.a }, y })).rejects.toThrow(/^fit: x has 'c'.*the model knows a, b$/);
    await expect(fit({ x: given, y: { kind: y.kind } })).rejects.toThrow(/^fit: y has no 'amount', which has a loss/);
    await expect(fit({ x: given, y: y.kind })).rejects.toThrow(
      /^fit: y is one array, expected a record of kind, amount$/,
    );
    await expect(fit({ x: { ...given, b: given.a }, y })).rejects.toThrow(/x is 'b', y is 'kind'/);
    await expect(fit({ x: { ...given, b: { shape: [6, 4], data: given.b.data } }, y })).rejects.toThrow(
      new ShapeError('fit: b: the examples are [4], but the model takes [2,2]'),
    );
    await expect(fit({ x: given, y: { ...y, kind: y.kind.map(() => 3) } })).rejects.toThrow(
      /^fit: kind: label 3 at index 0 is outside 0\.\.2/,
    );
    await expect(net.predict({ a: given.a, b: given.b.data.subarray(4) })).rejects.toThrow(
      new DataError('predict: a has 6 examples and b has 5, expected the same number'),
    );
    expect(() => net.build([3])).toThrow(new StateError('build: the model takes [3], [2,2] already, got [3]'));
    expect([net.inputShape, net.outputShape]).toEqual([null, null]);
  });
});
