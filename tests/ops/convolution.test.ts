// What users of convolutions rely on beyond its values: sizes, memory, what is fused, and messages.

import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import {
  add,
  conv1d,
  conv1dTranspose,
  conv2d,
  conv2dTranspose,
  conv3d,
  conv3dTranspose,
  depthwiseConv1d,
  depthwiseConv2d,
  relu,
  separableConv1d,
  separableConv2d,
} from '../../src/ops/functions.ts';
import { makePlan } from '../../src/plan/build.ts';
import { sampleValues } from './table.ts';

const valuesOf = (y: Tensor, feeds: [Tensor, ArrayLike<number>][]) =>
  Array.from(evaluate([y], new Map(feeds.map(([tensor, values]) => [tensor, Float64Array.from(values)])))[0]!);

test('a depthwise convolution obeys its dilation and keeps its channels apart', () => {
  const x = inputTensor('x', [1, 1, 5, 2]);
  const w = inputTensor('w', [1, 2, 2, 2]);
  const y = depthwiseConv2d(x, w, { dilationRate: [1, 3] });
  expect(y.shape).toEqual([1, 1, 2, 4]);
  const image = [1, 10, 2, 20, 3, 30, 4, 40, 5, 50];
  const filters = [1, 2, 3, 4, 100, 200, 300, 400]; // [tap, channel, m]
  expect(valuesOf(y, [[x, image], [w, filters]])).toEqual([401, 802, 12030, 16040, 502, 1004, 15060, 20080]); // prettier-ignore
  const line = inputTensor('x', [1, 5, 2]);
  const taps = inputTensor('w', [2, 2, 2]);
  const sequence = depthwiseConv1d(line, taps, { dilationRate: 3 });
  expect(valuesOf(sequence, [[line, image], [taps, filters]])).toEqual([401, 802, 12030, 16040, 502, 1004, 15060, 20080]); // prettier-ignore
});

test.each([
  [5, 2, [3, 7, 5]], // one pixel of padding, behind
  [6, 2, [3, 7, 11]], // none
  [6, 4, [6, 14, 15]], // one in front, one behind
  [5, 4, [6, 14, 9]], // one in front, two behind
])(
  "'same' with stride 2 on length %i under an even kernel of %i pads as TensorFlow does",
  (length, kernel, expected) => {
    const line = Array.from({ length }, (_, i) => i + 1);
    const ones = (n: number) => new Float64Array(n).fill(1);
    const x = inputTensor('x', [1, length, 1]);
    const w = inputTensor('w', [kernel, 1, 1]);
    const y = conv1d(x, w, { strides: 2, padding: 'same' });
    expect(valuesOf(y, [[x, line], [w, ones(kernel)]])).toEqual(expected); // prettier-ignore
    const image = inputTensor('x', [1, length, length, 1]);
    const square = inputTensor('w', [kernel, kernel, 1, 1]);
    const z = conv2d(image, square, { strides: 2, padding: 'same' });
    const outer = line.flatMap((a) => line.map((b) => a * b)); // a product image, so its window sums are products too
    expect(
      valuesOf(z, [
        [image, outer],
        [square, ones(kernel * kernel)],
      ]),
    ).toEqual(
      // prettier-ignore
      expected.flatMap((a) => expected.map((b) => a * b)),
    );
  },
);

test('sizes of transposed convolutions: PyTorch by formula, input × stride for "same"', () => {
  const size = (length: number, kernel: number, options: object) =>
    conv1dTranspose(inputTensor('x', [1, length, 1]), inputTensor('w', [kernel, 1, 1]), options).shape[1];
  expect(size(4, 3, {})).toBe(6);
  expect(size(4, 3, { strides: 2 })).toBe(9);
  expect(size(4, 3, { strides: 2, padding: 1 })).toBe(7);
  expect(size(4, 3, { strides: 2, padding: 1, outputPadding: 1 })).toBe(8);
  expect(size(4, 3, { strides: 3, padding: [2, 0], outputPadding: 2, dilationRate: 2 })).toBe(14);
  for (const kernel of [1, 2, 3, 4, 5]) {
    for (const strides of [1, 2, 3]) expect(size(5, kernel, { strides, padding: 'same' })).toBe(5 * strides);
  }
  const y = conv2dTranspose(inputTensor('x', [2, 5, 7, 3]), inputTensor('w', [4, 4, 6, 3]), {
    strides: 2,
    padding: 'same',
  });
  expect(y.shape).toEqual([2, 10, 14, 6]);
  expect(conv3dTranspose(inputTensor('x', [1, 2, 3, 4, 2]), inputTensor('w', [2, 2, 2, 5, 2])).shape).toEqual([1, 3, 4, 5, 5]); // prettier-ignore
});

