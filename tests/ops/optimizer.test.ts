import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import type { Values } from '../../src/core/dtype.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { adamStep } from '../../src/ops/adam.ts';
import { adagradStep } from '../../src/ops/adagrad.ts';
import { rmspropStep } from '../../src/ops/rmsprop.ts';
import { sgdStep } from '../../src/ops/sgd.ts';

const none = 0xffffffff;

function arenas(size: number) {
  return {
    params: inputTensor('params', [size]),
    grads: inputTensor('grads', [size]),
    scalars: inputTensor('scalars', [4]),
    firstBad: inputTensor('firstBad', [1], 'u32'),
  };
}

type Options = { readonly centered?: boolean } & NonNullable<
  Parameters<typeof sgdStep>[1] &
    Parameters<typeof adamStep>[1] &
    Parameters<typeof rmspropStep>[1] &
    Parameters<typeof adagradStep>[1]
>;
type Kind = 'sgd' | 'adam' | 'rmsprop' | 'adagrad';

/** The moments of an optimizer, and its step with them as inputs. */
function stepOf(kind: Kind, size: number, { centered = false, ...options }: Options) {
  const on = arenas(size);
  const hasVelocity = 'momentum' in options;
  const velocity = inputTensor('velocity', [size]);
  const [m, v, square, mean, accumulator] = ['m', 'v', 'square', 'mean', 'accumulator'].map((name) =>
    inputTensor(name, [size]),
  ) as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const moving = hasVelocity ? { velocity } : {};
  const averaged = centered ? { mean } : {};
  switch (kind) {
    case 'sgd':
      return { on, moments: Object.values(moving), outputs: sgdStep({ ...on, ...moving }, options) };
    case 'adam':
      return { on, moments: [m, v], outputs: adamStep({ ...on, m, v }, options) };
    case 'rmsprop':
      return {
        on,
        moments: [square, ...Object.values(averaged), ...Object.values(moving)],
        outputs: rmspropStep({ ...on, square, ...averaged, ...moving }, options),
      };
    case 'adagrad':
      return { on, moments: [accumulator], outputs: adagradStep({ ...on, accumulator }, options) };
  }
}
/** An optimizer over plain arrays: each call of `step` is one step on the CPU reference. */
function optimizer(size: number, kind: Kind, options: Options, learningRate: number, scale = 1) {
  const { on, moments, outputs } = stepOf(kind, size, options);
  const state = new Map<string, Values>(moments.map((moment) => [moment.label!, new Float64Array(size)]));
  let t = 0;
  return {
    state,
    step(params: ArrayLike<number>, grads: ArrayLike<number>, firstBad = none) {
      t++;
      const scalars = Float64Array.of(learningRate, 1 / (1 - 0.9 ** t), 1 / (1 - 0.999 ** t), scale);
      const feeds = new Map([
        [on.params, Float64Array.from(params)],
        [on.grads, Float64Array.from(grads)],
        [on.scalars, scalars],
        [on.firstBad, Uint32Array.of(firstBad) as Values],
        ...moments.map((moment) => [moment, state.get(moment.label!)!] as const),
      ]);
      const names = Object.keys(outputs);
      const values = evaluate(Object.values(outputs), feeds);
      names.forEach((name, i) => state.set(name, values[i]!));
      return { params: [...state.get('params')!], firstBad: state.get('firstBad')![0]! };
    },
  };
}

test('plain descent, with coupled decay and the gradient scale', () => {
  const { step } = optimizer(2, 'sgd', { weightDecay: 0.5 }, 0.1, 2);
  expect(step([1, -2], [3, 4]).params).toEqual([1 - 0.1 * (6 + 0.5), -2 - 0.1 * (8 - 1)]);
});

test('momentum and Nesterov in the form of PyTorch', () => {
  const plain = optimizer(1, 'sgd', { momentum: 0.5 }, 0.1);
  const first = plain.step([1], [2]).params; // v = 2
  expect(first[0]).toBeCloseTo(0.8, 12);
  expect(plain.step(first, [2]).params[0]).toBeCloseTo(0.8 - 0.1 * 3, 12); // v = 1 + 2
  const nesterov = optimizer(1, 'sgd', { momentum: 0.5, nesterov: true }, 0.1);
  const ahead = nesterov.step([1], [2]).params; // g + m·v = 2 + 1
  expect(ahead[0]).toBeCloseTo(0.7, 12);
  expect(nesterov.step(ahead, [2]).params[0]).toBeCloseTo(0.7 - 0.1 * (2 + 0.5 * 3), 12);
});

