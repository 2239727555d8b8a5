import { describe, expect, it, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, variableTensor, type Tensor, type Variable } from '../../src/graph/tensor.ts';
import { add, mul, sub } from '../../src/ops/binary.ts';
import { movingAverage } from '../../src/ops/moving_average.ts';
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  rmsNormalization,
} from '../../src/ops/normalization.ts';
import { normalizeWith } from '../../src/ops/normalize_with.ts';
import { mean, sum } from '../../src/ops/reduce.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { rsqrt, square } from '../../src/ops/unary.ts';
import { schedule } from '../../src/plan/schedule.ts';
import { sampleValues } from './table.ts';

type Given = Record<'x' | 'gamma' | 'beta', Tensor>;

/** The formula by other ops, x seen in `shape` and normalized over `axes`. */
function composed(
  { x, gamma, beta }: Given,
  shape: number[],
  axes: number[],
  affine: number[],
  epsilon = 1e-5,
): Tensor {
  const seen = reshape(x, shape);
  const centered = sub(seen, mean(seen, { axes, keepDims: true }));
  const scale = rsqrt(add(mean(square(centered), { axes, keepDims: true }), epsilon));
  const normal = mul(centered, scale);
  return reshape(add(mul(normal, reshape(gamma, affine)), reshape(beta, affine)), x.shape);
}

interface Case {
  readonly shape: number[];
  readonly channels: number;
  fused(given: Given): Tensor;
  plain(given: Given): Tensor;
}

const cases: Record<string, Case> = {
  batch: {
    shape: [3, 2, 2, 4],
    channels: 4,
    fused: ({ x, gamma, beta }) => batchNormalization(x, { gamma, beta }).y,
    plain: (given) => composed(given, [12, 4], [0], [4]),
  },
  'batch on vectors': {
    shape: [7, 3],
    channels: 3,
    fused: ({ x, gamma, beta }) => batchNormalization(x, { gamma, beta, epsilon: 0.1 }).y,
    plain: (given) => composed(given, [7, 3], [0], [3], 0.1),
  },
  layer: {
    shape: [2, 3, 5],
    channels: 5,
    fused: ({ x, gamma, beta }) => layerNormalization(x, { gamma, beta }),
    plain: (given) => composed(given, [6, 5], [1], [5]),
  },
  'layer over two axes': {
    shape: [3, 2, 4],
    channels: 8,
    fused: ({ x, gamma, beta }) => layerNormalization(x, { gamma, beta, axes: [-2, -1] }),
    plain: (given) => composed(given, [3, 8], [1], [8]),
  },
  group: {
    shape: [2, 3, 2, 6],
    channels: 6,
    fused: ({ x, gamma, beta }) => groupNormalization(x, { gamma, beta, groups: 2 }),
    plain: (given) => composed(given, [2, 6, 2, 3], [1, 3], [2, 3]),
  },
  'group on vectors': {
    shape: [3, 6],
    channels: 6,
    fused: ({ x, gamma, beta }) => groupNormalization(x, { gamma, beta, groups: 2 }),
    plain: (given) => composed(given, [3, 1, 2, 3], [1, 3], [2, 3]),
  },
  instance: {
    shape: [2, 3, 2, 2, 3],
    channels: 3,
    fused: ({ x, gamma, beta }) => instanceNormalization(x, { gamma, beta }),
    plain: (given) => composed(given, [2, 12, 3], [1], [3]),
  },
};

describe.each(Object.entries(cases))('%s normalization', (_, { shape, channels, fused, plain }) => {
  const at = {
    x: { shape, values: sampleValues({ shape }, 1) },
    gamma: { shape: [channels], values: sampleValues({ shape: [channels] }, 2) },
    beta: { shape: [channels], values: sampleValues({ shape: [channels] }, 3) },
  };
  const given = Object.fromEntries(
    Object.entries(at).map(([name, one]) => [name, inputTensor(name, one.shape)]),
  ) as Given;
  const feeds = new Map(Object.entries(at).map(([name, one]) => [given[name as 'x'], one.values]));

  it('is its formula, composed of other ops, and so are its gradients', () => {
    const [a, b] = [fused(given), plain(given)];
    const [y, expected] = evaluate([a, b], feeds) as [Float64Array, Float64Array];
    expected.forEach((value, i) => expect(Math.abs(y[i]! - value)).toBeLessThan(1e-7)); // f32 epsilons
    const seed = inputTensor('seed', shape);
    const xs = [given.x, given.gamma, given.beta];
    const all = evaluate(
      [...gradients(a, xs, seed), ...gradients(b, xs, seed)],
      new Map([...feeds, [seed, sampleValues({ shape }, 4)]]),
    );
    for (let n = 0; n < 3; n++) {
      all[n + 3]!.forEach((value, i) => expect(Math.abs(all[n]![i]! - value)).toBeLessThan(1e-6));
    }
  });

  it('has the gradients of finite differences', () => {
    const result = gradcheck((inputs) => fused(inputs as Given), at);
    expect(result.worst, JSON.stringify(result)).toBeLessThanOrEqual(1);
  });
});

