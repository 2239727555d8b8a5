// Every op of the registry: it has samples, a fallback kernel, a reference that agrees with its types, and a gradient
// that agrees with central finite differences in double precision.

import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { apply, constantTensor, type Tensor } from '../../src/graph/tensor.ts';
import type { Op, Sample } from '../../src/graph/op.ts';
import type { TypedArray } from '../../src/core/dtype.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { ops } from '../../src/ops/index.ts';
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

  if (op.grad !== null) {
    test.each(
      op.samples
        .filter((sample) => smallEnough(sample) && !sample.kink)
        .map((sample) => [describeSample(sample), sample] as const),
    )('gradient of %s', (_, sample) => {
      const result = checkGradient(op, sample);
      expect(result?.worst ?? 0, JSON.stringify(result)).toBeLessThanOrEqual(1);
    });
  }
});

/** Finite differences cost two evaluations an element; larger samples are for kernels. */
function smallEnough(sample: Sample<unknown>): boolean {
  return sample.inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0) <= 1500;
}

function checkGradient(op: Op, sample: Sample<unknown>) {
  const differentiable: Record<string, { shape: readonly number[]; values: Float64Array }> = {};
  const fixed = new Map<number, Tensor>();
  sample.inputs.forEach((input, i) => {
    const values = sampleValues(input, 29 + i);
    if (inputType(input).dtype === 'f32')
      differentiable[`x${i}`] = { shape: input.shape, values: values as Float64Array };
    else fixed.set(i, constantTensor(values as TypedArray, input.shape, input.dtype!));
  });
  if (Object.keys(differentiable).length === 0) return null;
  const f = (inputs: Record<string, Tensor>) => {
    const [y] = apply(
      op,
      sample.inputs.map((_, i) => fixed.get(i) ?? inputs[`x${i}`]!),
      sample.attrs,
    );
    return reshape(y!, [sizeOf(y!.shape)]);
  };
  return gradcheck(f, differentiable);
}