test("Adam's first step has the length of the learning rate; decay is coupled or not", () => {
  expect(optimizer(2, 'adam', {}, 0.01).step([1, 1], [1e-3, -50]).params[0]).toBeCloseTo(1 - 0.01, 6);
  const coupled = optimizer(1, 'adam', { weightDecay: 0.1 }, 0.01).step([2], [-0.2]).params;
  expect(coupled[0]).toBeCloseTo(2, 12); // the decay cancels the gradient
  const decoupled = optimizer(1, 'adam', { weightDecay: 0.1, decoupled: true }, 0.01).step([2], [-0.2]).params;
  expect(decoupled[0]).toBeCloseTo(2 + 0.01 - 0.01 * 0.1 * 2, 6);
});

test.each([
  ['sgd', {}],
  ['sgd', { momentum: 0.9, nesterov: true }],
  ['adam', { weightDecay: 0.1, decoupled: true }],
  ['rmsprop', {}],
  ['rmsprop', { centered: true, weightDecay: 0.1 }],
  ['rmsprop', { momentum: 0.9 }],
  ['rmsprop', { centered: true, momentum: 0.9 }],
  ['adagrad', {}],
] as const)(
  '%s %j leaves elements with a NaN or infinite gradient alone and keeps the lowest index',
  (kind, options) => {
    const { step, state } = optimizer(4, kind, options, 0.1);
    const result = step([1, 2, 3, 4], [1, Infinity, NaN, 1]);
    expect(result.firstBad).toBe(1);
    expect(result.params.slice(1, 3)).toEqual([2, 3]);
    expect(result.params[0]).toBeLessThan(1);
    const moments = [...state].filter(([name]) => name !== 'params' && name !== 'firstBad');
    expect(moments.map(([, values]) => values[1])).toEqual(moments.map(() => 0));
    expect(step([1, 2, 3, 4], [1, 1, NaN, 1], 0).firstBad).toBe(0);
    expect(step([1, 2, 3, 4], [1, 1, 1, 1]).firstBad).toBe(none);
  },
);

const file = `${process.env.RETROGRAD_DATA ?? '../shared/data'}/golden/worked-examples.json`;
interface Example {
  id: string;
  given: { x: [number, number][]; y: number[] };
  float64: { w: [number, number]; b: number };
}

test.skipIf(!existsSync(file)).each([
  ['pytorch-sgd-linear-regression', 'sgd', {}, 0.004, 1000],
  ['pytorch-adamw-linear-regression', 'adam', { weightDecay: 0.01, decoupled: true }, 0.1, 100],
] as const)('%s (skipped where the golden data are absent)', (id, kind, options, learningRate, steps) => {
  const { examples } = JSON.parse(readFileSync(file, 'utf8')) as { examples: Example[] };
  const sgd = examples.find((example) => example.id === 'pytorch-sgd-linear-regression')!.given;
  const { float64 } = examples.find((example) => example.id === id)!;
  const { step } = optimizer(3, kind, options, learningRate);
  let w = [0, 0, 0];
  for (let t = 0; t < steps; t++) {
    const g = [0, 0, 0];
    sgd.x.forEach((x, i) => {
      const error = x[0] * w[0]! + x[1] * w[1]! + w[2]! - sgd.y[i]!;
      [x[0], x[1], 1].forEach((value, k) => (g[k] = g[k]! + 2 * error * value));
    });
    w = step(w, g).params;
  }
  [...float64.w, float64.b].forEach((value, k) => expect(w[k]).toBeCloseTo(value, 10));
});

test.skipIf(!existsSync(file))('cs231n-rmsprop-step (skipped where the golden data are absent)', () => {
  const { examples } = JSON.parse(readFileSync(file, 'utf8')) as {
    examples: { id: string; float64: { w: number[][]; cache: number[][] } }[];
  };
  const { float64 } = examples.find(({ id }) => id === 'cs231n-rmsprop-step')!;
  const linspace = (from: number, to: number) => Array.from({ length: 20 }, (_, i) => from + ((to - from) * i) / 19);
  const options = { rho: 0.99, epsilon: 1e-8, epsilonInsideRoot: false };
  const { step, state } = optimizer(20, 'rmsprop', options, 1e-2);
  state.set('square', Float64Array.from(linspace(0.6, 0.9)));
  const { params } = step(linspace(-0.4, 0.6), linspace(-0.6, 0.4));
  float64.w.flat().forEach((value, i) => expect(params[i]).toBeCloseTo(value, 14));
  float64.cache.flat().forEach((value, i) => expect(state.get('square')![i]).toBeCloseTo(value, 14));
});

