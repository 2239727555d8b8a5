// A result is right only where every element is: what is said of one that is not.

import { describe, expect, test } from 'vitest';

import { shapedCase } from '../../demos/bench/core/cases.ts';
import { bounds, callTypes, checkOutputs, reference, sampleValues } from '../../demos/bench/core/check.ts';
import { compareSteps, stepTolerance, type FirstSteps } from '../../demos/bench/core/step_check.ts';

const { op, sample } = shapedCase('matmul', '9x17x13', null);
const call = callTypes(op, sample);
const x = sample.inputs.map((input, i) => sampleValues(input, 101 + i));
const expected = reference(op, call, x);
const bound = bounds(op, call, x, expected);
const checked = (change: (values: Float32Array) => void) => {
  const values = Float32Array.from(expected[0]!);
  change(values);
  return checkOutputs([values], expected, bound);
};

describe('a result', () => {
  test('that is right has its largest error, and the bound it kept', () => {
    const check = checked(() => undefined);
    expect(check).toMatchObject({ state: 'ok', message: '' });
    expect(check.worst).toBeLessThanOrEqual(1);
    expect(bound[0]).toContain(check.tolerance);
  });

  test('that is exact has the least bound', () => {
    const check = checkOutputs(expected, expected, bound);
    expect(check).toMatchObject({ state: 'ok', maxAbsolute: 0, worst: 0, tolerance: Math.min(...bound[0]!) });
  });

  test('of zeros is wrong', () => {
    const check = checked((values) => values.fill(0));
    expect(check.state).toBe('wrong');
    expect(check.message).toMatch(/^output 0, element 0: got 0, expected -?\d.* within \d/);
    expect(check.maxRelative).toBe(1);
  });

  test('with one element twice its bound off is wrong, and that element is named', () => {
    const check = checked((values) => (values[77]! += 2 * bound[0]![77]! + Math.abs(values[77]!) * 2 ** -20));
    expect(check).toMatchObject({ state: 'wrong', tolerance: bound[0]![77]! });
    expect(check.message).toMatch(/^output 0, element 77:/);
    expect(check.worst).toBeGreaterThan(1.9);
  });

  test.each([NaN, Infinity])('with one element %d is wrong, in numbers that JSON has', (strange) => {
    const check = checked((values) => (values[5] = strange));
    expect(check.message).toMatch(/^output 0, element 5:/);
    expect(JSON.parse(JSON.stringify(check))).toEqual(check);
    expect(check.worst).toBe(Number.MAX_VALUE);
  });

  test('with elements missing is wrong', () => {
    const short = Float32Array.from(expected[0]!).subarray(1);
    expect(checkOutputs([short], expected, bound)).toMatchObject({
      state: 'wrong',
      message: 'output 0, 116 elements, expected 117',
    });
  });
});

test('values are seeded, of both signs, and not all the same', () => {
  expect(sampleValues(sample.inputs[0]!, 101)).toEqual(x[0]);
  expect(new Set(x[0]).size).toBeGreaterThan(100);
  expect(Math.min(...(x[0] as Float64Array))).toBeLessThan(0);
});

describe('of training steps', () => {
  const first = { w1: [1, 2, 3], b1: [0] };
  const weights = (w1: number[], b1: number[]) =>
    new Map(Object.entries({ w1, b1 }).map(([name, values]) => [name, { data: Float32Array.from(values) }]));
  const expected: FirstSteps = { losses: [2, 1], weights: weights([1.25, 2.25, 3.25], [-0.5]) };

  test('losses and weights may differ by rounding, and say by what bound', () => {
    const check = compareSteps({ ...expected, weights: weights([1.25, 2.25, 3.25], [-0.5001]) }, expected, first);
    expect(check).toMatchObject({ state: 'ok', message: '', tolerance: stepTolerance * 0.5 });
    expect(check.worst).toBeCloseTo(0.2, 3);
    expect(compareSteps(expected, expected, first)).toMatchObject({ state: 'ok', worst: 0, maxAbsolute: 0 });
  });

  test.each([
    ['a loss', { losses: [2, 1.002] }, /^loss of step 1: got 1\.002, expected 1 within 0\.001 of it/],
    ['a loss that is none', { losses: [NaN, 1] }, /^loss of step 0: got NaN/],
    ['weights of another step', { weights: weights([1.25, 2.25, 3.3], [-0.5]) }, /^weights w1: off by 0\.0/],
    ['weights that no step changed', { weights: weights([1.25, 2.25, 3.25], [0]) }, /^weights b1: off by 0\.5, /],
    ['a weight that is none', { weights: weights([1.25, NaN, 3.25], [-0.5]) }, /^weights w1: off by NaN/],
  ])('%s is told', (_, wrong, said) => {
    const check = compareSteps({ ...expected, ...wrong }, expected, first);
    expect(check.state).toBe('wrong');
    expect(check.message).toMatch(said);
    expect(JSON.parse(JSON.stringify(check))).toEqual(check);
  });
});
