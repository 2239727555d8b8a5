// Recurrent layers that are called on masks, lengths and states, and give their states.

import { describe, expect, it } from 'vitest';

import {
  bidirectional,
  dense,
  embedding,
  flatten,
  gru,
  input,
  loadModel,
  type Layer,
  lstm,
  model,
  OptionError,
  paddingMask,
  type RecurrentLayerOptions,
  saveModel,
  sequential,
  sgd,
  ShapeError,
  simpleRnn,
  type SymbolicTensor,
  type WithState,
} from '../../src/index.ts';
import { device, near, numbers } from '../train/functional_models.ts';

type Make = (options: RecurrentLayerOptions) => Layer;
const kinds: readonly [string, Make][] = [
  ['simpleRnn', simpleRnn],
  ['lstm', lstm],
  ['gru', gru],
];
const both: Make = (options) => bidirectional({ layer: lstm(options), mergeMode: 'concat' });

const [N, T, size] = [4, 5, 3];
const full = numbers(N * T * size, 1);

/** The first `steps` steps of example n, or of all. */
const cut = (steps: number, examples = [...Array(N).keys()]) =>
  Float32Array.from(examples.flatMap((n) => [...full.subarray(n * T * size, (n * T + steps) * size)]));

const maskOf = (lengths: readonly number[]) =>
  Float32Array.from(lengths.flatMap((length) => Array.from({ length: T }, (_, t) => Number(t < length))));

/** A layer called on x and what `masked` says, with what follows it. */
function maskedModel(
  layer: Layer,
  masked: 'mask' | 'lengths',
  after: (y: SymbolicTensor) => SymbolicTensor,
  dtype: 'f32' | 'i32' = 'i32',
) {
  const x = input({ shape: [T, size] });
  const mask = input({ shape: masked === 'mask' ? [T] : [], dtype });
  return model({ inputs: { x, mask }, outputs: after(layer([x, mask])), seed: 3 });
}
const maskFor = (masked: 'mask' | 'lengths', lengths: readonly number[]) =>
  masked === 'mask' ? maskOf(lengths) : Float32Array.from(lengths);

describe('padding', () => {
  it.each(kinds)('of %s: values and a step of training are those of the sequences without it', async (_, make) => {
    for (const masked of ['mask', 'lengths'] as const) {
      for (const goBackwards of [false, true]) {
        const net = maskedModel(
          make({ units: 4, masked, goBackwards }),
          masked,
          dense({ units: 1 }),
          goBackwards ? 'f32' : 'i32',
        );
        const short = sequential([make({ units: 4, goBackwards, inputShape: [3, size] }), dense({ units: 1 })], {
          seed: 3,
        });
        const x = { x: full, mask: maskFor(masked, [3, 3, 3, 3]) };
        const y = numbers(N, 2);
        const before = await short.predict(cut(3));
        expect([...(await net.predict(x)).data]).toEqual(near(before.data, 6));
        for (const one of [net, short])
          await one.compile({ optimizer: sgd({ learningRate: 0.5 }), loss: 'mse', device });
        const losses = [await net.evaluate({ x, y }), await short.evaluate({ x: cut(3), y })];
        expect(losses[0]!['loss']).toBeCloseTo(losses[1]!['loss']!, 6);
        await net.fit({ x, y }, { batchSize: N });
        await short.fit({ x: cut(3), y }, { batchSize: N });
        const [got, expected] = [await net.getWeights(), await short.getWeights()];
        expect([...got.keys()]).toEqual([...expected.keys()]);
        for (const [name, { data }] of expected) expect([...got.get(name)!.data], name).toEqual(near(data, 6));
        expect((await short.predict(cut(3))).data).not.toEqual(before.data);
      }
    }
  });

  const lengths = [5, 3, 1, 2];

  it('in both directions: each example as if it were run alone at its own length', async () => {
    for (const masked of ['mask', 'lengths'] as const) {
      for (const returnSequences of [false, true]) {
        for (const zeroOutputForMask of [false, true]) {
          const options = { units: 2, masked, returnSequences, zeroOutputForMask };
          const net = maskedModel(both(options), masked, (y) => y);
          const { data } = await net.predict({ x: full, mask: maskFor(masked, lengths) });
          for (const [n, length] of lengths.entries()) {
            const alone = sequential([both({ units: 2, returnSequences })]).build([length, size]);
            alone.setWeights(await net.getWeights());
            const expected = [...(await alone.predict(cut(length, [n]))).data];
            const got = [...data.subarray((n * data.length) / N, ((n + 1) * data.length) / N)];
            expect(got.slice(0, expected.length)).toEqual(near(expected, 6));
            if (!returnSequences) continue;
            // Forward repeats its last output at padding, backward has not begun there.
            const rest = zeroOutputForMask ? [0, 0, 0, 0] : [...expected.slice(-4, -2), 0, 0];
            for (let t = length; t < T; t++) expect(got.slice(4 * t, 4 * t + 4)).toEqual(near(rest, 6));
          }
        }
      }
    }
  });

  it('in both directions: a step of training is the mean of the steps of each example alone', async () => {
    const options = { optimizer: sgd({ learningRate: 0.5 }), loss: 'mse', device } as const;
    const net = maskedModel(both({ units: 2, masked: 'lengths' }), 'lengths', dense({ units: 1 }));
    const start = await net.getWeights();
    const y = numbers(N, 2);
    const means = new Map([...start].map(([name, { data }]) => [name, new Float64Array(data.length)]));
    for (const [n, length] of lengths.entries()) {
      const alone = sequential([both({ units: 2 }), dense({ units: 1 })]).build([length, size]);
      alone.setWeights(start);
      await alone.compile(options);
      await alone.fit({ x: { shape: [1, length, size], data: cut(length, [n]) }, y: y.slice(n, n + 1) });
      for (const [name, { data }] of await alone.getWeights()) {
        data.forEach((value, i) => (means.get(name)![i]! += value / N));
      }
    }
    await net.compile(options);
    await net.fit({ x: { x: full, mask: Float32Array.from(lengths) }, y }, { batchSize: N });
    for (const [name, { data }] of await net.getWeights()) {
      expect([...data], name).toEqual(near(means.get(name)!, 6));
      expect(data, name).not.toEqual(start.get(name)!.data);
    }
  });

  it('by tokens: paddingMask gives the mask that lstm takes beside the embedding', async () => {
    for (const value of [0, 7]) {
      const tokens = input({ shape: [T], dtype: 'i32', name: 'tokens' });
      const vectors = embedding({ inputDim: 8, outputDim: size })(tokens);
      const mask = paddingMask({ value })(tokens);
      const net = model({
        inputs: tokens,
        outputs: { y: lstm({ units: 4, masked: 'mask' })([vectors, mask]), mask },
        seed: 2,
      });
      const short = sequential([embedding({ inputDim: 8, outputDim: size }), lstm({ units: 4 })], { seed: 2 });
      short.build([2]);
      const { y, mask: ones } = await net.predict(Float32Array.of(3, 5, value, value, value));
      expect([...ones.data]).toEqual([1, 1, 0, 0, 0]);
      expect([...y.data]).toEqual(near((await short.predict(Float32Array.of(3, 5))).data, 6));
    }
  });
});