test('rms normalization does not take the mean away', () => {
  const x = inputTensor('x', [2, 3]);
  const y = evaluate([rmsNormalization(x, { epsilon: 0 })], new Map([[x, Float64Array.of(1, 2, 2, 5, 5, 5)]]))[0]!;
  const root = Math.sqrt(3);
  [1 / root, 2 / root, 2 / root, 1, 1, 1].forEach((value, i) => expect(y[i]).toBeCloseTo(value, 12));
});

test('normalizeWith on the batch’s own statistics is batch normalization', () => {
  const x = inputTensor('x', [5, 3]);
  const [gamma, beta] = [inputTensor('gamma', [3]), inputTensor('beta', [3])];
  const own = batchNormalization(x, { gamma, beta });
  const again = normalizeWith(x, { mean: own.mean, variance: own.variance, gamma, beta });
  const feeds = new Map([x, gamma, beta].map((tensor, i) => [tensor, sampleValues({ shape: tensor.shape }, i)]));
  const [a, b] = evaluate([own.y, again], feeds);
  expect(a).toEqual(b);
});

test('no gradient flows through the statistics, and it is said', () => {
  const x = inputTensor('x', [5, 3]);
  const { mean: center, y } = batchNormalization(x);
  expect(() => gradients(sum(center), [x])).toThrow(/^normalize: no gradient flows through the mean/);
  expect(() => gradients(sum(y), [x])).not.toThrow();
});

describe('movingAverage', () => {
  const variable: Variable = {
    name: 'state',
    shape: [128],
    dtype: 'f32',
    initial: () => new Float32Array(128).fill(10),
  };
  const part = (offset: number) => variableTensor(variable, { shape: [2], offset });

  it('keeps `momentum` of the old', () => {
    const value = inputTensor('value', [2]);
    const y = movingAverage(part(0), value, 0.75);
    expect([...evaluate([y], new Map([[value, Float64Array.of(2, 6)]]))[0]!]).toEqual([8, 9]);
    expect(() => movingAverage(part(0), value, -0.1)).toThrow(
      new OptionError('movingAverage: momentum is -0.1, expected a number from 0 to 1'),
    );
    expect(() => movingAverage(part(0), inputTensor('value', [3]), 0.5)).toThrow(ShapeError);
  });

  it('of one part of a variable waits for readers of that part, and not for other parts', () => {
    const value = inputTensor('value', [2]);
    const first = movingAverage(part(0), value, 0.5);
    const second = movingAverage(part(64), value, 0.5);
    const reader = mul(part(64), 2); // made last, must run before `second`
    const order = schedule([reader], [first, second]);
    const at = (tensor: Tensor) => order.findIndex((call) => call.outputs.some((y) => y.source === tensor.source));
    expect(at(reader)).toBeLessThan(at(second));
    expect(order).toHaveLength(3);
  });
});

test('the naive variance fails far from 0, where this one must not', () => {
  // What a kernel would compute that sums x and x² in f32.
  const size = 1000;
  const x = Float32Array.from({ length: size }, (_, i) => 1000 + Math.sin(i) * Math.SQRT2);
  let [s, squares] = [0, 0];
  for (const value of x) {
    s = Math.fround(s + value);
    squares = Math.fround(squares + Math.fround(value * value));
  }
  const center = Math.fround(s / size);
  const naive = Math.fround(Math.fround(squares / size) - Math.fround(center * center));
  const tensor = inputTensor('x', [size, 1]);
  const { variance } = batchNormalization(tensor);
  const [exact] = evaluate([variance], new Map([[tensor, Float64Array.from(x)]]))[0]!;
  expect(exact).toBeCloseTo(1, 2);
  // Section 7 allows 5e-6 + 16u·|mean| / σ = 1e-3 of x̂, and so about 2e-3 of a variance of 1.
  expect(Math.abs(naive - exact!)).toBeGreaterThan(0.02);
});

test('messages', () => {
  const x = inputTensor('x', [4, 6]);
  expect(() => groupNormalization(x, { groups: 4 })).toThrow(
    new OptionError('groupNormalization: groups is 4, expected a divisor of the 6 channels'),
  );
  expect(() => layerNormalization(x, { axes: 0 })).toThrow(
    new ShapeError('layerNormalization: axes [0] are not the last ones of [4,6]'),
  );
  expect(() => instanceNormalization(x)).toThrow(/^instanceNormalization: x is \[4,6\], expected/);
  expect(() => batchNormalization(x, { gamma: inputTensor('g', [5]) })).toThrow(ShapeError);
  expect(() => batchNormalization(x, { epsilon: NaN })).toThrow('epsilon is NaN');
  expect(() => batchNormalization(x, { eps: 1 } as object)).toThrow(/unknown option 'eps'/);
  expect(sizeOf(batchNormalization(inputTensor('x', [1, 3])).mean.shape)).toBe(3);
});
