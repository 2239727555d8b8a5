// Long graphs, such as networks unrolled by hand over hundreds of steps, are ordered without looking at every pair of calls.

import { expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { inputTensor, variableTensor, type Call, type Variable } from '../../src/graph/tensor.ts';
import { add, mul } from '../../src/ops/binary.ts';
import { assign } from '../../src/ops/copy.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { mean } from '../../src/ops/reduce.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { tanh } from '../../src/ops/unary.ts';
import { schedule } from '../../src/plan/schedule.ts';

test('a call is looked at a few times, however many read the variable that is changed at the end', () => {
  const arena: Variable = { name: 'w', shape: [16], dtype: 'f32', initial: () => new Float32Array(16) };
  const w = variableTensor(arena, { shape: [4, 4], offset: 0 });
  const x = inputTensor('x', [2, 4]);
  let h = x;
  for (let t = 0; t < 300; t++) h = tanh(add(matmul(h, w), mul(x, 0.5)));
  const loss = mean(h);
  const [slope] = gradients(loss, [w]);
  const changed = assign(variableTensor(arena), reshape(slope!, [16]));

  const watched = (h.source as { call: Call }).call; // the last step: every backward call depends on it
  const { inputs } = watched;
  let looks = 0;
  Object.defineProperty(watched, 'inputs', {
    get() {
      looks++;
      return inputs;
    },
  });
  const calls = schedule([loss], [changed]);
  expect(calls.length).toBeGreaterThan(2000);
  expect(calls.at(-1)).toBe((changed.source as { call: Call }).call);
  expect(looks).toBeGreaterThan(0);
  expect(looks).toBeLessThan(20);
});
