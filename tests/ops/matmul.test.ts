// matmul for users: how batches meet. Kernels and gradients of the op itself are tested with the registry.

import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { inputTensor } from '../../src/graph/tensor.ts';
import { baseTarget, type Target } from '../../src/kernel/target.ts';
import { matmul } from '../../src/ops/functions.ts';
import { matmulKernels } from '../../src/ops/matmul_kernels.ts';
import { tiles, tileThreads } from '../../src/ops/matmul_tiles.ts';
import { makePlan } from '../../src/plan/build.ts';
import { generator } from './table.ts';

test('batches broadcast, and the gradient of what repeats is summed', () => {
  const random = generator(5);
  const values = (size: number) => Float64Array.from({ length: size }, () => random() - 0.5);
  const [a, b] = [
    { shape: [2, 1, 3, 2], values: values(12) },
    { shape: [3, 2, 4], values: values(24) },
  ];
  const result = gradcheck(({ a: left, b: right }) => matmul(left!, right!), { a, b });
  expect(result).toMatchObject({ passed: true });
  expect(matmul(inputTensor('a', a.shape), inputTensor('b', b.shape)).shape).toEqual([2, 3, 3, 4]);
  const transposed = matmul(inputTensor('a', [2, 1, 2, 3]), inputTensor('b', [4, 4, 2]), {
    transposeA: true,
    transposeB: true,
  });
  expect(transposed.shape).toEqual([2, 4, 3, 4]);
});

test('messages', () => {
  const x = (...shape: number[]) => inputTensor('x', shape);
  expect(() => matmul(x(2, 3, 4), x(3, 4, 5))).toThrow('matmul: shapes [2] and [3] do not broadcast: 2 against 3');
  expect(() => matmul(x(2, 3), x(4, 5))).toThrow('matmul: ');
});

describe('the default kernel', () => {
  const withSubgroups = new Set(['subgroups']);
  const chosen = (
    adapter: Target['adapter'],
    [m, k, n]: readonly number[],
    features: ReadonlySet<string> = withSubgroups,
  ) => {
    const c = matmul(inputTensor('a', [m!, k!]), inputTensor('b', [k!, n!]));
    const [step] = makePlan({ c }, [], { target: { ...baseTarget, adapter, features } }).steps;
    return `${step!.kernel} ${step!.dispatches[0]!.workgroups.join('×')}`;
  };

  test.each<[Target['adapter'], number[], string]>([
    // large tiles only where there is a workgroup for every core of a card
    ['discrete', [4096, 4096, 4096], 'tiled_128x128_8x8 1024×1×1'],
    ['discrete', [1024, 1024, 1024], 'tiled_64x64_8x4 256×1×1'],
    ['discrete', [256, 256, 256], 'tiled_32x32_4x4 64×1×1'],
    ['integrated', [1024, 1024, 1024], 'tiled_128x64_8x4 128×1×1'],
    ['integrated', [256, 256, 256], 'tiled_32x32_4x4 64×1×1'],
    // long sums are cut until there are enough
    ['discrete', [64, 100_000, 64], 'tiled_64x64_8x4 1×1×256'],
    ['integrated', [64, 100_000, 64], 'tiled_64x64_8x4 1×1×32'],
    ['discrete', [128, 784, 128], 'tiled_32x32_4x4 16×1×6'],
    // sizes that are no multiples of four, and too few rows or columns for a tile
    ['discrete', [1000, 1001, 1003], 'tiled_scalar_64x64 256×1×1'],
    ['discrete', [100, 30, 30], 'tiled_scalar_32x32 4×1×1'],
    ['discrete', [128, 128, 10], 'register_scalar 1×1×1'],
    ['discrete', [8, 64, 1000], 'register 4×1×1'],
    // no barriers on a software adapter, and the tile that compiles long only for much work
    ['software', [512, 512, 512], 'quad_32 64×1×1'],
    ['software', [128, 784, 128], 'quad_32 4×1×1'],
    ['software', [128, 400, 128], 'quad 16×1×1'],
    ['software', [128, 128, 10], 'quad_scalar 2×1×1'],
    ['software', [16, 4096, 16], 'quad 1×1×8'],
    ['software', [32, 2, 16], 'naive 8×1×1'],
  ])('of a %s adapter for %j is %s', (adapter, sizes, expected) => {
    expect(chosen(adapter, sizes)).toBe(expected);
  });

  test('without subgroups', () => {
    expect(chosen('software', [512, 512, 512], new Set())).toBe('register_8x8 64×1×1');
    expect(chosen('discrete', [1024, 1024, 1024], new Set())).toBe('tiled_64x64_8x4 256×1×1');
  });

  test('a batch of any length stays within the limit of workgroups', () => {
    const target = { ...baseTarget, features: withSubgroups };
    const type = (...shape: number[]) => ({ shape, dtype: 'f32' as const });
    for (const [name, kernel] of Object.entries(matmulKernels)) {
      const attrs = {
        transposeA: false,
        transposeB: false,
        bias: false,
        residual: false,
        slope: null,
        activation: null,
      };
      const inputs = [type(300_000, 4, 4), type(300_000, 4, 4)];
      const { dispatches } = kernel.plan({ inputs, outputs: [type(300_000, 4, 4)], attrs }, target);
      for (const { workgroups } of dispatches) expect(Math.max(...workgroups), name).toBeLessThanOrEqual(65535);
    }
  });
});

test.each(Object.entries(tiles))('tile %s: its threads can copy a piece, a block each', (_, tile) => {
  const blocks = ((tile.rows + tile.columns) / 4) * (tile.depth / 4);
  expect(tileThreads(tile)).toBeGreaterThanOrEqual(blocks);
  expect(tileThreads(tile) * 16 * tile.rowBlocks * tile.columnBlocks).toBe(tile.rows * tile.columns);
});
