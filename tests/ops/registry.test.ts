// Every op of the registry: it has samples, a fallback kernel, a reference that agrees with its types, and a gradient
// that agrees with central finite differences in double precision.

import { describe, expect, test } from 'vitest';
import { gradcheck } from '../../src/autodiff/gradcheck.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { apply, constantTensor, type Tensor } from '../../src/graph/tensor.ts';
import type { Op, Sample } from '../../src/graph/op.ts';
import type { TypedArray } from '../../src/core/dtype.ts';
import { allocateDouble } from '../../src/cpu/oracle.ts';
import { baseTarget } from '../../src/kernel/target.ts';
import { add, concat, mul, ops } from '../../src/ops/index.ts';
import { reshape } from '../../src/ops/reshape.ts';
import { slopesAlong } from './directional.ts';
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

  test.each(named(op.samples))('reference of %s', (_, sample) => {
    const call = callTypes(op, sample);
    const x = sample.inputs.map((input, i) => sampleValues(input, 17 + i));
    const before = x.map((values) => values.slice());
    const y = reference(op, call, x);
    if (!op.inPlace) expect(x, 'the reference changed its inputs').toEqual(before);
    call.outputs.forEach((type, i) => expect(y[i]!.length).toBe(sizeOf(type.shape)));
    // Every element is written, whatever was there.
    const again = call.outputs.map((type) => allocateDouble(type).fill(7));
    op.cpu(x, again, call);
    expect(again, 'the reference reads its outputs').toEqual(y);
    const cost = op.cost?.(call);
    if (cost) expect(cost.flops >= 0 && cost.bytes > 0).toBe(true);
  });

  const checked = op.samples.filter((sample) => wayOf(op, sample) === 'each element');
  if (checked.length > 0) {
    test.each(named(checked))('gradient of %s', (_, sample) => {
      const { f, at } = problemOf(op, sample);
      const result = gradcheck(f, at);
      expect(result.worst, JSON.stringify(result)).toBeLessThanOrEqual(1);
    });
  }

  const large = op.samples.filter((sample) => wayOf(op, sample) === 'directions');
  if (large.length > 0) {
    test.each(named(large))('gradient of %s along random directions', (_, sample) => {
      const { f, at, magnitudes, terms } = problemOf(op, sample);
      for (const { analytic, numeric, bound } of slopesAlong(f, at, {
        directions: 3,
        h: stepOf(sample),
        magnitudes,
        terms,
      })) {
        expect(Math.abs(analytic - numeric), `${analytic} by autodiff, ${numeric} by differences`).toBeLessThanOrEqual(
          bound,
        );
        // A direction changes every element by h, so that an error of a five-hundredth in any one of them would show.
        expect(bound).toBeLessThan(2e-3);
      }
    });
  }
});

/** What keeps a sample's gradient from being compared with finite differences, or how it is compared. */
type Way =
  | 'each element'
  | 'directions'
  /** The op says that it has none. */
  | 'no gradient'
  /** Nothing that changes continuously goes in, or nothing comes out. */
  | 'no numbers'
  /** It is not the derivative by intention: that of rounding, that of stop_gradient. */
  | 'by intention'
  /** The values lie where no derivative exists. */
  | 'kink';

const intended = new Set(['cast_half', 'stop_gradient']);

function wayOf(op: Op, sample: Sample<unknown>): Way {
  if (op.grad === null) return 'no gradient';
  const { inputs, outputs } = callTypes(op, sample);
  const numbers = [inputs, outputs].every((types) => types.some(({ dtype }) => dtype === 'f32'));
  if (!numbers) return 'no numbers';
  if (intended.has(op.name)) return 'by intention';
  if (sample.kink) return 'kink';
  // Finite differences cost two evaluations an element.
  return sample.inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0) <= 1500 ? 'each element' : 'directions';
}

