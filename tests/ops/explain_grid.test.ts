// Convolutions rebuilt from `explain` alone equal the engine, exactly, on integers: values and both gradients over every
// combination of options; and pools of every rank.

import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { explain } from '../../src/ops/explain.ts';
import { convFamilies, type ConvCase } from './conv_cases.ts';
import { integers, rebuild } from './explain_rebuild.ts';

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
