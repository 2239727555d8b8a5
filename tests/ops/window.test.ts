import { expect, test } from 'vitest';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { sourcePosition, volumeOf, window2d, windowNd, windowVolume } from '../../src/ops/window.ts';

test('valid windows drop rows that do not fill a stride', () => {
  expect(window2d('conv2d', [7, 8], { kernelSize: 3, strides: 2 })).toEqual({
    kernel: [3, 3],
    strides: [2, 2],
    dilation: [1, 1],
    padBefore: [0, 0],
    padAfter: [0, 0],
    paddingMode: 'zeros',
    output: [3, 3],
  });
});

test("'same' gives ceil(input / stride) windows and puts the odd pixel at the bottom and right", () => {
  const even = window2d('conv2d', [6, 6], { kernelSize: 3, strides: 2, padding: 'same' });
  expect([even.padBefore[0], even.padAfter[0], even.padBefore[1], even.padAfter[1]]).toEqual([0, 1, 0, 1]);
  expect(even.output).toEqual([3, 3]);
  const tall = window2d('conv2d', [5, 5], { kernelSize: [4, 1], padding: 'same' });
  expect([tall.padBefore[0], tall.padAfter[0], tall.padBefore[1], tall.padAfter[1]]).toEqual([1, 2, 0, 0]);
  expect(tall.output).toEqual([5, 5]);
  const dilated = window2d('conv2d', [9, 9], { kernelSize: 3, dilationRate: [2, 3], padding: 'same' });
  expect([dilated.padBefore[0], dilated.padBefore[1], ...dilated.output]).toEqual([2, 3, 9, 9]);
});

test("'same' with a kernel smaller than the stride still gives ceil(input / stride) windows", () => {
  for (const input of [1, 2, 3, 4, 5, 6, 7]) {
    for (const stride of [1, 2, 3, 4]) {
      const window = window2d('conv2d', [input, 1], { kernelSize: [1, 1], strides: [stride, 1], padding: 'same' });
      expect(window.output[0]).toBe(Math.ceil(input / stride));
      expect(window.padBefore[0] + window.padAfter[0]).toBe(0);
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
  expect([window.padBefore[0], window.padAfter[0], window.padBefore[1], window.padAfter[1], ...window.output]).toEqual([
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
      'conv2d: effective kernel d(k-1)+1 = 7 exceeds padded input 5 in dimension 1 (7 = 2 * (4 - 1) + 1, 5 = 1 + 3 + 1)',
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

test('one and three axes follow the same rules, and causal pads in front only', () => {
  const causal = windowNd('conv1d', [10], { kernelSize: 3, dilationRate: 2, strides: 3, padding: 'causal' });
  expect(causal).toMatchObject({ kernel: [3], padBefore: [4], padAfter: [0], output: [4] });
  expect(windowNd('conv1d', [10], { kernelSize: 3, padding: [2, 1] })).toMatchObject({ output: [11] });
  expect(windowNd('conv1d', [10], { kernelSize: 3, padding: [[2, 1]] as never })).toMatchObject({ output: [11] });
  const same = windowNd('conv3d', [5, 6, 7], { kernelSize: [2, 3, 4], strides: 2, padding: 'same' });
  expect(same).toMatchObject({ padBefore: [0, 0, 1], padAfter: [1, 1, 2], output: [3, 3, 4] });
  expect(() => windowNd('conv2d', [5, 5], { kernelSize: 3, padding: 'causal' })).toThrow(
    'padding is "causal", expected',
  );
  expect(() => windowNd('conv3d', [5, 5, 5], { kernelSize: [3, 3] })).toThrow('at least 1 or three of them');
  expect(() => windowNd('conv1d', [5], { kernelSize: 3, padding: [[1, 1], [1, 1]] })).toThrow('or [left, right]'); // prettier-ignore
});

test('an image of any rank is a volume whose missing axes come first and have length 1', () => {
  expect(volumeOf([2, 5, 3])).toEqual([2, 1, 1, 5, 3]);
  expect(volumeOf([2, 4, 5, 3])).toEqual([2, 1, 4, 5, 3]);
  const window = windowNd('conv1d', [5], { kernelSize: 3, strides: 2, padding: 1, dilationRate: 2 });
  expect(windowVolume(window)).toMatchObject({
    kernel: [1, 1, 3],
    strides: [1, 1, 2],
    dilation: [1, 1, 2],
    padBefore: [0, 0, 1],
    padAfter: [0, 0, 1],
    output: [1, 1, 2],
  });
});

test('padding modes read what PyTorch reads, and say how much padding an image can mirror', () => {
  const line = (mode: 'zeros' | 'replicate' | 'reflect' | 'circular') =>
    Array.from({ length: 10 }, (_, i) => sourcePosition(i - 3, 4, mode));
  expect(line('zeros')).toEqual([-1, -1, -1, 0, 1, 2, 3, -1, -1, -1]);
  expect(line('replicate')).toEqual([0, 0, 0, 0, 1, 2, 3, 3, 3, 3]);
  expect(line('reflect')).toEqual([3, 2, 1, 0, 1, 2, 3, 2, 1, 0]);
  expect(line('circular')).toEqual([1, 2, 3, 0, 1, 2, 3, 0, 1, 2]);
  const padded = (padding: number, paddingMode: string) => () =>
    windowNd('conv1d', [4], { kernelSize: 3, padding, paddingMode: paddingMode as never });
  expect(padded(3, 'reflect')).not.toThrow();
  expect(padded(4, 'reflect')).toThrow(
    new ShapeError(
      "conv1d: 'reflect' padding of 4 in dimension 1 exceeds what the image has, expected at most 3 for its length 4",
    ),
  );
  expect(padded(4, 'circular')).not.toThrow();
  expect(padded(5, 'circular')).toThrow('expected at most 4 for its length 4');
  expect(padded(9, 'replicate')).not.toThrow();
  expect(padded(1, 'mirror')).toThrow('paddingMode is "mirror", expected one of zeros, replicate, reflect, circular');
});
