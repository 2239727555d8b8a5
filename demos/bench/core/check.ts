// Right before fast: seeded sample values, the reference's results, and the bounds that a kernel must keep.

import { sizeOf } from '../../../src/core/shape.ts';
import type { TypedArray, Values } from '../../../src/core/dtype.ts';
import { fromHalf, MIN_NORMAL_HALF, roundToHalf, toHalf } from '../../../src/core/half.ts';
import type { CallTypes, Op, Sample, SampleInput } from '../../../src/graph/op.ts';
import { type FusedAttrs, memberTypes } from '../../../src/ops/fused_text.ts';
import type { TensorType } from '../../../src/graph/tensor.ts';
import { allocateDouble } from '../../../src/cpu/oracle.ts';
import type { Check } from './result.ts';
import { generator } from './statistics.ts';

export function inputType(input: SampleInput): TensorType {
  return { shape: input.shape, dtype: input.dtype ?? 'f32' };
}

export function callTypes<A>(op: Op<A>, sample: Sample<A>): CallTypes<A> {
  const inputs = sample.inputs.map(inputType);
  return { inputs, outputs: op.infer(inputs, sample.attrs), attrs: sample.attrs };
}

/** A short name for titles: `[5,9] [9,7] {"transposeA":true}`. */
export function describeSample<A>(sample: Sample<A>): string {
  const shapes = sample.inputs.map((input) => `[${input.shape.join(',')}]`).join(' ');
  const attrs = JSON.stringify(sample.attrs);
  return attrs === undefined || attrs === '{}' || attrs === 'null' ? shapes : `${shapes} ${attrs}`;
}

/** Values for a sample's input; f32 and f16 values are representable in those, so that CPU and GPU see the same numbers. */
export function sampleValues(input: SampleInput, seed: number): Values {
  const random = generator(seed);
  const size = sizeOf(input.shape);
  const values = allocateDouble(inputType(input));
  const fill = input.fill ?? (input.dtype === 'u8' ? { below: 256 } : 'normal');
  for (let i = 0; i < size; i++) {
    if (typeof fill === 'object') {
      values[i] = 'below' in fill ? Math.floor(random() * fill.below) : fill.values[i % fill.values.length]!;
    } else if (fill === 'positive') values[i] = 0.1 + 1.9 * random();
    else if (fill === 'ties') values[i] = Math.floor(random() * 3) - 1;
    else if (fill === 'distinct') values[i] = (i - Math.floor(size / 2) + 0.5) / 8;
    else values[i] = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  }
  if (fill === 'distinct') {
    for (let i = size - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [values[i], values[j]] = [values[j]!, values[i]!];
    }
  }
  const round = input.dtype === 'f16' ? roundToHalf : Math.fround;
  if (values instanceof Float64Array) for (let i = 0; i < size; i++) values[i] = round(values[i]!);
  return values;
}

/** Sample values as a device takes them. */
export function toDevice(values: Values, { dtype }: TensorType): TypedArray {
  if (!(values instanceof Float64Array)) return values;
  return dtype === 'f16' ? toHalf(values) : Float32Array.from(values);
}

/** A device's values as numbers. */
export function fromDevice(values: TypedArray, { dtype }: TensorType): TypedArray {
  return dtype === 'f16' ? fromHalf(values) : values;
}

/** The reference on sample values. */
export function reference<A>(op: Op<A>, call: CallTypes<A>, x: readonly Values[]): Values[] {
  const y = call.outputs.map(allocateDouble);
  op.cpu(x, y, call);
  return y;
}

/**
 * The largest |error| allowed for each element of each output: the op's own, and for f16 outputs, whose references are
 * rounded to f16 too, the distance between halves, because two numbers however near may be rounded apart.
 */
export function bounds<A>(op: Op<A>, call: CallTypes<A>, x: readonly Values[], y: readonly Values[]): Float64Array[] {
  return f32Bounds(op, call, x, y).map((bound, i) =>
    call.outputs[i]!.dtype === 'f16' && !isExact(op, call) ? bound.map((b, j) => b + halfStep(y[i]![j]!, b)) : bound,
  );
}

/** The distance between halves as large as |value| + bound: what rounding two numbers within `bound` may add to it. */
function halfStep(value: number, bound: number): number {
  const size = Math.max(Math.abs(value) + bound, MIN_NORMAL_HALF);
  return 2 ** (Math.floor(Math.log2(size)) - 10);
}

function accuracyOf<A>(op: Op<A>, call: CallTypes<A>) {
  return typeof op.accuracy === 'function' ? op.accuracy(call) : op.accuracy;
}

function isExact<A>(op: Op<A>, call: CallTypes<A>): boolean {
  return accuracyOf(op, call).kind === 'exact';
}

