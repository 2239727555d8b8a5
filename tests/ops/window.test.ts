import { expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { window2d } from '../../src/ops/window.ts';

test('valid windows drop rows that do not fill a stride', () => {
  expect(window2d('conv2d', [7, 8], { kernelSize: 3, strides: 2 })).toEqual({
    kernel: [3, 3],
    strides: [2, 2],
    dilation: [1, 1],
    padTop: 0,
    padLeft: 0,
    padBottom: 0,
    padRight: 0,
    output: [3, 3],
  });
});

test("'same' gives ceil(input / stride) windows and puts the odd pixel at the bottom and right", () => {
  const even = window2d('conv2d', [6, 6], { kernelSize: 3, strides: 2, padding: 'same' });
  expect([even.padTop, even.padBottom, even.padLeft, even.padRight]).toEqual([0, 1, 0, 1]);
  expect(even.output).toEqual([3, 3]);
  const tall = window2d('conv2d', [5, 5], { kernelSize: [4, 1], padding: 'same' });
  expect([tall.padTop, tall.padBottom, tall.padLeft, tall.padRight]).toEqual([1, 2, 0, 0]);
  expect(tall.output).toEqual([5, 5]);
  const dilated = window2d('conv2d', [9, 9], { kernelSize: 3, dilationRate: [2, 3], padding: 'same' });
  expect([dilated.padTop, dilated.padLeft, ...dilated.output]).toEqual([2, 3, 9, 9]);
});

test("'same' with a kernel smaller than the stride still gives ceil(input / stride) windows", () => {
  for (const input of [1, 2, 3, 4, 5, 6, 7]) {
    for (const stride of [1, 2, 3, 4]) {
      const window = window2d('conv2d', [input, 1], { kernelSize: [1, 1], strides: [stride, 1], padding: 'same' });
      expect(window.output[0]).toBe(Math.ceil(input / stride));
      expect(window.padTop + window.padBottom).toBe(0);
    }
  }
});

test('a number pads all sides, and pairs pad each side', () => {
  expect(window2d('conv2d', [5, 5], { kernelSize: 3, padding: 1 }).output).toEqual([5, 5]);
  const window = window2d('conv2d', [5, 5], {
    kernelSize: 3,
    padding: [
      [2, 0],
      [0, 1],
    ],
  });
  expect([window.padTop, window.padBottom, window.padLeft, window.padRight, ...window.output]).toEqual([
    2, 0, 0, 1, 5, 4,
  ]);
});

test('ceilMode counts a last window that begins on the image or before it', () => {
  expect(window2d('maxPool2d', [6, 5], { poolSize: 3, strides: 2, ceilMode: true }).output).toEqual([3, 2]);
  // PyTorch: a window that would begin in the padding below does not count
  const options = { poolSize: 2, strides: 2, padding: 1, ceilMode: true };
  expect(window2d('maxPool2d', [3, 3], options).output).toEqual([2, 2]);
});

test('a window larger than the padded image says so with the numbers it came from', () => {
  expect(() => window2d('conv2d', [3, 9], { kernelSize: 4, dilationRate: 2, padding: 1 })).toThrow(
    new ShapeError(
      'conv2d: effective kernel 7 exceeds padded input 5 in dimension 1 (7 = (4 - 1) * 2 + 1, 5 = 1 + 3 + 1)',
    ),
  );
  expect(() => window2d('maxPool2d', [8, 1], { poolSize: 2 })).toThrow('in dimension 2');
});

test('options out of range name the option, its value and what was expected', () => {
  const make = (options: object) => () => window2d('conv2d', [8, 8], options);
  expect(make({ kernelSize: 0 })).toThrow(
    new OptionError('conv2d: kernelSize is 0, expected an integer of at least 1 or two of them'),
  );
  expect(make({ poolSize: [2, 2.5] })).toThrow('conv2d: poolSize is [2,2.5], expected an integer of at least 1');
  expect(make({ kernelSize: 3, strides: [1, 2, 3] })).toThrow('conv2d: strides is [1,2,3], expected');
  expect(make({ kernelSize: 3, dilationRate: -1 })).toThrow('conv2d: dilationRate is -1, expected');
  expect(make({ kernelSize: 3, padding: -1 })).toThrow('conv2d: padding is -1, expected an integer of at least 0');
  expect(make({ kernelSize: 3, padding: 'full' })).toThrow(
    `conv2d: padding is "full", expected 'valid', 'same', a number or [[top, bottom], [left, right]]`,
  );
  expect(make({})).toThrow('conv2d: kernelSize or poolSize is missing');
  expect(make({ kernelSize: 3, poolSize: 3 })).toThrow('give only one of them');
});