test('output padding of a stride and more, where the dilation is larger', () => {
  const x = inputTensor('x', [1, 3, 1]);
  const w = inputTensor('w', [2, 1, 1]);
  // Windows of 1, 0, 0, 10 with stride 1 over [1, 2, 3] reach 6 pixels: 1, 2, 3, 10, 20, 30; what is added is zero.
  const run = (options: object) =>
    valuesOf(conv1dTranspose(x, w, { dilationRate: 3, ...options }), [[x, [1, 2, 3]], [w, [1, 10]]]); // prettier-ignore
  expect(run({ outputPadding: 2 })).toEqual([1, 2, 3, 10, 20, 30, 0, 0]);
  expect(run({ outputPadding: 2, padding: [1, 1] })).toEqual([2, 3, 10, 20, 30, 0]);
  expect(run({ outputPadding: 1, padding: [0, 3] })).toEqual([1, 2, 3, 10]);
  expect(run({ outputPadding: 2, padding: [2, 2] })).toEqual([3, 10, 20, 30]);
  const grouped = ({ image, filters }: Record<string, Tensor>) =>
    conv2dTranspose(image!, filters!, {
      groups: 2,
      dilationRate: [1, 3],
      strides: [2, 1],
      outputPadding: [1, 2],
      padding: 1,
    });
  expect(
    gradcheck(grouped, {
      image: { shape: [1, 2, 3, 4], values: sampleValues({ shape: [1, 2, 3, 4] }, 1) as Float64Array },
      filters: { shape: [2, 2, 1, 4], values: sampleValues({ shape: [2, 2, 1, 4] }, 2) as Float64Array },
    }),
  ).toMatchObject({ passed: true });
  expect(
    conv2dTranspose(inputTensor('x', [1, 2, 3, 4]), inputTensor('w', [2, 2, 1, 4]), {
      groups: 2,
      dilationRate: [1, 3],
      strides: [2, 1],
      outputPadding: [1, 2],
      padding: 1,
    }).shape,
  ).toEqual([1, 3, 6, 2]);
  expect(() => conv1dTranspose(x, w, { padding: 'causal' } as object)).toThrow(
    'conv1dTranspose: padding is "causal", which a transposed convolution has no use for',
  );
});

/** A training step's plan: values and both gradients. */
function planOf(
  build: (x: Tensor, w: Tensor) => Tensor,
  image: number[],
  filter: number[],
  target: Target = baseTarget,
) {
  const x = inputTensor('x', image);
  const w = inputTensor('w', filter);
  const y = build(x, w);
  const [dx, dw] = gradients(y, [x, w], inputTensor('dy', y.shape)) as [Tensor, Tensor];
  return makePlan({ y, dx, dw }, [], { target });
}

