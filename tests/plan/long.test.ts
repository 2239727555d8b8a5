// Long graphs, such as networks unrolled by hand over hundreds of steps, are planned in time that grows with their length.

import { expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { inputTensor, variableTensor, type Variable } from '../../src/graph/tensor.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { add, mul } from '../../src/ops/binary.ts';
import { assign } from '../../src/ops/copy.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { mean } from '../../src/ops/reduce.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { tanh } from '../../src/ops/unary.ts';
import { makePlan } from '../../src/plan/build.ts';

test('20,000 calls that read the variable they change at the end', () => {
  const arena: Variable = { name: 'w', shape: [16], dtype: 'f32', initial: () => new Float32Array(16) };
  const w = variableTensor(arena, { shape: [4, 4], offset: 0 });
  const x = inputTensor('x', [2, 4]);
  let h = x;
  for (let t = 0; t < 2500; t++) h = tanh(add(matmul(h, w), mul(x, 0.5)));
  const loss = mean(h);
  const [slope] = gradients(loss, [w]);
  const changed = assign(variableTensor(arena), reshape(slope!, [16]));
  const start = performance.now();
  const plan = makePlan({ loss }, [changed], { target: baseTarget });
  // It takes half a second; comparing all calls with all took a minute.
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(plan.steps.length).toBeGreaterThan(15_000);
  expect(plan.steps.at(-1)!.call).toBe((changed.source as { call: unknown }).call);
});
