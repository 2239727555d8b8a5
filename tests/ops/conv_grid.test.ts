// Every combination of the options of convolution on the CPU: values against a definition that pads for real, gradients
// against finite differences of that definition. Nothing here is fused, so none of it passes through the implicit ops.

import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { gradients } from '../../src/autodiff/gradients.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor } from '../../src/graph/tensor.ts';
import { collectCalls } from '../../src/graph/walk.ts';
import { conv2dGradFilterOp, conv2dGradInputOp, conv2dOp } from '../../src/ops/conv2d.ts';
import { conv2d } from '../../src/ops/functions.ts';
import { makePlan } from '../../src/plan/build.ts';
import { convFamilies, type ConvCase } from './conv_cases.ts';
import { firstMismatch, sampleValues } from './table.ts';

const inner = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (value, i) => value * b[i]!).reduce((sum, value) => sum + value, 0);

function check(one: ConvCase): void {
  const x = inputTensor('x', one.image);
  const w = inputTensor('w', one.filter);
  const y = one.build(x, w);
  expect(y.shape, one.title).toEqual(one.outputShape);
  const [dx, dw] = gradients(y, [x, w], inputTensorOf(one)) as [typeof x, typeof w];
  const xs = sampleValues({ shape: one.image }, 1) as Float64Array;
  const ws = sampleValues({ shape: one.filter }, 2) as Float64Array;
  const dys = sampleValues({ shape: one.outputShape }, 3) as Float64Array;
  const feeds = new Map([[x, xs], [w, ws], [seedOf(one), dys]]); // prettier-ignore
  const [ys, dxs, dws] = evaluate([y, dx, dw], feeds) as [Float64Array, Float64Array, Float64Array];

  const expected = one.naive(xs, ws);
  const bound = expected.map((value) => 1e-12 * (1 + Math.abs(value)));
  expect(firstMismatch(ys, expected, bound), one.title).toBeNull();
  // L = Σ dy·y is linear in x and in w, so a central difference with any step is exact: one for each of two directions.
  for (const seed of [5, 6]) {
    const xv = sampleValues({ shape: one.image }, seed) as Float64Array;
    const wv = sampleValues({ shape: one.filter }, seed + 10) as Float64Array;
    const along = (values: Float64Array, direction: Float64Array, sign: number) =>
      values.map((value, i) => value + (sign * direction[i]!) / 2);
    const difference = (f: (sign: number) => Float64Array) => inner(dys, f(1)) - inner(dys, f(-1));
    const scale = 1 + Math.sqrt(sizeOf(one.outputShape)) * Math.sqrt(one.terms.y);
    const numericX = difference((sign) => one.naive(along(xs, xv, sign), ws));
    const numericW = difference((sign) => one.naive(xs, along(ws, wv, sign)));
    expect(Math.abs(inner(dxs, xv) - numericX) / scale, `${one.title}: dx`).toBeLessThan(1e-12);
    expect(Math.abs(inner(dws, wv) - numericW) / scale, `${one.title}: dw`).toBeLessThan(1e-12);
  }
}

// One seed tensor for each case, so that feeds and gradients name the same value.
const seeds = new Map<ConvCase, ReturnType<typeof inputTensor>>();
function seedOf(one: ConvCase) {
  return seeds.get(one)!;
}
function inputTensorOf(one: ConvCase) {
  seeds.set(one, inputTensor('dy', one.outputShape));
  return seedOf(one);
}

const families = convFamilies();

describe('values and gradients by definition', () => {
  test.each(families)('%s', (_, cases) => cases.forEach(check));
});

describe('gradients element by element', () => {
  // Every third family: the directions above see every element, and this says which.
  test.each(families.filter((__, i) => i % 3 === 0))('%s', (_, cases) => {
    const one = cases.at(-1)!;
    const result = gradcheck(({ x, w }) => one.build(x!, w!), {
      x: { shape: one.image, values: sampleValues({ shape: one.image }, 1) },
      w: { shape: one.filter, values: sampleValues({ shape: one.filter }, 2) },
    });
    expect(result, one.title).toMatchObject({ passed: true });
  });
});

test('the oracle computes matmul over im2col; the implicit ops come only from the planner', () => {
  const x = inputTensor('x', [1, 6, 6, 4]);
  const w = inputTensor('w', [3, 3, 4, 8]);
  const y = conv2d(x, w, { padding: 'same', paddingMode: 'reflect' });
  const roots = [y, ...gradients(y, [x, w], inputTensor('dy', y.shape))];
  const names = (calls: { op: { name: string } }[]) => new Set(calls.map(({ op }) => op.name));
  expect(names(collectCalls(roots))).toEqual(new Set(['reshape', 'im2col', 'matmul', 'col2im']));
  const fused = makePlan(Object.fromEntries(roots.map((root, i) => [`${i}`, root])), [], { target: null });
  expect(names(fused.steps.map(({ call }) => call))).toEqual(
    new Set([conv2dOp.name, conv2dGradInputOp.name, conv2dGradFilterOp.name]),
  );
});
