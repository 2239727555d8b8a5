// Every kernel that can write a result over an operand does so, and gives what it gives elsewhere.

import { describe, expect, test } from 'vitest';
import type { TypedArray } from '../../src/core/dtype.ts';
import { apply, inputTensor } from '../../src/graph/tensor.ts';
import type { Op, Sample } from '../../src/graph/op.ts';
import { copy } from '../../src/ops/copy.ts';
import { ops } from '../../src/ops/index.ts';
import { makePlan } from '../../src/plan/build.ts';
import {
  bounds,
  callTypes,
  describeSample,
  firstMismatch,
  fromDevice,
  inputType,
  reference,
  sampleValues,
  toDevice,
} from '../ops/table.ts';
import { sharedDevice } from './device.ts';

for (const [name, op] of Object.entries(ops)) {
  const kernels = Object.keys(op.kernels).filter((kernel) => op.kernels[kernel]!.overlays);
  if (kernels.length === 0) continue;
  describe(name, () => {
    test.each(kernels)('%s kernel', { timeout: 60_000 }, async (kernel) => {
      let overlaid = 0;
      for (const [i, sample] of op.samples.entries()) {
        const call = callTypes(op, sample);
        const { target } = await sharedDevice();
        if (!(op.kernels[kernel]!.fits?.(call, target!) ?? true)) continue;
        overlaid += await compare(op, sample, kernel, 53 * i);
      }
      expect(overlaid).toBeGreaterThan(0);
    });
  });
}

/** Runs one op on copies of its inputs, which die there; gives the number of results that lay over one. */
async function compare(op: Op, sample: Sample<unknown>, kernel: string, seed: number): Promise<number> {
  const device = await sharedDevice();
  const call = callTypes(op, sample);
  const x = sample.inputs.map((input, i) => sampleValues(input, seed + i));
  const expected = reference(
    op,
    call,
    x.map((values) => values.slice()),
  );
  const bound = bounds(op, call, x, expected);
  const feeds: Record<string, TypedArray> = {};
  const inputs = sample.inputs.map((input, i) => {
    const type = inputType(input);
    feeds[`x${i}`] = toDevice(x[i]!, type);
    return copy(inputTensor(`x${i}`, type.shape, type.dtype));
  });
  const outputs = Object.fromEntries(apply(op, inputs, sample.attrs).map((y, i) => [`y${i}`, y]));
  const plan = makePlan(outputs, [], { target: device.target, kernels: { [op.name]: kernel }, fuse: false });
  const runner = await device.createRunner(plan);
  try {
    runner.run(feeds);
    for (const [i, y] of expected.entries()) {
      const actual = fromDevice(await runner.read(`y${i}`), call.outputs[i]!);
      const mismatch = firstMismatch(actual, y, bound[i]!);
      expect(mismatch, `${describeSample(sample)}, output ${i}: ${mismatch}`).toBeNull();
    }
    return plan.steps.find((step) => step.call.op === op)!.overlaid.length;
  } finally {
    runner.dispose();
  }
}
