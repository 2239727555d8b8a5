// Reading an image at places of a grid against a definition that shares no code with it.

import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { gridSample, type GridSampleOptions } from '../../src/ops/grid_sample.ts';
import { generator, sampleValues } from './table.ts';

/** A position on an axis mirrored or held until it lies on it. */
function inside(at: number, length: number, { paddingMode, alignCorners }: Required<GridSampleOptions>): number {
  if (paddingMode === 'zeros') return at;
  if (paddingMode === 'border') return Math.min(Math.max(at, 0), length - 1);
  const [low, high] = alignCorners ? [0, length - 1] : [-0.5, length - 0.5];
  if (low === high) return 0;
  while (at < low || at > high) at = at < low ? 2 * low - at : 2 * high - at;
  return Math.min(Math.max(at, 0), length - 1);
}

function cubic(d: number): number {
  const a = -0.75;
  const x = Math.abs(d);
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

function define(
  x: ArrayLike<number>,
  shape: readonly number[],
  grid: ArrayLike<number>,
  count: number,
  options: Required<GridSampleOptions>,
) {
  const spatial = shape.slice(1, -1);
  const [N, C, rank] = [shape[0]!, shape.at(-1)!, spatial.length];
  const y: number[] = [];
  for (let p = 0; p < N * count; p++) {
    const n = Math.floor(p / count);
    // Of each axis, elements and weights.
    const axes = spatial.map((length, axis) => {
      const g = grid[p * rank + rank - 1 - axis]!;
      const raw = options.alignCorners ? ((g + 1) / 2) * (length - 1) : ((g + 1) * length - 1) / 2;
      const read = (k: number) => {
        const at = options.interpolation === 'cubic' ? inside(k, length, options) : k;
        return at >= 0 && at <= length - 1 ? at : -1;
      };
      if (options.interpolation === 'cubic') {
        const first = Math.floor(raw) - 1;
        return [0, 1, 2, 3].map((i) => ({ k: read(first + i), weight: cubic(raw - first - i) }));
      }
      const place = inside(raw, length, options);
      if (options.interpolation === 'nearest') {
        const floor = Math.floor(place);
        const k = place - floor === 0.5 ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(place);
        return [{ k: read(k), weight: 1 }];
      }
      return [0, 1].map((i) => ({
        k: read(Math.floor(place) + i),
        weight: Math.max(0, 1 - Math.abs(place - Math.floor(place) - i)),
      }));
    });
    for (let c = 0; c < C; c++) {
      const sum = (axis: number, at: number): number =>
        axis === rank
          ? x[(n * sizeOf(spatial) + at) * C + c]!
          : axes[axis]!.reduce(
              (total, { k, weight }) => (k < 0 ? total : total + weight * sum(axis + 1, at * spatial[axis]! + k)),
              0,
            );
      y.push(sum(0, 0));
    }
  }
  return y;
}

const random = generator(5);
/** Within, at the borders of, and beyond the image. */
const places = (size: number) => Float64Array.from({ length: size }, () => Math.fround(4.3 * random() - 2.15));

const all = (['linear', 'nearest', 'cubic'] as const).flatMap((interpolation) =>
  (['zeros', 'border', 'reflection'] as const).flatMap((paddingMode) =>
    [false, true].map((alignCorners): Required<GridSampleOptions> => ({ interpolation, paddingMode, alignCorners })),
  ),
);
const shapes: [readonly number[], readonly number[]][] = [
  [[2, 5, 3], [4]],
  [
    [2, 4, 5, 3],
    [3, 4],
  ],
  [
    [1, 1, 3, 1],
    [1, 6],
  ],
  [
    [1, 3, 2, 4, 2],
    [2, 1, 5],
  ],
];

describe.each(all)('$interpolation, $paddingMode, alignCorners $alignCorners', (options) => {
  test.each(shapes)('of %j at %j places', (shape, to) => {
    const x = inputTensor('x', shape);
    const grid = inputTensor('grid', [shape[0]!, ...to, shape.length - 2]);
    const at = { x: sampleValues({ shape }, 3) as Float64Array, grid: places(sizeOf(grid.shape)) };
    const y = gridSample(x, grid, options);
    expect(y.shape).toEqual([shape[0], ...to, shape.at(-1)]);
    const [actual] = evaluate([y], new Map([[x, at.x], [grid, at.grid]])); // prettier-ignore
    const expected = define(at.x, shape, at.grid, sizeOf(to), options);
    expect([...actual!]).toEqual(expected.map((value) => expect.closeTo(value, 9) as number));
    const named = { x: { shape, values: at.x }, grid: { shape: grid.shape, values: at.grid } };
    const f = (given: Record<string, Tensor>) => gridSample(given['x']!, given['grid']!, options);
    expect(gradcheck(f, named, { absoluteTolerance: 1e-6 })).toMatchObject({ passed: true });
  });
});

test('the identity gives the image, its mirror image the other way round', () => {
  const x = constantTensor(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3, 1], 'f32');
  const grid = (turn: 1 | -1, alignCorners: boolean) => {
    const along = (i: number, length: number) => (alignCorners ? (2 * i) / (length - 1) - 1 : (2 * i + 1) / length - 1);
    const values = [0, 1].flatMap((h) => [0, 1, 2].flatMap((w) => [turn * along(w, 3), along(h, 2)]));
    return constantTensor(Float32Array.from(values), [1, 2, 3, 2], 'f32');
  };
  for (const alignCorners of [false, true]) {
    const run = (turn: 1 | -1) => [...evaluate([gridSample(x, grid(turn, alignCorners), { alignCorners })])[0]!];
    expect(run(1)).toEqual([1, 2, 3, 4, 5, 6].map((value) => expect.closeTo(value, 5) as number));
    expect(run(-1)).toEqual([3, 2, 1, 6, 5, 4].map((value) => expect.closeTo(value, 5) as number));
  }
});