describe('states', () => {
  const makers: readonly [string, number, (options: WithState<RecurrentLayerOptions>) => unknown][] = [
    ['simpleRnn', 1, simpleRnn],
    ['lstm', 2, lstm],
    ['gru', 1, gru],
  ];

  it.each(makers)('of %s: two calls, one after the other, are one; in training as well', async (_, count, make) => {
    const layer = make({ units: 4, returnState: true, initialState: true }) as (
      inputs: readonly SymbolicTensor[],
    ) => readonly SymbolicTensor[];
    const [a, b] = [input({ shape: [2, size], name: 'a' }), input({ shape: [3, size], name: 'b' })];
    const zeros = Array.from({ length: count }, (_, i) => input({ shape: [4], name: `zero${i}` }));
    const [, ...states] = layer([a, ...zeros]);
    expect(states.map(({ shape }) => shape)).toEqual(Array(count).fill([4]));
    const net = model({
      inputs: [a, b, ...zeros],
      outputs: dense({ units: 1 })(layer([b, ...states])[0]!),
      seed: 3,
    });
    const whole = sequential([(make as unknown as Make)({ units: 4, inputShape: [T, size] }), dense({ units: 1 })], {
      seed: 3,
    });
    const x: Record<string, Float32Array> = { a: cut(2), b: new Float32Array(N * 3 * size) };
    for (let n = 0; n < N; n++) x['b']!.set(full.subarray((n * T + 2) * size, (n + 1) * T * size), n * 3 * size);
    for (let i = 0; i < count; i++) x[`zero${i}`] = new Float32Array(N * 4);
    expect([...(await net.predict(x)).data]).toEqual(near((await whole.predict(full)).data, 6));
    const y = numbers(N, 2);
    for (const one of [net, whole]) await one.compile({ optimizer: sgd({ learningRate: 0.5 }), loss: 'mse', device });
    await net.fit({ x, y }, { batchSize: N });
    await whole.fit({ x: full, y }, { batchSize: N });
    const [got, expected] = [await net.getWeights(), await whole.getWeights()];
    expect([...got.keys()]).toEqual([...expected.keys()]);
    for (const [name, { data }] of expected) expect([...got.get(name)!.data], name).toEqual(near(data, 6));
  });

  it('of bidirectional: those of forward, then of backward, taken and given', async () => {
    const x = input({ shape: [T, size], name: 'x' });
    const lengths = input({ shape: [], dtype: 'i32', name: 'lengths' });
    const given = [0, 1, 2, 3].map((i) => input({ shape: [2], name: `s${i}` }));
    const options = { units: 2, masked: 'lengths', initialState: true, returnState: true } as const;
    const [y, ...states] = bidirectional({ layer: lstm(options), name: 'two' })([x, lengths, ...given]);
    const inputs = [x, lengths, ...given];
    const net = model({ inputs, outputs: { y, fh: states[0], fc: states[1], bh: states[2], bc: states[3] }, seed: 1 });
    const one = (goBackwards: boolean, name: string) =>
      lstm({ ...options, goBackwards, name })([x, lengths, ...given.slice(goBackwards ? 2 : 0, goBackwards ? 4 : 2)]);
    const [forward, backward] = [one(false, 'forward'), one(true, 'backward')];
    const apart = model({
      inputs,
      outputs: { f: forward[0], fh: forward[1], fc: forward[2], b: backward[0], bh: backward[1], bc: backward[2] },
    });
    apart.setWeights(new Map([...(await net.getWeights())].map(([name, values]) => [name.slice(4), values])));
    const data: Record<string, Float32Array> = { x: full, lengths: Float32Array.of(5, 2, 1, 4) };
    given.forEach((_, i) => (data[`s${i}`] = numbers(N * 2, 10 + i)));
    const [got, expected] = [await net.predict(data), await apart.predict(data)];
    for (const name of ['fh', 'fc', 'bh', 'bc'] as const) expect(got[name].data).toEqual(expected[name].data);
    for (let n = 0; n < N; n++) {
      const pair = [expected.f, expected.b].flatMap(({ data: values }) => [...values.subarray(2 * n, 2 * n + 2)]);
      expect([...got.y.data.subarray(4 * n, 4 * n + 4)]).toEqual(pair);
    }
    expect(got.fh.data).not.toEqual(got.bh.data);
    expect(await loadModel(await saveModel(net)).predict(data)).toEqual(got);
  });
});

