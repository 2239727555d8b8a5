// Kernels against convolutions rebuilt from `explain` alone, exactly: sums of small integers have no rounding in f32. One
// case of every tenth family of the grid; the others are held to the double-precision reference, which is held to `explain`.

import { expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { explain } from '../../src/ops/explain.ts';
import type { PoolSpec } from '../../src/ops/explain_types.ts';
import { averagePool2d, maxPool1d, maxPool2d, maxPool3d, sumPool3d } from '../../src/ops/functions.ts';
import { makePlan } from '../../src/plan/build.ts';
import { convFamilies, type ConvCase } from '../ops/conv_cases.ts';
import { integers, rebuild, rebuildPool } from '../ops/explain_rebuild.ts';
import { sharedDevice } from './device.ts';

type Results = Record<'y' | 'dx' | 'dw', Float64Array>;

/** What kernels compute, and what `explain` says. */
async function both(one: ConvCase): Promise<{ kernels: Results; explained: Results }> {
  const device = await sharedDevice();
  const [x, w, dy] = [inputTensor('x', one.image), inputTensor('w', one.filter), inputTensor('dy', one.outputShape)];
  const y = one.build(x, w);
  const [dx, dw] = gradients(y, [x, w], dy) as [Tensor, Tensor];
  const [xs, ws, dys] = [integers(x.shape, 1), integers(w.shape, 2), integers(dy.shape, 3)] as const;
  const runner = await device.createRunner(makePlan({ y, dx, dw }, [], { target: device.target }));
  try {
    runner.run({ x: Float32Array.from(xs), w: Float32Array.from(ws), dy: Float32Array.from(dys) });
    const rebuilt = rebuild(explain(one.spec));
    const explained = { y: rebuilt.y(xs, ws), dx: rebuilt.dx(dys, ws), dw: rebuilt.dw(xs, dys) };
    const read = async (name: keyof Results) => Float64Array.from(await runner.read(name));
    return { kernels: { y: await read('y'), dx: await read('dx'), dw: await read('dw') }, explained };
  } finally {
    runner.dispose();
  }
}

const families = convFamilies().filter((_, i) => i % 10 === 4);

test('the families chosen have every rank, mode and kind', () => {
  const names = families.map(([name]) => name).join('\n');
  for (const part of ['1-D', '2-D', '3-D', 'one group', 'two groups', 'depthwise', 'transposed', 'zeros', 'replicate', 'reflect', 'circular', 'same', 'uneven']) expect(names).toContain(part); // prettier-ignore
});

test.each(families)('%s', { timeout: 60_000 }, async (_, cases) => {
  const { kernels, explained } = await both(cases.at(-1)!);
  expect(kernels, cases.at(-1)!.title).toEqual(explained);
});

const pools = { averagePool2d, maxPool1d, maxPool2d, maxPool3d, sumPool3d };
// Means divide by powers of two, which is exact.
const poolSpecs: readonly (PoolSpec & { readonly op: keyof typeof pools })[] = [
  { op: 'maxPool1d', inputShape: [9, 3], poolSize: 3, strides: 2, padding: 1, ceilMode: true },
  { op: 'maxPool2d', inputShape: [7, 6, 4], poolSize: 2, strides: 2, padding: 'same' },
  { op: 'maxPool2d', inputShape: [7, 6, 3], poolSize: 2, strides: 1, dilationRate: 2 },
  { op: 'maxPool3d', inputShape: [4, 5, 4, 2], poolSize: 2, strides: [1, 2, 2] },
  { op: 'averagePool2d', inputShape: [7, 6, 4], poolSize: 2, strides: 2 },
  { op: 'averagePool2d', inputShape: [7, 5, 3], poolSize: 2, strides: 2, padding: 1, countIncludePad: true },
  { op: 'sumPool3d', inputShape: [4, 5, 4, 3], poolSize: 3, strides: 2, padding: 1 },
];

test.each(poolSpecs)('$op $inputShape', { timeout: 60_000 }, async (spec) => {
  const device = await sharedDevice();
  const { op, inputShape: _, ...options } = spec;
  const made = explain(spec);
  const [x, dy] = [inputTensor('x', made.inputShape), inputTensor('dy', made.outputShape)];
  const y = (pools[op] as (tensor: Tensor, given: object) => Tensor)(x, options);
  const [dx] = gradients(y, [x], dy) as [Tensor];
  const [xs, dys] = [integers(x.shape, 6), integers(dy.shape, 7)];
  const runner = await device.createRunner(makePlan({ y, dx }, [], { target: device.target }));
  try {
    runner.run({ x: Float32Array.from(xs), dy: Float32Array.from(dys) });
    const rebuilt = rebuildPool(made);
    expect(Float64Array.from(await runner.read('y')), 'y').toEqual(rebuilt.y(xs));
    expect(Float64Array.from(await runner.read('dx')), 'dx').toEqual(rebuilt.dx(xs, dys));
  } finally {
    runner.dispose();
  }
});