function f32Bounds<A>(op: Op<A>, call: CallTypes<A>, x: readonly Values[], y: readonly Values[]): Float64Array[] {
  const accuracy = accuracyOf(op, call);
  const u = 2 ** -24;
  if (accuracy.kind === 'derived') return accuracy.bounds(x, y, call);
  if (accuracy.kind === 'members') return memberBounds(call as CallTypes<FusedAttrs>, x);
  if (accuracy.kind === 'sum') {
    const magnitudes = x.map((values) => (values instanceof Float64Array ? values.map(Math.abs) : values));
    const factor = (4 + Math.sqrt(accuracy.terms(call)) / 2) * u;
    return reference(op, call, magnitudes).map((sums) =>
      Float64Array.from(sums, (sum) => factor * Math.abs(sum) + 2 ** -126),
    );
  }
  return y.map((values) =>
    Float64Array.from(values, (value) => {
      switch (accuracy.kind) {
        case 'exact':
          return 0;
        case 'ulp':
          return accuracy.ulp * ulp(value) + 2 ** -126;
        case 'mixed':
          return accuracy.absolute + accuracy.relative * Math.abs(value);
      }
    }),
  );
}

/**
 * The bounds of a group of elementwise ops: each member's own, and what its operands' errors become in it, found by moving
 * each operand by its error, up and down.
 */
function memberBounds({ inputs, attrs }: CallTypes<FusedAttrs>, x: readonly Values[]): Float64Array[] {
  const known: Inexact[] = [];
  for (const one of attrs.members) {
    const given = one.operands.map((operand): Inexact => {
      if (operand.kind === 'number') return { values: Float64Array.of(operand.value) };
      return operand.kind === 'input' ? { values: x[operand.index]! } : known[operand.index]!;
    });
    known.push(elementwiseBounds(one.op, memberTypes(one, attrs, inputs), given));
  }
  return attrs.outputs.map((m) => known[m]!.errors!);
}

/** Exact values, and how far from them a device may be. */
export interface Inexact {
  readonly values: Values;
  /** Absent where it may not. */
  readonly errors?: Float64Array;
}

/** What an elementwise op with one result gives of inexact operands. */
export function elementwiseBounds(op: Op, call: CallTypes<unknown>, operands: readonly Inexact[]): Required<Inexact> {
  const exact = operands.map(({ values }) => values);
  const [y] = reference(op, call, exact) as [Values];
  const carried = new Float64Array(y.length);
  operands.forEach(({ errors }, k) => {
    if (!errors) return;
    const moved = [1, -1].map((sign) => {
      const operand = exact[k]!.map((value, i) => value + sign * errors[i]!);
      return reference(op, call, exact.with(k, operand))[0]!;
    });
    for (let i = 0; i < y.length; i++) {
      carried[i]! += Math.max(...moved.map((other) => Math.abs(other[i]! - y[i]!)));
    }
  });
  const farthest = Float64Array.from(y, (value, i) => value + Math.sign(value) * carried[i]!);
  const [own] = bounds(op, call, exact, [farthest]) as [Float64Array];
  return { values: y, errors: own.map((bound, i) => 1.01 * (bound + carried[i]!)) }; // 1 % for products of errors
}

/** The distance to the next f32 above |value|. */
export function ulp(value: number): number {
  const magnitude = Math.max(Math.abs(value), 2 ** -126);
  return 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}

/** The first element outside its bound, in words, or null. */
export function firstMismatch(actual: Values, expected: Values, bound: Float64Array): string | null {
  if (actual.length !== expected.length) return `${actual.length} elements, expected ${expected.length}`;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    // Object.is: a NaN that an op hands on is expected to stay one.
    if (!(error <= bound[i]!) && actual[i] !== expected[i] && !Object.is(actual[i], expected[i])) {
      return `element ${i}: got ${actual[i]}, expected ${expected[i]} within ${bound[i]}`;
    }
  }
  return null;
}

/** Every output against the reference: the largest errors, the bound where they matter most, the first element outside its own. */
export function checkOutputs(
  actual: readonly Values[],
  expected: readonly Values[],
  bound: readonly Float64Array[],
): Check {
  let [maxAbsolute, maxRelative, worst, tolerance] = [0, 0, 0, Infinity];
  let message = '';
  expected.forEach((values, i) => {
    const [found, allowed] = [actual[i]!, bound[i]!];
    const mismatch = firstMismatch(found, values, allowed);
    if (mismatch && message === '') message = `output ${i}, ${mismatch}`;
    for (let j = 0; j < values.length; j++) {
      if (found[j] === values[j] || Object.is(found[j], values[j])) {
        if (worst === 0) tolerance = Math.min(tolerance, allowed[j]!);
        continue;
      }
      const error = finite(Math.abs(found[j]! - values[j]!));
      maxAbsolute = Math.max(maxAbsolute, error);
      if (values[j] !== 0) maxRelative = Math.max(maxRelative, finite(error / Math.abs(values[j]!)));
      const share = finite(error / allowed[j]!);
      if (share > worst) [worst, tolerance] = [share, allowed[j]!];
    }
  });
  tolerance = finite(tolerance);
  return { state: message === '' ? 'ok' : 'wrong', maxAbsolute, maxRelative, worst, tolerance, message };
}

/** NaN compares false with everything, and JSON has no infinity. */
const finite = (value: number): number => (value < Number.MAX_VALUE ? value : Number.MAX_VALUE);

export const notChecked = (message: string): Check => ({
  state: 'not checked',
  maxAbsolute: 0,
  maxRelative: 0,
  worst: 0,
  message,
});