test('every op with a gradient to check has a sample that checks it', () => {
  const unchecked = registry
    .filter(([, op]) => op.grad !== null)
    .filter(([, op]) => !op.samples.some((sample) => ['each element', 'directions'].includes(wayOf(op, sample))))
    .map(([name]) => name);
  // No float input or output, or a gradient that is not the derivative by intention.
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

test('the gradient of a large sample that is wrong in one element is noticed', () => {
  const shape = [2000];
  const values = sampleValues({ shape }, 5) as Float64Array;
  const options = { directions: 3, h: 2 ** -16, magnitudes: values.map((v) => v * v), terms: 1 };
  // x·x, whose gradient is taken with one of the two factors off by a hundred-thousandth in one element.
  const off = Float32Array.from(shape[0] ? values : [], (v, i) => (i === 1234 ? v * (1 + 1e-5) : v));
  const right = slopesAlong(({ x }) => mul(x!, x!), { x: { shape, values } }, options);
  const wrong = slopesAlong(
    ({ x }) => mul(x!, add(x!, constantTensor(off, shape, 'f32'))),
    { x: { shape, values } },
    options,
  );
  for (const { analytic, numeric, bound } of right) expect(Math.abs(analytic - numeric)).toBeLessThanOrEqual(bound);
  // 2x instead of x + off: the sum of both functions' slopes differs by 1e-5·x in that element.
  wrong.forEach(({ analytic, bound }, d) => expect(Math.abs(analytic - right[d]!.numeric)).toBeGreaterThan(bound));
});

function named(samples: readonly Sample<unknown>[]) {
  return samples.map((sample) => [describeSample(sample), sample] as const);
}

/** Where a unit is cut off at 0, h must be smaller than the distance of every sum from there. */
const stepOf = ({ attrs }: Sample<unknown>): number =>
  (attrs as { activation?: string }).activation === 'relu' ? 2 ** -24 : 2 ** -16;

/** Outputs that exist only for the op's own gradient to read; users never see them, and no gradient goes through them. */
const savedOutputs: Readonly<Record<string, readonly number[]>> = { normalize: [1, 2], lstm: [1], gru: [1] };

/** Inputs that say which, not how much: conditions and masks, constants to every gradient. */
function isChoice(op: Op, { attrs, inputs }: Sample<unknown>, index: number): boolean {
  const { mask, masking } = attrs as { mask?: string; masking?: string };
  if (op.name === 'where') return index === 0;
  if (op.name === 'masked_softmax') return mask === 'keep' && index === 1;
  return masking === 'mask' && index === inputs.length - 1;
}

/** The op as a function of what it can be differentiated by, at the sample's values; and what bounds its rounding. */
function problemOf(op: Op, sample: Sample<unknown>) {
  const call = callTypes(op, sample);
  const at: Record<string, { shape: readonly number[]; values: Float64Array }> = {};
  const fixed = new Map<number, Tensor>();
  const x = sample.inputs.map((input, i) => sampleValues(input, 29 + i));
  sample.inputs.forEach((input, i) => {
    const { dtype } = inputType(input);
    if (dtype === 'f32' && !isChoice(op, sample, i)) at[`x${i}`] = { shape: input.shape, values: x[i] as Float64Array };
    else
      fixed.set(
        i,
        constantTensor(dtype === 'f32' ? Float32Array.from(x[i]!) : (x[i] as TypedArray), input.shape, dtype),
      );
  });
  const differentiable = (i: number) => call.outputs[i]!.dtype === 'f32' && !savedOutputs[op.name]?.includes(i);
  const f = (inputs: Record<string, Tensor>) => {
    const outputs = apply(
      op,
      sample.inputs.map((_, i) => fixed.get(i) ?? inputs[`x${i}`]!),
      sample.attrs,
    );
    const floats = outputs.filter((_, i) => differentiable(i)).map((y) => reshape(y, [sizeOf(y.shape)]));
    return floats.length === 1 ? floats[0]! : concat(floats);
  };
  // Of a sum of products the terms' magnitudes; of other functions that of the result, or 1, for as many terms as there are inputs.
  const accuracy = typeof op.accuracy === 'function' ? op.accuracy(call) : op.accuracy;
  const sum = accuracy.kind === 'sum' ? accuracy : null;
  const results = reference(
    op,
    call,
    sum ? x.map((values) => (values instanceof Float64Array ? values.map(Math.abs) : values)) : x,
  );
  const magnitudes = results
    .filter((_, i) => differentiable(i))
    .flatMap((values) => Array.from(values, (value) => Math.abs(value) + (sum ? 0 : 1)));
  const elements = sample.inputs.reduce((count, { shape }) => count + sizeOf(shape), 0);
  return { f, at, magnitudes, terms: sum ? sum.terms(call) : elements };
}

test('in numbers', () => {
  const count = new Map<string, number>();
  for (const [, op] of registry) {
    for (const sample of op.samples) count.set(wayOf(op, sample), (count.get(wayOf(op, sample)) ?? 0) + 1);
  }
  const of = (way: Way) => count.get(way) ?? 0;
  const samples = registry.reduce((sum, [, op]) => sum + op.samples.length, 0);
  console.log(
    [
      `${samples} samples by the reference`,
      `gradients: ${of('each element')} samples by a difference for each element, ${of('directions')} along random directions`,
      `no gradient checks: ${of('no gradient')} of ops without, ${of('no numbers')} without numbers, ${of('by intention')} that are no derivative by intention, ${of('kink')} at kinks`,
    ].join('\n'),
  );
  expect(of('each element') + of('directions')).toBeGreaterThan(1000);
});
