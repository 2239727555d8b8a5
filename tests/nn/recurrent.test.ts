// Recurrent layers: their shapes and weights, both directions, stacks, files, and what they learn.

import { describe, expect, it } from 'vitest';

import {
  adam,
  bidirectional,
  createCpuDevice,
  dense,
  evaluateGraph,
  gru,
  inputTensor,
  type Layer,
  loadModel,
  lstm,
  type MergeMode,
  ones,
  OptionError,
  ops,
  orthogonal,
  parameters,
  program,
  type RecurrentLayerOptions,
  saveModel,
  sequential,
  ShapeError,
  simpleRnn,
  type Tensor,
  zeros,
} from '../../src/index.ts';
import { layerContext } from '../../src/nn/layer.ts';
import { generator } from '../ops/table.ts';

const shapesOf = (layer: Layer, shape: number[]) =>
  Object.fromEntries(Object.entries(layer.build(shape, 'layer').weights).map(([name, spec]) => [name, spec.shape]));

describe('shapes, weights and work', () => {
  it('of each kind', () => {
    expect(shapesOf(simpleRnn({ units: 4 }), [7, 3])).toEqual({ kernel: [3, 4], recurrentKernel: [4, 4], bias: [4] });
    expect(shapesOf(lstm({ units: 4 }), [7, 3])).toEqual({ kernel: [3, 16], recurrentKernel: [4, 16], bias: [16] });
    expect(shapesOf(gru({ units: 4 }), [7, 3])).toEqual({ kernel: [3, 12], recurrentKernel: [4, 12], bias: [2, 12] });
    expect(shapesOf(gru({ units: 4, resetAfter: false }), [7, 3])['bias']).toEqual([12]);
    expect(Object.keys(shapesOf(lstm({ units: 4, useBias: false }), [7, 3]))).toEqual(['kernel', 'recurrentKernel']);
    expect(lstm({ units: 4 }).build([7, 3], 'layer')).toMatchObject({
      outputShape: [4],
      flopsPerSample: 2 * 7 * (3 + 4) * 16,
    });
    expect(gru({ units: 4, returnSequences: true }).build([7, 3], 'layer').outputShape).toEqual([7, 4]);
    const both = bidirectional({ layer: gru({ units: 4, returnSequences: true }) });
    expect(both.build([7, 3], 'layer').outputShape).toEqual([7, 8]);
    expect(bidirectional({ layer: gru({ units: 4 }), mergeMode: 'sum' }).build([7, 3], 'layer').outputShape).toEqual([
      4,
    ]);
    expect(Object.keys(both.build([7, 3], 'layer').weights)).toEqual([
      'forward/kernel',
      'forward/recurrentKernel',
      'forward/bias',
      'backward/kernel',
      'backward/recurrentKernel',
      'backward/bias',
    ]);
  });

  it('Keras counts the same parameters: LSTM 4·(32·64 + 64·64 + 64) = 24,832; GRU 3·(32·64 + 64·64 + 2·64) = 18,816', () => {
    const count = (layer: Layer) =>
      Object.values(shapesOf(layer, [10, 32])).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(count(lstm({ units: 64 }))).toBe(24832);
    expect(count(gru({ units: 64 }))).toBe(18816);
    expect(count(simpleRnn({ units: 64 }))).toBe(6208);
  });

  it('refuses what does not fit', () => {
    expect(() => lstm({ units: 2 }).build([3], 'lstm_1 (LSTM)')).toThrow(
      new ShapeError('lstm_1 (LSTM): expected sequences [T,in], got [3]'),
    );
    expect(() => lstm({ units: 2.5 })).toThrow(OptionError);
    expect(() => lstm({ units: 2, returnStates: true } as never)).toThrow(/^lstm: unknown option 'returnStates'/);
    expect(() => gru({ units: 2, resetafter: false } as never)).toThrow(/did you mean 'resetAfter'/);
    expect(() => simpleRnn({ units: 2, activation: 'tan' as never })).toThrow(/did you mean 'tanh'/);
    expect(() => bidirectional({ layer: dense({ units: 2 }) })).toThrow(
      new OptionError('bidirectional: layer is Dense, expected what simpleRnn(), lstm() or gru() gives'),
    );
    expect(() => bidirectional({ layer: gru({ units: 2 }), mergeMode: 'average' as MergeMode })).toThrow(OptionError);
  });
});

