// Gradients of gathers on the GPU are sums in a fixed order: the sorted form gives the bits of the searching one, run
// after run, although its first passes leave the order to chance.

import { expect, test } from 'vitest';
import { constantTensor } from '../../src/graph/tensor.ts';
import { scatterAdd } from '../../src/ops/scatter_add.ts';
import { makePlan } from '../../src/plan/build.ts';
import { generator } from '../ops/table.ts';
import { sharedDevice } from './device.ts';

test.each([
  ['few indices, met often', 3000, 7, 24],
  ['many indices, met seldom', 3000, 5000, 5],
  ['one index', 700, 1, 8],
])('%s', async (_, count, length, inner) => {
  const device = await sharedDevice();
  const random = generator(5);
  const x = constantTensor(
    Float32Array.from({ length: count * inner }, () => random() - 0.5),
    [count, inner],
    'f32',
  );
  // Like words of a text: low numbers are frequent; some are outside and clamped, some count from the end.
  const indices = constantTensor(
    Int32Array.from({ length: count }, () => Math.floor(random() ** 4 * (length + 2)) - 1),
    [count],
    'i32',
  );
  const y = scatterAdd(x, indices, 0, length);
  const results: Uint32Array[] = [];
  for (const kernel of ['naive', 'sorted', 'sorted', 'sorted']) {
    const plan = makePlan({ y }, [], { target: device.target, kernels: { scatter_add: kernel } });
    expect(plan.steps[0]!.kernel).toBe(kernel);
    const runner = await device.createRunner(plan);
    for (let run = 0; run < 3; run++) {
      runner.run({});
      results.push(new Uint32Array((await runner.read('y')).buffer.slice(0)));
    }
    runner.dispose();
  }
  for (const bits of results) expect(bits).toEqual(results[0]);
});
