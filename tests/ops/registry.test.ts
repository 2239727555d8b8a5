// Every op of the registry: it has samples, a fallback kernel, a reference that agrees with its types, and a gradient
// that agrees with central finite differences in double precision.

import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { apply, constantTensor, type Tensor } from '../../src/graph/tensor.ts';
import type { Op, Sample } from '../../src/graph/op.ts';
import type { TypedArray } from '../../src/core/dtype.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { concat, ops } from '../../src/ops/index.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { callTypes, describeSample, inputType, reference, sampleValues } from './table.ts';

const registry = Object.entries(ops);

describe.each(registry)('%s', (name, op) => {
  test('is registered under its name and has samples', () => {
    expect(op.name).toBe(name);
    expect(op.name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(op.samples.length).toBeGreaterThan(0);
  });

  test('its last kernel fits every sample on a device without features', () => {
    if (op.view) return;
    const fallback = Object.values(op.kernels).at(-1);
    expect(fallback, 'an op needs a kernel').toBeDefined();
    for (const sample of op.samples) {
      const call = callTypes(op, sample);
      expect(fallback!.fits?.(call, baseTarget) ?? true, describeSample(sample)).toBe(true);
      expect(fallback!.plan(call, baseTarget).dispatches.length).toBeGreaterThan(0);
    }
  });

  test.each(op.samples.map((sample) => [describeSample(sample), sample] as const))('reference of %s', (_, sample) => {
    const call = callTypes(op, sample);
    const x = sample.inputs.map((input, i) => sampleValues(input, 17 + i));
    const before = x.map((values) => values.slice());
    const y = reference(op, call, x);
    if (!op.inPlace) expect(x, 'the reference changed its inputs').toEqual(before);
    call.outputs.forEach((type, i) => expect(y[i]!.length).toBe(sizeOf(type.shape)));
    const cost = op.cost?.(call);
    if (cost) expect(cost.flops >= 0 && cost.bytes > 0).toBe(true);
  });

  const checked = op.grad === null ? [] : op.samples.filter((sample) => gradientCanBeChecked(op, sample));
  if (checked.length > 0) {
    test.each(checked.map((sample) => [describeSample(sample), sample] as const))('gradient of %s', (_, sample) => {
      const result = checkGradient(op, sample);
      expect(result.worst, JSON.stringify(result)).toBeLessThanOrEqual(1);
    });
  }
});

test('every op with a gradient to check has a sample that checks it', () => {
  const unchecked = registry
    .filter(([, op]) => op.grad !== null && !op.samples.some((sample) => gradientCanBeChecked(op, sample)))
    .map(([name]) => name);
  // No float input or output, or a gradient that is not the derivative by intention: that of rounding, that of stop_gradient.
  const none = [
    'cast',
    'cast_half',
    'full',
    'random_bernoulli',
    'random_normal',
    'random_permutation',
    'random_uniform',
    'stop_gradient',
  ];
  expect(unchecked.toSorted((a, b) => a.localeCompare(b))).toEqual(none);
});

function gradientCanBeChecked(op: Op, sample: Sample<unknown>): boolean {
  const { inputs, outputs } = callTypes(op, sample);
  const floats = [inputs, outputs].every((types) => types.some(({ dtype }) => dtype === 'f32'));
  return floats && smallEnough(sample) && !sample.kink;
}

/** Finite differences cost two evaluations an element; larger samples are for kernels. */
function smallEnough(sample: Sample<unknown>): boolean {
  return sample.inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0) <= 1500;
}

/** Outputs that exist only for the op's own gradient to read; users never see them, and no gradient goes through them. */
const savedOutputs: Readonly<Record<string, readonly number[]>> = { normalize: [1, 2], lstm: [1], gru: [1] };

function checkGradient(op: Op, sample: Sample<unknown>) {
  const differentiable: Record<string, { shape: readonly number[]; values: Float64Array }> = {};
  const fixed = new Map<number, Tensor>();
  sample.inputs.forEach((input, i) => {
    const values = sampleValues(input, 29 + i);
    if (inputType(input).dtype === 'f32')
      differentiable[`x${i}`] = { shape: input.shape, values: values as Float64Array };
    else fixed.set(i, constantTensor(values as TypedArray, input.shape, input.dtype!));
  });
  const f = (inputs: Record<string, Tensor>) => {
    const outputs = apply(
      op,
      sample.inputs.map((_, i) => fixed.get(i) ?? inputs[`x${i}`]!),
      sample.attrs,
    );
    const floats = outputs
      .filter(({ dtype }, i) => dtype === 'f32' && !savedOutputs[op.name]?.includes(i))
      .map((y) => reshape(y, [sizeOf(y.shape)]));
    return floats.length === 1 ? floats[0]! : concat(floats);
  };
  return gradcheck(f, differentiable);
}