describe('initial values', () => {
  it('orthogonal: rows or columns, whichever are fewer, are orthonormal', () => {
    for (const shape of [
      [5, 5],
      [4, 16],
      [9, 3],
      [2, 3, 4],
      [1, 1],
    ]) {
      const columns = shape.at(-1)!;
      const rows = shape.reduce((a, b) => a * b, 1) / columns;
      const q = orthogonal({ gain: 2 }).values(shape, 7, 3);
      const at = (i: number, j: number) => (rows < columns ? q[i * columns + j]! : q[j * columns + i]!);
      const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
      for (let a = 0; a < count; a++) {
        for (let b = 0; b < count; b++) {
          let product = 0;
          for (let k = 0; k < length; k++) product += at(a, k) * at(b, k);
          expect(product).toBeCloseTo(a === b ? 4 : 0, 5);
        }
      }
    }
    const first = orthogonal().values([3, 3], 1, 1);
    expect(orthogonal().values([3, 3], 1, 1)).toEqual(first);
    expect(orthogonal().values([3, 3], 1, 2)).not.toEqual(first);
    expect(orthogonal({ seed: 1 }).values([3, 3], 5, 1)).toEqual(first);
    expect(() => orthogonal().values([4], 0, 0)).toThrow(ShapeError);
  });

  it('the forget gate of an LSTM begins at 1, and only that', () => {
    const bias = (layer: Layer) => {
      const { shape, initializer } = layer.build([5, 2], 'layer').weights['bias']!;
      return [...initializer.values(shape, 0, 0)];
    };
    expect(bias(lstm({ units: 2 }))).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    expect(bias(lstm({ units: 2, unitForgetBias: false }))).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(bias(gru({ units: 1, biasInitializer: 'ones' }))).toEqual([1, 1, 1, 1, 1, 1]);
    const { recurrentKernel, kernel } = lstm({ units: 2 }).build([5, 2], 'layer').weights;
    expect([kernel!.initializer.name, recurrentKernel!.initializer.name]).toEqual(['glorotUniform', 'orthogonal']);
  });
});

// None of these layers draws anything.
const context = layerContext({ training: false, random: inputTensor('random', [4], 'u32'), stream: 0 });

/** What layers give for x, with their weights drawn as a model would draw them. */
function through(layers: readonly Layer[], x: Float64Array, shape: number[]) {
  const from = inputTensor('x', shape);
  let value = from;
  const drawn = new Map<string, Tensor>();
  layers.forEach((layer, i) => {
    const { weights } = layer.build(value.shape.slice(1), 'layer');
    const list = parameters(weights, { seed: 5 + i });
    for (const name of Object.keys(weights)) drawn.set(`${i}/${name}`, list.get(name));
    value = layer.apply(value, (name) => list.get(name), context);
  });
  return { y: value, weights: drawn, values: (y: Tensor) => [...evaluateGraph([y], new Map([[from, x]]))[0]!], from };
}

const random = generator(3);
const x = Float64Array.from({ length: 2 * 5 * 3 }, () => 2 * random() - 1);

