// What a product does to its sums before it stores them: its attributes, meaning, gradient and bounds, and how a shader with
// the epilogue of lib/epilogue.wgsl is told.

import type { Values } from '../core/dtype.ts';
import { OptionError, ShapeError } from '../core/errors.ts';
import { equal, format, sizeOf, type Shape } from '../core/shape.ts';
import type { Accuracy, CallTypes, SampleInput } from '../graph/op.ts';
import type { Tensor, TensorType } from '../graph/tensor.ts';
import { input, type BufferRef } from '../kernel/shader.ts';
import { activations, type EpilogueActivation } from './activations.ts';
import { type ElementwiseOp, gradientRows, sumTo } from './binary.ts';
import { reshape } from './reshape.ts';

/** What the planner may set of an op that takes an epilogue. */
export interface EpilogueAttrs {
  /** Input 2 is a vector added along the last axis of the result. */
  readonly bias: boolean;
  /** The last input is a tensor of the result's size, added before the activation. */
  readonly residual: boolean;
  /** Of the activation whose result the residual is: the sum is multiplied by it, and nothing is added. */
  readonly slope: EpilogueActivation | null;
  /** Applied to the sum. */
  readonly activation: EpilogueActivation | null;
}

export const noEpilogue: EpilogueAttrs = { bias: false, residual: false, slope: null, activation: null };

/** The gradients that an epilogue can be the last part of: functions of the gradient so far and of the activation's result. */
export const slopes: Readonly<Record<EpilogueActivation, ElementwiseOp>> = {
  relu: gradientRows.relu,
  sigmoid: gradientRows.sigmoid,
  tanh: gradientRows.tanh,
};

/** What of `all`, the inputs or their values, the epilogue reads: each stands there only if `attrs` says so. */
export function epilogueInputs<T>(
  all: readonly T[],
  { bias, residual }: EpilogueAttrs,
): { bias: T | undefined; residual: T | undefined } {
  return { bias: bias ? all[2] : undefined, residual: residual ? all[bias ? 3 : 2] : undefined };
}

/**
 * An OptionError where attributes ask for a slope and for what does not go with one, a ShapeError where what is added does not
 * fit a result of `shape`.
 */
export function checkEpilogue(where: string, inputs: readonly TensorType[], attrs: EpilogueAttrs, shape: Shape): void {
  const { slope, activation } = attrs;
  if (slope && (!attrs.residual || attrs.bias || activation)) {
    throw new OptionError(
      `${where}: slope is '${slope}' with bias ${attrs.bias}, residual ${attrs.residual} and activation ${activation}, ` +
        'expected a residual alone',
    );
  }
  const { bias, residual } = epilogueInputs(inputs, attrs);
  const vector = [shape.at(-1)!];
  if (bias && !equal(bias.shape, vector)) {
    throw new ShapeError(`${where}: the bias has shape ${format(bias.shape)}, expected ${format(vector)}`);
  }
  // It may lie in another shape's words: the planner sees through reshapes.
  if (residual && sizeOf(residual.shape) !== sizeOf(shape)) {
    throw new ShapeError(
      `${where}: the residual has shape ${format(residual.shape)}, expected the size of ${format(shape)}`,
    );
  }
}

/** The meaning: writes what becomes of `sums`, laid out as the result, to `y`. */
export function finish(
  sums: Float64Array,
  x: readonly Values[],
  y: Values,
  { attrs, outputs }: CallTypes<EpilogueAttrs>,
): void {
  const { bias, residual } = epilogueInputs(x, attrs);
  const added = attrs.slope ? undefined : residual;
  const activate = attrs.activation ? activations[attrs.activation].reference! : null;
  for (let i = 0; i < sums.length; i++) {
    const sum = sums[i]! + (bias?.[i % bias.length] ?? 0) + (added?.[i] ?? 0);
    y[i] = activate ? activate(sum) : sum;
  }
  if (attrs.slope) multiplyBySlope(attrs.slope, y, residual!, outputs[0]!);
}

