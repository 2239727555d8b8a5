// Every op × kernel × sample on the GPU against the reference in double precision, within the op's bounds. On the software
// adapter, whose compiler takes most of the time, large kernels and those over halves run on fewer samples (`fewPipelines`);
// `npm run test:long` runs every one.

import { describe, expect, test } from 'vitest';
import type { TypedArray } from '../../src/core/dtype.ts';
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

for (const [name, op] of Object.entries(ops)) {
  if (op.view) continue;
  describe(name, () => {
    for (const kernel of Object.keys(op.kernels)) {
      test(`${kernel} kernel`, { timeout: 180_000 }, async () => {
        const device = await sharedDevice();
        const { large, fits } = op.kernels[kernel]!;
        const fitting = op.samples.filter((sample) => fits?.(callTypes(op, sample), device.target!) ?? true);
        const slow = device.target!.adapter === 'software' && import.meta.env['VITE_LONG'] !== '1';
        const few = slow && (large || ofHalves(op)) ? fewPipelines(op, fitting) : null;
        let ran = 0;
        for (const [i, sample] of op.samples.entries()) {
          if (!fitting.includes(sample) || few?.has(pipelineOf(sample)) === false) continue;
          ran++;
          const mismatch = await compare(op, sample, kernel, 101 * i);
          expect(mismatch, `${describeSample(sample)}: ${mismatch}`).toBeNull();
        }
        const optional = kernel !== Object.keys(op.kernels).at(-1);
        const possible = optional && needsMissingFeature(op, kernel, device.target!.features);
        expect(ran > 0 || possible, `no sample of ${name} reaches its ${kernel} kernel`).toBe(true);
      });
    }
  });
}

/** Over the same text as the op in f32, with other loads and stores: its windows and sizes are that op's matter. */
const ofHalves = (op: Op): boolean => op.name.endsWith('_f16');

/** What makes another pipeline: the attributes and the dtypes. */
const pipelineOf = ({ attrs, inputs }: Sample<unknown>): string =>
  JSON.stringify([attrs, inputs.map(({ dtype }) => dtype)]);

/** So few that each value of each attribute is met, and over halves each way in which a tensor is stored. */
function fewPipelines(op: Op, samples: readonly Sample<unknown>[]): Set<string> {
  const valuesOf = (sample: Sample<unknown>) => [
    ...leaves(sample.attrs as object),
    ...(ofHalves(op) ? storagesOf(op, sample) : []),
  ];
  const all = new Map(samples.map((sample) => [pipelineOf(sample), valuesOf(sample)]));
  const unmet = new Set([...all.values()].flat());
  const chosen = new Set<string>();
  while (unmet.size > 0) {
    const gain = ([, values]: [string, string[]]) => values.filter((value) => unmet.has(value)).length;
    const [text, values] = [...all].reduce((best, one) => (gain(one) > gain(best) ? one : best));
    chosen.add(text);
    for (const value of values) unmet.delete(value);
  }
  return chosen;
}

/** Of each tensor the dtype, and whether its rows are whole vectors. */
function storagesOf(op: Op, sample: Sample<unknown>): string[] {
  const { inputs, outputs } = callTypes(op, sample);
  return [...inputs, ...outputs].map(({ dtype, shape }, i) => `${i}: ${dtype} ${(shape.at(-1) ?? 1) % 4 === 0}`);
}

function leaves(attrs: object): string[] {
  return Object.entries(attrs).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? leaves(value) : [`${name}: ${String(value)}`],
  );
}

/** Runs one op on the device as a plan of its own and compares each output. */
async function compare(op: Op, sample: Sample<unknown>, kernel: string, seed: number): Promise<string | null> {
  const device = await sharedDevice();
  const call = callTypes(op, sample);
  const x = sample.inputs.map((input, i) => sampleValues(input, seed + i));
  const expected = reference(
    op,
    call,
    x.map((values) => values.slice()),
  );
  const bound = bounds(op, call, x, expected);

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
  const outputs = Object.fromEntries(apply(op, inputs, sample.attrs).map((y, i) => [`y${i}`, y]));
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
    for (const [i, y] of expected.entries()) {
      const actual = fromDevice(await runner.read(`y${i}`), call.outputs[i]!);
      const mismatch = firstMismatch(actual, y, bound[i]!);
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
