// Convolution as users write it: a lecture's worked example, published values, and the errors.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor } from '../../src/graph/tensor.ts';
import { conv2d, type Conv2dOptions } from '../../src/ops/convolution.ts';
import { sampleValues } from './table.ts';

function convolve(x: number[][], k: number[][], options: Conv2dOptions = {}): number[][] {
  const image = inputTensor('x', [1, x.length, x[0]!.length, 1]);
  const kernel = inputTensor('k', [k.length, k[0]!.length, 1, 1]);
  const y = conv2d(image, kernel, options);
  const [values] = evaluate([y], new Map([[image, Float64Array.from(x.flat())], [kernel, Float64Array.from(k.flat())]])); // prettier-ignore
  const [, rows, columns] = y.shape as [number, number, number, number];
  return Array.from({ length: rows }, (_, i) => Array.from(values!.slice(i * columns, (i + 1) * columns)));
}

test("a lecture's 6×6 image under its 3×3 kernel", () => {
  const image = [
    [146, 99, 147, 249, 176, 190],
    [212, 135, 152, 140, 50, 97],
    [105, 127, 232, 179, 105, 31],
    [139, 54, 24, 149, 90, 241],
    [1, 168, 208, 240, 118, 44],
    [7, 208, 141, 216, 33, 194],
  ];
  const kernel = [
    [-0.09, 0.66, 0.68],
    [0.32, -0.75, 0.63],
    [0.13, 0.07, 1.0],
  ];
  const rounded = convolve(image, kernel).map((row) => row.map((value) => Math.round(value * 100) / 100));
  expect(rounded[0]!.slice(0, 2)).toEqual([469.05, 486.58]);
  expect(rounded[1]![0]).toBe(303.74);
  expect(rounded[3]![3]).toBe(450.28);
});

test('sizes: a stride that does not divide is floored, "same" puts the odd pixel at the bottom and right', () => {
  const columns = Array.from({ length: 6 }, () => [1, 2, 3, 4, 5, 6]);
  const centre = [
    [0, 0, 0],
    [0, 1, 0],
    [0, 0, 0],
  ];
  expect(convolve(columns, centre, { strides: 2, padding: 'same' })).toEqual([[2, 4, 6], [2, 4, 6], [2, 4, 6]]); // prettier-ignore
  expect(convolve(columns, centre, { strides: 2, padding: 1 })).toEqual([[1, 3, 5], [1, 3, 5], [1, 3, 5]]); // prettier-ignore
});

test.each<[string, number[], number[], Conv2dOptions]>([
  ['plain', [2, 5, 6, 3], [3, 3, 3, 4], {}],
  ['stride 2, same', [1, 6, 5, 2], [3, 2, 2, 3], { strides: 2, padding: 'same' }],
  ['dilation 2', [1, 7, 7, 2], [3, 3, 2, 2], { dilationRate: 2 }],
  ['asymmetric padding', [1, 4, 5, 2], [2, 3, 2, 2], { padding: [[2, 0], [1, 3]] }], // prettier-ignore
  ['1×1, stride 2', [2, 4, 4, 3], [1, 1, 3, 2], { strides: 2 }],
])('gradients of x and w agree with finite differences: %s', (_, x, w, options) => {
  const result = gradcheck((inputs) => conv2d(inputs['x']!, inputs['w']!, options), {
    x: { shape: x, values: sampleValues({ shape: x }, 1) },
    w: { shape: w, values: sampleValues({ shape: w }, 2) },
  });
  expect(result, JSON.stringify(result)).toMatchObject({ passed: true });
});

describe('errors', () => {
  const x = inputTensor('x', [1, 5, 5, 3]);
  test.each<[string, () => unknown, RegExp | string]>([
    [
      'channels',
      () => conv2d(x, inputTensor('w', [3, 3, 4, 8])),
      'conv2d: the input [1,5,5,3] has 3 channels, the filters [3,3,4,8] expect 4',
    ],
    ['rank', () => conv2d(inputTensor('x', [5, 5, 3]), inputTensor('w', [3, 3, 3, 8])), 'conv2d: expected an input [N,H,W,C], got [5,5,3]'], // prettier-ignore
    [
      'window',
      () => conv2d(x, inputTensor('w', [3, 4, 3, 8]), { dilationRate: 3 }),
      /effective kernel d\(k-1\)\+1 = 7 exceeds padded input 5/,
    ],
  ])('%s', (_, build, message) => expect(build).toThrow(message));
});

const golden = new URL('../../../shared/data/golden/worked-examples.json', import.meta.url);
test.skipIf(!existsSync(golden))(
  'published values of a strided, padded convolution (skipped where the golden file is absent)',
  () => {
    const { examples } = JSON.parse(readFileSync(golden, 'utf8')) as {
      examples: { id: string; expected: Record<string, unknown> }[];
    };
    const expected = examples.find(({ id }) => id === 'cs231n-conv-forward')!.expected['out'] as number[][][][];
    const linspace = (from: number, to: number, n: number) =>
      Float64Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));
    // NCHW and OIHW in the file; NHWC and HWIO here.
    const xNchw = linspace(-0.1, 0.5, 2 * 3 * 4 * 4);
    const wOihw = linspace(-0.2, 0.3, 3 * 3 * 4 * 4);
    const bias = linspace(-0.1, 0.2, 3);
    const x = inputTensor('x', [2, 4, 4, 3]);
    const w = inputTensor('w', [4, 4, 3, 3]);
    const xs = new Float64Array(96);
    const ws = new Float64Array(144);
    for (let n = 0; n < 2; n++)
      for (let c = 0; c < 3; c++) for (let i = 0; i < 16; i++) xs[(n * 16 + i) * 3 + c] = xNchw[(n * 3 + c) * 16 + i]!;
    for (let o = 0; o < 3; o++)
      for (let c = 0; c < 3; c++) for (let i = 0; i < 16; i++) ws[(i * 3 + c) * 3 + o] = wOihw[(o * 3 + c) * 16 + i]!;
    const y = conv2d(x, w, { strides: 2, padding: 1 });
    expect(y.shape).toEqual([2, 2, 2, 3]);
    const [values] = evaluate([y], new Map([[x, xs], [w, ws]])); // prettier-ignore
    for (let n = 0; n < 2; n++)
      for (let o = 0; o < 3; o++)
        for (let h = 0; h < 2; h++)
          for (let v = 0; v < 2; v++)
            expect(values![((n * 2 + h) * 2 + v) * 3 + o]! + bias[o]!).toBeCloseTo(expected[n]![o]![h]![v]!, 7);
  },
);