test.each<[string, number[], number[], (mode: string) => (x: Tensor, w: Tensor) => Tensor]>([
  ['1-D', [4, 64, 8], [5, 8, 16], (paddingMode) => (x, w) => conv1d(x, w, { padding: 2, paddingMode } as object)],
  [
    '2-D',
    [4, 32, 32, 8],
    [3, 3, 8, 16],
    (paddingMode) => (x, w) => conv2d(x, w, { padding: 'same', paddingMode } as object),
  ],
  [
    '2-D groups',
    [4, 32, 32, 8],
    [3, 3, 4, 16],
    (paddingMode) => (x, w) => conv2d(x, w, { groups: 2, padding: 'same', paddingMode } as object),
  ],
  [
    '3-D',
    [2, 8, 16, 16, 4],
    [3, 3, 3, 4, 8],
    (paddingMode) => (x, w) => conv3d(x, w, { padding: 'same', paddingMode } as object),
  ],
  [
    'depthwise',
    [4, 32, 32, 8],
    [5, 5, 8, 1],
    (paddingMode) => (x, w) => depthwiseConv2d(x, w, { padding: 'same', paddingMode } as object),
  ],
])('%s: every padding mode takes the memory of zeros, and as many steps', (_, image, filter, build) => {
  for (const target of [baseTarget, { ...baseTarget, features: new Set(['subgroups']) }]) {
    const zeros = planOf(build('zeros'), image, filter, target);
    for (const mode of ['replicate', 'reflect', 'circular']) {
      const plan = planOf(build(mode), image, filter, target);
      expect(plan.bytes).toEqual(zeros.bytes);
      expect(plan.steps.map(({ kernel, call }) => [call.op.name, kernel])).toEqual(
        zeros.steps.map(({ kernel, call }) => [call.op.name, kernel]),
      );
    }
    // Nothing but the two images, the results and the slices of dw: no im2col matrix, no padded copy.
    const [xBytes, yBytes] = [zeros.inputs['x']!.bytes, zeros.outputs['y']!.bytes];
    const slices = zeros.steps.flatMap(({ scratch }) => scratch).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(zeros.bytes.slots).toBeLessThanOrEqual(xBytes + yBytes + zeros.outputs['dw']!.bytes + slices + 1024);
  }
});

test.each<[string, (x: Tensor, w: Tensor) => Tensor, number[], number[]]>([
  ['conv1d', (x, w) => conv1d(x, w), [2, 9, 3], [3, 3, 5]],
  ['conv2d', (x, w) => conv2d(x, w, { padding: 'same' }), [2, 9, 8, 4], [3, 3, 4, 8]],
  ['conv2d 1×1', (x, w) => conv2d(x, w), [2, 9, 8, 4], [1, 1, 4, 8]],
  ['conv3d', (x, w) => conv3d(x, w), [2, 4, 5, 3, 4], [2, 2, 2, 4, 8]],
  ['conv2d groups', (x, w) => conv2d(x, w, { groups: 2 }), [2, 9, 8, 4], [3, 3, 2, 6]],
  ['depthwiseConv2d', (x, w) => depthwiseConv2d(x, w), [2, 9, 8, 4], [3, 3, 4, 1]],
  ['conv1dTranspose', (x, w) => conv1dTranspose(x, w, { strides: 2 }), [2, 9, 4], [3, 8, 4]],
  ['conv2dTranspose', (x, w) => conv2dTranspose(x, w, { strides: 2 }), [2, 4, 5, 4], [3, 3, 8, 4]],
  ['conv3dTranspose', (x, w) => conv3dTranspose(x, w, { strides: 2 }), [1, 2, 4, 5, 4], [2, 3, 3, 3, 4]],
])('%s with bias and activation is one dispatch', (_, build, image, filter) => {
  const x = inputTensor('x', image);
  const w = inputTensor('w', filter);
  const sum = build(x, w);
  const b = inputTensor('b', [sum.shape.at(-1)!]);
  const y = relu(add(sum, b));
  const plan = makePlan({ y }, [], { target: baseTarget });
  expect(plan.steps.flatMap(({ dispatches }) => dispatches)).toHaveLength(1);
  // What the fused op means is what the graph says.
  const { call, types } = plan.steps[0]!;
  const feeds = new Map([x, w, b].map((tensor, i) => [tensor, sampleValues(tensor, i) as Float64Array] as const));
  const [expected] = evaluate([y], feeds);
  const fused = new Float64Array(expected!.length);
  const values = call.inputs.map((input) => evaluate([input], feeds)[0]!);
  call.op.cpu(values, [fused], types);
  fused.forEach((value, i) => expect(value).toBeCloseTo(expected![i]!, 10));
});

test('separable is depthwise, then 1×1', () => {
  const x = inputTensor('x', [2, 6, 5, 3]);
  const w = inputTensor('w', [3, 2, 3, 2]);
  const p = inputTensor('p', [1, 1, 6, 4]);
  const feeds: [Tensor, ArrayLike<number>][] = [x, w, p].map((tensor, i) => [tensor, sampleValues(tensor, i)]);
  const options = { strides: [2, 1], dilationRate: [1, 2], padding: 'same' } as const;
  const y = separableConv2d(x, w, p, options);
  expect(y.shape).toEqual([2, 3, 5, 4]);
  expect(valuesOf(y, feeds)).toEqual(valuesOf(conv2d(depthwiseConv2d(x, w, options), p), feeds));
  const line = separableConv1d(inputTensor('x', [1, 8, 3]), inputTensor('w', [3, 3, 2]), inputTensor('p', [1, 6, 4]));
  expect(line.shape).toEqual([1, 6, 4]);
});

