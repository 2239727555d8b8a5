// Channels to space and back, and normalization over neighbouring channels, against numbers worked by hand.

import { expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { depthToSpace, localResponseNormalization, spaceToDepth } from '../../src/ops/functions.ts';
import { sampleValues } from './table.ts';

const counted = (shape: readonly number[], dtype: 'f32' | 'i32' = 'f32') => {
  const size = shape.reduce((a, b) => a * b, 1);
  const numbers = Array.from({ length: size }, (_, i) => i);
  return constantTensor(dtype === 'f32' ? Float32Array.from(numbers) : Int32Array.from(numbers), shape, dtype);
};
const values = (tensor: Tensor) => [...evaluate([tensor])[0]!];

test('depthToSpace in both orders', () => {
  // A pixel of two channels and 2 × 2 blocks: TensorFlow counts (i, j, c), PyTorch (c, i, j).
  const blocks = depthToSpace(counted([1, 1, 1, 8]), { blockSize: 2 });
  expect([blocks.shape, values(blocks)]).toEqual([
    [1, 2, 2, 2],
    [0, 1, 2, 3, 4, 5, 6, 7],
  ]);
  const channels = depthToSpace(counted([1, 1, 1, 8]), { blockSize: 2, order: 'channels' });
  expect(values(channels)).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
  // Two pixels side by side: rows of the result alternate between them.
  expect(values(depthToSpace(counted([1, 1, 2, 4]), { blockSize: 2 }))).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
});

test.each([
  [2, 'blocks'],
  [3, 'channels'],
  [1, 'blocks'],
  [2, 'channels'],
] as const)('spaceToDepth by %i in %s is the way back', (blockSize, order) => {
  for (const dtype of ['f32', 'i32'] as const) {
    const x = counted([2, 1, 3, 2 * blockSize ** 2], dtype);
    const y = depthToSpace(x, { blockSize, order });
    const back = spaceToDepth(y, { blockSize, order });
    expect([back.shape, back.dtype, values(back)]).toEqual([x.shape, dtype, values(x)]);
  }
});

test('localResponseNormalization by its formula', () => {
  const x = [1, 2, 3, 4];
  const run = (options: Parameters<typeof localResponseNormalization>[1]) =>
    values(localResponseNormalization(constantTensor(Float32Array.from(x), [1, 4], 'f32'), options));
  const expected = (sums: number[], size: number, alpha: number, beta: number, bias: number) =>
    sums.map((sum, i) => expect.closeTo(x[i]! / (bias + (alpha / size) * sum) ** beta, 10) as number);
  expect(run({ size: 3 })).toEqual(expected([5, 14, 29, 25], 3, 1e-4, 0.75, 1));
  // Of an even number one more before than behind (PyTorch).
  expect(run({ size: 2, alpha: 0.5, beta: 0.5, bias: 2 })).toEqual(expected([1, 5, 13, 25], 2, 0.5, 0.5, 2));
  expect(run({ size: 4, alpha: 2, beta: 1, bias: 1 })).toEqual(expected([5, 14, 30, 29], 4, 2, 1, 1));
  const shape = [2, 3, 2, 5];
  const at = { x: { shape, values: sampleValues({ shape }, 3) as Float64Array } };
  const f = ({ x: given }: Record<string, Tensor>) =>
    localResponseNormalization(given!, { size: 3, alpha: 0.7, bias: 2 });
  expect(gradcheck(f, at)).toMatchObject({ passed: true });
});

test('messages', () => {
  const x = inputTensor('x', [1, 4, 6, 6]);
  expect(() => depthToSpace(x, { blockSize: 2 })).toThrow(
    new ShapeError('depthToSpace: x is [1,4,6,6], expected channels in multiples of 2² = 4'),
  );
  expect(() => spaceToDepth(x, { blockSize: 4 })).toThrow(
    new ShapeError('spaceToDepth: x is [1,4,6,6], expected H and W in multiples of 4'),
  );
  expect(() => spaceToDepth(inputTensor('x', [4, 6]), { blockSize: 2 })).toThrow(
    'spaceToDepth: x is [4,6], expected [N,H,W,C]',
  );
  expect(() => depthToSpace(x, { blockSize: 0 })).toThrow(
    new OptionError('depthToSpace: blockSize is 0, expected a positive integer'),
  );
  // @ts-expect-error an unknown order
  expect(() => depthToSpace(x, { blockSize: 1, order: 'CRD' })).toThrow(
    "depthToSpace: unknown order 'CRD'; known: blocks, channels",
  );
  expect(() => localResponseNormalization(x, { size: 1.5 })).toThrow(
    'localResponseNormalization: size is 1.5, expected a positive integer',
  );
  expect(() => localResponseNormalization(x, { size: 3, bias: 0 })).toThrow(
    'localResponseNormalization: bias is 0, expected a finite number above 0',
  );
  expect(() => localResponseNormalization(inputTensor('x', [4]), { size: 3 })).toThrow(ShapeError);
});
