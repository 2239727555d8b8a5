// matmul for users: how batches meet. Kernels and gradients of the op itself are tested with the registry.

import { expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { inputTensor } from '../../src/graph/tensor.ts';
import { matmul } from '../../src/ops/functions.ts';
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
