import { describe, expect, test } from 'vitest';

import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { applyOne, inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/functions.ts';
import { unaryOps } from '../../src/ops/unary.ts';
import { describeSample, sampleValues } from './table.ts';

function at(f: (x: Tensor) => Tensor, ...values: number[]): number[] {
  const x = inputTensor('x', [values.length]);
  return [...evaluate([f(x)], new Map([[x, Float64Array.from(values)]]))[0]!];
}

test('values', () => {
  expect(at(ops.relu, -1, 0, 2)).toEqual([0, 0, 2]);
  expect(at((x) => ops.leakyRelu(x), -1, 2)).toEqual([-Math.fround(0.01), 2]);
  expect(at((x) => ops.elu(x, { alpha: 2 }), -1, 2)).toEqual([2 * Math.expm1(-1), 2]);
  expect(at((x) => ops.clip(x, { min: -1, max: 0.5 }), -3, 0.25, 3)).toEqual([-1, 0.25, 0.5]);
  expect(at((x) => ops.clip(x, { min: 0 }), -3, 4e30)).toEqual([0, 4e30]);
  expect(at(ops.erf, 0.5, -2, 7)).toEqual([
    expect.closeTo(0.5204998778130465, 15),
    expect.closeTo(-0.9953222650189527, 15),
    1,
  ]);
  expect(at((x) => ops.gelu(x), 1)[0]).toBeCloseTo(0.8413447460685429, 14);
  expect(at((x) => ops.gelu(x, { approximate: true }), 1)[0]).toBeCloseTo(0.8411919906082768, 14);
  expect(at(ops.selu, 1)[0]).toBeCloseTo(1.0507009873554805, 14);
  expect(at(ops.softplus, -1000, 0, 1000)).toEqual([0, Math.log(2), 1000]);
  expect(at(ops.silu, 1)[0]).toBeCloseTo(0.7310585786300049, 14);
});

test('messages', () => {
  const x = inputTensor('x', [2]);
  expect(() => ops.relu(inputTensor('i', [2], 'i32'))).toThrow('relu: x is i32, expected f32');
  expect(() => ops.leakyRelu(x, { negativeSlope: -1 })).toThrow(
    'leakyRelu: negativeSlope is -1, expected a finite number of at least 0',
  );
  expect(() => ops.elu(x, { alpha: 1e39 })).toThrow('elu: alpha is 1e+39, expected a finite number of at least 0');
  expect(() => ops.clip(x, { min: 2, max: 1 })).toThrow('clip: min is 2 and max 1, expected min to be at most max');
  expect(() => ops.clip(x, { min: NaN })).toThrow('clip: min is NaN, expected a number that is finite in f32');
  // @ts-expect-error an unknown option
  expect(() => ops.gelu(x, { aproximate: true })).toThrow("did you mean 'approximate'?");
});

test('the table of activations', () => {
  for (const [name, { apply, reference = (x: number) => at(apply, x)[0] }] of Object.entries(ops.activations)) {
    const [value] = at(apply, 0.5);
    expect(value, name).toSatisfy(Number.isFinite);
    expect(value, name).toBe(reference(0.5));
  }
});

describe('gradients', () => {
  for (const op of unaryOps) {
    for (const sample of op.samples.filter(({ kink }) => !kink)) {
      test(`${op.name} ${describeSample(sample)}`, () => {
        const [input] = sample.inputs;
        const x = { shape: input!.shape, values: sampleValues(input!, 1) };
        expect(gradcheck(({ x: value }) => applyOne(op, [value!], sample.attrs), { x })).toMatchObject({
          passed: true,
        });
      });
    }
  }
});