describe('layers give what the functions give', () => {
  const weightsAt = (weights: Map<string, Tensor>, prefix: string) => ({
    kernel: weights.get(`${prefix}kernel`)!,
    recurrentKernel: weights.get(`${prefix}recurrentKernel`)!,
    bias: weights.get(`${prefix}bias`)!,
  });

  it('the last output, the sequence, and either backwards', () => {
    const kinds: readonly [(options: RecurrentLayerOptions) => Layer, typeof ops.lstm][] = [
      [simpleRnn, ops.rnn],
      [lstm, ops.lstm],
      [gru, ops.gru],
    ];
    for (const [layer, f] of kinds) {
      for (const goBackwards of [false, true]) {
        const one = through([layer({ units: 4, goBackwards })], x, [2, 5, 3]);
        const many = through([layer({ units: 4, goBackwards, returnSequences: true })], x, [2, 5, 3]);
        const expected = f(one.from, weightsAt(one.weights, '0/'), { goBackwards });
        expect(one.values(one.y)).toEqual(one.values(expected.last));
        expect(many.values(many.y)).toEqual(one.values(expected.sequence));
        // The last of the sequence is the last output.
        expect(many.values(many.y).slice(16, 20)).toEqual(one.values(one.y).slice(0, 4));
      }
    }
  });

  it('a GRU with the reset before the product is another one', () => {
    const [after, before] = [true, false].map((resetAfter) => {
      const { y, values } = through([gru({ units: 4, resetAfter, biasInitializer: zeros() })], x, [2, 5, 3]);
      return values(y);
    });
    expect(before).not.toEqual(after);
  });

  it.each(['concat', 'sum', 'mul', 'ave'] as const)('bidirectional, %s', (mergeMode) => {
    for (const goBackwards of [false, true]) {
      const layer = bidirectional({ layer: gru({ units: 3, returnSequences: true, goBackwards }), mergeMode });
      const { y, values, weights, from } = through([layer], x, [2, 5, 3]);
      const forward = values(ops.gru(from, weightsAt(weights, '0/forward/'), { goBackwards }).sequence);
      const backward = values(ops.gru(from, weightsAt(weights, '0/backward/'), { goBackwards: !goBackwards }).sequence);
      const got = values(y);
      expect(forward).not.toEqual(backward);
      for (let n = 0; n < 2; n++) {
        for (let t = 0; t < 5; t++) {
          for (let u = 0; u < 3; u++) {
            // The other direction's outputs, turned to stand beside these.
            const [a, b] = [forward[(n * 5 + t) * 3 + u]!, backward[(n * 5 + 4 - t) * 3 + u]!];
            const at = n * 5 + t;
            const here = mergeMode === 'concat' ? [got[at * 6 + u], got[at * 6 + 3 + u]] : [got[at * 3 + u]];
            const expected = { concat: [a, b], sum: [a + b], mul: [a * b], ave: [(a + b) / 2] }[mergeMode];
            expect(here).toEqual(expected);
          }
        }
      }
    }
    const last = through([bidirectional({ layer: lstm({ units: 2 }), mergeMode: 'concat' })], x, [2, 5, 3]);
    const forward = ops.lstm(last.from, weightsAt(last.weights, '0/forward/')).last;
    const backward = ops.lstm(last.from, weightsAt(last.weights, '0/backward/'), { goBackwards: true }).last;
    const [a, b] = [last.values(forward), last.values(backward)];
    expect(last.values(last.y)).toEqual([a[0], a[1], b[0], b[1], a[2], a[3], b[2], b[3]]);
  });

  it('a stack, with a dense layer on every step', () => {
    const stack = [
      lstm({ units: 4, returnSequences: true }),
      bidirectional({ layer: simpleRnn({ units: 3, returnSequences: true }) }),
      dense({ units: 2, biasInitializer: ones() }),
    ];
    const { y, values, weights, from } = through(stack, x, [2, 5, 3]);
    expect(y.shape).toEqual([2, 5, 2]);
    const first = ops.lstm(from, weightsAt(weights, '0/')).sequence;
    const forward = ops.rnn(first, weightsAt(weights, '1/forward/')).sequence;
    const backward = ops.rnn(first, weightsAt(weights, '1/backward/'), { goBackwards: true, alignOutputs: true });
    const joined = values(ops.concat([forward, backward.sequence], -1));
    const kernel = values(weights.get('2/kernel')!);
    const expected = Array.from({ length: 20 }, (_, i) => {
      const row = Math.floor(i / 2);
      return joined.slice(6 * row, 6 * row + 6).reduce((sum, value, k) => sum + value * kernel[2 * k + (i % 2)]!, 1);
    });
    values(y).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 12));
  });
});