describe('what cannot be is said', () => {
  const x = () => input({ shape: [T, size] });
  const mask = input({ shape: [T] });

  it('of options', () => {
    expect(() => lstm({ units: 2, masked: 'masks' as never })).toThrow(
      new OptionError("lstm: unknown masked 'masks', did you mean 'mask'?; known: mask, lengths"),
    );
    const unmasked = gru({ units: 2, zeroOutputForMask: true });
    const message = "gru (GRU): zeroOutputForMask is true without masked or an embedding's maskZero, which it is about";
    expect(() => unmasked(x())).toThrow(new OptionError(message));
    expect(() => sequential([unmasked]).build([T, size])).toThrow(new OptionError(message.replace('gru ', 'gru_1 ')));
    expect(() => gru({ units: 2, initialState: 'h' as never })).toThrow(
      new OptionError('gru: initialState is "h", expected true or false'),
    );
    expect(() => paddingMask({ value: 0.5 })).toThrow(
      new OptionError('paddingMask: value is 0.5, expected a whole number'),
    );
  });

  it('of inputs', () => {
    expect(() => lstm({ units: 2 })([x(), mask])).toThrow(
      new OptionError(
        "lstm (LSTM): takes one input, got [5,3], [5]; masked: 'mask' or 'lengths' lets it take a mask, initialState: true states",
      ),
    );
    expect(() => lstm({ units: 2, masked: 'lengths' })([x(), mask])).toThrow(
      new ShapeError('lstm (LSTM): expected [x, lengths] of shapes [5,3], [], got [5,3], [5]'),
    );
    expect(() => lstm({ units: 2, masked: 'mask', initialState: true })(x())).toThrow(
      new ShapeError('lstm (LSTM): expected [x, mask, h0, c0] of shapes [5,3], [5], [2], [2], got [5,3]'),
    );
    expect(() => bidirectional({ layer: gru({ units: 2, initialState: true }) })([x(), input({ shape: [2] })])).toThrow(
      new ShapeError(
        'bidirectional (Bidirectional): expected [x, forward h0, backward h0] of shapes [5,3], [2], [2], got [5,3], [2]',
      ),
    );
  });

  it('in sequential', () => {
    const inputShape = [T, size];
    for (const layer of [
      lstm({ units: 2, masked: 'mask', inputShape }),
      gru({ units: 2, initialState: true, inputShape }),
    ]) {
      expect(() => sequential([layer, flatten()])).toThrow(
        /takes several inputs, which model\(\{ inputs, outputs \}\) connects; sequential gives one$/,
      );
    }
    expect(() => sequential([lstm({ units: 2, returnState: true, inputShape })])).toThrow(
      new OptionError(
        'lstm_1 (LSTM): gives several outputs, which model({ inputs, outputs }) connects; sequential takes one',
      ),
    );
  });
});