/** Multiplies `y` by the slope of an activation that gave `result`. */
export function multiplyBySlope(slope: EpilogueActivation, y: Values, result: Values, type: TensorType): void {
  slopes[slope].cpu([y, result], [y], { inputs: [type, type], outputs: [type], attrs: {} });
}

/** The gradient of the sum from that of the result `y`. */
export function gradientOfSum(where: string, dy: Tensor, y: Tensor, { slope, activation }: EpilogueAttrs): Tensor {
  if (slope) throw new Error(`${where}: the slope of ${slope} is part of a gradient, and has none`);
  return activation ? beforeActivation(activation, dy, y) : dy;
}

/** The gradients of the inputs `x` that the epilogue adds, from that of the sum. */
export function addedGradients(
  dy: Tensor,
  x: readonly Tensor[],
  attrs: EpilogueAttrs,
  needs: readonly boolean[],
): (Tensor | null)[] {
  return x.slice(2).map(({ shape }, i) => {
    if (!needs[i + 2]) return null;
    return attrs.bias && i === 0 ? sumTo(dy, shape) : reshape(dy, shape);
  });
}

/** The gradient before an activation whose own gradient needs nothing but its result. */
export function beforeActivation(activation: EpilogueActivation, dy: Tensor, y: Tensor): Tensor {
  const { op } = activations[activation];
  return op!.grad!({ dy: [dy], x: [y], y: [y], attrs: undefined, needs: [true] })[0]!;
}

/**
 * The bound of a sum of products, or that of the activation that squashes it. The slopes of sigmoid and tanh and what they are
 * multiplied by are rounded four times more, which √K / 2 + 4 allows for. `terms` counts what an epilogue may add.
 */
export function productAccuracy<A>(
  { activation, slope }: EpilogueAttrs,
  terms: (call: CallTypes<A>) => number,
): Accuracy<A> {
  if (slope !== null && slope !== 'relu') return { kind: 'sum', terms: (call) => (Math.sqrt(terms(call)) + 8) ** 2 };
  if (activation === null || activation === 'relu') return { kind: 'sum', terms };
  return { kind: 'mixed', absolute: 4e-6, relative: 1e-5 };
}

/** What a sample of these attributes gives to the epilogue of a result of `shape`. */
export function epilogueSamples({ bias, residual, slope }: EpilogueAttrs, shape: Shape): SampleInput[] {
  // What a sigmoid or tanh gave is positive often, and the bound of a sum stands on that.
  const fill = slope && slope !== 'relu' ? 'positive' : 'normal';
  return [...(bias ? [{ shape: [shape.at(-1)!] }] : []), ...(residual ? [{ shape, fill } as const] : [])];
}

/**
 * Constants and hooks of the epilogue `activate(join(sum + bias, residual))`, where to join is to add unless there is a slope,
 * and what is bound: where there is no bias or no residual, input 1 stands in and is not read.
 */
export interface Epilogue {
  readonly constants: { readonly HAS_BIAS: boolean; readonly HAS_RESIDUAL: boolean };
  /** For entries that store one number, and for those that store four. */
  readonly hooks: { readonly activate?: string; readonly join?: string };
  readonly hooks4: { readonly activate4?: string; readonly join?: string };
  readonly bias: BufferRef;
  readonly residual: BufferRef;
}

/** The epilogue of a call with two inputs before the bias. */
export function epilogue({ bias, residual, slope, activation: name }: EpilogueAttrs): Epilogue {
  const activation = name ? activations[name] : null;
  const join = slope ? { join: slopes[slope].elementwise.wgsl(['x', 'r'], []) } : {};
  return {
    constants: { HAS_BIAS: bias, HAS_RESIDUAL: residual },
    hooks: { ...join, ...(activation ? { activate: activation.wgsl! } : {}) },
    hooks4: { ...join, ...(activation ? { activate4: activation.wgsl4! } : {}) },
    bias: bias ? input(2) : input(1),
    residual: residual ? input(bias ? 3 : 2) : input(1),
  };
}