test('places beyond the border have no slope, and nearest ones none at all', () => {
  const x = constantTensor(Float32Array.of(1, 3), [1, 2, 1], 'f32');
  const grid = inputTensor('grid', [1, 2, 1]);
  const slope = (options: GridSampleOptions) => {
    const y = gridSample(x, grid, options);
    const dy = constantTensor(Float32Array.of(1, 1), y.shape, 'f32');
    return [...evaluate(gradients(y, [grid], dy), new Map([[grid, Float64Array.of(0.25, 1.5)]]))[0]!];
  };
  expect(slope({ paddingMode: 'border' })).toEqual([2, 0]);
  expect(slope({ interpolation: 'nearest' })).toEqual([0, 0]);
  expect(slope({ paddingMode: 'reflection' })).toEqual([2, 0]);
});

test('messages', () => {
  const x = inputTensor('x', [2, 4, 5, 3]);
  expect(() => gridSample(x, inputTensor('grid', [2, 3, 3]))).toThrow(
    new ShapeError(
      'gridSample: x is [2,4,5,3] and grid [2,3,3], expected [N, ..., C] of one to three axes and [N, ..., 2]',
    ),
  );
  expect(() => gridSample(x, inputTensor('grid', [1, 3, 2]))).toThrow(ShapeError);
  const grid = inputTensor('grid', [2, 3, 2]);
  // @ts-expect-error PyTorch's name
  expect(() => gridSample(x, grid, { interpolation: 'bilinear' })).toThrow(
    new OptionError(
      "gridSample: unknown interpolation 'bilinear', did you mean 'linear'?; known: linear, nearest, cubic",
    ),
  );
  // @ts-expect-error that of convolutions
  expect(() => gridSample(x, grid, { paddingMode: 'reflect' })).toThrow("unknown paddingMode 'reflect'");
  // @ts-expect-error an unknown option
  expect(() => gridSample(x, grid, { mode: 'nearest' })).toThrow("unknown option 'mode'");
});
