import { describe, expect, test } from 'vitest';

import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import type { Op } from '../../src/graph/op.ts';
import { applyOne, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import { broadcastToOp, maxOp, meanOp, minOp, sumOp } from '../../src/ops/reduce.ts';
import { reshapeOp } from '../../src/ops/reshape.ts';
import { describeSample, sampleValues } from './table.ts';

function run(
  f: (x: Tensor) => Tensor,
  shape: number[],
  values: number[] = Array.from({ length: sizeOf(shape) }, (_, i) => i + 1),
) {
  const x = inputTensor('x', shape);
  const y = f(x);
  return { shape: y.shape, values: [...evaluate([y], new Map([[x, Float64Array.from(values)]]))[0]!] };
}

test('axes and keepDims', () => {
  expect(run((x) => ops.sum(x), [2, 3])).toEqual({ shape: [], values: [21] });
  expect(run((x) => ops.sum(x, { axes: 0 }), [2, 3])).toEqual({ shape: [3], values: [5, 7, 9] });
  expect(run((x) => ops.sum(x, { axes: -1, keepDims: true }), [2, 3])).toEqual({ shape: [2, 1], values: [6, 15] });
  expect(run((x) => ops.mean(x, { axes: [0, 2] }), [2, 2, 2])).toEqual({ shape: [2], values: [3.5, 5.5] });
  expect(run((x) => ops.max(x, { axes: [2, 0], keepDims: true }), [2, 3, 2])).toEqual({
    shape: [1, 3, 1],
    values: [8, 10, 12],
  });
  expect(run((x) => ops.min(x, { axes: [1, 2] }), [2, 2, 2])).toEqual({ shape: [2], values: [1, 5] });
  expect(run((x) => ops.sum(x, { axes: [] }), [2])).toEqual({ shape: [2], values: [1, 2] });
  expect(run((x) => ops.sum(x, { axes: 1 }), [2, 1, 2]).shape).toEqual([2, 2]);
  expect(run((x) => ops.mean(x), [])).toEqual({ shape: [], values: [1] });
});

test('neighbouring axes are one call', () => {
  const y = ops.sum(inputTensor('x', [4, 5, 6, 3]), { axes: [0, 1, 2] });
  const { source } = y;
  expect(source.kind === 'call' && [source.call.op.name, source.call.inputs[0]!.shape]).toEqual(['sum', [120, 3]]);
});

test('argmax and argmin', () => {
  expect(run((x) => ops.argmax(x), [2, 3], [1, 7, 7, 3, 2, 1])).toEqual({ shape: [2], values: [1, 0] });
  expect(run((x) => ops.argmin(x, { axis: 0, keepDims: true }), [2, 2], [1, 0, 1, -1])).toEqual({
    shape: [1, 2],
    values: [0, 1],
  });
  expect(ops.argmax(inputTensor('x', [1])).dtype).toBe('i32');
});

test('the first of equals takes the gradient of a maximum', () => {
  const x = inputTensor('x', [4]);
  const values = Float64Array.of(1, 5, 5, 0);
  expect([...evaluate(gradients(ops.max(x), [x]), new Map([[x, values]]))[0]!]).toEqual([0, 1, 0, 0]);
  expect([...evaluate(gradients(ops.min(ops.neg(x)), [x]), new Map([[x, values]]))[0]!]).toEqual([-0, -1, -0, -0]);
});

test('reshape', () => {
  const x = inputTensor('x', [2, 6]);
  expect(ops.reshape(x, [3, -1]).shape).toEqual([3, 4]);
  expect(ops.reshape(x, [2, 6])).toBe(x);
  expect(() => ops.reshape(x, [5])).toThrow('reshape: [2,6] has 12 elements, [5] has 5');
  expect(() => ops.reshape(x, [-1, -1])).toThrow('reshape: only one length may be -1, got [-1,-1]');
  expect(() => ops.reshape(x, [5, -1])).toThrow('reshape: 12 elements of [2,6] do not divide by the 5 of [5,-1]');
  expect(() => ops.reshape(x, [-2, -6])).toThrow('reshape: a shape has integers from 1 to 2147483647, got [-2,-6]');
});

test('full', () => {
  expect([...evaluate([ops.full([2, 2], 0.5)])[0]!]).toEqual([0.5, 0.5, 0.5, 0.5]);
  expect(() => ops.full([2], Infinity)).toThrow('full: value must be finite in f32, got Infinity');
  expect(() => ops.full([0], 1)).toThrow('full: a shape has integers from 1 to 2147483647, got [0]');
});

test('messages', () => {
  const x = inputTensor('x', [2, 3]);
  expect(() => ops.sum(x, { axes: 2 })).toThrow('sum: axis 2 is outside a tensor of rank 2');
  expect(() => ops.mean(x, { axes: [1, -1] })).toThrow('mean: axes [1,-1] name one axis twice');
  expect(() => ops.max(inputTensor('i', [2], 'i32'))).toThrow('max: x is i32, expected f32');
  // @ts-expect-error an unknown option
  expect(() => ops.sum(x, { axis: 1 })).toThrow("sum: unknown option 'axis', did you mean 'axes'?");
});

describe('gradients', () => {
  const table: readonly Op[] = [sumOp, meanOp, maxOp, minOp, broadcastToOp, reshapeOp];
  for (const op of table) {
    for (const sample of op.samples) {
      const [input] = sample.inputs;
      if ((input!.dtype ?? 'f32') !== 'f32' || sizeOf(input!.shape) > 3000) continue;
      test(`${op.name} ${describeSample(sample)}`, () => {
        const x = { shape: input!.shape, values: sampleValues({ ...input!, fill: 'distinct' }, 1) };
        expect(gradcheck(({ x: value }) => applyOne(op, [value!], sample.attrs), { x })).toMatchObject({
          passed: true,
        });
      });
    }
  }
});