test('rmsprop: epsilon inside the root or outside, and a rounded variance below zero counts as zero', () => {
  const inside = { rho: 0, epsilon: 9 };
  expect(optimizer(1, 'rmsprop', inside, 0.1).step([1], [4]).params[0]).toBeCloseTo(1 - 0.1 * (4 / 5), 14);
  const outside = { ...inside, epsilonInsideRoot: false };
  expect(optimizer(1, 'rmsprop', outside, 0.1).step([1], [4]).params[0]).toBeCloseTo(1 - 0.1 * (4 / 13), 14);
  // rho 0: mean² = square exactly, so that epsilon alone remains.
  const centered = { ...inside, centered: true };
  expect(optimizer(1, 'rmsprop', centered, 0.1).step([1], [4]).params[0]).toBeCloseTo(1 - 0.1 * (4 / 3), 14);
  const { step, state } = optimizer(1, 'rmsprop', { ...centered, rho: 0.5 }, 0.1);
  state.set('mean', Float64Array.of(100));
  expect(step([1], [4]).params[0]).toBeCloseTo(1 - 0.1 * (4 / 3), 14);
  expect(state.get('mean')![0]).toBe(52);
});

test('adagrad: epsilon inside the root or outside', () => {
  const inside = { epsilon: 9 };
  expect(optimizer(1, 'adagrad', inside, 0.1).step([1], [4]).params[0]).toBeCloseTo(1 - 0.1 * (4 / 5), 14);
  const { step, state } = optimizer(1, 'adagrad', { ...inside, epsilonInsideRoot: false }, 0.1);
  expect(step([1], [4]).params[0]).toBeCloseTo(1 - 0.1 * (4 / 13), 14);
  expect(step([1], [3]).params[0]).toBeCloseTo(1 - 0.1 * (3 / 14), 14);
  expect(state.get('accumulator')![0]).toBe(25);
});

test('messages', () => {
  const on = arenas(4);
  const velocity = inputTensor('velocity', [4]);
  expect(() => sgdStep({ ...on, grads: inputTensor('grads', [5]) })).toThrow(
    new ShapeError('sgd: grads is [5], expected [4]'),
  );
  expect(() => sgdStep({ ...on, scalars: inputTensor('scalars', [3]) })).toThrow('sgd: scalars is [3], expected [4]');
  expect(() => sgdStep({ ...on, firstBad: inputTensor('firstBad', [1]) })).toThrow(
    'sgd: firstBad is f32, expected u32',
  );
  expect(() => sgdStep({ ...on, params: inputTensor('params', [2, 2]) })).toThrow(
    'params is [2,2], expected one dimension',
  );
  expect(() => sgdStep(on, { nesterov: true })).toThrow(
    new OptionError('sgd: nesterov needs a momentum above 0, got 0'),
  );
  expect(() => sgdStep(on, { momentum: 0.9 })).toThrow('sgd: momentum is 0.9, expected a velocity');
  expect(() => sgdStep({ ...on, velocity })).toThrow('sgd: momentum is 0, expected no velocity');
  expect(() => sgdStep(on, { momentum: 1 })).toThrow('sgd: momentum is 1, expected at least 0 and below 1');
  expect(() => adamStep({ ...on, m: velocity, v: velocity }, { epsilon: 0 })).toThrow(
    'adam: epsilon is 0, expected a finite number',
  );
  expect(() => adamStep({ ...on, m: velocity, v: velocity }, { betas: 1 } as object)).toThrow(
    `adam: unknown option 'betas', did you mean 'beta1'?`,
  );
  expect(() => rmspropStep({ ...on, square: velocity }, { momentum: 0.9 })).toThrow(
    'rmsprop: momentum is 0.9, expected a velocity',
  );
  expect(() => rmspropStep({ ...on, square: velocity, velocity })).toThrow(
    'rmsprop: momentum is 0, expected no velocity',
  );
  expect(() => rmspropStep({ ...on, square: velocity }, { rho: 1 })).toThrow(
    'rmsprop: rho is 1, expected at least 0 and below 1',
  );
  expect(() => rmspropStep({ ...on, square: inputTensor('square', [3]) })).toThrow(
    'rmsprop: square is [3], expected [4]',
  );
  expect(() => adagradStep({ ...on, accumulator: velocity }, { epsilon: 0 })).toThrow(
    'adagrad: epsilon is 0, expected a finite number',
  );
});
