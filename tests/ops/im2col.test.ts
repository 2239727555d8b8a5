import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor } from '../../src/graph/tensor.ts';
import { col2im, col2imOp, im2col, im2colOp } from '../../src/ops/im2col.ts';
import { window2d } from '../../src/ops/window.ts';
import { callTypes, describeSample, reference, sampleValues } from './table.ts';

test('columns run over kh, kw, c and rows over n, oh, ow', () => {
  const x = inputTensor('x', [1, 3, 3, 2]);
  const values = Float64Array.from({ length: 18 }, (_, i) => i);
  const [cols] = evaluate([im2col(x, window2d('im2col', [3, 3], { kernelSize: 2 }))], new Map([[x, values]]));
  expect(Array.from(cols!.subarray(0, 8))).toEqual([0, 1, 2, 3, 6, 7, 8, 9]);
  expect(Array.from(cols!.subarray(24))).toEqual([8, 9, 10, 11, 14, 15, 16, 17]);
});

test('padding reads zero', () => {
  const x = inputTensor('x', [1, 1, 2, 1]);
  const window = window2d('im2col', [1, 2], { kernelSize: [1, 3], padding: 'same' });
  const [cols] = evaluate([im2col(x, window)], new Map([[x, Float64Array.of(5, 7)]]));
  expect([...cols!]).toEqual([0, 5, 7, 5, 7, 0]);
});

test('col2im counts how often im2col read each pixel', () => {
  const window = window2d('im2col', [3, 3], { kernelSize: 2 });
  const cols = inputTensor('cols', [4, 4]);
  const [x] = evaluate([col2im(cols, window, [1, 3, 3, 1])], new Map([[cols, new Float64Array(16).fill(1)]]));
  expect([...x!]).toEqual([1, 2, 1, 2, 4, 2, 1, 2, 1]);
});

describe('<im2col(x), y> = <x, col2im(y)>', () => {
  test.each(im2colOp.samples.map((sample, i) => [describeSample(sample), i] as const))('%s', (_, i) => {
    const forward = callTypes(im2colOp, im2colOp.samples[i]!);
    const backward = callTypes(col2imOp, col2imOp.samples[i]!);
    const x = sampleValues(im2colOp.samples[i]!.inputs[0]!, 3);
    const y = sampleValues(col2imOp.samples[i]!.inputs[0]!, 4);
    const [cols] = reference(im2colOp, forward, [x]);
    const [image] = reference(col2imOp, backward, [y]);
    const inner = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a, (v, k) => v * b[k]!).reduce((s, v) => s + v, 0);
    expect(inner(x, image!)).toBeCloseTo(inner(cols!, y), 9);
  });
});

test('gradients of both agree with finite differences', () => {
  const window = window2d('im2col', [5, 4], { kernelSize: [3, 2], strides: 2, padding: 'same', dilationRate: [1, 2] });
  const shape = [2, 5, 4, 3];
  const x = { shape, values: sampleValues({ shape }, 5) };
  const forward = gradcheck((t) => im2col(t.x!, window), { x });
  expect(forward.worst, JSON.stringify(forward)).toBeLessThanOrEqual(1);
  const colsShape = im2col(inputTensor('x', shape), window).shape;
  const cols = { shape: colsShape, values: sampleValues({ shape: colsShape }, 6) };
  const backward = gradcheck((t) => col2im(t.cols!, window, shape), { cols });
  expect(backward.worst, JSON.stringify(backward)).toBeLessThanOrEqual(1);
});

test('shapes that do not belong together are refused', () => {
  const window = window2d('im2col', [5, 5], { kernelSize: 3 });
  expect(() => im2col(inputTensor('x', [5, 5]), window)).toThrow('im2col: x is [5,5], expected [N,H,W,C]');
  expect(() => im2col(inputTensor('x', [1, 6, 5, 1]), window)).toThrow(
    `im2col: the window's output is [3,3], expected [4,3] for x [1,6,5,1]`,
  );
  expect(() => im2col(inputTensor('x', [1, 5, 5, 1], 'i32'), window)).toThrow('im2col: x is i32, expected f32');
  expect(() => col2im(inputTensor('cols', [9, 8]), window, [1, 5, 5, 1])).toThrow(
    'col2im: cols is [9,8], expected [9,9] for an image [1,5,5,1]',
  );
});
