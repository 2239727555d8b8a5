import { expect, test } from 'vitest';
import type { DType, TypedArray } from '../../src/core/dtype.ts';
import { OptionError, ShapeError } from '../../src/core/errors.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { constantTensor, inputTensor } from '../../src/graph/tensor.ts';
import { gatherBatch } from '../../src/ops/gather_batch.ts';

function gather(
  data: TypedArray,
  shape: number[],
  dtype: DType,
  order: number[],
  cursor: number,
  options: Parameters<typeof gatherBatch>[3],
) {
  const y = gatherBatch(
    constantTensor(data, shape, dtype),
    constantTensor(Uint32Array.from(order), [order.length], 'u32'),
    constantTensor(Uint32Array.of(cursor), [1], 'u32'),
    options,
  );
  return { ...y, values: [...evaluate([y])[0]!] };
}

const bytes = Uint8Array.from({ length: 12 }, (_, i) => i);

test('bytes are picked through the index and scaled', () => {
  const y = gather(bytes, [4, 3], 'u8', [2, 0, 3, 1], 1, { batch: 2, scale: 0.5, offset: -1 });
  expect([y.shape, y.dtype]).toEqual([[2, 3], 'f32']);
  expect(y.values).toEqual([-1, -0.5, 0, 3.5, 4, 4.5]);
});

test('labels of any integer type come as they are', () => {
  const y = gather(bytes.subarray(0, 4), [4], 'u8', [3, 2, 1, 0], 0, { batch: 3, dtype: 'i32' });
  expect([y.shape, y.dtype, y.values]).toEqual([[3], 'i32', [3, 2, 1]]);
  const i = gather(Int32Array.of(7, -8, 9), [3], 'i32', [1, 2, 0], 1, { batch: 2 });
  expect([i.dtype, i.values]).toEqual(['i32', [9, 7]]);
  expect(gather(Uint32Array.of(7, 8), [2], 'u32', [1, 0], 0, { batch: 1 }).dtype).toBe('i32');
});

test('nothing beyond the end is read', () => {
  expect(gather(bytes, [4, 3], 'u8', [0, 1, 2], 2, { batch: 3 }).values).toEqual([6, 7, 8, 6, 7, 8, 6, 7, 8]);
  expect(gather(bytes, [4, 3], 'u8', [0, 9], 1, { batch: 1 }).values).toEqual([9, 10, 11]);
  expect(gather(bytes, [4, 3], 'u8', [0, 1], 2 ** 32 - 1, { batch: 2 }).values).toEqual([3, 4, 5, 3, 4, 5]);
});

test('messages', () => {
  const data = inputTensor('data', [4, 3], 'u8');
  const order = inputTensor('order', [4], 'u32');
  const cursor = inputTensor('cursor', [1], 'u32');
  expect(() => gatherBatch(data, order, cursor, { batch: 0 })).toThrow(
    new OptionError('gatherBatch: batch is 0, expected a positive integer'),
  );
  expect(() => gatherBatch(data, order, cursor, { batch: 5 })).toThrow(
    new ShapeError('gatherBatch: batch 5 exceeds the 4 entries of order'),
  );
  expect(() => gatherBatch(data, order, cursor, { batch: 1, scale: Infinity })).toThrow(
    'scale is Infinity, expected a finite number',
  );
  expect(() => gatherBatch(data, order, cursor, { batch: 1, scale: 2, dtype: 'i32' })).toThrow(
    'gatherBatch: scale is 2 and offset 0, expected 1 and 0 for an i32 batch',
  );
  expect(() => gatherBatch(data, cursor, inputTensor('cursor', [2], 'u32'), { batch: 1 })).toThrow(
    'gatherBatch: cursor is [2], expected [1]',
  );
  expect(() => gatherBatch(data, inputTensor('order', [4]), cursor, { batch: 1 })).toThrow(
    'order is f32, expected u32',
  );
  expect(() => gatherBatch(inputTensor('data', [4], 'i32'), order, cursor, { batch: 1, dtype: 'f32' })).toThrow(
    'gatherBatch: data for an f32 batch is i32, expected u8 or f32',
  );
});
