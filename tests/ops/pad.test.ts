import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { crop, pad, type Padding, type PadOptions } from '../../src/ops/pad.ts';
import { generator, sampleValues } from './table.ts';

/** y of x = 1, 2, 3, … in `shape`, and its gradient for dy = 1, 10, 100, … */
function padded(shape: readonly number[], f: (x: Tensor) => Tensor) {
  const x = inputTensor('x', shape);
  const y = f(x);
  const dy = inputTensor('dy', y.shape);
  const feeds = new Map([
    [x, Float64Array.from({ length: sizeOf(shape) }, (_, i) => i + 1)],
    [dy, Float64Array.from({ length: sizeOf(y.shape) }, (_, i) => 10 ** i)],
  ]);
  return evaluate([y, gradients(y, [x], dy)[0]!], feeds).map((values) => [...values]);
}

test('each mode on a line of three, and the gradient of what it repeats', () => {
  const line = (options: PadOptions, sides: Padding = [2, 1]) => padded([3], (x) => pad(x, [sides], options));
  expect(line({})).toEqual([
    [0, 0, 1, 2, 3, 0],
    [100, 1000, 10000],
  ]);
  expect(line({ paddingMode: 'constant', value: 9 })[0]).toEqual([9, 9, 1, 2, 3, 9]);
  expect(line({ paddingMode: 'replicate' })).toEqual([
    [1, 1, 1, 2, 3, 3],
    [111, 1000, 110000],
  ]);
  expect(line({ paddingMode: 'reflect' })).toEqual([
    [3, 2, 1, 2, 3, 2],
    [100, 101010, 10001],
  ]);
  expect(line({ paddingMode: 'circular' })).toEqual([
    [2, 3, 1, 2, 3, 1],
    [100100, 1001, 10010],
  ]);
  expect(line({ paddingMode: 'circular' }, [3, 3])[0]).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
  expect(line({ paddingMode: 'reflect' }, [2, 2])[0]).toEqual([3, 2, 1, 2, 3, 2, 1]);
  expect(padded([1], (x) => pad(x, [[1, 2]], { paddingMode: 'replicate' }))).toEqual([[1, 1, 1, 1], [1111]]);
});

test('a corner is padded along both axes', () => {
  const square = (options: PadOptions) => padded([2, 2], (x) => pad(x, [[1, 0], [0, 1]], options))[0]; // prettier-ignore
  expect(square({})).toEqual([0, 0, 0, 1, 2, 0, 3, 4, 0]);
  expect(square({ paddingMode: 'replicate' })).toEqual([1, 2, 2, 1, 2, 2, 3, 4, 4]);
  expect(square({ paddingMode: 'reflect' })).toEqual([3, 4, 3, 1, 2, 1, 3, 4, 3]);
  expect(square({ paddingMode: 'circular' })).toEqual([3, 4, 3, 1, 2, 1, 3, 4, 3]);
});

test('negative padding takes away before anything is added, and crop is the same', () => {
  expect(padded([4], (x) => pad(x, [[-1, 2]]))).toEqual([
    [2, 3, 4, 0, 0],
    [0, 1, 10, 100],
  ]);
  // [2, 3, 4] reflected
  expect(padded([4], (x) => pad(x, [[-1, 2]], { paddingMode: 'reflect' }))).toEqual([
    [2, 3, 4, 3, 2],
    [0, 10001, 1010, 100],
  ]);
  expect(padded([3, 3], (x) => crop(x, [[1, 0], [0, 2]]))).toEqual([[4, 7], [0, 0, 0, 1, 0, 0, 10, 0, 0]]); // prettier-ignore
});

