// Published and hand-made convolutions, computed from what `explain` says alone.

import { describe, expect, test } from 'vitest';
import { explain } from '../../src/ops/explain.ts';
import { indicesOf } from '../../src/ops/explain_map.ts';
import type { ConvSpec } from '../../src/ops/explain_types.ts';
import { rebuild } from './explain_rebuild.ts';

const grid = (rows: readonly (readonly number[])[]) => rows.flat();
const image = (size: number, options: Partial<ConvSpec> = {}): ConvSpec => ({
  op: 'conv2d',
  inputShape: [size, size, 1],
  filters: 1,
  kernelSize: 3,
  ...options,
});
const repeat = (n: number, row: readonly number[]) => Array.from({ length: n }, () => [...row]).flat();
const counting = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const ones = (n: number) => new Array<number>(n).fill(1);
const edge = repeat(3, [1, 0, -1]);
const sharpen = [0, -1, 0, -1, 5, -1, 0, -1, 0];

describe('golden values', () => {
  test('G1: a vertical edge', () => {
    const x = repeat(6, [10, 10, 10, 0, 0, 0]);
    expect([...rebuild(explain(image(6))).y(x, edge)]).toEqual(repeat(4, [0, 30, 30, 0]));
  });

  test('G2: sharpening without and with padding, and both gradients', () => {
    const plain = rebuild(explain(image(4)));
    expect([...plain.y(counting(16), sharpen)]).toEqual([6, 7, 10, 11]);
    const padded = rebuild(explain(image(4, { padding: 1 })));
    expect([...padded.y(counting(16), sharpen)]).toEqual(
      grid([
        [-2, 0, 2, 9],
        [9, 6, 7, 17],
        [17, 10, 11, 25],
        [42, 32, 34, 53],
      ]),
    );
    expect([...plain.dx(ones(4), sharpen)]).toEqual(
      grid([
        [0, -1, -1, 0],
        [-1, 3, 3, -1],
        [-1, 3, 3, -1],
        [0, -1, -1, 0],
      ]),
    );
    expect([...plain.dw(counting(16), ones(4))]).toEqual([14, 18, 22, 30, 34, 38, 46, 50, 54]);
    expect(explain(image(4)).im2col.rows).toBe(4); // the bias' gradient is the sum of dY, a one at each position
  });

  test('G3: how many windows hold each pixel', () => {
    const expected = [
      [1, 2, 2, 1],
      [2, 4, 4, 2],
      [2, 4, 4, 2],
      [1, 2, 2, 1],
    ];
    expect([...rebuild(explain(image(4))).dx(ones(4), ones(9))]).toEqual(grid(expected));
    const { inputPairs } = explain(image(4));
    expect(indicesOf([1, 4, 4, 1]).map((at) => inputPairs(at).length)).toEqual(grid(expected));
  });

  test('G4: a stride that does not divide leaves a row unread, and the way back needs output padding', () => {
    const made = explain(image(6, { padding: 1, strides: 2 }));
    expect(made.outputShape).toEqual([1, 3, 3, 1]);
    expect(made.axes[0]).toEqual({
      dimension: 1,
      input: 6,
      kernel: 3,
      dilation: 1,
      stride: 2,
      padBefore: 1,
      padAfter: 1,
      effectiveKernel: 3,
      paddedInput: 8,
      ceilMode: false,
      output: 3,
      remainder: 1,
      neverRead: [6],
      text: 'effective kernel d(k-1)+1 = 3 fits padded input 8 in dimension 1 (3 = 1 * (3 - 1) + 1, 8 = 1 + 6 + 1): output floor((8 - 3) / 2) + 1 = 3, remainder 1',
    });
    const back = (outputPadding: number) =>
      explain({ op: 'conv2dTranspose', inputShape: [3, 3, 1], filters: 1, kernelSize: 3, strides: 2, padding: 1, outputPadding }); // prettier-ignore
    expect(back(0).outputShape).toEqual([1, 5, 5, 1]);
    expect(back(1).outputShape).toEqual([1, 6, 6, 1]);
    expect(back(1).axes[0]!.text).toBe(
      'full output s(n-1)+d(k-1)+1+op = 8 less padding 1 + 1 leaves 6 in dimension 1 (8 = 2 * (3 - 1) + 1 * (3 - 1) + 1 + 1)',
    );
  });

  test('G5: the checkerboard of a transposed convolution', () => {
    const made = explain({ op: 'conv2dTranspose', inputShape: [3, 3, 1], filters: 1, kernelSize: 3, strides: 2 });
    const [odd, even] = [
      [1, 1, 2, 1, 2, 1, 1],
      [2, 2, 4, 2, 4, 2, 2],
    ] as const;
    const expected = grid([odd, odd, even, odd, even, odd, odd]);
    expect([...rebuild(made).y(ones(9), ones(9))]).toEqual(expected);
    expect(indicesOf(made.outputShape).map((at) => made.terms(at).length)).toEqual(expected);
  });

  test('G6: the same size, different pixels', () => {
    const x = repeat(6, counting(6));
    const centre = [0, 0, 0, 0, 1, 0, 0, 0, 0];
    const keras = explain(image(6, { strides: 2, padding: 'same' }));
    expect(keras.padding).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect([...rebuild(keras).y(x, centre)]).toEqual(repeat(3, [2, 4, 6]));
    expect([...rebuild(explain(image(6, { strides: 2, padding: 1 }))).y(x, centre)]).toEqual(repeat(3, [1, 3, 5]));
  });

  // prettier-ignore
  test.each<[number, Partial<ConvSpec>, number]>([
    [4, { kernelSize: 3 }, 2],
    [5, { kernelSize: 4, padding: 2 }, 6],
    [5, { kernelSize: 3, padding: 1 }, 5],
    [5, { kernelSize: 3, padding: 2 }, 7],
    [5, { kernelSize: 3, strides: 2 }, 2],
    [5, { kernelSize: 3, padding: 1, strides: 2 }, 3],
    [6, { kernelSize: 3, padding: 1, strides: 2 }, 3],
    [7, { kernelSize: 3, dilationRate: 2 }, 3],
  ])('sizes: %j %j gives %j', (size, options, expected) => {
    expect(explain(image(size, options)).axes.map(({ output }) => output)).toEqual([expected, expected]);
  });

  test('the lecture’s 6×6 image under its 3×3 kernel', () => {
    const x = grid([
      [146, 99, 147, 249, 176, 190],
      [212, 135, 152, 140, 50, 97],
      [105, 127, 232, 179, 105, 31],
      [139, 54, 24, 149, 90, 241],
      [1, 168, 208, 240, 118, 44],
      [7, 208, 141, 216, 33, 194],
    ]);
    const w = [-0.09, 0.66, 0.68, 0.32, -0.75, 0.63, 0.13, 0.07, 1];
    const y = rebuild(explain(image(6))).y(x, w);
    expect(y).toHaveLength(16);
    for (const [i, value] of [
      [0, 469.05],
      [1, 486.58],
      [4, 303.74],
      [15, 450.28],
    ] as const) {
      expect(Math.abs(y[i]! - value), `element ${i}`).toBeLessThan(0.005);
    }
  });
});
