// Every op × kernel × sample on the GPU against the reference in double precision, within the op's bounds. On the software
// adapter, whose compiler takes most of the time, the kernels of products, large ones and those over halves run on fewer
// samples (few_samples.ts); `npm run test:long` runs every one.

import { afterAll, describe, expect, test } from 'vitest';
import type { TypedArray, Values } from '../../src/core/dtype.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { apply, constantTensor, variableTensor, type Tensor, type Variable } from '../../src/graph/tensor.ts';
import type { Op, Sample } from '../../src/graph/op.ts';
import { inputTensor } from '../../src/graph/tensor.ts';
import { ops } from '../../src/ops/index.ts';
import { makePlan } from '../../src/plan/build.ts';
import {
  allFeatures,
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
import { fewSamples } from './few_samples.ts';

for (const [name, op] of Object.entries(ops)) {
  if (op.view) continue;
  describe(name, () => {
    /** By sample: one for all kernels. */
    const known = new Map<Sample<unknown>, Expected>();
    afterAll(() => known.clear());
    for (const kernel of Object.keys(op.kernels)) {
      test(`${kernel} kernel`, { timeout: 180_000 }, async () => {
        const device = await sharedDevice();
        const { fits } = op.kernels[kernel]!;
        const fitting = op.samples.filter((sample) => fits?.(callTypes(op, sample), device.target!) ?? true);
        const slow = device.target!.adapter === 'software' && import.meta.env['VITE_LONG'] !== '1';
        const few = slow ? fewSamples(op, kernel, fitting, device.target!) : new Set(fitting);
        for (const [i, sample] of op.samples.entries()) {
          if (!few.has(sample)) continue;
          if (!known.has(sample)) known.set(sample, expectedOf(op, sample, 101 * i));
          const mismatch = await compare(op, sample, kernel, known.get(sample)!);
          expect(mismatch, `${describeSample(sample)}: ${mismatch}`).toBeNull();
        }
        const optional = kernel !== Object.keys(op.kernels).at(-1);
        const possible = optional && needsMissingFeature(op, kernel, device.target!.features);
        expect(few.size > 0 || possible, `no sample of ${name} reaches its ${kernel} kernel`).toBe(true);
      });
    }
  });
}

/** A sample's values, what the reference makes of them, and how far from that a kernel may be. */
interface Expected {
  readonly x: readonly Values[];
  readonly y: readonly Values[];
  readonly bound: readonly Float64Array[];
}

function expectedOf(op: Op, sample: Sample<unknown>, seed: number): Expected {
  const call = callTypes(op, sample);
  const x = sample.inputs.map((input, i) => sampleValues(input, seed + i));
  const y = reference(
    op,
    call,
    x.map((values) => values.slice()),
  );
  return { x, y, bound: bounds(op, call, x, y) };
}

/** Runs one op on the device as a plan of its own and compares each output. */
async function compare(op: Op, sample: Sample<unknown>, kernel: string, expected: Expected): Promise<string | null> {
  const device = await sharedDevice();
  const call = callTypes(op, sample);
  const { x, y, bound } = expected;

  const overwritten = new Set(Object.values(op.inPlace ?? {}));
  const variables: Variable[] = [];
  const feeds: Record<string, TypedArray> = {};
  const inputs = sample.inputs.map((input, i): Tensor => {
    const type = inputType(input);
    const values = toDevice(x[i]!, type);
    if (overwritten.has(i)) {
      const variable: Variable = { name: `x${i}`, ...type, initial: () => values };
      variables.push(variable);
      return variableTensor(variable);
    }
    if (i % 2 === 1 && sizeOf(type.shape) < 64) return constantTensor(values, type.shape, type.dtype);
    feeds[`x${i}`] = values;
    return inputTensor(`x${i}`, type.shape, type.dtype);
  });
  const outputs = Object.fromEntries(apply(op, inputs, sample.attrs).map((tensor, i) => [`y${i}`, tensor]));
  const plan = makePlan(outputs, Object.values(outputs), {
    target: device.target,
    kernels: { [op.name]: kernel },
    fuse: false,
  });
  const chosen = plan.steps.find((step) => step.call.op === op)?.kernel;
  if (chosen !== kernel) return `planned ${chosen}`;
  const runner = await device.createRunner(plan);
  try {
    runner.run(feeds);
    for (const [i, values] of y.entries()) {
      const actual = fromDevice(await runner.read(`y${i}`), call.outputs[i]!);
      const mismatch = firstMismatch(actual, values, bound[i]!);
      if (mismatch) return `output ${i}, ${mismatch}`;
    }
    return null;
  } finally {
    runner.dispose();
    variables.forEach((variable) => device.releaseVariable(variable));
  }
}

function needsMissingFeature(op: Op, kernel: string, features: ReadonlySet<string>): boolean {
  return op.samples.some((sample) => {
    const call = callTypes(op, sample);
    const everything = { ...allFeatures, features: new Set([...features, 'subgroups', 'shader-f16']) };
    if (!(op.kernels[kernel]!.fits?.(call, everything) ?? true)) return false;
    return op.kernels[kernel]!.plan(call, everything).dispatches.some(({ shader }) =>
      shader.requires.some((r) => !features.has(r)),
    );
  });
}
