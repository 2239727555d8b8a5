// Convolutions rebuilt from `explain` alone equal the engine, exactly, on integers: values and both gradients over every
// combination of options; and pools of every rank.

import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { explain } from '../../src/ops/explain.ts';
import type { PoolSpec } from '../../src/ops/explain_types.ts';
import {
  averagePool1d,
  averagePool2d,
  averagePool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  sumPool1d,
  sumPool2d,
  sumPool3d,
} from '../../src/ops/functions.ts';
import { convFamilies, type ConvCase } from './conv_cases.ts';
import { integers, rebuild, rebuildPool } from './explain_rebuild.ts';

function check(one: ConvCase): void {
  const made = explain(one.spec);
  expect(made.outputShape, one.title).toEqual(one.outputShape);
  expect(made.weightShape, one.title).toEqual(one.filter);
  const [x, w, dy] = [inputTensor('x', one.image), inputTensor('w', one.filter), inputTensor('dy', one.outputShape)];
  const y = one.build(x, w);
  const [dx, dw] = gradients(y, [x, w], dy) as [Tensor, Tensor];
  const [xs, ws, dys] = [integers(x.shape, 1), integers(w.shape, 2), integers(dy.shape, 3)] as const;
  const engine = evaluate([y, dx, dw], new Map([[x, xs], [w, ws], [dy, dys]])); // prettier-ignore
  const rebuilt = rebuild(made);
  expect(rebuilt.y(xs, ws), `${one.title}: y`).toEqual(engine[0]);
  expect(rebuilt.dx(dys, ws), `${one.title}: dx`).toEqual(engine[1]);
  expect(rebuilt.dw(xs, dys), `${one.title}: dw`).toEqual(engine[2]);
}

describe('convolutions', () => {
  test.each(convFamilies())('%s', (_, cases) => cases.forEach(check));
});

const pools = { maxPool1d, maxPool2d, maxPool3d, averagePool1d, averagePool2d, averagePool3d, sumPool1d, sumPool2d, sumPool3d } as Record<string, unknown> as Record<string, (x: Tensor, options: object) => Tensor>; // prettier-ignore
const sizes = [[7], [5, 6], [4, 3, 5]];
// Whatever the rank: a number stands for every axis.
const poolOptions: readonly Partial<PoolSpec>[] = [
  {},
  { poolSize: 3, strides: 1, padding: 'same' },
  { poolSize: 3, strides: 2, padding: 1 },
  { poolSize: 2, strides: 2, ceilMode: true },
  { poolSize: 3, strides: 2, padding: 1, ceilMode: true },
  { poolSize: 2, strides: 3 },
  { poolSize: 2, strides: 1, dilationRate: 2 },
  { poolSize: 2, strides: 2, dilationRate: 2, padding: 1, ceilMode: true },
];

function bothPools(spec: PoolSpec) {
  const { op, inputShape, batchSize: _, ...options } = spec;
  const made = explain(spec);
  const [x, dy] = [inputTensor('x', [2, ...inputShape]), inputTensor('dy', made.outputShape)];
  const y = pools[op]!(x, { poolSize: 2, ...options });
  const [dx] = gradients(y, [x], dy) as [Tensor];
  const [xs, dys] = [integers(x.shape, 4), integers(y.shape, 5)];
  const engine = evaluate([y, dx], new Map([[x, xs], [dy, dys]])); // prettier-ignore
  const rebuilt = rebuildPool(made);
  return {
    engine: { shape: y.shape, y: engine[0], dx: engine[1] },
    explained: { shape: made.outputShape, y: rebuilt.y(xs), dx: rebuilt.dx(xs, dys) },
  };
}

describe('pools', () => {
  test.each(Object.keys(pools))('%s', (name) => {
    const op = name as PoolSpec['op'];
    const lengths = sizes[Number(/\d/.exec(op)![0]) - 1]!;
    for (const one of poolOptions) {
      for (const channels of [3, 4]) {
        const spec: PoolSpec = { op, batchSize: 2, inputShape: [...lengths, channels], ...one };
        for (const extra of op.startsWith('average') ? [{}, { countIncludePad: true }] : [{}]) {
          const { engine, explained } = bothPools({ ...spec, ...extra });
          expect(explained, JSON.stringify({ ...spec, ...extra })).toEqual(engine);
        }
      }
    }
  });
});