describe('an independent definition, over a grid of ranks, modes and sides', () => {
  /** From the meaning of the modes: the sequence that x repeats for ever, read at s. */
  const source = (s: number, length: number, mode: string): number | null => {
    if (mode === 'zeros') return s < 0 || s >= length ? null : s;
    if (mode === 'replicate') return Math.max(0, Math.min(length - 1, s));
    const period = mode === 'circular' ? length : Math.max(1, 2 * length - 2);
    const m = ((s % period) + period) % period;
    return m < length ? m : period - m;
  };
  const cases: [string, number[], Padding[]][] = [];
  const random = generator(5);
  const below = (n: number) => Math.floor(random() * n);
  for (const paddingMode of ['zeros', 'replicate', 'reflect', 'circular']) {
    for (let rank = 1; rank <= 5; rank++) {
      for (let i = 0; i < 5; i++) {
        const shape = Array.from({ length: rank }, () => 1 + below(4));
        const most = (n: number) => (paddingMode === 'reflect' ? n - 1 : paddingMode === 'circular' ? n : 3);
        const sides = shape.map((n): Padding => [below(most(n) + 1), below(most(n) + 1)]);
        cases.push([paddingMode, shape, sides]);
      }
    }
  }

  test.each(cases)('%s %j %j', (paddingMode, shape, sides) => {
    const x = inputTensor('x', shape);
    const y = pad(x, sides, { paddingMode: paddingMode as 'zeros' });
    expect(y.shape).toEqual(shape.map((n, i) => n + sides[i]![0] + sides[i]![1]));
    const dy = inputTensor('dy', y.shape);
    const values = sampleValues({ shape }, 1) as Float64Array;
    const cotangent = sampleValues({ shape: y.shape }, 2) as Float64Array;
    const feeds = new Map([
      [x, values],
      [dy, cotangent],
    ]);
    const [computed, dx] = evaluate([y, gradients(y, [x], dy)[0]!], feeds);
    const back = new Float64Array(values.length);
    for (let i = 0; i < cotangent.length; i++) {
      let rest = i;
      let place: number | null = 0;
      let stride = 1;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const t = rest % y.shape[axis]!;
        rest = (rest - t) / y.shape[axis]!;
        const s = source(t - sides[axis]![0], shape[axis]!, paddingMode);
        place = s === null || place === null ? null : place + s * stride;
        stride *= shape[axis]!;
      }
      expect(computed![i]).toBe(place === null ? 0 : values[place]);
      if (place !== null) back[place]! += cotangent[i]!;
    }
    dx!.forEach((value, i) => expect(value).toBeCloseTo(back[i]!, 12));
  });
});

test('whole numbers keep their bits', () => {
  const x = inputTensor('x', [2], 'i32');
  const y = pad(x, [[1, 1]], { paddingMode: 'constant', value: -3 });
  expect(y.dtype).toBe('i32');
  expect([...evaluate([y], new Map([[x, Int32Array.of(2147483647, -2147483648)]]))[0]!]).toEqual([
    -3, 2147483647, -2147483648, -3,
  ]);
});

test('no padding is no work', () => {
  const x = inputTensor('x', [2, 3]);
  expect(pad(x, [[0, 0], [0, 0]])).toBe(x); // prettier-ignore
});

test('messages', () => {
  const x = inputTensor('x', [3, 4]);
  const none: Padding = [0, 0];
  expect(() => pad(x, [none])).toThrow(new ShapeError('pad: 1 paddings for x [3,4], expected one for each axis'));
  expect(() => pad(x, [[3, 0], none], { paddingMode: 'reflect' })).toThrow(
    new ShapeError('pad: padding [3,0] of axis 0, whose length is 3, has nothing to reflect, expected at most 2'),
  );
  expect(() => pad(x, [none, [0, 5]], { paddingMode: 'circular' })).toThrow(
    new ShapeError('pad: padding [0,5] of axis 1, whose length is 4, goes round more than once, expected at most 4'),
  );
  expect(() => pad(x, [[-2, -1], none])).toThrow(
    new ShapeError('pad: padding [-2,-1] of axis 0, whose length is 3, leaves nothing, expected at least one element'),
  );
  expect(() => pad(x, [[1, 0.5], none])).toThrow(
    new OptionError('pad: paddings is [[1,0.5],[0,0]], expected [before, after] for each axis'),
  );
  expect(() => pad(x, [none, none], { paddingMode: 'mirror' as 'reflect' })).toThrow(
    /^pad: paddingMode is 'mirror'.*known: zeros, constant, replicate, reflect, circular$/,
  );
  expect(() => pad(x, [[1, 1], none], { value: 2 })).toThrow(
    new OptionError("pad: value is 2 and paddingMode 'zeros', expected paddingMode 'constant' with it"),
  );
  expect(() => pad(x, [[1, 1], none], { paddingMode: 'constant' })).toThrow('expected a number');
  expect(() => crop(x, [[2, 1], none])).toThrow(
    new ShapeError('crop: cropping [2,1] of axis 0 leaves nothing of its 3'),
  );
  expect(() => crop(x, [[-1, 0], none])).toThrow(OptionError);
  const many = inputTensor('x', [2, 2, 2, 2, 2, 2]);
  expect(() => pad(many, [[1, 0], none, [1, 0], none, [1, 0], none])).toThrow('takes 6 axes, expected 5 at most');
});
