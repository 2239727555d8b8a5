// Every combination of the options of convolution on the GPU: values and both gradients, as the planner fuses them,
// against the unfused graph in double precision.

import { expect, test } from 'vitest';
import { gradients } from '../../src/autodiff/gradients.ts';
import { evaluate } from '../../src/cpu/oracle.ts';
import { inputTensor, type Tensor } from '../../src/graph/tensor.ts';
import { makePlan } from '../../src/plan/build.ts';
import { convFamilies, type ConvCase } from '../ops/conv_cases.ts';
import { firstMismatch, sampleValues } from '../ops/table.ts';
import { sharedDevice } from './device.ts';

async function compare(one: ConvCase): Promise<string | null> {
  const device = await sharedDevice();
  const x = inputTensor('x', one.image);
  const w = inputTensor('w', one.filter);
  const y = one.build(x, w);
  const dy = inputTensor('dy', y.shape);
  const [dx, dw] = gradients(y, [x, w], dy) as [Tensor, Tensor];
  const feeds = new Map([x, w, dy].map((tensor, i) => [tensor, sampleValues(tensor, 11 + i) as Float64Array] as const));
  const expected = evaluate([y, dx, dw], feeds);
  const magnitudes = evaluate([y, dx, dw], new Map([...feeds].map(([tensor, v]) => [tensor, v.map(Math.abs)])));

  const outputs = { y, dx, dw };
  const plan = makePlan(outputs, [], { target: device.target });
  const runner = await device.createRunner(plan);
  try {
    runner.run(Object.fromEntries([...feeds].map(([{ label }, values]) => [label!, Float32Array.from(values)])));
    for (const [i, name] of (['y', 'dx', 'dw'] as const).entries()) {
      const factor = (4 + Math.sqrt(one.terms[name]) / 2) * 2 ** -24;
      const bound = Float64Array.from(magnitudes[i]!, (sum) => factor * sum + 2 ** -126);
      const mismatch = firstMismatch(await runner.read(name), expected[i]!, bound);
      if (mismatch) return `${name}, ${mismatch}`;
    }
    return null;
  } finally {
    runner.dispose();
  }
}

test.each(convFamilies())('%s', { timeout: 60_000 }, async (_, cases) => {
  for (const one of cases) {
    const mismatch = await compare(one);
    expect(mismatch, `${one.title}: ${mismatch}`).toBeNull();
  }
});
