// Graphs of layers: shared weights, branches, several inputs and outputs, trained and compared with programs made by hand.

import { describe, expect, it } from 'vitest';

import {
  activation,
  adam,
  add,
  concatenate,
  conv2d,
  createCpuDevice,
  DataError,
  dense,
  dot,
  dropout,
  flatten,
  glorotUniform,
  input,
  loadModel,
  maxPool2d,
  model,
  namedDataset,
  OptionError,
  ops,
  parameters,
  program,
  randomNormal,
  readSafetensors,
  relu,
  saveModel,
  sequential,
  sgd,
  ShapeError,
  split,
  StateError,
  subtract,
  take,
  writeSafetensors,
  zeros,
  type HostTensor,
  type Model,
  type SymbolicTensor,
} from '../../src/index.ts';

const device = createCpuDevice();
const numbers = (size: number, stream = 0) => randomNormal(size, 7, stream);
const near = (values: ArrayLike<number>, digits = 5) =>
  Array.from(values, (value) => expect.closeTo(value, digits) as number);

/** Two pictures of 4 numbers through one tower, compared by the distance of what comes out. */
function siamese() {
  const tower = dense({ units: 3, activation: 'tanh', name: 'tower' });
  const a = input({ shape: [4], name: 'a' });
  const b = input({ shape: [4], name: 'b' });
  const difference = subtract()([tower(a), tower(b)]);
  return model({ inputs: [a, b], outputs: dense({ units: 1, name: 'out' })(difference), name: 'siamese', seed: 5 });
}

/** Two inputs of different shapes, a trunk, and two outputs: a class of three and a number. */
function twoByTwo(seed = 1) {
  const a = input({ shape: [3] });
  const b = input({ shape: [2, 2] });
  const trunk = dense({ units: 8, activation: 'tanh', name: 'trunk' })(concatenate()([a, flatten()(b)]));
  const kind = dense({ units: 3, name: 'scores' })(trunk);
  const amount = dense({ units: 1, name: 'line' })(trunk);
  return model({ inputs: { a, b }, outputs: { kind, amount }, seed });
}

function twoByTwoData(size: number) {
  const a = numbers(size * 3, 1);
  const b = numbers(size * 4, 2);
  const kind = Int32Array.from({ length: size }, (_, i) => (a[3 * i]! > 0 ? (b[4 * i]! > 0 ? 2 : 1) : 0));
  const amount = Float32Array.from({ length: size }, (_, i) => a[3 * i + 1]! - 0.5 * b[4 * i + 3]!);
  return { x: { a, b: { shape: [size, 2, 2], data: b } }, y: { kind, amount: { shape: [size, 1], data: amount } } };
}