it('a saved model with recurrent layers comes back with the same predictions', async () => {
  const model = sequential(
    [
      bidirectional({ layer: lstm({ units: 3, returnSequences: true }), mergeMode: 'ave', inputShape: [5, 3] }),
      gru({ units: 4, resetAfter: false, returnSequences: true, goBackwards: true }),
      simpleRnn({ units: 2, activation: 'relu', useBias: false }),
    ],
    { seed: 9 },
  );
  const data = Float32Array.from(x);
  const before = await model.predict(data);
  const again = loadModel(await saveModel(model));
  expect(await again.predict(data)).toEqual(before);
  expect([...(await again.getWeights()).keys()]).toEqual([...(await model.getWeights()).keys()]);
});

describe('learns', () => {
  it('to say what it was told three steps ago', async () => {
    const [N, T, delay] = [96, 10, 3];
    const draw = generator(8);
    const bits = Float32Array.from({ length: N * T }, () => (draw() < 0.5 ? 0 : 1));
    const echo = bits.map((_, i) => (i % T < delay ? 0 : bits[i - delay]!));
    const data = { x: { shape: [N, T, 1], data: bits }, y: { shape: [N, T, 1], data: echo } };
    const kinds: readonly ((options: RecurrentLayerOptions) => Layer)[] = [lstm, gru];
    for (const layer of kinds) {
      const model = sequential([layer({ units: 12, returnSequences: true, inputShape: [T, 1] }), dense({ units: 1 })], {
        seed: 2,
      });
      await model.compile({
        optimizer: adam({ learningRate: 0.03 }),
        loss: 'binaryCrossentropy',
        device: createCpuDevice(),
      });
      const { history } = await model.fit(data, { epochs: 60, batchSize: 32 });
      expect(history['loss']![0]).toBeGreaterThan(0.5);
      expect(history['loss']!.at(-1), layer.name).toBeLessThan(0.05);
    }
  });

  it('the parity of sequences of different lengths, by masking', async () => {
    const [N, T, units] = [64, 6, 8];
    const draw = generator(4);
    const lengths = Int32Array.from({ length: N }, () => 1 + Math.floor(draw() * T));
    const bits = Float32Array.from({ length: N * T }, () => (draw() < 0.5 ? 0 : 1)); // padding is noise, not zeros
    const parity = Float32Array.from(lengths, (length, n) =>
      bits.subarray(n * T, n * T + length).reduce((sum, bit) => sum ^ bit, 0),
    );
    const { kernel, recurrentKernel, bias } = gru({ units }).build([T, 1], 'gru').weights;
    const net = parameters(
      {
        kernel: kernel!,
        recurrentKernel: recurrentKernel!,
        bias: bias!,
        out: { shape: [units, 1], initializer: kernel!.initializer },
      },
      { seed: 1 },
    );
    const step = await program(
      { x: [N, T, 1], y: [N, 1], lengths: { shape: [N], dtype: 'i32' } },
      ({ x: given, y, lengths: steps }) => {
        const weights = {
          kernel: net.get('kernel'),
          recurrentKernel: net.get('recurrentKernel'),
          bias: net.get('bias'),
        };
        const { last } = ops.gru(given!, weights, { lengths: steps! });
        return { loss: ops.mean(ops.sigmoidCrossEntropy(ops.matmul(last, net.get('out')), y!)) };
      },
      { parameters: net, optimizer: adam({ learningRate: 0.03 }), device: createCpuDevice() },
    );
    await step.prepare();
    step.run({ x: bits, y: parity, lengths });
    const first = (await step.read('loss'))[0]!;
    for (let i = 0; i < 300; i++) step.run({});
    expect(first).toBeGreaterThan(0.5);
    expect((await step.read('loss'))[0]).toBeLessThan(0.05);
    expect(step.stats().submits).toBe(301);
  });
});
