// Random graphs of elementwise ops on the GPU, as groups and one by one, within the bounds of their members.

import { expect, test } from 'vitest';
import { makePlan } from '../../src/plan/build.ts';
import { firstMismatch } from '../ops/table.ts';
import { boundsOf, randomElementwise } from '../plan/random_elementwise.ts';
import { sharedDevice } from './device.ts';

// Each graph is a pipeline of its own, and compiling them is what takes the time.
test.each(Array.from({ length: 40 }, (_, seed) => seed))('graph %i', async (seed) => {
  const device = await sharedDevice();
  const graph = randomElementwise(seed, false);
  const expected = boundsOf(graph);
  let groups = 0;
  for (const fuse of [true, false]) {
    const plan = makePlan(graph.outputs, [], { target: device.target, fuse });
    groups += plan.steps.filter(({ call }) => call.op.name === 'fused_elementwise').length;
    const runner = await device.createRunner(plan);
    try {
      const known = [...graph.feeds].filter(([{ label }]) => label! in plan.inputs);
      runner.run(Object.fromEntries(known.map(([{ label }, values]) => [label!, Float32Array.from(values)])));
      for (const [name, { values, errors }] of Object.entries(expected)) {
        const mismatch = firstMismatch(await runner.read(name), values, errors);
        expect(mismatch, `${name}, ${fuse ? 'fused' : 'one by one'}: ${mismatch}`).toBeNull();
      }
    } finally {
      runner.dispose();
    }
  }
  expect(groups).toBeGreaterThan(0);
});