test('causal: no output sees what comes after it', () => {
  const x = inputTensor('x', [1, 8, 1]);
  const w = inputTensor('w', [3, 1, 1]);
  const y = conv1d(x, w, { padding: 'causal', dilationRate: 2 });
  expect(valuesOf(y, [[x, [1, 2, 3, 4, 5, 6, 7, 8]], [w, [100, 10, 1]]])).toEqual([1, 2, 13, 24, 135, 246, 357, 468]); // prettier-ignore
});

describe('errors', () => {
  const x = inputTensor('x', [1, 5, 6, 4]);
  const filter = (...shape: number[]) => inputTensor('w', shape);
  test.each<[string, () => unknown, string]>([
    ['groups and channels', () => conv2d(x, filter(3, 3, 4, 6), { groups: 3 }), 'conv2d: 4 input channels do not divide into 3 groups'],
    ['groups and filters', () => conv2d(x, filter(3, 3, 2, 5), { groups: 2 }), 'conv2d: 5 filters do not divide into 2 groups'],
    ['group channels', () => conv2d(x, filter(3, 3, 4, 6), { groups: 2 }), 'conv2d: the input [1,5,6,4] has 4 channels, the filters [3,3,4,6] expect 8 in 2 groups'],
    ['groups', () => conv2d(x, filter(3, 3, 4, 6), { groups: 0 }), 'conv2d: groups is 0, expected a positive integer'],
    ['reflect', () => conv2d(x, filter(3, 3, 4, 6), { padding: 5, paddingMode: 'reflect' }), "conv2d: 'reflect' padding of 5 in dimension 1 exceeds what the image has, expected at most 4 for its length 5"],
    ['causal', () => conv2d(x, filter(3, 3, 4, 6), { padding: 'causal' as never }), 'conv2d: padding is "causal", expected \'valid\', \'same\', a number or [[top, bottom], [left, right]]'],
    ['unknown option', () => conv2d(x, filter(3, 3, 4, 6), { stride: 2 } as never), "conv2d: unknown option 'stride', did you mean 'strides'?"],
    ['depthwise channels', () => depthwiseConv2d(x, filter(3, 3, 3, 1)), 'depthwiseConv2d: the input [1,5,6,4] has 4 channels, the filters [3,3,3,1] expect 3'],
    ['pointwise', () => separableConv2d(x, filter(3, 3, 4, 1), filter(3, 1, 4, 8)), 'separableConv2d: expected pointwise filters [1,1,C·M,OC], got [3,1,4,8]'],
    ['transposed channels', () => conv2dTranspose(x, filter(3, 3, 4, 3)), 'conv2dTranspose: the input [1,5,6,4] has 4 channels, the filters [3,3,4,3] expect 3'],
    ['outputPadding', () => conv2dTranspose(x, filter(3, 3, 8, 4), { strides: 2, outputPadding: [1, 2] }), 'conv2dTranspose: outputPadding 2 in dimension 2, expected less than the stride 2 or the dilation 1'],
    ['outputPadding same', () => conv2dTranspose(x, filter(3, 3, 8, 4), { strides: 2, outputPadding: 1, padding: 'same' }), "conv2dTranspose: outputPadding is [1,1], expected 0 with padding 'same'"],
    ['nothing left', () => conv2dTranspose(x, filter(1, 1, 8, 4), { padding: 3 }), 'conv2dTranspose: full output s(n-1)+d(k-1)+1+op = 5 less padding 3 + 3 leaves nothing in dimension 1 (5 = 1 * (5 - 1) + 1 * (1 - 1) + 1 + 0)'],
    ['rank', () => conv3d(x, filter(3, 3, 4, 8)), 'conv3d: expected an input [N,D,H,W,C], got [1,5,6,4]'],
  ])('%s', (_, build, message) => expect(build).toThrow(message)); // prettier-ignore
});