const twoLosses = { kind: 'sparseCategoricalCrossentropy', amount: 'mse' } as const;

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
    const b = Float32Array.from(a, (value, i) => (Math.floor(i / 4) % 2 === 0 ? value + 0.1 * a[799 - i]! : a[799 - i]!));
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
    const conv = (options: object = {}) => conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, ...options });
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
      k1: weights.get('conv_3/kernel')!.data,
      k2: weights.get('conv_4/kernel')!.data,
    });
    expect([...second!.data]).toEqual(near(await byHand.read('y')));

    const y = Int32Array.from({ length: size }, (_, i) => (x[i * 36]! > 0 ? 1 : 0));
    await net.compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy', device });
    const { history } = await net.fit({ x, y }, { epochs: 15, batchSize: 8 });
    expect(history['loss']!.at(-1)).toBeLessThan(0.5 * history['loss']![0]!);
  });
});

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
    expect((await net.plan({ batchSize: 5 })).text).toContain('trunk');
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
      new DataError("loadModel: layer 1 shares weights with 'towel', which does not come before it"),
    );
    expect(load('"from":[2,3]', '"from":[2,9]')).toThrow(
      new DataError('loadModel: layer 2 refers to place 9, expected one before it'),
    );
    expect(load('"kind":"graph"', '"kind":"grape"')).toThrow(/is of kind 'grape', expected sequential or graph$/);
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
    const narrow = siamese().summary({ width: 60 }).text.split('\n');
    expect(Math.max(...narrow.map(({ length }) => length))).toBeLessThanOrEqual(66);
  });

  it('of a chain is that of the sequential model', () => {
    const layers = () => [dense({ units: 3 }), relu(), dense({ units: 2 })];
    const x = input({ shape: [4] });
    const chain = model({ inputs: x, outputs: layers().reduce((value, layer) => layer(value), x) });
    expect(chain.summary().text).toBe(sequential(layers()).build([4]).summary().text);
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
    expect(() => subtract()([x(), x(), x()])).toThrow(/^subtract \(Subtract\): expected two inputs in an array, got 3$/);
    expect(() => add()([x(), x('b', [3])])).toThrow(
      new ShapeError('add (Add): the inputs are [4] and [3], expected one shape, or lengths of 1 in its place'),
    );
    expect(() => concatenate()([x('a', [2, 4]), x('b', [3, 4])])).toThrow(
      new ShapeError('concatenate (Concatenate): the inputs are [2,4] and [3,4], expected the same but along axis -1'),
    );
    expect(() => concatenate({ axis: 0 })).toThrow(/which is the batch$/);
    expect(() => concatenate({ axis: 2 })([x(), x()])).toThrow(/axis 2 is none of \[N,4\], expected 1 to 1, or -1 to -1$/);
    expect(() => dense({ units: 1, inputShape: [3] })(x())).toThrow(/inputShape is \[3\], but it is called on \[4\]$/);
    for (const wrong of [new Float32Array(4), undefined, [], [3], { shape: [4] }]) {
      expect(() => dense({ units: 1 })(wrong as never)).toThrow(
        new OptionError(
          'dense (Dense): called on something else than what input() and layers give, or an array of these',
        ),
      );
    }
    expect(() => input({ shape: [0] })).toThrow(ShapeError);
    expect(() => input({ shape: [2], dtype: 'u8' as never })).toThrow(/^input: dtype is 'u8', expected 'f32' or 'i32'$/);
    expect(() => input({} as never)).toThrow(/^input: shape is missing/);
    const stack = (): string => {
      try {
        flatten()(dense({ units: 1 })(maxPool2d()(x())));
      } catch (error) {
        return (error as Error).stack!;
      }
      return '';
    };
    expect(stack()).toContain('functional.test.ts');
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
    await expect(fit({ x: given, y: y.kind })).rejects.toThrow(/^fit: y is one array, expected a record of kind, amount$/);
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

describe('named data sets', () => {
  it('are taken from and checked as a whole', () => {
    const set = namedDataset(twoByTwoData(5));
    const taken = take(set, [3, 3, 0]);
    expect(taken.size).toBe(3);
    const b = (taken.x as Record<string, { data: Float32Array; shape: number[] }>)['b']!;
    expect(b.shape).toEqual([2, 2]);
    const all = twoByTwoData(5).x.b.data;
    expect([...b.data]).toEqual([...all.subarray(12, 16), ...all.subarray(12, 16), ...all.subarray(0, 4)]);
    expect(() => namedDataset({ x: {}, y: {} })).toThrow(/^namedDataset: x is neither an array nor a record/);
    expect(() => namedDataset({ x: { a: Float32Array.of(1, NaN) }, y: Int32Array.of(0, 1) })).toThrow(
      /x is NaN at index 1.*\(x is 'a', y is 'y'\)$/,
    );
  });

  it('of bytes and of whole numbers', async () => {
    const bytes = input({ shape: [2], name: 'bytes' });
    const tokens = input({ shape: [1], name: 'tokens', dtype: 'i32' });
    const halves = dense({ units: 1, useBias: false, kernelInitializer: 'ones', name: 'sum' })(bytes);
    const net = model({ inputs: bytes, outputs: halves });
    expect((await net.predict({ bytes: Uint8Array.of(255, 0, 51, 51) })).data).toEqual(
      Float32Array.from([1, expect.closeTo(0.4, 6) as number]),
    );
    expect(tokens.dtype).toBe('i32');
  });
});

it('initial weights follow the order of the layers, whatever the order of calls', async () => {
  const layer = (name: string) => dense({ units: 2, name, kernelInitializer: glorotUniform(), biasInitializer: zeros() });
  const x = input({ shape: [2] });
  const [p, q] = [layer('p'), layer('q')];
  const net = model({ inputs: x, outputs: q(p(x)), seed: 1 });
  expect([...(await net.getWeights()).keys()]).toEqual(['p/kernel', 'p/bias', 'q/kernel', 'q/bias']);
});
